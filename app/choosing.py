"""Choosing a user among thousands: what the core offers for it, under the names that pages use."""

from __future__ import annotations

from vasp_models.data.choosing import SPLITS, easy_to_read, example_user, matching, splits, users
from vasp_models.data.tastes import tastes

__all__ = ["SPLITS", "easy_to_read", "example_user", "matching", "splits", "tastes", "users"]

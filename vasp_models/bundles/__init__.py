"""Bundles: the answers that the pages need of a model, computed before and read where the model is not."""

from __future__ import annotations

USERS, K = 25, 50  # by default: users whose answers are kept, and films of each of their lists that are explained
SHOWN = 50  # films of the longest list that a page shows: how a history matters to them is always kept

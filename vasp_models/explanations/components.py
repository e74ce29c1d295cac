"""What is compared part by part: the joint model, its parts, and the factors of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vasp_models.explanations.answers import factor_names
from vasp_models.projections.sensitivity import JOINT, part_factors

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

__all__ = ["JOINT", "components", "factors", "summed"]


def components(model: Recommender) -> dict[str, list[int]]:
    """``joint`` and the model's parts with the places of their factors; a part that is the whole model is left out."""
    return {part: list(places) or [0] for part, places in part_factors(model).items()}


def factors(model: Recommender) -> dict[str, list[int]]:
    """Every factor with its place; nothing for a model of one factor, which is the joint model."""
    names = factor_names(model)
    return {name: [place] for place, name in enumerate(names)} if len(names) > 1 else {}


def summed(values: np.ndarray, places: list[int]) -> np.ndarray:
    """The sum of some factors of `values` (factors, ...), float64 (...); -inf where an item is not covered."""
    return values[places].sum(axis=0, dtype=np.float64)

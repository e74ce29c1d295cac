"""One recommended film, asked about for many sub-profiles of a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vasp_models.errors import ExplanationError
from vasp_models.explanations.answers import subset_answers

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender


def check_unseen(model: Recommender, history: np.ndarray, item: int) -> None:
    """Raise ExplanationError for an item number that the catalogue lacks, or a film that stands in the history."""
    if not 0 <= item < model.n_items:
        raise ExplanationError(f"There is no item number {item}: expected one from 0 to {model.n_items - 1:,}.")
    if (np.asarray(history) == item).any():
        raise ExplanationError(f"Item number {item} is in the history: expected a film that is not.")


def uncovered(item: int) -> ExplanationError:
    """The error of a film that has no score."""
    return ExplanationError(f"Item number {item} is not covered by the model: it has no score.")


def film_answers(model: Recommender, history: np.ndarray, item: int, included: np.ndarray) -> np.ndarray:
    """F of one film by factor for sub-profiles bool (rows, h) of a history, float64 (factors, rows).

    Raises ExplanationError for a film of the history and for one that the model does not cover.
    """
    check_unseen(model, history, item)
    found = subset_answers(model, history, included, np.array([item]))[:, :, 0].astype(np.float64)
    if not np.isfinite(found).all():
        raise uncovered(item)
    return found

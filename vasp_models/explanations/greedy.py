"""Greedy deletion: the order in which a film's reasons go when the model is asked anew after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vasp_models.explanations.film import film_answers

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender


def greedy_deletion(model: Recommender, history: np.ndarray, item: int, steps: int = 5) -> np.ndarray:
    """Positions of the history, best reason first, int64 (h).

    Each of the first `steps` is the one without which F falls lowest, given that those before it are gone; the rest
    stand in the order of leave-one-out. At equal F the earlier position goes first. One batch of at most h rows a
    step. Raises ExplanationError for a film of the history and for one that the model does not cover.
    """
    h = len(history)
    by_leave_one_out = np.argsort(_without(model, history, item, [], np.arange(h)), kind="stable")
    gone = by_leave_one_out[:1].tolist()
    while len(gone) < min(steps, h):
        left = np.setdiff1d(np.arange(h), gone)
        gone.append(int(left[_without(model, history, item, gone, left).argmin()]))
    rest = by_leave_one_out[~np.isin(by_leave_one_out, gone)]
    return np.concatenate([gone, rest]).astype(np.int64)


def _without(model: Recommender, history: np.ndarray, item: int, gone: list[int], left: np.ndarray) -> np.ndarray:
    """F of the film without the positions `gone` and one more of those left, float64 (len(left))."""
    included = np.ones((len(left), len(history)), dtype=bool)
    included[:, gone] = False
    included[np.arange(len(left)), left] = False
    return film_answers(model, history, item, included).sum(axis=0)

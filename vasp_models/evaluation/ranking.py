"""Ranking, masking and top-k: outside the models, written once."""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.errors import ModelError

NOTHING = -1  # fills a list up


def mask_seen(scores: np.ndarray, seen: Interactions) -> np.ndarray:
    """A copy of `scores` (rows, items) in which the items of each row's history are -inf."""
    masked = np.array(scores, dtype=np.float32)
    masked[seen.row_numbers, seen.indices] = -np.inf
    return masked


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Item numbers of the k highest scores of each row, best first, int64 (rows, min(k, items)).

    Equal scores stand in ascending order of their item numbers. Raises ModelError for scores that are no numbers.
    """
    if np.isnan(scores).any():
        raise ModelError(
            "The model gives some items no number as their score, so they have no order: its weights are damaged, or "
            "its training ran away. Train it again, at a lower rate."
        )
    k = min(k, scores.shape[1])
    if k == 0:
        return np.empty((len(scores), 0), dtype=np.int64)
    # Items with the k-th highest score compete for the last places; the stable sort settles them by number.
    threshold = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    ranked = np.empty((len(scores), k), dtype=np.int64)
    for row, (values, lowest) in enumerate(zip(scores, threshold, strict=True)):
        candidates = np.flatnonzero(values >= lowest)
        ranked[row] = candidates[np.argsort(-values[candidates], kind="stable")][:k]
    return ranked


def best_unseen(scores: np.ndarray, seen: Interactions, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best unseen items of each row of scores (rows, items), best first: numbers int64 and scores, (rows, k).

    NOTHING with a score of -inf where fewer can be recommended: the others were seen, or the model does not cover them.
    """
    masked = mask_seen(scores, seen)
    items = top_k(masked, k)
    return filled_up(items, np.take_along_axis(masked, items, axis=1), k)


def filled_up(items: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists of items and their scores as lists of k, with NOTHING and -inf where a score is none, and at the end."""
    there, lack = np.isfinite(scores), ((0, 0), (0, k - items.shape[1]))
    return (
        np.pad(np.where(there, items, NOTHING), lack, constant_values=NOTHING),
        np.pad(np.where(there, scores, -np.inf), lack, constant_values=-np.inf),
    )


def places_of(scores: np.ndarray, item: int) -> np.ndarray:
    """Place of one item in each row of masked scores (rows, items): 1 + number of higher scores, int64 (rows)."""
    return 1 + (scores > scores[:, [item]]).sum(axis=1)


def rank_of(scores: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Place of each item in one user's masked scores (items,): 1 + number of higher scores, int64."""
    ascending = np.sort(scores)
    return 1 + len(scores) - np.searchsorted(ascending, scores[items], side="right")

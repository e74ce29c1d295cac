"""Where the held-out films stand in the lists: all that the ranking metrics need, and small enough to be kept."""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.ranking import best_unseen

DEPTH = 100  # of the lists
ABSENT = 0  # the place of a film that is not among the first DEPTH
USER_METRICS = {"ndcg@100": 100, "recall@20": 20, "recall@50": 50}  # one value a user; each with its depth
FILM_METRICS = {"found@20": 20, "found@50": 50, "found@100": 100}  # share of held-out films that are so high


def ranked(scores: np.ndarray, seen: Interactions) -> np.ndarray:
    """The first DEPTH unseen items of each row of scores (rows, items), int64 (rows, DEPTH), filled with NOTHING."""
    return best_unseen(scores, seen, DEPTH)[0]


def places(lists: np.ndarray, held_out: Interactions) -> np.ndarray:
    """Place of each held-out item in its user's list, 1 for the first, int64 (pairs); ABSENT where it is not there."""
    table = np.full((len(lists), held_out.n_items + 1), ABSENT, dtype=np.int16)  # NOTHING writes to the last column
    table[np.arange(len(lists))[:, None], lists] = np.arange(1, lists.shape[1] + 1)
    return table[held_out.row_numbers, held_out.indices].astype(np.int64)


def hits(places: np.ndarray, depth: int) -> np.ndarray:
    """Which held-out items are among the first `depth`, bool (pairs)."""
    return (places != ABSENT) & (places <= depth)


def per_user(metric: str, places: np.ndarray, n_held_out: np.ndarray) -> np.ndarray:
    """A metric of USER_METRICS as the protocol defines it, float64 (users), from the places of the held-out items.

    `places` (pairs) stand user by user, `n_held_out` (users) says how many each has; it must be positive.
    """
    depth = USER_METRICS[metric]
    users = np.repeat(np.arange(len(n_held_out)), n_held_out)
    hit = hits(places, depth)
    if metric.startswith("recall"):
        return np.bincount(users[hit], minlength=len(n_held_out)) / np.minimum(depth, n_held_out)
    discounts = 1.0 / np.log2(np.arange(2, depth + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(depth, n_held_out)]
    return np.bincount(users[hit], discounts[places[hit] - 1], len(n_held_out)) / ideal

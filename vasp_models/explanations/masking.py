"""What is taken from a history to test an order of its films, and the metrics of what the model answers then.

Fixed lengths as Baklanov et al. (SIGIR 2025, equations 4 to 7), tenths of the history as Barkan et al. (WWW 2024). The
explained film's place is always among the items that are not in the original history: a film that is taken out does
not become a candidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vasp_models.evaluation.ranking import places_of
from vasp_models.explanations.answers import subset_answers

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

TENTHS = 10
LEVELS = TENTHS + 1  # nothing taken out is the first
_POS, _NEG, _INS = (slice(start, start + LEVELS) for start in (0, LEVELS, 2 * LEVELS))
_WITHOUT_4, _WITHOUT_5, _ONLY_4 = range(3 * LEVELS, 3 * LEVELS + 3)
PROFILES = 3 * LEVELS + 3  # that one order is tested on

METRICS = ("POS-P@5", "NEG-P@5", "NDCG-P", "DEL-P", "INS-P", "POS@5,4", "DEL@4", "DEL@5", "INS@4", "CDCG@4")


def tenths(h: int) -> np.ndarray:
    """How many of h films are gone at each level, int64 (11).

    The history is cut in ten bins as equal as can be, the larger ones first (numpy's array_split, as in the public code
    of LXR), that go one after the other. Of fewer than ten films one goes a level until none is left.
    """
    level = np.arange(LEVELS)
    return level * (h // TENTHS) + np.minimum(level, h % TENTHS)


def profiles(order: np.ndarray) -> np.ndarray:
    """The profiles that an order of the history's h positions, best reason first, is tested on: bool (36, h).

    Without the best tenths, without the worst tenths, only the best tenths (11 each), without the best 4, without the
    best 5, only the best 4. A history that is shorter than 4 or 5 loses, or keeps, all that it has.
    """
    h = len(order)
    place = np.empty(h, dtype=np.int64)
    place[order] = np.arange(h)
    gone = tenths(h)[:, None]
    return np.concatenate([place >= gone, place < h - gone, place < gone, [place >= 4, place >= 5, place < 4]])


def measure(model: Recommender, history: np.ndarray, item: int, orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F of the item and its place, float64 and int64 (orders, 36), for each order's profiles; orders int64 (n, h).

    The model is asked once for each distinct profile of the user, in one batch.
    """
    wanted = np.concatenate([profiles(order) for order in orders])
    packed = np.packbits(wanted, axis=1)
    _, first, again = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    log_scores, ranks = answered(model, history, item, wanted[first])
    again = again.reshape(len(orders), PROFILES)
    return log_scores[again], ranks[again]


def answered(model: Recommender, history: np.ndarray, item: int, included: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F of an item and its place for sub-profiles bool (rows, h) of a history: float64 (rows), int64 (rows).

    The place is 1 + the number of items outside the whole history with a higher F.
    """
    scores = subset_answers(model, history, included).sum(axis=0)  # (rows, items)
    scores[:, history] = -np.inf
    return scores[:, item].astype(np.float64), places_of(scores, item)


def metrics(log_scores: np.ndarray | None, ranks: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics of each order, float64 (orders), from F and places (orders, 36); None where F is no log.

    POS, CDCG, NDCG and DEL are better when low, NEG and INS when high. POS-P, NEG-P, NDCG-P, DEL-P and INS-P are means
    over the 11 levels, DEL-P and INS-P of the score itself; DEL@k and INS@k are shares of the whole profile's score.
    """
    found = {
        "POS-P@5": (ranks[:, _POS] <= 5).mean(axis=1),
        "NEG-P@5": (ranks[:, _NEG] <= 5).mean(axis=1),
        "NDCG-P": (1 / np.log2(1 + ranks[:, _POS])).mean(axis=1),
        "POS@5,4": (ranks[:, _WITHOUT_4] <= 5).astype(np.float64),
        "CDCG@4": 1 / np.log2(1 + ranks[:, _WITHOUT_4]),
    }
    if log_scores is not None:
        share = np.exp(log_scores - log_scores[:, :1])  # the first profile is the whole history
        scores = np.exp(log_scores)
        found |= {"DEL-P": scores[:, _POS].mean(axis=1), "INS-P": scores[:, _INS].mean(axis=1)}
        found |= {"DEL@4": share[:, _WITHOUT_4], "DEL@5": share[:, _WITHOUT_5], "INS@4": share[:, _ONLY_4]}
    return {name: found[name] for name in METRICS if name in found}

"""Lists beside lists: how alike two rankings are, and how much of a sum each of its terms decides."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

PERSISTENCE = 0.9


def rank_biased_overlap(first: np.ndarray, second: np.ndarray, p: float = PERSISTENCE) -> float:
    """RBO_ext of two rankings of equal length k without ties: 1 where they are equal, 0 where they share nothing.

    (X_k / k) p^k + (1 - p) / p  sum over d of (X_d / d) p^d, where X_d items are in both lists' first d: the
    agreement at depth k is taken to go on below it (Webber, Moffat and Zobel 2010, eq. 32). Raises ValueError for
    lists of different lengths or of none.
    """
    k = len(first)
    if k != len(second) or not k:
        raise ValueError(f"Expected two rankings of one length above 0, not {k} and {len(second)}.")
    places, others = np.nonzero(np.asarray(first)[:, None] == np.asarray(second)[None, :])
    depth = np.arange(1, k + 1)
    # An item at places a and b is in both lists from depth max(a, b) on.
    agreement = np.bincount(np.maximum(places, others), minlength=k).cumsum() / depth
    return float(agreement[-1] * p**k + (1 - p) / p * (agreement * p**depth).sum())


def covariance_shares(factors: np.ndarray) -> np.ndarray | None:
    """Cov(L_c, L) / Var(L) of each factor, float64 (factors), L being their sum; from values (factors, items).

    They sum to 1; one that works against the others is negative. None where L is the same for all items.
    """
    centred = factors - factors.mean(axis=1, keepdims=True)
    whole = centred.sum(axis=0)
    variance = whole @ whole
    return centred @ whole / variance if variance > 0 else None


def in_common(first: np.ndarray, second: np.ndarray, k: int) -> int:
    """How many items two rankings have in common among their first k."""
    return len(np.intersect1d(first[:k], second[:k]))


def also_in(lists: Mapping[str, np.ndarray], k: int) -> dict[str, dict[int, tuple[str, ...]]]:
    """For each ranking, which of its first k items stand among the first k of which other rankings.

    Ranking -> item -> names of the others, in their order; items of one ranking alone are left out.
    """
    tops = {name: {int(item) for item in items[:k]} for name, items in lists.items()}
    found = {
        name: {item: tuple(other for other in tops if other != name and item in tops[other]) for item in top}
        for name, top in tops.items()
    }
    return {name: {item: others for item, others in each.items() if others} for name, each in found.items()}

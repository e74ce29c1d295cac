"""Lists beside lists: how alike two rankings are, and how popular, wide and even the films are that they name."""

from __future__ import annotations

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


def gini(counts: np.ndarray) -> float | None:
    """Inequality of non-negative counts: 0 where all are equal, 1 where one item has everything; None without any.

    sum over j of (2j - n - 1) c_(j) / ((n - 1) sum c), c ascending (as in Elliot, Anelli et al. 2021, there 1 - it).
    """
    n, whole = len(counts), counts.sum()
    if n < 2 or whole == 0:
        return None
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / ((n - 1) * whole))


def covariance_shares(factors: np.ndarray) -> np.ndarray | None:
    """Cov(L_c, L) / Var(L) of each factor, float64 (factors), L being their sum; from values (factors, items).

    They sum to 1; one that works against the others is negative. None where L is the same for all items.
    """
    centred = factors - factors.mean(axis=1, keepdims=True)
    whole = centred.sum(axis=0)
    variance = whole @ whole
    return centred @ whole / variance if variance > 0 else None

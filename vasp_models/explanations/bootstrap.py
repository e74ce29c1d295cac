"""Percentile bootstrap over users (Efron and Tibshirani 1993, chapter 13)."""

from __future__ import annotations

import numpy as np

RESAMPLES = 2_000
LEVEL = 0.95
_CELLS = 20_000_000  # numbers held at once: resamples x users


def interval(values: np.ndarray, seed: int, resamples: int = RESAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of each column's mean: low and high ends, float64 (columns), from values (users, columns).

    A resample draws as many users as there are, with replacement, and is the same for every column: a column of
    paired differences is resampled user by user. Raises ValueError without users.
    """
    n = len(values)
    if n == 0:
        raise ValueError("There is no user to resample.")
    generator = np.random.default_rng(seed)
    block, means = max(1, _CELLS // n), []
    for start in range(0, resamples, block):
        # How often each user is drawn: the mean of a resample is then a product of matrices.
        drawn = generator.multinomial(n, np.full(n, 1 / n), size=min(block, resamples - start))
        means.append(drawn @ values / n)
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high

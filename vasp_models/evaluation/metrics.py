"""Ranking metrics as functions of what was ranked and what was relevant (Liang et al. 2018, section 4.2)."""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions


def hits(ranked: np.ndarray, relevant: Interactions) -> np.ndarray:
    """Which ranked items are relevant, bool (rows, k)."""
    keys = np.sort(relevant.row_numbers * relevant.n_items + relevant.indices)
    wanted = np.arange(len(ranked))[:, None] * relevant.n_items + ranked
    if not len(keys):
        return np.zeros(ranked.shape, dtype=bool)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[places] == wanted


def recall_at(k: int, hit: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Hits among the first k over min(k, relevant), float64 (rows); `n_relevant` must be positive."""
    return hit[:, :k].sum(axis=1) / np.minimum(k, n_relevant)


def ndcg_at(k: int, hit: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Discounted gain of the first k over the best attainable, with binary gain, float64 (rows)."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(k, n_relevant)]
    return hit[:, :k] @ discounts[: hit.shape[1]] / ideal

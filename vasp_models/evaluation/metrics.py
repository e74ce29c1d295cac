"""Ranking metrics as functions of what was ranked and what was relevant (Liang et al. 2018, section 4.2)."""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions

SMALL = ("ndcg@100", "recall@20", "recall@50")  # what every epoch is measured by; the first is chosen by
# What the benchmark reports: the union of what the papers do.
FULL = (
    *("ndcg@10", "ndcg@20", "ndcg@100"),
    *("recall@10", "recall@20", "recall@50", "recall@100"),
    "precision@100",
)


def hits(ranked: np.ndarray, relevant: Interactions) -> np.ndarray:
    """Which ranked items are relevant, bool (rows, k); where a list is filled up with numbers below 0, none is."""
    keys = np.sort(relevant.row_numbers * relevant.n_items + relevant.indices)
    wanted = np.arange(len(ranked))[:, None] * relevant.n_items + ranked
    if not len(keys):
        return np.zeros(ranked.shape, dtype=bool)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return (keys[places] == wanted) & (ranked >= 0)


def recall_at(k: int, hit: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Hits among the first k over min(k, relevant), float64 (rows); `n_relevant` must be positive."""
    return hit[:, :k].sum(axis=1) / np.minimum(k, n_relevant)


def ndcg_at(k: int, hit: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Discounted gain of the first k over the best attainable, with binary gain, float64 (rows)."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(k, n_relevant)]
    return hit[:, :k] @ discounts[: hit.shape[1]] / ideal


def precision_at(k: int, hit: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Hits among the first k over k, however many are relevant and however short the list, float64 (rows)."""
    return hit[:, :k].sum(axis=1) / k


_BY_NAME = {"ndcg": ndcg_at, "recall": recall_at, "precision": precision_at}


def named(name: str, hit: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """A metric by its name, such as recall@20, float64 (rows)."""
    kind, k = name.split("@")
    return _BY_NAME[kind](int(k), hit, n_relevant)

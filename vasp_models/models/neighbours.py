"""Item-based nearest neighbours: cosine of TF-IDF-weighted items (Sarwar et al. 2001; weights of `implicit`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import OneStep, not_fitted
from vasp_models.training.options import TrainOptions, check_ranges

_BLOCK = 1024  # items whose similarities are held at once


@dataclass(frozen=True)
class ItemKNNSettings:
    """How many neighbours of each item are kept."""

    neighbours: int = 100

    def __post_init__(self) -> None:
        check_ranges(self, neighbours=(1, 1_000_000))


class ItemKNN(OneStep):
    """The score of an item is the sum of its similarities to those items of the history that are its neighbours."""

    Settings = ItemKNNSettings
    step = "neighbours"
    linear_factor = "score"
    linear_bias = 0.0
    similarities: sparse.csr_matrix | None = None

    def _learn(self, train: Interactions) -> None:
        # By columns: the neighbours are those of the item that is scored, not of the item that was seen.
        self.similarities = _nearest(_weighted(train), self.settings.neighbours).T.tocsr()

    def _scores(self, histories: Interactions) -> np.ndarray:
        return (histories.csr(np.float32) @ self._fitted()).toarray()

    def item_weights(self, items: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """Similarities to the items whose neighbours they are and 0 to all others, float32 (len(items), targets)."""
        rows = self._fitted()[np.asarray(items, dtype=np.int64)]
        return (rows if targets is None else rows[:, targets]).toarray()

    def _fitted(self) -> sparse.csr_matrix:
        if self.similarities is None:
            raise not_fitted(type(self).__name__)
        return self.similarities

    def tensors(self) -> dict[str, np.ndarray]:
        """The similarities as a sparse matrix by rows."""
        found = self._fitted()
        return {"data": found.data, "indices": found.indices.astype(np.int32), "indptr": found.indptr.astype(np.int64)}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over the similarities."""
        if len(tensors["indptr"]) != self.n_items + 1:
            raise ValueError(f"indptr has {len(tensors['indptr'])} entries, expected {self.n_items + 1}")
        arrays = (tensors["data"], tensors["indices"], tensors["indptr"])
        self.similarities = sparse.csr_matrix(arrays, shape=(self.n_items, self.n_items))


def _weighted(train: Interactions) -> sparse.csr_matrix:
    """Items x users, rows of length 1: a user counts the more the shorter the history, log(items) - log(1 + length)."""
    idf = np.log(train.n_items) - np.log1p(train.lengths)
    by_item = (sparse.diags(np.maximum(idf, 0.0)) @ train.csr(np.float64)).T.tocsr()
    length = np.sqrt(by_item.multiply(by_item).sum(axis=1)).A1
    return sparse.diags(1 / np.maximum(length, 1e-12)) @ by_item


def _nearest(items: sparse.csr_matrix, neighbours: int) -> sparse.csr_matrix:
    """The largest similarities of each item to others, float32 (items, items), by rows; ties by item number."""
    blocks = []
    for start in range(0, items.shape[0], _BLOCK):
        dense = (items[start : start + _BLOCK] @ items.T).toarray().astype(np.float32)
        rows = np.arange(len(dense))
        dense[rows, start + rows] = 0.0
        order = np.argsort(-dense, axis=1, kind="stable")[:, :neighbours]
        kept = np.zeros_like(dense)
        np.put_along_axis(kept, order, np.take_along_axis(dense, order, axis=1), axis=1)
        blocks.append(sparse.csr_matrix(kept))
    return sparse.vstack(blocks, format="csr")


PRESETS = {
    "item-knn": {
        "small": (ItemKNNSettings(), TrainOptions()),
        "tiny": (ItemKNNSettings(50), TrainOptions()),
    }
}

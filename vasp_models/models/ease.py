"""EASE (Steck 2019) and EDLAE (Steck 2020): the linear item-item models in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.models.base import OneStep, not_fitted
from vasp_models.training.options import TrainOptions, check_ranges


@dataclass(frozen=True)
class EASESettings:
    """The penalty on squared weights, and for EDLAE the share of inputs dropped while learning."""

    l2: float = 500.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_ranges(self, l2=(1e-6, 1e12), dropout=(0, 0.99))


def edlae_weights(train: Interactions, l2: float, dropout: float = 0.0) -> np.ndarray:
    """B[j, i] = -P[j, i] / P[i, i] with P = (G + Lambda)^-1 and zero diagonal, float32 (items, items).

    G = X'X and Lambda = l2 + dropout / (1 - dropout) diag(G) (EDLAE eq. 4; dropout 0 is EASE, eq. 8).
    Raises DataError when the penalty leaves the matrix singular.
    """
    x = train.csr(np.float32)
    gram = np.asfortranarray((x.T @ x).toarray())  # (items, items), column-major so that LAPACK works in place
    diagonal = np.arange(train.n_items)
    gram[diagonal, diagonal] *= 1 + dropout / (1 - dropout)
    gram[diagonal, diagonal] += l2
    factor, info = lapack.spotrf(gram, lower=1, overwrite_a=1)
    if info == 0:
        factor, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise DataError(f"The item-item matrix cannot be inverted with l2={l2}: expected l2 > 0, e.g. --set l2=500.")
    return _from_inverse(factor)


def _from_inverse(lower: np.ndarray) -> np.ndarray:
    """B from the lower triangle of P, by blocks of columns so that no second dense matrix is held for long."""
    n = len(lower)
    weights = np.empty((n, n), dtype=np.float32)
    diagonal = lower.diagonal().copy()
    for start in range(0, n, 1024):
        stop = min(start + 1024, n)
        weights[:, start:stop] = _columns(lower, start, stop) / -diagonal[start:stop]
    np.fill_diagonal(weights, 0.0)
    return weights


def _columns(lower: np.ndarray, start: int, stop: int) -> np.ndarray:
    block = lower[:, start:stop].copy()
    block[:start] = lower[start:stop, :start].T
    square = block[start:stop]
    block[start:stop] = np.tril(square) + np.tril(square, -1).T
    return block


class EASE(OneStep):
    """Scores x B; the same class is EDLAE with a dropout share."""

    Settings = EASESettings
    step = "closed form"
    linear_factor = "score"
    linear_bias = 0.0
    weights: np.ndarray | None = None

    def _learn(self, train: Interactions) -> None:
        self.weights = edlae_weights(train, self.settings.l2, self.settings.dropout)

    def _scores(self, histories: Interactions) -> np.ndarray:
        if self.weights is None:
            raise not_fitted(type(self).__name__)
        return np.asarray(histories.csr(np.float32) @ self.weights)

    def item_weights(self, items: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """Rows of B at the targets (all without them), float32 (len(items), targets)."""
        if self.weights is None:
            raise not_fitted(type(self).__name__)
        return self.weights[items] if targets is None else self.weights[np.ix_(items, targets)]

    def tensors(self) -> dict[str, np.ndarray]:
        """B."""
        return {"weights": self.weights}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over B."""
        weights = tensors["weights"]
        if weights.shape != (self.n_items, self.n_items):
            raise ValueError(f"weights have shape {weights.shape}, expected {(self.n_items, self.n_items)}")
        self.weights = weights


PRESETS = {
    "ease": {"small": (EASESettings(), TrainOptions()), "tiny": (EASESettings(l2=100.0), TrainOptions())},
    "edlae": {
        "small": (EASESettings(dropout=0.33), TrainOptions()),
        "tiny": (EASESettings(l2=100.0, dropout=0.33), TrainOptions()),
    },
}

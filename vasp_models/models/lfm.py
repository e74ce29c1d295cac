"""LFM: a mean, a bias of each user and of each item (Peng et al., the comparison of autoencoders, section 4.1).

rating = alpha + b_u + b_i, with a penalty on the biases (their eq. 3 and 4). They call it a latent factor model and
train it by gradient descent; it has no factors and is a linear problem, solved here by conjugate gradients.

Their target is whether a rated film was liked. So b_i is near P(liked | rated): it favours films that few have rated,
all of whom liked them, unless the penalty is large. A user's bias moves all films alike: the list is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError, ModelError
from vasp_models.models.base import OneStep, not_fitted
from vasp_models.training.options import TrainOptions, check_ranges

_TOLERANCE, _ROUNDS = 1e-10, 10_000  # of the conjugate gradients: relative residual, most steps


@dataclass(frozen=True)
class LFMSettings:
    """What is predicted, the rating or whether it is at least `threshold` (1 or 0), and the penalty on the biases.

    A plan takes the threshold of its data set.
    """

    target: Literal["label", "rating"] = "label"
    lam: float = 5.4
    threshold: float = 4.0

    def __post_init__(self) -> None:
        check_ranges(self, lam=(1e-6, 1e9), threshold=(-1e9, 1e9))


class LFM(OneStep):
    """The score of an item is the mean, the user's bias where ratings of the user are known, and the item's bias.

    Fitting raises DataError where the histories come without ratings.
    """

    Settings = LFMSettings
    step = "least squares"
    personalised = False
    learns_from = "ratings"
    alpha: np.ndarray | None = None  # float32 (1)
    item_bias: np.ndarray | None = None  # float32 (items), 0 where nobody rated the item

    def _learn(self, train: Interactions) -> None:
        if train.values is None:
            raise DataError("LFM learns from ratings, and these histories have none: expected a data set with ratings.")
        alpha, _, item_bias = solved(train, self._target(train), self.settings.lam)
        self.alpha, self.item_bias = np.array([alpha], dtype=np.float32), item_bias.astype(np.float32)

    def _target(self, histories: Interactions) -> np.ndarray:
        values = histories.values.astype(np.float64)
        return values if self.settings.target == "rating" else (values >= self.settings.threshold).astype(np.float64)

    def _scores(self, histories: Interactions) -> np.ndarray:
        alpha, item_bias = self._fitted()
        return (alpha + self.user_bias(histories)[:, None] + item_bias).astype(np.float32)

    def user_bias(self, histories: Interactions) -> np.ndarray:
        """The b_u that minimise eq. 4 given the items' biases, float64 (rows): 0 where no ratings are known.

        For a train user it is the b_u of the whole minimum, so none are kept.
        """
        alpha, item_bias = self._fitted()
        if histories.values is None:
            return np.zeros(len(histories))
        left = self._target(histories) - float(alpha[0]) - item_bias[histories.indices]
        sums = np.bincount(histories.row_numbers, weights=left, minlength=len(histories))
        return sums / (histories.lengths + self.settings.lam)

    def _fitted(self) -> tuple[np.ndarray, np.ndarray]:
        if self.alpha is None:
            raise not_fitted(type(self).__name__)
        return self.alpha, self.item_bias

    def tensors(self) -> dict[str, np.ndarray]:
        """The mean and the items' biases."""
        alpha, item_bias = self._fitted()
        return {"alpha": alpha, "item_bias": item_bias}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over mean and biases."""
        for name, expected in (("alpha", (1,)), ("item_bias", (self.n_items,))):
            if tensors[name].shape != expected:
                raise ValueError(f"{name} has shape {tensors[name].shape}, expected {expected}")
        self.alpha, self.item_bias = tensors["alpha"], tensors["item_bias"]


def solved(train: Interactions, target: np.ndarray, lam: float) -> tuple[float, np.ndarray, np.ndarray]:
    """alpha, b_u (rows) and b_i (items) with the least sum((alpha + b_u + b_i - target)²) + lam (sum b_u² + sum b_i²).

    `target` is float64 (pairs). Conjugate gradients on the normal equations, scaled by their diagonal. Raises
    ModelError where they do not settle.
    """
    of_user, of_item = train.lengths.astype(np.float64), train.item_counts.astype(np.float64)
    pairs = train.csr(np.float64)
    # Rows and columns: alpha, the users, the items. The border holds how often each of them stands in a pair.
    border = sparse.csr_matrix(np.concatenate([of_user, of_item]))
    corner = sparse.bmat([[sparse.diags(of_user + lam), pairs], [pairs.T, sparse.diags(of_item + lam)]])
    everything = sparse.csr_matrix([[of_user.sum()]])
    normal = sparse.bmat([[everything, border], [border.T, corner]], format="csr")
    sums_of_users = np.bincount(train.row_numbers, weights=target, minlength=len(train))
    sums_of_items = np.bincount(train.indices, weights=target, minlength=train.n_items)
    sums = np.concatenate([[target.sum()], sums_of_users, sums_of_items])
    scaled = sparse.diags(1 / normal.diagonal())
    found, left = linalg.cg(normal, sums, rtol=_TOLERANCE, atol=0.0, maxiter=_ROUNDS, M=scaled)
    if left:
        raise ModelError(f"LFM did not settle within {_ROUNDS:,} steps: expected a larger penalty, as in --set lam=1.")
    return float(found[0]), found[1 : 1 + len(train)], found[1 + len(train) :]


PRESETS = {
    "lfm": {
        "small": (LFMSettings(lam=1e5), TrainOptions()),  # best on validation users; from there on the order stays
        "paper": (LFMSettings(), TrainOptions()),
        "ratings": (LFMSettings("rating", lam=3.0), TrainOptions()),
    }
}

"""iALS: matrix factorisation of implicit feedback by alternating least squares (Hu, Koren and Volinsky 2008).

Training is that of the library `implicit` (the extra ``ials``); a new user's vector is the solve of the paper's eq. 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models.base import OneStep, not_fitted
from vasp_models.models.new_users import least_squares
from vasp_models.training.options import TrainOptions, check_ranges

_MISSING = "iALS trains with the package implicit, which is not installed: pip install 'vasp-lens[ials]'."


@dataclass(frozen=True)
class IALSSettings:
    """Width, penalty, the confidence of a like (1 stands for what was not seen), and rounds over users and items."""

    factors: int = 64
    regularization: float = 30.0
    alpha: float = 5.0
    iterations: int = 15

    def __post_init__(self) -> None:
        check_ranges(
            self, factors=(1, 8192), regularization=(1e-9, 1e9), alpha=(1e-9, 1e9), iterations=(1, 100_000)
        )  # fmt: skip


class IALS(OneStep):
    """The score of an item is the product of its vector and the user's, solved for the history.

    Fitting raises SettingError where `implicit` is not installed.
    """

    Settings = IALSSettings
    step = "least squares"
    new_users = "solve"
    items: np.ndarray | None = None

    def __init__(self, settings: IALSSettings, n_items: int, seed: int = 0) -> None:
        super().__init__(settings, n_items)
        self.seed = seed

    def _learn(self, train: Interactions) -> None:
        try:
            from implicit.cpu.als import AlternatingLeastSquares
        except ImportError:
            raise SettingError(_MISSING) from None
        chosen = self.settings
        with threadpool_limits(1, "blas"):  # it has threads of its own, and those of BLAS would stand in their way
            solver = AlternatingLeastSquares(
                factors=chosen.factors, regularization=chosen.regularization, alpha=chosen.alpha,
                iterations=chosen.iterations, random_state=self.seed, dtype=np.float32,
            )  # fmt: skip
            solver.fit(train.csr(np.float32), show_progress=False)
        self.items = np.asarray(solver.item_factors, dtype=np.float32)

    def _scores(self, histories: Interactions) -> np.ndarray:
        return self.vectors(histories) @ self._fitted().T

    def vectors(self, histories: Interactions) -> np.ndarray:
        """The users' vectors, (Y'Y + (alpha - 1) Y_u'Y_u + reg I)^-1 alpha Y_u'1, float32 (rows, factors)."""
        items, chosen = self._fitted().astype(np.float64), self.settings
        ones = np.ones(histories.n_pairs)
        return least_squares(items, histories, chosen.alpha, 1.0, chosen.regularization, ones).astype(np.float32)

    def _fitted(self) -> np.ndarray:
        if self.items is None:
            raise not_fitted(type(self).__name__)
        return self.items

    def tensors(self) -> dict[str, np.ndarray]:
        """The items' vectors."""
        return {"items": self._fitted()}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over the items' vectors."""
        expected = (self.n_items, self.settings.factors)
        if tensors["items"].shape != expected:
            raise ValueError(f"items have shape {tensors['items'].shape}, expected {expected}")
        self.items = tensors["items"]


PRESETS = {
    "ials": {
        "small": (IALSSettings(), TrainOptions()),
        "tiny": (IALSSettings(factors=16, regularization=5.0), TrainOptions()),
    }
}

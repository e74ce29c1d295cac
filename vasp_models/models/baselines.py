"""Recommenders that a personalised model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import OneStep, not_fitted
from vasp_models.training.options import TrainOptions


@dataclass(frozen=True)
class PopularitySettings:
    """Nothing to choose."""


class Popularity(OneStep):
    """Every user gets the items that most train users have."""

    Settings = PopularitySettings
    step = "count"
    personalised = False
    counts: np.ndarray | None = None

    def _learn(self, train: Interactions) -> None:
        self.counts = train.item_counts.astype(np.float32)

    def _scores(self, histories: Interactions) -> np.ndarray:
        if self.counts is None:
            raise not_fitted(type(self).__name__)
        return np.tile(self.counts, (len(histories), 1))

    def tensors(self) -> dict[str, np.ndarray]:
        """Train users of each item."""
        return {"counts": self.counts}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over the counts."""
        if tensors["counts"].shape != (self.n_items,):
            raise ValueError(f"counts have shape {tensors['counts'].shape}, expected {(self.n_items,)}")
        self.counts = tensors["counts"]


PRESETS = {"popularity": {"small": (PopularitySettings(), TrainOptions())}}

"""Recommenders that a personalised model has to beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import time

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import Recommender, Validate, not_fitted
from vasp_models.training.options import Epoch, TrainOptions


@dataclass(frozen=True)
class PopularitySettings:
    """Nothing to choose."""


class Popularity(Recommender):
    """Every user gets the items that most train users have."""

    Settings = PopularitySettings
    personalised = False
    counts: np.ndarray | None = None

    def fit_epochs(
        self, train: Interactions, options: TrainOptions, validate: Validate | None = None, state: object = None
    ) -> Iterator[Epoch]:
        """Count once, yielded as one epoch."""
        started = time.perf_counter()
        self.counts = train.item_counts.astype(np.float32)
        metrics = validate(self.score) if validate else {}
        yield Epoch("count", 1, 1, None, metrics, time.perf_counter() - started, True)

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

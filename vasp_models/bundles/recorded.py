"""A model's answers to one profile and to the empty one, in the place of the model: `recommend` asks no more of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import HasFactors

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender


@dataclass(frozen=True)
class RecordedScores:
    """`answered` float32 (1, 2, items): scores for the profile and for the empty one; `covered` bool (items)."""

    answered: np.ndarray
    covered: np.ndarray

    @property
    def n_items(self) -> int:
        """Films of the catalogue."""
        return len(self.covered)

    def covers(self, items: np.ndarray) -> np.ndarray:
        """Which of some items the model has learnt of."""
        return self.covered[items]

    def histories(self, rows: Iterable[Sequence[int]]) -> Interactions:
        """Histories as sets: which items they hold is all that is read of them here."""
        return Interactions.from_lists(rows, self.n_items)

    def score(self, histories: Interactions) -> np.ndarray:
        """The recorded scores, float32 (2, items)."""
        return self.answered[0]


@dataclass(frozen=True)
class RecordedFactors(RecordedScores):
    """`answered` float32 (factors, 2, items): log factors for the profile and for the empty one."""

    factor_names: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]

    def log_factors(self, histories: Interactions) -> np.ndarray:
        """The recorded log factors, float32 (factors, 2, items)."""
        return self.answered


def record(model: Recommender, profile: np.ndarray) -> np.ndarray:
    """What a model answers to a profile and to the empty one when it recommends: float32 (factors or 1, 2, items)."""
    rows = model.histories([profile, []])
    return model.log_factors(rows) if isinstance(model, HasFactors) else model.score(rows)[None]


def recorded(answered: np.ndarray, covered: np.ndarray, about: Mapping[str, Any]) -> RecordedScores:
    """The stand-in for a model; `about` names its `factors` and `parts`, None for a model without."""
    if about["parts"] is None:
        return RecordedScores(answered, covered)
    parts = {part: tuple(factors) for part, factors in about["parts"].items()}
    return RecordedFactors(answered, covered, tuple(about["factors"]), parts)

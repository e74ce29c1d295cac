"""Every way to order a history by what it has to do with a recommended film, by name.

An explainer gives one number per film of the history, the larger the more that film speaks for the recommendation.
Those with `looks_at_model` ask the model; the others are what they have to beat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.errors import SettingError
from vasp_models.explanations.answers import factor_names
from vasp_models.explanations.gradients import credits_by_factor, integrated_gradients
from vasp_models.explanations.greedy import greedy_deletion
from vasp_models.explanations.leave_one_out import Influence, influence
from vasp_models.explanations.linear import linear_factor, linear_terms
from vasp_models.explanations.shapley import shapley
from vasp_models.explanations.similarity import ItemStatistics
from vasp_models.models.base import HasGradient

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

RANDOM, COSINE = "random", "cosine"
_DRAWS, _TIES = 0, 1  # streams of random numbers


@dataclass(frozen=True)
class Situation:
    """One recommended film, covered by the model, and the history (h item numbers) that it is to be explained by.

    Everything random about it depends on the seed, the history and the film alone: there is one fixed order of the
    history for each explainer, whoever else is explained.
    """

    model: Recommender
    history: np.ndarray
    item: int
    train: ItemStatistics
    seed: int = 0

    @property
    def target(self) -> np.ndarray:
        """The film as an array, int64 (1)."""
        return np.array([self.item], dtype=np.int64)

    @property
    def rng(self) -> np.random.Generator:
        """A generator for explainers that draw, always at its start."""
        return self._generator(_DRAWS)

    @cached_property
    def influence(self) -> Influence:
        """The film's answers without each film of the history."""
        return influence(self.model, self.history, self.target)

    def order(self, contributions: np.ndarray) -> np.ndarray:
        """Positions of the history, the largest contribution first, int64 (h).

        Equal contributions stand in an order that is drawn at random, once for the situation: the same for every
        explainer, and blind to item numbers, popularity and the order of the history.
        """
        return np.lexsort((self._generator(_TIES).permutation(len(self.history)), -np.asarray(contributions)))

    def _generator(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream, self.item, *np.asarray(self.history).tolist()])


@dataclass(frozen=True)
class Explainer:
    """A named way to explain: `contributions` gives float64 (h), for models that `fits` accepts."""

    name: str
    title: str
    fits: Callable[[Recommender], bool]
    contributions: Callable[[Situation], np.ndarray]
    looks_at_model: bool = True
    audit_only: bool = False  # too slow to be more than a check on the others


def _always(model: Recommender) -> bool:
    return True


def _is_linear(model: Recommender) -> bool:
    return linear_factor(model) is not None


def _has_gradient(model: Recommender) -> bool:
    return isinstance(model, HasGradient)


def _linear(situation: Situation) -> np.ndarray:
    return linear_terms(situation.model, situation.history, situation.target).contributions[:, 0]


def _leave_one_out(situation: Situation) -> np.ndarray:
    return situation.influence.of(situation.target).sum(axis=0)[:, 0]


def _integrated_gradients(situation: Situation) -> np.ndarray:
    """Of the whole score: the linear factor's closed form, and quadrature for the others."""
    asked = situation.model, situation.history, situation.target
    found = credits_by_factor(integrated_gradients(*asked), linear_terms(*asked))
    return np.sum([found[name][:, 0] for name in factor_names(situation.model)], axis=0)


def _greedy(situation: Situation) -> np.ndarray:
    """Places in the order of removal, as numbers: h for the first film to go, 1 for the last."""
    order = greedy_deletion(situation.model, situation.history, situation.item)
    places = np.empty(len(order))
    places[order] = np.arange(len(order), 0, -1)
    return places


def _shapley(situation: Situation) -> np.ndarray:
    seed = int(situation.rng.integers(2**31))
    return shapley(situation.model, situation.history, situation.item, seed=seed).values


_ROWS = (
    Explainer(RANDOM, "Random", _always, lambda s: s.rng.random(len(s.history)), looks_at_model=False),
    Explainer(
        "popularity", "Popularity", _always, lambda s: s.train.counts[s.history].astype(float), looks_at_model=False
    ),
    Explainer(COSINE, "Cosine", _always, lambda s: s.train.cosine(s.item, s.history), looks_at_model=False),
    Explainer("jaccard", "Jaccard", _always, lambda s: s.train.jaccard(s.item, s.history), looks_at_model=False),
    Explainer("nease", "Linear part", _is_linear, _linear),
    Explainer("leave-one-out", "Leave-one-out", _always, _leave_one_out),
    Explainer("integrated-gradients", "Integrated gradients", _has_gradient, _integrated_gradients),
    Explainer("greedy", "Greedy deletion", _always, _greedy),
    Explainer("shapley", "Shapley values", _always, _shapley, audit_only=True),
)
EXPLAINERS: dict[str, Explainer] = {row.name: row for row in _ROWS}


def explainers_for(model: Recommender) -> dict[str, Explainer]:
    """The explainers that fit a model, without those for audit only."""
    return {name: row for name, row in EXPLAINERS.items() if row.fits(model) and not row.audit_only}


def chosen(model: Recommender, names: Iterable[str]) -> dict[str, Explainer]:
    """Explainers by name. Raises SettingError for an unknown one and for one that does not fit the model."""
    found = {}
    for name in names:
        if name not in EXPLAINERS or not EXPLAINERS[name].fits(model):
            fitting = ", ".join(row.name for row in EXPLAINERS.values() if row.fits(model))
            what = "does not fit this model" if name in EXPLAINERS else "is no method"
            raise SettingError(f"{name!r} {what}: expected some of {fitting}.")
        found[name] = EXPLAINERS[name]
    return found

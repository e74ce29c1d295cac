"""The best unseen items of several users at once, and which items of their histories speak for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.evaluation.ranking import NOTHING, best_unseen
from vasp_models.explanations.leave_one_out import influence
from vasp_models.explanations.linear import linear_factor, linear_terms
from vasp_models.models.base import HasFactors
from vasp_models.scoring import AUTO, LEAVE_ONE_OUT, LINEAR, NONE

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

# Of a model, a history and some items: what each item of the history (h) does to each of them (t), float64 (h, t).
Effects = Callable[["Recommender", np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Lists:
    """The k best unseen items of each row, int64 (rows, k), NOTHING where fewer are left.

    `scores` (rows, k) are float64 log scores where there are `factors`, float32 (rows, k) by name, which add up to
    them exactly; else the model's own scores, float32.
    """

    items: np.ndarray
    scores: np.ndarray
    factors: dict[str, np.ndarray] = field(default_factory=dict)


def best(model: Recommender, rows: Interactions, k: int) -> Lists:
    """What `recommending.recommend` says to each row, without the empty profile beside it."""
    if not isinstance(model, HasFactors):
        return Lists(*model.best(rows, k))
    found = model.log_factors(rows)  # (factors, rows, items)
    items, _ = best_unseen(found.sum(axis=0), rows, k)
    at = np.take_along_axis(found, np.maximum(items, 0)[None], axis=2)  # (factors, rows, k)
    # In double precision, as there: what is written of the factors and of their sum agrees to the last digit.
    return Lists(items, at.astype(np.float64).sum(axis=0), dict(zip(model.factor_names, at, strict=True)))


def kind_of_reasons(model: Recommender, asked: str) -> str:
    """Which reasons a model is asked for. Raises SettingError for linear ones of a model without a linear path."""
    linear = linear_factor(model) is not None
    if asked == LINEAR and not linear:
        raise SettingError(
            f"The model has no linear path, so no item has an exact share: expected --reasons "
            f"{LEAVE_ONE_OUT} or {NONE}."
        )
    if asked != AUTO:
        return asked
    if linear:
        return LINEAR
    return LEAVE_ONE_OUT if model.personalised else NONE


def linear_effects(model: Recommender, history: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Exact shares: over the whole history they add up to what it adds to the linear factor, float64 (h, t)."""
    return linear_terms(model, history, items).contributions


def leave_one_out_effects(model: Recommender, history: np.ndarray, items: np.ndarray) -> np.ndarray:
    """By how much the score falls when an item of the history is left out, float64 (h, t)."""
    return influence(model, history, items).of(items).sum(axis=0)


EFFECTS: dict[str, Effects] = {LINEAR: linear_effects, LEAVE_ONE_OUT: leave_one_out_effects}


def reasons(
    model: Recommender, history: np.ndarray, items: np.ndarray, kind: str, named: int
) -> tuple[np.ndarray, np.ndarray]:
    """The items of a history that speak most for each of some items: numbers and effects, strongest first, (t, m).

    `m` is `named`, or less where the model covers fewer items of the history. Which of equal effects take the last
    places is NumPy's choice.
    """
    known = history[model.covers(history)]  # of the others nothing can be said
    if not len(known) or not len(items):
        return np.empty((len(items), 0), np.int64), np.empty((len(items), 0))
    effects = EFFECTS[kind](model, known, items).T  # (t, h)
    if named < len(known):
        places = np.sort(np.argpartition(-effects, named, axis=1)[:, :named], axis=1)
    else:
        places = np.broadcast_to(np.arange(len(known)), effects.shape)
    values = np.take_along_axis(effects, places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return known[np.take_along_axis(places, order, axis=1)], np.take_along_axis(values, order, axis=1)


def without_nothing(items: np.ndarray) -> np.ndarray:
    """A list without what fills it up."""
    return items[items != NOTHING]

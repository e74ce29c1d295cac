"""What each model of the table can do, as its class and an unfitted model of it declare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vasp_models.models import (
    DEFAULT,
    AnswersAlone,
    HasFactors,
    HasGradient,
    HasItemWeights,
    Recommender,
    create,
    model_row,
)

_TINY, _RATINGS = "tiny", "ratings"
_ITEMS = 4  # of the unfitted model that is asked


@dataclass(frozen=True)
class Abilities:
    """How a model takes up new users, what it learns from, and what explanations may ask of it.

    `new_users`: the history goes through the model, or a vector is solved for it, or training must have met the user.
    `factors` names the exact factors of its score where there are several, `linear` the one that is linear in the
    history ("score" for the whole), `gradient` whether it answers sub-profiles differentiably, `ratings` whether it
    has a preset that predicts ratings, `alone` whether a map's neighbours can be found on a card, block by block.
    """

    new_users: Literal["forward", "solve", "none"]
    personalised: bool
    ordered: bool
    learns_from: Literal["likes", "ratings"]
    factors: tuple[str, ...]
    linear: str | None
    gradient: bool
    ratings: bool
    alone: bool


def abilities(model: str) -> Abilities:
    """What a model can do under its smallest preset. Raises SettingError for an unknown name."""
    row = model_row(model)
    presets = row.presets
    asked = create(model, presets.get(_TINY, presets[DEFAULT])[0], _ITEMS)
    kind: type[Recommender] = row.kind
    return Abilities(
        kind.new_users, kind.personalised, kind.needs_order, kind.learns_from,
        tuple(asked.factor_names) if isinstance(asked, HasFactors) else (),
        # A softmax couples all items, so its logits' weights are no shares of what is explained.
        asked.linear_factor if isinstance(asked, HasItemWeights) and not kind.softmax else None,
        isinstance(asked, HasGradient),
        _RATINGS in presets,
        isinstance(asked, AnswersAlone),
    )  # fmt: skip

"""The claim of VASP's figure 3 in numbers: what each part of a model does, side by side and with no pass mark.

"EASE is learning more apparent linear dependencies and FLVAE the non-linear ones": that NEASE's logit is additive is
true by construction and tests this code; the rest is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.evaluation.protocol import CHOICE
from vasp_models.explanations import additivity, geometry, rankings
from vasp_models.explanations.additivity import LOG, LOGIT
from vasp_models.explanations.answers import factor_names
from vasp_models.explanations.components import JOINT, components, factors
from vasp_models.jobs import Report

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

_STAGES = {  # what takes how much of the time, roughly
    "Ranking by each part": 0.1,
    "Replacing each part": 0.15,
    "Fitting sums of films": 0.4,
    "Asking for pairs of films": 0.1,
    "Asking about each film": 0.25,
}


def sample(fold_in: Interactions, held_out: Interactions, users: int, seed: int) -> tuple[Interactions, Interactions]:
    """Some users with both parts of their films, drawn without replacement; all where there are no more."""
    rows = np.sort(np.random.default_rng(seed).permutation(len(fold_in))[:users])
    return fold_in.take(rows), held_out.take(rows)


def compare_parts(
    model: Recommender,
    catalogue: Catalogue,
    fold_in: Interactions,
    held_out: Interactions,
    seed: int = 0,
    report: Report | None = None,
) -> dict[str, Any]:
    """Compare the parts of a model on users whom it was not trained on; plain JSON, None for what does not exist.

    `fold_in` are the users' histories and `held_out` the films to be found again, row by row. "parts" has a row for
    the joint model and one for each part that is not the whole model, "factors" one for each log factor. Raises
    DataError without users.
    """
    if not len(fold_in):
        raise DataError("There is no test user to compare the parts on: expected at least one.")
    first, second, third, fourth, fifth = _stages(report)
    ranked = rankings.rank(model, fold_in, first)
    whole, without = rankings.without_parts(model, fold_in, held_out, second)
    shares = additivity.interaction_shares(model, fold_in, seed, third)
    strengths = additivity.pair_strengths(model, fold_in, seed, fourth)
    shapes = geometry.compared(model, catalogue, fold_in, seed, fifth)
    return {
        "users": len(fold_in),
        "seed": seed,
        "parts": {
            name: {
                "interaction_share": shares.get((LOG, name)),
                "interaction_share_logit": _logit(shares, model, places),
                "covariance_share": None if name == JOINT else ranked.covariance(name),
                "ndcg_without": None if name == JOINT else rankings.ablated(whole, without[name]),
                **_shown(model, catalogue, ranked, name),
                "purity": shapes[name]["purity"],
                "purity_all_genres": shapes[name]["purity_all_genres"],
                "sensitivity": _sensitivity(strengths[name]) | {"agreement": shapes[name]["agreement"]},
            }
            for name, places in components(model).items()
        },
        "factors": {
            name: {
                "interaction_share": shares.get((LOG, name)),
                "interaction_share_logit": shares.get((LOGIT, name)),
                "covariance_share": ranked.covariance(name),
                "sensitivity": _sensitivity(strengths[name]),
            }
            for name in factors(model)
        },
        "rbo": ranked.overlaps(),
        "gate": ranked.gate(),
        "ndcg": whole.summary()[CHOICE],
        "settings": _SETTINGS,
    }


_SETTINGS = {
    "targets": additivity.TARGETS,
    "pairs": additivity.PAIRS,
    "list": rankings.SHOWN,
    "sources": geometry.SOURCES,
    "holders": geometry.HOLDERS,
}


def _shown(model: Recommender, catalogue: Catalogue, ranked: rankings.Rankings, name: str) -> dict[str, Any]:
    covered = model.covers(np.arange(model.n_items))
    return ranked.shown(name, catalogue.frame["train_users"].to_numpy(), covered)


def _logit(shares: dict, model: Recommender, places: list[int]) -> dict[str, Any] | None:
    """The share of a component that is one factor: a sum of log factors has no logit."""
    return shares.get((LOGIT, factor_names(model)[places[0]])) if len(places) == 1 else None


def _sensitivity(strengths: dict[str, float | None]) -> dict[str, float | None]:
    return {f"{context}_interaction": value for context, value in strengths.items()}


def _stages(report: Report | None) -> list[Callable[[float], None]]:
    """For each stage, what is told the fraction of it that is done."""
    starts = np.concatenate([[0.0], np.cumsum(list(_STAGES.values()))])

    def stage(words: str, start: float, width: float) -> Callable[[float], None]:
        return lambda fraction: report(words, start + width * fraction) if report else None

    return [stage(words, start, width) for (words, width), start in zip(_STAGES.items(), starts, strict=False)]

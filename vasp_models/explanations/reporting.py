"""An explanation as plain records and as a table, for the command line, downloads and programs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vasp_models import provenance, recommending
from vasp_models.explanations.explaining import Explanations
from vasp_models.explanations.interactions import PairInteractions, pair_interactions, strongest
from vasp_models.explanations.removals import CAP, TOPS, Removal, removals

if TYPE_CHECKING:
    from vasp_models.data.catalogue import Catalogue
    from vasp_models.models.base import Recommender

METHODS = ("nease", "leave-one-out", "integrated-gradients", "removal", "pairs")


def record(
    found: Explanations,
    place: int,
    catalogue: Catalogue,
    removed: dict[int, Removal | None] | None = None,
    pairs: PairInteractions | None = None,
    methods: Collection[str] = METHODS,
) -> dict[str, Any]:
    """Everything said of one film, as plain JSON; what `methods` leaves out or the model lacks is null.

    `removed` holds one answer for each of `TOPS`; "log_score" is the log-softmax or the raw score of a model
    without factors.
    """
    item = int(found.items[place])
    answer = {
        **film(catalogue, item),
        "rank": int(found.ranks[place]),
        "rank_of_empty_profile": int(found.base_ranks[place]),
        "candidates": found.n_candidates,
        "log_score": float(found.scores[place]),
        "base": float(found.base[place]),
        "terms": dict(zip(found.factor_names, found.terms[:, place].tolist(), strict=True)),
        "residual": float(found.residual[place]),
        "completeness_delta": None if found.credit is None else float(found.completeness_delta[place]),
        "history": [
            {**film(catalogue, int(seen)), **_reasons(found, row, place, methods)}
            for row, seen in enumerate(found.history)
        ],
    }
    answer["removal"] = None if removed is None else _removals(removed, catalogue)
    answer["pairs"] = None if pairs is None else _pairs(pairs, found.history, catalogue)
    return answer


def command(
    checkpoint: Any,
    item: object,
    user: str | None = None,
    history: Sequence[object] | None = None,
    methods: Sequence[str] = METHODS,
    against: int | None = None,
) -> str:
    """The command that explains a film (its id) again, for a user or for the ids of a history."""
    ids = None if history is None else recommending.ids_text(history)
    asked = {"item": item, "user": user, "history": ids, "against": against}
    chosen = [] if set(methods) >= set(METHODS) else [word for name in methods for word in ("--method", name)]
    return provenance.command("explain", checkpoint.argument, *chosen, **asked, json=True)


def further(model: Recommender, found: Explanations, place: int, methods: Collection[str] = METHODS) -> dict[str, Any]:
    """The reasons that need questions of their own, as arguments of `record`: removals and pairs."""
    item, more = int(found.items[place]), {}
    if "removal" in methods:
        more["removed"] = removals(model, found.history, item, TOPS, found=found.answers)
    if "pairs" in methods:
        positions = strongest(found.leave_one_out[:, :, place].sum(axis=0))
        more["pairs"] = pair_interactions(model, found.history, item, positions)
    return more


def history_frame(found: Explanations, place: int, catalogue: Catalogue) -> pd.DataFrame:
    """One row per film of the history, the strongest leave-one-out effect first; flat columns, for CSV."""
    rows = []
    for row, item in enumerate(found.history):
        reasons = _reasons(found, row, place, METHODS)
        heads = reasons.pop("integrated_gradients") or {}
        effects = dict(zip(found.factor_names, found.leave_one_out[:, row, place].tolist(), strict=True))
        split = {f"leave_one_out_{name}": value for name, value in effects.items()} if len(effects) > 1 else {}
        credit = {} if found.credit is None else {"credit": float(found.credit[row, place])}
        more = split | {f"integrated_gradients_{name}": value for name, value in heads.items()} | credit
        rows.append(film(catalogue, int(item)) | reasons | (more if found.covered[row] else {}))
    table = pd.DataFrame(rows)
    return table if table.empty else table.sort_values("leave_one_out", ascending=False, kind="stable")


def film(catalogue: Catalogue, item: int) -> dict[str, Any]:
    """A film's id and title."""
    item_id = catalogue.ids[item]
    return {"item": item_id.item() if isinstance(item_id, np.generic) else item_id, "title": catalogue.titles[item]}


def _films(catalogue: Catalogue, items: np.ndarray) -> dict[str, Any]:
    films = [film(catalogue, int(item)) for item in items]
    return {key: [each[name] for each in films] for key, name in (("items", "item"), ("titles", "title"))}


def _reasons(found: Explanations, row: int, place: int, methods: Collection[str]) -> dict[str, Any]:
    known = bool(found.covered[row])  # of a film that the model has not seen nothing is said, least of all 0
    linear = found.linear if known and "nease" in methods else None
    gradients = found.gradients if known and "integrated-gradients" in methods else None
    effect = float(found.leave_one_out[:, row, place].sum())
    return {
        "seen_by_model": known,
        "nease_logit": None if linear is None else float(linear.weights[row, place]),
        "nease": None if linear is None else float(linear.contributions[row, place]),
        "leave_one_out": effect if known and "leave-one-out" in methods else None,
        "integrated_gradients": None
        if gradients is None
        else {name: float(values[row, place]) for name, values in gradients.values.items()},
    }


def _removals(removed: dict[int, Removal | None], catalogue: Catalogue) -> dict[str, Any]:
    answers: dict[str, Any] = {f"top{k}": None for k in removed}
    for k, removal in removed.items():
        if removal is not None:
            new = film(catalogue, removal.replacement)
            answers[f"top{k}"] = {
                **_films(catalogue, removal.items),
                "rank_before": int(removal.rank_before),
                "rank_after": int(removal.rank_after),
                "replacement": new["item"],
                "replacement_title": new["title"],
            }
    return answers | {"searched_up_to": CAP}


def _pairs(pairs: PairInteractions, history: np.ndarray, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Each pair once, the strongest first."""
    first, second = np.triu_indices(len(pairs.positions), k=1)
    order = np.argsort(-np.abs(pairs.joint[first, second]), kind="stable")
    return [
        {
            **_films(catalogue, history[pairs.positions[[a, b]]]),
            "interaction": float(pairs.joint[a, b]),
            "factors": {name: float(values[a, b]) for name, values in pairs.values.items()},
        }
        for a, b in zip(first[order].tolist(), second[order].tolist(), strict=True)
    ]

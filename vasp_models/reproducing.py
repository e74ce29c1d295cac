"""A published table measured anew: every row of a recipe, trained and measured on a data set that is at hand."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import numpy as np

from vasp_models import benchmarking, measures, places, plans, results
from vasp_models.benchmarking import Entry
from vasp_models.data import datasets
from vasp_models.errors import SettingError
from vasp_models.evaluation import traps
from vasp_models.explanations import parts
from vasp_models.models import Recommender, model_row
from vasp_models.published import recipes, reproduced
from vasp_models.published.recipes import ECHO, LEFT_IN, MASK, MASK_GAIN, PARTS, Recipe
from vasp_models.published.reproduced import HERE, Measured

_DIGITS = 6  # of the values of single users that a table keeps in its rows


def entries(recipe: Recipe, films: int, protocol: str, preset: str | None = None) -> list[Entry]:
    """The rows of a recipe at a scale, which the number of films and the protocol decide unless it is named.

    Raises SettingError for an unknown scale.
    """
    scale = preset or recipes.scale_of(films, protocol)
    if scale not in recipes.SCALES:
        raise SettingError(f"Unknown --preset {scale!r}: expected one of {', '.join(recipes.SCALES)}.")
    return [Entry(step.label, step.model, *step.chosen(scale, model_row(step.model).presets)) for step in recipe.steps]


def reproduce(
    name: str,
    data: str,
    protocol: str | None = None,
    preset: str | None = None,
    heldout: int | None = None,
    device: str = "auto",
    seed: int = 0,
    fresh: bool = False,
    say: Callable[[str], None] = lambda text: None,
    command: str | None = None,
) -> list[Measured]:
    """Train and measure every row of a recipe under its protocols, or under the one named; one result a protocol.

    What was measured before of the same settings is not measured again, but with `fresh`; a row that fails says why
    and ends nothing. Raises SettingError for what the recipe does not have, and what `benchmarking.run` raises.
    """
    recipe = recipes.recipe(name)
    known = (*recipe.protocols, *recipe.others)
    if protocol is not None and protocol not in known:
        raise SettingError(f"{name} is not measured under {protocol!r}: expected --protocol {' or '.join(known)}.")
    dataset = datasets.load(data)
    films = dataset.manifest["counts"]["rated_items"]
    command = command or recipe.command(data, protocol=protocol, preset=preset, heldout=heldout, seed=seed or None)
    found = []
    for chosen in (protocol,) if protocol else recipe.protocols:
        rows = entries(recipe, films, chosen, preset)
        say(f"{recipe.title}, protocol {chosen}")
        path = reproduced.path_of(name, dataset.name, chosen)
        held = heldout if chosen in ("liang", "vasp") else None
        benchmarking.run(rows, data, chosen, held, device, seed, path, fresh, say, command, _ALSO.get(recipe.also))
        found.append(Measured(reproduced.record(name, results.load(path)), HERE, path))
    return found


def write(measured: Measured, path: Path) -> None:
    """Write a result as the record that the project ships."""
    text = json.dumps(measured.record, indent=1, ensure_ascii=False, allow_nan=False)
    with places.file_written_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _echo(model: Recommender, plan: plans.Plan) -> dict[str, Any]:
    """How much the model repeats its input, on test users."""
    return {"per_user": _plain(traps.echo(model.score, plan.split.test_in))}


def _mask(model: Recommender, plan: plans.Plan) -> dict[str, Any]:
    """NDCG@100 of the test users where the films of their histories are ranked too, and what masking them gains."""
    split = plan.split
    left_in = traps.seen_left_in(model.score, split.test_in, split.test_te)
    masked = plan.task.measure(model.score, "test").per_user["ndcg@100"]
    return {"per_user": _plain({LEFT_IN: left_in, MASK_GAIN: masked - left_in})}


def _parts(model: Recommender, plan: plans.Plan) -> dict[str, Any]:
    """The claim of figure 3 in numbers, as `vasp-lens parts` measures it."""
    split = plan.split
    users = parts.sample(split.test_in, split.test_te, measures.USERS["parts"], 0)
    return {"parts": parts.compare_parts(model, split.catalogue, *users, 0, None)["parts"]}


def _plain(values: dict[str, np.ndarray]) -> dict[str, list[float]]:
    return {name: np.round(each, _DIGITS).tolist() for name, each in values.items()}


_ALSO = {ECHO: _echo, MASK: _mask, PARTS: _parts}

"""What was measured of a recipe, on this machine or by the project: figures, and paired differences of its rows.

A result measured here is the table that `vasp-lens reproduce` keeps; the project's own lie beside this file as records,
which `vasp-lens reproduce --out` writes. Both are read the same way, without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from vasp_models import results
from vasp_models.errors import MeasureError
from vasp_models.evaluation.intervals import mean_se
from vasp_models.evaluation.one_out import Places
from vasp_models.published import FOLDER
from vasp_models.published.recipes import RECIPES

KIND, SCHEMA = "vasp-lens reproduction", 1
HERE, PROJECT = "here", "project"
MEASURED = FOLDER / "measured"
CLEAR = 2.0  # standard errors from which on a difference is taken for one
_PER_USER, _PLACES = "per_user/", "places"

Notice = Callable[[str], None]
Record = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A mean over users with its standard error, None where there is none."""

    mean: float
    se: float | None


@dataclass(frozen=True)
class Gap:
    """A difference with its standard error; `paired`: of the same users, one by one. `p` is there instead of an error
    where chance was simulated."""

    mean: float
    se: float | None
    paired: bool = True
    p: float | None = None

    @property
    def errors(self) -> float:
        """The difference in standard errors; infinite where there is a difference and no error, 0 without either."""
        if self.p is not None:
            return math.copysign(math.inf, self.mean) if self.p < 0.025 else 0.0
        if self.se:
            return self.mean / self.se
        return math.copysign(math.inf, self.mean) if self.mean and self.se == 0 else 0.0

    @property
    def sign(self) -> int:
        """1 or -1 where the difference is more than two standard errors, else 0: it is not resolved."""
        return 0 if abs(self.errors) <= CLEAR else 1 if self.errors > 0 else -1


@dataclass(frozen=True)
class Measured:
    """A recipe's rows on a data set under a protocol; `whose` is HERE or PROJECT."""

    record: Record
    whose: str = HERE
    path: Path = field(default_factory=Path)

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return self.record["recipe"]

    @property
    def data(self) -> str:
        """The data set's name."""
        return self.record["data"]

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return self.record["protocol"]

    @cached_property
    def rows(self) -> dict[str, Record]:
        """Finished rows by label."""
        return {row["label"]: row for row in self.record["rows"] if results.ERROR not in row}

    @property
    def made(self) -> str:
        """When the last row was measured."""
        return max((row["made"] for row in self.record["rows"]), default="")

    def figure(self, label: str, metric: str) -> Figure | None:
        """A row's figure, None where it was not measured."""
        found = self.rows.get(label, {}).get("figures", {}).get(metric)
        return None if found is None else Figure(found["mean"], found["se"])

    def gap(self, first: str, second: str | None, metric: str) -> Gap | None:
        """`first` minus `second` (None: minus nothing); from two independent errors where no pairs were kept."""
        one = self.figure(first, metric)
        if second is None or one is None:
            return None if one is None else Gap(one.mean, one.se)
        for sign, pair in ((1, [first, second]), (-1, [second, first])):
            for kept in self.record["differences"]:
                if [kept["first"], kept["second"], kept["metric"]] == [*pair, metric]:
                    return Gap(sign * kept["mean"], kept["se"])
        other = self.figure(second, metric)
        if other is None:
            return None
        known = one.se is not None and other.se is not None
        return Gap(one.mean - other.mean, math.hypot(one.se, other.se) if known else None, paired=False)


def path_of(recipe: str, data: str, protocol: str) -> Path:
    """Where the table of a recipe is kept."""
    return results.folder() / f"{recipe}-{data}-{protocol}.json"


def record(recipe: str, table: results.Table) -> Record:
    """All that is told of a table, ready for JSON: a row for each label, over its seeds, and paired differences."""
    labels = [label for label in RECIPES[recipe].labels if any(row["label"] == label for row in table.rows)]
    arrays = results.values(table.path)
    rows = {label: [row for row in table.rows if row["label"] == label] for label in labels}
    values = {label: _values(found, arrays) for label, found in rows.items()}
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "recipe": recipe,
        "data": table.dataset,
        "fingerprint": table.fingerprint,
        "protocol": table.protocol,
        "rows": [_row(found, values[label]) for label, found in rows.items()],
        "differences": [*_differences(values), *_kept_differences(rows, values)],
    }


def here(notice: Notice | None = None) -> Iterator[Measured]:
    """What was measured on this machine; damaged tables are told to `notice`."""
    for table in results.tables(notice):
        name = next((name for name in RECIPES if table.path == path_of(name, table.dataset, table.protocol)), None)
        if name is not None:
            yield Measured(record(name, table), HERE, table.path)


def projects(folder: Path = MEASURED) -> Iterator[Measured]:
    """What the project measured and ships. Raises MeasureError for a file that is no record."""
    for path in sorted(folder.glob("*.json")):
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain.get("kind") != KIND or plain.get("schema") != SCHEMA or plain.get("recipe") not in RECIPES:
            raise MeasureError(f"{path} is no record of a reproduction: `vasp-lens reproduce --out FILE` writes one.")
        yield Measured(plain, PROJECT, path)


def of_data(data: str, found: list[Measured]) -> dict[str, Measured]:
    """Of what was found, what each recipe measured on a data set: under its first protocol, here before the project."""
    chosen: dict[str, Measured] = {}
    for each in found:
        if each.data == data and each.rows:
            chosen[each.recipe] = min(chosen.get(each.recipe, each), each, key=_preference)
    return chosen


def _preference(measured: Measured) -> tuple[int, bool]:
    recipe = RECIPES[measured.recipe]
    return (*recipe.protocols, *recipe.others).index(measured.protocol), measured.whose != HERE


def _values(rows: list[Record], arrays: dict[str, results.Arrays]) -> dict[str, np.ndarray]:
    """Values of each user by metric, the mean over the rows (one a seed); only metrics that all of them have."""
    found = []
    for row in (row for row in rows if results.ERROR not in row):
        kept = arrays.get(row["fingerprint"], {})
        own = {name.removeprefix(_PER_USER): each for name, each in kept.items() if name.startswith(_PER_USER)}
        if _PLACES in kept:  # leave-one-out keeps the place of each user's film, not what follows from it
            own |= results.unpacked(Places, kept).per_user
        own |= {name: np.asarray(each, float) for name, each in row.get("also", {}).get("per_user", {}).items()}
        found.append(own)
    shared = set.intersection(*map(set, found)) if found else set()
    alike = [name for name in sorted(shared) if len({len(own[name]) for own in found}) == 1]
    return {name: np.mean([own[name] for own in found], axis=0) for name in alike}


def _row(rows: list[Record], values: dict[str, np.ndarray]) -> Record:
    """What is told of a label: the settings of its last row, its figures over all seeds."""
    done = [row for row in rows if results.ERROR not in row]
    last = max(done or rows, key=lambda row: row["made"])
    told = ("label", "model", "title", "preset", "changes", "heldout", "made", "command", "machine", "versions")
    row = {name: last[name] for name in told if name in last}
    if not done:
        return row | {results.ERROR: last[results.ERROR]}
    plain = {name: each for name, each in last["test"].items() if isinstance(each, dict) and "mean" in each}
    figures = {name: {"mean": each["mean"], "se": each.get("se")} for name, each in plain.items()}
    figures |= {name: mean_se(each) for name, each in values.items()}
    row |= {"seeds": sorted({each["seed"] for each in done}), "users": last["test"].get("users"), "figures": figures}
    row |= {name: last[name] for name in ("parameters", "train_seconds") if name in last}
    parts = last.get("also", {}).get("parts")
    return row | ({"parts": parts} if parts else {})


def _differences(values: dict[str, dict[str, np.ndarray]]) -> Iterator[Record]:
    for (first, one), (second, other) in combinations(values.items(), 2):
        for metric in one:
            if metric in other and len(one[metric]) == len(other[metric]):
                yield {"first": first, "second": second, "metric": metric} | mean_se(one[metric] - other[metric])


def _kept_differences(rows: dict[str, list[Record]], values: dict[str, dict[str, np.ndarray]]) -> Iterator[Record]:
    """The paired differences that the rows came with, in metrics that are no mean over users (RMSE)."""
    for label, found in rows.items():
        last = max(found, key=lambda row: row["made"])
        kept = None if results.ERROR in last else last.get("difference")
        if kept and kept["metric"] not in values[label] and kept["to"] in rows:
            yield {
                "first": label,
                "second": kept["to"],
                "metric": kept["metric"],
                "mean": kept["mean"],
                "se": kept["se"],
            }

"""Tables of what models were measured at, on disk: rows as JSON, the values of each user beside them.

A table is of one data set and one protocol; `vasp-lens benchmark` writes it, pages and reports read it without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from vasp_models import places
from vasp_models.errors import MeasureError

KIND, SCHEMA = "vasp-lens benchmark", 1
ERROR = "error"  # stands in the row of a model that could not be measured, in place of its figures
_PATIENCE = 60  # seconds that another program may take to add its row
_IDENTITY = ("label", "seed", "heldout")  # a row takes the place of an earlier one that has the same

Row = dict[str, Any]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Table:
    """Rows of one data set (`dataset`, by its `fingerprint`) under one protocol, in the order of their measuring."""

    path: Path
    dataset: str
    fingerprint: str
    protocol: str
    rows: tuple[Row, ...] = ()

    def finished(self, fingerprint: str) -> Row | None:
        """The row of a plan by its fingerprint, None where it was not measured."""
        return next((row for row in self.rows if ERROR not in row and row["fingerprint"] == fingerprint), None)

    def of_model(self, model: str) -> list[Row]:
        """The finished rows of a model by its name, the latest first."""
        found = [row for row in self.rows if row["model"] == model and ERROR not in row]
        return sorted(found, key=lambda row: row["made"], reverse=True)

    def with_row(self, row: Row) -> Table:
        """The same with a row more, or in the place of the one that it follows.

        An error does not take the place of what the same plan gave before.
        """
        rows = list(self.rows)
        place = next((n for n, old in enumerate(rows) if all(old[name] == row[name] for name in _IDENTITY)), len(rows))
        if ERROR in row and place < len(rows) and rows[place].get("fingerprint") == row.get("fingerprint"):
            row = rows[place] if ERROR not in rows[place] else row
        return replace(self, rows=(*rows[:place], row, *rows[place + 1 :]))


def folder() -> Path:
    """Where tables lie that were not sent elsewhere."""
    return places.home() / "benchmarks"


def default_path(dataset: str, protocol: str) -> Path:
    """The table of a data set under a protocol, where none is named."""
    return folder() / f"{dataset}-{protocol}.json"


def tables(notice: Callable[[str], None] | None = None) -> list[Table]:
    """Every table in the usual folder, by name; damaged ones are passed over and told to `notice`."""
    found = []
    for path in sorted(folder().glob("*.json")):
        try:
            found.append(load(path))
        except MeasureError as error:
            if notice:
                notice(str(error))
    return found


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """A block of code in which no other process changes the table: it reads, adds its row and writes.

    Raises MeasureError where another holds it for a minute.
    """
    from filelock import FileLock, Timeout  # who only reads tables does without

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"), timeout=_PATIENCE)
    try:
        held = lock.acquire()
    except Timeout:
        raise MeasureError(
            f"{lock.lock_file} could not be taken within {_PATIENCE} s: expected a folder that can be written, and no "
            "other program that holds it; end that program, or name another table with --out."
        ) from None
    with held:
        yield


def load(path: Path) -> Table:
    """A table from its file. Raises MeasureError where it is missing, or is not as it was written."""
    if not path.exists():
        raise MeasureError(f"There is no table {path}: `vasp-lens benchmark --data NAME --models all` makes one.")
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["kind"] != KIND or plain["schema"] != SCHEMA:
            raise ValueError(f"{plain['kind']}, schema {plain['schema']}, where this program reads {KIND}, {SCHEMA}")
        names = [plain[name] for name in ("dataset", "fingerprint", "protocol")]
        table = Table(path, *map(str, names), tuple(map(dict, plain["rows"])))
        if any(name not in row for row in table.rows for name in (*_IDENTITY, "model", "made")):
            raise ValueError("a row does not say what it is of")
        if any(ERROR not in row and "fingerprint" not in row for row in table.rows):
            raise ValueError("a row does not say by which settings")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MeasureError(
            f"{path} cannot be read as a table ({error}): expected the file as `vasp-lens benchmark` wrote it; "
            "move it away, and the same command measures again."
        ) from None
    return table


def save(table: Table, values: Mapping[str, Arrays]) -> None:
    """Write a table, whole or not at all, and the values of its plans, by fingerprint; others are left out."""
    kept = {fingerprint: arrays for fingerprint, arrays in values.items() if table.finished(fingerprint)}
    flat = {f"{fingerprint}/{name}": array for fingerprint, arrays in kept.items() for name, array in arrays.items()}
    # The values first: a row without them would be measured again, values without a row only take room.
    with places.file_written_whole(_beside(table.path)) as temporary:
        np.savez_compressed(temporary, **flat)
    plain = {
        "kind": KIND,
        "schema": SCHEMA,
        "dataset": table.dataset,
        "fingerprint": table.fingerprint,
        "protocol": table.protocol,
        "rows": table.rows,
    }
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
    with places.file_written_whole(table.path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def values(path: Path) -> dict[str, Arrays]:
    """What was kept of each user beside a table, by the fingerprint of the plan; empty where it cannot be read."""
    found: dict[str, Arrays] = {}
    try:
        with np.load(_beside(path), allow_pickle=False) as stored:
            for key in stored.files:
                fingerprint, _, name = key.partition("/")
                found.setdefault(fingerprint, {})[name] = stored[key]
    except (OSError, ValueError, EOFError, BadZipFile):
        return {}
    return found


def packed(result: Any) -> Arrays:
    """The arrays, tables of arrays and numbers of a dataclass as arrays by name; whatever else it has stays out."""
    arrays: Arrays = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, Mapping):
            arrays |= {f"{field.name}/{name}": np.asarray(each) for name, each in value.items()}
        elif isinstance(value, np.ndarray | int | float):
            arrays[field.name] = np.asarray(value)
    return arrays


def unpacked(kind: type, arrays: Arrays) -> Any:
    """The dataclass `kind` from `packed`. Raises TypeError where the names are not its fields."""
    found: dict[str, Any] = {}
    for key, array in arrays.items():
        name, _, inner = key.partition("/")
        if inner:
            found.setdefault(name, {})[inner] = array
        else:
            found[name] = array if array.ndim else array.item()
    return kind(**found)


def _beside(path: Path) -> Path:
    return path.with_suffix(".npz")

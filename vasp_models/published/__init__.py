"""Figures that others published, each with its source and protocol, as data: one file a document, read without torch.

They are what our own figures stand beside, never our own; what the project measured is in `published.reproduced`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DOCUMENTS = ("vasp", "data_sizes", "framework", "blog", "slides", "further")

# Protocol -> in words. The last two and `own` cannot be compared with any figure of ours.
PROTOCOLS = {
    "liang": "unseen users, Liang’s split",
    "vasp": "unseen users, the VASP authors’ split",
    "own": "unseen users, a split of its own",
    "leave-one-out": "one held-out item among 99 drawn at random",
    "ratings": "held-out ratings",
    "weak": "held-out films of known users",
    "mixed": "copied from papers with different splits",
}


@dataclass(frozen=True)
class Document:
    """A publication: its title, how a sentence names it, and why it cannot be a baseline, where that is so."""

    key: str
    title: str
    short: str
    no_baseline: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One published figure.

    `text` is as it was printed and `value` the number that it means (a share where it was printed in percent);
    `label` is what the document calls the row, `entry` what a recipe calls it and `model` its name here, None where
    there is no such model; `users` how many were measured on, None where the document does not say.
    """

    document: str
    table: str
    label: str
    entry: str
    model: str | None
    metric: str
    data: str
    protocol: str
    users: int | None
    text: str
    value: float

    @property
    def printed(self) -> str:
        """The figure with as many decimals as were printed, without a leading zero; a percentage as a share."""
        if float(self.text) != self.value:
            return f"{self.value:.3f}".removeprefix("0")
        return self.text.removeprefix("0")

    @property
    def source(self) -> str:
        """Document and table, as a caption names them."""
        return f"{document(self.document).short}, {self.table}"


@dataclass(frozen=True)
class Table:
    """A published table: its cells row by row, and what has to be known before they are compared."""

    document: str
    name: str
    title: str
    note: str
    cells: tuple[Cell, ...]


@cache
def document(key: str) -> Document:
    """The publication of that key (one of DOCUMENTS)."""
    found = _read(key)
    return Document(key, found["title"], found["short"], tuple(found.get("no_baseline", ())))


@cache
def tables(key: str) -> tuple[Table, ...]:
    """The tables of a document, in its order."""
    return tuple(
        Table(key, table["name"], table["title"], table.get("note", ""), tuple(_cells(key, table)))
        for table in _read(key)["tables"]
    )


def table(key: str, name: str) -> Table:
    """One table of a document."""
    return next(each for each in tables(key) if each.name == name)


@cache
def cells() -> tuple[Cell, ...]:
    """Every published figure of every document."""
    return tuple(cell for key in DOCUMENTS for each in tables(key) for cell in each.cells)


def figure(key: str, name: str, entry: str, data: str, metric: str) -> Cell | None:
    """What a table says of an entry on a data set in a metric; None where it says nothing."""
    return next((c for c in table(key, name).cells if (c.entry, c.data, c.metric) == (entry, data, metric)), None)


def _read(key: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))


def _cells(key: str, table: dict[str, Any]) -> Iterator[Cell]:
    for row in table["rows"]:
        protocol, share = row.get("protocol", table["protocol"]), 0.01 if row.get("unit") == "percent" else 1.0
        for column, text in zip(table["columns"], row["values"], strict=True):
            if text is not None:
                users = table["users"]
                users = users.get(column["data"]) if isinstance(users, dict) else users
                about = (row["label"], row["entry"], row["model"], column["metric"], column["data"], protocol, users)
                yield Cell(key, table["name"], *about, text, float(text) * share)

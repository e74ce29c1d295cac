"""What the train users had, in numbers: counted from their histories, or read from a bundle that leaves these out.

A bundle keeps no history of a train user: only how long they are, and for each film what `audience` says of its users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vasp_models.data.tastes import tastes
from vasp_models.data.users import SPLITS

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.data.audience import Audience

COUNTS = "audience.npz"
MOST_TOGETHER = 100  # films that are kept of those that a film's users share, the surest association first
_VALUES = ("fans", "length", "by_length")
_COMMON = ("users", "usual_length", "chance_length")


def split_sizes(checkpoint: Checkpoint) -> dict[str, int]:
    """How many users each part of the split has, by its name; also where a bundle holds only some of them."""
    if checkpoint.is_bundle:
        return dict(checkpoint.manifest["bundle"]["split"])
    return {split: len(checkpoint.users.rows(split)) for split in SPLITS}


def train_lengths(checkpoint: Checkpoint) -> np.ndarray:
    """Lengths of the train users' histories, int64, in no order that means anything."""
    if checkpoint.is_bundle:
        return checkpoint.arrays(COUNTS)["lengths"].astype(np.int64)
    return checkpoint.users.histories.lengths[checkpoint.users.rows("train")]


def write(checkpoint: Checkpoint, folder: Path, done: Callable[[float], None]) -> None:
    """Count who likes each film and write it down; `done` is told the fraction."""
    from vasp_models.data.audience import audience

    catalogue = checkpoint.catalogue
    histories = checkpoint.users.histories.take(checkpoint.users.rows("train"))
    favourites = tastes(histories, catalogue)["taste"].to_numpy(dtype=object)

    def counted() -> Iterator[Audience]:
        for item in range(len(catalogue)):
            if item % 64 == 0:
                done(item / len(catalogue))
            yield audience(histories, catalogue, item, favourites, tested=False)

    found = list(counted())
    arrays = {name: np.array([getattr(each, name) for each in found]) for name in _VALUES}
    arrays |= {name: np.array(getattr(found[0], name)) for name in _COMMON}
    arrays |= {"lengths": np.sort(histories.lengths).astype(np.int32), "have": histories.item_counts.astype(np.int32)}
    np.savez_compressed(folder / COUNTS, **arrays, **_tastes(found, catalogue), **_together(found))


def audience(checkpoint: Checkpoint, item: int) -> Audience:
    """Who of the train users likes a film, from a bundle. Raises CheckpointError where it is damaged."""
    from vasp_models.data.audience import Audience, associations, compared

    counts, names = checkpoint.arrays(COUNTS), checkpoint.catalogue.genre_names
    values = {name: counts[name][item].item() for name in _VALUES} | {name: counts[name].item() for name in _COMMON}
    fans, users = values["fans"], values["users"]
    genres, own, others = _rows(counts, "tastes", item, ("genre", "fans", "others"))
    table = pd.DataFrame({"genre": [names[genre] for genre in genres], "fans": own, "others": others})
    items, both = _rows(counts, "together", item, ("item", "both"))
    together = associations(items, both, counts["have"][items].astype(np.int64), fans, users)
    return Audience(**values, tastes=compared(table, fans, users - fans), together=together)


def _tastes(found: list[Audience], catalogue) -> dict[str, np.ndarray]:
    """The counts behind the tables of favourite genres, genres in the order of the catalogue, film after film."""
    place = {name: number for number, name in enumerate(catalogue.genre_names)}
    tables = [each.tastes.assign(genre=each.tastes["genre"].map(place)) for each in found]
    return _joined("tastes", tables, ("genre", "fans", "others"))


def _together(found: list[Audience]) -> dict[str, np.ndarray]:
    """The counts behind the tables of shared films, films in the order of their numbers, film after film."""
    tables = [each.together.head(MOST_TOGETHER).sort_values("item") for each in found]
    return _joined("together", tables, ("item", "both"))


def _joined(kind: str, tables: list[pd.DataFrame], columns: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The columns of all tables one after the other, and where each table ends."""
    arrays = {f"{kind}_ends": np.cumsum([len(table) for table in tables]).astype(np.int32)}
    for name in columns:
        values = [table[name].to_numpy(dtype=np.int32) for table in tables]
        arrays[f"{kind}_{name}"] = np.concatenate([np.empty(0, np.int32), *values])
    return arrays


def _rows(counts: Mapping[str, np.ndarray], kind: str, item: int, columns: tuple[str, ...]) -> list[np.ndarray]:
    """The columns of a film's table, int64."""
    ends = counts[f"{kind}_ends"]
    start, end = (int(ends[item - 1]) if item else 0), int(ends[item])
    return [counts[f"{kind}_{name}"][start:end].astype(np.int64) for name in columns]

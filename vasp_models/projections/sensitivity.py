"""What a model answers to each film alone: the paper's sensitivity analysis (section IV, figure 3).

The answers are an items x items matrix for each part of the model. It is kept in a file, in square tiles, because
a distance between two films needs both their rows and their columns, and because 20,000 films would fill 1.6 GB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import shutil
import tempfile
from typing import Any, BinaryIO

import numpy as np

from vasp_models import places
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MapError

JOINT = "joint"  # the whole model, beside its parts
TILE = 512  # items in one batch through the model, and the side of a tile: part of what a map's bits depend on
_MODELLED_PROBE = "an empty profile"

Report = Callable[[float], None]  # told the fraction that is done


class Tiles:
    """A square float32 matrix in a file of square tiles: rows and columns are read at the same cost."""

    def __init__(self, file: BinaryIO, n: int, side: int = TILE) -> None:
        self.n, self.side = n, side
        self.n_blocks = -(-n // side)
        self._file = file

    def span(self, block: int) -> slice:
        """The item places of one block."""
        return slice(block * self.side, min((block + 1) * self.side, self.n))

    def write_rows(self, block: int, rows: np.ndarray) -> None:
        """Store one block of rows, float32 (places of the block, n)."""
        for column in range(self.n_blocks):
            self._file.seek(self._offset(block, column))
            np.ascontiguousarray(rows[:, self.span(column)], dtype=np.float32).tofile(self._file)

    def rows(self, block: int) -> np.ndarray:
        """One block of rows, float32 (places of the block, n)."""
        return np.concatenate([self._tile(block, column) for column in range(self.n_blocks)], axis=1)

    def columns(self, block: int) -> np.ndarray:
        """One block of columns, turned over: float32 (places of the block, n), entry [i, j] stands at row j."""
        return np.concatenate([self._tile(row, block).T for row in range(self.n_blocks)], axis=1)

    def _offset(self, row: int, column: int) -> int:
        return (row * self.n_blocks + column) * self.side * self.side * 4

    def _tile(self, row: int, column: int) -> np.ndarray:
        height, width = (self.span(block).stop - self.span(block).start for block in (row, column))
        self._file.seek(self._offset(row, column))
        return np.fromfile(self._file, np.float32, height * width).reshape(height, width)


@dataclass(frozen=True)
class Answers:
    """What a model answers to each of `items` alone, and to the empty profile, for each part.

    `items` int64 (n), the item numbers that the model covers; `base` part -> float32 (n); `tiles` part -> matrix whose
    entry [j, i] is the log score (the score where not `logarithmic`) of film i when only film j is in the profile.
    """

    items: np.ndarray
    base: dict[str, np.ndarray]
    tiles: dict[str, Tiles]
    logarithmic: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """``joint`` and the model's parts."""
        return tuple(self.base)


@contextmanager
def answers(model: Any, report: Report | None = None, side: int = TILE) -> Iterator[Answers]:
    """Ask `model` about every film alone, in batches; the files are gone when the block is left.

    Raises MapError when the model covers no film, answers with numbers that are none, or the disk is too small.
    """
    parts = part_factors(model)
    base, items = covered(answers_to_nothing(model))
    with _scratch(len(items), len(parts), side) as folder, _opened(folder, parts) as files:
        tiles = {part: Tiles(file, len(items), side) for part, file in files.items()}
        answered = Answers(items, base, tiles, hasattr(model, "log_factors"))
        _fill(model, answered, parts, report)
        yield answered


def part_factors(model: Any) -> dict[str, tuple[int, ...]]:
    """The factors that make up ``joint`` and each part of a model; a part that is the whole model is not repeated."""
    if not hasattr(model, "log_factors"):
        return {JOINT: ()}
    place = {name: number for number, name in enumerate(model.factor_names)}
    whole = tuple(place.values())
    chosen = {part: tuple(place[name] for name in names) for part, names in model.parts.items()}
    return {JOINT: whole} | {part: factors for part, factors in chosen.items() if set(factors) != set(whole)}


def _asked(model: Any, histories: Interactions, parts: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Each part's log scores (or the scores of a model without factors), float32 (rows, items)."""
    if not hasattr(model, "log_factors"):
        return {JOINT: np.asarray(model.score(histories), dtype=np.float32)}
    factors = model.log_factors(histories)  # (factors, rows, items)
    return {part: np.sum([factors[f] for f in chosen], axis=0, dtype=np.float32) for part, chosen in parts.items()}


def answers_at(model: Any, asked: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """What each part answers about the `targets` to each film of `asked` alone, float32 (asked, targets).

    The log score, or the score of a model without factors. A model that answers sub-profiles is asked about the
    targets alone: few targets cost little, however large the catalogue.
    """
    parts = part_factors(model)
    found = {part: np.empty((len(asked), len(targets)), dtype=np.float32) for part in parts}
    for begin in range(0, len(asked), TILE):
        span = slice(begin, min(begin + TILE, len(asked)))
        for part, values in _asked_at(model, asked[span], targets, parts).items():
            found[part][span] = values
    return found


def _asked_at(
    model: Any, asked: np.ndarray, targets: np.ndarray, parts: dict[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    if not (hasattr(model, "log_factors") and hasattr(model, "on_subsets")):
        rows = _asked(model, Interactions.one_hot(asked, model.n_items), parts)
        return {part: values[:, targets] for part, values in rows.items()}
    import torch  # a model that can be asked so is one of torch

    with torch.inference_mode():
        answered = model.on_subsets(asked, torch.eye(len(asked)), targets).log_factors
    factors = [answered[name].cpu().numpy() for name in model.factor_names]
    return {part: np.sum([factors[f] for f in chosen], axis=0, dtype=np.float32) for part, chosen in parts.items()}


def answers_to_nothing(model: Any) -> dict[str, np.ndarray]:
    """What each part answers to the empty profile, float32 (all items of the model), as `answers_at`."""
    rows = _asked(model, Interactions.from_lists([[]], model.n_items), part_factors(model))
    return {part: values[0] for part, values in rows.items()}


def covered(empty: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Of the answers to nothing, those about the items that the model covers, (n) each, and the items, int64 (n).

    Raises MapError where there are none.
    """
    items = np.flatnonzero(np.isfinite(empty[JOINT]))
    if len(items) == 0:
        raise MapError(f"The model gives no film a finite score for {_MODELLED_PROBE}, so there is nothing to map.")
    return {part: values[items] for part, values in empty.items()}, items


def _fill(model: Any, answered: Answers, parts: dict[str, tuple[int, ...]], report: Report | None) -> None:
    grid = answered.tiles[JOINT]
    for block in range(grid.n_blocks):
        asked = answered.items[grid.span(block)]
        rows = _asked(model, Interactions.one_hot(asked, model.n_items), parts)
        for part, values in rows.items():
            values = values[:, answered.items]
            # A film's answer to itself is no similarity; some models leave it out, and it is never read.
            values[np.arange(len(asked)), np.arange(grid.span(block).start, grid.span(block).stop)] = 0.0
            if not np.isfinite(values).all():
                raise not_finite(part)
            answered.tiles[part].write_rows(block, values)
        if report:
            report((block + 1) / grid.n_blocks)


def not_finite(part: str) -> MapError:
    """What is raised where a part's answer to a film that the model covers is no number."""
    return MapError(
        f"The model's part {part!r} answers some film with a score that is no finite number, although it covers both "
        "films: retrain it, or load another checkpoint."
    )


@contextmanager
def _scratch(n: int, n_parts: int, side: int) -> Iterator[Path]:
    """A folder for the tiles."""
    home = places.scratch()
    needed = n_parts * (-(-n // side) * side) ** 2 * 4
    free = shutil.disk_usage(home).free
    if needed > free:
        raise MapError(
            f"A map of {n:,} films needs {needed / 1e9:.1f} GB in {home} while it is computed, and {free / 1e9:.1f} GB "
            "are free: make room, or set VASP_LENS_HOME to a folder on another disk."
        )
    with tempfile.TemporaryDirectory(prefix="map-", dir=home, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _opened(folder: Path, parts: dict[str, tuple[int, ...]]) -> Iterator[dict[str, BinaryIO]]:
    files: dict[str, BinaryIO] = {}
    try:
        for number, part in enumerate(parts):
            files[part] = (folder / f"{number}.tiles").open("w+b")
        yield files
    finally:
        for file in files.values():
            file.close()

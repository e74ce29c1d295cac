"""Whose lists are asked for: the users of a checkpoint, of a data set, or of Parquet files; read a slice at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from vasp_models.data.datasets import RATINGS, load, sha256_of
from vasp_models.errors import DataError
from vasp_models.manifests import HISTORIES
from vasp_models.scoring.tables import HISTORY, UNKNOWN, USER

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint

ITEM = "item"
_EXPECTED = (
    f"expected the columns {USER!r} and {HISTORY!r} (a list of item ids), or {USER!r} and {ITEM!r} (a row a pair)"
)


@dataclass(frozen=True)
class Source:
    """Parquet files with one history a row: `numbers` tells item numbers from ids, `users` and `history` the columns.

    `given` are the words of the command that names it, `digest` stands for its content.
    """

    files: tuple[str, ...]
    digest: str
    given: dict[str, str]
    users: str = USER
    history: str = HISTORY
    numbers: bool = False


@dataclass(frozen=True)
class Pairs:
    """Parquet files with one pair of user and item a row, which have to be gathered into histories."""

    files: tuple[str, ...]
    digest: str
    given: dict[str, str]
    columns: tuple[str, ...]


def of_checkpoint(checkpoint: Checkpoint) -> Source:
    """The users that a checkpoint holds, with the histories by which `vasp-lens recommend --user` answers."""
    path = str((checkpoint.folder / HISTORIES).absolute())
    return Source((path,), checkpoint.manifest["files"][HISTORIES]["sha256"], {}, "id", numbers=True)


def of_data(name: str) -> Pairs:
    """All users of a data set, each with everything that they liked. Raises DataError."""
    dataset = load(name)
    path = dataset.folder.absolute() / RATINGS
    return Pairs((str(path),), dataset.fingerprint, {"data": name}, tuple(dataset.columns))


def of_files(given: Path, without: Path | None = None) -> Source | Pairs:
    """The histories in a Parquet file, or in all those of a folder, in the order of their names. Raises DataError.

    Files in the folder `without`, to which the scores go, are none of them.
    """
    paths = _parquet_files(given.expanduser(), without and without.expanduser().resolve())
    names = {path: _column_names(path) for path in paths}
    there = set.intersection(*map(set, names.values()))
    digest = hashlib.sha256("".join(f"{path.name} {sha256_of(path)}\n" for path in paths).encode()).hexdigest()
    files, words = tuple(str(path.absolute()) for path in paths), {"from": str(given)}
    if {USER, HISTORY} <= there:
        return Source(files, digest, words)
    if {USER, ITEM} <= there:
        kept = (name for name in (USER, ITEM, "rating", "timestamp") if name in there)
        return Pairs(files, digest, words, tuple(kept))
    odd = next(path for path in paths if not {USER, HISTORY} <= set(names[path]))
    raise DataError(f"{odd} has the columns {', '.join(names[odd]) or 'none'}: {_EXPECTED}.")


def rows(source: Source) -> int:
    """How many histories there are, by the files' own word."""
    return sum(_open(Path(path)).metadata.num_rows for path in source.files)


class Reader:
    """Slices of a source's rows, read forwards: what was asked for last is where the next slice is looked for.

    A slice starts at the beginning of its row group where another group, or an earlier row, was read before.
    """

    def __init__(self, source: Source, batch_rows: int = 1000) -> None:
        self._source, self._batch_rows = source, batch_rows
        self._groups: list[tuple[str, int, int, int]] = []  # file, its row group, first row and end
        at = 0
        for path in source.files:
            metadata = _open(Path(path)).metadata
            for group in range(metadata.num_row_groups):
                end = at + metadata.row_group(group).num_rows
                self._groups.append((path, group, at, end))
                at = end
        self._open_group, self._start = -1, 0

    def read(self, start: int, stop: int) -> pa.Table:
        """Rows start to stop with the columns `user` and `history`. Raises DataError where a file is damaged."""
        found = []
        for number, (path, _, first, end) in enumerate(self._groups):
            if max(start, first) < min(stop, end):
                try:
                    found += self._slices(number, max(start, first), min(stop, end))
                except (OSError, pa.ArrowException) as error:
                    raise DataError(_damaged(Path(path), error)) from None
        table = self._joined(found)
        kept = [self._source.users, self._source.history, *({UNKNOWN} & set(table.column_names))]
        return table.select(kept).rename_columns([USER, HISTORY, *kept[2:]])

    def _joined(self, found: list[pa.RecordBatch]) -> pa.Table:
        if not found:
            return _open(Path(self._source.files[0])).schema_arrow.empty_table()
        try:
            return pa.concat_tables([pa.Table.from_batches([each]) for each in found], promote_options="permissive")
        except pa.ArrowException as error:
            said = str(error).splitlines()[0]
            raise DataError(f"The files of histories do not have the same types ({said}): expected one kind.") from None

    def _slices(self, number: int, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        if number != self._open_group or start < self._start:
            self._seek(number)
        while True:
            end = self._start + len(self._batch)
            low, high = max(start, self._start), min(stop, end)
            if low < high:
                yield self._batch.slice(low - self._start, high - low)
            if stop <= end:
                return
            self._start, self._batch = end, next(self._batches)

    def _seek(self, number: int) -> None:
        path, group, self._start, _ = self._groups[number]
        file = _open(Path(path))
        kept = {self._source.users, self._source.history, UNKNOWN}
        columns = [name for name in file.schema_arrow.names if name in kept]
        self._batches = file.iter_batches(self._batch_rows, row_groups=[group], columns=columns)
        self._open_group, self._batch = number, next(self._batches)


def of_pairs(path: Path, digest: str, given: dict[str, str]) -> Source:
    """Gathered histories, as `pairs.gather` writes them."""
    return Source((str(path.absolute()),), digest, given, numbers=True)


def _parquet_files(given: Path, without: Path | None) -> list[Path]:
    if given.is_file():
        return [given]
    if not given.is_dir():
        raise DataError(f"{given} is not there: expected a Parquet file, or a folder of them; check the path.")
    found = sorted(
        path
        for path in given.rglob("*.parquet")
        if not (_hidden(path.relative_to(given)) or without in path.resolve().parents)
    )
    if not found:
        raise DataError(f"{given} holds no Parquet file: expected files that end in .parquet.")
    return found


def _hidden(path: Path) -> bool:
    return any(name.startswith((".", "_")) for name in path.parts)


def _column_names(path: Path) -> list[str]:
    return _open(path).schema_arrow.names


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise DataError(_damaged(path, error)) from None


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}): expected a whole Parquet file."

"""The files of the Netflix Prize: ratings grouped by film, titles with commas in them."""

from __future__ import annotations

from collections.abc import Iterator
import csv
import io
from pathlib import Path
import re

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from vasp_models.data.binarising import numbered
from vasp_models.data.ratings import Ratings
from vasp_models.data.tables import decoded
from vasp_models.errors import DataError

RATING_FILES = ("combined_data_*.txt", "mv_*.txt")
TITLE_FILES = ("movie_titles.txt", "movie_titles.csv")
GENRE_FILE = "netflix_genres.csv"
_FILM = re.compile(r"\d+:")
_LINE = re.compile(rb"\d+:|\d+,[1-5](\.0)?,\d{4}-\d\d-\d\d")
_AT_ONCE = 1 << 28  # bytes of small files that are read together
_TYPES = {"user": pa.int64(), "rating": pa.float64(), "date": pa.date32()}


def read_ratings(files: list[Path]) -> Ratings:
    """Ratings of ``combined_data_*.txt`` or ``mv_*.txt``; timestamps are the dates, in seconds since 1970.

    Raises DataError with file and line for what is not of that layout.
    """
    tables = [_block(data, label) for data, label in _blocks(sorted(files, key=_by_number))]
    table = pa.concat_tables(tables)
    users, user_ids = numbered(table.column("user"))
    items, item_ids = numbered(table.column("item"))
    times = table.column("date").cast(pa.timestamp("s")).cast(pa.int64()).to_numpy()
    return Ratings(users, items, user_ids, item_ids, table.column("rating").to_numpy(), times)


def read_titles(path: Path) -> dict[str, list]:
    """id, title and year of each line ``id,year,title``; commas belong to the title. Raises DataError."""
    rows: dict[str, list] = {"id": [], "title": [], "year": []}
    for number, line in enumerate(decoded(path, str(path), "latin-1"), 1):
        fields = line.rstrip("\r\n").split(",", 2)
        if not line.strip():
            continue
        if len(fields) != 3 or not fields[0].isdigit():
            raise DataError(
                f"{path}, line {number}: {line.strip()!r} is no title, expected `id,year,title`: mend the line."
            )
        rows["id"].append(int(fields[0]))
        rows["title"].append(fields[2])
        rows["year"].append(fields[1] if fields[1].isdigit() else None)
    return rows


def read_genres(path: Path) -> dict[int, str]:
    """Genres joined by ``|`` of each film in a CSV with the columns movieId and genres. Raises DataError."""
    found = {}
    for number, fields in enumerate(csv.reader(decoded(path, str(path), "utf-8")), 1):
        if len(fields) != 2 or number > 1 and not fields[0].isdigit():
            raise DataError(
                f"{path}, line {number}: {fields} is no film with genres, expected `movieId,genres`: mend the line."
            )
        if number > 1:
            found[int(fields[0])] = fields[1]
    return found


def _by_number(path: Path) -> int:
    return int("0" + re.sub(r"\D", "", path.stem))


def _blocks(files: list[Path]) -> Iterator[tuple[bytes, str]]:
    """Contents of large files one by one, of small ones (a film each) many at a time."""
    waiting: list[bytes] = []
    for path in files:
        data = path.read_bytes()
        if not path.name.startswith("mv_"):
            yield data, str(path)
            continue
        if _FILM.fullmatch(data.split(b"\n", 1)[0].strip().decode("latin-1")) is None:
            raise DataError(f"{path}, line 1 names no film, expected a line such as `1:`: fetch the file again.")
        waiting.append(data if data.endswith(b"\n") else data + b"\n")
        if sum(map(len, waiting)) > _AT_ONCE:
            yield b"".join(waiting), f"{path.parent} (up to {path.name})"
            waiting = []
    if waiting:
        yield b"".join(waiting), f"{files[-1].parent} (up to {files[-1].name})"


def _block(data: bytes, label: str) -> pa.Table:
    """user, rating, date and item of one block, whose film lines (``1:``) name the item of the lines below them."""
    options = arrow_csv.ReadOptions(column_names=list(_TYPES), block_size=1 << 24)
    parse = arrow_csv.ParseOptions(invalid_row_handler=lambda row: "skip" if _FILM.fullmatch(row.text) else "error")
    try:
        convert = arrow_csv.ConvertOptions(column_types=_TYPES)
        table = arrow_csv.read_csv(pa.BufferReader(data), options, parse, convert)
    except pa.ArrowInvalid:
        raise _complaint(data, label) from None
    films, counts = _films(data)
    ratings = table.column("rating").to_numpy()
    off_scale = len(ratings) and not (ratings.min() >= 1 and ratings.max() <= 5)  # NaN is off it, too
    missing = any(column.null_count for column in table.columns)
    if missing or off_scale or not len(films) or counts.sum() != len(table):
        raise _complaint(data, label)
    return table.append_column("item", pa.array(np.repeat(films, counts)))


def _films(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Film of each film line and the number of lines below it."""
    characters = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    colons = np.flatnonzero(characters == ord(":"))
    lines = np.searchsorted(ends, colons)
    n_lines = len(ends) + (not data.endswith(b"\n"))
    starts = np.where(lines > 0, ends[np.maximum(lines - 1, 0)] + 1, 0) if len(ends) else np.zeros_like(colons)
    films = np.array([int(data[start:colon]) for start, colon in zip(starts, colons, strict=True)], dtype=np.int64)
    return films, np.diff(np.append(lines, n_lines)) - 1


def _complaint(data: bytes, label: str) -> DataError:
    expected = "expected `film:` or `user,rating,date` with ratings from 1 to 5: fetch the file again."
    for number, line in enumerate(io.BytesIO(data), 1):
        if not _LINE.fullmatch(line.strip()) or number == 1 and b":" not in line:
            return DataError(
                f"{label}, line {number}: {line[:40].decode('latin-1').strip()!r} is out of place, {expected}"
            )
    return DataError(f"{label} is not of the Netflix Prize's layout, {expected}")

"""Ratings in memory: checked, ids typed, repeated pairs collapsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import re

import numpy as np
import pandas as pd
import pyarrow as pa

from vasp_models.data.binarising import MIN_HISTORY, nobody_left
from vasp_models.data.tables import Table
from vasp_models.errors import DataError

_EMPTY = {"", "nan", "NaN", "null", "NULL", "None"}
_WHOLE = re.compile(r"-?\d+")
_PADDED = re.compile(r"-?0\d")
_MAX_BINS = 40
_ID = pa.dictionary(pa.int32(), pa.string())

Place = Callable[[int], str]  # where a row stands, for messages


@dataclass(frozen=True)
class Feedback:
    """What the rows mean: `threshold` and the scale of explicit ratings, or None where every row is a like."""

    threshold: float | None = 4.0
    lowest: float = 0.5
    highest: float = 5.0

    def __post_init__(self) -> None:
        if self.threshold is not None and not self.lowest <= self.threshold <= self.highest:
            raise DataError(
                f"The threshold {self.threshold:g} is not on the scale of {self.lowest:g} to {self.highest:g}: "
                "expected one that is; name the scale with --lowest and --highest."
            )


@dataclass(frozen=True)
class Ratings:
    """Users and items as int32 places in their ascending ids, ratings float64 or None, timestamps or None (rows)."""

    users: np.ndarray
    items: np.ndarray
    user_ids: np.ndarray
    item_ids: np.ndarray
    values: np.ndarray | None
    times: np.ndarray | None

    def __len__(self) -> int:
        return len(self.users)

    def where(self, kept: np.ndarray) -> Ratings:
        """The rows under a mask."""
        values = None if self.values is None else self.values[kept]
        times = None if self.times is None else self.times[kept]
        return replace(self, users=self.users[kept], items=self.items[kept], values=values, times=times)

    def table(self) -> pa.Table:
        """user, item, rating, timestamp as they are stored."""
        columns = {"user": _column(self.user_ids, self.users), "item": _column(self.item_ids, self.items)}
        columns |= {} if self.values is None else {"rating": pa.array(self.values)}
        columns |= {} if self.times is None else {"timestamp": pa.array(self.times)}
        return pa.table(columns)


def read_ratings(table: Table, columns: dict[str, str], feedback: Feedback, text_ids: bool = False) -> Ratings:
    """Checked ratings of a file; `columns` says where user, item, rating and timestamp stand.

    Raises DataError for what cannot be used, with the line.
    """
    kinds = {"user": _ID, "item": _ID, "rating": pa.float64(), "timestamp": None}
    read = table.read({name: kinds[role] for role, name in columns.items()})
    if not len(read):
        raise DataError(f"{table.label} has no rows: expected one rating a line.")
    values = _values(read.column(columns["rating"]), table, feedback) if "rating" in columns else None
    times = _times(read.column(columns["timestamp"]), table, columns["timestamp"]) if "timestamp" in columns else None
    users, user_ids = _ids(read.column(columns["user"]), "user", table, text_ids)
    items, item_ids = _ids(read.column(columns["item"]), "item", table, text_ids)
    return Ratings(users, items, user_ids, item_ids, values, times)


def ratings_of(frame: pd.DataFrame) -> Ratings:
    """Ratings of a frame with user, item and, where there are any, rating and timestamp, taken as they are."""
    user_ids, users = np.unique(frame["user"].to_numpy(), return_inverse=True)
    item_ids, items = np.unique(frame["item"].to_numpy(), return_inverse=True)
    values = frame["rating"].to_numpy(dtype=np.float64) if "rating" in frame else None
    times = frame["timestamp"].to_numpy() if "timestamp" in frame else None
    return Ratings(users.astype(np.int32), items.astype(np.int32), user_ids, item_ids, values, times)


def collapsed(ratings: Ratings) -> tuple[Ratings, int]:
    """One row per (user, item), the latest, else the highest, else the last; and how many rows went."""
    keys = ratings.users.astype(np.int64) * len(ratings.item_ids) + ratings.items
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    same = keys[1:] == keys[:-1]
    if not same.any():
        return ratings, 0
    repeated = np.zeros(len(keys), dtype=bool)
    repeated[1:] |= same
    repeated[:-1] |= same
    rows, keys = order[repeated], keys[repeated]
    ranks = [column[rows] for column in (ratings.values, ratings.times) if column is not None]
    best = np.lexsort((*ranks, keys))
    last = np.append(np.diff(keys[best]) != 0, True)
    kept = np.ones(len(ratings), dtype=bool)
    kept[rows] = False
    kept[rows[best[last]]] = True
    return ratings.where(kept), int(same.sum())


def check_enough(ratings: Ratings, feedback: Feedback, name: str) -> None:
    """Raise DataError where no user has enough likes for any split."""
    liked = ratings.users if feedback.threshold is None else ratings.users[ratings.values >= feedback.threshold]
    if not (np.bincount(liked, minlength=1) >= MIN_HISTORY).any():
        raise DataError(nobody_left(name, feedback.threshold))


def rating_counts(ratings: Ratings) -> dict[str, int]:
    """How often each rating was given, ascending; fine scales are rounded to whole numbers. Empty if implicit."""
    if ratings.values is None:
        return {}
    counts = pd.Series(ratings.values).value_counts()
    if len(counts) > _MAX_BINS:
        counts = counts.groupby(counts.index.to_numpy().round()).sum()
    return {f"{value:g}": int(count) for value, count in counts.sort_index().items()}


def user_mean_counts(ratings: Ratings) -> dict[str, int]:
    """How many users have which mean rating, to a tenth, ascending. Empty if implicit."""
    if ratings.values is None:
        return {}
    counts = np.bincount(ratings.users, minlength=len(ratings.user_ids))
    means = np.bincount(ratings.users, weights=ratings.values, minlength=len(ratings.user_ids))[counts > 0]
    tenths, users = np.unique(np.round(10 * means / counts[counts > 0]).astype(int), return_counts=True)
    return {f"{tenth / 10:g}": int(count) for tenth, count in zip(tenths, users, strict=True)}


def _values(column: pa.ChunkedArray, table: Table, feedback: Feedback) -> np.ndarray:
    values = column.to_numpy()  # what is missing becomes NaN
    bad = ~((values >= feedback.lowest) & (values <= feedback.highest))
    if bad.any():
        row = int(bad.argmax())
        if np.isnan(values[row]):
            raise DataError(f"{table.place(row)} has no rating: expected a number; fill it in or remove the line.")
        raise DataError(
            f"{table.place(row)}: the rating {values[row]:g} is out of range, expected {feedback.lowest:g} to "
            f"{feedback.highest:g}: mend the line, or name the scale with --lowest, --highest and --threshold."
        )
    return values


def _times(column: pa.ChunkedArray, table: Table, name: str) -> np.ndarray:
    mend = "mend the line, or leave the column out with --no-timestamps."
    if column.null_count:
        row = int(column.is_null().to_numpy().argmax())
        raise DataError(f"{table.place(row)} has no timestamp in column {name!r}, expected one in every line: {mend}")
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_numpy()
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        row = int(np.argmax([not _WHOLE.fullmatch(str(value)) for value in column.to_pylist()]))
        raise DataError(
            f"{table.place(row)}: {column[row].as_py()!r} in column {name!r} is no time, expected seconds since 1970 "
            f"or a date such as 2009-01-31: {mend}"
        )
    return column.to_numpy()


def _ids(column: pa.ChunkedArray, role: str, table: Table, text_ids: bool) -> tuple[np.ndarray, np.ndarray]:
    """Places and ascending ids: int64 where all are whole numbers, else text."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    merged = column.unify_dictionaries().combine_chunks()
    codes, values = merged.indices.to_numpy(zero_copy_only=False), merged.dictionary
    if column.null_count:
        raise _no_id(table, int(column.is_null().to_numpy().argmax()), role)
    if pa.types.is_floating(values.type):
        values = _whole_numbers(values, codes, role, table)
    if pa.types.is_integer(values.type) and not text_ids:
        ids = values.cast(pa.int64()).to_numpy()
    else:
        ids = _typed([str(value).strip() for value in values.to_pylist()], codes, role, table, text_ids)
    ids, place = np.unique(ids, return_inverse=True)
    return place.astype(np.int32)[codes], ids


def _typed(texts: list[str], codes: np.ndarray, role: str, table: Table, text_ids: bool) -> np.ndarray:
    empty = np.array([text in _EMPTY for text in texts])
    if empty.any():
        raise _no_id(table, int(empty[codes].argmax()), role)
    whole = np.array([_WHOLE.fullmatch(text) is not None for text in texts])
    if text_ids or not whole.any():
        return np.array(texts, dtype=object)
    if whole.all():
        # 0114709 is a name made of digits: as a number it would lose its zero.
        padded = any(_PADDED.match(text) or len(text) > 18 for text in texts)
        return np.array(texts, dtype=object) if padded else np.array([int(text) for text in texts], dtype=np.int64)
    kinds = whole[codes]
    row = int((kinds != kinds[0]).argmax())
    here, before = ("a whole number", "text") if kinds[row] else ("text", "whole numbers")
    raise DataError(
        f"{table.place(row)}: the {role} id {texts[codes[row]]!r} is {here}, the ids before it are {before}: "
        "expected ids of one kind; mend the line, or take them all as text with --text-ids."
    )


def _whole_numbers(values: pa.Array, codes: np.ndarray, role: str, table: Table) -> pa.Array:
    numbers = values.to_numpy()
    bad = numbers != np.floor(numbers)  # true for NaN as well
    if bad.any():
        row = int(bad[codes].argmax())
        if np.isnan(numbers[codes[row]]):
            raise _no_id(table, row, role)
        raise DataError(f"{table.place(row)}: the {role} id {numbers[codes[row]]:g} is no id, expected a whole number.")
    return pa.array(numbers.astype(np.int64))


def _no_id(table: Table, row: int, role: str) -> DataError:
    return DataError(f"{table.place(row)} has no {role} id: expected one in every line; fill it in or remove the line.")


def _column(ids: np.ndarray, places: np.ndarray) -> pa.Array:
    values = pa.array(ids, pa.int64() if ids.dtype.kind in "iu" else pa.string())
    return values.take(pa.array(places))

"""From ratings to likes: who liked what, as compact arrays (Liang et al. 2018, section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError

MIN_HISTORY = 5


@dataclass(frozen=True)
class Binarised:
    """Users with at least five liked items, before any split.

    `user_ids` and `item_ids` ascend (int64 or object of str); row r of `likes` is the user `user_ids[r]`, its item
    numbers ascend and point into `item_ids`; `times` (pairs, or None) is aligned with `likes.indices`; `dropped`
    counts what was left out: `ratings_below_threshold`, `users_below_5`, `pairs_of_those_users`, `duplicates`.
    """

    user_ids: np.ndarray
    item_ids: np.ndarray
    likes: Interactions
    times: np.ndarray | None
    dropped: dict[str, int]


def binarised(dataset: Dataset) -> Binarised:
    """Ratings of at least the threshold as likes, of the users that have five or more.

    Raises DataError where nobody is left.
    """
    columns = [name for name in dataset.columns if name != "rating" or dataset.threshold is not None]
    table = dataset.table(columns)
    n_ratings = len(table)
    if dataset.threshold is not None:
        table = table.filter(pc.greater_equal(table.column("rating"), dataset.threshold)).drop_columns("rating")
    users, user_ids = numbered(table.column("user"))
    items, item_ids = numbered(table.column("item"))
    times = table.column("timestamp").to_numpy() if "timestamp" in table.column_names else None
    n_liked = len(table)
    del table  # as large as all that follows
    result = from_pairs(users, items, user_ids, item_ids, times)
    if not len(result.user_ids):
        raise DataError(nobody_left(dataset.name, dataset.threshold))
    below = {"ratings_below_threshold": n_ratings - n_liked}
    duplicates = {"duplicates": result.dropped["duplicates"] + dataset.manifest["collapsed"]["rows"]}
    return Binarised(result.user_ids, result.item_ids, result.likes, result.times, below | result.dropped | duplicates)


def from_pairs(
    users: np.ndarray, items: np.ndarray, user_ids: np.ndarray, item_ids: np.ndarray, times: np.ndarray | None = None
) -> Binarised:
    """Likes given as numbers into ascending ids: pairs made unique, users with fewer than five left out."""
    users, items, times, duplicates = _unique_pairs(users, items, times, len(item_ids))
    lengths = np.bincount(users, minlength=len(user_ids))
    kept_users = lengths >= MIN_HISTORY
    kept = kept_users[users]
    items, times = items[kept], None if times is None else times[kept]
    kept_items = np.bincount(items, minlength=len(item_ids)) > 0
    renumbered = (np.cumsum(kept_items) - 1).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(lengths[kept_users])]).astype(np.int64)
    likes = Interactions(indptr, renumbered[items], int(kept_items.sum()))
    dropped = {
        "users_below_5": int((~kept_users).sum()),
        "pairs_of_those_users": int(len(kept) - kept.sum()),
        "duplicates": duplicates,
    }
    return Binarised(user_ids[kept_users], item_ids[kept_items], likes, times, dropped)


def numbered(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Each value as its place among the distinct values, int32 (rows), and those values, ascending."""
    encoded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # what no rows at all give
        encoded = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], column.type))
    values = encoded.dictionary.to_numpy(zero_copy_only=False)
    order = np.argsort(values, kind="stable")
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place[encoded.indices.to_numpy()], values[order]


def nobody_left(name: str, threshold: float | None) -> str:
    """The sentence for data in which no user has five likes."""
    wanted = "rows" if threshold is None else f"ratings of {threshold:g} or more"
    mend = "" if threshold is None else ", or lower the threshold with --threshold"
    return f"{name}: no user has {MIN_HISTORY} {wanted}: expected at least one; bring in more data{mend}."


def _unique_pairs(users, items, times, n_items):
    keys = users.astype(np.int64) * n_items + items
    if times is None:
        keys.sort()
    else:
        order = np.argsort(keys, kind="stable")
        keys, times = keys[order], times[order]
    first = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    duplicates = int(len(keys) - first.sum())
    if duplicates:
        keys, times = keys[first], None if times is None else times[first]
    users, items = np.divmod(keys, max(n_items, 1))
    return users.astype(np.int32), items.astype(np.int32), times, duplicates

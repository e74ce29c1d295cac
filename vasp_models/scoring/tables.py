"""From a table of histories to a table of lists, scores, factors and reasons: all that a worker computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vasp_models.errors import DataError
from vasp_models.evaluation.ranking import NOTHING
from vasp_models.scoring import NONE, Scoring
from vasp_models.scoring.lists import best, kind_of_reasons, reasons, without_nothing

if TYPE_CHECKING:
    from vasp_models.data.catalogue import Catalogue
    from vasp_models.models.base import Recommender

USER, HISTORY, UNKNOWN = "user", "history", "unknown_items"
_CELLS = 4_000_000  # numbers of one factor that are held at once: 16 MB
_REASON = pa.struct([("item", pa.string()), ("effect", pa.float64())])


@dataclass(frozen=True)
class Histories:
    """Some users: their ids, their histories as item numbers, and how many ids of each the catalogue does not hold."""

    users: pa.Array
    rows: list[np.ndarray]
    unknown: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def score(histories: pa.Table, model: Recommender, catalogue: Catalogue, settings: Scoring | None = None) -> pa.Table:
    """The lists of all users of a table with the columns `user` and `history` (lists of item ids), a row a user.

    Columns: `user`, `unknown_items` (ids of the history that are not in the catalogue), `items` (ids, best first);
    `log_score` and of each factor `log_FACTOR`, which add up to it exactly, or `score` where the model has no factors;
    `reasons`, for each item the items of the history that speak most for it and their effects.
    Raises DataError for other columns, SettingError for reasons that the model does not have.
    """
    ids = ids_of(catalogue)
    return scored(numbered(histories, ids), model, ids, settings or Scoring())


def numbered(histories: pa.Table, ids: pa.Array) -> Histories:
    """Histories of item ids as item numbers. Raises DataError where they are neither text nor integers."""
    lists = _lists(histories.column(HISTORY))
    numbers = item_numbers(lists.values, ids)
    known, ends = np.asarray(pc.is_valid(numbers)), lists.offsets.to_numpy()
    before = np.concatenate([[0], np.cumsum(known)])[ends]  # known items before each history's first
    flat = numbers.drop_null().to_numpy()
    rows = [flat[start:stop].astype(np.int64) for start, stop in zip(before, before[1:], strict=False)]
    return Histories(_users(histories), rows, (np.diff(ends) - np.diff(before)).astype(np.int32))


def as_they_are(histories: pa.Table) -> Histories:
    """Histories of item numbers."""
    lists = _lists(histories.column(HISTORY))
    rows = np.split(lists.values.to_numpy().astype(np.int64), lists.offsets.to_numpy()[1:-1]) if len(lists) else []
    there = UNKNOWN in histories.column_names
    unknown = histories.column(UNKNOWN).to_numpy() if there else np.zeros(len(rows), np.int32)
    return Histories(_users(histories), rows, unknown)


def item_numbers(ids: pa.Array | pa.ChunkedArray, known: pa.Array) -> pa.Array | pa.ChunkedArray:
    """The number of each item id, int32, null where the catalogue does not hold it."""
    return pc.index_in(pc.utf8_trim_whitespace(as_text(ids)), value_set=known)


def ids_of(catalogue: Catalogue) -> pa.Array:
    """All ids as text, in the order of the item numbers."""
    return pa.array([str(each) for each in catalogue.ids], pa.string())


def as_text(ids: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Ids as text. Raises DataError where they are neither text nor integers."""
    kind = ids.type.value_type if pa.types.is_dictionary(ids.type) else ids.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if not (text or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise DataError(f"The histories have ids of type {kind}: expected text or integers, as in the data set.")
    return ids.cast(kind).cast(pa.string())


def scored(histories: Histories, model: Recommender, ids: pa.Array, settings: Scoring) -> pa.Table:
    """The table that `score` gives, of histories in item numbers; `ids` are those of all items."""
    kind = kind_of_reasons(model, settings.reasons)
    blocks = _blocks(len(histories), model.n_items)
    tables = [_block(histories.rows[block], model, ids, kind, settings) for block in blocks]
    table = pa.concat_tables(tables).combine_chunks()
    table = table.add_column(0, UNKNOWN, pa.array(histories.unknown, pa.int32()))
    return table.add_column(0, USER, histories.users)


def _blocks(rows: int, n_items: int) -> Iterator[slice]:
    size = max(1, _CELLS // n_items)
    return (slice(start, start + size) for start in range(0, max(rows, 1), size))


def _block(rows: Sequence[np.ndarray], model: Recommender, ids: pa.Array, kind: str, settings: Scoring) -> pa.Table:
    known = model.histories(rows)
    found = best(model, known, settings.k)
    there = found.items != NOTHING
    ends = _ends(there.sum(axis=1))
    columns = {"items": pa.ListArray.from_arrays(ends, ids.take(pa.array(found.items[there])))}
    numbers = {"log_score" if found.factors else "score": found.scores}
    numbers |= {f"log_{name}": values for name, values in found.factors.items()}
    columns |= {name: pa.ListArray.from_arrays(ends, pa.array(values[there])) for name, values in numbers.items()}
    if kind != NONE:
        said = [
            reasons(model, known.row(row).astype(np.int64), without_nothing(items), kind, settings.named)
            for row, items in enumerate(found.items)
        ]
        columns["reasons"] = _reasons(said, ends, ids)
    return pa.table(columns)


def _reasons(said: list[tuple[np.ndarray, np.ndarray]], ends: pa.Array, ids: pa.Array) -> pa.Array:
    """Lists of lists of items with their effects, from (t, m) of each user."""
    items = np.concatenate([np.empty(0, np.int64), *(numbers.ravel() for numbers, _ in said)])
    effects = np.concatenate([np.empty(0), *(values.ravel() for _, values in said)])
    lengths = np.concatenate([np.empty(0, np.int64), *(np.full(len(one), one.shape[1]) for one, _ in said)])
    flat = pa.StructArray.from_arrays([ids.take(pa.array(items)), pa.array(effects)], fields=list(_REASON))
    return pa.ListArray.from_arrays(ends, pa.ListArray.from_arrays(_ends(lengths), flat))


def _ends(lengths: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def _lists(column: pa.ChunkedArray) -> pa.ListArray:
    """Lists whose values begin with the first and are none's; of a user without a history the list is empty."""
    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise DataError(f"The column {HISTORY!r} holds {kind}: expected lists of item ids, a row a user.")
    lists = column.cast(pa.list_(kind.value_type)).combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.ListArray.from_arrays(_ends(lengths), lists.flatten())


def _users(histories: pa.Table) -> pa.Array:
    users = as_text(histories.column(USER)).combine_chunks()
    if users.null_count:
        raise DataError(f"{users.null_count:,} rows have no user: expected an id in the column {USER!r} of every row.")
    return users

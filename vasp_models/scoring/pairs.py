"""Pairs of user and item gathered into histories, once: the parts then read a slice of them each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from vasp_models import places
from vasp_models.data.binarising import numbered
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError
from vasp_models.scoring.sources import ITEM, Pairs
from vasp_models.scoring.tables import HISTORY, UNKNOWN, USER, as_text, ids_of, item_numbers

_GROUP = 10_000  # histories of a row group


def gather(pairs: Pairs, catalogue: Catalogue, threshold: float | None, path: Path) -> int:
    """Write one history a row, in item numbers and the order of time where there is one; the pairs below the threshold.

    Users ascend. Ratings count from `threshold` up, as the model was trained; without a column `rating`, or where the
    threshold is None, every row counts. Raises DataError for ids or ratings of another type.
    """
    table = _read(pairs)
    total = len(table)
    if "rating" in table.column_names and threshold is not None:
        table = table.filter(pc.greater_equal(_ratings(table), threshold))
    users, names = numbered(_whole(table.column(USER), pairs))
    items = item_numbers(table.column(ITEM), ids_of(catalogue)).fill_null(-1).to_numpy()
    keys = (users,) if "timestamp" not in table.column_names else (table.column("timestamp").to_numpy(), users)
    order = np.lexsort(keys)  # stable: without times, a history keeps the order of its rows
    users, items = users[order], items[order]
    known = items >= 0
    lengths = np.bincount(users[known], minlength=len(names))
    ends = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    written = {
        USER: as_text(pa.array(names)),
        HISTORY: pa.LargeListArray.from_arrays(ends, pa.array(items[known].astype(np.int32))),
        UNKNOWN: pa.array(np.bincount(users[~known], minlength=len(names)), pa.int32()),
    }
    with places.file_written_whole(path) as temporary:
        pq.write_table(pa.table(written), temporary, compression="zstd", row_group_size=_GROUP)
    return total - len(table)


def _read(pairs: Pairs) -> pa.Table:
    try:
        return ds.dataset(list(pairs.files), format="parquet").to_table(columns=list(pairs.columns))
    except (OSError, pa.ArrowException) as error:
        where = ", ".join(pairs.files[:2])
        raise DataError(
            f"{where} cannot be read together ({str(error).splitlines()[0]}): expected files that are alike."
        ) from None


def _ratings(table: pa.Table) -> pa.ChunkedArray:
    column = table.column("rating")
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"The column 'rating' holds {column.type}: expected numbers.")
    return column


def _whole(users: pa.ChunkedArray, pairs: Pairs) -> pa.ChunkedArray:
    if users.null_count:
        raise DataError(
            f"{pairs.files[0]} has rows without a user: expected an id in the column {USER!r} of every row."
        )
    return users.cast(users.type.value_type) if pa.types.is_dictionary(users.type) else users

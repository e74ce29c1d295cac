"""Bringing in one's own ratings, and the last step that every source shares: check, collapse, count, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
import re

import numpy as np
import pandas as pd
import pyarrow as pa

from vasp_models import places
from vasp_models.data import datasets
from vasp_models.data.items import complete, read_items
from vasp_models.data.ratings import (
    Feedback,
    Ratings,
    check_enough,
    collapsed,
    rating_counts,
    read_ratings,
    user_mean_counts,
)
from vasp_models.data.tables import DAT, Table, TextTable, open_table
from vasp_models.errors import DataError, SettingError

# Usual names, lower case without punctuation.
RATING_COLUMNS = {
    "user": ("user", "userid", "uid", "reviewerid", "customerid", "viewer"),
    "item": ("item", "itemid", "movie", "movieid", "iid", "sid", "asin", "productid"),
    "rating": ("rating", "ratings", "score", "stars", "overall"),
    "timestamp": ("timestamp", "time", "ts", "date", "datetime", "unixreviewtime"),
}
ITEM_COLUMNS = {
    "id": ("id", *RATING_COLUMNS["item"]),
    "title": ("title", "name", "movietitle"),
    "year": ("year", "releaseyear"),
    "genres": ("genres", "genre", "categories", "category"),
}
DAT_RATINGS = ("user", "item", "rating", "timestamp")
DAT_ITEMS = ("id", "title", "genres")


@dataclass(frozen=True)
class Source:
    """Where ratings come from, as the manifest tells it.

    `licence` is one sentence, `licence_text` what came with the data, `redistribution` one of ``forbidden``,
    ``same conditions``, ``free``, ``unknown``.
    """

    title: str
    source: dict = field(default_factory=dict)
    licence: str = "Not stated: the terms are those of whoever the ratings came from."
    licence_text: str = ""
    redistribution: str = "unknown"
    simulated: bool = False


def import_ratings(
    ratings: Path,
    name: str,
    items: Path | None = None,
    *,
    feedback: Feedback | None = None,
    columns: dict[str, str] | None = None,
    item_columns: dict[str, str] | None = None,
    timestamps: bool = True,
    header: bool = True,
    separator: str | None = None,
    encoding: str | None = None,
    text_ids: bool = False,
    title: str | None = None,
    licence: str | None = None,
    replace: bool = False,
) -> datasets.Dataset:
    """Bring in ratings (and items) from CSV, TSV, Parquet, plain or compressed, or MovieLens' ``.dat``.

    `columns` and `item_columns` name columns that do not have a usual name. Raises DataError with file and line for
    what cannot be used; nothing is written then.
    """
    folder = free_folder(name, replace)
    feedback = feedback or Feedback()
    table = _opened(ratings, DAT_RATINGS, header, separator, encoding)
    roles = [
        "user",
        "item",
        *(["rating"] if feedback.threshold is not None else []),
        *(["timestamp"] if timestamps else []),
    ]
    found = find_columns(table, {role: RATING_COLUMNS[role] for role in roles}, columns or {}, {"timestamp"})
    read = read_ratings(table, found, feedback, text_ids)
    frame = None
    if items is not None:
        item_table = _opened(items, DAT_ITEMS, True, separator, encoding)
        item_found = find_columns(item_table, ITEM_COLUMNS, item_columns or {}, {"year", "genres"})
        frame = read_items(item_table, item_found, read.item_ids)
    files = [path for path in (ratings, items) if path is not None]
    origin = {"kind": "import", "files": [file_facts(path) for path in files]}
    source = Source(title or folder.name, origin, licence or Source.licence)
    return assemble(folder, read, frame, feedback, source, items_label=str(items), replace=replace)


def assemble(
    folder: Path,
    ratings: Ratings,
    items: pd.DataFrame | None,
    feedback: Feedback,
    source: Source,
    links: pd.DataFrame | None = None,
    items_label: str = "items",
    replace: bool = False,
    one_out: pa.Table | None = None,
) -> datasets.Dataset:
    """Collapse repeated pairs, name every item, count, and write the data set whole. Raises DataError.

    `one_out` is a leave-one-out test that came with the data (user, item, negatives); its items are named too.
    """
    rows_read = len(ratings)
    ratings, repeated = collapsed(ratings)
    check_enough(ratings, feedback, folder.name)
    named = ratings.item_ids
    if one_out is not None:
        named = np.union1d(named, one_out.column("negatives").combine_chunks().flatten().to_numpy())
    items, unnamed = complete(items, named, items_label)
    counts = {"rows": rows_read, "ratings": len(ratings), "users": len(ratings.user_ids)}
    counts |= {"items": len(items), "rated_items": len(ratings.item_ids), "unnamed_items": unnamed}
    rule = "latest" if ratings.times is not None else "highest" if ratings.values is not None else "last"
    facts = {
        "name": folder.name,
        "title": source.title,
        "simulated": source.simulated,
        "implicit": feedback.threshold is None,
        "threshold": feedback.threshold,
        "scale": None if feedback.threshold is None else [feedback.lowest, feedback.highest],
        "source": source.source,
        "licence": source.licence,
        "redistribution": source.redistribution,
        "licence_text": source.licence_text,
        "counts": counts,
        "collapsed": {"rows": repeated, "kept": rule},
        "rating_counts": rating_counts(ratings),
        "user_mean_counts": user_mean_counts(ratings),
    }
    return datasets.write(folder, ratings.table(), items, facts, links, replace, one_out)


def free_folder(name: str, replace: bool) -> Path:
    """The folder for a new data set. Raises SettingError for the demo's name, DataError where it is taken."""
    if name == places.DEMO:
        raise SettingError(f"{name!r} is the name of the embedded data set: expected another name.")
    folder = places.dataset_folder(name)
    datasets.check_free(folder, replace)
    return folder


def find_columns(
    table: Table, usual: dict[str, Sequence[str]], given: dict[str, str], optional: set[str]
) -> dict[str, str]:
    """Which column plays which role, by its given or its usual name. Raises DataError with the columns there are."""
    by_plain = {_plain(name): name for name in reversed(table.names)}
    found = {}
    for role, names in usual.items():
        asked = given.get(role)
        column = asked if asked in table.names else next((by_plain[n] for n in names if n in by_plain), None)
        if asked is not None and column != asked or column is None and role not in optional:
            wanted = f"column {asked!r}" if asked else f"column for {role!r} (usual names: {', '.join(names)})"
            option = "--item-id-column" if role == "id" else f"--{role}-column"
            there = ", ".join(map(repr, table.names))
            hint = "; --implicit takes every row as a like" if role == "rating" else ""
            raise DataError(f"{table.label}, line 1: no {wanted} among {there}: name it with {option}{hint}.")
        if column is not None:
            found[role] = column
    return found


def file_facts(path: Path) -> dict:
    """Name, bytes and SHA-256 of a source file."""
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": datasets.sha256_of(path)}


def _opened(path: Path, dat_names: Sequence[str], header: bool, separator: str | None, encoding: str | None) -> Table:
    table = open_table(path, None if header else dat_names, separator, encoding)
    if header and isinstance(table, TextTable) and table.delimiter == DAT:  # MovieLens' .dat never has a header
        return open_table(path, dat_names, separator, encoding)
    return table


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

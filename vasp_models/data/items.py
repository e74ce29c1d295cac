"""Reading what the items are: titles, years, genres, and links to other databases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vasp_models.data.catalogue import catalogue_frame
from vasp_models.data.tables import Table
from vasp_models.errors import DataError


def read_items(table: Table, columns: dict[str, str], item_ids: np.ndarray) -> pd.DataFrame:
    """id, title, year and genres of a file's items, ids in the type of `item_ids`.

    `columns` says where id, title and, where they are, year and genres stand. Raises DataError with the line.
    """
    places = {role: list(table.names).index(name) for role, name in columns.items()}
    seen: dict[object, int] = {}
    rows: dict[str, list] = {role: [] for role in places}
    for number, fields in table.lines():
        if len(fields) <= max(places.values()):
            expected = max(places.values()) + 1
            raise DataError(
                f"{table.label}, line {number} has {len(fields)} columns, expected {expected} or more: mend it."
            )
        item_id = _item_id(fields[places["id"]], f"{table.label}, line {number}", item_ids.dtype.kind in "iu")
        if item_id in seen:
            raise DataError(
                f"{table.label}, line {number}: the item {item_id} stands in line {seen[item_id]} already, "
                "expected each item once: remove one of the lines."
            )
        seen[item_id] = number
        for role, place in places.items():
            rows[role].append(item_id if role == "id" else fields[place])
    return items_frame(rows)


def complete(items: pd.DataFrame | None, item_ids: np.ndarray, label: str) -> tuple[pd.DataFrame, int]:
    """`items` with a row for every rated item, in ascending order of ids, and how many rows had to be added.

    Raises DataError where not one rated item is known, which means that the two files do not belong together.
    """
    known = set() if items is None else set(items["id"])
    missing = [item_id for item_id in item_ids.tolist() if item_id not in known]
    if items is not None and len(missing) == len(item_ids):
        raise DataError(
            f"{label}: none of the {len(item_ids):,} rated items is in it (the first is {missing[0]!r}): "
            "expected the same ids; name the right file or column with --items and --item-id-column."
        )
    if missing:
        added = catalogue_frame(missing, [f"Item {item_id}" for item_id in missing], [""] * len(missing))
        items = added if items is None else pd.concat([items, added], ignore_index=True)
    return items.sort_values("id", kind="stable", ignore_index=True), len(missing)


def read_links(table: Table, item_ids: np.ndarray) -> pd.DataFrame:
    """item, imdbId and tmdbId (text, as they came) of a MovieLens links file."""
    rows = [(number, fields) for number, fields in table.lines() if len(fields) == len(table.names)]
    whole = item_ids.dtype.kind in "iu"
    ids = [_item_id(fields[0], f"{table.label}, line {number}", whole) for number, fields in rows]
    others = {name: [fields[place] for _, fields in rows] for place, name in enumerate(table.names) if place}
    return pd.DataFrame({"item": ids, **others})


def items_frame(rows: dict[str, list]) -> pd.DataFrame:
    """id, title, year and genres from lists of id and title and, where there are any, year and genres."""
    genres = [_joined(value) for value in rows["genres"]] if "genres" in rows else [""] * len(rows["id"])
    if genres and not any("|" in text for text in genres):
        genres = [text.replace(";", "|").replace(",", "|") for text in genres]
    frame = catalogue_frame(rows["id"], ["" if title is None else str(title) for title in rows["title"]], genres)
    if "year" in rows:
        years = pd.to_numeric(pd.Series(rows["year"], dtype=object), errors="coerce").round().astype("Int64")
        frame["year"] = years.fillna(frame["year"])
    frame["title"] = [title or f"Item {item_id}" for title, item_id in zip(frame["title"], frame["id"], strict=True)]
    return frame


def _item_id(value: object, where: str, whole: bool) -> object:
    text = "" if value is None else str(value).strip()
    if not text:
        raise DataError(f"{where} has no item id: expected one in every line; fill it in or remove the line.")
    if not whole:
        return text
    try:
        return int(text)
    except ValueError:
        raise DataError(
            f"{where}: the item id {text!r} is not a whole number as the ids of the ratings are: "
            "mend the line, or take all ids as text with --text-ids."
        ) from None


def _joined(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else "|".join(map(str, value))

"""The tables beside the maps: a film's nearest, the selected films, the genres among them, all films."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app import words
from app.maps import colours
from vasp_models.data.catalogue import Catalogue
from vasp_models.projections.enrichment import Enrichment, enrichment

SHOWN_GENRES = 7
PLAIN = ("Film", "Genres", "Year", "Liked by")  # columns of a table of films that are no shares
MOST_ROWS = 1000  # of a selection on the page, the most popular first; the file holds all


def nearest_films(maps, catalogue: Catalogue, item: int, k: int = 10) -> pd.DataFrame:
    """Titles of the films nearest to a film, one column for each map."""
    columns = {part: maps.nearest(item, part, k) for part in maps.parts}
    return pd.DataFrame({words.part_name(part): [catalogue.titles[n] for n in near] for part, near in columns.items()})


def films(maps, catalogue: Catalogue, items: np.ndarray | None = None) -> tuple[np.ndarray, pd.DataFrame]:
    """Films on the maps (all without `items`), the most popular first: item numbers, and the same as a table.

    Columns Film, Genres, Year and, where they are known, Liked by, Drift and the share of each path.
    """
    rows = np.arange(len(maps)) if items is None else np.flatnonzero(np.isin(maps.items, items))
    known = colours.measured(maps, catalogue)
    if "popularity" in known:
        rows = rows[np.argsort(-known["popularity"][rows], kind="stable")]
    numbers = maps.items[rows]
    table = pd.DataFrame({"Film": catalogue.frame["title"].iloc[numbers].to_numpy()})
    table["Genres"] = [catalogue.genres[n] for n in numbers]
    table["Year"] = catalogue.frame["year"].iloc[numbers].array
    if "popularity" in known:
        table["Liked by"] = known["popularity"][rows].astype(int)
    if "drift" in known:
        table["Drift"] = known["drift"][rows]
    for name, values in (maps.shares or {}).items():
        table[share_column(name)] = values[rows].astype(float)
    return numbers, table


def share_column(name: str) -> str:
    """The column of a path's share."""
    return colours.path_name(name)


def of_selection(maps, catalogue: Catalogue, items: np.ndarray) -> tuple[Enrichment, pd.DataFrame]:
    """The genres of the selected films: the core's counts, and a table of those that occur, highest lift first.

    Columns Genre, Selected, On the map, Lift, p, q.
    """
    found = enrichment(catalogue.genre_matrix[maps.items], np.isin(maps.items, items))
    table = pd.DataFrame(
        {
            "Genre": catalogue.genre_names, "Selected": found.selected, "On the map": found.everywhere,
            "Lift": found.lift, "p": found.p, "q": found.q,
        }
    )  # fmt: skip
    return found, table[found.selected > 0].sort_values("Lift", ascending=False, kind="stable", ignore_index=True)


def shown_genres(table: pd.DataFrame) -> pd.DataFrame:
    """The genres that the chart has room for: those with the most telling lift, in its order."""
    telling = np.argsort(table["q"].to_numpy(), kind="stable")[:SHOWN_GENRES]
    return table.iloc[np.sort(telling)].reset_index(drop=True)

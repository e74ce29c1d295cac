"""The pieces of the maps page below the maps: the nearest films, the selection with its genres, all films."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import exports, film_choice, state, widgets, words
from app.maps import charts, facts, tables

ROW, HEIGHT = 36, 290
_LIFT = "Lift and number of films; solid where q < .05"


def nearest(catalogue, maps, item: int | None) -> None:
    """The ten films nearest to the chosen one in each map."""
    if item is None:
        return
    title = words.markdown(catalogue.titles[item])
    if maps.row(item) is None:
        widgets.notice(f"{title} is not on the maps: the model does not cover it.")
        return
    near = tables.nearest_films(maps, catalogue, item)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        widgets.section(f"The ten films nearest to {title}", "By the model’s own distance, not by the picture")
        st.space("stretch")
        film_choice.film_button(catalogue, item, "maps_film_page")
        exports.download_csv(near, f"nearest-{catalogue.titles[item]}", key="nearest_csv")
    st.dataframe(near, hide_index=True, row_height=ROW, height=ROW * (len(near) + 1) + 3)


def selection(catalogue, maps, items: np.ndarray) -> None:
    """The selected films, and the genres among them."""
    if not len(items):
        return
    films, beside = st.columns([1.75, 1], gap="large")
    numbers, table = tables.films(maps, catalogue, items)
    with films:
        cut = f", the first {tables.MOST_ROWS:,} of them" if len(table) > tables.MOST_ROWS else ""
        drift = "; drift is the part of the 20 nearest that the paths do not share" if "Drift" in table else ""
        with st.container(horizontal=True, vertical_alignment="bottom"):
            widgets.section(f"The {words.count(len(table), 'selected film')}", f"By popularity{cut}{drift}")
            st.space("stretch")
            exports.download_csv(table, f"selected-{maps.distance}", key="selected_csv")
        _choice(catalogue, numbers, table.head(tables.MOST_ROWS), "selected", HEIGHT)
    with beside:
        _, genres = tables.of_selection(maps, catalogue, items)
        widgets.section("Genres in the selection", _LIFT)
        if len(genres):
            shown = tables.shown_genres(genres)
            figure = charts.genre_lift(shown, widgets.theme())
            widgets.chart(figure, "genre_lift", charts.genre_lift_alt(shown), twin=genres)
        else:
            widgets.caption("None of these films has a genre.")


def everything(catalogue, maps) -> None:
    """All films on the maps as a table, from which one can be chosen; made only while it is open."""
    fold = widgets.lazy_fold("All films on the maps, as a table", "table_rows")
    with fold:
        if fold.open:
            numbers, table = tables.films(maps, catalogue)
            with st.container(horizontal=True, vertical_alignment="center"):
                widgets.caption("A click on the left edge of a row chooses its film on the maps.")
                st.space("stretch")
                exports.download_csv(table, f"films-{maps.distance}", key="films_csv")
            _choice(catalogue, numbers, table, "all_films", 400)


def _choice(catalogue, numbers: np.ndarray, table: pd.DataFrame, name: str, height: int) -> None:
    """A table of films whose rows can be chosen."""
    # The films are part of the key: a row that was chosen in one table is no row of the next.
    key = f"{name}_{len(numbers)}_{hash(numbers.tobytes()) & 0xFFFFFF:x}"

    def take() -> None:
        rows = st.session_state[key].selection.rows
        if rows and rows[0] < len(numbers):
            state.change(film=str(catalogue.ids[numbers[rows[0]]]), search="")

    choosing = {"on_select": take, "selection_mode": "single-row", "key": key}
    height = min(height, ROW * (len(table) + 1) + 3)
    # Streamlit writes as many decimals of a percentage as there are.
    shown = table.round(dict.fromkeys(table.columns.difference(tables.PLAIN), 2))
    st.dataframe(shown, hide_index=True, row_height=ROW, height=height, column_config=_columns(table), **choosing)


def _columns(table: pd.DataFrame) -> dict:
    """How the columns of a table of films look; shares as grey bars, as far as they lie between 0 and 1."""
    bar = {"format": "percent", "min_value": 0, "max_value": 1, "color": "gray", "width": 76}
    looks = {
        "Film": st.column_config.TextColumn(width=160),
        "Genres": st.column_config.ListColumn(width=124),
        "Year": st.column_config.NumberColumn(format="%d", width=52),
        "Liked by": st.column_config.NumberColumn(format="localized", width=66),
        "Drift": st.column_config.ProgressColumn(**bar, help="The part of its 20 nearest that the paths do not share"),
    }
    share = st.column_config.ProgressColumn(
        **bar, help="How much it is this path’s doing that users differ in the film"
    )
    return {name: looks.get(name, share) for name in table}


def older(chosen, maps) -> None:
    """How maps of an older version get what they lack."""
    if told := facts.without_shares(maps, chosen.argument):
        st.markdown(f":small[:gray[{words.sentence(told)}]]")

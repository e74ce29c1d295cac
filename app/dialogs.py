"""The film in a dialog: its facts, what each factor says for this user, its place on the maps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import cached, charts, state, widgets, words


def film(chosen, user, found, item: int) -> None:
    """Open the dialog of a film, by its item number."""
    st.dialog(chosen.catalogue.titles[item], width="medium")(_film)(chosen, user, found, item)


def _film(chosen, user, found, item: int) -> None:
    _facts(chosen, user, found, item)
    place = np.flatnonzero(found.items == item)
    if len(place) and found.factors:
        _factors(found, int(place[0]))
    _on_the_maps(chosen, item)


def _facts(chosen, user, found, item: int) -> None:
    popularity = chosen.catalogue.frame["train_users"].to_numpy()
    rank = 1 + int((popularity > popularity[item]).sum())
    place = np.flatnonzero(found.items == item)
    if len(place):
        standing = f"#{place[0] + 1} of {found.n_candidates:,} unseen films for user {user.id}"
    else:
        standing = f"in the history of user {user.id}, so it is not recommended again"
    rows = [
        ("Genres", ", ".join(chosen.catalogue.genres[item]) or "none given"),
        ("Liked by", f"{words.count(int(popularity[item]), 'train user')}, #{rank:,} of {len(popularity):,} films"),
        ("Here", standing + (", held out and liked" if item in user.held_out else "")),
        ("Id", str(chosen.catalogue.ids[item])),
    ]
    table(rows)


def table(rows: list[tuple[str, str]]) -> None:
    """Facts as a plain table of names and values, both text."""
    shown = pd.DataFrame([(name, words.markdown(value)) for name, value in rows])
    st.table(shown, border="horizontal", hide_index=True, hide_header=True)


def _factors(found, place: int) -> None:
    widgets.section(
        "What each part of the model adds",
        "Against an empty profile; the raw values are natural logarithms and sum to the log score",
    )
    rows = [
        (
            words.factor_name(name),
            words.times(float(values[place] - found.base[name][place]), 2),
            float(values[place]),
            float(found.base[name][place]),
        )
        for name, values in found.factors.items()
    ]
    total, empty = sum(row[2] for row in rows), sum(row[3] for row in rows)
    rows.append(("Together", words.times(total - empty, 2), total, empty))
    raw = pd.DataFrame(rows, columns=["Part", "Effect", "Log factor", "Empty profile"])
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(raw, hide_index=True, row_height=36, column_config={"Log factor": number, "Empty profile": number})


def _on_the_maps(chosen, item: int) -> None:
    maps = cached.maps(chosen, state.current().distance)
    row = maps.row(item) if maps is not None else None
    if row is None:
        return
    widgets.section(
        "Its place on the maps",
        f"{words.DISTANCE_NAMES[maps.distance]} distance; places are comparable within a map only",
    )
    for column, part in zip(st.columns(len(maps.parts), gap="small"), maps.parts, strict=True):
        with column:
            st.markdown(f":small[{words.part_name(part)}]")
            figure = charts.place_on_map(maps.positions[part], maps.positions[part][row], widgets.theme())
            st.plotly_chart(
                figure,
                theme=None,
                config=charts.CONFIG,
                key=f"place_{part}",
                alt=f"Where the film lies on the map {part}",
            )
    if st.button("Show it on the maps", icon=":material/scatter_plot:"):
        state.change(film=str(chosen.catalogue.ids[item]))
        st.switch_page(widgets.page_file("sensitivity_maps"))

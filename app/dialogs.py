"""The film in a dialog: its facts, what each factor says for this user, its place on the maps."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import cached, charts, state, widgets, words
from app import recommend_facts as facts


def film(chosen, user, found, item: int, why: bool = True) -> None:
    """Open the dialog of a film, by its item number; `why` offers its explanation, where it has one."""
    # A dialog's title is Markdown, so a title from data is made plain.
    st.dialog(words.markdown(chosen.catalogue.titles[item]), width="medium")(_film)(chosen, user, found, item, why)


def _film(chosen, user, found, item: int, why: bool) -> None:
    widgets.table(facts.film_facts(chosen, user, found, item))
    if why and item in found.items and st.button("Why this film?", icon=":material/manage_search:", key="why"):
        state.change(film=str(chosen.catalogue.ids[item]), search="")
        st.switch_page(widgets.page_file("explain"))
    place = np.flatnonzero(found.items == item)
    if len(place) and found.factors:
        rule = "Against an empty profile; the raw values are natural logarithms and sum to the log score"
        widgets.section("What each part of the model adds", rule)
        widgets.numbers(facts.film_factors(found, int(place[0])), ["Log factor", "Empty profile"])
    _on_the_maps(chosen, item)


def _on_the_maps(chosen, item: int) -> None:
    maps = cached.maps(chosen, state.current().distance)
    row = maps.row(item) if maps is not None else None
    if row is None:
        return
    rule = f"{words.DISTANCE_NAMES[maps.distance]} distance; places are comparable within a map only"
    widgets.section("Its place on the maps", rule)
    for column, part in zip(st.columns(len(maps.parts), gap="small"), maps.parts, strict=True):
        with column:
            st.markdown(f":small[{words.part_name(part)}]")
            figure = charts.place_on_map(maps.positions[part], maps.positions[part][row], widgets.theme())
            widgets.chart(figure, f"place_{part}", f"Where the film lies on the map {words.part_name(part)}")
    if st.button("Show it on the maps", icon=":material/scatter_plot:"):
        state.change(film=str(chosen.catalogue.ids[item]), search="")
        st.switch_page(widgets.page_file("sensitivity_maps"))

"""What the profile lab shows around its lists: the watched film, its way through the changes, A beside the profile."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import state, widgets
from app.lab import actions, facts
from app.lab import charts as lab_charts
from app.lab import tables as lab_tables

ROW = 36  # px


def watched(scene, item: int | None) -> None:
    """One line on the watched film, always in its place so that nothing jumps."""
    line = {"horizontal": True, "vertical_alignment": "center", "border": True, "wrap": False, "key": "lab_watched"}
    with st.container(**line):
        if item is None:
            st.markdown(f":gray[:material/visibility_off:\u2002{facts.WATCH_RULE}]", width="stretch")
        else:
            sentence = f"**{scene.title(item)}**\u2002{facts.watched_words(scene, item)}"
            st.markdown(f":gray[:material/visibility:]\u2002{sentence}", width="stretch")
        stop = {"on_click": actions.watch, "args": (None,), "key": "lab_unwatch", "disabled": item is None}
        st.button("Stop", icon=":material/close:", **stop)


def way(chosen, scene, rankings: Sequence, item: int) -> None:
    """The watched film's place and factors after each change."""
    head, button = st.columns([4.7, 1], vertical_alignment="bottom", gap="medium")
    with head:
        rule = lab_tables.WAY_PARTS if scene.found.factors else lab_tables.WAY_RULE
        widgets.section(f"How each change moved {scene.title(item)}", rule)
    if scene.places[item] and actions.is_user(chosen, scene.profile):
        with button.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Why this film?", icon=":material/manage_search:", key="lab_why"):
                state.change(film=str(scene.catalogue.ids[item]), search="")
                st.switch_page(widgets.page_file("explain"))
    steps = lab_tables.track(scene.catalogue, rankings, item)
    places = steps["place"].tolist()
    left, right = st.columns([1, 1.32], gap="large")
    with left:
        said = lab_tables.way_words(scene.catalogue.titles[item], places)
        twin = lab_tables.track_numbers(steps, list(scene.found.factors))
        widgets.chart(lab_charts.way(places, widgets.theme()), "lab_way", said, twin)
    with right:
        _table(lab_tables.track_table(steps, list(scene.found.factors)), lab_charts.WAY_HEIGHT, "lab_way_table")


def _table(frame, height: int, key: str) -> None:
    """A table beside a figure of a height: as many rows as fit, the rest by scrolling."""
    rows = min(len(frame) + 1, height // ROW)
    st.dataframe(frame, hide_index=True, row_height=ROW, height=rows * ROW + 2, key=key)


def compared(pinned, scene, k: int) -> None:
    """The pinned profile's list beside the list now."""
    said = lab_tables.compared_words(pinned, scene, k)
    head, buttons = st.columns([4.7, 1], vertical_alignment="bottom", gap="medium")
    with head:
        widgets.section("The pinned profile A, and the profile now", said)
    with buttons.container(horizontal=True, horizontal_alignment="right", gap="small"):
        st.button("Swap", icon=":material/swap_horiz:", on_click=actions.swap, args=(scene.catalogue,), key="lab_swap")
        st.button("Unpin", icon=":material/keep_off:", on_click=actions.unpin, key="lab_unpin")
    both = lab_tables.comparison(pinned, scene, k)
    left, right = st.columns([1.32, 1], gap="large")
    with left.container(key="lab_slopes"):
        twin = lab_tables.comparison_numbers(both)
        widgets.chart(lab_charts.slopes(both, k, widgets.theme()), "lab_slope_chart", said, twin)
    with right:
        _table(lab_tables.comparison_table(both), lab_charts.slopes_height(k), "lab_table")

"""The choice of a film: from a user's list, its neighbours in it, or by a search through all titles."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from app import state, widgets, words
from app.map_facts import MOST_MATCHES, found

_FILM = "listed_film"


def list_field(catalogue, listed: np.ndarray, item: int | None) -> None:
    """The films of a user's list with their places, and the film that is shown where it is none of them."""
    ids = {str(catalogue.ids[film]): f"{catalogue.titles[film]} · #{place + 1}" for place, film in enumerate(listed)}
    shown = None if item is None else str(catalogue.ids[item])
    names = ids if shown is None or shown in ids else {shown: catalogue.titles[item]} | ids
    st.session_state[_FILM] = shown
    look = {"format_func": lambda film: names.get(film, str(film)), "placeholder": "Choose a film", "width": 360}
    st.selectbox("Film", list(names), key=_FILM, on_change=_take_film, **look)


def _take_film() -> None:
    if st.session_state[_FILM] is not None:
        state.change(film=st.session_state[_FILM], search="")


def step_buttons(catalogue, listed: np.ndarray, item: int | None) -> None:
    """To the film before and the film after in the list."""
    place = np.flatnonzero(listed == item)
    for name, icon, step in (("previous", "chevron_left", -1), ("next", "chevron_right", 1)):
        to = int(place[0]) + step if len(place) else -1
        there = 0 <= to < len(listed)
        film = str(catalogue.ids[listed[to]]) if there else None
        change = {"on_click": state.change, "kwargs": {"film": film, "search": ""}, "disabled": not there}
        said = f"The {name} film of the list"
        st.button("", icon=f":material/{icon}:", key=f"{name}_film", help=said if there else None, **change)


def search_field(catalogue, key: str, width: int = 300) -> None:
    """A field that searches all titles; the best of the films found is chosen."""
    st.session_state[key] = state.current().search
    look = {"icon": ":material/search:", "placeholder": "Title, e.g. matrix", "width": width}
    st.text_input("Find a film", key=key, on_change=_take_search, args=(catalogue, key), **look)


def _take_search(catalogue, key: str) -> None:
    text = st.session_state[key]
    films = catalogue.search(text)
    state.change(search=text, film=str(catalogue.ids[films[0]]) if films else state.current().film)


def matches(catalogue) -> None:
    """The films that the search found, to choose from."""
    text, film = state.current().search, state.current().film
    titles = found(catalogue, text)
    if text.strip() and not titles:
        st.markdown(f":small[:gray[No film has “{words.markdown(text)}” in its title.]]")
    if len(titles) < 2 or film not in titles:
        return
    shown = list(dict.fromkeys([*list(titles)[:MOST_MATCHES], film]))
    look = {"format_func": titles.get, "label_visibility": "collapsed", "required": True}
    st.pills("Films found", shown, **look, **widgets.bound("film"))
    if len(titles) > len(shown):
        st.markdown(f":small[:gray[and {len(titles) - len(shown)} more: type on]]")


def link(film: str) -> None:
    """The address of what is shown, with a button that copies it; nothing where the browser does not tell its own."""
    if st.context.url is None:
        return
    with st.popover("Link", icon=":material/link:", key="link"):
        st.markdown(":small[:gray[This opens what is shown here]]")
        query = urlencode(state.to_address(replace(state.current(), film=film)))
        st.code(f"{st.context.url}?{query}", language=None, wrap_lines=True)

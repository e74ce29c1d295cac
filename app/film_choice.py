"""The choice of a film: from a user's list, its neighbours in it, or by a search through all titles."""

from __future__ import annotations

import random

import numpy as np
import streamlit as st

from app import shortcuts, state, widgets, words
from app.maps.facts import MOST_MATCHES, found

_FILM = "listed_film"


def list_field(catalogue, listed: np.ndarray, item: int | None) -> None:
    """The films of a user's list with their places, and the film that is shown where it is none of them."""
    ids = {str(catalogue.ids[film]): f"{catalogue.titles[film]} · #{place + 1}" for place, film in enumerate(listed)}
    shown = None if item is None else str(catalogue.ids[item])
    names = ids if shown is None or shown in ids else {shown: catalogue.titles[item]} | ids
    st.session_state[_FILM] = shown
    look = {"format_func": lambda film: names.get(film, str(film)), "placeholder": "Choose a film", "width": 330}
    st.selectbox("Film", list(names), key=_FILM, on_change=_take_film, **look)


def _take_film() -> None:
    if st.session_state[_FILM] is not None:
        state.change(film=st.session_state[_FILM], search="")


def step_buttons(catalogue, listed: np.ndarray, item: int | None) -> None:
    """To the film before and the film after in the list."""
    place = np.flatnonzero(listed == item)
    steps = (
        ("previous", "chevron_left", -1, shortcuts.PREVIOUS_FILM),
        ("next", "chevron_right", 1, shortcuts.NEXT_FILM),
    )
    for name, icon, step, shortcut in steps:
        to = int(place[0]) + step if len(place) else -1
        there = 0 <= to < len(listed)
        film = str(catalogue.ids[listed[to]]) if there else None
        change = {"on_click": state.change, "kwargs": {"film": film, "search": ""}, "disabled": not there}
        text = f"The {name} film of the list"
        change |= {"help": shortcut.hint(text) if there else None, "shortcut": shortcut.key}
        st.button(text, icon=f":material/{icon}:", key=f"{name}_film", **change)


def search_field(catalogue, key: str, width: int = 300) -> None:
    """A field that searches all titles; the best of the films found is chosen."""
    st.session_state[key] = state.current().search
    look = {"icon": ":material/search:", "placeholder": "Title, e.g. matrix", "width": width}
    st.text_input(shortcuts.FIND_FIELD, key=key, on_change=_take_search, args=(catalogue, key), **look)


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


def open_film(catalogue, item: int) -> None:
    """Go to the page of a film, by its item number."""
    state.change(film=str(catalogue.ids[item]), search="")
    st.switch_page(widgets.page_file("film"))


def film_button(catalogue, item: int, key: str = "film_page") -> None:
    """A button that goes to the page of a film."""
    if st.button("The film’s page", icon=":material/theaters:", key=key):
        open_film(catalogue, item)


def take_opened(catalogue, key: str) -> None:
    """Choose the film whose row was just opened in a list; for the list's callback."""
    item = st.session_state[key].get("opened")
    if item is not None and 0 <= int(item) < len(catalogue):
        state.change(film=str(catalogue.ids[int(item)]), search="")


def random_button(catalogue) -> None:
    """A button that chooses any other film."""
    draw = {"on_click": _draw_film, "args": (catalogue,), "help": f"Any of the {len(catalogue):,} films"}
    st.button("Random film", icon=":material/shuffle:", key="random_film", disabled=len(catalogue) < 2, **draw)


def _draw_film(catalogue) -> None:
    others = [film for film in map(str, catalogue.ids) if film != state.current().film]
    state.change(film=random.choice(others), search="")

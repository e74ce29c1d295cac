"""The film in a dialog: its facts, what each factor says for this user, its place on the maps."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import cached, film_choice, posters, state, widgets, words
from app import recommend_facts as facts
from app.film import views


def film(chosen, user, found, item: int) -> None:
    """Open the dialog of a film, by its item number."""
    # A dialog's title is Markdown, so a title from data is made plain.
    st.dialog(words.markdown(chosen.catalogue.titles[item]), width="medium")(_film)(chosen, user, found, item)


def _film(chosen, user, found, item: int) -> None:
    beside = st.container()
    if state.current().posters:
        poster, beside = st.columns([1, 2.6], gap="medium")
        with poster:
            posters.draw(chosen, item)
    with beside:
        widgets.table(facts.film_facts(chosen, user, found, item))
    with st.container(horizontal=True):
        if item in found.items and st.button("Why this film?", icon=":material/manage_search:", key="why"):
            state.change(film=str(chosen.catalogue.ids[item]), search="")
            st.switch_page(widgets.page_file("explain"))
        film_choice.film_button(chosen.catalogue, item)
    place = np.flatnonzero(found.items == item)
    if len(place) and found.factors:
        rule = "Against an empty profile; the raw values are natural logarithms and sum to the log score"
        widgets.section("What each part of the model adds", rule)
        widgets.numbers(facts.film_factors(found, int(place[0])), ["Log factor", "Empty profile"], key="film_factors")
    views.places(chosen, cached.maps(chosen, state.current().distance), item)

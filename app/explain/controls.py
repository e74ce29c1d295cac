"""The row of choices on the Explain page: which film; and what can be taken away from it."""

from __future__ import annotations

import streamlit as st

from app import dialogs, film_choice
from app.explain import cached as explain_cached
from app.explain import tables as explain_tables


def controls(chosen, user, about) -> None:
    """The row of choices: a film of the list, its neighbours, any other film; the downloads on the right."""
    catalogue, item = chosen.catalogue, about.item
    with st.container(horizontal=True, vertical_alignment="bottom"):
        film_choice.list_field(catalogue, about.listed.items, item)
        film_choice.step_buttons(catalogue, about.listed.items, item)
        film_choice.search_field(catalogue, "explain_search", 200)
        if item is not None and st.button("Film facts", icon=":material/movie:", key="about_film"):
            dialogs.film(chosen, user, about.listed, item, why=False)
        st.space("stretch")
        if about.reasons is not None:
            downloads(chosen, user, about)
        if item is not None:
            film_choice.link(str(catalogue.ids[item]))
    film_choice.matches(catalogue)


def downloads(chosen, user, about) -> None:
    """The films of the history as CSV, everything as JSON; made when they are asked for."""
    name = f"explanation-{chosen.name}-{user.id}-{chosen.catalogue.ids[about.item]}"
    whose = explain_tables.provenance(chosen, user, about.item, about.seen)

    def as_csv() -> str:
        return explain_tables.as_csv(explain_cached.history_frame(chosen, about.reasons, about.place), whose)

    def as_json() -> str:
        return explain_tables.as_json(explain_cached.record(chosen, about.history, about.reasons, about.place), whose)

    for kind, make, icon in (("csv", as_csv, "download"), ("json", as_json, "data_object")):
        look = {"icon": f":material/{icon}:", "on_click": "ignore", "key": f"download_{kind}"}
        st.download_button(kind.upper(), make, f"{name}.{kind}", **look)

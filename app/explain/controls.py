"""The row of choices on the Explain page: which film; and what can be taken away from it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import exports, film_choice, report_button
from app.explain import cached as explain_cached
from app.explain import tables as explain_tables


def controls(chosen, user, about) -> None:
    """The row of choices: a film of the list, its neighbours, any other film; the downloads on the right."""
    catalogue, item = chosen.catalogue, about.item
    with st.container(horizontal=True, vertical_alignment="bottom"):
        film_choice.list_field(catalogue, about.listed.items, item)
        film_choice.step_buttons(catalogue, about.listed.items, item)
        film_choice.search_field(catalogue, "explain_search", 160)
        if item is not None:
            film_choice.film_button(catalogue, item, "explained_film_page")
        st.space("stretch")
        if about.reasons is not None:
            with exports.menu():
                downloads(chosen, user, about)
                report_button.report_offer(chosen, user.id, str(catalogue.ids[item]))
    film_choice.matches(catalogue)


def downloads(chosen, user, about) -> None:
    """The films of the history as CSV, everything as JSON; made when they are asked for."""
    name = f"explanation-{chosen.name}-{user.id}-{chosen.catalogue.ids[about.item]}"
    film = chosen, user, about.item, about.seen
    whose, command = explain_tables.whose(*film), explain_tables.command(*film)

    def frame() -> pd.DataFrame:
        return explain_tables.named(explain_cached.history_frame(chosen, about.reasons, about.place), whose)

    def record() -> dict:
        return whose | explain_cached.record(chosen, about.history, about.reasons, about.place)

    exports.download_csv(frame, name, command, "History as CSV", key="download_csv", width="stretch")
    exports.download_json(record, name, command, "Explanation as JSON", key="download_json", width="stretch")

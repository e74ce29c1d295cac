"""Why this film? The parts of the model, the films of the history, and the test of both by leaving films out."""

from __future__ import annotations

import streamlit as st

from app import links, state, user_choice, widgets
from app.explain import controls, facts, views, words
from app.explain.subject import subject


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    user = user_choice.chosen_user(chosen) if chosen is not None else None
    if user is None:
        return
    with st.spinner(facts.waiting(user)):  # seen only where it takes a while
        about = subject(chosen, user, state.current())
    if about.item is not None:
        links.pin(film=str(chosen.catalogue.ids[about.item]))
    case = None if about.reasons is None else facts.case(chosen, about.reasons, about.place)
    question = facts.question(chosen, user, about.item, case, state.current().film)
    widgets.title(question, None if case is None else words.answer(case))
    widgets.device_note(chosen)
    if about.remark:
        widgets.notice(about.remark)
    if about.seen and case is None and not chosen.is_bundle:
        ask = {"on_click": state.change, "kwargs": {"as_if": "unseen"}, "icon": ":material/visibility_off:"}
        st.button("Explain it as if unseen", key="as_if_unseen", **ask)
    controls.controls(chosen, user, about)
    if case is not None:
        views.explained(chosen, about, case)


page()

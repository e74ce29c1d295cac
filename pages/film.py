"""What does the model make of this film? Asked for alone, by path; its neighbours; who likes it; a user’s place."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app import cached, state, widgets, words
from app.film import cached as film_cached
from app.film import facts, subject, tables, views
from vasp_models.data.describing import standing


@dataclass(frozen=True)
class Scene:
    """All that is known of the film: what the model answers, its neighbours, its users, its places."""

    found: object
    maps: object
    near: dict
    who: object
    stands: object
    user: object


def scene(chosen, user, item: int) -> Scene:
    """Ask for everything that the page shows."""
    found = subject.answers(chosen, item)
    maps = cached.maps(chosen, state.current().distance) if found.covered and found.moved else None
    near = {} if maps is None or maps.row(item) is None else tables.nearest(maps, item)
    who = film_cached.audience(chosen, item)
    stands = standing(subject.popularity(chosen), item)
    return Scene(found, maps, near, who, stands, subject.for_user(chosen, user, item))


def no_film(chosen) -> None:
    """The page of an id that this checkpoint does not have."""
    film = str(state.current().film)
    widgets.title(f"There is no film {words.markdown(film)} here")
    widgets.notice(facts.no_film(chosen.catalogue, film))
    views.controls(chosen, None, None)


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    user = subject.user_of(chosen)
    item = subject.film_of(chosen, user)
    if item is None:
        no_film(chosen)
        return
    with st.spinner("Asking the model about this film alone …"):
        shown = scene(chosen, user, item)
    widgets.title(facts.question(chosen.catalogue, item), facts.answer(chosen.catalogue, shown.found, shown.who))
    widgets.device_note(chosen)
    views.controls(chosen, item, shown)
    drift = subject.drift(shown.maps, item)
    views.head(chosen, item, facts.metrics(shown.who, shown.stands, shown.found, drift, shown.user))
    if remark := facts.unmoved(shown.found):
        widgets.notice(remark)
    else:
        views.recommended(chosen, shown.found)
        views.nearest(chosen, shown.maps, shown.near, item)
    left, right = st.columns(2, gap="large")
    with left:
        views.popularity(chosen, subject.popularity(chosen), item, shown.stands)
    with right:
        views.likers(shown.who)
    views.shared(chosen, item, shown.who)
    views.places(chosen, shown.maps, item)
    with widgets.fold():
        st.markdown(facts.HOW)


page()

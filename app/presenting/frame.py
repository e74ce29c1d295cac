"""Into the tour, through it and out of it: the bar at the foot of the page, and which step a page is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import components, shortcuts, state, widgets
from app.presenting import facts, slides
from vasp_models.errors import VaspLensError


def enter_button(chosen) -> None:
    """The button that begins the tour, with the user of all pages."""
    look = {"icon": ":material/slideshow:", "help": shortcuts.PRESENT.hint("A guided tour in large type")}
    st.button("Present", key="present", on_click=_begin, args=(chosen,), shortcut=shortcuts.PRESENT.key, **look)


def _begin(chosen) -> None:
    first = _tour(chosen)
    if first:
        state.change(presenting=True, step=1, **first[0].choices)


def leave() -> None:
    """Back to the pages, on the one that the step was about."""
    state.change(presenting=False, step=state.STEPS[0])


def shown_step(chosen, page: str) -> tuple[tuple[facts.Step, ...], int] | None:
    """The tour and the place in it of the page (the name of its file); None where no tour is given.

    To go to a page that is no step ends the tour, as does a user or checkpoint that does not exist.
    """
    if not state.current().presenting:
        return None
    tour = _tour(chosen) if chosen is not None else ()
    place = facts.step_on(tour, page)
    state.settle(presenting=place is not None, step=place or state.STEPS[0])
    return None if place is None else (tour, place)


def _tour(chosen) -> tuple[facts.Step, ...]:
    try:
        return slides.tour(chosen)
    except VaspLensError:  # the page says what is wrong
        return ()


def draw(chosen, tour: Sequence[facts.Step], place: int) -> None:
    """The step and the bar below it."""
    bar(tour, place)
    with st.container(key="slide"):
        slides.DRAW[tour[place - 1].name](chosen)
    components.presenter()


def bar(tour: Sequence[facts.Step], place: int) -> None:
    """Where the tour is, and the buttons that lead on, back and out."""
    with st.bottom, st.container(key="presenter_bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{place} of {len(tour)}**\u2002:gray[{tour[place - 1].title}]")
        st.space("stretch")
        look = {"shortcut": shortcuts.LEAVE.key, "type": "tertiary", "help": shortcuts.LEAVE.hint("Leave the tour")}
        st.button("Leave", icon=":material/close:", key="presenter_leave", on_click=leave, **look)
        for text, key, to, at in (
            ("Back", "back", place - 1, place == 1),
            ("Next", "next", place + 1, place == len(tour)),
        ):
            _turn(text, key, tour, to, at)


def _turn(text: str, key: str, tour: Sequence[facts.Step], to: int, at_end: bool) -> None:
    """A button to another step, which sets every choice of it."""
    pressed = shortcuts.NEXT_STEP if key == "next" else shortcuts.PREVIOUS_STEP
    if st.button(text, key=f"presenter_{key}", disabled=at_end, shortcut=pressed.key):
        step = tour[to - 1]
        state.change(step=to, **step.choices)
        st.switch_page(widgets.page_file(step.page))

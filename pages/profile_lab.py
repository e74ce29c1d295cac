"""What if the history were different? A profile to change by hand, the list it gets, and what each change moves."""

from __future__ import annotations

import streamlit as st

from app import cached, components, recommend_facts, state, widgets
from app.lab import actions, facts
from app.lab import controls as lab_controls
from app.lab import views as lab_views
from vasp_models.errors import BundleError

PROFILE, LIST = "lab_profile", "lab_list"


def scene_of(chosen, step, before=None) -> facts.Scene:
    """The profile after a step, with the list it gets."""
    items, _ = facts.numbers(chosen.catalogue, step.profile)
    found = cached.ranking(chosen, items, state.current().rank_by)
    return facts.Scene(chosen.catalogue, items, found, step, before)


def scene_now(chosen) -> facts.Scene:
    """The profile now, with the places that its last change found."""
    *_, step = steps = actions.steps()
    before = scene_of(chosen, steps[-2]).places if len(steps) > 1 else None
    return scene_of(chosen, step, before)


def notices(chosen, scene, unmodelled) -> None:
    """What is unusual: a bundle, what was named in vain, what the last change has to say, a stranger's list."""
    now = state.current()
    unknown = facts.numbers(scene.catalogue, (*now.profile, *(now.pinned or ()), *filter(None, [now.watched])))[1]
    fixed = chosen.is_bundle and facts.FIXED.format(chosen.manifest["bundle"]["open"])
    for text in (fixed, now.lab.note, unknown and facts.unknown_words(unknown), facts.remark(scene, unmodelled)):
        if text:
            widgets.notice(text)


def lists(scene, unmodelled, item, fixed: bool) -> None:
    """The profile and the list it gets, side by side; rows watch and, unless `fixed`, add and remove."""
    catalogue, k = scene.catalogue, state.current().k
    left, right = st.columns([1, 3.05], gap="medium")

    def on(key, trigger, act):
        return lambda: actions.on_row(catalogue, key, trigger, act)

    with left:
        newest = scene.profile[::-1]
        widgets.section("Profile", facts.profile_words(scene, len(unmodelled)))
        data = components.history_list(catalogue, newest[: facts.MOST_ROWS], unmodelled, widgets.theme())
        data |= {"label": "Films of the profile", "none": facts.NO_FILM, "marked": item}
        data |= {} if fixed else {"action": components.REMOVE}
        remove = on(PROFILE, "acted", lambda film: actions.remove(catalogue, film))
        components.film_list(data, PROFILE, on(PROFILE, "opened", actions.watch), remove)
    with right:
        shown = facts.top(scene.found, k)
        lifts = recommend_facts.lifts(shown)
        rules = recommend_facts if fixed else facts
        widgets.section("Recommended now", rules.LIFT_RULE if lifts else rules.SCORE_RULE)
        data = components.recommendation_list(catalogue, shown, lifts, None, widgets.theme())
        data = (data if fixed else components.changing(data, facts.moves(scene, shown.items))) | {"marked": item}
        add = on(LIST, "acted", lambda film: actions.add(catalogue, film))
        components.film_list(data, LIST, on(LIST, "opened", actions.watch), add)


@st.fragment
def lab(chosen) -> None:
    """All of the page that changes, run again alone by its own controls, so that a click is answered at once."""
    try:
        bench(chosen)
    except BundleError as error:  # a link or a file named a profile whose list is not stored
        widgets.problem(error)
        st.button("Start empty", on_click=actions.forget, key="lab_forget")


def bench(chosen) -> None:
    """The profile, its list, and what can be done with both."""
    state.write_address()
    now = state.current()
    if now.rank_by not in ("joint", *cached.parts(chosen)):  # a link may name a part that another model has
        now = state.settle(rank_by="joint")
    scene = scene_now(chosen)
    unmodelled = facts.unmodelled(scene, cached.ranking(chosen, scene.profile[:0], now.rank_by))
    item = next(iter(facts.numbers(chosen.catalogue, filter(None, [now.watched]))[0].tolist()), None)
    with st.container(key="lab_answer"), st.container(key="answer"):
        st.markdown(facts.answer(scene, item, now.k))
    above = st.container()
    lists(scene, unmodelled, item, chosen.is_bundle)  # sent first, because it is what a click waits for
    with above:
        notices(chosen, scene, unmodelled)
        lab_controls.starts(chosen, scene)
        lab_controls.finder(chosen, scene)
        lab_views.watched(scene, item)
    if item is not None:
        lab_views.way(chosen, scene, [(step, scene_of(chosen, step).found) for step in actions.steps()], item)
    if now.pinned is not None:
        lab_views.compared(scene_of(chosen, state.Step("link", "", now.pinned)), scene, now.k)


def page() -> None:
    """Draw the page."""
    if (chosen := widgets.chosen_checkpoint()) is None:
        return
    widgets.title(facts.QUESTION)
    widgets.device_note(chosen)
    lab(chosen)
    with widgets.fold():
        st.markdown(facts.HOW)


page()

"""What can be done in the profile lab: each changes the state, and all are called by widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from app import recommend_facts, state, widgets, words
from app.lab import facts, files
from app.state import Lab, Step
from vasp_models.errors import DataError, UnknownUserError

MOST_STEPS = 30
EMPTY = "an empty profile"
OTHER_DATA = "The profile was made of the films of another data set, where ids mean other films: it starts empty here."


def settle(chosen) -> None:
    """Leave a profile behind that belongs to the data set of another checkpoint."""
    now, data = state.current(), chosen.manifest["dataset"]
    data = data.get("fingerprint") or data["name"]
    if now.lab.data is None:
        state.settle(lab=replace(now.lab, data=data))
    elif now.lab.data != data:
        lost = bool(now.profile or now.pinned or now.watched)
        state.settle(profile=(), pinned=None, watched=None, lab=Lab(data=data, note=OTHER_DATA if lost else ""))


def steps() -> tuple[Step, ...]:
    """The steps that led to the profile; one alone where it came by a link."""
    now = state.current()
    ends = [n for n, step in enumerate(now.lab.steps, 1) if step.profile == now.profile]
    if ends:  # not the last one after the browser's button back
        return now.lab.steps[: ends[-1]]
    return (Step("link", "", now.profile) if now.profile else Step("start", EMPTY, ()),)


def _take(step: Step, note: str = "", **changes: object) -> None:
    taken = steps() if steps()[-1] == step else (*steps(), step)[-MOST_STEPS:]
    state.change(profile=step.profile, lab=replace(state.current().lab, steps=taken, note=note, **changes))


def _known(catalogue) -> tuple[str, ...]:
    return facts.ids_of(catalogue, facts.numbers(catalogue, state.current().profile)[0])


def add(catalogue, film: str) -> None:
    """Add a film (id) to the profile."""
    profile = _known(catalogue)
    if film not in profile:  # the second click of two on one row
        _take(Step("add", film, (*profile, film)))


def remove(catalogue, film: str) -> None:
    """Remove a film (id) from the profile."""
    profile = _known(catalogue)
    if film in profile:
        _take(Step("remove", film, tuple(item for item in profile if item != film)))


def start(what: str, profile: Sequence[str]) -> None:
    """Start from a profile; `what` names it in a sentence."""
    _take(Step("start", what, tuple(profile)))


def forget() -> None:
    """Leave all steps behind: an empty profile, nothing pinned or watched."""
    lab = replace(state.current().lab, steps=(), note="")
    state.change(profile=(), pinned=None, watched=None, lab=lab)


def start_from_user(chosen, user) -> None:
    """Start from a user's history, the film that is listed first as the last one added."""
    films = recommend_facts.ordered_history(chosen, user)[0][::-1]
    start(f"the {words.count(len(films), 'film')} of user {user.id}", facts.ids_of(chosen.catalogue, films))


def start_from_persona(catalogue, key: str) -> None:
    """Start from the persona that was chosen in a menu."""
    if persona := st.session_state[key]:
        films = facts.persona_films(catalogue, persona)
        start(facts.personas(catalogue)[persona], facts.ids_of(catalogue, films))


def is_user(chosen, profile: np.ndarray) -> bool:
    """Whether the profile (item numbers) is the history of the user of all pages, whose films can be explained."""
    try:
        return set(chosen.users.find(state.current().user).history.tolist()) == set(profile.tolist())
    except UnknownUserError:
        return False


def undo() -> None:
    """Take the last step back."""
    earlier = steps()[:-1]
    if earlier:
        lab = replace(state.current().lab, steps=earlier, note="")
        state.change(profile=earlier[-1].profile, lab=lab)


def pin(catalogue) -> None:
    """Pin the profile as A."""
    state.change(pinned=_known(catalogue))


def unpin() -> None:
    """Forget A."""
    state.change(pinned=None)


def swap(catalogue) -> None:
    """Go on with A, and pin the profile instead."""
    mine, pinned = _known(catalogue), state.current().pinned or ()
    _take(Step("start", "the pinned profile", pinned))
    state.change(pinned=mine)


def search(key: str) -> None:
    """Look for a title; the best match is chosen."""
    state.change(lab=replace(state.current().lab, search=st.session_state[key] or "", match=None))


def choose(key: str) -> None:
    """Choose one of the films that were found."""
    state.change(lab=replace(state.current().lab, match=st.session_state[key]))


def watch(film: str | None) -> None:
    """Watch a film (id), or none."""
    state.change(watched=film)


def on_row(catalogue, key: str, trigger: str, act) -> None:
    """What a list's row asks for: `trigger` is opened or acted, `act` takes the film's id."""
    item = st.session_state[key].get(trigger)
    if item is not None and 0 <= int(item) < len(catalogue):
        act(str(catalogue.ids[int(item)]))


def load(chosen, key: str) -> None:
    """Take the profile of the file that was just uploaded, or say why not."""
    file = st.session_state[key]
    if file is None:
        return
    uploads = state.current().lab.uploads + 1  # a new widget: the next file is taken even if it is the same
    try:
        saved = files.read(file.getvalue(), file.name)
    except DataError as error:
        state.change(lab=replace(state.current().lab, note=widgets.sentence(str(error)), uploads=uploads))
        return
    catalogue, about = chosen.catalogue, chosen.manifest["dataset"]
    items, unknown = facts.numbers(catalogue, saved.ids)
    note = files.loaded_words(saved, facts.unknown_words(unknown) if unknown else "", about)
    what = f"the {words.count(len(items), 'film')} of {file.name}"
    _take(Step("start", what, facts.ids_of(catalogue, items)), note, uploads=uploads)

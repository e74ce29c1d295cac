"""What the Diagnostics page does: look, verify, clear."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import cached, state, timings, words
from app.diagnostics import facts
from vasp_models import diagnostics
from vasp_models.diagnostics import Check, Diagnosis, caches, machine, stock
from vasp_models.errors import VaspLensError

_VERIFIED, _SAID = "diagnostics_verified", "diagnostics_said"
_FRESH = 20  # seconds for which what was found is shown again


def examined() -> Diagnosis:
    """All checks, with the device and the times of this program."""
    found = _examined(tuple(cached.checkpoint_names()))
    sections = {**found.sections, "Machine": [_device(), *found.sections["Machine"]]}
    return replace(found, sections={**sections, facts.SESSION: session()})


@st.cache_data(ttl=_FRESH, max_entries=4, show_spinner=False)
def _examined(names: tuple[str, ...]) -> Diagnosis:
    return diagnostics.examine(names)


def look_again() -> None:
    """Forget what was found."""
    _examined.clear()


def session() -> list[Check]:
    """How long the model took for its answers."""
    return facts.session(timings.known())


def _device() -> Check:
    mine = cached.in_memory(chosen()) if has_checkpoint() else None
    return machine.device(cached.wanted_device(), mine and mine.device, mine and mine.note)


def chosen():
    """The checkpoint in the state; raises what opening it raises."""
    return cached.checkpoint(state.current().checkpoint)


def has_checkpoint() -> bool:
    """Whether the chosen checkpoint can be opened."""
    try:
        return state.current().checkpoint is not None and chosen() is not None
    except VaspLensError:
        return False


def verify() -> None:
    """Read every file of the checkpoints that can be opened, with a bar that says which."""
    done: list[Check] = []
    found = [each.checkpoint for each in stock.checkpoints(cached.checkpoint_names()) if each.checkpoint is not None]
    bar = st.progress(0.0, "Reading the files")
    for place, checkpoint in enumerate(found):

        def report(stage: str, share: float, place=place, name=checkpoint.name) -> None:
            bar.progress((place + share) / len(found), f"{words.markdown(name)}: {stage}")

        done += [replace(check, name=f"{checkpoint.name}/{check.name}") for check in stock.verify(checkpoint, report)]
    bar.empty()
    st.session_state[_VERIFIED] = done


def verified() -> list[Check]:
    """What the last verification of this session found."""
    return st.session_state.get(_VERIFIED, [])


def clear() -> None:
    """Empty Streamlit's caches and what can go of the program's own; what went is said on the next run."""
    freed = caches.clear()
    st.cache_data.clear()
    st.cache_resource.clear()
    st.session_state[_SAID] = facts.CLEARED.format(freed=freed.words)


def said() -> None:
    """Tell once what the last action did."""
    if text := st.session_state.pop(_SAID, None):
        st.toast(words.markdown(text), icon=":material/mop:")

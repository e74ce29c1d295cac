"""What the viewer has chosen: one object, kept in the session and written to the address, read by every page.

Widgets are bound to its fields (`app.widgets.bound`); no page reads the widgets of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import streamlit as st

from app.theme import MAX_FOCUS
from vasp_models.data.catalogue import PAPER_GENRES

LIST_LENGTHS = (10, 20, 50)
DISTANCES = ("paper", "lift")
COLOURINGS = ("focus", "genres")
SPLITS = ("test", "validation", "train")
_SESSION_KEY = "app_state"
_WRITTEN_KEY = "app_state_address"
_TOUCHED_KEY = "app_state_touched"


@dataclass(frozen=True)
class UserFilter:
    """Which users the random button draws from: split, length of the history, favourite genre."""

    split: str = "test"
    shortest: int = 1
    longest: int | None = None
    taste: str | None = None


@dataclass(frozen=True)
class AppState:
    """Every choice that a page or a link can make; None where the page shall choose for itself."""

    checkpoint: str | None = None
    user: str | None = None
    k: int = LIST_LENGTHS[0]
    rank_by: str = "joint"
    distance: str = "lift"
    colouring: str = "focus"
    focus: tuple[str, ...] = PAPER_GENRES
    film: str | None = None  # id in the data set
    search: str = ""
    users: UserFilter = UserFilter()


# Field -> name in the address; what is missing here is not part of a link.
_ADDRESS = {
    "checkpoint": "c",
    "user": "u",
    "k": "k",
    "rank_by": "r",
    "distance": "d",
    "colouring": "by",
    "focus": "g",
    "film": "f",
}
_ALLOWED = {"k": LIST_LENGTHS, "distance": DISTANCES, "colouring": COLOURINGS}


def to_address(state: AppState) -> dict[str, str]:
    """The query parameters of a state: what is None or the default stays out, checkpoint and user always stand."""
    default = AppState()
    query = {}
    for field, name in _ADDRESS.items():
        value = getattr(state, field)
        if value is not None and (value != getattr(default, field) or field in ("checkpoint", "user")):
            query[name] = ",".join(value) if isinstance(value, tuple) else str(value)
    return query


def from_address(query: Mapping[str, str], state: AppState) -> AppState:
    """`state` with what the query parameters say; values that are not allowed are passed over."""
    changes = {}
    for field, name in _ADDRESS.items():
        if (text := query.get(name)) in (None, ""):
            continue
        value = _parsed(field, text)
        if value is not None and value in _ALLOWED.get(field, (value,)):
            changes[field] = value
    # A user and a film belong to their checkpoint: a link to another one does not carry the old choice along.
    if changes.get("checkpoint", state.checkpoint) != state.checkpoint:
        changes = {"user": None, "film": None} | changes
    return replace(state, **changes)


def _parsed(field: str, text: str) -> object | None:
    if field == "k":
        return int(text) if text.isascii() and text.isdigit() else None
    if field == "focus":
        return tuple(dict.fromkeys(genre for genre in text.split(",") if genre))[:MAX_FOCUS] or None
    return text


def current() -> AppState:
    """The session's state."""
    return st.session_state.setdefault(_SESSION_KEY, AppState())


def change(**changes: object) -> AppState:
    """Set fields of the session's state; a change of checkpoint forgets the user and the film."""
    unknown = set(changes) - {field.name for field in fields(AppState)}
    if unknown:
        raise TypeError(f"AppState has no field {', '.join(sorted(unknown))}")
    state = current()
    if changes.get("checkpoint", state.checkpoint) != state.checkpoint:
        changes = {"user": None, "film": None, "search": "", "users": UserFilter(), "rank_by": "joint"} | changes
    st.session_state[_SESSION_KEY] = replace(state, **changes)
    st.session_state[_TOUCHED_KEY] = True
    return st.session_state[_SESSION_KEY]


def settle(**choices: object) -> AppState:
    """Fill in what the program chose for the viewer, which is no change by the viewer."""
    st.session_state[_SESSION_KEY] = replace(current(), **choices)
    return st.session_state[_SESSION_KEY]


def read_address() -> AppState:
    """Take over the address where the viewer came by a link; what was just clicked wins over an older address."""
    query = st.query_params.to_dict()
    touched = st.session_state.pop(_TOUCHED_KEY, False)
    if query and not touched and query != st.session_state.get(_WRITTEN_KEY):
        st.session_state[_SESSION_KEY] = from_address(query, current())
    return current()


def write_address() -> None:
    """Write the state to the address, so that it can be copied at any time."""
    query = to_address(current())
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN_KEY] = query

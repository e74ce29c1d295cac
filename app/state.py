"""What the viewer has chosen: one object, kept in the session and written to the address, read by every page.

Widgets are bound to its fields (`app.widgets.bound`); no page reads the widgets of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import quote, unquote

import streamlit as st

from app.theme import MAX_FOCUS
from vasp_models.data.catalogue import PAPER_GENRES

LIST_LENGTHS = (10, 20, 50)
DISTANCES = ("paper", "lift")
COLOURINGS = ("focus", "genres")
SPLITS = ("test", "validation", "train")
ORDERS = ("influence", "given")  # of the history beside the recommendations
AS_IF = ("seen", "unseen")  # a film of the history that is explained: as it stands, or with the history without it
MOST_IN_ADDRESS = 2000  # characters of a list of films: some programs that pass links on cut them not far above that
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
class Step:
    """One change of the profile: what was done (start, add, remove, load, link, undo), with what (a film's id or a
    name), and the profile after it."""

    done: str
    what: str
    profile: tuple[str, ...]


@dataclass(frozen=True)
class Lab:
    """What the profile lab remembers besides its profiles: not part of a link.

    `data` is the fingerprint of the data set whose ids the profiles hold, `note` what the last change has to say.
    """

    steps: tuple[Step, ...] = ()
    data: str | None = None
    note: str = ""
    search: str = ""
    match: str | None = None
    uploads: int = 0


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
    method: str = "joint"  # whose reasons are shown: the whole model's, or one part's
    as_if: str = AS_IF[0]
    order: str = ORDERS[0]
    metric: str = "DEL@4"  # of the methods on the page about explanation quality
    users: UserFilter = UserFilter()
    profile: tuple[str, ...] = ()  # ids in the data set, in the order in which they were added
    pinned: tuple[str, ...] | None = None
    watched: str | None = None
    lab: Lab = Lab()


# Field -> name in the address; what is missing here is not part of a link.
_ADDRESS = {
    "checkpoint": "c",
    "user": "u",
    "k": "k",
    "rank_by": "r",
    "order": "o",
    "distance": "d",
    "colouring": "by",
    "focus": "g",
    "film": "f",
    "method": "e",
    "as_if": "as",
    "metric": "m",
    "profile": "p",
    "pinned": "a",
    "watched": "w",
}
_FILMS = ("profile", "pinned")
_ALLOWED = {"k": LIST_LENGTHS, "distance": DISTANCES, "colouring": COLOURINGS, "as_if": AS_IF, "order": ORDERS}


def to_address(state: AppState) -> dict[str, str]:
    """The query parameters of a state: what is None or the default stays out, checkpoint and user always stand."""
    default = AppState()
    query = {}
    for field, name in _ADDRESS.items():
        value = getattr(state, field)
        if value is not None and (value != getattr(default, field) or field in ("checkpoint", "user")):
            query[name] = films_text(value) if field in _FILMS else _joined(value)
    return {name: text for name, text in query.items() if text is not None}


def _joined(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def films_text(ids: tuple[str, ...]) -> str | None:
    """A list of films as one word of an address, ``1-22-333`` (``-`` where it is empty); None where it is too long."""
    text = "-".join(quote(item, safe="").replace("-", "%2D") for item in ids) or "-"
    return text if len(text) <= MOST_IN_ADDRESS else None


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
    if changes.get("user", state.user) != state.user:
        changes = {"film": None} | changes
    linked = replace(state, **changes)
    moved = linked.profile != state.profile or linked.checkpoint != state.checkpoint
    if moved and "profile" in changes:  # the steps led to another profile, perhaps of another data set
        linked = replace(linked, lab=Lab())
    return linked


def _parsed(field: str, text: str) -> object | None:
    if field == "k":
        return int(text) if text.isascii() and text.isdigit() else None
    if field in _FILMS:
        return tuple(dict.fromkeys(unquote(item) for item in text.split("-") if item))
    if field == "focus":
        return tuple(dict.fromkeys(genre for genre in text.split(",") if genre))[:MAX_FOCUS] or None
    return text


def current() -> AppState:
    """The session's state."""
    return st.session_state.setdefault(_SESSION_KEY, AppState())


def change(**changes: object) -> AppState:
    """Set fields of the session's state; a change of checkpoint forgets user and film, one of the user the film."""
    unknown = set(changes) - {field.name for field in fields(AppState)}
    if unknown:
        raise TypeError(f"AppState has no field {', '.join(sorted(unknown))}")
    state = current()
    if changes.get("checkpoint", state.checkpoint) != state.checkpoint:
        changes = {"user": None, "film": None, "search": "", "users": UserFilter(), "rank_by": "joint"} | changes
    if changes.get("user", state.user) != state.user:
        changes = {"film": None, "search": ""} | changes
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

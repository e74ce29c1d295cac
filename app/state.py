"""What the viewer has chosen: one object, kept in the session and written to the address, read by every page.

Widgets are bound to its fields (`app.widgets.bound`); no page reads the widgets of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import address
from app.theme import MAX_FOCUS
from vasp_models.data.catalogue import PAPER_GENRES
from vasp_models.evaluation.found import USER_METRICS
from vasp_models.evaluation.slices import KINDS as SLICES

LIST_LENGTHS = (10, 20, 50)
DISTANCES = ("paper", "lift")
COLOURINGS = ("focus", "genres", "popularity", "year", "drift", "share")
ORDERS = ("influence", "given")  # of the history beside the recommendations
AS_IF = ("seen", "unseen")  # a film of the history that is explained: as it stands, or with the history without it
STEPS = (1, 2, 3, 4, 5)  # of the guided tour
MAX_BESIDE = 4  # checkpoints that one is compared with
_SESSION_KEY = "app_state"
_WRITTEN_KEY = "app_state_address"  # the address as it was written last; none before the first run ends
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
    selected: str = ""  # films selected on the maps: item numbers of the checkpoint, packed (app.maps.selection)
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
    posters: bool = False
    presenting: bool = False  # the guided tour, on a page with nothing but what is told
    step: int = STEPS[0]
    slice_by: str = SLICES[0]  # between which groups quality is compared
    slice_metric: str = "ndcg@100"
    slice_taste: str = ""  # the group of users that is looked at by itself: favourite genre,
    slice_mainstream: str = ""  # how well known their films are,
    slice_shortest: int = 0  # and how many films they have
    slice_longest: int = 0
    paper_data: str | None = None  # the data set on which the documents' claims are judged
    paper_recipe: str | None = None  # the published table whose rows are shown
    beside: tuple[str, ...] | None = None  # the checkpoints that are compared with the one in the sidebar
    against: str | None = None  # which of them all the others' differences are to
    compare_metric: str = "ndcg@100"


# Field -> name in the address. A new choice gets a name here, a row in _ALLOWED where its values are limited, and one
# in _WRITTEN where it is neither text, nor a number, nor a switch.
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
    "selected": "x",
    "search": "q",
    "method": "e",
    "as_if": "as",
    "metric": "m",
    "profile": "p",
    "pinned": "a",
    "watched": "w",
    "presenting": "show",
    "step": "s",
    "slice_by": "sl",
    "slice_metric": "sm",
    "slice_taste": "sg",
    "slice_mainstream": "sp",
    "slice_shortest": "sf",
    "slice_longest": "st",
    "paper_data": "pd",
    "paper_recipe": "pt",
    "beside": "b",
    "against": "v",
    "compare_metric": "cm",
}
_ALLOWED = {
    "k": LIST_LENGTHS,
    "distance": DISTANCES,
    "colouring": COLOURINGS,
    "as_if": AS_IF,
    "order": ORDERS,
    "step": STEPS,
    "slice_by": SLICES,
    "compare_metric": tuple(USER_METRICS),
}
_FILMS = (address.films_text, address.films)
_GENRES = (address.names_text, partial(address.names, most=MAX_FOCUS))
_CHECKPOINTS = (address.names_text, partial(address.names, most=MAX_BESIDE))
_WRITTEN = {"profile": _FILMS, "pinned": _FILMS, "focus": _GENRES, "beside": _CHECKPOINTS}
# What is not part of a link, and why.
NOT_IN_LINKS = {
    "users": "it narrows the next draw of a random user; the user who was drawn is in the link",
    "posters": "they need a key, which is the viewer's own",
    "lab": "how the profile came about, and what was typed on the way; the profile itself is in the link",
}
_ALWAYS = ("checkpoint", "user")  # they stand in every link, because what is the default may change


def to_address(state: AppState) -> dict[str, str]:
    """The query parameters of a state: what is None or the default stays out, checkpoint and user always stand."""
    default = AppState()
    query = {}
    for field, name in _ADDRESS.items():
        value = getattr(state, field)
        if value is not None and (value != getattr(default, field) or field in _ALWAYS):
            query[name] = _WRITTEN.get(field, address.plain(getattr(default, field)))[0](value)
    return {name: text for name, text in query.items() if text is not None}


def from_address(query: Mapping[str, str], state: AppState) -> AppState:
    """The state that the query parameters name, with the rest of `state` where no link says anything of it.

    What they leave out, and values that are not allowed, are as in a fresh state: a link is a whole view.
    """
    default = AppState()
    changes = {field: getattr(default, field) for field in _ADDRESS}
    for field, name in _ADDRESS.items():
        if text := query.get(name):
            value = _WRITTEN.get(field, address.plain(changes[field]))[1](text)
            if value is not None and value in _ALLOWED.get(field, (value,)):
                changes[field] = value
    if changes["checkpoint"] != state.checkpoint:  # perhaps of another data set, where the ids of films mean others
        changes["lab"] = Lab()
    elif changes["profile"] != state.profile:
        changes["lab"] = replace(state.lab, note="")
    return replace(state, **changes)


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
        fresh = {"user": None, "film": None, "selected": "", "search": "", "users": UserFilter(), "rank_by": "joint"}
        changes = fresh | changes
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
    """Take over the address of a link, or of an earlier view gone back to; what was just clicked wins over it."""
    query = st.query_params.to_dict()
    touched = st.session_state.pop(_TOUCHED_KEY, False)
    by_link = query and not touched and query != st.session_state.get(_WRITTEN_KEY)
    if by_link or _went_back():
        st.session_state[_SESSION_KEY] = from_address(query, current())
    return current()


def _went_back() -> bool:
    """Whether this run answers the browser's buttons back and forward."""
    run = get_script_run_ctx()
    return run is not None and run.is_history_navigation


def write_address() -> None:
    """Write the state to the address, so that it can be copied at any time.

    Not in a session's first run: Streamlit makes a step back of each address that it writes, and to open a page is
    one step. There `components.address` puts the whole address in the place of the one that was opened.
    """
    query = to_address(current())
    if _WRITTEN_KEY in st.session_state and st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def settle_address() -> tuple[str, bool]:
    """Write the state to the address at the end of a run; the address as text, and whether the session opened by it."""
    write_address()
    first = _WRITTEN_KEY not in st.session_state
    st.session_state[_WRITTEN_KEY] = query = to_address(current())
    return urlencode(query), first

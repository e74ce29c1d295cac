"""Links to what is shown: the page and its query, as an address to send and as a command that opens it again."""

from __future__ import annotations

from dataclasses import replace
import shlex
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app import state

_PAGE_KEY, _PINNED_KEY = "shown_page", "shown_pinned"


def note_page(path: str) -> None:
    """Remember which page is drawn, by its path in the address: the browser tells its own only after the run."""
    st.session_state[_PAGE_KEY], st.session_state[_PINNED_KEY] = path, {}


def pin(**choices: Any) -> None:
    """Fields of the state that the page chose by itself, such as a film, and that its links and exports shall name."""
    st.session_state[_PINNED_KEY] = choices


def pinned() -> dict[str, str]:
    """What is pinned, as it stands in an address."""
    whole, now = state.to_address(_shown()), state.to_address(state.current())
    return {name: value for name, value in whole.items() if now.get(name) != value}


def _shown() -> state.AppState:
    return replace(state.current(), **st.session_state.get(_PINNED_KEY, {}))


def view() -> str:
    """The page and its query: ``explain?c=demo&u=7``."""
    return f"{st.session_state.get(_PAGE_KEY, '')}?{urlencode(state.to_address(_shown()))}"


def opens(checkpoint: Any) -> str:
    """The command that opens a view of a checkpoint, up to the view."""
    return f"vasp-lens app {shlex.quote(checkpoint.argument)} --view"


def command(checkpoint: Any) -> str:
    """The command that opens what is shown."""
    return f"{opens(checkpoint)} {shlex.quote(view())}"

"""What the maps page draws on every run and what changes only with the maps, behind Streamlit's caches."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from app import cached
from app.maps import facts


def maps(chosen, distance: str):
    """The checkpoint’s maps for a distance, with what earlier runs derived from them; None where there are none."""
    found = cached.maps(chosen, distance)
    return None if found is None else _maps(key(found), found)


def key(found) -> str:
    """What names maps in a cache."""
    return f"{found.digest}/{found.distance}/{found.shares is not None}"


@st.cache_resource(max_entries=4, show_spinner=False)
def _maps(key: str, _found):
    return _found


@st.cache_data(max_entries=64, show_spinner=False)
def purities(key: str, focus: tuple[str, ...] | None, _maps, _catalogue) -> dict:
    """`facts.purities`."""
    return facts.purities(_maps, _catalogue, focus)


@st.cache_resource(max_entries=4, show_spinner=False)
def points(key: str, _maps, _catalogue) -> pa.Table:
    """`facts.points`, the same object on every run."""
    return facts.points(_maps, _catalogue)


@st.cache_data(max_entries=8, show_spinner=False)
def labels(key: str, _maps, _catalogue) -> list[dict]:
    """`facts.labels`."""
    return facts.labels(_maps, _catalogue)

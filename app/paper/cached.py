"""What was measured of the documents' claims, read again when a table changes."""

from __future__ import annotations

import streamlit as st

from app import notices
from vasp_models import results
from vasp_models.published import reproduced
from vasp_models.published.reproduced import Measured


def measured() -> list[Measured]:
    """Everything measured: on this machine, then by the project; damaged tables are named in a notice."""
    seen = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(results.folder().glob("*.*")))
    found, damaged = _measured(str(results.folder()), seen)
    for sentence in damaged:
        notices.problem("benchmarks", sentence)
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _measured(folder: str, seen: tuple) -> tuple[list[Measured], list[str]]:
    damaged: list[str] = []
    return [*reproduced.here(damaged.append), *reproduced.projects()], damaged

"""What the Compare page asks for, kept from run to run: manifests, measures, and every model's list for one user."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from app import cached
from vasp_models import answering, checkpoints, measures, places
from vasp_models.comparing import KIND

_KEPT = 256 * 2**20  # bytes; a larger model is asked and let go, so that five of them need no machine of their own


def manifest(name: str) -> dict[str, Any] | None:
    """What a checkpoint says of itself, without its files being looked at; None where that cannot be read."""
    path = places.checkpoint_folder(name) / checkpoints.MANIFEST
    return _manifest(str(path), path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_data(max_entries=256, show_spinner=False)
def _manifest(path: str, changed: int) -> dict[str, Any] | None:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        known = isinstance(found["dataset"], dict) and isinstance(found["protocol"], dict) and found["files"]
        return found if known and found["title"] and found["dataset"]["name"] and found["protocol"]["name"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_measured(name: str, about: dict[str, Any]) -> bool:
    """Whether there is a file of the measure that is compared; it is not read."""
    try:
        return any(path.exists() for path in measures.paths(_named(name, about), KIND))
    except (KeyError, TypeError):
        return False


def _named(name: str, about: dict[str, Any]) -> checkpoints.Checkpoint:
    return checkpoints.Checkpoint(places.checkpoint_folder(name), about)


def measure(chosen, notice: Callable[[str], None]) -> dict | None:
    """What was measured last on a checkpoint; damaged files are told to `notice`."""
    files = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in measures.paths(chosen, KIND))
    found, told = _measure(chosen.digest, files, chosen)
    for sentence in told:
        notice(sentence)
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def _measure(digest: str, files: tuple[int, ...], _chosen) -> tuple[dict | None, list[str]]:
    told: list[str] = []
    return measures.find(_chosen, KIND, told.append), told


def ranked(chosen, history: np.ndarray) -> np.ndarray:
    """Every film that a model ranks for a history, best first: item numbers, int64."""
    return _ranked(chosen.content, cached.as_key(history), chosen)


@st.cache_data(max_entries=64, show_spinner=False)
def _ranked(content: str, history: bytes, _chosen) -> np.ndarray:
    return _answers(_chosen).recommend(cached.from_key(history), len(_chosen.catalogue)).items.astype(np.int64)


def _answers(chosen):
    """Who answers, without pushing the sidebar's model out of memory."""
    if (there := cached.in_memory(chosen)) is not None:
        return there
    size = sum(facts["bytes"] for facts in chosen.manifest["files"].values())
    if size > _KEPT:
        return answering.open(chosen, cached.wanted_device())
    return _opened(chosen.content, cached.wanted_device(), chosen)


@st.cache_resource(max_entries=5, show_spinner=False)
def _opened(content: str, device: str, _chosen):
    return answering.open(_chosen, device)

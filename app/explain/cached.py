"""Explanations behind Streamlit's caches: one batch for a user's whole list, then questions film by film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from app import cached
from vasp_models.answering import Reasons

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.explanations.curves import DeletionCurve
    from vasp_models.explanations.interactions import PairInteractions
    from vasp_models.explanations.removals import Removal


def reasons(chosen: Checkpoint, history: np.ndarray, items: np.ndarray) -> Reasons:
    """The reasons for some unseen films (item numbers) of one history. Raises ExplanationError."""
    return _reasons(chosen.content, cached.as_key(history), cached.as_key(items), chosen)


@st.cache_resource(max_entries=64, show_spinner=False)
def _reasons(content: str, history: bytes, items: bytes, _chosen: Checkpoint) -> Reasons:
    return cached.loaded(_chosen).reasons(cached.from_key(history), cached.from_key(items))


def effects(chosen: Checkpoint, history: np.ndarray, items: np.ndarray) -> np.ndarray:
    """How much each film of the history matters to a list: its mean absolute leave-one-out effect, float64 (h)."""
    return cached.loaded(chosen).effects(history, items)


def curve(chosen: Checkpoint, history: np.ndarray, item: int) -> DeletionCurve:
    """What becomes of a film while its strongest reasons go, by leave-one-out, and in random orders."""
    return _curve(chosen.content, cached.as_key(history), int(item), chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _curve(content: str, history: bytes, item: int, _chosen: Checkpoint) -> DeletionCurve:
    return cached.loaded(_chosen).curve(cached.from_key(history), item)


def removals(chosen: Checkpoint, history: np.ndarray, item: int) -> dict[int, Removal | None]:
    """The smallest removals that take a film off the first place, and out of the top 10."""
    return _removals(chosen.content, cached.as_key(history), int(item), chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _removals(content: str, history: bytes, item: int, _chosen: Checkpoint) -> dict[int, Removal | None]:
    return cached.loaded(_chosen).removals(cached.from_key(history), item)


def pairs(chosen: Checkpoint, history: np.ndarray, item: int) -> PairInteractions:
    """How the ten strongest films of the history act together on a film."""
    return _pairs(chosen.content, cached.as_key(history), int(item), chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _pairs(content: str, history: bytes, item: int, _chosen: Checkpoint) -> PairInteractions:
    return cached.loaded(_chosen).pairs(cached.from_key(history), item)


def record(chosen: Checkpoint, history: np.ndarray, reasons: Reasons, place: int) -> dict:
    """Everything said of a film, as plain JSON."""
    from vasp_models.explanations import reporting

    item = int(reasons.found.items[place])
    more = removals(chosen, history, item), pairs(chosen, history, item)
    return reporting.record(reasons.found, place, chosen.catalogue, *more)


def history_frame(chosen: Checkpoint, reasons: Reasons, place: int) -> pd.DataFrame:
    """One row per film of the history with all methods' numbers, the strongest first."""
    from vasp_models.explanations import reporting

    return reporting.history_frame(reasons.found, place, chosen.catalogue)

"""Explanations behind Streamlit's caches: one batch for a user's whole list, then questions film by film."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from app import cached

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.explanations.curves import DeletionCurve
    from vasp_models.explanations.explaining import Explanations
    from vasp_models.explanations.interactions import PairInteractions
    from vasp_models.explanations.leave_one_out import Influence
    from vasp_models.explanations.removals import Removal


@dataclass(frozen=True)
class Reasons:
    """What the core says of some films of one user, with what a page has to know of the model.

    `parts` part -> its factors; `positive`: F is the log of a positive score, so that differences of F are factors;
    `ordered`: an empty profile tells films apart.
    """

    found: Explanations
    parts: dict[str, tuple[str, ...]]
    positive: bool
    ordered: bool = True


# Of the largest models two batches are some hundred megabytes: what is kept longer is cut to the films asked for.
@st.cache_resource(max_entries=2, show_spinner=False)
def _influence(digest: str, history: bytes, _chosen: Checkpoint) -> Influence:
    from vasp_models.explanations.leave_one_out import influence

    return cached.ask(_chosen, lambda model: influence(model, cached.from_key(history)))


def reasons(chosen: Checkpoint, history: np.ndarray, items: np.ndarray) -> Reasons:
    """The reasons for some unseen films (item numbers) of one history. Raises ExplanationError."""
    return _reasons(chosen.digest, cached.as_key(history), cached.as_key(items), chosen)


@st.cache_resource(max_entries=64, show_spinner=False)
def _reasons(digest: str, history: bytes, items: bytes, _chosen: Checkpoint) -> Reasons:
    from vasp_models.explanations.answers import has_positive_scores, parts_of
    from vasp_models.explanations.explaining import explain

    answers, films, wanted = _influence(digest, history, _chosen), cached.from_key(history), cached.from_key(items)
    found = cached.ask(_chosen, lambda model: explain(model, films, wanted, answers))
    model = cached.loaded(_chosen).model
    empty = answers.empty.sum(axis=0)
    known = np.isfinite(empty)
    ordered = known.any() and bool(np.ptp(empty[known]) > 0)
    kept = replace(found, answers=answers.only(wanted))
    return Reasons(kept, parts_of(model), has_positive_scores(model), ordered)


def effects(chosen: Checkpoint, history: np.ndarray, items: np.ndarray) -> np.ndarray:
    """How much each film of the history matters to a list: its mean absolute leave-one-out effect, float64 (h)."""
    answers = _influence(chosen.digest, cached.as_key(history), chosen)
    if not len(items):
        return np.zeros(len(history))
    return np.abs(answers.of(items).sum(axis=0)).mean(axis=1)


def curve(chosen: Checkpoint, history: np.ndarray, item: int) -> DeletionCurve:
    """What becomes of a film while its strongest reasons go, by leave-one-out, and in random orders."""
    return _curve(chosen.digest, cached.as_key(history), int(item), chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _curve(digest: str, history: bytes, item: int, _chosen: Checkpoint) -> DeletionCurve:
    from vasp_models.explanations.curves import deletion_curve

    films, effect = cached.from_key(history), _joint(digest, history, item, _chosen)
    order = np.argsort(-effect, kind="stable")
    return cached.ask(_chosen, lambda model: deletion_curve(model, films, item, order))


def _joint(digest: str, history: bytes, item: int, chosen: Checkpoint) -> np.ndarray:
    """Leave-one-out effects on one film, float64 (h)."""
    return _influence(digest, history, chosen).of(np.array([item])).sum(axis=0)[:, 0]


def removals(chosen: Checkpoint, history: np.ndarray, item: int) -> dict[int, Removal | None]:
    """The smallest removals that take a film off the first place, and out of the top 10."""
    return _removals(chosen.digest, cached.as_key(history), int(item), chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _removals(digest: str, history: bytes, item: int, _chosen: Checkpoint) -> dict[int, Removal | None]:
    from vasp_models.explanations.removals import removals as search
    from vasp_models.explanations.reporting import TOPS

    answers = _influence(digest, history, _chosen)
    return cached.ask(_chosen, lambda model: search(model, cached.from_key(history), item, TOPS, found=answers))


def pairs(chosen: Checkpoint, history: np.ndarray, item: int) -> PairInteractions:
    """How the ten strongest films of the history act together on a film."""
    return _pairs(chosen.digest, cached.as_key(history), int(item), chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _pairs(digest: str, history: bytes, item: int, _chosen: Checkpoint) -> PairInteractions:
    from vasp_models.explanations.interactions import pair_interactions, strongest

    positions = strongest(_joint(digest, history, item, _chosen))
    return cached.ask(_chosen, lambda model: pair_interactions(model, cached.from_key(history), item, positions))


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

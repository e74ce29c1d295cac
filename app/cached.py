"""Core functions behind Streamlit's caches: what a page shows is computed once, and torch comes only with a model."""

from __future__ import annotations

from collections.abc import Callable
import gc
import json
import os
from pathlib import Path
import shlex
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
import streamlit as st

from app import timings
from vasp_models import answering, checkpoints, measures, places
from vasp_models.data import choosing
from vasp_models.errors import CheckpointError

if TYPE_CHECKING:
    from vasp_models.answering import Answers
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.jobs import Job
    from vasp_models.projections.maps import SensitivityMaps
    from vasp_models.recommending import Recommendations

CHECKPOINTS_VARIABLE = "VASP_LENS_CHECKPOINTS"
DEVICE_VARIABLE = "VASP_LENS_DEVICE"
_IN_MEMORY: WeakValueDictionary[str, Answers] = WeakValueDictionary()  # key -> what the cache below still holds


def checkpoint_names() -> list[str]:
    """Names or folders of the checkpoints to offer: those that `vasp-lens app` was given, else all that are there."""
    given = [name for name in os.environ.get(CHECKPOINTS_VARIABLE, "").split(os.pathsep) if name]
    if given:
        return list(dict.fromkeys(given))
    return checkpoints.names()


def checkpoint(name: str) -> Checkpoint:
    """A checkpoint that is offered, read again when its folder was replaced.

    Raises CheckpointError, also for one that is not offered: a link opens no other folder of this machine.
    """
    offered = checkpoint_names()
    if name not in offered:
        raise CheckpointError(
            f"There is no checkpoint {name!r} here: expected one of: {', '.join(offered) or 'none'}; "
            f"`vasp-lens app {shlex.quote(name)}` opens one that this dashboard was not started for."
        )
    folder = places.checkpoint_folder(name)
    changed = folder.stat().st_mtime_ns if folder.exists() else 0
    return _checkpoint(name, str(folder), changed)


@st.cache_resource(max_entries=8, show_spinner=False)
def _checkpoint(name: str, folder: str, changed: int) -> Checkpoint:
    return checkpoints.load(name)


def label(name: str) -> str | None:
    """A checkpoint as people read it, from its manifest alone; None where that cannot be read."""
    manifest = places.checkpoint_folder(name) / checkpoints.MANIFEST
    return _label(str(manifest), manifest.stat().st_mtime_ns) if manifest.is_file() else None


@st.cache_data(max_entries=256, show_spinner=False)
def _label(manifest: str, changed: int) -> str | None:
    try:
        about = json.loads(Path(manifest).read_text(encoding="utf-8"))
        return checkpoints.Checkpoint(Path(manifest).parent, about).label
    except (OSError, ValueError, KeyError, TypeError):
        return None


def wanted_device() -> str:
    """The device asked for: auto, cpu, cuda or mps."""
    return os.environ.get(DEVICE_VARIABLE, "auto")


def loaded(chosen: Checkpoint) -> Answers:
    """Who answers for a checkpoint: its bundle or model, on the CPU where the device asked for is absent or full."""
    _IN_MEMORY[chosen.content] = found = _loaded(chosen.content, wanted_device(), chosen)
    return found


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(content: str, wanted: str, _chosen: Checkpoint) -> Answers:
    found = timings.opened(lambda: answering.open(_chosen, wanted))
    # Streamlit collects garbage after each run, while the answer is on its way to the browser: that takes .15 s with
    # torch in memory, and none where what is there to stay is left out.
    gc.collect()
    gc.freeze()
    return found


def in_memory(chosen: Checkpoint) -> Answers | None:
    """Who answers for a checkpoint where that was loaded before, else None."""
    return _IN_MEMORY.get(chosen.content)


def as_key(films: np.ndarray) -> bytes:
    """Item numbers as a key of a cache."""
    # Streamlit hashes a tuple number by number: for 2,000 films that takes longer than the answer.
    return np.asarray(films, dtype=np.int64).tobytes()


def from_key(key: bytes) -> np.ndarray:
    """The item numbers of a key, int64, read-only."""
    return np.frombuffer(key, dtype=np.int64)


def recommendations(chosen: Checkpoint, history: np.ndarray, k: int, rank_by: str) -> Recommendations:
    """The k films recommended for a history, ranked by the joint score or by one part of the model."""
    return _recommendations(chosen.content, as_key(history), k, rank_by, chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _recommendations(content: str, history: bytes, k: int, rank_by: str, _chosen: Checkpoint) -> Recommendations:
    return loaded(_chosen).recommend(from_key(history), k, rank_by)


def ranking(chosen: Checkpoint, profile: np.ndarray, rank_by: str) -> Recommendations:
    """Every unseen film for a profile (item numbers), best first, with the factors of each."""
    return _ranking(chosen.content, as_key(profile), rank_by, chosen)


@st.cache_data(max_entries=64, show_spinner=False)
def _ranking(content: str, profile: bytes, rank_by: str, _chosen: Checkpoint) -> Recommendations:
    return loaded(_chosen).recommend(from_key(profile), len(_chosen.catalogue), rank_by)


def parts(chosen: Checkpoint) -> tuple[str, ...]:
    """The parts by which the model can rank, without the joint score; none for models without factors."""
    return loaded(chosen).parts


def users(chosen: Checkpoint, split: str) -> pd.DataFrame:
    """The users of a split with their tastes: columns id, n_history, taste, films, clarity."""
    return _users(chosen.content, split, chosen)


@st.cache_data(max_entries=8, show_spinner=False)
def _users(content: str, split: str, _chosen: Checkpoint) -> pd.DataFrame:
    return choosing.users(_chosen, split)


def maps(chosen: Checkpoint, distance: str) -> SensitivityMaps | None:
    """The checkpoint's maps for a distance, or None where they have not been computed."""
    from vasp_models.projections import maps as core

    kept = core.folders(chosen, distance)  # each is put in place as a whole
    changed = tuple(folder.stat().st_mtime_ns if folder.exists() else 0 for folder in kept)
    return _maps(str(kept[0]), changed, distance, chosen) if any(changed) else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _maps(folder: str, changed: tuple[int, int], distance: str, _chosen: Checkpoint) -> SensitivityMaps | None:
    from vasp_models.projections import maps as core

    return core.find(_chosen, distance)


def map_job(chosen: Checkpoint, distance: str) -> Job:
    """How far the maps are that are computed in the background."""
    from vasp_models.projections import jobs

    return jobs.job_status(chosen, distance)


def start_maps(chosen: Checkpoint, distance: str) -> None:
    """Compute the maps in a process of their own."""
    from vasp_models.projections import jobs

    jobs.start_in_background(chosen, distance, device=wanted_device())


def measure(chosen: Checkpoint, kind: str, notice: Callable[[str], None] | None = None) -> dict | None:
    """What was measured last on the checkpoint, with its provenance; damaged files are told to `notice`."""
    return measures.find(chosen, kind, notice)


def measure_job(chosen: Checkpoint, kind: str) -> Job:
    """How far a measure is that is taken in the background."""
    return measures.job_status(chosen, kind)


def start_measure(chosen: Checkpoint, kind: str) -> None:
    """Measure the checkpoint in a process of its own."""
    measures.start_in_background(chosen, kind, device=wanted_device())


def health(chosen: Checkpoint | None) -> str:
    """One line on the program's state: the device, and the memory held; says so while no model is in memory."""
    mine = _IN_MEMORY.get(chosen.content) if chosen is not None else None
    if chosen is not None and chosen.is_bundle:
        return f"Ready · bundle{_memory()}"
    if mine is None:
        wanted = wanted_device()
        return f"Model not loaded yet · {'device auto' if wanted == 'auto' else wanted.upper()}"
    from vasp_models import devices

    return f"Ready · {devices.describe(mine.device)}{_memory()}"


def _memory() -> str:
    """The memory this program holds, where the system tells."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return ""
    pages = int(statm.read_text(encoding="ascii").split()[1])
    return f" · {pages * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GB"

"""Core functions behind Streamlit's caches: what a page shows is computed once, and torch comes only with a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import gc
import json
import os
from pathlib import Path
import threading
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
import streamlit as st

from app import choosing
from vasp_models import checkpoints, measures, places
from vasp_models.errors import DeviceError

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.jobs import Job
    from vasp_models.projections.maps import SensitivityMaps
    from vasp_models.recommending import Recommendations

Answer = TypeVar("Answer")
CHECKPOINTS_VARIABLE = "VASP_LENS_CHECKPOINTS"
DEVICE_VARIABLE = "VASP_LENS_DEVICE"
_FORWARD = threading.Lock()  # a model is shared by all sessions; one forward pass at a time
_IN_MEMORY: WeakValueDictionary[str, Loaded] = WeakValueDictionary()  # digest -> what the cache below still holds


@dataclass
class Loaded:
    """A model in memory, the device it runs on, and why that is not the device asked for (None where it is)."""

    model: object
    device: str
    note: str | None = None


def checkpoint_names() -> list[str]:
    """Names or folders of the checkpoints to offer: those that `vasp-lens app` was given, else all that are there."""
    given = [name for name in os.environ.get(CHECKPOINTS_VARIABLE, "").split(os.pathsep) if name]
    if given:
        return list(dict.fromkeys(given))
    return checkpoints.names()


def checkpoint(name: str) -> Checkpoint:
    """A checkpoint, read again when its folder was replaced. Raises CheckpointError."""
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


def loaded(chosen: Checkpoint) -> Loaded:
    """The checkpoint's model, on the CPU where the device asked for is absent or full; `note` says so."""
    _IN_MEMORY[chosen.digest] = found = _loaded(chosen.digest, wanted_device(), chosen)
    return found


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(digest: str, wanted: str, _chosen: Checkpoint) -> Loaded:
    from vasp_models import devices  # imports torch

    try:
        device, note = devices.resolve(wanted), None
    except DeviceError:
        device, note = "cpu", _absent(wanted)
    try:
        found = Loaded(_chosen.model(device), device, note)
    except Exception as error:
        if device == "cpu" or not _out_of_memory(error):
            raise
        found = Loaded(_chosen.model("cpu"), "cpu", _full(device))
    # Streamlit collects garbage after each run, while the answer is on its way to the browser: that takes .15 s with
    # torch in memory, and none where what is there to stay is left out.
    gc.collect()
    gc.freeze()
    return found


def ask(chosen: Checkpoint, question: Callable[[object], Answer]) -> Answer:
    """The answer of the checkpoint's model; when the device runs out of memory meanwhile, the CPU gives it."""
    mine = loaded(chosen)
    with _FORWARD:
        try:
            return question(mine.model)
        except Exception as error:
            if mine.device == "cpu" or not _out_of_memory(error):
                raise
            mine.model, mine.device, mine.note = chosen.model("cpu"), "cpu", _full(mine.device)
            return question(mine.model)


def _out_of_memory(error: Exception) -> bool:
    # By name: torch's class is only there when torch is, and the core may have made a DeviceError of it.
    return type(error).__name__ == "OutOfMemoryError" or isinstance(error, DeviceError)


def _absent(device: str) -> str:
    return (
        f"This machine has no usable {device} device, so the model runs on the CPU: the answers are the same, only "
        "slower. To ask for no other, start with `vasp-lens app --device cpu`."
    )


def _full(device: str) -> str:
    return (
        f"{device.upper()} ran out of memory, so the model runs on the CPU: the answers are the same, only slower. "
        "Close what else uses the card, or start with `vasp-lens app --device cpu`."
    )


def as_key(films: np.ndarray) -> bytes:
    """Item numbers as a key of a cache."""
    # Streamlit hashes a tuple number by number: for 2,000 films that takes longer than the answer.
    return np.asarray(films, dtype=np.int64).tobytes()


def from_key(key: bytes) -> np.ndarray:
    """The item numbers of a key, int64, read-only."""
    return np.frombuffer(key, dtype=np.int64)


def recommendations(chosen: Checkpoint, history: np.ndarray, k: int, rank_by: str) -> Recommendations:
    """The k films recommended for a history, ranked by the joint score or by one part of the model."""
    return _recommendations(chosen.digest, as_key(history), k, rank_by, chosen)


@st.cache_data(max_entries=256, show_spinner=False)
def _recommendations(digest: str, history: bytes, k: int, rank_by: str, _chosen: Checkpoint) -> Recommendations:
    from vasp_models.recommending import recommend

    part = None if rank_by == "joint" else rank_by
    return ask(_chosen, lambda model: recommend(model, from_key(history), k, part))


def ranking(chosen: Checkpoint, profile: np.ndarray, rank_by: str) -> Recommendations:
    """Every unseen film for a profile (item numbers), best first, with the factors of each."""
    return _ranking(chosen.digest, as_key(profile), rank_by, chosen)


@st.cache_data(max_entries=64, show_spinner=False)
def _ranking(digest: str, profile: bytes, rank_by: str, _chosen: Checkpoint) -> Recommendations:
    from vasp_models.recommending import recommend

    part = None if rank_by == "joint" else rank_by
    return ask(_chosen, lambda model: recommend(model, from_key(profile), len(_chosen.catalogue), part))


def parts(chosen: Checkpoint) -> tuple[str, ...]:
    """The parts by which the model can rank, without the joint score; none for models without factors."""
    return tuple(getattr(loaded(chosen).model, "parts", {}))


def users(chosen: Checkpoint, split: str) -> pd.DataFrame:
    """The users of a split with their tastes: columns id, n_history, taste, films, clarity."""
    return _users(chosen.digest, split, chosen)


@st.cache_data(max_entries=8, show_spinner=False)
def _users(digest: str, split: str, _chosen: Checkpoint) -> pd.DataFrame:
    rows = _chosen.users.rows(split)
    tastes = choosing.tastes(_chosen.users.histories.take(rows), _chosen.catalogue)
    return pd.concat([_chosen.users.frame.iloc[rows][["id", "n_history"]].reset_index(drop=True), tastes], axis=1)


def maps(chosen: Checkpoint, distance: str) -> SensitivityMaps | None:
    """The checkpoint's maps for a distance, or None where they have not been computed."""
    from vasp_models.projections import maps as core

    return core.find(chosen, distance)


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
    mine = _IN_MEMORY.get(chosen.digest) if chosen is not None else None
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

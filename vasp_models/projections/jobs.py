"""Maps computed in a process of their own, with a progress file that a page polls."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
import sys
from typing import Any

from vasp_models import jobs, places
from vasp_models.errors import MapError
from vasp_models.jobs import Job, JobFiles
from vasp_models.projections import maps
from vasp_models.projections.maps import DEFAULT_DISTANCE


def job_status(checkpoint: Any, distance: str = DEFAULT_DISTANCE, seed: int = 0) -> Job:
    """What is known of the maps of a checkpoint: computed, being computed, failed, or nothing."""
    return jobs.status(_files(maps.key(checkpoint.digest, distance, seed)), lambda: _there(checkpoint, distance, seed))


def start_in_background(checkpoint: Any, distance: str = DEFAULT_DISTANCE, seed: int = 0, device: str = "auto") -> Job:
    """Compute the maps of a checkpoint in another process, unless one does already; returns how far it is."""
    files = _files(maps.key(checkpoint.digest, distance, seed))
    return jobs.start(
        files,
        lambda: command(checkpoint.folder, distance, seed, device),
        lambda: _there(checkpoint, distance, seed),
    )


def command(folder: Path, distance: str, seed: int, device: str) -> list[str]:
    """The command that computes the maps of the checkpoint in `folder`."""
    words = ["-m", "vasp_models.cli", "map", str(folder.resolve())]
    return [sys.executable, *words, "--distance", distance, "--seed", str(seed), "--device", device]


class ProgressFiles(jobs.ProgressFiles):
    """Records of a running computation, one for each of the maps that it makes, by their keys.

    Raises MapError when another process computes one of them at this moment.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__([_files(name) for name in names], "computing this map", MapError)


def _there(checkpoint: Any, distance: str, seed: int) -> bool:
    return any((folder / "map.json").exists() for folder in maps.folders(checkpoint, distance, seed))


def _files(name: str) -> JobFiles:
    return JobFiles(places.cache_folder() / "maps" / "jobs", name)

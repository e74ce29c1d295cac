"""What lies in the cache, and what of it can go without loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
import time

from vasp_models import jobs, places, posters
from vasp_models.diagnostics.checks import FINE, Check, size

_JOBS = ("maps", "measures")


@dataclass(frozen=True)
class Freed:
    """How many files were deleted, and how many bytes they had."""

    files: int
    bytes: int

    @property
    def words(self) -> str:
        """The same in words: ``3 files, 1.2 MB``."""
        return f"{self.files:,} {'file' if self.files == 1 else 'files'}, {size(self.bytes)}"


def checks() -> list[Check]:
    """The size of each kind of thing in the cache."""
    cache = places.cache_folder()
    found = [Check("Cache", FINE, f"{cache}, {_words(_files(cache))}")]
    for name, files in _kinds().items():
        if files:
            found.append(Check(name, FINE, _words(files)))
    return found


def _kinds() -> dict[str, list[Path]]:
    cache = places.cache_folder()
    logs = [file for kind in _JOBS for file in _files(cache / kind / "jobs")]
    results = [file for kind in _JOBS for file in _files(cache / kind) if file not in set(logs)]
    return {
        "Maps and measures (results)": results,
        "Splits of large data": list(_files(cache / "splits")),
        "Marks of weights that were checked": list(_files(cache / "verified")),
        "Logs of background jobs": logs,
        "Posters": list(_files(posters.folder())),
        "Scratch": list(_files(cache / "scratch")),
    }


def clear() -> Freed:
    """Delete logs of jobs that have ended, posters, splits, and files of computations that died; never a result."""
    cache = places.cache_folder()
    ended = [file for kind in _JOBS for file in jobs.ended(cache / kind / "jobs")]
    old = time.time() - places.ABANDONED
    abandoned = [file for file in _files(cache / "scratch") if file.stat().st_mtime < old]
    count = amount = 0
    for file in [*ended, *_files(posters.folder()), *_files(cache / "splits"), *abandoned]:
        try:
            held = file.stat().st_size
            file.unlink()
        except OSError:  # gone meanwhile, or not ours to delete
            continue
        count, amount = count + 1, amount + held
    return Freed(count, amount)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _words(files: Iterable[Path]) -> str:
    sizes = [file.stat().st_size for file in files]
    return Freed(len(sizes), sum(sizes)).words

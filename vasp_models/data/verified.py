"""Which large files were found to be what they should be, so that gigabytes are hashed once and not at every start.

A mark in the cache stands for a path, its size, the times of its last change and the digest it had; a file that was
written since, or whose times were set back, is hashed again.
"""

from __future__ import annotations

from contextlib import suppress
import hashlib
from pathlib import Path

from vasp_models import places
from vasp_models.data.datasets import sha256_of


def has_digest(path: Path, sha256: str) -> bool:
    """Whether a file's SHA-256 is that, in hexadecimal; read only where it was not found so before."""
    mark = _mark(path, sha256)
    if mark.exists():
        return True
    if sha256_of(path) != sha256:
        return False
    note(path, sha256)
    return True


def note(path: Path, sha256: str) -> None:
    """Keep in mind that a file has that digest, as whoever has just written it knows."""
    with suppress(OSError):  # where nothing can be kept, it is read the next time
        mark = _mark(path, sha256)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _mark(path: Path, sha256: str) -> Path:
    found = path.stat()
    known_by = f"{path.absolute()}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ctime_ns}\0{found.st_ino}\0{sha256}"
    return places.cache_folder() / "verified" / hashlib.sha256(known_by.encode()).hexdigest()

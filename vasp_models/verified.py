"""Which large files were found to be what they should be, so that gigabytes are hashed once and not at every start.

A mark in the cache stands for a path, its size, the time of its last change and the digest it had; a file that was
written since is hashed again.
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
    with suppress(OSError):  # where nothing can be kept, it is read again the next time
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    return True


def _mark(path: Path, sha256: str) -> Path:
    found = path.stat()
    known_by = f"{path.absolute()}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ino}\0{sha256}"
    return places.cache_folder() / "verified" / hashlib.sha256(known_by.encode()).hexdigest()

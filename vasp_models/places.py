"""Where things live: the user's data folder, and the program's own assets.

Everything outside the repository is kept under ``$VASP_LENS_HOME`` (default: the platform's user data folder)
in ``datasets/NAME``, ``checkpoints/NAME`` and ``cache``. In every command a bare name means that place and
anything with a separator is a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import shutil
import tempfile
import time

import platformdirs

from vasp_models.errors import SettingError

DEMO = "demo"  # the name under which every command finds the embedded data set and checkpoint


ABANDONED = 86_400.0  # seconds: no computation leaves a scratch file untouched for so long


def home() -> Path:
    """The folder that holds data sets, checkpoints and the cache."""
    chosen = os.environ.get("VASP_LENS_HOME")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("vasp-lens", appauthor=False))


def ui_root() -> Path:
    """The folder that holds ``app``, ``pages`` and ``assets``: inside the wheel, or the checkout."""
    package = Path(__file__).resolve().parent
    return package / "_ui" if (package / "_ui" / "app" / "main.py").exists() else package.parent


def assets_folder() -> Path:
    """The program's own files: logo, palette, components, the demo."""
    return ui_root() / "assets"


def dataset_folder(name: str) -> Path:
    """The folder of a data set: ``datasets/NAME`` for a bare name, else the path itself."""
    return assets_folder() / "demo" / "dataset" if name == DEMO else _named(name, "datasets")


def checkpoint_folder(name: str) -> Path:
    """The folder of a checkpoint: ``checkpoints/NAME`` for a bare name, else the path itself."""
    return assets_folder() / "demo" / "checkpoint" if name == DEMO else _named(name, "checkpoints")


def cache_folder() -> Path:
    """The folder of results that can be computed again."""
    return home() / "cache"


def scratch() -> Path:
    """The folder for large files that last as long as a computation; what a killed one left a day ago is deleted.

    It is in the cache: the system's temporary folder is often kept in memory.
    """
    folder = cache_folder() / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        with suppress(FileNotFoundError):  # another process may be doing the same
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    return folder


def _named(name: str, kind: str) -> Path:
    if not name or name in {".", ".."} or "\0" in name:
        raise SettingError(f"{name!r} is not a name of {kind}: expected a bare name or a path.")
    is_path = os.sep in name or (os.altsep is not None and os.altsep in name)
    return Path(name).expanduser() if is_path else home() / kind / name


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder` that takes its name, replacing it, only when the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield temporary
        _replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def file_written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its name only when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept: some writers add their own to a name that lacks it.
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _replace(temporary: Path, folder: Path) -> None:
    os.chmod(temporary, 0o755)  # mkdtemp makes it private
    if not folder.exists():
        os.replace(temporary, folder)
        return
    old = temporary.with_name(temporary.name + ".old")
    os.replace(folder, old)  # a folder cannot be replaced by another in one step
    os.replace(temporary, folder)
    shutil.rmtree(old, ignore_errors=True)

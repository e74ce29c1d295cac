"""The program with all it stands on, and the machine it runs on. Where the system does not tell, nothing is said."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires
import os
from pathlib import Path
import platform
import shutil
import sys

from packaging.requirements import Requirement

from vasp_models import devices, places, provenance
from vasp_models.diagnostics.checks import FINE, NOTE, PROBLEM, Check, size

OLDEST_PYTHON = (3, 11)
_GB = 2**30
LITTLE_MEMORY, SHORT_OF_MEMORY = 2 * _GB, _GB // 2
LITTLE_DISK, SHORT_OF_DISK = 2 * _GB, _GB // 4


def program() -> list[Check]:
    """Versions of the program, of Python, and of each package it needs, against what it asks for."""
    running = ".".join(map(str, sys.version_info[:3]))
    needed = ".".join(map(str, OLDEST_PYTHON))
    fits = sys.version_info >= OLDEST_PYTHON
    python = Check(
        "Python",
        FINE if fits else PROBLEM,
        f"{running}, {platform.system()} {platform.machine()}",
        "" if fits else f"Install Python {needed} or newer, and VASP Lens in it.",
    )
    try:
        needs = [Requirement(line) for line in requires("vasp-lens") or ()]
    except PackageNotFoundError:
        what = "Install it as a package: run `make demo` or `pip install .` in its folder."
        return [Check("VASP Lens", NOTE, "runs from a folder, not installed", what), python]
    own = Check("VASP Lens", FINE, provenance.versions(["vasp-lens"])["vasp-lens"])
    asked = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return [own, python, *map(_package, sorted(asked, key=lambda need: need.name.lower()))]


def _package(need: Requirement) -> Check:
    found = provenance.versions([need.name]).get(need.name)
    if found is None and need.name == "torch":  # bundles need none
        what = f'For models install it: `pip install "{need.name}{need.specifier}"`; bundles run without.'
        return Check(need.name, NOTE, "not installed", what)
    if found is not None and need.specifier.contains(found, prereleases=True):
        return Check(need.name, FINE, found)
    fact = "not installed" if found is None else f"{found}, where {need.specifier} is needed"
    return Check(need.name, PROBLEM, fact, f'Run `pip install --upgrade "{need.name}{need.specifier}"`.')


def device(asked: str, used: str | None, note: str | None = None) -> Check:
    """The device that was asked for, and the one in use, None where no model is loaded; `note` says why another."""
    wanted = f"asked for {asked}"
    if used is None:
        return Check("Device", FINE, f"{wanted}; no model is loaded yet")
    words = "stored answers of a bundle" if used == "bundle" else devices.describe(used)
    return Check("Device", NOTE if note else FINE, f"{words} ({wanted})", note or "")


def processor() -> list[Check]:
    """Cores that may be used, and the threads that numerical libraries take."""
    usable = devices.usable_cores()
    fact = f"{usable} of {os.cpu_count() or usable} cores usable"
    threads = {f"{pool['internal_api']} {pool['num_threads']}": pool["num_threads"] for pool in _pools()}
    if not threads:
        return [Check("Processor", FINE, fact)]
    named = f"{fact}; threads: {', '.join(sorted(threads))}"
    if max(threads.values()) > usable:
        what = f"More threads than cores slow each other: start with OMP_NUM_THREADS={usable}."
        return [Check("Processor", NOTE, named, what)]
    return [Check("Processor", FINE, named)]


def _pools() -> list[dict]:
    from threadpoolctl import threadpool_info  # of the libraries that are loaded by now

    return threadpool_info()


def memory() -> list[Check]:
    """What this process holds, and what is left on the machine (or in the container that bounds it)."""
    checks = []
    if (held := resident()) is not None:
        checks.append(Check("Memory of this process", FINE, size(held)))
    total, left = _memory()
    if left is None or total is None:
        return checks
    state = PROBLEM if left < SHORT_OF_MEMORY else NOTE if left < LITTLE_MEMORY else FINE
    what = "" if state == FINE else "Close other programs; a bundle needs less than a model (`vasp-lens bundle`)."
    return [*checks, Check("Memory of the machine", state, f"{size(left)} free of {size(total)}", what)]


def resident() -> int | None:
    """Bytes of memory that this process holds, None where the system does not tell."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return None
    return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _memory() -> tuple[int | None, int | None]:
    """Bytes of memory in all and free, None where the system does not tell."""
    total = left = None
    about = Path("/proc/meminfo")
    if about.exists():
        found = dict(line.split(":", 1) for line in about.read_text(encoding="ascii").splitlines() if ":" in line)
        total, left = (int(found[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    bound, used = (_number(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.current"))
    if bound is not None and used is not None and total is not None and left is not None and bound < total:
        total, left = bound, min(left, max(bound - used, 0))
    return total, left


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max": without a bound
        return None


def disk() -> list[Check]:
    """Where data sets, checkpoints and caches lie, whether it can be written, and what is free."""
    home = places.home()
    there = next(folder for folder in (home, *home.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    fact = f"{home}{'' if home.is_dir() else ' (made when it is needed)'}, {size(free)} free"
    if not os.access(there, os.W_OK):
        what = f"{there} may not be written: name another folder in VASP_LENS_HOME."
        return [Check("Home", PROBLEM, fact, what)]
    state = PROBLEM if free < SHORT_OF_DISK else NOTE if free < LITTLE_DISK else FINE
    what = "" if state == FINE else "Make room, or name a folder on another disk in VASP_LENS_HOME."
    return [Check("Home", state, fact, what)]

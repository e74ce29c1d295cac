"""When a result was made, and by which versions of what it depends on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
import shlex
from typing import Any


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of the packages that are installed, by name."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def command(*words: object, **options: object) -> str:
    """A command of this program as a user types it: its words, then its options.

    An option that is None or False stays out, one that is True has no value, one of a single letter has one hyphen.
    """
    typed = ["vasp-lens", *map(str, words)]
    for name, value in options.items():
        if value is not None and value is not False:
            typed.append(f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}")
            typed += [] if value is True else [str(value)]
    return shlex.join(typed)


def of(checkpoint: Any, command: str) -> dict[str, str]:
    """What every export carries: program, checkpoint and data with their digests, when it was made, and how again.

    `command` makes the export again, or opens the view it was taken from.
    """
    data = checkpoint.manifest["dataset"]
    return {
        "program": f"VASP Lens {versions(['vasp-lens']).get('vasp-lens', 'not installed')}",
        "checkpoint": checkpoint.name,
        "checkpoint_digest": checkpoint.digest,
        "data": data["name"],
        "data_fingerprint": str(data.get("fingerprint") or ""),
        "made": now(),
        "command": command,
    }


def line(about: dict[str, str]) -> str:
    """The same in one line, digests cut to twelve digits: the footer of a picture or a page."""
    data = about["data_fingerprint"].removeprefix("sha256:")[:12] or "no fingerprint"
    return " · ".join(
        [
            about["program"],
            f"checkpoint {about['checkpoint']} {about['checkpoint_digest'][:12]}",
            f"data {about['data']} {data}",
            about["made"],
            about["command"],
        ]
    )

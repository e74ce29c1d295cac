"""What was measured on a checkpoint: kept as JSON, found by content and read without torch.

A measure lies beside its checkpoint, or in the cache where that folder cannot be written. Each kind has a command.
"""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import json
import math
import os
from pathlib import Path
import sys
import time
from typing import Any

from vasp_models import jobs, places, provenance
from vasp_models.errors import MeasureError
from vasp_models.jobs import Job, JobFiles, Report

KINDS = ("fidelity", "audit", "planted", "parts", "quality")  # each the name of its command too
USERS = {
    "fidelity": 500,
    "audit": 40,
    "parts": 400,
    "quality": 2_000,
}  # test users that they are measured on by default
SCHEMAS = dict.fromkeys(KINDS, 1) | {"quality": 2}  # raised where what is kept of a kind changes
ABOUT = "provenance"  # what is not measured: how, when and with what the rest was
# Kind -> processor seconds of its command on the demo (VASP tiny) and on MovieLens 1M (VASP small), one thread.
_SECONDS = {"fidelity": (26, 230), "audit": (14, 83), "planted": (6, 6), "parts": (9, 34), "quality": (6, 10)}
_FILMS = (681, 3_483)  # of the two
_PACKAGES = ("vasp-lens", "numpy", "scipy", "torch")

Notice = Callable[[str], None]  # told one sentence about what was set aside


def key(digest: str, kind: str) -> str:
    """The name of a measure by its content: the checkpoint's digest, the kind and the schema."""
    about = json.dumps({"schema": SCHEMAS[_known(kind)], "checkpoint": digest, "kind": kind}, sort_keys=True)
    return hashlib.sha256(about.encode()).hexdigest()[:16]


def paths(checkpoint: Any, kind: str) -> tuple[Path, Path]:
    """Where a measure may be kept: beside its checkpoint, and in the cache."""
    name = f"{kind}-{key(checkpoint.digest, kind)}.json"
    return checkpoint.folder / "measures" / name, places.cache_folder() / "measures" / name


def find(checkpoint: Any, kind: str, notice: Notice | None = None) -> dict[str, Any] | None:
    """What was measured last, with its provenance, or None; of two files the later one.

    Damaged files are passed over and told to `notice`.
    """
    found = []
    for path in paths(checkpoint, kind):
        if path.exists():
            try:
                found.append(_load(path, kind))
            except MeasureError as error:
                if notice:
                    notice(str(error))
    return max(found, key=lambda each: each[ABOUT]["made"], default=None)


def save(
    checkpoint: Any, kind: str, measured: dict[str, Any], command: str, seconds: float, device: str = "cpu"
) -> Path:
    """Keep what was measured beside its checkpoint, or in the cache where that cannot be written; returns the file.

    `command` is how to measure it again, `seconds` how long it took on `device`.
    """
    return _write(checkpoint, kind, _with_provenance(checkpoint, kind, measured, command, seconds, device))


def measured(
    checkpoint: Any,
    kind: str,
    run: Callable[[Report], dict[str, Any]],
    command: str,
    *,
    device: str = "cpu",
    keep: bool = True,
    show: Report | None = None,
) -> dict[str, Any]:
    """Measure a checkpoint now: run, time and keep it; `run` reports how far it is, to a waiting page and to `show`.

    Returns what was measured as plain JSON, with its provenance; nothing is written where `keep` is false.
    Raises MeasureError when another process measures the same at this moment.
    """
    if not keep:
        return _run(checkpoint, kind, run, command, device, [show])
    record = jobs.ProgressFiles([_files(checkpoint, kind)], f"measuring {kind} of this checkpoint", MeasureError)
    with record.until_the_end():
        done = _run(checkpoint, kind, run, command, device, [record.report, show])
        _write(checkpoint, kind, done)
    return done


def rewritten(found: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """A measure with other contents and the same provenance, as it can be read back."""
    result = plain({name: value for name, value in changed.items() if name != ABOUT})
    return result | {ABOUT: found[ABOUT] | {"sha256": _digest(result)}}


def command(checkpoint: Any, kind: str, **options: object) -> str:
    """The command that measures a checkpoint, as a user types it; options that are None stay out."""
    return provenance.command(_known(kind), checkpoint.argument, **options)


def expected_seconds(kind: str, films: int) -> float:
    """Roughly how long a measure takes on one core: a power of the number of films, through two measured times."""
    small, large = _SECONDS[_known(kind)]
    power = math.log(large / small) / math.log(_FILMS[1] / _FILMS[0])
    return small * (max(films, 1) / _FILMS[0]) ** power


def job_status(checkpoint: Any, kind: str) -> Job:
    """What is known of a measure: there, being measured, failed, or nothing."""
    return jobs.status(_files(checkpoint, kind), lambda: find(checkpoint, kind) is not None)


def start_in_background(checkpoint: Any, kind: str, device: str = "auto") -> Job:
    """Measure a checkpoint in another process, unless one does already; returns how far it is."""
    words = [sys.executable, "-m", "vasp_models.cli", kind, str(checkpoint.folder.resolve()), "--device", device]
    return jobs.start(_files(checkpoint, kind), lambda: words, lambda: find(checkpoint, kind) is not None)


def plain(value: Any) -> Any:
    """A value as plain JSON: numpy's numbers and arrays as Python's, NaN and infinity as None."""
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _run(checkpoint, kind, run, command, device, listeners: list[Report | None]) -> dict[str, Any]:
    def report(stage: str, fraction: float) -> None:
        for listener in filter(None, listeners):
            listener(stage, fraction)

    began = time.perf_counter()
    report("Loading the model", 0.0)
    result = run(report)
    return _with_provenance(checkpoint, kind, result, command, time.perf_counter() - began, device)


def _with_provenance(checkpoint, kind, result, command, seconds, device) -> dict[str, Any]:
    result = plain({name: value for name, value in result.items() if name != ABOUT})
    about = {
        "kind": _known(kind),
        "schema": SCHEMAS[kind],
        "checkpoint_digest": checkpoint.digest,
        "command": command,
        "seconds": round(seconds, 2),
        "device": device,
        "made": provenance.now(),
        "versions": provenance.versions(_PACKAGES),
        "sha256": _digest(result),
    }
    return result | {ABOUT: about}


def _write(checkpoint: Any, kind: str, done: dict[str, Any]) -> Path:
    beside, cached = paths(checkpoint, kind)
    path = beside if os.access(checkpoint.folder, os.W_OK) else cached
    try:
        _write_file(path, done)
    except OSError:  # mounted read-only, or full: some systems say so only now
        path = cached
        _write_file(path, done)
    return path


def _write_file(path: Path, done: dict[str, Any]) -> None:
    with places.file_written_whole(path) as temporary:
        temporary.write_text(json.dumps(done, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _load(path: Path, kind: str) -> dict[str, Any]:
    try:
        done = json.loads(path.read_text(encoding="utf-8"))
        about = done[ABOUT]
        if about["schema"] != SCHEMAS[kind]:
            raise ValueError(f"schema {about['schema']} where this program writes {SCHEMAS[kind]}")
        if _digest({name: value for name, value in done.items() if name != ABOUT}) != about["sha256"]:
            raise ValueError("it is not what was written")
        if not isinstance(about["made"], str):
            raise ValueError("it does not say when it was made")
        return done
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MeasureError(
            f"{path} cannot be read ({error}): it is set aside, and `vasp-lens {kind}` measures it again."
        ) from None


def _digest(result: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


def _files(checkpoint: Any, kind: str) -> JobFiles:
    return JobFiles(places.cache_folder() / "measures" / "jobs", f"{kind}-{key(checkpoint.digest, kind)}")


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise MeasureError(f"There is no measure {kind!r}: expected one of {', '.join(KINDS)}.")
    return kind

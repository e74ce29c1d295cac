"""Maps computed in a process of their own, with a progress file that a page polls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
import threading
import time
from typing import Any

from vasp_models import places
from vasp_models.errors import MapError
from vasp_models.projections import maps
from vasp_models.projections.maps import DEFAULT_DISTANCE

_LOCK_SECONDS = 30.0  # starting takes far less: an older lock was left by a process that died
_WRITE_EVERY = 0.25


@dataclass(frozen=True)
class Job:
    """How far a computation is: `state` none, running, failed or done; `stage` in words; `fraction` of the whole."""

    state: str
    stage: str = ""
    fraction: float = 0.0
    seconds: float = 0.0
    error: str | None = None
    pid: int | None = None


def job_status(checkpoint: Any, distance: str = DEFAULT_DISTANCE, seed: int = 0) -> Job:
    """What is known of the maps of a checkpoint: computed, being computed, failed, or nothing."""
    name = maps.key(checkpoint.digest, distance, seed)
    record = _read(_progress_file(name))
    if record and record["state"] == "running" and _alive(record):
        return _job(record)
    if any((folder / "map.json").exists() for folder in maps.folders(checkpoint, distance, seed)):
        return Job("done", "Done", 1.0, _job(record).seconds if record else 0.0)
    if record is None:
        return Job("none")
    job = _job(record)
    error = job.error or _last_words(name) or "The computation stopped before it was finished."
    return Job("failed", job.stage, job.fraction, job.seconds, error, job.pid)


def start_in_background(checkpoint: Any, distance: str = DEFAULT_DISTANCE, seed: int = 0, device: str = "auto") -> Job:
    """Compute the maps of a checkpoint in another process, unless one does already; returns how far it is."""
    name = maps.key(checkpoint.digest, distance, seed)
    lock = _progress_file(name).with_suffix(".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    if not _locked(lock):
        return job_status(checkpoint, distance, seed)  # another session is starting it at this moment
    try:
        present = job_status(checkpoint, distance, seed)
        if present.state == "running":
            return present
        with _log_file(name).open("wb") as log:
            process = subprocess.Popen(
                command(checkpoint.folder, distance, seed, device),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C on the dashboard does not reach it
            )
        threading.Thread(target=process.wait, daemon=True).start()  # notes its end, so that it leaves no zombie
        _write(_progress_file(name), _record(process.pid, "Starting"))
    finally:
        lock.unlink(missing_ok=True)
    return job_status(checkpoint, distance, seed)


def command(folder: Path, distance: str, seed: int, device: str) -> list[str]:
    """The command that computes the maps of the checkpoint in `folder`."""
    words = ["-m", "vasp_models.cli", "map", str(folder.resolve())]
    return [sys.executable, *words, "--distance", distance, "--seed", str(seed), "--device", device]


class ProgressFiles:
    """Records of a running computation, one for each of the maps that it makes.

    Raises MapError when another process computes one of them at this moment.
    """

    def __init__(self, names: list[str]) -> None:
        self._files = [_progress_file(name) for name in names]
        self._record = _record(os.getpid(), "Starting")
        self._written = time.time()
        for file in self._files:
            other = _read(file)
            if other is None or other["state"] != "running" or not _alive(other):
                continue
            if other["pid"] == os.getpid():  # noted by the process that started this one: the clock runs on
                self._record["began"] = other["began"]
            else:
                raise MapError(
                    f"Process {other['pid']} is computing this map at the moment: wait for it, "
                    "or stop that process and run the command again."
                )
        self._note()

    def report(self, stage: str, fraction: float) -> None:
        """Note how far the computation is."""
        if stage != self._record["stage"] or time.time() - self._written > _WRITE_EVERY:
            self._note(stage=stage, fraction=round(fraction, 4))

    def finish(self, error: str | None = None) -> None:
        """Note that the computation has ended, well or with an error."""
        if error is None:
            self._note(state="done", stage="Done", fraction=1.0)
        else:
            self._note(state="failed", error=error)

    def _note(self, **changes: object) -> None:
        self._written = time.time()
        self._record |= changes | {"seconds": round(self._written - self._record["began"], 2), "updated": self._written}
        for file in self._files:
            _write(file, self._record)


def _record(pid: int, stage: str) -> dict[str, Any]:
    started = {"identity": _identity(pid), "began": time.time(), "updated": time.time()}
    return asdict(Job("running", stage, pid=pid)) | started


def _job(record: dict[str, Any]) -> Job:
    running = record["state"] == "running"
    seconds = max(time.time() - record["began"], 0.0) if running and _alive(record) else record["seconds"]
    return Job(record["state"], record["stage"], record["fraction"], seconds, record["error"], record["pid"])


def _alive(record: dict[str, Any]) -> bool:
    """Whether the process of a record still runs: the same number, started at the same moment."""
    if record["identity"] is None:  # no way to ask on this system: it must have given word lately
        return time.time() - record["updated"] < 120.0
    return record["identity"] != "" and record["identity"] == _identity(record["pid"])


def _identity(pid: int) -> str | None:
    """A text that only this process has, "" where there is none (or its parent has not yet noted its end)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        boot = Path("/proc/sys/kernel/random/boot_id")
        return "" if fields[0] in "ZX" else f"{fields[19]} {boot.read_text().strip() if boot.exists() else ''}"
    if os.name == "posix":
        asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return asked.stdout.strip()
    return None


def _locked(lock: Path) -> bool:
    try:
        if time.time() - lock.stat().st_mtime > _LOCK_SECONDS:
            lock.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True


def _progress_file(name: str) -> Path:
    return places.cache_folder() / "maps" / "jobs" / f"{name}.json"


def _log_file(name: str) -> Path:
    return _progress_file(name).with_suffix(".log")


def _last_words(name: str) -> str | None:
    try:
        lines = _log_file(name).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return None
    return lines[-1][:500] if lines else None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record if {"state", "pid", "identity", "began"} <= record.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _write(path: Path, record: dict[str, Any]) -> None:
    with places.file_written_whole(path) as temporary:
        temporary.write_text(json.dumps(record), encoding="utf-8")

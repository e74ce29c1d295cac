"""Long computations in processes of their own, each with a progress file that a page polls.

A job is known by the files in which it leaves word; what it computes and what becomes of that is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import subprocess
import threading
import time
from typing import Any

from vasp_models import places
from vasp_models.errors import VaspLensError

Report = Callable[[str, float], None]  # told the stage in words and the fraction of the whole that is done

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


@dataclass(frozen=True)
class JobFiles:
    """The files in which a job of that name leaves word: its progress, its lock and what it printed."""

    folder: Path
    name: str

    @property
    def progress(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def lock(self) -> Path:
        return self.folder / f"{self.name}.lock"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"


def status(files: JobFiles, is_there: Callable[[], bool]) -> Job:
    """What is known of a job; `is_there` says whether its result can be found."""
    record = _read(files.progress)
    if record and _runs(record):
        return _job(record)
    if is_there():
        return Job("done", "Done", 1.0, _job(record).seconds if record else 0.0)
    if record is None or record["state"] == "done":  # done, and what it made was taken away since
        return Job("none")
    job = _job(record)
    error = job.error or _last_words(files.log) or "The computation stopped before it was finished."
    return Job("failed", job.stage, job.fraction, job.seconds, error, job.pid)


def start(files: JobFiles, command: Callable[[], Sequence[str]], is_there: Callable[[], bool]) -> Job:
    """Run what `command` gives in another process, unless this job runs already; returns how far it is."""
    files.folder.mkdir(parents=True, exist_ok=True)
    if not _locked(files.lock):
        return status(files, is_there)  # another session is starting it at this moment
    try:
        present = status(files, is_there)
        if present.state == "running":
            return present
        with files.log.open("wb") as log:
            process = subprocess.Popen(
                list(command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C on the dashboard does not reach it
            )
        threading.Thread(target=process.wait, daemon=True).start()  # notes its end, so that it leaves no zombie
        _write(files.progress, _record(process.pid, "Starting"))
    finally:
        files.lock.unlink(missing_ok=True)
    return status(files, is_there)


def ended(folder: Path) -> list[Path]:
    """The files in which jobs left word that do not run any more."""
    running = {path.stem for path in folder.glob("*.json") if (record := _read(path)) and _runs(record)}
    return [path for path in sorted(folder.glob("*")) if path.is_file() and path.stem not in running]


class ProgressFiles:
    """Records of a running computation, one for each of the jobs that it does at once.

    `doing` says in words what it does. Raises `error` when another process does one of them at this moment.
    """

    def __init__(self, jobs: Iterable[JobFiles], doing: str, error: type[VaspLensError]) -> None:
        self._files = [files.progress for files in jobs]
        self._record = _record(os.getpid(), "Starting")
        self._written = time.time()
        for file in self._files:
            other = _read(file)
            if other is None or not _runs(other):
                continue
            if other["pid"] == os.getpid():  # noted by the process that started this one: the clock runs on
                self._record["began"] = other["began"]
            else:
                raise error(
                    f"Process {other['pid']} is {doing} at the moment: wait for it, "
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

    @contextmanager
    def until_the_end(self) -> Iterator[ProgressFiles]:
        """A block of code that computes; whatever ends it is noted for a page that waits."""
        try:
            yield self
        except BaseException as error:  # also Ctrl-C: the page must not wait for it
            self.finish(str(error) or type(error).__name__)
            raise
        self.finish()

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


def _runs(record: dict[str, Any]) -> bool:
    return record["state"] == "running" and _alive(record)


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


def _last_words(log: Path) -> str | None:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
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

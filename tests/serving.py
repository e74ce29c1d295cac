"""Start `vasp-lens app` or `demo` as a user does, and end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
from threading import Event, Thread
import urllib.request

SECONDS = 90
VASP_LENS = (sys.executable, "-m", "vasp_models.cli")


@dataclass
class Served:
    """A running dashboard: its address, and all that it has printed so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""

    def output(self) -> str:
        return "".join(self.lines)

    def get(self, path: str = "/") -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


def hear_ctrl_c() -> None:
    """For a child about to start: a shell that puts the tests into the background makes its children deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(
    *arguments: str, command: tuple[str, ...] = VASP_LENS, cwd: Path | None = None, **environment: str
) -> Iterator[Served]:
    """Run `vasp-lens ARGUMENTS` until the block ends; it is up when the block begins."""
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdin=subprocess.PIPE,  # stays open and silent: a question would wait for ever, and the test would say so
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hear_ctrl_c if os.name == "posix" else None,
    )
    running = Served(process)
    up = Event()
    reader = Thread(target=_listen, args=(running, up), daemon=True)
    reader.start()
    try:
        if not up.wait(SECONDS) or not running.url:
            raise AssertionError(f"{' '.join(arguments)} did not start:\n{running.output()}")
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)
        reader.join(timeout=20)
        process.stdin.close()
        process.stdout.close()


def _listen(running: Served, up: Event) -> None:
    for line in running.process.stdout:
        running.lines.append(line)
        found = re.search(r"VASP Lens is at (http\S+)", line)
        if found:
            running.url = found[1]
            up.set()
    up.set()

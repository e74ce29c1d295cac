"""Run all tests in three processes at once: the quick ones, and two with a browser or the wheel.

Those two wait for pages more than they compute, so the quick ones stand back for them; one goes on with the tutorial,
which has the time of a reader and must not stand back for so long. Arguments go to pytest, in one process then. The
exit code is the worst of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = "tests/test_tutorial.py"
LONGEST = ("--durations=10", "--durations-min=5")
QUICK = ("-m", "not (browser or wheel)", f"--ignore={TUTORIAL}")


def pytest(*arguments: str) -> list[str]:
    # Processes that write one cache would lose each other's notes.
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *LONGEST, *arguments]


def slow() -> tuple[list[str], list[str]]:
    """The files of the slow tests in two halves, the long ones dealt first."""
    files = [*(ROOT / "tests" / "browser").glob("test_*.py"), *(ROOT / "tests" / "packaging").glob("test_*.py")]
    files.sort(key=lambda file: (-file.stat().st_size, file.name))
    names = [str(file.relative_to(ROOT)) for file in files]
    return names[::2], names[1::2]


def standing_back(command: list[str]) -> list[str]:
    """The same command giving way to other processes, where the system has a word for it."""
    return ["nice", *command] if shutil.which("nice") else command


def at_once(shown: Sequence[str], *beside: Sequence[str]) -> int:
    """Run commands at once, the output of the first as it comes and of the others below it; the worst exit code."""
    # Threads that wait for each other would slow all of them.
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    with ExitStack() as stack:
        others = []
        for command in beside:
            heard = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
            running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=heard, stderr=subprocess.STDOUT)
            stack.callback(_end, running)
            others.append((running, heard))
        codes = [subprocess.run(shown, cwd=ROOT, env=environment, check=False).returncode]
        for running, heard in others:
            codes.append(running.wait())
            heard.seek(0)
            print(heard.read(), flush=True)
    return max(codes, key=abs)


def _end(running: subprocess.Popen) -> None:
    if running.poll() is None:
        running.terminate()
        running.wait()


def main(arguments: Sequence[str]) -> int:
    if arguments:
        return subprocess.run(pytest(*arguments), cwd=ROOT, check=False).returncode
    first, second = slow()
    return at_once(standing_back(pytest(*QUICK)), pytest(*first), pytest(*second, TUTORIAL))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run all tests: the quick ones, and beside them those with a browser, the wheel or the tutorial.

Each of the two runs has as many processes as there are cores, which take the next file when they are done with one.
The slow tests wait for pages more than they compute, so the quick ones stand back for them. The two never share a
process: what drives the browser leaves its event loop in it. Arguments go to pytest, in one process then. The exit
code is the worse of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

ROOT = Path(__file__).resolve().parents[1]
SLOW = "browser or wheel or tutorial"
# Runs that write one cache would lose each other's notes; tests/conftest.py has put the files in their order.
AT_ONCE = ("-p", "no:cacheprovider", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
LONGEST = ("--durations=10", "--durations-min=5")


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def standing_back(command: list[str]) -> list[str]:
    """The same command giving way to other processes, where the system has a word for it."""
    return ["nice", *command] if shutil.which("nice") else command


def at_once(shown: Sequence[str], beside: Sequence[str]) -> int:
    """Run two commands at once, the output of the first as it comes and of the other below it; the worse exit code."""
    # Threads that wait for each other would slow all of them.
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as heard:
        other = subprocess.Popen(beside, cwd=ROOT, env=environment, stdout=heard, stderr=subprocess.STDOUT)
        try:
            codes = [subprocess.run(shown, cwd=ROOT, env=environment, check=False).returncode, other.wait()]
        finally:
            if other.poll() is None:
                other.terminate()
                other.wait()
        heard.seek(0)
        print(heard.read(), flush=True)
    return max(codes, key=abs)


def main(arguments: Sequence[str]) -> int:
    if arguments:
        return subprocess.run(pytest(*arguments), cwd=ROOT, check=False).returncode
    quick, slow = (pytest("-m", chosen, *AT_ONCE, *LONGEST) for chosen in (f"not ({SLOW})", SLOW))
    return at_once(standing_back(quick), slow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

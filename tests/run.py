"""Run all tests: those that drive a browser or install the wheel in one process, the others beside them in another.

Arguments go to pytest, in one process then; the exit code is the worse of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import subprocess
import sys
import tempfile

ROOT = Path(__file__).resolve().parents[1]
SLOW = "browser or wheel"


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def both(quick: Sequence[str], slow: Sequence[str]) -> int:
    """Run two commands at once, the output of the second below that of the first; the worse of their exit codes."""
    # Each takes one of two cores: threads that wait for each other would slow both.
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as heard:
        beside = subprocess.Popen(slow, cwd=ROOT, env=environment, stdout=heard, stderr=subprocess.STDOUT)
        try:
            first = subprocess.run(quick, cwd=ROOT, env=environment, check=False).returncode
            second = beside.wait()
        finally:
            if beside.poll() is None:
                beside.terminate()
                beside.wait()
        heard.seek(0)
        print(heard.read(), flush=True)
    return max(first, second, key=abs)


def main(arguments: Sequence[str]) -> int:
    if arguments:
        return subprocess.run(pytest(*arguments), cwd=ROOT, check=False).returncode
    # Two processes that write one cache would lose each other's notes.
    return both(pytest("-m", f"not ({SLOW})"), pytest("-m", SLOW, "-p", "no:cacheprovider"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What all tests share: a home of their own, the real data where it is, and a closing word on what was skipped."""

from __future__ import annotations

from collections import Counter
import os
from pathlib import Path

# Before numpy or torch is imported: tests are small, one thread is quickest and gives the same bits everywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("VASP_LENS_SHARED") or ROOT.parent / "shared")
NO_SHARED = "needs real data in $VASP_LENS_SHARED or ../shared"
NO_BROWSER = "drives a browser, and BROWSER=0 was given"
SLOW = ("browser", "wheel", "tutorial")  # marks, the slower the later


@pytest.fixture(scope="session", autouse=True)
def _no_real_home(tmp_path_factory):
    """No test reads or writes the user's own data sets and checkpoints, nor Streamlit's first-run question."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(tmp_path_factory.mktemp("vasp-lens-home")))
        yield


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty home for one test."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("VASP_LENS_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; tests that ask for it are skipped where it is not."""
    if not (SHARED / "data").is_dir():
        pytest.skip(NO_SHARED)
    return SHARED


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What is quick to fail comes first; of several processes, what takes long, lest all wait for one at the end. The
    # sort is stable: within a group the order stays.
    items.sort(key=_slowness, reverse="PYTEST_XDIST_WORKER" in os.environ)
    for item in items:
        if item.get_closest_marker("browser") and os.environ.get("BROWSER") == "0":
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
        if item.get_closest_marker("shared") and not (SHARED / "data").is_dir():
            item.add_marker(pytest.mark.skip(reason=NO_SHARED))


def _slowness(item: pytest.Item) -> int:
    return max((SLOW.index(name) + 1 for name in SLOW if item.get_closest_marker(name)), default=0)


def pytest_terminal_summary(terminalreporter) -> None:
    """Name what was skipped and why, in one line a reason."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped: {count} {'test' if count == 1 else 'tests'}: {reason}")

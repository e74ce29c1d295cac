"""`vasp-lens report`, as it is typed: the file, what is refused, and that it is found wherever it is started."""

from __future__ import annotations

from pathlib import Path
import subprocess

import pytest
from typer.testing import CliRunner

from tests import trained
from tests.serving import VASP_LENS
from vasp_models import places
from vasp_models.cli import app, report
from vasp_models.errors import SettingError

pytestmark = pytest.mark.skipif(not (places.ui_root() / "app" / "report").exists(), reason="the dashboard is not here")


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VASP_LENS, "report", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A small checkpoint, in a folder from which commands are started that has an `app` of its own."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "app").mkdir()
    (folder / "app" / "__init__.py").write_text("raise ImportError('a stranger')")
    return trained.checkpoint(folder / "mine")


def test_a_report_is_written_from_wherever_it_is_started(mine):
    here = mine.folder.parent
    done = run("./mine", "--out", "new/report.html", "--device", "cpu", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "new/report.html" in done.stdout and "MB" in done.stdout
    text = (here / "new" / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and mine.digest in text
    assert [path.name for path in (here / "new").iterdir()] == ["report.html"], "nothing is left behind"


def test_an_error_is_one_sentence_and_exit_code_2(tmp_path):
    done = run("no-such-checkpoint", "--out", "report.html", cwd=tmp_path)
    assert done.returncode == 2 and "no-such-checkpoint" in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_device_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setattr(report.subprocess, "run", lambda *_, **__: pytest.fail("it was started"))
    with pytest.raises(SettingError, match="'gpu'.*auto, cuda, mps, cpu"):
        CliRunner().invoke(app, ["report", "demo", "--out", "a.html", "--device", "gpu"], catch_exceptions=False)


def test_the_dashboard_is_found_before_other_folders_of_its_name(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    first, *rest = report.environment()["PYTHONPATH"].split(":")
    assert Path(first) == places.ui_root() and rest == ["/elsewhere"]
    assert "-P" in report.command("demo", [], replace=False)

"""The wheel: what is in it, and that it works in a fresh environment, far from the checkout."""

from __future__ import annotations

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile

import pytest

from tests.serving import any_free_port, served

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.wheel

FIRST_PAGE = """
from streamlit.testing.v1 import AppTest
from vasp_models.places import ui_root
page = AppTest.from_file(str(ui_root() / "app" / "main.py"), default_timeout=60).run()
assert not page.exception, page.exception
assert page.title, "the first page has no title"
print(ui_root())
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    return next(built.glob("*.whl"))


def ours(*folders: str) -> set[str]:
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    made = {"__pycache__", "node_modules"}
    return {str(path.relative_to(ROOT)) for path in paths if not made & set(path.parts)}


def test_the_wheel_holds_the_program_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = ours("vasp_models") | {f"vasp_models/_ui/{name}" for name in ours("app", "pages", "assets")}
    assert names == expected
    assert "vasp_models/_ui/app/.streamlit/config.toml" in names


def test_the_source_archive_is_enough_to_test_from(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= ours("vasp_models", "app", "pages", "assets", "tests")
    assert names >= {"Makefile", "README.md", "LICENSE", "constraints.txt", "pyproject.toml"}
    assert not [name for name in names if ".venv" in name or "__pycache__" in name]


INSTALL = ("-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    """The programs of a new environment with the wheel in it.

    What the wheel needs is read from the environment of the tests, which pip has made of the same pyproject.toml: that
    it is enough, `make setup` shows, and a copy of it would be 2 GB.
    """
    folder = tmp_path_factory.mktemp("fresh") / "environment"
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    done = subprocess.run([programs / "python", *INSTALL, "--no-deps", wheel], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    own = next(folder.rglob("site-packages"))
    (own / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return programs


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """A folder and a home that know nothing of the project."""
    for name in [name for name in os.environ if name.startswith(("VASP_LENS", "STREAMLIT", "PYTHONPATH"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.timeout(600)
def test_the_demo_runs_from_the_wheel(fresh, elsewhere):
    demo = ("demo", "--no-browser", "--port", str(any_free_port()))
    with served(*demo, command=(str(fresh / "vasp-lens"),), cwd=elsewhere) as dashboard:
        assert "<title>" in dashboard.get("/")
        assert dashboard.get("/_stcore/health") == "ok"
        assert dashboard.interrupt() == 0
    assert "Traceback" not in dashboard.output()


def test_the_first_page_is_drawn_from_the_wheel(fresh, elsewhere):
    command = [fresh / "python", "-W", "ignore", "-c", FIRST_PAGE]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout


def test_a_recommendation_is_made_from_the_wheel(fresh, elsewhere):
    command = [fresh / "vasp-lens", "recommend", "demo", "--user", "1", "-k", "3", "--json"]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [each["rank"] for each in json.loads(done.stdout)["recommendations"]] == [1, 2, 3]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    """A bundle of the demo for one user, made where the model is."""
    folder = tmp_path_factory.mktemp("handed-on") / "demo-bundle"
    command = [sys.executable, "-m", "vasp_models.cli", "bundle", "demo", "--users", "1", "--k", "1", "--out", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def small(wheel, bundle, tmp_path_factory):
    """The programs of a new environment in which only what a bundle's requirements name is installed, and the wheel."""
    folder = tmp_path_factory.mktemp("small") / "environment"
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    try:
        for what in (["-r", bundle / "requirements.txt"], ["--no-deps", wheel]):
            done = subprocess.run([programs / "python", *INSTALL, *what], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        yield programs
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(600)
def test_a_bundle_opens_where_torch_was_never_installed(small, bundle, elsewhere, monkeypatch):
    done = subprocess.run([small / "python", "-c", "import torch"], capture_output=True, text=True)
    assert "ModuleNotFoundError" in done.stderr
    monkeypatch.setenv("VASP_LENS_CHECKPOINTS", f"{bundle}/")
    explained = """
page = page.switch_page(str(ui_root() / "pages" / "explain.py")).run()
assert not page.exception and page.title, page.exception
"""
    command = [small / "python", "-W", "ignore", "-c", FIRST_PAGE + explained]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    with served(
        *("app", f"{bundle}/", "--no-browser", "--port", str(any_free_port())),
        command=(str(small / "vasp-lens"),),
        cwd=elsewhere,
    ) as dashboard:
        assert dashboard.get("/_stcore/health") == "ok"
        assert dashboard.interrupt() == 0
    assert "Traceback" not in dashboard.output()

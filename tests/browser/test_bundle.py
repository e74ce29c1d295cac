"""A bundle in a browser: a server that has no torch shows every page, and its memory stays small."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess

import pytest

from tests.bare import site
from tests.serving import any_free_port, served
from vasp_models import checkpoints
from vasp_models.bundles import making

MOST_MEGABYTES = 300


def server_megabytes(parent: int) -> float:
    """Resident memory of the one program that `vasp-lens app` has started."""
    done = subprocess.run(["ps", "-o", "rss=", "--ppid", str(parent)], capture_output=True, text=True, check=True)
    return sum(map(int, done.stdout.split())) * 1024 / 1e6


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads the memory of another program as Linux tells it")
def test_all_pages_are_served_without_torch_in_less_than_300_megabytes(visits, tmp_path):
    demo = checkpoints.load("demo")
    made = making.make(demo, tmp_path / "handed-on", making.rows_of(demo, 1), 1)
    home = {"HOME": str(tmp_path), "VASP_LENS_HOME": str(tmp_path / "home"), **site(tmp_path)}
    command = ("app", f"{made.folder}/", "--no-browser", "--port", str(any_free_port()))
    with served(*command, cwd=tmp_path, **{**os.environ, **home}) as running:
        page = visits(running.url).open()
        assert len({page.go(name).heading() for name in page.pages()}) == len(page.pages()) == 12
        assert server_megabytes(running.process.pid) < MOST_MEGABYTES
        assert "bundle" in page.page.locator("[data-testid=stSidebar]").inner_text()

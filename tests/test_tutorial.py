"""Every command of the tutorial runs, in its order: on a generated release, and on the real one where it is at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
import re
import shlex
import subprocess

import pandas as pd
import pytest

from tests.data.layouts import serving, zipped
from tests.serving import VASP_LENS, any_free_port, served
from vasp_models import places
from vasp_models.data.datasets import load

ROOT = Path(__file__).resolve().parents[1]
NAME = "ml-latest-small"
pytestmark = pytest.mark.tutorial
VIEWERS, FILMS = 300, 200
# The demo's films that take the place of those that the tutorial names: Toy Story and two of Star Wars.
SWAPPED = {429: 1, 284: 260, 469: 1196}
DONE_BY_MAKE = {"make setup", "source .venv/bin/activate"}  # `make test` has set up the environment this runs in
# Up to the explanation of a film; what comes after it takes minutes on the real files.
FIRST_STEPS = {"data", "train", "recommend", "app", "explain"}
LICENCE = b"Usage License\n=============\n\nMade up, free to use.\n\n\nCitation\n========\n\n"


def commands() -> list[str]:
    """The indented lines of the tutorial, in their order."""
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    return [line.strip() for line in re.findall(r"^ {4}(\S.*)$", text, re.M)]


def release() -> bytes:
    """A zip of the layout of ml-latest-small: some viewers and films of the demo under ids that the tutorial names."""
    demo = load(places.DEMO)
    turned = SWAPPED | {new: old for old, new in SWAPPED.items()}
    ratings = demo.ratings()
    films = {*ratings["item"].value_counts().index[:FILMS], *SWAPPED}
    ratings = ratings[(ratings["user"] <= VIEWERS) & ratings["item"].isin(films)].replace({"item": turned})
    ratings.columns = ["userId", "movieId", "rating", "timestamp"]
    items = demo.items().replace({"id": turned}).sort_values("id")
    movies = pd.DataFrame(
        {
            "movieId": items["id"],
            "title": items["title"] + " (" + items["year"].astype(str) + ")",
            "genres": ["|".join(genres) for genres in items["genres"]],
        }
    )
    links = pd.DataFrame({"movieId": items["id"], "imdbId": items["id"], "tmdbId": items["id"]})
    tables = {"ratings": ratings, "movies": movies, "links": links}
    files = {f"{name}.csv": table.to_csv(index=False).encode() for name, table in tables.items()}
    return zipped(files | {"README.txt": LICENCE}, f"{NAME}/")


class Reader:
    """Somebody who types the commands of the tutorial in a folder of their own."""

    def __init__(self, folder: Path, source: tuple[str, ...]) -> None:
        self.folder, self.source, self.film = folder, source, ""
        self.environment = {"VASP_LENS_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1", "HOME": str(folder)}

    def type(self, line: str) -> None:
        words = shlex.split(line)
        assert words[0] == "vasp-lens", f"the tutorial has a line that nobody knows how to run: {line}"
        words = [self.film if word == "ID" else word for word in words[1:]]
        if words[0] == "app":
            return self.look(words)
        said = self.run(words + (list(self.source) if words[:2] == ["data", "get"] else []))
        assert said.strip(), f"{line} says nothing"
        if words[0] == "recommend" and "--user" in words:  # the next step explains the film that this one puts first
            self.film = str(json.loads(self.run([*words, "--json"]))["recommendations"][0]["item"])
        return None

    def run(self, words: list[str]) -> str:
        done = subprocess.run(
            [*VASP_LENS, *words],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=280,
        )
        # An audit that finds a gate not passed says so with 1: on data as few as these that is an answer.
        assert done.returncode in ((0, 1) if words[0] == "audit" else (0,)), f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def look(self, words: list[str]) -> None:
        arguments = [*words, "--no-browser", "--port", str(any_free_port())]
        with served(*arguments, cwd=self.folder, **self.environment) as running:
            assert "<title>" in running.get("/")


@pytest.fixture
def reader(tmp_path):
    with serving() as server:
        server.publish(NAME, release())
        yield Reader(tmp_path, ("--base-url", server.address))


@pytest.mark.timeout(600)
def test_the_tutorial_runs_from_download_to_explanation(reader):
    typed = [line for line in commands() if line not in DONE_BY_MAKE]
    assert len(typed) >= 10 and {"data", "train", "map", "app", "explain"} <= {line.split()[1] for line in typed}
    for line in typed:
        reader.type(line)


@pytest.mark.shared
@pytest.mark.timeout(600)
def test_the_tutorial_runs_on_the_real_release(shared, tmp_path):
    reader = Reader(tmp_path, ("--from", str(shared / "data" / NAME)))
    for line in commands():
        if line not in DONE_BY_MAKE and line.split()[1] in FIRST_STEPS and not line.endswith("-bundle"):
            reader.type(line)

"""How fast the linked maps are: first draw, a lasso while it is drawn, and from a finished selection to its table.

    python tests/benchmarks/linked_maps.py [--films 8000 20108] [--lassos 5]

In headless Chromium without a graphics card. For each number of films the script makes a data set, a checkpoint of the
popularity model and maps with places, neighbours and shares drawn at random, all in a folder of its own. The first draw
is timed from the request of the page to the last of its three maps, in a browser that has never seen it and again after
a reload. Each lasso is drawn with the mouse around films of one map: feedback is the time from a movement of the mouse
to the three repainted maps; the table is there when its head names the number of films and the script rests. The number
of runs of the script is counted by what the page tells of its state, bytes by the frames on its socket.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
import os
from pathlib import Path
import sys
import tempfile
import time

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

NAME, USERS, CLUSTERS = "synthetic", 400, 40
GENRES = ("Action", "Comedy", "Drama", "Horror", "Western", "Children", "Film-Noir", "War", "Sci-Fi", "Romance")
FIND = """() => {
    const search = (node) => {
        for (const each of node.querySelectorAll("*")) {
            if (each.lens) return each.lens;
            const below = each.shadowRoot && search(each.shadowRoot);
            if (below) return below;
        }
    };
    return search(document);
}"""
DRAWN = (
    f"() => {{ const lens = ({FIND})(); return !!lens && lens.maps.length === 3 && lens.maps.every(map => map.kept); }}"
)
# From a movement of the mouse to the paint of the last map that shows it; and how often the script ran.
WATCH = f"""() => {{
    const lens = ({FIND})();
    window.seen = {{ feedback: [], since: null, runs: 0 }};
    lens.root.addEventListener("pointermove", (e) => {{ window.seen.since ??= e.timeStamp; }}, true);
    const last = lens.maps.at(-1), paint = last.paint.bind(last);
    last.paint = (...all) => {{
        paint(...all);
        const {{ since, feedback }} = window.seen;
        if (lens.drafted && since !== null) feedback.push(performance.now() - since);
        window.seen.since = null;
    }};
    const app = document.querySelector("[data-testid=stApp]");
    let before = app.dataset.testScriptState;
    new MutationObserver(() => {{
        const now = app.dataset.testScriptState;
        if (now === "running" && before !== "running") window.seen.runs++;
        before = now;
    }}).observe(app, {{ attributes: true, attributeFilter: ["data-test-script-state"] }});
}}"""


@dataclass
class Figures:
    """What was measured: milliseconds, runs, and bytes on the socket."""

    cold: float = 0.0
    reload: float = 0.0
    page_bytes: int = 0
    feedback: list[float] = field(default_factory=list)
    table: list[float] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    up: list[int] = field(default_factory=list)
    films: list[int] = field(default_factory=list)


def main() -> None:
    """Print the figures for each number of films."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, nargs="*", default=[8_000, 20_108])
    parser.add_argument("--lassos", type=int, default=5)
    chosen = parser.parse_args()
    for films in chosen.films:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["VASP_LENS_HOME"] = folder
            make(Path(folder), films)
            found = measured(Path(folder), chosen.lassos)
        print(f"{films:,} films x 3 maps")
        print(
            f"  first draw {found.cold:.0f} ms, after a reload {found.reload:.0f} ms ({found.page_bytes / 1e6:.2f} MB)"
        )
        middle, most = np.median(found.feedback), np.quantile(found.feedback, 0.95)
        print(
            f"  lasso feedback: median {middle:.0f} ms, 95 % within {most:.0f} ms, at most {max(found.feedback):.0f} ms"
        )
        rows = zip(found.films, found.table, found.runs, found.down, found.up, strict=True)
        for number, passed, runs, down, up in rows:
            print(f"  {number:,} selected: table after {passed:.0f} ms, {runs} run, {down:,} bytes down, {up:,} up")


def make(folder: Path, films: int) -> None:
    """A checkpoint that knows so many films, and its maps."""
    import pandas as pd

    from tests.trained import plan
    from vasp_models import checkpoints, runs
    from vasp_models.data import importing, items, ratings
    from vasp_models.projections import maps

    generator = np.random.default_rng(0)
    share = -(-films // (USERS // 4))  # so that several train users have each film
    likes = [(user, 1 + (user * share + n) % films) for user in range(USERS) for n in range(share)]
    frame = pd.DataFrame(likes, columns=["user", "item"]).assign(rating=5.0)
    numbers = list(range(1, films + 1))
    genres = ["|".join(generator.choice(GENRES, generator.integers(1, 4), replace=False)) for _ in numbers]
    titles = [f"A Film with a Title of Usual Length {n} ({1930 + n % 90})" for n in numbers]
    rows = items.items_frame({"id": numbers, "title": titles, "genres": genres})
    source = importing.Source("Synthetic", simulated=True)
    data = importing.assemble(folder / "data", ratings.ratings_of(frame), rows, ratings.Feedback(), source)
    made = runs.train(plan(data, "popularity"), folder / "checkpoints" / NAME, "vasp-lens train")
    found = synthetic_maps(made.digest, np.arange(len(made.catalogue)), generator)
    maps.write(found, maps.folders(checkpoints.load(NAME), "lift")[0])


def synthetic_maps(digest: str, numbers: np.ndarray, generator: np.random.Generator):
    """Maps of clouds of films, with neighbours in the picture."""
    from scipy.spatial import cKDTree

    from vasp_models.projections.drawing import SensitivityMaps, settings_for

    n, parts = len(numbers), ("joint", "nease", "flvae")
    places = {
        part: (
            generator.normal(0, 30, (CLUSTERS, 2))[generator.integers(0, CLUSTERS, n)] + generator.normal(0, 5, (n, 2))
        ).astype(np.float32)
        for part in parts
    }
    near = {part: cKDTree(at).query(at, 31)[1][:, 1:].astype(np.int32) for part, at in places.items()}
    quality = {
        "trustworthiness": 0.9,
        "continuity": 0.9,
        "kl": 2.0,
        "largest_hub": 0.01,
        "hub_item": 0,
        "hub_warning": False,
    }
    settings = settings_for("lift", 0) | {"items": n, "items_left_out": 0, "perplexity": 30.0, "neighbours": 91}
    share = generator.uniform(0, 1, n).astype(np.float32)
    shares = {"nease": share, "flvae": 1 - share}
    return SensitivityMaps(places, numbers, near, dict.fromkeys(parts, quality), 0.1, settings, digest, shares=shares)


def measured(folder: Path, lassos: int) -> Figures:
    """Time one page in a browser of its own."""
    from playwright.sync_api import sync_playwright

    from tests.browser import chromium
    from tests.browser.conftest import FLAGS, WIDE, tab
    from tests.serving import any_free_port, served

    found, bytes_seen = Figures(), {"down": 0, "up": 0}
    home = {"HOME": str(folder), "VASP_LENS_HOME": str(folder)}
    with (
        served("app", NAME, "--no-browser", "--port", str(any_free_port()), cwd=folder, **home) as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        visit = tab(browser.new_context(locale="en-US"), running.url, "light", WIDE, errors_expected=False)
        visit.page.on("websocket", lambda socket: _count(socket, bytes_seen))
        found.cold = _until_drawn(visit, lambda: visit.page.goto(f"{running.url}/maps"))
        visit.settle()
        found.page_bytes = bytes_seen["down"]
        found.reload = _until_drawn(visit, visit.page.reload)
        visit.settle().page.evaluate(WATCH)
        visit.main.get_by_role("button", name="Lasso", exact=True).click()
        for number in range(lassos):
            _lasso(visit, number, 0.08 + 0.4 * number / max(lassos - 1, 1), found, bytes_seen)
        found.feedback = visit.page.evaluate("window.seen.feedback")
        assert not visit.faults, visit.faults
        browser.close()
    return found


def _count(socket, seen: dict[str, int]) -> None:
    size = lambda frame: len(frame if isinstance(frame, bytes) else frame.encode())  # noqa: E731
    socket.on("framereceived", lambda frame: seen.update(down=seen["down"] + size(frame)))
    socket.on("framesent", lambda frame: seen.update(up=seen["up"] + size(frame)))


def _until_drawn(visit, go) -> float:
    began = time.perf_counter()
    go()
    visit.page.wait_for_function(DRAWN, polling="raf")
    return 1000 * (time.perf_counter() - began)


def _lasso(visit, number: int, radius: float, found: Figures, seen: dict[str, int]) -> None:
    """Draw a circle around the middle of a map, `radius` in widths of the map, and wait for its table."""
    page, canvas = visit.page, visit.main.locator("canvas[aria-label^='Map ']").nth(number % 3)
    canvas.scroll_into_view_if_needed()
    box, before = canvas.bounding_box(), {**seen, "runs": page.evaluate("window.seen.runs")}
    angles = np.linspace(0, 2 * np.pi, 40)
    corners = [
        (box["x"] + box["width"] * (0.5 + radius * np.cos(a)), box["y"] + box["height"] * (0.5 + radius * np.sin(a)))
        for a in angles
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    began = time.perf_counter()
    page.mouse.up()
    selected = page.evaluate(f"() => ({FIND})().selected.reduce((sum, one) => sum + one, 0)")
    head = f"The {selected:,} selected film{'s' if selected != 1 else ''}"
    visit.main.get_by_role("heading", name=head).wait_for()
    visit.main.get_by_test_id("stDataFrame").first.wait_for()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    found.table.append(1000 * (time.perf_counter() - began))
    visit.settle()
    page.wait_for_timeout(500)  # a second run would begin by now
    found.films.append(selected)
    found.runs.append(page.evaluate("window.seen.runs") - before["runs"])
    found.down.append(seen["down"] - before["down"])
    found.up.append(seen["up"] - before["up"])


if __name__ == "__main__":
    main()

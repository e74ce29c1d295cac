"""How long a recommendation takes once a model is loaded, and how long the dashboard takes to its first paint.

    python tests/benchmarks/latency.py CHECKPOINT [--users N] [--no-paint]

First paint is measured warm, in headless Chromium on the demo: from the request to the page's answer sentence on the
screen, in a new tab of a browser that has been there before.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
import tempfile
import time

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
ROUNDS = 7


def main() -> None:
    """Print the median and the extremes of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--no-paint", action="store_true")
    chosen = parser.parse_args()
    _print("one recommendation of 20 items", recommendations(chosen.checkpoint, chosen.users), 1000, "ms")
    if not chosen.no_paint:
        _print("first paint of the demo, warm", first_paints(), 1, "s")


def recommendations(name: str, n_users: int) -> np.ndarray:
    """Seconds per call for different test users, after one call that warms up (n_users)."""
    from vasp_models import checkpoints
    from vasp_models.recommending import recommend

    checkpoint = checkpoints.load(name)
    model = checkpoint.model()
    rows = checkpoint.users.rows("test")[:n_users]
    histories = [checkpoint.users.at(row).history for row in rows]
    recommend(model, histories[0], 20)
    return np.array([_seconds(lambda history=history: recommend(model, history, 20)) for history in histories])


def first_paints() -> np.ndarray:
    """Seconds from the request to the answer sentence, after one visit that fills the caches."""
    from playwright.sync_api import sync_playwright

    from tests.browser import chromium
    from tests.browser.conftest import FLAGS
    from tests.serving import any_free_port, served

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = {"HOME": folder, "VASP_LENS_HOME": f"{folder}/home"}
        with served("demo", "--no-browser", "--port", str(any_free_port()), cwd=Path(folder), **home) as running:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
            window = browser.new_context(viewport={"width": 1440, "height": 900})

            def visit() -> None:
                page = window.new_page()
                page.goto(running.url)
                page.locator(".st-key-answer").wait_for()
                page.close()

            visit()
            paints = np.array([_seconds(visit) for _ in range(ROUNDS)])
            browser.close()
    return paints


def _seconds(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _print(what: str, seconds: np.ndarray, scale: float, unit: str) -> None:
    low, middle, high = np.quantile(seconds, [0, 0.5, 1]) * scale
    print(f"{what}: median {middle:.1f} {unit} ({low:.1f} to {high:.1f}, {len(seconds)} runs)")


if __name__ == "__main__":
    main()

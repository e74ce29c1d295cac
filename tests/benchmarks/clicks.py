"""How long a click takes: the profile lab until it ranks anew, the page Explain until another film is explained.

    python tests/benchmarks/clicks.py [CHECKPOINT ...] [--clicks N]

In headless Chromium on the demo, or on the checkpoints that are named. In the lab a row is added to a profile of 8
films and removed again, in turn, and the clock stops with the other list on the screen: first alone, then with a
watched film and a pinned profile, whose figures are drawn anew. On Explain the next film of the list is asked for, and
the clock stops when the page is at rest with the figures, the removals and the curve of a film not explained before.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
import tempfile

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Print medians, 90th percentiles and extremes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="*", help="default: the demo")
    parser.add_argument("--clicks", type=int, default=40)
    chosen = parser.parse_args()
    for what, passed in measured(chosen.checkpoint, chosen.clicks).items():
        middle, most = np.median(passed), np.quantile(passed, 0.9)
        print(f"{what}: median {middle:.0f} ms, 90 % within {most:.0f} ms ({passed.min():.0f} to {passed.max():.0f})")


def measured(names: list[str], clicks: int) -> dict[str, np.ndarray]:
    """Milliseconds of each click, after a few that warm up."""
    from playwright.sync_api import sync_playwright

    from tests.browser import chromium
    from tests.browser.conftest import FLAGS, WIDE, tab
    from tests.browser.test_explain import click
    from tests.browser.test_lab import PROFILE, RECOMMENDED, press, reranked, start_from
    from tests.serving import any_free_port, served

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        start = ["app", *names] if names else ["demo"]
        with served(*start, "--no-browser", "--port", str(any_free_port()), cwd=Path(folder)) as running:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
            visit = tab(browser.new_context(locale="en-US"), running.url, "light", WIDE, errors_expected=False).open()

            def times() -> np.ndarray:
                passed = []
                for number in range(clicks + 4):
                    passed.append(reranked(visit.page, PROFILE if number % 2 else RECOMMENDED))
                    visit.page.wait_for_timeout(400)  # people look before they click again
                return np.array(passed[4:])

            start_from(visit, "Drama")
            found = {"lab, list alone": times()}
            visit.main.locator(f"{RECOMMENDED} td.film button").nth(3).click()
            press(visit.settle(), "lab_pin").settle()
            found["lab, with a watched film and a pinned profile"] = times()
            visit.go("Explain")
            films = min(clicks + 2, 19)  # of the twenty that are offered
            found["explain, the next film"] = 1000 * np.array([click(visit, "next_film") for _ in range(films)][2:])
            browser.close()
    return found


if __name__ == "__main__":
    main()

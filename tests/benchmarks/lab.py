"""How long the profile lab takes to rank anew: from a click on a row to the other list on the screen.

    python tests/benchmarks/lab.py [CHECKPOINT ...] [--clicks N]

In headless Chromium on the demo, or on the checkpoints that are named. A row is added to a profile of 8 films and
removed again, in turn: first alone, then with a watched film and a pinned profile, whose figures are drawn anew.
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
            found = {"list alone": times()}
            visit.main.locator(f"{RECOMMENDED} td.film button").nth(3).click()
            press(visit.settle(), "lab_pin").settle()
            found["with a watched film and a pinned profile"] = times()
            browser.close()
    return found


if __name__ == "__main__":
    main()

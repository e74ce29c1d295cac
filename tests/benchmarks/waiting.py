"""How pages behave while they load: what jumps, and how long a viewer waits without a word. Prints one row a page.

    python -m tests.benchmarks.waiting [CHECKPOINT] [--pages NAME ...] [--sources]

Each page is the first that a fresh server shows, so that loading the model is in it. `shift` is the cumulative layout
shift (Layout Instability, W3C; the largest session window of 5 s, gaps below 1 s), without what follows an input by
less than 0.5 s; below 0.1 is good. `words` are the seconds until the page says anything, `silent` the longest stretch
after that in which the script runs and neither a spinner's words, nor a progress bar, nor new content appears, `done`
the seconds until it rests. Times hold on this machine for one viewer.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import tempfile

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.conftest import FLAGS
from tests.browser.visit import BUSY, READY
from tests.serving import any_free_port, served

PAGES = (
    "",
    "recommend",
    "explain",
    "lab",
    "maps",
    "film",
    "quality",
    "compare",
    "fidelity",
    "paper",
    "data",
    "diagnostics",
)

# Notes layout shifts, and every 50 ms what the viewer sees.
OBSERVE = """([ready, busy]) => {
    window.shifts = []; window.seen = [];
    const box = (r) => `${r.x},${r.y} ${r.width}x${r.height}`;
    const named = (n) => {
        const e = n instanceof Element ? n : n?.parentElement;
        const key = /st-key-[\\w-]+/.exec(e?.className?.toString() ?? "");
        return `${e?.closest("[data-testid]")?.dataset.testid} ${key?.[0] ?? e?.nodeName}`;
    };
    new PerformanceObserver((list) => {
        for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push([e.startTime, e.value,
            e.sources.map((s) => `${named(s.node)} ${box(s.previousRect)} -> ${box(s.currentRect)}`)]);
    }).observe({ type: "layout-shift", buffered: true });
    setInterval(() => {
        const main = document.querySelector('[data-testid="stMain"]');
        const spinner = document.querySelector(
            '[data-testid="stSpinner"], [data-testid="stProgress"], .st-key-loading, [class*="st-key-busy_"]');
        const rests = document.querySelector(ready) && !document.querySelector(busy);
        window.seen.push([performance.now(), main ? main.innerText.trim().length : 0, !!spinner?.innerText.trim(),
            !!rests, main ? main.scrollHeight : 0]);
    }, 50);
}"""


def shift_score(shifts: list) -> float:
    """The largest sum of shifts in a window of at most 5 s whose gaps are below 1 s."""
    best = now = 0.0
    began = last = -1e9
    for at, value, *_ in shifts:
        if at - last > 1000 or at - began > 5000:
            now, began = 0.0, at
        now, last = now + value, at
        best = max(best, now)
    return best


def waits(seen: list) -> tuple[float, float, float]:
    """Seconds to the first words, of the longest silence after them, and to the rest that lasts."""
    words = next((at for at, text, *_ in seen if text), float("nan"))
    unrest = [at for at, _, _, rests, _ in seen if not rests]
    done = max(unrest, default=words)
    silent, since, before = 0.0, None, None
    for at, text, spins, rests, height in seen:
        if at < words:
            continue
        if (text, height) != before or spins or rests:
            since, before = at, (text, height)
        silent = max(silent, at - since)
    return words / 1000, silent / 1000, done / 1000


def visit(browser: Browser, url: str, width: int, look: str) -> tuple[list, list]:
    context = browser.new_context(color_scheme=look, viewport={"width": width, "height": 900}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(url + "/_stcore/health")  # scripts are compiled once for each browser, not for each page
    page.add_init_script(f"({OBSERVE})({[READY, BUSY]!r})")
    page.goto(url)
    page.wait_for_selector(READY)
    page.wait_for_function("() => window.seen.length > 40 && window.seen.slice(-40).every((each) => each[3])")
    found = page.evaluate("[window.shifts, window.seen]")
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", default="demo")
    parser.add_argument("--pages", nargs="*", default=PAGES)
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--sources", action="store_true", help="what shifted")
    asked = parser.parse_args()
    print(f"{'page':12}  shift   words  silent    done")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        for name in asked.pages:
            port = str(any_free_port())
            with served("app", asked.checkpoint, "--no-browser", "--port", port, cwd=Path(folder)) as running:
                shifts, seen = visit(browser, f"{running.url}/{name}", asked.width, "light")
            words, silent, done = waits(seen)
            print(f"{name or 'overview':12}  {shift_score(shifts):5.3f}  {words:5.1f}s {silent:6.1f}s {done:6.1f}s")
            if asked.sources:
                for at, value, sources in shifts:
                    if value > 0.005:
                        print(f"   {at / 1000:5.1f}s {value:.3f}", *sources, sep="\n          ")
        browser.close()


if __name__ == "__main__":
    main()

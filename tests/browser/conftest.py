"""A real Chromium, dashboards for it to visit, and the rule that a visit without faults is the only good one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
import os
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright
import pytest

from tests.browser import chromium
from tests.browser.visit import Visit
from tests.serving import any_free_port, served

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
]
NO_CHROMIUM = "no Chromium or Chrome here: make test installs it, or says how"
WIDE, NARROW = (1440, 900), (375, 812)

Visits = Callable[..., Visit]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if os.environ.get("BROWSER") == "0":
        pytest.skip("BROWSER=0")
    program = chromium.find()
    if program is None:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def window(browser) -> Callable[[str, tuple[int, int]], BrowserContext]:
    """A browser window of a theme and a size; kept, so that Streamlit's scripts are fetched and compiled once."""

    @cache
    def opened(theme: str, size: tuple[int, int]) -> BrowserContext:
        viewport = {"width": size[0], "height": size[1]}
        return browser.new_context(color_scheme=theme, viewport=viewport, locale="en-US", reduced_motion="reduce")

    return opened


@pytest.fixture
def visits(window) -> Iterator[Visits]:
    """Open a tab on a dashboard; at the end of the test every tab must be free of faults."""
    opened: list[Visit] = []

    def visit(url: str, theme: str = "light", size: tuple[int, int] = WIDE, *, errors_expected: bool = False) -> Visit:
        opened.append(Visit(window(theme, size).new_page(), url, f"{theme}-{size[0]}", errors_expected))
        return opened[-1]

    yield visit
    faults = [fault for each in opened for fault in each.faults]
    for each in opened:
        each.page.close()
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Iterator[str]:
    """Address of a dashboard on the embedded demo, started far from the checkout in a home of its own."""
    folder = tmp_path_factory.mktemp("demo")
    home = {"HOME": str(folder), "VASP_LENS_HOME": str(folder / "home")}
    with served("demo", "--no-browser", "--port", str(any_free_port()), cwd=folder, **home) as running:
        yield running.url

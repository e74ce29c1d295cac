"""A real Chromium, dashboards for it to visit, and the rule that a visit without faults is the only good one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import socket

from playwright.sync_api import BrowserContext, sync_playwright
import pytest

from tests.browser import chromium
from tests.browser.visit import Visit
from tests.serving import Served, served

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
FORGET = """for (const key of Object.keys(localStorage))
    if (key.startsWith("stSidebarCollapsed")) localStorage.removeItem(key);"""
FAILED = pytest.StashKey[bool]()

Visits = Callable[..., Visit]


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def window() -> Iterator[BrowserContext]:
    """A browser window, one for all tabs: it fetches and compiles Streamlit's scripts once for each address."""
    if os.environ.get("BROWSER") == "0":
        pytest.skip("BROWSER=0")
    program = chromium.find()
    if program is None:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser.new_context(locale="en-US")
        browser.close()


def tab(window: BrowserContext, url: str, theme: str, size: tuple[int, int], errors_expected: bool) -> Visit:
    page = window.new_page()
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    if size == NARROW:  # a telephone does not remember that the sidebar was opened on a wide screen
        page.add_init_script(FORGET)
    return Visit(page, url, f"{theme}-{size[0]}", errors_expected)


@pytest.fixture
def visits(window) -> Iterator[Visits]:
    """Open a tab on a dashboard; at the end of the test every tab must be free of faults."""
    opened: list[Visit] = []

    def visit(url: str, theme: str = "light", size: tuple[int, int] = WIDE, *, errors_expected: bool = False) -> Visit:
        opened.append(tab(window, url, theme, size, errors_expected))
        return opened[-1]

    yield visit
    faults = [fault for each in opened for fault in each.faults]
    for each in opened:
        each.page.close()
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def _kept() -> dict[str, Visit]:
    """Tabs on the demo that outlive a test, by theme."""
    return {}


@pytest.fixture
def on_demo(window, demo, _kept, request) -> Iterator[Visits]:
    """The wide tab on the demo in a theme, shared by tests: to load the dashboard takes ten times as long as to go on.

    Whoever takes it goes to a page and chooses what the test needs. A test that fails takes its tab with it.
    """
    used: set[str] = set()

    def visit(theme: str = "light") -> Visit:
        used.add(theme)
        if theme not in _kept:
            _kept[theme] = tab(window, demo.url, theme, WIDE, errors_expected=False)
            _kept[theme].open()
        _kept[theme].page.bring_to_front()  # a browser lets the tabs behind it draw once a second
        return _kept[theme]

    yield visit
    faults = [fault for theme in used for fault in _kept[theme].faults]
    if faults or request.node.stash.get(FAILED, False):
        for theme in used:
            _kept.pop(theme).page.close()
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Iterator[Served]:
    """A dashboard on the embedded demo, started far from the checkout in a home of its own, its port in use already."""
    folder = tmp_path_factory.mktemp("demo")
    home = {"HOME": str(folder), "VASP_LENS_HOME": str(folder / "home")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with served("demo", "--no-browser", "--port", str(port), cwd=folder, **home) as running:
            yield running

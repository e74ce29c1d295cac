"""Every page opens, in both themes, wide and narrow; nobody is shut out of it; its files say where they come from."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import re
import tomllib

import pytest

from tests.browser import axe
from tests.browser.barriers import barriers, out_of_reach
from tests.browser.conftest import NARROW
from tests.browser.files import PICTURE, SAVE, all_taken, checked
from tests.browser.visit import Visit

ROOT = Path(__file__).resolve().parents[2]
ZOOMED = (720, 450)  # what is left of a window of 1440 x 900 at 200 %
MENU = ".st-key-download button"
OVERVIEW = "What is loaded, and how good is it?"


def routes() -> list[str]:
    """The addresses of all pages, read from the router's table."""
    body = ast.parse((ROOT / "app" / "main.py").read_text(encoding="utf-8")).body
    tables = {ast.unparse(node.targets[0]): node.value for node in body if isinstance(node, ast.Assign)}
    groups = ast.literal_eval(tables["PAGES"]).values()
    return [f"/{address}" for rows in groups for _, _, address, *_ in rows]


def background(theme: str) -> str:
    config = tomllib.loads((ROOT / "app" / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    colour = config["theme"].get(theme, config["theme"]).get("backgroundColor", "#ffffff").lstrip("#")
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return f"rgb({red}, {green}, {blue})"


@pytest.fixture(scope="module", autouse=True)
def _axe():
    assert axe.find() is not None, "axe-core is missing: python tests/browser/axe.py brings it"


@dataclass(frozen=True)
class Look:
    """What one page was found to be like when it was opened from the sidebar."""

    question: str
    painted: str
    beside: str
    beyond: list[str]
    barriers: list[str]
    figures: int
    pictures: int
    files: list[Path]


def look(visit: Visit, name: str, taking: bool) -> Look:
    """Go to a page and look at it; `taking`: all its folds are opened and all its files saved."""
    visit.go(name).picture(f"page-{name.lower().replace(' ', '-')}")
    told = {
        "question": visit.heading(),
        "painted": visit.page.get_by_test_id("stApp").evaluate("node => getComputedStyle(node).backgroundColor"),
        "beside": visit.sidebar.inner_text(),
        "beyond": out_of_reach(visit),
        "barriers": barriers(visit),
    }
    files: list[Path] = []
    if taking:
        folds = visit.main.locator('[data-testid="stExpander"] details > summary')
        for n in range(folds.count()):
            folds.nth(n).click()
        files = all_taken(visit.settle(), SAVE)
        if visit.main.locator(MENU).count():
            files += all_taken(visit, SAVE, visit.downloads())
            visit.page.keyboard.press("Escape")
    figures = visit.main.get_by_test_id("stPlotlyChart").locator("visible=true").count()
    return Look(**told, figures=figures, pictures=visit.main.locator(PICTURE).count(), files=files)


@pytest.fixture(scope="module")
def _walked() -> dict[str, dict[str, Look]]:
    return {}


@pytest.fixture
def walk(on_demo, _walked) -> Callable[[str], dict[str, Look]]:
    """All pages of the sidebar in a theme, walked through once; in the light one all files are taken."""

    def walk(theme: str) -> dict[str, Look]:
        if theme not in _walked:
            visit = on_demo(theme).open("/?c=demo")  # other tests have chosen films and users
            _walked[theme] = {name: look(visit, name, theme == "light") for name in visit.pages()}
        return _walked[theme]

    return walk


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_opens_from_the_sidebar(walk, theme):
    pages = walk(theme)
    assert len({page.question for page in pages.values()}) == len(routes())
    for page in pages.values():
        assert page.question.endswith("?"), "a page's title is its question"
        assert page.painted == background(theme) and not page.beyond
        assert "VASP tiny on Demo: simulated viewers" in page.beside and re.search("CPU|device auto", page.beside)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(walk, theme):
    found = [f"{name}: {line}" for name, page in walk(theme).items() for line in page.barriers]
    assert not found, "\n".join(found)


def test_every_file_of_every_page_says_where_it_comes_from(walk):
    pages = walk("light")
    for path in (path for page in pages.values() for path in page.files):
        checked(path)
    endings = {name: [path.suffix for path in page.files] for name, page in pages.items()}
    for name, page in pages.items():
        assert page.pictures == page.figures <= endings[name].count(".csv"), name
    assert endings["Explain"].count(".json") == 1 and endings["Recommend"].count(".csv") >= 3
    assert sum(map(len, endings.values())) > 20


def test_every_page_opens_at_its_address_and_can_be_used_in_small_windows(visits, demo):
    """On a telephone, in the theme that it has at night, and at 200 % zoom; the sidebar is shut there."""
    visit, questions = visits(demo.url, "dark", NARROW), set()
    for route in routes():
        visit.open(route)
        visit.picture(f"page-{route.strip('/') or 'overview'}")
        assert not out_of_reach(visit), route
        visit.page.set_viewport_size(dict(zip(("width", "height"), ZOOMED, strict=True)))
        assert not out_of_reach(visit.settle()), (route, "zoomed")
        visit.page.set_viewport_size(dict(zip(("width", "height"), NARROW, strict=True)))
        questions.add(visit.heading())
    assert len(questions) == len(routes())


def test_what_opens_over_a_page_and_the_tour_have_none_either(visits, demo):
    visit, found = visits(demo.url, "dark").open("/recommend?c=demo"), {}
    visit.main.locator("table[aria-label='Recommended films'] tbody td.film button").first.click()
    found["dialog"] = barriers(visit.settle())
    found["tour"] = barriers(visit.open("/recommend?c=demo&show=1"))
    found["maps of a film"] = barriers(visit.open("/maps?c=demo&f=374&by=genres"))
    assert not any(found.values()), found


def test_the_overview_tells_that_its_viewers_are_simulated(on_demo):
    visit = on_demo().go("Overview")
    assert "simulated" in visit.main.inner_text()
    assert visit.main.get_by_test_id("stMetric").count() == 4
    assert visit.main.get_by_test_id("stPlotlyChart").count() == 1


def test_each_thing_to_try_leads_to_its_page(on_demo):
    visit = on_demo().go("Overview")
    buttons = visit.main.locator('[class*="st-key-try_"] button')
    assert buttons.count() == 3
    for number in range(3):
        buttons.nth(number).click()
        assert visit.settle().heading() != OVERVIEW
        assert visit.go("Overview").heading() == OVERVIEW

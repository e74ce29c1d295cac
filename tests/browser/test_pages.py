"""Every page opens, in both themes, wide and narrow, by its address and by the sidebar, and says something."""

from __future__ import annotations

import ast
from pathlib import Path
import re
import tomllib

import pytest

from tests.browser.conftest import NARROW
from tests.browser.visit import Visit

ROOT = Path(__file__).resolve().parents[2]
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


def looked_at(visit: Visit, theme: str, name: str) -> str:
    """The page's question, once the page is seen to wear its theme and to fit the window."""
    assert visit.heading().endswith("?"), "a page's title is its question"
    painted = visit.page.get_by_test_id("stApp").evaluate("node => getComputedStyle(node).backgroundColor")
    assert painted == background(theme)
    too_wide = visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, "the page scrolls sideways"
    return visit.picture(f"page-{name.lower().replace(' ', '-')}").heading()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_opens_from_the_sidebar(on_demo, theme):
    visit, questions = on_demo(theme), set()
    for name in visit.pages():
        questions.add(looked_at(visit.go(name), theme, name))
        beside = visit.sidebar.inner_text()
        assert "VASP tiny on Demo: simulated viewers" in beside and re.search("CPU|device auto", beside)
    assert len(questions) == len(routes())


def test_every_page_opens_at_its_address_and_fits_a_telephone(visits, demo):
    """The narrow pages, in the theme that a telephone has at night; the sidebar is shut there."""
    visit = visits(demo.url, "dark", NARROW)
    questions = {looked_at(visit.open(route), "dark", route.strip("/") or "overview") for route in routes()}
    assert len(questions) == len(routes())


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

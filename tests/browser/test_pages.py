"""Every page opens at its address, in both themes, wide and narrow, and says something."""

from __future__ import annotations

import ast
from pathlib import Path
import tomllib

import pytest

from tests.browser.conftest import NARROW, WIDE

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("route", routes())
def test_every_page_opens(visits, demo, route, theme, size):
    visit = visits(demo, theme, size).open(route)
    assert visit.heading().endswith("?"), "a page's title is its question"
    painted = visit.page.get_by_test_id("stApp").evaluate("node => getComputedStyle(node).backgroundColor")
    assert painted == background(theme)
    too_wide = visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, "the page scrolls sideways"
    visit.picture(f"page-{route.strip('/') or 'overview'}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_walked_through_by_the_sidebar(visits, demo, theme):
    visit = visits(demo, theme).open()
    questions = {visit.heading()}
    for link in visit.sidebar.get_by_test_id("stSidebarNavLink").all_inner_texts():
        questions.add(visit.go(link.splitlines()[-1]).heading())
    assert len(questions) == len(routes())


def test_the_overview_tells_that_its_viewers_are_simulated(visits, demo):
    visit = visits(demo).open()
    assert "simulated" in visit.main.inner_text()
    assert visit.main.get_by_test_id("stMetric").count() == 4
    assert visit.main.get_by_test_id("stPlotlyChart").count() == 1


def test_each_thing_to_try_leads_to_its_page(visits, demo):
    visit = visits(demo).open()
    count = visit.main.locator('[class*="st-key-try_"] button').count()
    assert count == 3
    for number in range(count):
        visit.open()
        visit.main.locator('[class*="st-key-try_"] button').nth(number).click()
        visit.settle()
        assert visit.heading() != "What is loaded, and how good is it?"


def test_a_link_opens_what_it_names(visits, demo):
    """The address holds user, list length and distance: a copied link shows the same."""
    first = visits(demo).open("/recommend").choose("20")
    again = visits(demo).open(first.page.url.removeprefix(demo))
    assert "k=20" in again.page.url
    assert again.heading() == first.heading()
    assert again.main.locator("table[aria-label='Recommended films'] tbody tr").count() == 20

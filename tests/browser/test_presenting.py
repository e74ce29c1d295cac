"""The guided tour as it is given: by keyboard, on a projector, in both themes; nothing is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.conftest import WIDE
from tests.browser.visit import Visit

SMALL, LARGE = (1280, 720), (1920, 1080)
# Below which height the main thing of a step ends, and whether the page has anything to scroll to.
PLACES = """() => {
    const of = (selector) => document.querySelector(selector).getBoundingClientRect();
    const main = document.querySelector('[data-testid="stMain"]');
    return {
        slide: of('.st-key-slide').bottom, bar: of('[data-testid="stBottomBlockContainer"]').top,
        scrolls: main.scrollHeight - main.clientHeight, wide: document.documentElement.scrollWidth - innerWidth,
        size: parseFloat(getComputedStyle(document.documentElement).fontSize),
    };
}"""


def bar(visit: Visit) -> str:
    return visit.page.locator(".st-key-presenter_bar").inner_text()


def in_sight(visit: Visit) -> bool:
    """Whether the sidebar is."""
    box = visit.sidebar.bounding_box()
    return box is not None and box["x"] + box["width"] > 1


def shown(visit: Visit) -> dict:
    """Where things are once the browser has told the size of its screen."""
    visit.page.wait_for_timeout(400)
    visit.settle()
    return visit.page.evaluate(PLACES)


@pytest.fixture
def projected(on_demo) -> Iterator[Callable[[str], Visit]]:
    """The shared tab in a theme, as large as a small projector for the time of the test."""
    used: list[Visit] = []

    def visit(theme: str) -> Visit:
        used.append(on_demo(theme))
        used[-1].page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
        return used[-1].open("/?c=demo")  # of the example user: other tests have drawn others

    yield visit
    for each in used:
        if not each.page.is_closed():
            each.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tour_from_end_to_end(projected, theme):
    visit = projected(theme)
    visit.page.keyboard.press("p")
    headings = []
    for step in range(1, 6):
        visit.settle()
        assert f"{step} of 5" in bar(visit)
        places = shown(visit)
        assert places["slide"] <= places["bar"] and places["scrolls"] <= 0 and places["wide"] <= 0, (step, places)
        assert places["size"] > 17, "larger type than on a page"
        assert not in_sight(visit)
        headings.append(visit.heading())
        visit.picture(f"presenting-{step}")
        if step < 5:
            visit.page.keyboard.press("ArrowRight")
    assert len(set(headings)) == 5
    visit.page.keyboard.press("ArrowLeft")
    visit.settle()
    assert "4 of 5" in bar(visit) and visit.heading() == headings[3]
    visit.page.go_back()
    assert visit.settle().heading() == headings[4], "the browser's own button goes through the steps as well"
    visit.page.keyboard.press("Escape")
    assert visit.settle().page.locator(".st-key-presenter_bar").count() == 0 and "show" not in visit.page.url
    assert visit.heading() == "Are the reasons real?" and "/fidelity" in visit.page.url
    assert in_sight(visit)


def test_a_step_is_sent_as_a_link_and_fills_a_large_screen(visits, demo):
    visit = visits(demo.url, "light", LARGE).open("/explain?c=demo&u=7&show=1&s=3")
    assert "3 of 5" in bar(visit) and "user 7" in visit.heading()
    places = shown(visit)
    assert places["size"] > 26 and places["slide"] <= places["bar"] and places["scrolls"] <= 0
    assert places["slide"] > 0.8 * places["bar"], "the figures grow with the type"
    drawn = visit.main.get_by_test_id("stPlotlyChart")
    assert drawn.count() == 2 and all(box.bounding_box()["height"] > 500 for box in drawn.all())


def test_the_films_on_a_large_map_are_where_they_are_pointed_at(visits, demo):
    """The step zooms the maps by style: the film that is named lies under the pointer, not beside it."""
    visit = visits(demo.url, "light", LARGE).open("/maps?c=demo&u=7&show=1&s=4")
    shown(visit)
    canvas = visit.main.locator("canvas[aria-label^='Map ']").first
    box = canvas.bounding_box()
    assert canvas.evaluate("node => node.width") == pytest.approx(box["width"], abs=2), "as sharp as the screen"
    tips = set()
    for share in (0.35, 0.45, 0.55, 0.65):
        visit.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        visit.page.wait_for_timeout(60)
        tip = visit.main.locator(".tip:visible")
        if tip.count():
            place = tip.first.bounding_box()
            assert abs(place["x"] - (box["x"] + share * box["width"])) < 0.4 * box["width"]
            tips.add(tip.first.inner_text())
    assert tips, "some film lies on the way"


def test_going_to_another_page_ends_the_tour(projected):
    visit = projected("light")
    visit.page.keyboard.press("p")
    visit.settle().page.get_by_test_id("stExpandSidebarButton").click()
    visit.go("Data")
    assert visit.page.locator(".st-key-presenter_bar").count() == 0 and "show" not in visit.page.url


def test_a_film_of_the_list_is_explained_and_the_history_stands_still(projected):
    visit = projected("dark")
    for key in ("p", "ArrowRight"):
        visit.page.keyboard.press(key)
        visit.settle()
    assert "2 of 5" in bar(visit)
    seen = visit.main.locator("table[aria-label='Films rated well before'] tbody")
    assert seen.locator("tr").count() > 5 and not seen.get_by_role("button").count(), (
        "nothing is offered that does nothing"
    )
    row = visit.main.locator("table[aria-label='Recommended films'] tbody td.film button").nth(1)
    title = row.locator(".name").inner_text()
    row.click()
    assert "3 of 5" in bar(visit.settle()) and visit.heading().startswith(f"Why {title} ")
    visit.page.keyboard.press("ArrowLeft")
    assert "2 of 5" in bar(visit.settle())
    visit.page.keyboard.press("Escape")
    visit.settle()

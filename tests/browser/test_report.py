"""The report in a browser whose network is cut: it draws, its maps select, it follows the theme, and it prints."""

from __future__ import annotations

import re

import pytest

from app import theme as themes
from app.report import writing
from tests.browser.conftest import NARROW, WIDE
from tests.browser.visit import SECONDS, Visit
from vasp_models import answering, checkpoints

MAP = "#lens figure canvas"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on the demo, as a file."""
    demo, file = checkpoints.load("demo"), tmp_path_factory.mktemp("report") / "report.html"
    writing.write(file, writing.made(demo, answering.open(demo, "cpu")))
    return file


@pytest.fixture
def opened(window, report):
    """Opens a file in a window of its own without a network; to ask for something or to complain is a fault."""
    contexts, faults = [], []

    def open_file(theme: str = "light", size: tuple[int, int] = WIDE, file=report):
        size = {"width": size[0], "height": size[1]}
        contexts.append(window.browser.new_context(offline=True, color_scheme=theme, viewport=size))
        page = contexts[-1].new_page()
        page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.on("request", lambda request: _foreign(request.url, file, faults))
        page.goto(file.as_uri())
        page.locator(MAP).nth(2).wait_for()
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def _foreign(url: str, file, faults: list[str]) -> None:
    if url != file.as_uri() and not url.startswith("data:"):
        faults.append(f"request: {url[:120]}")


def ink(page, selector: str = "body") -> str:
    return page.locator(selector).first.evaluate("node => getComputedStyle(node).color")


def rgb(hexadecimal: str) -> str:
    return f"rgb({', '.join(str(int(hexadecimal[at : at + 2], 16)) for at in (1, 3, 5))})"


def lasso(page) -> None:
    """Draw around the middle of the first map."""
    page.locator("#lens").get_by_role("button", name="Lasso").click()
    box = page.locator(MAP).first.bounding_box()
    at = [(0.15, 0.15), (0.85, 0.15), (0.85, 0.85), (0.15, 0.85), (0.15, 0.2)]
    corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in at]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_drawn_in_both_themes_and_its_maps_select(opened, theme):
    page = opened(theme)
    page.locator(MAP).first.scroll_into_view_if_needed()
    assert ink(page) == rgb(themes.theme(theme).text)
    assert page.locator("figure svg:visible").count() >= 8
    assert page.locator("#picked").is_hidden()
    lasso(page)
    named = page.locator("#picked li")
    named.first.wait_for()
    assert 10 < named.count() <= 120
    count = int(re.search(r"[\d,]+", page.locator("#picked h3").inner_text())[0].replace(",", ""))
    assert f"{count:,} films selected" in page.locator("#lens [role=status]").inner_text()
    titles = set(checkpoints.load("demo").catalogue.titles)
    assert {item.inner_text() for item in named.all()} <= titles
    page.emulate_media(color_scheme={"light": "dark", "dark": "light"}[theme])
    assert page.locator("#picked li").count() == named.count(), "a selection outlives a change of theme"


def test_a_film_is_chosen_by_click_and_cleared(opened):
    page = opened()
    status = page.locator("#lens [role=status]")
    before = status.inner_text()
    assert before.endswith("in all three"), "the film that is explained is marked"
    canvas = page.locator(MAP).first
    canvas.scroll_into_view_if_needed()
    canvas.focus()
    page.keyboard.press("Enter")  # the film nearest the centre
    assert status.inner_text() not in {"", before}
    page.keyboard.press("Escape")
    assert not status.inner_text()


def test_it_fits_a_telephone(opened):
    page = opened(size=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert page.locator("figure .narrow svg:visible").count() >= 8 and not page.locator("figure .wide:visible").count()
    places = "h1, h2, .lead, .answer, .card h4, .ink-gray-badge, .briefs dd, .history b, .films th[scope=row] b"
    page.evaluate("at => document.querySelectorAll(at).forEach((node) => node.append('A'.repeat(300)))", places)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], "a title may be one long word"
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDE[0]
    page.locator("summary").first.click()
    assert page.locator("details[open] table:visible").count() == 1


def test_it_prints_on_paper_in_light_with_its_maps(opened):
    page = opened("dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert ink(page) == rgb(themes.theme("light").text)
    assert page.locator("#paper canvas:visible").count() == 3 and not page.locator("#lens:visible").count()
    painted = "node => node.getContext('2d').getImageData(0, 0, node.width, node.height).data.some((byte) => byte)"
    box = [each.bounding_box() for each in page.locator("#paper canvas").all()]
    assert len({round(each["y"]) for each in box}) == 1, "side by side on the sheet"
    assert all(each.evaluate(painted) for each in page.locator("#paper canvas").all())
    assert page.locator("figure .sheet svg:visible").count() >= 8
    content = page.pdf(format="A4", prefer_css_page_size=True)
    assert content.startswith(b"%PDF") and content.count(b"/Type /Page\n") <= 20


def test_the_button_offers_the_same_file(on_demo, opened):
    visit: Visit = on_demo().go("Recommend")
    body = visit.downloads()
    body.locator(".st-key-make_report button").click()
    body.locator(".st-key-save_report button").wait_for(timeout=3 * SECONDS)  # some ten seconds of one core
    saved = visit.taken(body.locator(".st-key-save_report button"))
    assert re.search(r"-report-demo-\d+\.html$", saved.name)
    visit.page.keyboard.press("Escape")
    visit.settle()
    page = opened(file=saved)
    user = visit.sidebar.get_by_label("User", exact=True).input_value()
    assert page.get_by_role("heading", name=f"What should user {user} watch next?").count() == 1
    assert f"vasp-lens report demo --user {user} --out report-demo-{user}.html" in page.locator("footer").inner_text()

"""The linked maps as people use them: lasso, box, click, keys, colours, search, picture, links."""

from __future__ import annotations

import re
import struct

from playwright.sync_api import expect
import pytest

from tests.browser.visit import Visit

STATUS = ".maps [role=status]"
# The component's own record of what all three maps show.
LENS = "node => { const lens = node.closest('.maps').lens; return %s; }"

# Whether films lie in a part of a canvas, given by shares of its width and height.
INSIDE = """(canvas, [rows, west, east, north, south]) => {
    const map = canvas.closest(".maps").lens.maps.find((each) => each.canvas === canvas);
    return rows.map((n) => map.at(n)).every(([x, y]) =>
        x > west * map.w && x < east * map.w && y > north * map.h && y < south * map.h);
}"""
# How many films have the colour of a ring close by.
RINGED = """(canvas, [rows, ink]) => {
    const map = canvas.closest(".maps").lens.maps.find((each) => each.canvas === canvas);
    const pen = canvas.getContext("2d");
    return rows.filter((n) => {
        const [x, y] = map.at(n), { data } = pen.getImageData(Math.round(x) - 8, Math.round(y) - 8, 17, 17);
        for (let at = 0; at < data.length; at += 4) {
            if (ink.every((channel, k) => Math.abs(data[at + k] - channel) < 12)) return true;
        }
        return false;
    }).length;
}"""


def maps(visit: Visit):
    return visit.main.locator("canvas[aria-label^='Map ']")


def on_page(on_demo, theme: str = "light") -> Visit:
    """The maps whole, with nothing selected, nothing chosen, coloured by genres in focus."""
    visit = on_demo(theme).go("Sensitivity maps")
    visit.choose("Genre focus")
    maps(visit).first.focus()
    visit.page.keyboard.press("Escape")
    visit.settle()
    for canvas in maps(visit).all():  # a film that another page chose is flown to
        canvas.press("0")
    take(visit, "Move")
    return visit


def take(visit: Visit, tool: str) -> None:
    visit.main.locator(".maps .panel").get_by_role("button", name=tool, exact=True).click()


def asked(visit: Visit, what: str) -> object:
    return maps(visit).first.evaluate(LENS % what)


def drag(visit: Visit, number: int, corners: list[tuple[float, float]], key: str | None = None) -> Visit:
    """Draw with the mouse through corners in shares of a map's canvas."""
    canvas = maps(visit).nth(number)
    canvas.scroll_into_view_if_needed()
    box, mouse = canvas.bounding_box(), visit.page.mouse
    if key:
        visit.page.keyboard.down(key)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place, steps=3)
    mouse.up()
    if key:
        visit.page.keyboard.up(key)
    return visit.settle()


def drawn(visit: Visit) -> Visit:
    """Wait until what was asked for is on the canvases."""
    visit.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return visit


def number_selected(visit: Visit) -> int:
    found = re.match(r"([\d,]+) films? selected", visit.main.locator(STATUS).inner_text())
    return int(found[1].replace(",", "")) if found else 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lasso_in_one_map_shows_the_same_films_in_all_and_in_the_table(on_demo, theme):
    visit = on_page(on_demo, theme)
    take(visit, "Lasso")
    drag(visit, 1, [(0.4, 0.4), (0.6, 0.4), (0.6, 0.65), (0.4, 0.65)])
    status, films = visit.main.locator(STATUS).inner_text(), number_selected(visit)
    assert status == f"{films} films selected in NEASE" and 10 < films < 400
    assert (
        f"The {films} selected films" in visit.main.inner_text()
        and "Genres in the selection" in visit.main.inner_text()
    )
    rows = asked(visit, "[...lens.selected.keys()].filter(n => lens.selected[n])")
    assert len(rows) == films
    assert maps(visit).nth(1).evaluate(INSIDE, [rows, 0.39, 0.61, 0.39, 0.66]), "it lies inside the lasso"
    for canvas in maps(visit).all():
        found = canvas.evaluate(RINGED, [rows, asked(visit, "lens.look.ink")])
        assert found >= 0.9 * films, "where films lie close together one ring goes around them all"
    visit.picture("maps-lasso")


def test_a_selection_is_told_once_and_a_link_restores_it(on_demo, visits, demo):
    visit = on_page(on_demo)
    visit.page.evaluate(
        """() => {
            const app = document.querySelector("[data-testid=stApp]");
            let before = app.dataset.testScriptState;
            window.runs = 0;
            new MutationObserver(() => {
                const now = app.dataset.testScriptState;
                if (now === "running" && before !== "running") window.runs++;
                before = now;
            }).observe(app, { attributes: true });
        }"""
    )
    drag(visit, 0, [(0.3, 0.2), (0.7, 0.2), (0.7, 0.6), (0.3, 0.6)], key="Shift")  # a lasso whatever the tool
    films = number_selected(visit)
    assert films and visit.page.evaluate("window.runs") == 1
    again = visits(demo.url).open(visit.page.url.removeprefix(demo.url))
    assert number_selected(again) == films and f"The {films} selected films" in again.main.inner_text()
    assert asked(again, "lens.selected.join('')") == asked(visit, "lens.selected.join('')")
    assert "in Joint" not in again.main.locator(STATUS).inner_text(), "where it was drawn is not part of the link"


def test_a_box_keeps_each_zoom_and_adds_and_takes_away(on_demo):
    visit = on_page(on_demo)
    visit.main.get_by_role("button", name="Zoom in: FLVAE").click()
    views = asked(visit, "lens.maps.map(({ view }) => [view.x, view.y, view.zoom])")
    assert views[2][2] == 1.5 and views[0][2] == 1
    take(visit, "Box")
    drag(visit, 0, [(0.05, 0.05), (0.5, 0.5)])
    first = number_selected(visit)
    drag(visit, 0, [(0.5, 0.5), (0.95, 0.95)], key="Shift")
    both = number_selected(visit)
    drag(visit, 0, [(0.02, 0.02), (0.98, 0.98)], key="Alt")
    assert 0 < first < both and number_selected(visit) == 0 and "selected films" not in visit.main.inner_text()
    assert asked(visit, "lens.maps.map(({ view }) => [view.x, view.y, view.zoom])") == views
    visit.main.get_by_role("button", name="Show all: FLVAE").click()


def test_a_click_chooses_a_film_and_draws_its_own_neighbours_in_each_map(on_demo):
    visit = on_page(on_demo)
    at = asked(visit, "lens.maps[0].at(100)")
    box = maps(visit).first.bounding_box()
    visit.page.mouse.click(box["x"] + at[0], box["y"] + at[1])
    visit.settle()
    film = asked(visit, "lens.film")
    title = asked(visit, "lens.title(lens.film)")
    near = [
        asked(visit, f"lens.near('{part}', {film}).map(n => lens.title(n))") for part in ("joint", "nease", "flvae")
    ]
    assert all(len(titles) == 10 and title not in titles for titles in near) and near[1] != near[2]
    assert f"The ten films nearest to {title}" in visit.main.inner_text()
    assert visit.main.locator(STATUS).inner_text() == f"{title} in all three"
    visit.main.get_by_role("button", name="Clear", exact=True).click()
    visit.settle()
    assert not visit.main.locator(STATUS).inner_text() and f"nearest to {title}" not in visit.main.inner_text()


def test_everything_can_be_done_with_the_keyboard(on_demo):
    visit = on_page(on_demo)
    keys, canvas = visit.page.keyboard, maps(visit).nth(2)
    canvas.focus()
    for key in ("]", "]", "]", "]"):
        keys.press(key)
    drafted = number_selected(drawn(visit))
    keys.press("[")
    assert number_selected(drawn(visit)) <= drafted and "x=" not in visit.page.url
    keys.press("]")
    keys.press("Enter")
    visit.settle()
    assert number_selected(visit) == drafted > 0 and "x=" in visit.page.url
    keys.press(" ")  # the film nearest the centre with its ten nearest in this map
    visit.settle()
    assert visit.main.locator(STATUS).inner_text() == "11 films selected in FLVAE"
    keys.press("l")
    assert visit.main.get_by_role("button", name="Lasso", exact=True).get_attribute("aria-pressed") == "true"
    keys.press("Escape")
    visit.settle()
    assert number_selected(visit) == 0 and "x=" not in visit.page.url


def test_every_colouring_has_its_legend(on_demo):
    visit = on_page(on_demo)
    pictures = {maps(visit).first.evaluate("canvas => canvas.toDataURL()")}
    legends = {
        "All genres": "Western",
        "Popularity": "users",
        "Year": "Year",
        "Drift": "differ",
        "Path share": "all NEASE",
    }
    for number, (name, told) in enumerate(legends.items()):
        visit.choose(name)
        expect(visit.main.locator(".maps .legend")).to_contain_text(told)  # it comes with the drawing, after the choice
        pictures.add(maps(visit).first.evaluate("canvas => canvas.toDataURL()"))
        assert len(pictures) == number + 2, f"{name} looks like another"
    visit.choose("Genre focus")


def test_the_legend_shows_one_genre_alone(on_demo):
    visit = on_page(on_demo)
    visit.choose("All genres")
    entry = visit.main.locator(".maps .legend").get_by_role("button", name=re.compile("^Crime"))
    entry.click()
    carried = int(re.search(r"Crime: (\d+) films carry it", visit.main.locator(STATUS).inner_text())[1])
    assert asked(visit, "lens.look.layers.reduce((sum, one) => sum + one, 0)") == carried
    assert entry.get_attribute("aria-pressed") == "true"
    entry.click()
    assert asked(visit, "lens.isolated") is None
    visit.choose("Genre focus")


def test_layers_can_be_switched_off(on_demo):
    visit = on_page(on_demo)
    count = (
        "canvas => { const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        " let n = 0; for (let at = 0; at < data.length; at += 4) n += data[at] < 200; return n; }"
    )
    full = maps(visit).first.evaluate(count)
    points = visit.main.get_by_role("button", name="Points", exact=True)
    points.click()
    assert maps(drawn(visit)).first.evaluate(count) == 0 < full and points.get_attribute("aria-pressed") == "false"
    visit.main.get_by_role("button", name="Labels", exact=True).click()
    assert maps(drawn(visit)).first.evaluate(count) > 0
    points.click()
    visit.main.get_by_role("button", name="Labels", exact=True).click()


def test_a_search_goes_to_the_film_in_every_map(on_demo):
    visit = on_page(on_demo)
    box = visit.main.get_by_label("Find a film")
    box.fill("alien")
    box.press("Enter")
    visit.settle()
    assert "Alien" in visit.main.locator(STATUS).inner_text()
    places = asked(visit, "lens.maps.map(map => [...map.at(lens.film), map.w, map.h, map.view.zoom])")
    for x, y, wide, high, zoom in places:
        assert abs(x - wide / 2) < 1 and abs(y - high / 2) < 1 and zoom == 4
    for part in ("Joint", "NEASE", "FLVAE"):
        visit.main.get_by_role("button", name=f"Show all: {part}").click()


def test_the_picture_holds_the_three_maps(on_demo):
    visit = on_page(on_demo)
    with visit.page.expect_download() as told:
        visit.main.locator(".maps .panel").get_by_role("button", name="PNG").click()
    download = told.value
    assert download.suggested_filename == "demo-maps-lift.png"
    content = download.path().read_bytes()
    wide, high = struct.unpack(">II", content[16:24])
    assert (
        content.startswith(b"\x89PNG")
        and wide == 2 * (56 + 32 + sum(asked(visit, "lens.maps.map(map => map.w)")))
        and high > 900
    )
    assert "checkpoint demo" in asked(visit, "lens.data.provenance") and "never between maps" in asked(
        visit, "lens.data.caption"
    )


def test_a_film_is_chosen_from_the_table_of_all(on_demo):
    visit = on_page(on_demo)
    visit.main.get_by_text("All films on the maps, as a table").click()
    visit.settle()
    table = visit.main.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    visit.page.mouse.click(box["x"] + 16, box["y"] + 36 + 18)
    visit.settle()
    assert visit.main.locator(STATUS).inner_text().endswith("in all three")
    visit.main.get_by_text("All films on the maps, as a table").click()
    visit.settle()


def test_narrow_windows_stack_the_maps_and_keep_the_tools(visits, demo):
    visit = visits(demo.url, size=(375, 812)).open("/maps")
    boxes = [canvas.bounding_box() for canvas in maps(visit).all()]
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"] and all(box["width"] > 300 for box in boxes)
    assert maps(visit).first.evaluate("canvas => canvas.style.touchAction") == "pan-y", "one finger moves the page"
    take(visit, "Box")
    assert maps(visit).first.evaluate("canvas => canvas.style.touchAction") == "none"
    drag(visit, 0, [(0.1, 0.1), (0.9, 0.9)])
    assert number_selected(visit) > 0
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
    visit.picture("maps-narrow")

"""What people do: choose a user, read what is recommended, open a film, download the table, search the maps."""

from __future__ import annotations

import re

import pytest

from tests.browser.visit import Visit
from vasp_models import checkpoints

RECOMMENDED = "table[aria-label='Recommended films']"
HISTORY = "table[aria-label='Films rated well before']"


def rows(visit: Visit, table: str = RECOMMENDED) -> list[str]:
    return visit.main.locator(f"{table} tbody tr").all_inner_texts()


def titles(visit: Visit, table: str = RECOMMENDED) -> list[str]:
    return visit.main.locator(f"{table} tbody td.film button").evaluate_all("all => all.map(each => each.title)")


@pytest.fixture(scope="module")
def test_users() -> list[str]:
    frame = checkpoints.load("demo").users.frame
    return frame.loc[frame["split"] == "test", "id"].head(2).tolist()


@pytest.fixture(scope="module")
def train_user() -> str:
    frame = checkpoints.load("demo").users.frame
    return frame.loc[frame["split"] == "train", "id"].iloc[0]


def test_a_user_is_chosen_and_gets_recommendations(on_demo, test_users):
    visit = on_demo().go("Recommend")
    lists = []
    for user in test_users:
        visit.choose_user(user)
        assert user in visit.heading()
        assert len(rows(visit)) == 10 and len(rows(visit, HISTORY)) > 0
        assert not set(titles(visit)) & set(titles(visit, HISTORY)), "what was seen is not recommended"
        lists.append(titles(visit))
    assert lists[0] != lists[1], "two users with different histories get different films"
    visit.picture("using-recommend")


def test_every_row_shows_the_three_factors_and_their_product(on_demo, test_users):
    visit = on_demo().go("Recommend").choose_user(test_users[0])
    heads = visit.main.locator(f"{RECOMMENDED} thead th").all_inner_texts()
    parts = ["NEASE", "Residual head", "Latent head"]
    assert [head for head in heads if head] == ["#", "Film", *parts, "Together", "Held out"]
    row = visit.main.locator(f"{RECOMMENDED} tbody tr").first
    factors = [float_of(text) for text in row.locator(".bar span").all_inner_texts()]
    together = float_of(re.match(r"[×÷][\d.,]+", row.locator(".total").inner_text())[0])
    product = factors[0] * factors[1] * factors[2]
    assert len(factors) == 3 and product == pytest.approx(together, rel=0.2)  # each is rounded to one decimal


def float_of(text: str) -> float:
    number = float(text[1:].replace(",", ""))
    return number if text[0] == "×" else 1 / number


def test_the_random_button_draws_another_user(on_demo):
    visit = on_demo().go("Recommend")
    before = visit.heading()
    visit.sidebar.locator(".st-key-random_user button:visible").first.click()
    assert visit.settle().heading() != before


def test_a_train_user_is_labelled_with_the_reason_for_no_hits(on_demo, train_user):
    visit = on_demo().go("Recommend").choose_user(train_user)
    assert "train user" in visit.main.locator(".st-key-answer").inner_text()


def test_a_row_opens_its_film_in_a_dialog(on_demo):
    visit = on_demo().go("Recommend")
    title = titles(visit)[0]
    visit.main.locator(f"{RECOMMENDED} tbody td.film button").first.click()
    dialog = visit.page.get_by_role("dialog")
    dialog.wait_for()
    visit.settle()
    said = dialog.inner_text()
    assert title in said and "Genres" in said and "What each part of the model adds" in said
    assert dialog.get_by_test_id("stPlotlyChart").count() == 3, "its place on the three maps"
    visit.picture("using-film")
    visit.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_the_list_is_walked_by_keyboard(on_demo):
    visit = on_demo().go("Recommend")
    buttons = visit.main.locator(f"{RECOMMENDED} tbody td.film button")
    buttons.first.focus()
    visit.page.keyboard.press("ArrowDown")
    assert buttons.nth(1).evaluate("node => node.getRootNode().activeElement === node")
    visit.page.keyboard.press("Enter")
    assert titles(visit)[1] in visit.page.get_by_role("dialog").inner_text()
    visit.settle()
    visit.page.keyboard.press("Escape")
    visit.page.get_by_role("dialog").wait_for(state="detached")


def test_the_table_can_be_downloaded(on_demo):
    visit = on_demo().go("Recommend")
    table = visit.read("download_csv")
    shown = [title.partition(" (")[0] for title in titles(visit)]
    assert len(table) == 10 and [title.partition(" (")[0] for title in table["title"]] == shown


def test_a_link_opens_what_it_names(on_demo, visits, demo, test_users):
    """The address holds user, list length and distance: a copied link shows the same."""
    first = on_demo().go("Recommend").choose_user(test_users[1]).choose("20")
    again = visits(demo.url).open(first.page.url.removeprefix(demo.url))
    assert "k=20" in again.page.url and test_users[1] in again.heading()
    assert len(titles(again)) == 20 and titles(again) == titles(first)
    assert len(titles(on_demo().choose("10"))) == 10


def test_a_film_is_found_on_all_three_maps(on_demo):
    visit = on_demo().go("Sensitivity maps")
    assert visit.main.locator("canvas[aria-label^='Map ']").count() == 3
    search(visit, "MATRIX")  # neither case nor a missing article matters
    assert "The Matrix (1999) in all three" in visit.main.get_by_role("status").all_inner_texts()
    assert "The ten films nearest to The Matrix (1999)" in visit.main.inner_text()
    visit.picture("using-maps-search")


def test_a_search_without_a_hit_says_so(on_demo):
    visit = on_demo().go("Sensitivity maps")
    search(visit, "no film is called this")
    assert "has “no film is called this” in its title" in visit.main.inner_text()


def search(visit: Visit, text: str) -> None:
    box = visit.main.get_by_label("Find a film")
    box.fill(text)
    box.press("Enter")
    visit.settle()


def test_a_film_is_chosen_on_a_map(on_demo):
    """Enter takes the film nearest to the centre: no need to know where a point lies."""
    visit = on_demo().go("Sensitivity maps")
    status, maps = visit.main.locator(".maps [role=status]"), visit.main.locator("canvas[aria-label^='Map ']")
    for number, key in ((0, "Enter"), (1, "Escape"), (2, "Enter")):
        maps.nth(number).focus()
        visit.page.keyboard.press(key)
        visit.settle()
        assert status.inner_text().endswith("in all three") if key == "Enter" else not status.inner_text()


def test_the_points_are_really_drawn(on_demo):
    visit = on_demo().go("Sensitivity maps")
    count = """canvas => {
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let painted = 0;
        for (let at = 3; at < pixels.length; at += 4) painted += pixels[at] > 0;
        return painted;
    }"""
    for canvas in visit.main.locator("canvas[aria-label^='Map ']").all():
        assert canvas.evaluate(count) > 600, "fewer pixels than films"


def test_both_distances_have_maps(on_demo):
    visit = on_demo().go("Sensitivity maps")
    for distance in ("Paper", "Lift"):
        visit.choose(distance)
        assert ("d=paper" in visit.page.url) == (distance == "Paper")
        assert visit.main.locator("canvas[aria-label^='Map ']").count() == 3

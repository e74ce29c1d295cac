"""The film page: opened by a link, walked from film to film and back, taken away, seen in both themes."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.visit import Visit


def listed(visit: Visit, name: str) -> Locator:
    """The buttons of the films in a list, by the list's name."""
    return visit.main.locator(f"table[aria-label='{name}'] tbody td.film button")


def charts(visit: Visit) -> int:
    return visit.main.get_by_test_id("stPlotlyChart").locator("visible=true").count()


def test_it_is_drawn(on_demo):
    visit = on_demo().go("Film")
    assert visit.heading().startswith("What does the model make of ") and charts(visit) == 5
    visit.picture("film")


def test_from_film_to_film_and_back(on_demo):
    visit = on_demo().open("/film?c=demo&u=3803&f=374")
    first = visit.heading()
    near = listed(visit, "Nearest in NEASE").first
    goal = near.locator(".name").inner_text()
    near.click()
    headed(visit, goal)
    assert "f=" in visit.page.url
    second = visit.settle().heading()
    listed(visit, "Recommended by FLVAE").first.press("Enter")  # the keyboard opens a row as well
    expect(title(visit)).not_to_have_text(second)
    assert visit.settle().heading() not in (first, second)
    visit.page.go_back()
    headed(visit, goal)
    visit.settle().page.go_back()
    headed(visit, first)
    visit.settle().page.go_forward()
    headed(visit, goal)
    visit.settle()


def title(visit: Visit) -> Locator:
    return visit.main.get_by_role("heading", level=1)


def headed(visit: Visit, words: str) -> None:
    """Wait for the page of a film: its address is there before its script has run."""
    expect(title(visit)).to_contain_text(words)


def test_a_link_opens_a_film_on_a_telephone(visits, demo):
    visit = visits(demo.url, "dark", (375, 812)).open("/film?f=374&d=paper")
    assert "The Little Mermaid (1989)" in visit.heading()
    assert listed(visit, "Nearest in Joint").count() == 10 and charts(visit) == 5
    wide = visit.main.evaluate("node => node.scrollWidth - node.clientWidth")
    assert wide <= 0, "nothing sticks out"
    visit.picture("film-linked")


def test_what_it_shows_can_be_taken_away(on_demo):
    visit = on_demo().go("Film")
    table, told = visit.read("film_csv"), visit.read("film_json")
    assert told["title"] in visit.heading() and told["provenance"]["checkpoint"] == "demo"
    names = table.query("list == 'recommended' and part == 'joint'")["title"].tolist()
    assert names == [film["title"] for film in told["recommended"]["Joint"]] and len(names) == 20
    shown = listed(visit, "Recommended films").all_inner_texts()
    assert [" ".join(text.split()) for text in shown] == names[:10]


def test_the_dialog_of_a_recommendation_leads_here_and_on_to_its_explanation(on_demo):
    visit = on_demo().go("Recommend")
    listed(visit, "Recommended films").nth(1).click()
    dialog = visit.page.get_by_role("dialog")
    title = dialog.get_by_role("heading").first.inner_text()
    dialog.get_by_role("button", name="The film’s page").click()
    assert title in visit.settle().heading()
    visit.main.locator(".st-key-explain_film button").click()
    visit.settle()
    assert visit.heading().startswith("Why ") and title.rsplit(" (")[0] in visit.heading()

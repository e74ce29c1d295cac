"""Why this film? Clicked through as people do: films, methods, a search, the downloads; the way there and onwards."""

from __future__ import annotations

import time

import pytest

from tests.browser.visit import READY, Visit

# Once the heading has changed and the script is at rest, the answer stands: figures, cards, tables.
ANSWERED = """([ready, before]) => document.querySelector(ready)
    && document.querySelector('[data-testid="stMain"] h1').innerText !== before"""


def answer(visit: Visit) -> str:
    return visit.main.locator(".st-key-answer").inner_text()


def click(visit: Visit, key: str) -> float:
    """Click on a button, and return the seconds until another film's answer is complete."""
    before, started = visit.heading(), time.perf_counter()
    visit.main.locator(f".st-key-{key} button:visible").first.click()
    visit.page.wait_for_function(ANSWERED, arg=[READY, before])
    seconds = time.perf_counter() - started
    visit.settle()
    return seconds


def test_films_and_methods_are_clicked_through(on_demo):
    visit = on_demo().go("Explain")
    assert visit.heading().startswith("Why ") and "for an unknown viewer" in answer(visit)
    visit.picture("explain")
    questions, seconds = {visit.heading()}, []
    for _ in range(2):
        seconds.append(click(visit, "next_film"))
        questions.add(visit.heading())
    print("seconds from click to answer:", [round(each, 2) for each in seconds])  # pytest -rP shows it
    assert len(questions) == 3 and "f=" in visit.page.url
    assert max(seconds) < 10, "a film of the list is answered for already"
    for method in ("NEASE", "FLVAE", "Joint"):
        drawn = visit.choose(method).main.locator(".st-key-wide_reasons").inner_text()
        assert ("Film" not in drawn) and ("×" in drawn)
        assert ("e=" in visit.page.url) == (method != "Joint")
    assert visit.main.get_by_test_id("stPlotlyChart").locator("visible=true").count() == 3


def test_the_explanation_can_be_taken_away(on_demo):
    visit = on_demo().go("Explain")
    table, told = visit.read("download_csv"), visit.read("download_json")
    assert told["title"] in visit.heading() and f"#{told['rank']}" in answer(visit)
    assert told["log_score"] == pytest.approx(told["base"] + sum(told["terms"].values()), abs=1e-5)
    assert set(table["title"]) == {film["title"] for film in told["history"]}
    assert set(table["explained_title"]) == {told["title"]}


def test_a_film_is_searched_for_and_its_link_opens_it_again(on_demo, visits, demo):
    visit = on_demo().go("Explain")
    box = visit.main.get_by_label("Find a film")
    box.fill("matrix")
    box.press("Enter")
    assert "The Matrix (1999)" in visit.settle().heading()
    link = visit.copied_link()
    assert link.startswith(demo.url) and "f=" in link
    again = visits(demo.url, "dark", (375, 812)).open(link.removeprefix(demo.url))
    assert again.heading() == visit.heading() and answer(again) == answer(visit)
    assert again.main.get_by_test_id("stPlotlyChart").locator("visible=true").count() == 3
    again.picture("explain-linked")


def test_recommend_leads_to_the_explanation_and_that_to_the_maps(on_demo):
    visit = on_demo().go("Recommend")
    visit.main.locator("table[aria-label='Recommended films'] tbody td.film button").nth(1).click()
    dialog = visit.page.get_by_role("dialog")
    title = dialog.get_by_role("heading").first.inner_text()
    dialog.get_by_role("button", name="Why this film?").click()
    assert title in visit.settle().heading() and "#2" in answer(visit)
    visit.main.get_by_role("button", name="The film’s page").click()
    visit.settle().main.get_by_role("button", name="Show it on the maps").click()
    assert "know genres?" in visit.settle().heading() and title in visit.main.inner_text()

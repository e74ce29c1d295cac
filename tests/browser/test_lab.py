"""The profile lab, used with mouse and keyboard: every change moves the list at once."""

from __future__ import annotations

import json
from pathlib import Path
import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_using import RECOMMENDED, titles
from tests.browser.visit import Visit

PROFILE = "table[aria-label='Films of the profile']"
MOST_SECONDS = 2.0  # loosely, because many machines are slow; measured by tests/benchmarks/clicks.py

# From the click on a button of a list until the other content of the recommendations is painted, in milliseconds. The
# list is watched, not asked again and again: that would take the time it measures.
STOPWATCH = """([button, list]) => new Promise((resolve, reject) => {
    const roots = [document, ...[...document.querySelectorAll('*')].map(node => node.shadowRoot).filter(Boolean)];
    const found = (selector) => roots.map(root => root.querySelector(selector)).find(Boolean);
    const shown = found(list).closest('.list'), before = shown.textContent, started = performance.now();
    const observer = new MutationObserver(() => {
        if (shown.textContent === before) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)));
    });
    observer.observe(shown, { childList: true, subtree: true });
    setTimeout(() => reject(new Error('the list did not change')), 20_000);
    found(button).click();
})"""


# Counts how often the two lists are drawn from now on.
COUNTER = """() => {
    const roots = [...document.querySelectorAll('*')].map(node => node.shadowRoot).filter(Boolean);
    window.listDraws = 0;
    const observer = new MutationObserver(changes => { window.listDraws += changes.length; });
    const lists = roots.map(root => root.querySelector('.list')).filter(Boolean);
    lists.forEach(list => observer.observe(list, { childList: true }));
}"""


def reranked(page: Page, button: str) -> float:
    """Press the first action button of a list, and the milliseconds until the recommendations are others."""
    return page.evaluate(STOPWATCH, [f"{button} td.act button", RECOMMENDED])


def press(visit: Visit, key: str) -> Visit:
    """Press a button; what comes of it is waited for by who looks at it."""
    visit.main.locator(f".st-key-{key} button:visible").first.click()
    return visit


def answers(visit: Visit, said: str) -> None:
    """Wait until the answer begins so."""
    expect(visit.main.locator(".st-key-answer")).to_have_text(re.compile(f"^{re.escape(said)}"))


def rows(visit: Visit, number: int, table: str = PROFILE) -> list[str]:
    """The titles of a list, as soon as it has so many."""
    expect(visit.main.locator(f"{table} tbody tr")).to_have_count(number)
    return titles(visit, table)


def find(visit: Visit, title: str) -> None:
    """Type a title, and wait until the best match is that film."""
    visit.main.get_by_label("Find a film").fill(title)
    expect(match(visit)).to_have_value(re.compile(re.escape(title)))


def match(visit: Visit) -> Locator:
    """The film that was found, with its place."""
    return visit.main.locator(".st-key-lab_match input")


def start_from(visit: Visit, persona: str) -> list[str]:
    """Start from a persona on an emptied page; the films of the profile."""
    visit.go("Profile lab")
    assert not rows(press(visit, "lab_empty"), 0)
    press(visit, "lab_persona").page.get_by_text(f"Watches {persona}").click()
    answers(visit, f"With the 8 most liked {persona} films")
    return rows(visit.settle(), 8)  # by now the recommendations beside it are the persona's, too


def test_a_film_is_found_added_and_watched(on_demo):
    visit = on_demo("light")
    horror = start_from(visit, "Horror")
    film = titles(visit)[3]
    assert not set(horror) & set(titles(visit))
    # A row is watched, and its place stays in sight.
    visit.main.locator(f"{RECOMMENDED} td.film button").nth(3).click()
    expect(visit.main.locator(".st-key-lab_watched")).to_contain_text(re.compile(f"{re.escape(film)}.*#4 of"))
    # A film is added by its title: what moves is said.
    find(visit, "Singin' in the Rain")
    assert re.search(r"· #\d+$", match(visit).input_value())
    answers(press(visit, "lab_add"), "Adding Singin' in the Rain (1952) moves ")
    expect(match(visit)).to_have_value(re.compile("· in the profile$"))
    moves = visit.settle().main.locator(f"{RECOMMENDED} .move").all_inner_texts()
    assert len(moves) == 10 and all(re.fullmatch(r"[▲▼] [\d,]+|=|back", move) for move in moves)
    assert visit.main.get_by_test_id("stPlotlyChart").count() == 1, "its way through the changes"
    visit.picture("lab-watched")
    press(visit, "lab_unwatch")


def test_rows_add_and_remove_at_once_and_profiles_are_compared(on_demo):
    visit = on_demo("dark")
    western, charts = start_from(visit, "Western"), visit.main.get_by_test_id("stPlotlyChart")
    press(visit, "lab_pin")
    expect(charts).to_have_count(1)  # the two lists
    first = titles(visit.settle())[0]
    visit.page.evaluate(COUNTER)
    seconds = [reranked(visit.page, RECOMMENDED) / 1000]
    assert rows(visit, 9)[0] == first and first not in titles(visit)
    assert "A has 8 films, the profile 9" in visit.settle().main.inner_text()
    seconds += [reranked(visit.page, PROFILE) / 1000]
    assert first in titles(visit) and rows(visit, 8) == western
    assert max(seconds) < MOST_SECONDS, seconds
    assert visit.settle().page.evaluate("window.listDraws") == 4, "two lists, two changes, each drawn once"
    assert rows(press(visit, "lab_undo"), 9)[0] == first
    visit.settle().picture("lab-compared")
    assert rows(press(visit, "lab_swap"), 8) == western
    press(visit, "lab_unpin")
    expect(charts).to_have_count(0)
    visit.settle()


def test_a_profile_is_saved_loaded_and_shared(on_demo, visits, demo):
    visit = on_demo()
    films, first = start_from(visit, "Western"), titles(visit)
    with visit.page.expect_download() as coming:
        press(visit, "lab_share").page.get_by_role("button", name="Profile as JSON").click()
    saved = Path(coming.value.path()).read_bytes()
    link = visit.page.get_by_test_id("stCode").inner_text().strip()
    query = parse_qs(urlsplit(link).query)
    assert query == parse_qs(urlsplit(visit.page.url).query)
    assert [str(film["id"]) for film in json.loads(saved)["films"]] == query["p"][0].split("-")
    visit.page.keyboard.press("Escape")
    assert not rows(press(visit, "lab_empty"), 0)
    load(visit, "bad.json", saved[:40])
    assert "bad.json is no JSON" in visit.main.inner_text() and not rows(visit, 0)
    load(visit, "western.json", saved)
    assert rows(visit, 8) == films and titles(visit.settle()) == first
    again = visits(demo.url, "dark").open(link.removeprefix(demo.url))
    assert rows(again, 8) == films and titles(again) == first


def load(visit: Visit, name: str, content: bytes) -> None:
    """Upload a file, and wait until the page speaks of it."""
    press(visit, "lab_share")
    visit.page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": content}
    )
    expect(visit.main.get_by_text(name).first).to_be_visible()
    visit.page.keyboard.press("Escape")


def test_a_bad_link_loses_only_what_is_bad(visits, demo):
    visit = visits(demo.url).open("/lab?p=1-nobody-2&w=99999&k=20&r=nothing")
    assert "2 ids are no films of this data set and were left out: nobody and 99999" in visit.main.inner_text()
    assert len(rows(visit, 2)) == 2 and len(rows(visit, 20, RECOMMENDED)) == 20

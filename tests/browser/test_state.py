"""The address is the view: back and forward, links to every page, links that name nothing."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.visit import Visit

USERS = ("7", "660")
JUNK = "c=demo&u=no%2Fbody&k=999999999999999999&r=x&d=x&by=x&g=Nonsense&f=none&e=x&as=x&m=x&p=no-film&w=x&s=99&show=2"
# A page, choices that only its own controls make, and what of the page they change.
LINKS = [
    ("/recommend?c=demo&u=7&k=20&r=nease&o=given", "user 7", "k=20"),
    ("/explain?c=demo&u=7&f=12&as=unseen", "user 7", "f=12"),
    ("/lab?c=demo&u=7&p=1-5-12&w=5", "history were different", "p=1-5-12"),
    ("/maps?c=demo&u=7&d=paper&g=War&f=12", "know genres", "g=War"),
    ("/film?c=demo&u=7&f=12", "", "f=12"),
    ("/fidelity?c=demo&u=7&m=INS%404", "reasons real", "m=INS%404"),
    ("/?c=demo&u=7", "What is loaded", "u=7"),
]


def view(visit: Visit) -> tuple[str, str]:
    """What a page is known by: its address and its question."""
    where = urlsplit(visit.page.url)
    return f"{where.path}?{where.query}", visit.heading()


def entries(visit: Visit) -> int:
    """Entries of the tab's history, which a browser counts up to 50: for tabs that were opened just now."""
    return visit.page.evaluate("history.length")


@pytest.fixture
def fresh(visits, demo) -> Visit:
    return visits(demo.url).open("/")


def test_each_deed_is_one_step_back_and_one_forward(fresh):
    """Page, user and length of the list, then all the way back and forward: each earlier view, exactly."""
    opened, seen = entries(fresh), [view(fresh)]
    assert parse_qs(urlsplit(fresh.page.url).query)["c"] == ["demo"], "the address is whole without a step of its own"
    deeds = [
        lambda: fresh.go("Recommend"),
        lambda: fresh.choose_user(USERS[0]),
        lambda: fresh.choose("20"),
        lambda: fresh.choose_user(USERS[1]),
        lambda: fresh.go("Explain"),
    ]
    for number, deed in enumerate(deeds, 1):
        deed()
        seen.append(view(fresh))
        assert entries(fresh) == opened + number, f"one entry of the history for {seen[-1]}"
    assert len(set(seen)) == len(seen)
    for earlier in seen[-2::-1]:
        fresh.page.go_back()
        assert view(fresh.settle()) == earlier
    for later in seen[1:]:
        fresh.page.go_forward()
        assert view(fresh.settle()) == later
    fresh.page.go_back()
    fresh.settle().choose_user(USERS[0])
    assert entries(fresh) == opened + len(deeds), "what was ahead is given up for the new view, and nothing is added"


def test_a_card_that_changes_user_and_page_is_one_step(fresh):
    fresh.go("Recommend").choose_user(USERS[0]).go("Overview")
    before, count = view(fresh), entries(fresh)
    fresh.main.locator("[class*='st-key-try_'] button").first.click()
    assert "watch next" in fresh.settle().heading()
    fresh.page.go_back()
    assert view(fresh.settle()) == before and entries(fresh) == count + 1


@pytest.mark.parametrize(("link", "question", "kept"), LINKS, ids=[link.split("?")[0] for link, *_ in LINKS])
def test_a_link_opens_its_view_and_is_the_address_of_it(visits, demo, link, question, kept):
    visit = visits(demo.url).open(link)
    assert question in visit.heading()
    shown = urlsplit(visit.page.url)
    assert f"{shown.path}?{shown.query}" == link and kept in shown.query


@pytest.mark.parametrize("page", ["", "explain", "maps"])
def test_a_link_that_names_nothing_lands_on_a_calm_page(visits, demo, page):
    visit = visits(demo.url).open(f"/{page}?{JUNK}")
    assert visit.heading()
    left = parse_qs(urlsplit(visit.page.url).query)
    assert left["u"] == ["no/body"] and not {"k", "d", "by", "as", "s", "show"} & set(left), (
        "what is not allowed is gone"
    )

"""The viewer's choices and the address are the same thing."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
import random

import pytest

from app import state as states
from app.state import AppState, Lab, Step, UserFilter, from_address, to_address
from app.theme import MAX_FOCUS
from tests.app.conftest import calm, text

SIGNS = "aZ09 -,.%&=+#/?;:@'\"<>()[]*_~|é×漢\\"


def test_a_state_comes_back_from_its_address():
    state = AppState("ml-1m", "4127", 20, "flvae", "paper", "genres", ("War", "Film-Noir"), "296")
    assert from_address(to_address(state), AppState()) == state


def test_the_address_holds_what_is_chosen_and_no_defaults():
    assert to_address(AppState("demo", "7")) == {"c": "demo", "u": "7"}
    assert to_address(AppState()) == {}


def test_every_choice_is_part_of_a_link_or_says_why_not():
    named, not_named = set(states._ADDRESS), set(states.NOT_IN_LINKS)
    assert {field.name for field in fields(AppState)} == named | not_named, "each field needs the one or the other"
    assert not named & not_named
    assert len(set(states._ADDRESS.values())) == len(named), "two fields with one name"
    assert set(states._ALLOWED) <= named and set(states._WRITTEN) <= named


def _word(draw: random.Random) -> str:
    return "".join(draw.choice(SIGNS) for _ in range(draw.randint(1, 12)))


def _words(draw: random.Random, most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_word(draw) for _ in range(draw.randint(0, most))))


def _anything(field, draw: random.Random) -> object:
    """A value that the field may have, by its limits or by its type."""
    default = field.default if field.default is not MISSING else field.default_factory()
    if field.name in states._ALLOWED:
        return draw.choice(sorted(states._ALLOWED[field.name]))
    if field.name in OWN_KINDS:
        return OWN_KINDS[field.name](draw)
    if isinstance(default, bool):
        return draw.random() < 0.5
    if isinstance(default, int):
        return draw.randrange(10**6)
    return draw.choice([default, _word(draw)])


# Fields whose values are neither text, nor a number, nor a switch, nor listed in _ALLOWED.
OWN_KINDS = {
    "focus": lambda draw: _words(draw, MAX_FOCUS),
    "profile": lambda draw: _words(draw, 40),
    "pinned": lambda draw: draw.choice([None, _words(draw, 40)]),
    "beside": lambda draw: draw.choice([None, _words(draw, states.MAX_BESIDE)]),
}


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_chosen_comes_back_from_its_address(seed):
    draw = random.Random(seed)
    linked = {field.name: _anything(field, draw) for field in fields(AppState) if field.name in states._ADDRESS}
    state = AppState(**linked)
    assert from_address(to_address(state), AppState()) == state
    mine = AppState("other", "9", users=UserFilter("train"), lab=Lab(search="typed"))
    again = from_address(to_address(state), mine)
    assert again.users == mine.users and to_address(again) == to_address(state)


@pytest.mark.parametrize("seed", range(200))
def test_any_address_gives_a_state_that_a_page_can_show(seed):
    draw = random.Random(seed)
    names = list(states._ADDRESS.values())
    query = {draw.choice(names): draw.choice([_word(draw), "9" * 5000, "-1", "²", "-", ",", "0", ""]) for _ in range(8)}
    state = from_address(query, AppState())
    assert all(getattr(state, field) in allowed for field, allowed in states._ALLOWED.items())
    assert [type(getattr(state, name)) for name in ("k", "step", "presenting")] == [int, int, bool]
    assert len(state.focus) <= MAX_FOCUS and all(isinstance(film, str) for film in state.profile)


def test_what_is_not_allowed_in_an_address_is_as_if_it_were_not_there():
    state = AppState("demo", "7")
    query = to_address(state)
    assert (
        from_address({**query, "k": "11", "d": "cosine", "by": "", "g": ",", "s": "6", "unknown": "1"}, state) == state
    )
    assert from_address({"k": "²"}, state).k == 10


def test_at_most_six_genres_and_none_twice():
    genres = from_address({"g": "A,B,A,C,D,E,F,G"}, AppState()).focus
    assert genres == ("A", "B", "C", "D", "E", "F")


def test_a_link_is_a_whole_view():
    """What it leaves out is as at the start, or a view could not be gone back to."""
    state = AppState("demo", "7", k=50, film="12", presenting=True, step=3)
    assert from_address({"c": "demo", "u": "7"}, state) == AppState("demo", "7")
    assert from_address({"c": "ml-1m"}, state) == AppState("ml-1m")


def test_what_is_no_part_of_a_link_outlasts_it():
    lab = Lab((Step("add", "5", ("5",)),), data="x", search="matrix")
    state = AppState("demo", "7", users=UserFilter("train"), lab=lab)
    assert from_address({"c": "demo", "u": "8"}, state) == replace(state, user="8")


def test_an_id_may_hold_any_character():
    state = AppState("a/b c", "ann&bob=<1>")
    assert from_address(to_address(state), AppState()) == state


PAGES = ("recommend", "explain", "profile_lab", "sensitivity_maps", "film", "quality", "explanation_quality", "data")


@pytest.mark.parametrize("page", ["", *PAGES])
def test_a_link_that_names_nothing_that_exists_lands_on_a_calm_page(dashboard, page):
    junk = {"k": "9" * 400, "r": "part", "o": "x", "d": "x", "by": "x", "g": "Nonsense", "f": "no film", "e": "x"}
    junk |= {"as": "x", "m": "x", "p": "no-film", "a": "-", "w": "none", "s": "99", "show": "perhaps"}
    test = calm(dashboard(page, c="demo", u="nobody*", **junk))
    assert len(test.title) == 1 and ":" not in test.title[0].value.split(" ")[0]
    said = text(calm(dashboard(page, c="no/such", u="1", **junk)))
    assert "no checkpoint" in said.lower() and "vasp-lens" in said


def test_what_was_just_clicked_wins_over_the_address_of_the_run_before(dashboard):
    test = dashboard("recommend", u="7")
    calm(test.segmented_control(key="bound_k").set_value(20).run())
    assert test.query_params["k"] in ("20", ["20"])
    calm(test.switch_page("../pages/sensitivity_maps.py").run())
    calm(test.switch_page("../pages/recommend.py").run())
    assert test.segmented_control(key="bound_k").value == 20, "shared choices outlast a change of page"

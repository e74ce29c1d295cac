"""The viewer's choices and the address are the same thing."""

from __future__ import annotations

from app.state import AppState, from_address, to_address


def test_a_state_comes_back_from_its_address():
    state = AppState("ml-1m", "4127", 20, "flvae", "paper", "genres", ("War", "Film-Noir"), "296")
    assert from_address(to_address(state), AppState()) == state


def test_the_address_holds_what_is_chosen_and_no_defaults():
    assert to_address(AppState("demo", "7")) == {"c": "demo", "u": "7"}
    assert to_address(AppState()) == {}


def test_what_is_not_allowed_in_an_address_is_passed_over():
    state = AppState("demo", "7")
    assert from_address({"k": "11", "d": "cosine", "by": "", "g": ",", "unknown": "1"}, state) == state
    assert from_address({"k": "²"}, state).k == 10


def test_at_most_six_genres_and_none_twice():
    genres = from_address({"g": "A,B,A,C,D,E,F,G"}, AppState()).focus
    assert genres == ("A", "B", "C", "D", "E", "F")


def test_a_link_to_another_checkpoint_leaves_user_and_film_behind():
    state = AppState("demo", "7", film="12")
    assert from_address({"c": "ml-1m"}, state) == AppState("ml-1m")
    assert from_address({"c": "ml-1m", "u": "9"}, state).user == "9"
    assert from_address({"c": "demo", "k": "20"}, state).film == "12"


def test_an_id_may_hold_any_character():
    state = AppState("a/b c", "ann&bob=<1>")
    assert from_address(to_address(state), AppState()) == state

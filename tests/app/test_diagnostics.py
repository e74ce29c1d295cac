"""The page Diagnostics: what the core found, in words; its buttons; and the switch for posters."""

from __future__ import annotations

import io
import time

from PIL import Image
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import posters as app_posters
from app import shortcuts, timings, user_choice
from app.diagnostics import facts
from tests import posters as fake
from tests.app.conftest import calm, text
from vasp_models import checkpoints, diagnostics, places, posters, tmdb
from vasp_models.diagnostics import FINE, NOTE, PROBLEM, Check, Diagnosis


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv(app_posters.KEY_VARIABLE, raising=False)


def tables(test: AppTest) -> str:
    return "\n".join(table.value.to_string() for table in test.main.table)


def test_the_page_shows_what_the_core_found(dashboard):
    test = calm(dashboard("diagnostics"))
    assert test.title[0].value == facts.QUESTION
    assert "**Everything is in order**" in text(test)
    shown, found = tables(test).replace("\\", ""), diagnostics.examine()
    for section in ("Machine", "Checkpoints", "Program", "Licences"):
        for check in found.sections[section]:
            assert check.name in shown, check
    assert "VASP Lens diagnostics" in test.main.code[-1].value and "numpy" in test.main.code[-1].value


def test_a_problem_stands_first_with_what_to_do(dashboard, copied):
    weights = copied("hurt") / checkpoints.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    test = calm(dashboard("diagnostics", c="hurt"))
    words = text(test).replace("\\", "")
    assert test.title[0].value == facts.QUESTION, "the page that helps opens where the others cannot"
    assert "needs attention**: hurt." in words and "copy the checkpoint again" in words
    assert calm(test.button(key="verify").click().run())


def test_without_any_checkpoint(dashboard, monkeypatch):
    monkeypatch.setattr(checkpoints, "names", lambda: [])
    test = calm(dashboard("diagnostics"))
    assert "none at hand" in text(test) and "`vasp-lens demo`" in text(test)


def test_verifying_names_every_file(dashboard, copied):
    copied("mine")
    test = calm(calm(dashboard("diagnostics")).button(key="verify").click().run())
    shown = tables(test).replace("\\", "")
    for name in checkpoints.load("mine").manifest["files"]:
        assert f"mine/{name}" in shown and f"demo/{name}" in shown


def test_clearing_tells_what_went_and_the_next_answer_is_computed_anew(dashboard, home):
    test = calm(dashboard("diagnostics"))
    log = places.cache_folder() / "maps" / "jobs" / "a.log"
    log.parent.mkdir(parents=True)
    log.write_text("1234", encoding="utf-8")
    test = calm(test.button(key="clear_caches").click().run())
    assert not log.exists() and "1 file, 4 bytes" in test.toast[0].value.replace("\\", "")
    assert not calm(test.run()).toast, "told once"


def test_what_was_found_is_looked_for_again_when_asked(dashboard, monkeypatch):
    looked = []
    whole = diagnostics.examine
    monkeypatch.setattr(diagnostics, "examine", lambda *a, **k: looked.append(1) or whole(*a, **k))
    test = calm(dashboard("diagnostics").run())
    assert len(looked) == 1
    calm(test.button(key="look_again").click().run())
    assert len(looked) == 2


def test_answers_are_timed(dashboard, monkeypatch):
    monkeypatch.setattr(timings, "_SECONDS", {})
    assert facts.NO_TIMES in text(calm(dashboard("diagnostics")))
    test = calm(dashboard("recommend"))
    names = {each.name for each in timings.known()}
    assert {timings.LOADING, timings.KINDS["recommend"]} <= names
    test = calm(test.switch_page(str(places.ui_root() / "pages" / "diagnostics.py")).run())
    assert timings.LOADING in tables(test)


def test_timings_keep_the_last_answers(monkeypatch):
    monkeypatch.setattr(timings, "_SECONDS", {})
    for seconds in [9.0, *[0.01] * 30, *[0.03] * 19, 0.5]:
        timings.note(timings.KINDS["curve"], seconds)
    (found,) = timings.known()
    assert (found.answers, found.last, found.median) == (timings.LAST, 0.5, 0.01)
    (check,) = facts.session([found])
    assert check.fact == "last 500 ms, median 10 ms of the last 50"
    assert facts.times(1.44) == "1.4 s"


def test_what_answers_is_still_itself():
    class Answers:
        device = "cpu"

        def recommend(self, k):
            return ["film"] * k

    timed = timings.opened(Answers)
    assert timed.device == "cpu" and timed.recommend(2) == ["film", "film"]
    with pytest.raises(AttributeError):
        timed.nothing  # noqa: B018


def test_states_are_words_and_icons():
    found = Diagnosis(
        {"All": [Check("fine", FINE, "ok"), Check("a", NOTE, "b"), Check("*p*", PROBLEM, "q", "Run `x`.")]}
    )
    assert [check.name for check in facts.urgent(found)] == ["*p*", "a"]
    assert facts.line(facts.urgent(found)[0]) == ":material/error: **\\*p\\*** · q\n\n:gray[Run `x`\\.]"
    frame = facts.table(found.sections["All"], mends=True)
    assert list(frame.columns) == ["Check", "State", "Found", "What to do"]
    assert all(state.startswith(":material/") and word in state.replace("\u00a0", " ")
               for state, word in zip(frame["State"], (FINE, NOTE, PROBLEM), strict=True))  # fmt: skip


def test_every_key_stands_once_for_each_place_and_none_is_streamlits():
    pairs = [(each.key, each.where) for each in shortcuts.TABLE]
    assert len(set(pairs)) == len(pairs)
    assert not {each.key.split("+")[-1].upper() for each in shortcuts.TABLE if each.key != "+"} & {"C", "R"}
    assert sum(map(len, facts.keys())) == len(shortcuts.TABLE)


def test_next_and_previous_user_go_round(dashboard):
    test = calm(dashboard("overview", c="demo"))
    pool = user_choice.cached.users(checkpoints.load("demo"), "test")["id"].astype(str).tolist()
    first = test.sidebar.text_input[0].value
    place = pool.index(first)
    test = calm(test.sidebar.button(key="next_user").click().run())
    assert test.sidebar.text_input[0].value == pool[(place + 1) % len(pool)]
    test = calm(test.sidebar.button(key="previous_user").click().run())
    test = calm(test.sidebar.button(key="previous_user").click().run())
    assert test.sidebar.text_input[0].value == pool[place - 1]


def a_poster() -> None:
    import streamlit as st

    from app import posters, state
    from vasp_models import checkpoints

    state.settle(posters=st.session_state["on"])
    posters.draw(checkpoints.load("demo"), 5)


def drawn(on: bool) -> AppTest:
    test = AppTest.from_function(a_poster, default_timeout=30)
    test.session_state["on"] = on
    return test.run()


@pytest.fixture
def server(home, monkeypatch):
    with fake.serving() as running:
        monkeypatch.setenv(app_posters.KEY_VARIABLE, fake.KEY)
        monkeypatch.setenv(app_posters.API_VARIABLE, running.api)
        monkeypatch.setenv(app_posters.IMAGES_VARIABLE, running.images)
        yield running


def settled(test: AppTest, until) -> AppTest:
    deadline = time.monotonic() + 10
    while not until() and time.monotonic() < deadline:
        time.sleep(0.02)
    return calm(test.run())


def demo_film() -> dict:
    row = checkpoints.load("demo").catalogue.frame.iloc[5]
    return fake.film(1, row["title"], int(row["year"]))


def images(test: AppTest) -> list:
    return test.get("image")


def test_posters_are_off_and_ask_nobody(server):
    test = calm(drawn(False))
    assert not images(test) and not test.markdown and not server.asked


def test_a_poster_takes_its_place_when_it_has_come(server):
    server.knows(demo_film())
    test = calm(drawn(True))
    assert len(images(test)) == 1 and tmdb.ATTRIBUTION in text(test)
    film = posters.film(checkpoints.load("demo").catalogue, 5, {})
    test = settled(test, lambda: posters.kept(film))
    assert "Poster of" in str(images(test)[0].proto) and fake.KEY not in str(images(test)[0].proto)
    assert len(server.asked) == 2


def test_a_refused_key_is_told_once_and_leaves_the_place(server):
    server.answer("/3/search/movie", {}, 401)
    test = settled(calm(drawn(True)), lambda: server.asked)
    time.sleep(0.2)
    test = calm(test.run())
    assert "No poster of" in str(images(test)[0].proto)
    told = test.session_state["app_notices"].notices["posters"].text
    assert "tmdb_key" in told and fake.KEY not in told and len(server.asked) == 1


def test_without_a_key_it_is_said_how_to_give_one(home, dashboard, monkeypatch):
    test = calm(drawn(True))
    assert "tmdb_key" in text(test) and len(images(test)) == 1
    test = calm(dashboard("diagnostics"))
    assert "tmdb_key" not in text(test), "off by default, and silent then"
    test = calm(test.toggle[0].set_value(True).run())
    assert "tmdb_key" in text(test) and "TMDB_API_KEY" in text(test)
    assert "posters" not in "".join(test.query_params)


@pytest.mark.parametrize("place", ["secrets", "environment", "nowhere", "broken"])
def test_where_the_key_comes_from(monkeypatch, place):
    class Secrets(dict):
        def load_if_toml_exists(self) -> bool:
            if place == "broken":
                raise ValueError("no TOML")
            return place == "secrets"

    monkeypatch.setattr(st, "secrets", Secrets(tmdb_key=" from secrets ") if place == "secrets" else Secrets())
    if place == "environment":
        monkeypatch.setenv(app_posters.KEY_VARIABLE, "from environment")
    expected = {"secrets": "from secrets", "environment": "from environment"}.get(place)
    assert app_posters.tmdb_key() == expected


def test_the_placeholder_has_the_shape_of_a_poster():
    drawn = app_posters.placeholder()
    assert f'width="{tmdb.WIDTH}" height="{tmdb.HEIGHT}"' in drawn and drawn.startswith("<svg")
    assert Image.open(io.BytesIO(tmdb.fitted(fake.picture()))).size == (tmdb.WIDTH, tmdb.HEIGHT)

"""The profile lab: places and moves of toy rankings whose answer is known, links, files, and the page on the demo."""

from __future__ import annotations

from dataclasses import replace
import json

import numpy as np
import pandas as pd
import pytest

from app import components, exports
from app import state as states
from app.address import MOST_IN_ADDRESS
from app.lab import actions, facts
from app.lab import charts as lab_charts
from app.lab import files as lab_files
from app.lab import tables as lab_tables
from app.lab.facts import NOWHERE, Scene
from app.state import AppState, Lab, Step, from_address, to_address
from app.theme import theme
from tests.app.conftest import calm, refit, tables, text
from vasp_models import checkpoints, recommending
from vasp_models.data import personas
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError
from vasp_models.recommending import Recommendations

TITLES = ["Ant", "Bee", "Cat", "Dog", "Eel", "Fox"]
GENRES = [["Horror"], ["Horror"], ["Horror", "War"], [], ["War"], ["War"]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Six films with the ids 10, 20, ... 60; Fox is the most liked."""
    years = pd.array([None] * 6, dtype="Int64")
    columns = {"id": [10, 20, 30, 40, 50, 60], "title": TITLES, "year": years, "genres": GENRES}
    return Catalogue(pd.DataFrame(columns | {"train_users": [1, 2, 3, 4, 5, 6]}))


def ranked(*items: int, **factors: list[float]) -> Recommendations:
    """A ranking of these items, with log factors whose value for an empty profile is 0."""
    logs = {name: np.array(values) for name, values in factors.items()}
    numbers = np.array(items, dtype=np.int64)
    scores = np.linspace(0.9, 0.1, len(items))
    base = {name: np.zeros(len(items)) for name in logs}
    return Recommendations(numbers, scores, None, logs, base, np.arange(2, len(items) + 2), len(items))


def scene(catalogue, profile, found, step=None, before=None) -> Scene:
    step = step or Step("link", "", ())
    before = None if before is None else facts.places(before, len(catalogue))
    return Scene(catalogue, np.array(profile, dtype=np.int64), found, step, before)


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


# Links


@pytest.mark.parametrize("pinned", [None, (), ("7",)])
def test_profiles_come_back_from_their_address_whatever_their_ids_are(pinned):
    state = AppState("demo", "7", profile=("1", "a-b", "c d", "100%", "x,y", "é&=/", "-"), pinned=pinned, watched="a-b")
    assert from_address(to_address(state), AppState()) == state


def test_a_profile_that_is_too_long_stays_out_of_the_link_and_loses_nothing_else():
    state = AppState("demo", "7", profile=tuple(map(str, range(1000, 3000))), pinned=("1", "2"), watched="5")
    query = to_address(state)
    assert "p" not in query and query["a"] == "1-2" and query["w"] == "5"
    longest = AppState(profile=tuple("1" * (MOST_IN_ADDRESS // 2)))
    assert "p" in to_address(longest) and "p" not in to_address(replace(longest, profile=(*longest.profile, "1")))


def test_a_link_names_each_film_once_and_no_film_is_no_film():
    assert from_address({"p": "5-6-5--6-"}, AppState()).profile == ("5", "6")
    assert from_address({"p": "-", "a": "-"}, AppState()) == AppState(pinned=())


def test_the_steps_outlast_a_link_within_a_checkpoint_and_what_was_said_of_the_last_one_does_not():
    state = AppState("demo", profile=("5",), lab=Lab((Step("add", "5", ("5",)),), data="x", note="Loaded."))
    assert from_address({"c": "demo", "p": "5", "k": "20"}, state) == replace(state, k=20)
    assert from_address({"c": "demo", "p": "6"}, state).lab == replace(state.lab, note="")
    assert from_address({"c": "ml-1m", "p": "5"}, state).lab == Lab(), "it may be of another data set"


def test_the_steps_end_with_the_profile_that_is_shown(monkeypatch):
    """The browser's button back shows an earlier profile, and forward a later one again."""
    steps = tuple(
        Step("add", film, profile) for film, profile in [("5", ("5",)), ("6", ("5", "6")), ("7", ("5", "6", "7"))]
    )
    for shown, ways in ((("5", "6"), steps[:2]), (("5", "6", "7"), steps), (("9",), (Step("link", "", ("9",)),))):
        monkeypatch.setattr(states, "current", lambda shown=shown: AppState("demo", profile=shown, lab=Lab(steps)))
        assert actions.steps() == ways


# Profiles and places


def test_ids_become_numbers_once_and_the_unknown_ones_are_named(catalogue):
    items, unknown = facts.numbers(catalogue, ["30", "x*y", "10", "30", "7"])
    assert items.tolist() == [2, 0] and unknown == ("x*y", "7")
    assert facts.ids_of(catalogue, items) == ("30", "10")
    assert facts.unknown_words(unknown) == "2 ids are no films of this data set and were left out: x\\*y and 7."
    assert facts.unknown_words(("7",)).startswith("1 id is no film") and "2 more" in facts.named(list("abcdefg"))


def test_personas_are_counted(catalogue, monkeypatch):
    monkeypatch.setattr(personas, "PERSONA_FILMS", 3)
    said = facts.personas(catalogue)
    assert said == {
        facts.EVERYTHING: "the 3 most liked films",
        "Horror": "the 3 most liked Horror films",
        "War": "the 3 most liked War films",
    }
    assert facts.persona_films(catalogue, "War").tolist() == [2, 4, 5], "the most liked last"
    assert facts.persona_films(catalogue, facts.EVERYTHING).tolist() == [3, 4, 5]
    monkeypatch.setattr(personas, "PERSONA_FILMS", 8)
    assert facts.personas(catalogue)["War"] == "the 3 most liked War films", "there are no more"


def test_moves_compare_places_before_and_after(catalogue):
    now = scene(catalogue, [0], ranked(3, 1, 2, 5), Step("start", "x", ()), before=ranked(1, 0, 2, 4, 3))
    assert now.places.tolist() == [0, 2, 3, 1, 0, 4]
    drawn = [drawn for drawn, _ in facts.moves(now, [3, 1, 2, 5])]
    assert drawn == ["▲ 4", "▼ 1", "=", "back"]
    assert facts.moves(scene(catalogue, [], ranked(1)), [1]) == [("", "")]


def test_the_film_whose_move_tells_most(catalogue):
    step = Step("add", "10", ("10",))
    # 5 goes 5 -> 3, 4 goes 4 -> 2, 1 goes 1 -> 5 and 2 from 2 to 1.
    now = scene(catalogue, [0], ranked(2, 4, 5, 3, 1), step, before=ranked(1, 2, 3, 4, 5, 0))
    assert facts.telling_move(now, 5, 3) == 5, "the watched film"
    assert facts.telling_move(now, None, 3) == 2, "the film now first"
    same = scene(catalogue, [0], ranked(1, 4, 5, 3, 2), step, before=ranked(1, 2, 3, 4, 5, 0))
    assert facts.telling_move(same, 1, 3) == 2, "2 to 5 is the largest ratio"
    still = scene(catalogue, [0], ranked(1, 2, 4, 5), step, before=ranked(1, 2, 5, 4, 0))
    assert facts.telling_move(still, None, 2) is None, "what moves below the list is not told"


def test_the_answer_says_what_the_last_change_did(catalogue):
    before, after = ranked(1, 2, 3, 4, 5, 0), ranked(4, 1, 2, 3, 5)
    added = scene(catalogue, [0], after, Step("add", "10", ("10",)), before)
    assert facts.answer(added, None, 2) == (
        "Adding **Ant** moves **Eel** from #4 to #1; 1 of the 2 films shown is new."
    )
    assert facts.answer(added, 2, 5) == (
        "Adding **Ant** moves **Cat** from #2 to #3; **Eel** comes first, and none of the 5 films shown is new."
    )
    removed = scene(catalogue, [], before, Step("remove", "10", ()), after)
    assert facts.answer(removed, None, 2).startswith("Removing **Ant** moves **Bee** from #2 to #1")
    still = scene(catalogue, [0], ranked(1, 2), Step("add", "10", ("10",)), ranked(1, 2, 0))
    assert facts.answer(still, None, 2) == "Adding **Ant** moves none of the 2 films shown."


def test_the_answer_without_a_change(catalogue):
    assert "what every stranger gets: **Bee** comes first of 2" in facts.answer(
        scene(catalogue, [], ranked(1, 2)), None, 2
    )
    said = facts.answer(scene(catalogue, [0], ranked(1, 2), Step("start", "the 1 film of a*b", ())), None, 2)
    assert said.startswith("With **the 1 film of a\\*b**, **Bee** comes first of 2") and said.endswith(
        "from #2 for an empty profile."
    )
    assert "a profile of 2 films" in facts.answer(scene(catalogue, [0, 5], ranked(1, 2)), None, 2)
    tied = replace(ranked(1, 2), base_ranks=np.array([1, 1]))
    assert "where an empty profile puts many" in facts.answer(scene(catalogue, [0], tied), None, 2)
    assert "nothing left to rank" in facts.answer(scene(catalogue, range(6), ranked()), None, 2)


def test_a_film_that_the_model_does_not_know_changes_nothing_and_has_no_place(catalogue):
    added = scene(catalogue, [0], ranked(1, 2), Step("add", "10", ("10",)), ranked(1, 2))
    assert facts.answer(added, None, 2) == (
        "**Ant** is not seen by the model, so adding it changes nothing: **Bee** still comes first."
    )
    removed = scene(catalogue, [], ranked(1, 2), Step("remove", "10", ()), ranked(1, 2))
    assert "removing it changes nothing" in facts.answer(removed, None, 2)
    assert facts.unmodelled(added, ranked(1, 2)) == {0}
    assert facts.remark(added, {0}) and facts.remark(added, set()) is None
    assert facts.watched_words(added, 0) == "No place in the list: it is in the profile"
    assert facts.watched_words(added, 5) == "No place in the list: it is not seen by the model"
    assert facts.match_words(added, 5) == "Fox · not seen by the model" and facts.match_words(added, 2) == "Cat · #2"


def test_a_watched_film_says_its_place_its_move_and_its_factors(catalogue):
    found = ranked(2, 1, nease=[0.0, np.log(4)], other=[0.0, -np.log(2)])
    said = facts.watched_words(scene(catalogue, [0], found, Step("add", "10", ("10",)), ranked(1, 2, 0)), 1)
    said = said.replace("\u00a0", " ")
    assert said.startswith("**#2** of 2 films, ▼ 1 by the last change, from #3 for an empty profile")
    assert ":orange[■] NEASE ×4.0" in said and "Other ÷2.0" in said
    assert "score 0.9" in facts.watched_words(scene(catalogue, [0], ranked(2, 1)), 2)


# Tables and figures


def test_a_film_is_followed_through_the_steps(catalogue):
    steps = [(Step("start", "an empty profile", ()), ranked(1, 2, 0, nease=[0.0, 0.0, 0.0]))]
    steps += [(Step("add", "20", ("20",)), ranked(0, 2, nease=[np.log(3), 0.0]))]
    steps += [(Step("remove", "20", ("10",)), ranked(1, 2, nease=[0.0, 0.0]))]
    way = lab_tables.track(catalogue, steps, 0)
    assert way["place"].tolist() == [3, 1, NOWHERE]
    table = lab_tables.track_table(way, ["nease"])
    assert table["Change"].tolist() == ["2 · − Bee", "1 · + Bee", "0 · An empty profile"]
    assert table["Place"].tolist() == ["none", "#1", "#3"] and table["NEASE"].tolist() == ["", "×3.0", "×1.0"]
    assert lab_tables.way_words("Ant", way["place"]) == "Ant after each change: #3, #1, no place"


def test_two_lists_are_compared_place_by_place(catalogue):
    pinned, now = scene(catalogue, [0], ranked(1, 2, 3, 5)), scene(catalogue, [3], ranked(2, 1, 5, 4, 0))
    films = lab_tables.comparison(pinned, now, 2)
    assert films["title"].tolist() == ["Cat", "Bee"] and films["change"].tolist() == ["▲ 1", "▼ 1"]
    films = lab_tables.comparison(pinned, now, 3).set_index("title")
    assert films["change"].to_dict() == {"Cat": "▲ 1", "Bee": "▼ 1", "Fox": "enters", "Dog": "in the profile"}
    assert lab_tables.change(NOWHERE, 1, 3) == "in A’s profile" and lab_tables.change(2, 9, 3) == "leaves"
    assert lab_tables.change(2, 2, 3) == "stays"
    assert "2 of the 3 shown are in both" in lab_tables.compared_words(pinned, now, 3)


def test_the_shares_of_the_parts_count_lowering_as_much_as_lifting():
    found = ranked(1, 2, 3, nease=[1.0, -2.0, 50.0], other=[0.0, 1.0, 50.0])
    assert lab_tables.shares(found, 2) == {"nease": 0.75, "other": 0.25}
    assert lab_tables.shares(ranked(1, 2), 2) == {} == lab_tables.shares(ranked(1, nease=[0.0]), 2)
    said = lab_tables.share_words({}, {"nease": 0.75, "other": 0.25}).replace("\u00a0", " ")
    assert ":orange[■] NEASE none → 75%" in said and "Other none → 25%" in said


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_way_has_first_place_on_top_and_a_gap_where_there_is_no_place(name):
    figure = lab_charts.way([40, 0, 3], theme(name))
    low, high = figure.layout.yaxis.range
    assert low > high and np.isnan(figure.data[0].y[1])
    assert list(figure.data[0].text) == ["#40", "", "#3"]
    many = lab_charts.way([*range(2, 30), 1, 9], theme(name))
    assert [label for label in many.data[0].text if label] == ["#2", "#1", "#9"]
    assert lab_charts.way([0], theme(name)).data, "a film that never had a place"


def test_slopes_show_titles_as_text_and_a_line_for_each_film(catalogue):
    rows = [("<b>Ant</b> & " + "x" * 40, 1, 2), ("Bee", 2, 9), ("Cat", NOWHERE, 1), ("Dog", 9, NOWHERE)]
    films = pd.DataFrame(rows, columns=["title", "pinned", "now"])
    figure = lab_charts.slopes(films, 2, theme("light"))
    stay, enter, leave = figure.data[:3]
    assert [list(line.y[~np.isnan(line.y)]) for line in (stay, enter, leave)] == [[1, 2], [3.1, 1], [2, 3.1]]
    assert leave.line.dash and enter.line.width > stay.line.width, "and a film outside both lists has no line"
    assert "&lt;b&gt;Ant&lt;/b&gt; &amp; x" in figure.data[-1].text[0] and "…" in figure.data[-1].text[0]
    assert figure.layout.height == lab_charts.slopes_height(2) < lab_charts.slopes_height(50)


# Files


def as_file(catalogue, items, about) -> bytes:
    """A profile as the export writes it, with its provenance."""
    return exports.json_text(lab_files.record(catalogue, items, about), {"command": "vasp-lens app toy"}).encode()


@pytest.mark.parametrize("ids", [[10, 20, 30, 40, 50, 60], ["a", "b-c", "Ü", "1", "x y", "{}"]])
def test_a_saved_profile_comes_back_exactly(catalogue, ids):
    other = Catalogue(catalogue.frame.assign(id=ids))
    about = {"name": "toy", "fingerprint": "sha256:1"}
    saved = lab_files.read(as_file(other, [4, 0, 2], about), "x.json")
    assert saved == lab_files.Saved(facts.ids_of(other, [4, 0, 2]), (), "toy", "sha256:1")
    assert facts.numbers(other, saved.ids)[0].tolist() == [4, 0, 2]
    assert lab_files.loaded_words(saved, "", about) == ""
    assert lab_files.record(other, [], about)["films"] == []


GOOD = {"kind": lab_files.KIND, "schema": 1, "dataset": {"name": "a*b", "fingerprint": "z"}, "films": [{"id": 1}]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON (line 1, column 1)"),
        (b'{"kind": ', "no JSON (line 1"),
        (b"\xff\xfe\x00", "no UTF-8 text (byte 0)"),
        (b"[" * 100_000, "no JSON that can be read"),
        (b"1" * 5000, "no JSON that can be read"),
        (b"x" * (lab_files.MOST_MEGABYTES * 2**20 + 1), "has 1.0 MB"),
        (b"[]", "is no profile"),
        (json.dumps(GOOD | {"kind": "vasp-lens checkpoint"}).encode(), "is no profile"),
        (json.dumps(GOOD | {"schema": 2}).encode(), "has schema 2"),
        (json.dumps(GOOD | {"schema": True}).encode(), "has schema True"),
        (json.dumps(GOOD | {"films": {"id": 1}}).encode(), "no list of films"),
        (json.dumps(GOOD | {"films": [{"id": 1}, {"title": "Alien"}]}).encode(), "Film 2 of x.json has no id"),
        (json.dumps(GOOD | {"films": [{"id": True}]}).encode(), "Film 1 of x.json has no id"),
        (json.dumps(GOOD | {"films": [{"id": 1.5}]}).encode(), "Film 1 of x.json has no id"),
        (json.dumps(GOOD | {"films": [7]}).encode(), "Film 1 of x.json has no id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_a_file_that_is_no_profile_is_refused_in_a_sentence(content, said):
    with pytest.raises(DataError) as error:
        lab_files.read(content, "x.json")
    assert said in str(error.value) and "x.json" in str(error.value) and str(error.value).endswith(".")


def test_a_film_named_twice_is_taken_once_and_another_data_set_is_said():
    saved = lab_files.read(json.dumps(GOOD | {"films": [{"id": 1}, {"id": "2"}, {"id": 1}]}).encode(), "x.json")
    assert saved.ids == ("1", "2") and saved.twice == ("1",)
    told = lab_files.loaded_words(saved, "Unknown.", {"name": "toy", "fingerprint": "y"})
    assert "saved on a\\*b, and this is toy" in told and "1 film named twice was taken once. Unknown." in told


# The page


def open_lab(dashboard, **query):
    return calm(dashboard("profile_lab", **query))


@pytest.fixture
def drawn(monkeypatch) -> dict[str, dict]:
    """What the two lists are given, by key."""
    lists = {}
    monkeypatch.setattr(components, "film_list", lambda data, key, *callbacks: lists.update({key: data}))
    return lists


def titles(data: dict) -> list[int]:
    return [row["item"] for row in data["rows"]]


def test_the_page_starts_empty_from_a_persona_and_from_a_user(dashboard, drawn, demo):
    test = open_lab(dashboard)
    assert test.title[0].value == facts.QUESTION and "what every stranger gets" in test.main.markdown[0].value
    assert drawn["lab_profile"]["rows"] == [] and "p" not in test.query_params
    calm(test.get("menu_button")[0].set_value("Horror").run())
    assert "**the 8 most liked Horror films**" in test.main.markdown[0].value
    horror = facts.persona_films(demo.catalogue, "Horror")
    assert titles(drawn["lab_profile"]) == horror[::-1].tolist()
    assert test.query_params["p"] in (
        ["-".join(facts.ids_of(demo.catalogue, horror))],
        "-".join(facts.ids_of(demo.catalogue, horror)),
    )
    calm(test.button(key="lab_user").click().run())
    user = demo.users.find(test.sidebar.text_input[0].value)
    assert titles(drawn["lab_profile"]) == user.history[::-1].tolist(), "the most recent first"
    there = titles(drawn["lab_list"])
    calm(dashboard("recommend", u=user.id))
    assert titles(drawn["recommendation_list"]) == there, "the same list as on the page Recommend"


def test_films_are_added_removed_and_taken_back(dashboard, drawn, demo):
    test = open_lab(dashboard, p="-")
    calm(test.text_input(key="lab_search").set_value("the matrix").run())
    match = test.selectbox(key="lab_match")
    assert match.value == str(demo.catalogue.ids[demo.catalogue.search("the matrix")[0]])
    calm(test.button(key="lab_add").click().run())
    assert "Adding **The Matrix" in test.main.markdown[0].value
    assert test.button(key="lab_pin").label == "Pin as A"
    assert test.button(key="lab_add").label == "Remove", "a film in the profile can only be removed"
    assert any("The Matrix (1999) · in the profile" in option for option in test.selectbox(key="lab_match").options)
    assert all(row["move"] for row in drawn["lab_list"]["rows"]), "each film says how it moved"
    calm(test.button(key="lab_add").click().run())
    assert "Removing **The Matrix" in test.main.markdown[0].value and drawn["lab_profile"]["rows"] == []
    calm(test.button(key="lab_undo").click().run())
    assert len(drawn["lab_profile"]["rows"]) == 1
    calm(test.button(key="lab_empty").click().run())
    assert drawn["lab_profile"]["rows"] == [] and not test.button(key="lab_undo").disabled
    calm(test.text_input(key="lab_search").set_value("no such title").run())
    assert test.selectbox(key="lab_match").disabled and test.button(key="lab_add").disabled


def test_a_watched_film_is_followed(dashboard, drawn, demo):
    catalogue = demo.catalogue
    alien, aliens = (catalogue.search(name)[0] for name in ("alien", "aliens"))
    test = open_lab(dashboard, w=str(catalogue.ids[aliens]))
    assert drawn["lab_list"]["marked"] == aliens
    calm(test.text_input(key="lab_search").set_value("alien").run())
    calm(test.button(key="lab_add").click().run())
    before = facts.places(recommended(demo, []), len(catalogue))[aliens]
    after = facts.places(recommended(demo, [alien]), len(catalogue))[aliens]
    assert f"Adding **Alien \\(1979\\)** moves **Aliens \\(1986\\)** from #{before:,} to #{after:,}" in text(test)
    table = tables(test)[0]
    assert table["Place"].tolist() == [f"#{after:,}", f"#{before:,}"]
    calm(test.button(key="lab_unwatch").click().run())
    assert "Nothing is watched" in text(test) and "w" not in test.query_params


def test_a_film_of_a_users_own_list_can_be_explained(dashboard, drawn, demo):
    test = open_lab(dashboard, p="1")
    calm(test.button(key="lab_user").click().run())
    first = drawn["lab_list"]["rows"][0]["item"]
    calm(test.text_input(key="lab_search").set_value(demo.catalogue.frame["title"][first]).run())
    calm(test.selectbox(key="lab_match").set_value(str(demo.catalogue.ids[first])).run())
    calm(test.button(key="lab_watch").click().run())
    assert [button.key for button in test.main.button if button.key == "lab_why"]
    calm(test.button(key="lab_undo").click().run())
    assert not [button.key for button in test.main.button if button.key == "lab_why"], "it is nobody's history"
    calm(test.button(key="lab_user").click().run())
    calm(test.button(key="lab_why").click().run())
    assert test.title[0].value.startswith("Why ") and test.query_params["f"] in (
        w := str(demo.catalogue.ids[first]),
        [w],
    )


def test_a_step_that_was_taken_with_another_checkpoint_is_named_by_its_id(catalogue):
    step = Step("remove", "977", ())
    assert facts.changed_item(catalogue, step) is None and lab_tables.step_words(catalogue, step) == "− 977"
    assert "what every stranger gets" in facts.answer(scene(catalogue, [], ranked(1), step, ranked(2)), None, 2)


def recommended(demo, history):
    return recommending.recommend(demo.model("cpu"), np.array(history, dtype=np.int64), len(demo.catalogue))


def test_a_profile_is_pinned_compared_swapped_and_unpinned(dashboard, drawn):
    test = open_lab(dashboard, p="1")
    calm(test.button(key="lab_pin").click().run())
    assert "10 of the 10 shown are in both" in text(test) and test.button(key="lab_pin").label == "Pinned as A"
    calm(test.get("menu_button")[0].set_value("Western").run())
    table = tables(test)[0]
    assert {"enters", "leaves"} & set(table["Change"])
    assert test.query_params["a"] in ("1", ["1"])
    calm(test.button(key="lab_swap").click().run())
    assert len(drawn["lab_profile"]["rows"]) == 1 and "A has 8 films, the profile 1" in text(test)
    calm(test.button(key="lab_unpin").click().run())
    assert not tables(test) and "a" not in test.query_params


def test_a_bad_link_says_what_it_lost_and_keeps_the_rest(dashboard, drawn):
    test = open_lab(dashboard, p="1-nobody*-2-99999", a="-", w="77777", r="nonsense", k="20")
    assert "3 ids are no films of this data set and were left out: nobody\\*, 99999 and 77777." in text(test)
    assert titles(drawn["lab_profile"]) == [1, 0] and len(drawn["lab_list"]["rows"]) == 20
    assert "The pinned profile A" in text(test) and "Nothing is watched" in text(test)


def test_a_file_is_loaded_or_refused_in_a_sentence(dashboard, drawn, demo):
    test = open_lab(dashboard)
    content = as_file(demo.catalogue, [5, 3, 9], demo.manifest["dataset"])
    calm(test.file_uploader[0].set_value(("mine.json", content, "application/json")).run())
    assert titles(drawn["lab_profile"]) == [9, 3, 5]
    assert "**the 3 films of mine\\.json**" in test.main.markdown[0].value
    calm(test.file_uploader[0].set_value(("bad.json", b"{", "application/json")).run())
    assert "bad\\.json is no JSON" in text(test) and titles(drawn["lab_profile"]) == [9, 3, 5], "nothing is lost"
    other = json.dumps(GOOD | {"films": [{"id": 1}, {"id": 1}, {"id": "zz"}]}).encode()
    calm(test.file_uploader[0].set_value(("other.json", other, "application/json")).run())
    assert "named twice" in text(test) and "zz" in text(test) and "this is demo" in text(test)
    assert titles(drawn["lab_profile"]) == [0]
    calm(test.button(key="lab_empty").click().run())
    assert "named twice" not in text(test), "what was said of a file goes with the next change"


def test_a_profile_of_all_films_leaves_nothing_to_rank_and_is_too_long_for_a_link(dashboard, drawn, demo):
    test = open_lab(dashboard)
    everything = as_file(demo.catalogue, range(len(demo.catalogue)), demo.manifest["dataset"])
    calm(test.file_uploader[0].set_value(("all.json", everything, "application/json")).run())
    assert "nothing left to rank" in text(test) and drawn["lab_list"]["rows"] == []
    assert len(drawn["lab_profile"]["rows"]) == facts.MOST_ROWS and "the last 200 shown" in text(test)
    assert "p" not in test.query_params and "is too long for a link" in text(test)


def test_a_model_without_factors(dashboard, drawn, popularity):
    test = open_lab(dashboard, c=popularity, p="1-2", w="3", a="-")
    assert [bar["name"] for bar in drawn["lab_list"]["bars"]] == ["Score"] and not drawn["lab_list"]["total"]
    assert "score" in text(test) and "Shares of the parts" not in text(test)
    assert set(tables(test)[0]) == {"Change", "Place"}


def test_films_that_the_model_does_not_know_are_marked(dashboard, drawn, monkeypatch):
    whole = recommending.recommend

    def recommend(model, history, k, part=None):
        found = whole(model, history, k, part)
        kept = found.items != 7
        cut = {name: getattr(found, name)[kept] for name in ("items", "scores", "log_scores", "base_ranks")}
        cut |= {name: {f: v[kept] for f, v in getattr(found, name).items()} for name in ("factors", "base")}
        return replace(found, **cut)

    monkeypatch.setattr(recommending, "recommend", recommend)
    test = open_lab(dashboard, p="8", w="8")
    assert drawn["lab_profile"]["rows"][0]["unmodelled"] == "not seen by the model"
    assert "the list is the same for everyone" in text(test) and "1 not seen by the model" in text(test)


def test_a_profile_goes_along_to_a_checkpoint_of_the_same_data_and_to_no_other(dashboard, drawn, copied):
    copied("again")
    manifest = copied("other") / checkpoints.MANIFEST
    facts_of_it = json.loads(manifest.read_text(encoding="utf-8"))
    facts_of_it["dataset"]["fingerprint"] = "sha256:0"
    manifest.write_text(json.dumps(facts_of_it), encoding="utf-8")
    refit(manifest.parent)
    test = open_lab(dashboard, c="demo", p="1-2", w="5")
    calm(test.sidebar.selectbox[0].set_value("again").run())
    assert titles(drawn["lab_profile"]) == [1, 0]
    calm(test.sidebar.selectbox[0].set_value("other").run())
    assert drawn["lab_profile"]["rows"] == [] and "another data set" in text(test)
    assert "p" not in test.query_params and "w" not in test.query_params

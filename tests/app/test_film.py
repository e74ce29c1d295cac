"""The film page on the embedded demo and on other models: every film, every way there, every odd input."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from app import components, exports, words
from app.film import cached as film_cached
from app.film import charts, facts, subject, tables
from app.theme import theme
from tests.app.conftest import calm, refit, text
from vasp_models import checkpoints, places, recommending
from vasp_models.data.audience import Audience
from vasp_models.data.describing import long_tail, standing
from vasp_models.projections import maps


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.fixture
def lists(monkeypatch) -> dict[str, dict]:
    """What the list component is given, by key; a button `go_KEY` opens the second row of each list."""
    drawn: dict[str, dict] = {}

    def film_list(data, key, on_opened=lambda: None, on_acted=lambda: None):
        drawn[key] = data

        def go():
            st.session_state[key] = {"opened": data["rows"][1]["item"]}
            on_opened()

        st.button("go", key=f"go_{key}", on_click=go)

    monkeypatch.setattr(components, "film_list", film_list)
    return drawn


def items(data: dict) -> list[int]:
    return [row["item"] for row in data["rows"]]


def plain(shown: str) -> str:
    return shown.replace("\\", "")


def film_of(test) -> str:
    return plain(test.title[0].value).removeprefix("What does the model make of ").removesuffix("?")


def test_the_lists_are_the_models_own(dashboard, demo, lists):
    film = demo.catalogue.search("alien")[0]
    calm(dashboard("film", f=str(demo.catalogue.ids[film])))
    model, alone = demo.model(), np.array([film])
    assert items(lists["one_film_list"]) == recommending.recommend(model, alone, 10).items.tolist()
    for part in ("nease", "flvae"):
        assert items(lists[f"one_film_{part}"]) == recommending.recommend(model, alone, 10, part).items.tolist()
    near = maps.find(demo, "lift")
    for part in ("joint", "nease", "flvae"):
        assert items(lists[f"near_{part}"]) == near.nearest(film, part, 10).tolist()


def test_what_lists_have_in_common_is_marked_by_a_sign_and_a_word(dashboard, demo, lists):
    test = calm(dashboard("film", f="374"))
    of = {name: set(items(lists[key])) for name, key in (
        ("Joint", "one_film_list"), ("NEASE", "one_film_nease"), ("FLVAE", "one_film_flvae"))}  # fmt: skip
    for row in lists["one_film_nease"]["rows"]:
        others = [name for name in ("Joint", "FLVAE") if row["item"] in of[name]]
        expected = "all three" if len(others) == 2 else "".join(others)
        assert row["note"] == expected and (f"also in {expected}" in row["label"]) == bool(expected)
    both = len(of["NEASE"] & of["FLVAE"])
    assert f"NEASE and FLVAE {both} of 10" in text(test) and f"**{both}** are the same" in text(test)
    assert [metric.value for metric in test.metric][1] == f"{both} of 10"


def test_without_a_choice_it_shows_the_first_film_of_the_list(dashboard, demo):
    user = demo.users.at(demo.users.rows("test")[0])
    first = recommending.recommend(demo.model(), user.history, 1).items[0]
    test = calm(dashboard("film", u=user.id))
    assert film_of(test) == demo.catalogue.titles[first] and test.metric[-1].value == "#1"
    assert "f" not in test.query_params, "the address says what the viewer chose"


def test_another_user_leaves_the_film_in_its_place(dashboard, demo):
    test = dashboard("film", u="3803", f="374")
    shown, place = film_of(test), test.metric[-1].label
    other = demo.users.at(demo.users.rows("test")[1]).id
    calm(test.sidebar.text_input[0].set_value(other).run())
    assert film_of(test) == shown and test.metric[-1].label != place == "For user 3803"


def test_a_row_opens_the_page_of_its_film(dashboard, demo, lists):
    test = dashboard("film", f="374")
    for key in ("one_film_list", "one_film_flvae", "near_joint", "shared_list"):
        goal = lists[key]["rows"][1]["item"]
        calm(test.button(key=f"go_{key}").click().run())
        film = str(demo.catalogue.ids[goal])
        assert film_of(test) == demo.catalogue.titles[goal] and dict(test.query_params)["f"] in (film, [film])


def test_a_film_is_found_by_its_title_and_at_random(dashboard):
    test = dashboard("film", f="374")
    calm(test.text_input(key="film_search").set_value("goDFATHer").run())
    assert "Godfather" in film_of(test) and len(test.get("button_group")) >= 1
    before = film_of(test)
    assert film_of(calm(test.button(key="random_film").click().run())) != before


def test_distances_change_the_neighbours_alone(dashboard, lists):
    test = dashboard("film", f="374")
    before = {key: items(data) for key, data in lists.items()}
    calm(test.segmented_control(key="bound_distance").set_value("paper").run())
    changed = {key for key, data in lists.items() if items(data) != before[key]}
    assert changed and changed <= {"near_joint", "near_nease", "near_flvae"}


def test_the_dialog_and_the_explanation_lead_here_and_back(dashboard, demo):
    test = dashboard("explain", f="374")
    calm(test.button(key="explained_film_page").click().run())
    assert film_of(test) == demo.catalogue.titles[demo.catalogue.number("374")]
    calm(test.button(key="explain_film").click().run())
    assert "Little Mermaid" in test.title[0].value and test.title[0].value.startswith("Why ")


def test_it_shows_where_the_film_lies_on_the_maps(dashboard):
    test = dashboard("film", f="374")
    assert len(test.get("plotly_chart")) == 5, "popularity, genres, three maps"
    calm([button for button in test.button if button.label == "Show it on the maps"][0].click().run())
    assert "know genres" in test.title[0].value and "Little Mermaid" in text(test)


def test_an_unknown_film(dashboard):
    test = calm(dashboard("film", f="no*such*film"))
    assert "There is no film no\\*such\\*film here" in test.title[0].value
    assert "is not among the 681 films" in text(test) and not test.metric
    calm(test.button(key="random_film").click().run())
    assert test.title[0].value.startswith("What does the model make of")


def test_an_unknown_user_is_no_hindrance(dashboard):
    test = calm(dashboard("film", u="nobody", f="374"))
    assert len(test.metric) == 3 and "Why for user" not in " ".join(button.label for button in test.button)
    assert film_of(calm(dashboard("film", u="nobody"))), "the most popular film"


def test_a_model_that_recommends_the_same_to_everybody(dashboard, popularity, lists):
    test = calm(dashboard("film", c=popularity, f="374"))
    assert "It changes nothing" in text(test) and "the same films to everybody" in text(test)
    assert list(lists) == ["shared_list"] and len(test.get("plotly_chart")) == 2
    assert [metric.label for metric in test.metric][0] == "Liked by · train users" and len(test.metric) == 2


def test_a_model_in_one_part_has_one_list(dashboard, saved, lists):
    saved("linear", "ease")
    test = calm(dashboard("film", c="linear", f="374"))
    assert "one_film_list" in lists and not [
        key for key in lists if key.startswith(("one_film_n", "one_film_f", "near"))
    ]
    assert "the same films to everybody" not in text(test) and "In common" not in text(test)
    assert any("vasp-lens map linear" in code.value for code in test.code)


def partly(saved) -> str:
    from vasp_models.models import create, preset

    settings = replace(preset("vasp", "tiny")[0], items_share=0.33)
    return saved("partly", "vasp", create("vasp", settings, 681))


def test_a_film_that_the_model_does_not_cover(dashboard, saved, demo, lists):
    name = partly(saved)
    test = calm(dashboard("film", c=name, f=str(demo.catalogue.ids[680])))  # the first third of the films is covered
    assert "trained without this film" in text(test) and "covers only a part" in text(test)
    assert list(lists) == ["shared_list"] and test.metric[-1].value == "no place"
    assert "one_film_list" in (calm(dashboard("film", c=name, f=str(demo.catalogue.ids[3]))), lists)[1]


def test_without_maps_the_command_is_named(dashboard, copied, lists):
    copied("bare")
    test = calm(dashboard("film", c="bare", f="374"))
    assert any("vasp-lens map bare --distance lift" in code.value for code in test.code)
    assert "near_joint" not in lists and "one_film_nease" in lists and len(test.metric) == 3


def changed_catalogue(folder, change) -> None:
    path = folder / checkpoints.CATALOGUE
    change(pd.read_parquet(path)).to_parquet(path)
    refit(folder)


def test_a_title_from_data_is_no_markdown(dashboard, copied):
    name = "*Bold* [x](http://y) <b>&amp; $a$ :red[z] " + "and a very long title " * 6

    def retitled(frame):
        frame.loc[0, "title"] = name
        return frame

    changed_catalogue(copied("odd"), retitled)
    test = calm(dashboard("film", c="odd", f="1"))
    assert words.markdown(name) in test.title[0].value and name.strip() in plain(test.title[0].value)


def test_films_without_genres_and_years(dashboard, copied):
    bare = {"year": pd.array([None] * 681, "Int64")}
    changed_catalogue(copied("plain"), lambda frame: frame.assign(genres=[[]] * 681, **bare))
    test = calm(dashboard("film", c="plain", f="374"))
    assert "no genres given" in text(test) and "no genres to compare" in text(test)
    assert film_of(test) == "The Little Mermaid"


def test_the_audience_is_that_of_the_train_users(demo):
    film = demo.catalogue.number("374")
    found = film_cached.audience(demo, film)
    assert found.fans == demo.catalogue.frame["train_users"].iloc[film] and found.users == 3200
    train = demo.users.histories.take(demo.users.rows("train"))
    other = int(found.together["item"].iloc[0])
    both = sum(film in train.row(n) and other in train.row(n) for n in range(len(train)))
    assert found.together["both"].iloc[0] == both
    assert (facts.together(found)["lift"] > found.by_length).all()


def test_planted_links_are_found_in_what_the_same_users_like(demo):
    """The demo's viewers follow a series: its next film is nearly always among the first that they share."""
    planted = [link for link in _planted().links if link.kind == "series"][:12]
    near = 0
    for link in planted:
        film, goal = (demo.catalogue.number(end) for end in (link.source, link.target))
        near += goal in film_cached.audience(demo, film).together["item"].to_numpy()[:3]
    assert near >= 9


def _planted():
    from vasp_models.data.demo import Planted

    return Planted.from_json((places.assets_folder() / "demo" / "planted.json").read_text(encoding="utf-8"))


def told(fans: int = 4, ratio: float = 2.0, q: float = 0.01) -> Audience:
    row = {"genre": "War", "fans": 2, "fan_share": 0.5, "others": 2, "other_share": 0.25, "ratio": ratio}
    table = pd.DataFrame([row | {"low": 1.1, "high": 3.0, "p": q, "q": q}])
    shared = pd.DataFrame({"item": [1, 2], "both": [5, 6], "share": [0.5, 0.6], "users": [7, 8], "lift": [1.3, 3.0]})
    return Audience(fans, 10, 30.0, 20.0, 25.0, 1.5, table, shared.assign(llr=[9.0, 8.0]))


def test_the_answer_names_a_genre_only_where_chance_does_not_explain_it(demo):
    found = subject.Answers({"joint": recommending.recommend(demo.model(), np.array([0]), 20)}, True, True)
    assert "War is their favourite genre ×2.0 as often" in facts.answer(demo.catalogue, found, told())
    for audience in (told(q=0.2), told(ratio=0.5)):
        assert "favourite" not in facts.answer(demo.catalogue, found, audience)
    assert "No train user has it" in facts.answer(demo.catalogue, found, told(fans=0))


def test_what_longer_histories_explain_is_not_listed():
    assert facts.together(told())["item"].tolist() == [2]


@pytest.mark.parametrize(
    ("place", "seen", "held", "expected"),
    [
        (4, False, False, ("#4", "of 640 unseen films")),
        (4, False, True, ("#4", "held out and liked, of 640 unseen films")),
        (None, True, False, ("seen", "in the history, rated well before")),
        (None, False, False, ("no place", "not seen by the model")),
    ],
)
def test_where_it_stands_for_a_user(place, seen, held, expected):
    assert facts.standing_words(subject.ForUser("7", place, 640, seen, held)) == expected


def test_the_film_is_ringed_on_the_curve_where_it_stands():
    counts = np.array([3, 90, 0, 40, 40])
    figure = charts.popularity(long_tail(counts), standing(counts, 4), 2, theme("light"))
    ring = figure.data[-1]
    assert (ring.x[0], ring.y[0]) == (3, 40) and "#2" in figure.layout.annotations[0].text
    assert figure.data[0].customdata[-1] == 0 and figure.data[0].y[-1] == 0.5, "nobody has a place on a log axis too"


@pytest.mark.parametrize(
    ("rank", "said"),
    [(1, "No film has more"), (2, "More than 20,106 of the films"), (8_000, "More than 60% of the films")]
    + [(20_100, "More than 8 of the films"), (20_108, "No film has fewer")],
)
def test_a_share_of_films_is_never_rounded_to_none_or_all(rank, said):
    counts = np.arange(20_108, 0, -1)
    assert facts.popularity_rule(standing(counts, rank - 1), 9).startswith(f"{said}. ")


def test_genres_that_chance_explains_are_muted_and_ratios_say_which_way():
    table = pd.concat([told().tastes, told(q=0.4, ratio=0.4).tastes.assign(genre="Drama")], ignore_index=True)
    figure = charts.tastes(table, theme("dark"))
    inks = {note.text: note.font.color for note in figure.layout.annotations}
    assert inks == {"×2.0": theme("dark").text, "÷2.5": theme("dark").muted}
    assert charts.ratio_text(float("nan")) == "–"


def test_downloads_hold_every_list_and_strict_json(demo):
    film = demo.catalogue.number("374")
    found = subject.Answers({"joint": recommending.recommend(demo.model(), np.array([film]), 20)}, True, True)
    near = tables.nearest(maps.find(demo, "lift"), film)
    frame = tables.lists(demo.catalogue, found, near)
    assert frame.groupby(["list", "part"]).size().to_dict() == {
        ("nearest", "flvae"): 20, ("nearest", "joint"): 20, ("nearest", "nease"): 20, ("recommended", "joint"): 20,
    }  # fmt: skip
    joint = frame[frame["list"] == "recommended"]
    lifted = joint[["lift_nease", "lift_flvae_residual", "lift_flvae_latent"]].prod(axis=1)
    assert np.allclose(lifted, np.exp(found.joint.total_lift), rtol=1e-5)
    assert frame.loc[frame["list"] == "nearest", "lift_nease"].isna().all()
    who, stands = film_cached.audience(demo, film), standing(subject.popularity(demo), film)
    record = tables.record(demo.catalogue, film, found, near, who, stands, None)
    written = exports.json_text(record, {"program": "x"})
    assert "NaN" not in written and '"title": "The Little Mermaid (1989)"' in written
    assert list(tables.tastes(who.tastes))[0] == "Favourite genre" and len(
        tables.together(demo.catalogue, who.together)
    )


def test_an_id_is_no_markup():
    known = SimpleNamespace(fans=1, rank=1, n=2, covered=False)
    shown = facts.metrics(known, known, known, None, subject.ForUser("u*_x_*", 1, 10, False, False))
    assert shown[-1][0] == r"For user u\*\_x\_\*"

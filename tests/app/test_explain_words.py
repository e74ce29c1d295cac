"""An explanation in words, figures and tables, on toy models whose reasons are known."""

from __future__ import annotations

from dataclasses import replace
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from app import theme
from app.explain import charts, facts, tables
from app.explain import words as sentences
from app.explain.cached import Reasons
from app.explain.words import Case, Unit
from tests.explanations.toys import Additive, Factored, random_weights, tiny_product
from vasp_models.data.catalogue import Catalogue, catalogue_frame
from vasp_models.explanations.answers import has_positive_scores, parts_of
from vasp_models.explanations.curves import DeletionCurve, deletion_curve
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.interactions import pair_interactions
from vasp_models.explanations.removals import Removal

FACTORS, NUMBERS = Unit(True), Unit(False)
LIGHT = theme.theme("light")
CASE = Case(
    title="The Matrix",
    rank=1,
    base_rank=38,
    candidates=3483,
    terms={"nease": math.log(4.14), "flvae_residual": math.log(2.53), "flvae_latent": math.log(1.84)},
    unit=FACTORS,
    films=50,
    known=50,
    supporters={"Terminator 2": 0.52, "Aliens": 0.41, "Blade Runner": 0.36, "Brazil": 0.2},
    suppressors={"Annie Hall": -0.14, "Chinatown": -0.07},
)
NOTHING = replace(CASE, terms=dict.fromkeys(CASE.terms, 0.0), supporters={}, suppressors={}, rank=38)


def catalogue(n: int) -> Catalogue:
    return Catalogue(catalogue_frame(list(range(100, 100 + n)), [f"Film {k} (19{k + 10})" for k in range(n)], [""] * n))


def reasons(model, history, items) -> Reasons:
    found = explain(model, np.array(history, dtype=np.int64), np.array(items))
    return Reasons(found, parts_of(model), has_positive_scores(model))


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (FACTORS, math.log(4.14), "×4.14"),
        (FACTORS, math.log(19.3), "×19.3"),
        (FACTORS, -math.log(1.023), "÷1.023"),
        (FACTORS, -math.log(1.0031), "÷1.0031"),
        (FACTORS, math.log(1.0002), "×1.0002"),
        (FACTORS, 0.0, "×1.00"),
        (NUMBERS, 0.213, "+0.21"),
        (NUMBERS, -0.0021, "−0.0021"),
    ],
)
def test_an_effect_has_the_decimals_that_tell_it_from_none(unit, value, text):
    assert unit.text(value) == text


def test_the_answer_names_what_did_most_and_where_it_led():
    assert sentences.answer(CASE) == (
        "Because of **Terminator 2**, **Aliens** and **Blade Runner** above all: this history moves The Matrix from "
        "#38 for an unknown viewer to **#1**. All three parts of the model agree; NEASE lifts it most, ×4.14."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"films": 1, "supporters": {"Alien": 0.5}},
            "Because of **Alien**: liking this film moves The Matrix from #38",
        ),
        ({"supporters": {}}, "No single film of this history decides it: as a whole it moves The Matrix from #38"),
        ({"supporters": {"A": 0.5, "B": 0.01}}, "Because of **A** above all: "),
        ({"rank": 38}, "is **#38** for an unknown viewer already; this history raises its score, ×19.3, because of"),
        ({"rank": 40}, "and yet it falls from #38 for an unknown viewer to **#40**: it raises other films more."),
        ({"terms": {"nease": -0.5}, "rank": 90}, "speaks against The Matrix, which falls from #38"),
        ({"terms": {"nease": -0.5}, "rank": 90}, "to **#90**, because of **Annie Hall** and **Chinatown** above all."),
        ({"terms": {"nease": -0.5}, "rank": 9}, "lowers the score of The Matrix, ÷1.65, and yet it rises from #38"),
        (
            {"ordered": False},
            "this history puts The Matrix at **#1** of 3,483; for an unknown viewer this model sets no",
        ),
        ({"ordered": False, "terms": {"nease": -1.0}}, "speaks against The Matrix, because of **Annie Hall** and"),
        ({"title": "*M* [x](y)"}, "moves \\*M\\* \\[x\\]\\(y\\) from"),
    ],
)
def test_the_answer_follows_the_numbers(changes, said):
    assert said in sentences.answer(replace(CASE, **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"films": 0, "known": 0}, "The history is empty, so there is no film to give as a reason"),
        ({"known": 0}, "The model does not know any of the 50 films of this history"),
        ({"known": 0, "films": 1}, "The model does not know the only film of this history"),
        ({}, "Nothing in this history changes the score of this film"),
    ],
)
def test_where_nothing_moves_the_answer_says_why(changes, said):
    answer = sentences.answer(replace(NOTHING, **changes))
    assert answer.startswith(said) and "**#38** of 3,483" in answer


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"nease": -0.1, "flvae_latent": -0.7}, "Both parts of the model agree; the latent head lowers it most, ÷"),
        (
            {"nease": 0.7, "flvae_latent": -0.2},
            "The parts disagree: NEASE (×2.01) lifts it, the latent head (÷1.22) lowers it.",
        ),
        ({"nease": 0.7, "flvae_latent": 0.0}, "NEASE (×2.01) lifts it."),
        ({"score": 0.7}, "In all, the history raises its score, ×2.01."),
    ],
)  # fmt: skip
def test_the_parts_agree_or_disagree(terms, said):
    assert sentences.parts(terms, FACTORS).startswith(said)


def test_a_film_far_down_the_list_is_asked_for_by_its_place():
    assert sentences.question("Heat (1995)", "7", 3, 20) == "Why Heat \\(1995\\) for user 7?"
    assert sentences.question("Heat (1995)", "7", 321, 20) == "Why is Heat \\(1995\\) #321 for user 7?"


def removal(after: int, items=(0, 1), entered=(5,)) -> Removal:
    return Removal(np.array(items), 1, after, np.array(entered))


def test_a_card_says_what_a_removal_does_or_why_there_is_none():
    films, case = catalogue(12), replace(CASE, rank=1, films=50)
    first, badges, instead = facts.removal_card(films, 1, removal(3), case)
    assert first == "Without **2 films** it falls from **#1 to #3**"
    assert badges.count("gray-badge") == 2 and "Film 0" in badges and "First place goes to **Film 5" in instead
    many = facts.removal_card(films, 10, removal(12, range(9), (9, 10)), case)
    assert many[0] == "Without **9 films** it leaves the top 10, to **#12**" and "and 3 more" in many[1]
    assert "New in the top 10: **Film 9" in many[2]
    assert "1910" not in many[1] and "Film 0" in many[1]
    remade = Catalogue(films.frame.assign(title=["Film 0", "Film 0", *films.frame["title"][2:]]))
    told = facts.removal_card(remade, 10, removal(12, range(9), (9, 10)), case)[1].replace("\\", "")
    assert "Film 0 (1910)" in told and "Film 0 (1911)" in told and "Film 2 (1912)" not in told
    assert facts.removal_card(films, 10, None, replace(case, rank=38)) == [
        "It is not in the top 10 to begin with: it stands at **#38**"
    ]
    below = facts.removal_cards(films, {1: None, 10: None}, replace(case, rank=38))
    assert [tall for _, tall in below] == [False], "one card for a film that is in neither top"
    assert "No set of up to 60 films was found" in facts.removal_card(films, 1, None, replace(case, films=100))[0]
    assert "No set of films of this history was found" in facts.removal_card(films, 1, None, case)[0]


@pytest.fixture(scope="module")
def product() -> Reasons:
    """A real product of all three factors that does not know films 10 and 11; film 11 is in the history."""
    return reasons(tiny_product(items_share=10 / 12), [0, 1, 2, 3, 11], [5, 6])


def test_every_method_shares_out_what_it_says(product):
    methods, terms = facts.methods(product, 1), facts.terms(product, 1)
    assert {key: method.name for key, method in methods.items()} == {
        "joint": "Joint",
        "nease": "NEASE",
        "flvae": "FLVAE",
    }
    assert methods["nease"].effects["nease"].sum() == pytest.approx(terms["nease"], abs=1e-6)
    for head, shares in methods["flvae"].effects.items():
        assert shares.sum() == pytest.approx(terms[head], abs=1e-3)
    assert list(methods["joint"].effects) == list(terms) and "sum ±" in methods["flvae"].note


def test_only_the_methods_that_a_model_has_are_offered():
    linear = reasons(Additive(random_weights(8)), [0, 1, 2], [5])
    assert list(facts.methods(linear, 0)) == ["joint"] and facts.methods(linear, 0)["joint"].name == "Leave one out"
    no_gradient = reasons(Factored(random_weights(8)), [0, 1, 2], [5])
    assert list(facts.methods(no_gradient, 0)) == ["joint", "nease"]


def test_the_picture_has_the_ten_strongest_for_and_the_three_strongest_against():
    weights = np.zeros((30, 30))
    weights[:14, 20], weights[14:18, 20] = np.arange(1, 15), [-1, -4, -3, -2]
    found = reasons(Additive(weights), range(19), [20])  # film 18 says nothing
    rows = facts.shown(facts.methods(found, 0)["joint"])
    assert rows.tolist() == [*range(13, 3, -1), 17, 16, 15], "strongest for first, strongest against last"


def test_the_table_holds_every_film_and_says_nothing_of_films_that_were_not_seen(product):
    method = facts.methods(product, 0)["joint"]
    table = tables.table(catalogue(12), product, 0, method)
    assert len(table) == 5 and table["Effect"].iloc[-1] == "not seen by the model"
    numbers = table.select_dtypes("float")
    assert numbers.iloc[-1].isna().all() and numbers.iloc[:-1].notna().all().all()
    assert (np.diff(table["Leave one out"].iloc[:-1]) <= 0).all()
    split = table[["… NEASE", "… Residual head", "… Latent head"]].sum(axis=1)
    np.testing.assert_allclose(split.iloc[:-1], table["Leave one out"].iloc[:-1], atol=1e-6)
    assert tables.table_label(method, product).endswith("1 not seen by the model")


def test_pairs_that_act_together_come_first():
    rules = [(0, 1, 5, "and", 3.0)]
    model = Factored(np.zeros((8, 8)), rules=rules)
    found = reasons(model, [0, 1, 2], [5])
    pairs = pair_interactions(model, found.found.history, 5, np.arange(3))
    table = tables.pairs(catalogue(8), found, pairs)
    assert (table["Film"].iloc[0], table["and film"].iloc[0]) == ("Film 0 (1910)", "Film 1 (1911)") and len(table) == 3
    assert "**Film 0** and **Film 1** together add ×" in tables.pairs_answer(catalogue(8), found, pairs)
    nothing = pair_interactions(model, found.found.history, 4, np.arange(3))
    assert "No two of them interact" in tables.pairs_answer(catalogue(8), found, nothing)


def test_downloads_name_their_film_and_the_command_that_explains_it():
    chosen = SimpleNamespace(name="mine", argument="mine", catalogue=catalogue(12))
    film = chosen, SimpleNamespace(id="7 b", history=np.array([2, 5, 9])), 5
    told = tables.whose(*film, True)
    frame = tables.named(pd.DataFrame({"item": [102, 109]}), told)
    assert frame["item"].tolist() == [102, 109] and set(frame["explained_item"]) == {105}
    assert set(frame["explained_title"]) == {"Film 5 (1915)"} and frame["as_if_unseen"].all()
    assert told == {"user": "7 b", "checkpoint": "mine", "item": 105, "title": "Film 5 (1915)", "as_if_unseen": True}
    assert tables.command(*film, False) == "vasp-lens explain mine --item 105 --user '7 b' --json"
    assert tables.command(*film, True) == "vasp-lens explain mine --item 105 --history 102,109 --json", "without it"


def test_pictures_have_their_numbers_as_tables(product):
    effects = {"nease": np.array([0.5, -0.1]), "flvae_latent": np.array([0.25, 0.0])}
    reasons = tables.drawn(["A", "B"], effects, Unit(True))
    assert list(reasons) == ["Film", "Effect", "NEASE, log", "Latent head, log", "Together, log"]
    assert reasons["Together, log"].tolist() == [0.75, -0.1] and reasons["Effect"].tolist()[0] == "×2.12"
    assert list(tables.drawn(["A"], {"score": np.array([0.5])}, Unit(False)))[:2] == ["Film", "Effect"]
    share = np.array([1.0, 0.4])
    drawn = tables.curve(DeletionCurve(np.array([1, 7]), share, share / 2, share, share))
    assert drawn["Films removed"].tolist() == [0, 1] and drawn["Place"].tolist() == [1, 7]
    assert drawn["Score left, %"].tolist() == [100, 40]
    assert drawn["Random orders, 10th percentile, %"].tolist() == [50, 20]
    assert list(tables.curve(DeletionCurve(np.array([1, 7])))) == ["Films removed", "Place"], "no shares, no columns"


@pytest.mark.parametrize("width", [150, 400])
@pytest.mark.parametrize("size", [1e-3, 0.1, 0.4, 2.0, 5.0, 12.0, 80.0])
@pytest.mark.parametrize("side", [0.0, -0.3, -2.0])
def test_ticks_are_few_apart_and_in_range(size, side, width):
    low, high = side * size, size
    ticks = charts.factor_ticks(low, high, width)
    places = sorted(ticks)
    assert ticks[0.0] == "×1" and low <= places[0] and places[-1] <= high
    assert width == 150 or 2 <= len(ticks) <= 7
    apart = [(b - a) / (high - low) for a, b in zip(places, places[1:], strict=False)]
    assert all(each >= 0.16 and each * width > 6 * max(map(len, ticks.values())) for each in apart)
    assert len(set(ticks.values())) == len(ticks) and all((text[0] == "÷") == (at < 0) for at, text in ticks.items())


def test_ticks_of_the_ranges_of_every_day():
    assert list(charts.factor_ticks(0, math.log(20.5), 150).values()) == ["×1", "×2", "×5", "×10", "×20"]
    assert list(charts.factor_ticks(-math.log(1.25), math.log(1.65), 260).values()) == [
        "÷1.2",
        "×1",
        "×1.2",
        "×1.4",
        "×1.6",
    ]
    assert list(charts.factor_ticks(0, math.log(1.1e4), 150).values()) == ["×1", "×100", "×10,000"]
    assert list(charts.factor_ticks(-0.35, math.log(1057) * 1.02, 150).values()) == ["×1", "×10", "×100", "×1,000"]


def test_the_waterfall_is_a_chain_that_ends_at_the_score():
    terms = {"nease": 1.2, "flvae_residual": -0.4, "flvae_latent": 0.3}
    figure = charts.waterfall(terms, FACTORS, LIGHT, "#38 of 100", "#1")
    bars = [trace for trace in figure.data if trace.type == "bar"]
    ends = [bar.base[0] + bar.x[0] for bar in bars]
    assert [bar.base[0] for bar in bars[:3]] == pytest.approx([0, *ends[:2]]) and ends[2] == pytest.approx(ends[3])
    assert ends[3] == pytest.approx(1.1) and bars[3].base[0] == 0
    hollow = [bar.marker.color == LIGHT.background for bar in bars]
    assert hollow == [False, True, False, False], "what lowers is hollow, in its own colour"
    assert bars[1].marker.line.color == LIGHT.path("flvae_residual")
    assert list(figure.layout.yaxis.ticktext) == ["Empty profile", "NEASE", "Residual head", "Latent head", "Score"]


def test_a_waterfall_of_nothing_is_one_line_on_the_left():
    figure = charts.waterfall({"nease": 0.0, "flvae_latent": 0.0}, FACTORS, LIGHT, "#1 of 100", "#1")
    assert [trace.type for trace in figure.data] == ["scatter"] * 4, "three connectors and the ring"
    assert [tuple(trace.y) for trace in figure.data[:3]] == [(0, 1), (1, 2), (2, 3)]
    low, high = figure.layout.xaxis.range
    assert low < 0 and high > -9 * low


def test_one_factor_needs_no_steps():
    figure = charts.waterfall({"score": 0.4}, NUMBERS, LIGHT, "#38 of 100", "#1")
    assert list(figure.layout.yaxis.ticktext) == ["Empty profile", "Score"] and figure.layout.xaxis.ticktext is None


@pytest.mark.parametrize("narrow", [False, True])
def test_a_films_bars_add_up_to_its_total(narrow):
    effects = {"nease": np.array([0.5, -0.2]), "flvae_latent": np.array([0.1, 0.05])}
    titles = ["<b>Bold</b> (1999)", "A title that is much too long to stand beside its bar (2001)"]
    figure = charts.reasons(titles, effects, FACTORS, LIGHT, "axis", narrow)
    total = np.zeros(2)
    for bar in figure.data:
        np.add.at(total, np.asarray(bar.y, dtype=int), bar.x)
        assert all((value < 0) == (bar.marker.color == LIGHT.background) for value in bar.x)
    np.testing.assert_allclose(total, [0.6, -0.15])
    texts = [note.text for note in figure.layout.annotations]
    assert "×1.82" in texts and "÷1.16" in texts
    shown = [text for text in texts if "(" in text] if narrow else list(figure.layout.yaxis.ticktext)
    assert shown[0] == "&lt;b&gt;Bold&lt;/b&gt; (1999)", "a title is no tag"
    assert narrow or (shown[1].endswith("… (2001)") and len(shown[1]) <= 34)


@pytest.mark.parametrize(("reach", "room"), [(1.0, True), (12.0, False)])
def test_a_low_curve_is_named_where_the_axis_leaves_room(reach, room):
    share, low = np.r_[1.0, np.full(10, 0.05)], np.full(11, 0.6)
    curve = DeletionCurve(np.full(11, 641), share, low, np.full(11, 0.8), np.full(11, reach))
    notes = charts.deletion(curve, LIGHT).layout.annotations
    assert ("strongest reasons first" in [note.text for note in notes]) == room
    assert all(note.yanchor == "bottom" for note in notes if note.text == "#641"), "below them is the axis"


def test_the_deletion_curve_shows_shares_or_places():
    weights = np.zeros((9, 9))
    weights[:4, 6], weights[:4, 7] = [2, 1, 0.5, 0.2], 0.5
    order, history = np.arange(4), np.arange(4)
    by_share = deletion_curve(Factored(weights), history, 6, order, random_orders=20)
    figure = charts.deletion(by_share, LIGHT)
    line = figure.data[-1]
    np.testing.assert_allclose(line.y, by_share.share)
    assert len(figure.data) == 4 and figure.layout.yaxis.tickformat == ",.0%"
    assert facts.curve_in_words(by_share).startswith("without 0 films #1, 100% of the score left; without 1 film #")
    by_place = deletion_curve(Additive(weights), history, 6, order, random_orders=20)
    figure = charts.deletion(by_place, LIGHT)
    assert len(figure.data) == 1 and figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "first place on top"
    assert list(figure.layout.yaxis.ticktext)[0] == "#1", "there is no place 0"

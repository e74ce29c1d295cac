"""The guided tour: which steps there are, what is told at each, and that each is a link."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest

from app import charts, components
from app.explain.words import Case, Unit
from app.presenting import facts
from app.state import AppState, from_address, to_address
from app.theme import theme
from tests.app.conftest import calm, text
from vasp_models import checkpoints

PAGES = ["overview", "recommend", "explain", "sensitivity_maps", "explanation_quality"]


def pages(tour) -> list[str]:
    return [step.page for step in tour]


def test_the_tour_has_a_step_for_all_that_there_is_to_show():
    assert pages(facts.steps("5", "lift", measured=True)) == PAGES
    assert pages(facts.steps("5", None, measured=True)) == [*PAGES[:3], PAGES[4]], "no maps"
    assert pages(facts.steps("5", "paper", measured=False)) == PAGES[:4], "the reasons were not tested"
    assert pages(facts.steps(None, None, measured=False)) == PAGES[:1], "and this user has seen every film"


def test_each_step_is_a_link_whatever_was_chosen_before():
    wild = AppState("demo", "7", 50, "nease", "paper", "genres", ("War",), film="9", search="x", method="nease")
    for number, step in enumerate(facts.steps("5", "lift", measured=True), 1):
        shown = replace(wild, presenting=True, step=number, **step.choices)
        assert from_address(to_address(shown), AppState()) == shown
        assert (shown.k, shown.rank_by, shown.method, shown.search) == (10, "joint", "joint", "")


def test_a_page_is_a_step_or_none():
    tour = facts.steps("5", "lift", measured=True)
    assert [facts.step_on(tour, page) for page in ("overview", "explain", "profile_lab")] == [1, 3, None]


def test_the_model_stands_among_the_others_by_its_quality():
    value = {"users": 400, "ndcg@100": {"mean": 0.4, "se": 0.01}}
    beside = {"ease": {"title": "EASE", "users": 1, "ndcg@100": {"mean": 0.45, "se": None}}}
    beside["popularity"] = {"title": "Popularity", "users": 400, "ndcg@100": {"mean": 0.2, "se": 0.02}}
    manifest = {"title": "VASP", "preset": "tiny"}
    chosen = SimpleNamespace(name="x", manifest=manifest, metrics={"test": value, "baselines": beside})
    table = facts.compared(chosen)
    assert table["method"].tolist() == ["EASE", "VASP tiny", "Popularity"] and table["model"].tolist() == [
        False,
        True,
        False,
    ]
    assert table.loc[1, ["low", "high"]].tolist() == pytest.approx([0.4 - 0.01966, 0.4 + 0.01966], abs=1e-5), "Student"
    assert np.isnan(table.loc[0, ["low", "high"]].astype(float)).all(), "one user has no standard error"
    assert facts.compared_in_words(table) == "NDCG@100: EASE .450; VASP tiny .400; Popularity .200"
    assert facts.compared(SimpleNamespace(name="x", manifest=manifest, metrics={"test": value})).empty


def case(rank: int = 1) -> Case:
    return Case("Cat", rank, 40, 90, {"nease": 1.0}, Unit(True), 9, 9)


def removed(items: list[int], entered: list[int], after: int):
    return SimpleNamespace(items=items, entered=entered, rank_after=after)


def test_what_would_change_the_answer_is_said_with_the_films_by_name():
    titles = ["Ant", "Bee", "C*t", "Dog", "Eel"]
    told = facts.change(case(), {1: removed([0, 2], [3], 4), 10: None}, titles)
    assert told == "Without Ant and C\\*t it falls to **#4**. First place goes to **Dog**."
    many = facts.change(case(), {1: removed([0, 1, 2, 3], [4], 2)}, titles)
    assert many.startswith("Without Ant, Bee and 2 more films it falls to **#2**.")
    assert facts.change(case(rank=5), {1: removed([0], [1], 9), 10: removed([3], [4], 12)}, titles).startswith(
        "Without Dog"
    )
    assert facts.change(case(), {1: None, 10: None}, titles) == ""


def test_the_strongest_films_are_named_for_and_against():
    effects = np.array([0.3, -0.2, 0.0, 0.1, -0.4, 0.2, 0.5, 0.6, 0.7, 0.05, -0.01])
    assert facts.strongest(effects).tolist() == [8, 7, 6, 0, 5, 3, 1, 4], "six for it, two against it, the worst last"
    assert facts.strongest(np.array([0.2, 1e-9])).tolist() == [0], "nothing speaks against it"
    assert not len(facts.strongest(np.zeros(0)))


def test_two_halves_are_shown_without_their_product():
    assert facts.shown_parts(["joint", "nease", "flvae"]) == ["nease", "flvae"]
    assert facts.shown_parts(["joint"]) == ["joint"]
    assert facts.maps_told("They do.", ["joint", "nease", "flvae"], 0.27).startswith(
        "Of a film’s 20 nearest, the two share **27%**"
    )
    assert facts.maps_told("It does.", ["joint"], None) == "It does."


def test_a_figure_grows_as_a_whole_and_keeps_its_data():
    figure = go.Figure(layout={"template": charts.template(theme("light")), "height": 100, "margin": {"l": 10}})
    figure.add_bar(x=[1.0, 2.0], y=[1, 2], width=[0.5, 0.5], marker={"line": {"width": 2}})
    figure.add_scatter(x=[1], y=[2], marker={"size": np.array([4, 8])}, line={"width": 3})
    figure.add_annotation(text="here", xshift=6, font={"size": 13})
    figure.update_yaxes(ticklabelstandoff=5)
    large = charts.enlarged(figure, 1.5)
    assert (large.layout.height, large.layout.margin.l, large.layout.template.layout.font.size) == (150, 15, 20)
    assert (large.data[0].marker.line.width, large.data[1].line.width) == (3, 4)
    assert list(large.data[1].marker.size) == [6, 12] and large.layout.annotations[0].xshift == 9
    assert list(large.data[0].width) == [0.5, 0.5], "the width of a bar is in units of its axis"
    assert list(large.data[0].x) == [1.0, 2.0] and charts.enlarged(figure, 1) is figure


def present(dashboard):
    return calm(dashboard(c="demo").button(key="present").click().run())


def asked(test) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in test.query_params.items()}


def test_the_tour_goes_from_step_to_step_and_back_and_out(dashboard, monkeypatch):
    monkeypatch.setattr(components, "linked_maps", lambda *_: None)
    test = present(dashboard)
    for number in range(1, 6):
        assert f"{number} of 5" in _bar(test) and asked(test)["show"] == "1"
        assert not test.get("expander") and "**" in text(test)
        if number < 5:
            test = calm(test.button(key="presenter_next").click().run())
    assert asked(test)["s"] == "5" and test.button(key="presenter_next").disabled
    test = calm(test.button(key="presenter_back").click().run())
    assert asked(test)["s"] == "4"
    test = calm(test.button(key="presenter_leave").click().run())
    assert (
        "show" not in asked(test)
        and "s" not in asked(test)
        and not [b for b in test.button if b.key == "presenter_next"]
    )


def _bar(test) -> str:
    return next(element.value for element in test.markdown if " of 5**" in element.value)


@pytest.mark.parametrize(
    ("page", "step"), [("overview", 1), ("recommend", 2), ("explain", 3), ("explanation_quality", 5)]
)
def test_a_link_opens_its_step(dashboard, page, step):
    test = calm(dashboard(page, c="demo", u="7", show="1", s=str(step)))
    assert f"**{step} of 5**" in _bar(test)


def test_a_page_that_is_no_step_ends_the_tour(dashboard):
    test = calm(dashboard("profile_lab", c="demo", show="1", s="2"))
    assert not [button for button in test.button if button.key == "presenter_leave"] and "show" not in asked(test.run())


def test_a_user_who_does_not_exist_is_named_as_on_every_page(dashboard):
    test = calm(dashboard("recommend", c="demo", u="nobody", show="1", s="2"))
    assert "no user nobody" in test.title[0].value


def test_a_model_without_parts_and_measures_has_a_shorter_tour(dashboard, popularity):
    test = calm(dashboard(c=popularity).button(key="present").click().run())
    steps = 1
    while not test.button(key="presenter_next").disabled:
        test, steps = calm(test.button(key="presenter_next").click().run()), steps + 1
    assert steps == 3 and "3 of 3" in "".join(element.value for element in test.markdown)


def test_every_sentence_of_the_tour_is_of_this_checkpoint(dashboard):
    demo = checkpoints.load("demo")
    said = text(present(dashboard))
    assert (
        f"{demo.metrics['test']['ndcg@100']['mean']:.3f}".lstrip("0") in said
        and f"{demo.metrics['test']['users']} unseen" in said
    )

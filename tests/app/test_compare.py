"""The Compare page: what it says of models on the demo, of those that do not fit, and while nothing was measured."""

from __future__ import annotations

from pathlib import Path
import shutil

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from app import cached
from app.compare import charts, controls, facts, groups, lists, one_user, slopes
from app.theme import theme
from tests.app import comparable
from tests.app.colours import VISIONS, contrast, nearest_pair
from tests.app.conftest import calm, refit, tables, text
from vasp_models import checkpoints, comparing, jobs, measures, measuring, places
from vasp_models.comparing import Lists, Measured
from vasp_models.evaluation.comparison import ALIKE, BETTER, BY_SLICE, OVERALL, REFERENCE, WORSE, Compared

PAGE, TITLES = "compare", {"demo": "VASP", "ease": "EASE", "plain": "Popularity"}


@pytest.fixture(scope="module")
def stock(tmp_path_factory) -> Path:
    """A home with two measured models, one that is not measured, and one of other data."""
    return comparable.stock(tmp_path_factory.mktemp("stock") / "home")


@pytest.fixture
def stocked(dashboard, stock, home):
    """The dashboard on a copy of these."""
    shutil.copytree(stock, home, dirs_exist_ok=True)
    return dashboard


@pytest.fixture(scope="module")
def three(stock) -> Compared:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(stock))
        chosen = {name: checkpoints.load(name) for name in TITLES}
        found = {name: measures.find(each, "quality") for name, each in chosen.items()}
        return comparing.measured(chosen, "demo", found).compared


def shown(compared: Compared | None, metric: str = "ndcg@100", stored: pd.DataFrame | None = None) -> facts.Shown:
    return facts.Shown(TITLES, Measured(compared), pd.DataFrame() if stored is None else stored, metric)


def test_the_answer_the_choices_and_the_tables(stocked, three):
    test = calm(stocked(PAGE, c="demo", u="7"))
    table = three.overall("ndcg@100").set_index("system")
    gap = table.at["ease", "difference"]
    assert test.title[0].value == facts.QUESTION
    answer = test.main.markdown[0].value
    assert f"**VASP ranks best**: NDCG@100 **.{round(1000 * table.at['demo', 'mean'])}**" in answer
    assert f"**.{round(-1000 * gap):03}**" in answer and "more than EASE, the next; the difference is clear." in answer
    picked = test.multiselect(key="compare_beside")
    assert set(picked.value) == {"ease", "plain"}, "those that were measured"
    assert len(picked.options) == 3 and any(each.startswith("EASE") for each in picked.options)
    assert "1 checkpoint cannot be compared" in test.expander[0].label
    assert "trained on another data set, others and not demo" in text(test).replace("\\", "")
    main = next(each for each in tables(test) if "In words" in each)
    assert list(main["In words"]) == [REFERENCE, WORSE, WORSE] and list(main["Checkpoint"]) == [
        "VASP",
        "EASE",
        "Popularity",
    ]
    assert "How alike are the lists of user 7?" in text(test) and "All 3 lists of user 7 share" in text(test)


def test_everything_chosen_stands_in_the_address_and_comes_from_it(stocked):
    test = calm(stocked(PAGE, c="demo", b="plain,ease,foreign,gone", v="ease", cm="recall@20", sl="popularity"))
    assert test.multiselect(key="compare_beside").value == ["plain", "ease"], "in the link's order; others do not fit"
    told = text(test).replace("\\", "")
    assert "**foreign**: it was trained on another data set" in told and "**gone**: there is no such checkpoint" in told
    assert "Difference in Recall@20" in text(test) and "Less that by EASE, user by user" in text(test)
    assert "Held-out films that are among the first 20" in text(test)
    calm(test.multiselect(key="compare_beside").set_value(["ease"]).run())
    assert dict(test.query_params)["b"] in ("ease", ["ease"])
    calm(test.selectbox(key="compare_against").set_value("demo").run())
    assert dict(test.query_params)["v"] in ("demo", ["demo"]) and "Less that by VASP" in text(test)
    calm(test.segmented_control(key="bound_compare_metric").set_value("recall@50").run())
    assert dict(test.query_params)["cm"] in ("recall@50", ["recall@50"])
    calm(test.multiselect(key="compare_beside").set_value([]).run())
    assert facts.CHOOSE in text(test) and not test.dataframe
    assert test.multiselect(key="compare_beside").value == [], "nothing is chosen behind the viewer's back"


def test_alone_it_says_what_makes_a_second_one(dashboard):
    test = calm(dashboard(PAGE))
    assert test.title[0].value == facts.QUESTION and "nothing to compare with" in text(test)
    commands = test.main.code[0].value.splitlines()
    assert commands[0] == "vasp-lens train ease --data demo --protocol liang --heldout 400 --out demo-ease"
    assert commands[1:] == ["vasp-lens quality demo", "vasp-lens quality demo-ease"]


def test_models_that_were_measured_by_other_metrics_show_their_lists_alone(stocked):
    for name in ("bare", "ease"):
        for path in measures.paths(checkpoints.load(name), "quality"):
            path.unlink(missing_ok=True)
        folder = places.checkpoint_folder(name)
        (folder / checkpoints.METRICS).write_text('{"test": {"users": 400, "hr@10": {"mean": 0.5, "se": 0.1}}}')
        refit(folder)
    test = calm(stocked(PAGE, c="ease", b="bare", u="7"))
    assert facts.NOT_BY.format("NDCG@100") in text(test) and "Both lists of user 7 share" in text(test)


def test_what_was_not_measured_is_offered_and_the_rest_compared(stocked, monkeypatch):
    started = []
    monkeypatch.setattr(
        measures, "start_in_background", lambda chosen, kind, device: started.append((chosen.name, kind))
    )
    test = calm(stocked(PAGE, c="demo", b="ease,bare"))
    assert (
        "has not been measured on single users yet" in text(test)
        and test.main.code[0].value == "vasp-lens quality bare"
    )
    assert "VASP ranks best" in text(test), "of those that were"
    main = next(each for each in tables(test) if "In words" in each)
    trained = checkpoints.load("bare").metrics["test"]["recall@50"]["mean"]
    assert main["In words"].iloc[-1] == "not measured user by user"
    assert main["Recall@50"].iloc[-1].startswith(f".{round(1000 * trained):03}"), "as it was measured after training"
    test.button(key="measure_quality").click().run()
    assert started == [("bare", "quality")]
    running = jobs.Job("running", "Ranking for each user", 0.4, 12.0)
    monkeypatch.setattr(measures, "job_status", lambda *_: running)
    test = calm(stocked(PAGE, c="demo", b="ease,bare"))
    assert test.get("progress")[0].value == 40


def test_with_one_measure_alone_the_numbers_of_training_are_shown(stocked):
    test = calm(stocked(PAGE, c="demo", b="bare"))
    demo, other = (checkpoints.load(name).metrics["test"]["ndcg@100"]["mean"] for name in ("demo", "bare"))
    best = "VASP" if demo > other else checkpoints.load("bare").manifest["title"].replace("-", "\\-")
    assert f"**{best}** stands highest" in text(test) and "whether that is beyond chance shows once" in text(test)
    assert "For whom?" not in text(test) and "How alike are the lists" in text(test)
    main = next(each for each in tables(test) if "Recall@50" in each)
    assert "In words" not in main and len(main) == 2


def test_a_measure_of_other_users_is_set_aside_with_the_command(stocked):
    ease = checkpoints.load("ease")
    found = measuring.measure(ease, "quality", lambda *_: None, users=40)
    for path in measures.paths(ease, "quality"):
        path.unlink(missing_ok=True)
    measures.save(ease, "quality", found, "vasp-lens quality ease --users 40 --seed 0", 1.0)
    test = calm(stocked(PAGE, c="demo", b="ease,plain"))
    assert "ease was measured on other users than demo" in text(test).replace("\\", "")
    assert "`vasp-lens quality ease --users 2000 --seed 0`" in text(test) and "more than Popularity" in text(test)


def test_damaged_ones_are_named_and_the_others_compared(stocked):
    weights = places.checkpoint_folder("ease") / checkpoints.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-10])
    (places.checkpoint_folder("plain") / checkpoints.MANIFEST).write_text("{", encoding="utf-8")
    test = calm(stocked(PAGE, c="demo", b="ease,bare"))
    told = text(test).replace("\\", "")
    assert checkpoints.WEIGHTS in told and "**plain**: it cannot be read" in told
    assert test.multiselect(key="compare_beside").value == ["bare"]


def test_an_unknown_user_hides_nothing_but_the_lists(stocked):
    test = calm(stocked(PAGE, c="demo", u="nobody"))
    assert "VASP ranks best" in text(test) and "holds no user nobody" in text(test)
    assert "Two lists of this user are needed" in text(test)


def test_a_bundle_gives_the_lists_that_it_holds(stocked, home, monkeypatch):
    from vasp_models.bundles import making

    demo, folder = checkpoints.load("demo"), home / "handed-on"
    making.make(demo, folder, making.rows_of(demo, ids=["7"]), 1, command="vasp-lens bundle demo --out handed-on")
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, f"{folder}/")
    test = calm(stocked(PAGE, c=f"{folder}/"))
    assert "This bundle was opened alone" in text(test) and not test.main.code
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, f"ease:{folder}/")
    test = calm(stocked(PAGE, c="ease", u="7", b=f"{folder}/"))
    assert "VASP ranks best" in text(test) and "Both lists of user 7 share" in text(test)
    other = next(user for user in demo.users.frame.query("split == 'test'")["id"] if user != "7")
    test = calm(stocked(PAGE, c="ease", u=other, b=f"{folder}/"))
    assert f"holds no user {other}" in text(test) and "VASP ranks best" in text(test)


def test_only_a_difference_beyond_chance_is_called_clear(monkeypatch):
    def table(verdicts: dict[str, str]) -> pd.DataFrame:
        means = {"demo": 0.41, "ease": 0.4, "plain": 0.2}
        rows = [(n, 9, means[n], 0.01, 0.3, 0.5, means[n] - 0.41, -0.02, -0.001, 0.01, v) for n, v in verdicts.items()]
        return pd.DataFrame(rows, columns=OVERALL)

    def told(*verdicts: str) -> str:
        found = table(dict(zip(TITLES, verdicts, strict=False)))
        monkeypatch.setattr(facts, "Compared", lambda served, reference: stand_in)
        stand_in = type("Fixed", (), {"overall": lambda self, metric: found, "served": {}, "reference": "demo"})()
        return facts.answer(shown(stand_in))

    assert told(REFERENCE, WORSE, WORSE) == (
        "**VASP ranks best**: NDCG@100 **.410**, **.010** (.001 to .020) more than EASE, the next; the difference is "
        "clear."
    )
    assert told(REFERENCE, ALIKE, WORSE) == (
        "**VASP** stands highest with NDCG@100 **.410**, but **EASE (.400)** is not told apart from it."
    )
    assert told(REFERENCE, ALIKE, ALIKE).endswith("**EASE (.400) and Popularity (.200)** are not told apart from it.")
    assert told(REFERENCE) == facts.NOT_BY.format("NDCG@100")


def test_groups_are_counted_by_what_is_beyond_chance(three):
    said = {"5–9": (50, BETTER, ALIKE), "10": (50, WORSE, ALIKE), "11": (9, WORSE, WORSE)}
    table = [
        (place, name, n, 0.4, 0.3, 0.5, 0.1, 0.0, 0.2, 0.01, verdict)
        for place, (n, *verdicts) in said.items()
        for name, verdict in zip(TITLES, (REFERENCE, *verdicts), strict=True)
    ]
    rows = pd.DataFrame(table, columns=BY_SLICE)
    drawn = groups.slice_rows(rows, "demo", "history")
    assert set(drawn["slice"]) == {"5–9", "10"}, "the last one is too small"
    assert groups.slice_answer(drawn, shown(three)) == (
        "Against VASP, in 2 groups: **EASE** better in 1 and worse in 1; **Popularity** not told apart in any."
    )
    table = groups.slice_table(drawn, shown(three), "history")
    assert table["EASE"].tolist() == [".400\u00a0↑", ".400\u00a0↓"] and table["Popularity"].tolist() == [".400", ".400"]
    assert (
        groups.slice_metric("genre", "recall@50") == "found@50"
        and groups.slice_metric("taste", "recall@50") == "recall@50"
    )


def test_what_lists_are_like_is_marked_where_it_differs_for_sure(three):
    table = lists.lists_table(three, TITLES).set_index("")
    wide = three.served["plain"].measured["beyond"]["joint"]["coverage@20"]
    assert table.at["Films that are in anybody’s first 20", "Popularity"] == (
        f"{100 * wide['mean']:.1f}%\u00a0±\u00a0{100 * wide['se']:.1f}%\u00a0↓"
    )
    assert not set("↑↓") & set("".join(table["VASP"])), "the reference does not differ from itself"
    assert len(table) == len(lists.MEASURES) - 1, "all but accuracy"
    rows = lists.trade_rows(shown(three))
    told = lists.trade_answer(rows, shown(three))
    widest = rows.loc[rows["x"].idxmax(), "system"]
    assert told.startswith(f"**{TITLES[widest]}** reaches widest")


def test_the_download_holds_every_number(three):
    table = facts.rows(Measured(three), pd.DataFrame(columns=comparing.STORED), TITLES)
    assert set(table["part"]) == {"accuracy", "slices", "lists"} and set(table["checkpoint"]) == set(TITLES)
    row = table[
        (table["part"] == "accuracy") & (table["metric"] == "recall@50") & (table["checkpoint"] == "ease")
    ].iloc[0]
    assert row["difference"] == three.overall("recall@50").set_index("system").at["ease", "difference"]
    assert set(table[table["part"] == "lists"]["metric"]) <= set(lists.MEASURES)


RANKED = {"demo": np.array([4, 2, 7, 1, 9]), "ease": np.array([2, 4, 9, 1, 7]), "plain": np.array([8, 2, 1, 5])}


def test_lists_of_one_user_are_told_and_drawn(three):
    found, catalogue = Lists(RANKED, "ease", k=3), three.first.catalogue
    assert one_user.answer(found, TITLES, "a*b") == (
        "All 3 lists of user a\\*b share **1 of their first 3 films**; two of them share from 1 "
        "(VASP and Popularity) to 2 (VASP and EASE)."
    )
    assert one_user.answer(Lists(dict(list(RANKED.items())[:2]), "demo", k=3), TITLES, "7") == (
        "Both lists of user 7 share **2 of their first 3 films**."
    )
    moved = one_user.moves(found, catalogue)
    assert list(moved.columns) == ["film", "ease", "demo", "plain"], "the reference first"
    assert one_user.moves_table(found, catalogue, TITLES)["Popularity"].isna().tolist() == [False, True, True]
    look = charts.looks(TITLES, theme("light"))
    figure = slopes.moves(moved, look, theme("light"), 3, "wide")
    columns = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert [list(column.text) for column in columns] == [
        ["1", "2", "3", "4", "5"],
        ["2", "1", "5", "4", "3"],
        ["2", "–", "–", "3", "–"],
    ]
    assert columns[2].marker.color[0] == look["plain"].colour, "among the first 3"
    assert columns[1].marker.color[2] == theme("light").background, "further down"
    assert [note.text for note in figure.layout.annotations][-3:] == ["EASE", "VASP", "Popularity"]
    narrow = slopes.moves(moved, look, theme("light"), 3, "narrow")
    assert narrow.layout.margin.l < figure.layout.margin.l and len(narrow.layout.annotations) == 5 + 3


def test_a_checkpoint_has_one_colour_and_one_symbol_in_every_figure(three):
    light = theme("light")
    look, told = charts.looks(TITLES, light), shown(three)
    accuracy = charts.dots(facts.accuracy_rows(told), look, light)
    apart = charts.dots(facts.apart_rows(told), look, light, zero=True)
    of_slices = charts.by_slice(
        groups.slice_rows(three.by_slice("history", "ndcg@100"), "demo", "history"), look, light
    )
    wide = charts.trade_off(lists.trade_rows(told), look, light, "reach", "NDCG@100")

    def drawn(figure: go.Figure) -> set[tuple[str, str]]:
        return {(each.marker.line.color, each.marker.symbol) for each in figure.data if each.marker.symbol}

    for figure in (accuracy, apart, of_slices, wide):
        assert drawn(figure) == {(each.colour, each.symbol) for each in look.values()}
    assert [each.name for each in of_slices.data if each.showlegend] == list(TITLES.values())
    hollow = [each for each in apart.data if each.marker.symbol and each.marker.color == light.background]
    assert len(hollow) == 1, "the reference; both others differ beyond chance"
    assert any(shape.x0 == 0 for shape in apart.layout.shapes)
    assert all(
        not label.startswith(("0.", "-")) for figure in (accuracy, apart) for label in figure.layout.xaxis.ticktext
    )


def test_names_that_are_near_each_other_do_not_cover_each_other():
    rows = pd.DataFrame(
        {"system": list(TITLES), "x": [0.5, 0.505, 0.1], "x_se": 0.01, "y": [0.4, 0.398, 0.2], "y_se": None}
    )
    figure = charts.trade_off(rows, charts.looks(TITLES, theme("dark")), theme("dark"), "reach", "NDCG@100")
    one, other = figure.layout.annotations[:2]
    assert (one.xanchor, one.yshift) != (other.xanchor, other.yshift)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_eye_tells_five_checkpoints_apart_and_reads_their_names(name):
    look = theme(name)
    assert len(look.checkpoints) == len(charts.SYMBOLS) == comparing.MOST
    assert min(contrast(colour, look.background) for colour in look.checkpoints) >= 4.5, "names are written in them"
    named = {str(place): colour for place, colour in enumerate(look.checkpoints)} | {"text": look.text}
    assert all(nearest_pair(named, vision)[0] >= 12 for vision in VISIONS)


def test_titles_from_data_are_never_markup(three):
    evil = {"demo": "<b>x</b> *y*", "ease": "EASE", "plain": "Popularity"}
    told = facts.Shown(evil, Measured(three), pd.DataFrame(), "ndcg@100")
    assert "\\<b\\>" in facts.answer(told) and "\\*y\\*" in facts.answer(told)
    figure = charts.dots(facts.accuracy_rows(told), charts.looks(evil, theme("light")), theme("light"))
    assert "&lt;b&gt;" in figure.layout.yaxis.ticktext[0]


def test_an_offer_reads_nothing_but_manifests(stock, monkeypatch):
    monkeypatch.setenv("VASP_LENS_HOME", str(stock))
    own = checkpoints.load("demo")
    monkeypatch.setattr(checkpoints, "load", lambda name: pytest.fail(f"{name} was opened"))
    controls.state.settle(checkpoint="demo")
    found = controls.offer(own)
    assert set(found.fitting) == {"ease", "plain", "bare"} and set(found.measured) == {"ease", "plain"}
    assert list(found.refused) == ["foreign"]

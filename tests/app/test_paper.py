"""The Paper page: with results, without any, with the project's own, and what it says of each."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.paper import charts, facts, tables, telling
from app.theme import theme
from tests.app import reproduced as made_up
from tests.app.conftest import calm, text
from tests.app.conftest import tables as tables_of
from vasp_models import checkpoints, measures, results
from vasp_models.published import claims, reproduced, verdicts
from vasp_models.published.recipes import RECIPES
from vasp_models.published.verdicts import FAILS, HOLDS, MISSING, OPEN

PAGE = "paper"


@pytest.fixture(autouse=True)
def _nothing_shipped(monkeypatch, tmp_path):
    """What the project ships has its own test: here only what a test makes is there."""
    monkeypatch.setattr(reproduced, "MEASURED", tmp_path / "shipped")
    monkeypatch.setattr(reproduced.projects, "__defaults__", (tmp_path / "shipped",))


def table(test):
    """The claims as they stand on the page."""
    return test.main.table[0].value


def test_without_results_every_claim_stands_with_its_command(dashboard):
    test = calm(dashboard(PAGE))
    assert test.title[0].value == facts.QUESTION
    rows = table(test)
    assert len(rows) == len(claims.claims_on("ml-1m"))
    assert f"None of the {len(rows)} claims" in test.main.markdown[0].value
    assert set(rows["Verdict"]) == {tables.verdict_words(MISSING)} and set(rows["Ours"]) == {":gray[–]"}
    assert rows["Measured by"].str.fullmatch(r"`vasp-lens reproduce [\w-]+ --data ml-1m`").all()
    code = "\n".join(each.value for each in test.main.code)
    assert all(RECIPES[claim.recipe].command("ml-1m") in code for claim in claims.claims_on("ml-1m"))
    assert "Cosine\u00a0.431" in rows["Published"][0]


def test_with_results_the_headline_counts_the_verdicts(dashboard):
    made_up.save_all()
    test = calm(dashboard(PAGE))
    said, rows = test.main.markdown[0].value, table(test)
    states = {
        state: int(rows["Verdict"].str.contains(f" {state}]", regex=False).sum()) for state in (HOLDS, FAILS, OPEN)
    }
    tested = sum(states.values())
    assert f"**{states[HOLDS]} of {tested} claims** measured on **MovieLens 1M**" in said
    assert f"{states[FAILS]} do not" in said and f"{len(rows) - tested} more have not been measured" in said
    assert states[HOLDS] > 0 < states[FAILS] and tested < len(rows)
    assert "measured on this machine" in text(test)
    best = rows[rows["Claim"].str.startswith("VASP ranks best")].iloc[0]
    assert "VASP\u00a0.444\u00a0±\u00a0.00" in best["Ours"] and "paired difference +.018" in best["Ours"]
    worse = rows[rows["Claim"].str.startswith("NEASE, trained")].iloc[0]
    assert "does not hold" in worse["Verdict"] and "−.051" in worse["Ours"]


def test_the_projects_own_figures_say_so(dashboard, tmp_path, monkeypatch):
    path = made_up.save("vasp-table1")
    record = reproduced.record("vasp-table1", results.load(path))
    path.unlink()
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "vasp-table1-ml-1m-liang.json").write_text(json.dumps(record), encoding="utf-8")
    test = calm(dashboard(PAGE))
    assert "measured by the project on 21 November 2026" in text(test)
    assert "this machine" not in text(test)
    made_up.save("vasp-table1")
    assert "measured on this machine" in text(calm(test.run())), "what was measured here goes first"


def test_the_data_set_and_the_table_stand_in_the_address(dashboard):
    made_up.save_all()
    test = calm(dashboard(PAGE))
    calm(test.selectbox(key="bound_paper_data").set_value("ml-latest-small").run())
    assert dict(test.query_params)["pd"] in ("ml-latest-small", ["ml-latest-small"])
    assert table(test)["Claim"].str.contains("On small data a deeper H").any()
    calm(test.selectbox(key="bound_paper_recipe").set_value("vasp-figure2").run())
    again = calm(dashboard(PAGE, pd="ml-1m", pt="vasp-figure2"))
    shown = tables_of(again)[0]
    assert list(shown["Row"]) == ["Halves", "Full input", "Full input, dropout"]
    assert "lifted by itself" in shown.columns and shown["lifted by itself"].str.contains("%").all()
    calm(dashboard(PAGE, pd="no such data", pt="vasp-table9"))


def test_a_row_that_was_not_measured_shows_a_dash_and_an_error_its_sentence(dashboard):
    made_up.save("vasp-table1", left_out=("MSE",), failed={"Focal": "The loss is no number any more."})
    test = calm(dashboard(PAGE, pt="vasp-table1"))
    shown = tables_of(test)[0].set_index("Row")
    assert shown.at["MSE", "NDCG@100"] == shown.at["Focal", "NDCG@100"] == "–"
    assert shown.at["MSE", "NDCG@100, published"] == ".425" and "±" in shown.at["Cosine", "NDCG@100"]
    assert "The loss is no number any more" in text(test)


def test_figure_three_is_read_from_the_open_checkpoint(dashboard):
    demo = checkpoints.load("demo")
    parts = measures.find(demo, "parts")
    test = calm(dashboard(PAGE, pd="demo"))
    if "demo" not in test.selectbox(key="bound_paper_data").options:
        made_up.save("vasp-table1", "demo")
        test = calm(dashboard(PAGE, pd="demo"))
    rows = table(test)
    row = rows[rows["Claim"].str.contains("non")].iloc[0]
    share = parts["parts"]["flvae"]["interaction_share"]["mean"]
    assert f"FLVAE\u00a0{100 * share:.1f}%" in row["Ours"] and "measured on the open checkpoint" in text(test)
    assert row["Measured by"] == "`vasp-lens reproduce vasp-figure3 --data demo`"


def test_a_checkpoint_without_measured_parts_names_their_command():
    shown = facts.shown("ml-1m", [], facts.Parts(None, "vasp-lens parts mine"))
    assert shown.command(RECIPES["vasp-figure3"]) == "vasp-lens parts mine" in facts.commands(shown)
    assert shown.command(RECIPES["vasp-table1"]) == "vasp-lens reproduce vasp-table1 --data ml-1m"


def test_simulated_viewers_are_never_the_first_choice(home):
    made_up.save("vasp-table3", "demo")
    found = list(reproduced.here())
    assert facts.data_sets(found)[0] != "demo" and "demo" in facts.data_sets(found)
    made_up.save("vasp-table1", "ml-latest-small")
    assert facts.data_sets(list(reproduced.here()))[0] == "ml-latest-small", "most was measured on it"


def test_results_of_the_preset_tiny_are_named(home):
    path = made_up.save("vasp-table1")
    table, values = results.load(path), results.values(path)
    results.save(table.with_row(dict(table.rows[0], preset="tiny")), values)
    shown = facts.shown("ml-1m", list(reproduced.here()))
    assert "only shows that everything runs" in facts.whose_words(shown)
    assert "preset tiny and small" in tables.recipe_words(shown, "vasp-table1")


def test_a_damaged_table_is_told_and_hides_no_other(dashboard, home):
    made_up.save("vasp-table1")
    (home / "benchmarks" / "broken.json").write_text("{", encoding="utf-8")
    test = calm(dashboard(PAGE))
    assert "measured on this machine" in text(test)


def test_downloads_hold_every_claim_with_its_source(home):
    made_up.save_all()
    shown = facts.shown("ml-1m", list(reproduced.here()))
    rows = tables.records(shown)
    assert (
        len(rows) == len(shown.verdicts) and rows["source"].all() and rows["command"].str.startswith("vasp-lens").all()
    )
    best = rows[rows["claim"] == "VASP ranks best of all eight models"].iloc[0]
    assert (best["published_on"], best["verdict"], best["whose"]) == ("ml-20m", HOLDS, "here")
    assert best["in_favour"] == pytest.approx(best["ours_better"] - best["ours_than"])
    assert set(rows[rows["verdict"] == MISSING]["whose"].isna()) == {True}


def test_the_chart_draws_what_is_there(home):
    made_up.save("vasp-table3", left_out=("RecVAE",))
    shown = facts.shown("ml-1m", list(reproduced.here()))
    rows = tables.beside(shown)
    assert list(rows["label"][:1]) == ["VASP"] and rows["mean"].isna().sum() == 1
    figure = charts.beside(rows, theme("light"))
    ours = next(trace for trace in figure.data if trace.marker.color == theme("light").text and trace.mode == "markers")
    assert np.isnan(np.asarray(ours.x, dtype=float)).sum() == 1
    assert {note.text for note in figure.layout.annotations} == {"published", "ours"}
    assert "RecVAE published .442;" in telling.beside_in_words(rows)
    assert "Other data" in telling.beside_rule(shown, rows)
    twin = telling.beside_twin(shown, rows)
    assert twin["Standard error"].notna().sum() == 7
    empty = tables.beside(facts.shown("ml-20m", []))
    assert {note.text for note in charts.beside(empty, theme("dark")).layout.annotations} == {"published"}


def test_published_figures_on_the_same_data_are_not_called_other_data(home):
    made_up.save("vasp-table3", "ml-20m")
    shown = facts.shown("ml-20m", list(reproduced.here()))
    assert "Other data" not in telling.beside_rule(shown, tables.beside(shown))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((1, 0, 0, 0), "**1 of 1 claim** measured on **MovieLens 1M** holds."),
        (
            (2, 1, 1, 1),
            "**2 of 4 claims** measured on **MovieLens 1M** hold; 1 does not and 1 is not resolved by so few users. 1 "
            "more has not been measured.",
        ),
        ((0, 2, 0, 3), "**0 of 2 claims** measured on **MovieLens 1M** hold; 2 do not. 3 more have not been measured."),
    ],
)
def test_the_headline_reads_well(counts, said):
    verdict = verdicts.verdict(claims.CLAIMS[0], None)
    states = [state for state, n in zip((HOLDS, FAILS, OPEN, MISSING), counts, strict=True) for _ in range(n)]
    found = tuple(verdicts.Verdict(verdict.claim, state, verdict.told, None) for state in states)
    assert facts.answer(facts.Shown("ml-1m", found, {})).replace("\\", "") == said

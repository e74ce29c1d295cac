"""The page on explanation quality: what it says of made-up results, of none, and of models that lack something."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from app.explanation_quality import audit as audit_facts
from app.explanation_quality import charts as quality_charts
from app.explanation_quality import facts
from app.explanation_quality import measured as measured_facts
from app.explanation_quality import parts as parts_facts
from app.theme import theme
from tests.app import measured
from tests.app.conftest import calm, tables, text
from vasp_models import checkpoints, jobs, measures

PAGE = "explanation_quality"


@pytest.fixture
def toy(copied):
    """The name of a checkpoint with made-up results of every kind."""
    measured.measure(copied("toy"))
    return "toy"


def titles(frame: pd.DataFrame) -> list[str]:
    return frame.iloc[:, 0].tolist()


def measuring(test) -> list:
    """The buttons that measure something."""
    return [button for button in test.main.button if button.key.startswith("measure_")]


def test_the_answer_is_written_from_the_numbers(dashboard, toy):
    test = calm(dashboard(PAGE, c=toy))
    assert test.title[0].value == "Are the reasons real?"
    assert test.main.markdown[0].value == (
        "Removing the four strongest reasons by leave-one-out costs a film **31%** of its score; "
        "four random films cost **4%**, over 400 test users."
    )
    assert not measuring(test), "nothing is left to be measured"


def test_a_measure_is_chosen_and_stands_in_the_address(dashboard, toy):
    test = dashboard(PAGE, c=toy)
    table = tables(test)[0]
    assert table.columns[1] == "DEL@4" and titles(table)[:2] == ["Greedy deletion", "Leave-one-out"]
    calm(test.segmented_control(key="bound_metric").set_value("NEG-P@5").run())
    table = tables(test)[0]
    assert table.columns[1] == "NEG-P@5" and titles(table)[-1] == "Popularity", "high is good, so the lowest is last"
    assert "High is good" in text(test) and dict(test.query_params)["m"] in ("NEG-P@5", ["NEG-P@5"])
    assert tables(dashboard(PAGE, c=toy, m="INS@4"))[0].columns[1] == "INS@4"


def test_the_table_has_intervals_differences_and_whose_order_it_is(toy):
    table = facts.methods_table(measured.fidelity(), "DEL@4").set_index("Method")
    row = table.loc["Leave-one-out"]
    assert (row["DEL@4"], row["95% interval"], row["ms per explanation"]) == ("69.0%", "66.0% to 72.0%", 4.1)
    assert row["Against cosine, points"] == "−16.0 (−18.0 to −14.0)"
    assert table.loc["Cosine", "Against cosine, points"] == "–", "nothing is compared with itself"
    data_alone = table.index[table["Order from"] == "the data alone"]
    assert sorted(data_alone) == ["Cosine", "Jaccard", "Popularity", "Random"]
    quality = facts.methods_table(measured.fidelity(), "CDCG@4").set_index("Method")
    assert [facts.METRICS["CDCG@4"].tick(value) for value in (0.15, 10.5)] == [".15", "10.5"]
    assert quality.loc["Cosine", "CDCG@4"] == ".680" and quality.loc["Cosine", "Against random"].startswith("−.230")


def test_a_difference_that_may_be_chance_is_said_to_be():
    fidelity = measured.fidelity()
    fidelity["methods"]["leave-one-out"]["against"]["random"]["DEL@4"] = {"mean": -0.1, "low": -0.21, "high": 0.01}
    assert facts.answer(fidelity).endswith("The difference may be chance: its interval holds zero.")
    fidelity["methods"]["leave-one-out"]["DEL@4"]["mean"] = 1.05
    assert "leave-one-out raises a film’s score by **5%**" in facts.answer(fidelity)


def test_a_model_without_ratios_is_told_by_places_and_the_reason_given_once(dashboard, copied):
    measured.measure(copied("toy"), fidelity=measured.fidelity(ratios=False))
    test = calm(dashboard(PAGE, c="toy"))
    answer = test.main.markdown[0].value
    assert "stays among the first five for **62%** of users" in answer and "four random films for **97%**" in answer
    control = test.segmented_control(key="bound_metric")
    assert not [name for name in control.options if name.startswith(("DEL", "INS"))]
    assert control.value == "POS@5,4" and text(test).count("DEL and INS do not exist") == 1
    assert "Shapley" not in text(test)


def test_removals_that_most_users_do_not_have():
    rows = facts.removal_rows(measured.fidelity())
    assert rows["Median size"].tolist() == ["2 films", "7 films"]
    assert rows["Median, random order"].tolist() == ["11.5 films", "none for half of the users"]


def test_the_audit_is_a_line_a_gate(dashboard, toy):
    rows = audit_facts.audit_rows(measured.audit())
    assert len(rows) == len(measured.audit()["gates"])
    assert rows["Measured"].tolist() == ["3.1 × 10⁻⁷", "2.4 × 10⁻⁷", "0", "4.0 × 10⁻⁴", ".710", "–", "1"]
    assert audit_facts.number(-0.064) == "−.064"
    assert rows["Limit"].tolist()[3:5] == ["at most .01", "below .5"]
    assert "residual head keeps" in audit_facts.notes(measured.audit())["Note"][4]
    verdicts = rows[""].str.replace("\\", "").tolist()
    assert verdicts[0] == ":material/check: passed"
    assert verdicts[4] == ":material/close: failed: the residual head keeps its order"
    assert verdicts[5] == ":material/remove: this model has no linear part"
    assert "5 of 6 gates pass; 1 does not apply to this model" in text(calm(dashboard(PAGE, c=toy)))
    whole = measured.audit() | {"gates": measured.audit()["gates"][:3]}
    assert audit_facts.audit_answer(whole) == "All 3 gates pass"


def test_what_was_planted_is_compared_with_the_demand():
    rows = audit_facts.planted_rows(measured.planted())
    assert rows[""].tolist() == [":material/check: reached", "", ":material/close: missed", "", "", "", ""]
    assert rows["Found"][0].startswith("90% (54 of 60)") and rows["Found"][2].startswith("AUC .72 (.66 to .78)")
    assert rows["Planted"].tolist()[-1] == "for comparison, in the linear path"
    assert audit_facts.planted_answer(measured.planted()) == "One of two demands is met"


def test_a_path_that_a_model_lacks_has_no_demand_to_meet():
    planted = measured.planted()
    planted["links"] |= {"found": None, "share": None, "by_kind": {}}
    assert audit_facts.planted_answer(planted) == "The one demand that applies to this model is not met"
    assert audit_facts.planted_rows(planted).iloc[0].tolist()[1::2] == ["–", ":material/remove: does not apply"]
    planted["conjunctions"] |= {"auc": None, "by_kind": {}, "controls": {}}
    assert audit_facts.planted_rows(planted)["Found"][1] == "–"
    assert "neither a linear nor a deep path" in audit_facts.planted_answer(planted)


def test_viewers_that_are_not_simulated_have_nothing_planted(dashboard, toy):
    folder = checkpoints.load(toy).folder
    assert "planted reasons" in text(dashboard(PAGE, c=toy))
    manifest = json.loads((folder / checkpoints.MANIFEST).read_text())
    manifest["dataset"]["simulated"] = False
    (folder.parent / "real").mkdir()
    for path in folder.iterdir():
        (folder.parent / "real" / path.name).symlink_to(path)
    (folder.parent / "real" / checkpoints.MANIFEST).unlink()
    (folder.parent / "real" / checkpoints.MANIFEST).write_text(json.dumps(manifest))
    assert "planted reasons" not in text(calm(dashboard(PAGE, c="real")))


def test_figure_three_is_told_in_numbers_and_in_a_sentence():
    parts = measured.parts()
    table = parts_facts.table(parts).set_index("")
    assert list(table.columns) == ["Joint", "NEASE", "FLVAE", "Residual head", "Latent head"]
    assert table.loc["Interaction share of its response to a history", "FLVAE"] == "9.0% (8.0% to 10.0%)"
    assert table.loc["NDCG@100 without it (difference)"].tolist()[:3] == [
        "–",
        ".300 (−.120 ± .004)",
        ".300 (−.190 ± .004)",
    ]
    assert table.loc["Purity of the paper’s genres, Lift (chance / at equal popularity)", "NEASE"] == ".70 (.30 / .35)"
    logit = table.loc["The same in the logit, before the sigmoid"]
    assert logit.tolist() == ["–", "none", "–", "5.0% (4.0% to 6.0%)", "5.0% (4.0% to 6.0%)"]
    assert parts_facts.sentence(parts) == (
        "**9.0%** of FLVAE’s response to a history is interaction between its films, **2.0%** of NEASE’s; the rest of "
        "each adds up, as NEASE’s logit does by construction. NEASE orders the head of the list (80% of the variance), "
        "FLVAE the whole catalogue (55%)."
    )
    overlap, gate, alone = parts_facts.overlaps(parts)
    assert "NEASE and FLVAE .21" in overlap and "38% of NEASE only, 21% of FLVAE only, 17% of neither" in gate
    assert "interact 5.0 times more strongly alone" in alone


def test_parts_that_do_not_differ_are_not_said_to():
    parts = measured.parts()
    parts["parts"]["nease"]["interaction_share"] = {"mean": 0.08, "low": 0.06, "high": 0.1}
    assert "neither is shown to be less additive" in parts_facts.sentence(parts)


def test_a_model_of_one_part_has_one_column_and_no_sentence():
    parts = measured.parts()
    one = parts["parts"]["joint"] | {"purity": None}
    parts |= {"parts": {"score": one}, "factors": {"score": one}, "rbo": [], "gate": None}
    table = parts_facts.table(parts)
    assert list(table.columns) == ["", "Model"] and "–" not in table["Model"].tolist(), "rows of nothing are left out"
    assert parts_facts.sentence(parts) is None and "In this model two films" in parts_facts.overlaps(parts)[0]
    one["sensitivity"] = {"one_hot_interaction": 2e-8, "in_context_interaction": 3e-7, "agreement": 1.0}
    assert parts_facts.overlaps(parts) == [], "a linear model's rounding is no interaction"
    assert parts_facts.table(parts).set_index("").loc["The same in a history", "Model"] == "none"


def test_nothing_measured_yet(dashboard, copied, monkeypatch):
    copied("bare")
    started = []
    monkeypatch.setattr(measures, "start_in_background", lambda chosen, kind, device: started.append((kind, device)))
    test = calm(dashboard(PAGE, c="bare"))
    assert "**not been measured yet**" in test.main.markdown[0].value
    assert [code.value for code in test.code] == [
        f"vasp-lens {kind} bare" for kind in ("fidelity", "audit", "planted", "parts")
    ]
    assert not test.get("download_button") and not test.segmented_control
    assert len(measuring(test)) == 4 and all("about" in button.label for button in measuring(test))
    test.button(key="measure_audit").click().run()
    assert started == [("audit", "auto")]


def test_a_measure_that_is_being_taken_and_one_that_failed(dashboard, copied, monkeypatch):
    copied("bare")
    states = {
        "fidelity": jobs.Job("running", "Removing reasons", 0.4, 12.0),
        "audit": jobs.Job("failed", error="The profile makes no difference: `ease` would do."),
    }
    monkeypatch.setattr(measures, "job_status", lambda chosen, kind: states.get(kind, jobs.Job("none")))
    test = calm(dashboard(PAGE, c="bare"))
    assert test.get("progress")[0].value == 40 and "in the background" in text(test)
    assert [button.key for button in measuring(test)] == ["measure_audit", "measure_planted", "measure_parts"]
    assert "The profile makes no difference" in text(test)


def test_a_damaged_file_is_named_and_the_rest_shown(dashboard, toy):
    path = next((checkpoints.load(toy).folder / "measures").glob("audit-*.json"))
    path.write_text(path.read_text().replace("Leave", "leave"))
    test = calm(dashboard(PAGE, c=toy))
    assert path.stem in text(test).replace("\\", "") and "measure_audit" in [button.key for button in test.button]
    assert "costs a film **31%**" in text(test)


def test_the_downloads_hold_every_figure_with_its_provenance(toy):
    chosen = checkpoints.load(toy)
    found = {kind: measures.find(chosen, kind) for kind in measured.RESULTS}
    table = pd.read_csv(io.StringIO(measured_facts.rows(found).to_csv(index=False)))
    row = table[table["figure"] == "methods / leave-one-out / DEL@4"].iloc[0]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((0.69, 0.66, 0.72))
    assert set(table["kind"]) == set(measured.RESULTS) and set(table["checkpoint_digest"]) == {chosen.digest}
    assert row["command"] == "vasp-lens fidelity toy"
    figures = table.set_index("figure")["value"]
    assert figures["gates / completeness / value"] == 0.0004 and figures["gates / random / passed"] == 0
    figure = table[table["figure"] == "conjunctions / by_kind / and / auc"].iloc[0]
    assert (figure["value"], figure["low"], figure["high"]) == (0.78, 0.7, 0.86), "the interval is the AUC's"
    assert figures["conjunctions / by_kind / and / mean"] == 0.3
    assert figures["parts / nease / covariance_share / top100"] == 0.8
    assert "`vasp-lens audit toy`: measured on" in measured_facts.how(found)


@pytest.fixture(params=["light", "dark"])
def look(request):
    return theme(request.param)


def test_the_chart_tells_methods_that_ignore_the_model_apart_without_colour(look):
    compared = facts.comparison(measured.fidelity(), "DEL@4")
    figure = quality_charts.methods(compared, look, facts.METRICS["DEL@4"].tick)
    dots = figure.data[-1]
    fills = dict(zip(dots.y, dots.marker.color, strict=True))
    assert fills["Leave-one-out"] == look.text and fills["Cosine"] == look.background, "solid and hollow"
    line = next(trace for trace in figure.data if trace.mode == "lines" and trace.y[0] == "Leave-one-out")
    assert np.allclose(line.x, (0.66, 0.72))
    assert list(figure.layout.xaxis.ticktext) == ["70%", "80%", "90%", "100%"]
    (reference,) = figure.layout.shapes
    assert reference.x0 == pytest.approx(0.96), "what random order reaches"
    assert [note.text for note in figure.layout.annotations][:2] == ["<b>68%</b>", "<b>69%</b>"]


def test_a_method_without_an_interval_has_a_dot_alone(look):
    fidelity = measured.fidelity()
    fidelity["methods"] = {"cosine": fidelity["methods"]["cosine"]}
    fidelity["methods"]["cosine"]["DEL@4"] |= {"low": None, "high": None}
    figure = quality_charts.methods(facts.comparison(fidelity, "DEL@4"), look, str)
    assert [trace.mode for trace in figure.data] == ["markers"] and not figure.layout.shapes
    assert facts.methods_table(fidelity, "DEL@4")["95% interval"].tolist() == ["–"]

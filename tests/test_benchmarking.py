"""Several models on one task: each row is what was measured, is kept, and is not measured twice."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests import trained
from tests.data import test_rating_splits
from vasp_models import benchmarking, measures, places, plans, results, runs
from vasp_models.benchmarking import Entry
from vasp_models.data import importing, items, ratings
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MeasureError, SettingError, StoppedEarly
from vasp_models.evaluation import metrics
from vasp_models.evaluation.protocol import Evaluation, evaluate_folds
from vasp_models.models import MODELS
from vasp_models.models.ease import EASE

EASY = [Entry("EASE", "ease"), Entry("weaker EASE", "ease", None, {"l2": "5"}), Entry("popular", "popularity")]
TABLE = "planted-liang"


@pytest.fixture
def data(home) -> str:
    trained.dataset(home / "datasets" / "planted")
    return "planted"


@pytest.fixture
def fitted(monkeypatch) -> list[str]:
    """Models in the order in which they are trained."""
    done: list[str] = []
    real = runs.fit

    def fit(plan, epochs=None):
        done.append(plan.model)
        return real(plan, epochs)

    monkeypatch.setattr(runs, "fit", fit)
    return done


def run(data: str, entries: list[Entry] = EASY, **more) -> list[dict]:
    return benchmarking.run(entries, data, heldout=20, device="cpu", **more)


def fails(*_, **__):
    raise MemoryError("no room\nfor so many")


def test_a_row_holds_every_figure_and_where_it_comes_from(data):
    row = run(data)[1]
    assert (row["label"], row["model"], row["title"], row["preset"]) == ("weaker EASE", "ease", "EASE", "small")
    assert (row["changes"], row["seed"], row["heldout"]) == ({"l2": "5"}, 0, 20)
    assert (row["dataset"], row["protocol"]) == ("planted", "liang")
    for part in ("val", "test"):
        assert list(row[part]) == ["users", *metrics.FULL, "coverage@100"]
        assert all(row[part][name]["se"] is not None for name in (*metrics.FULL, "coverage@100"))
    plan = plans.plan("ease", data, heldout=20, device="cpu")
    assert row["parameters"] == plan.train.n_items**2
    assert row["train_seconds"] >= 0 and row["ms_per_1000_users"] > 0
    assert row["machine"]["cpu"] and row["machine"]["device"].startswith("CPU")
    assert row["versions"]["numpy"] == np.__version__ and row["made"].endswith("+00:00")
    words = "vasp-lens benchmark --data planted --models ease,ease,popularity"
    assert row["command"] == f"{words} --protocol liang --heldout 20 --seed 0"


def test_differences_are_paired_to_the_first_entry(data):
    rows = run(data)
    ours = []
    for entry in EASY:
        plan = plans.plan(entry.model, data, None, entry.changes, heldout=20, device="cpu")
        ours.append(evaluate_folds(runs.fit(plan).model.score, plan.split.test_folds).per_user["ndcg@100"])
    assert rows[0]["difference"] is None
    for row, values in zip(rows[1:], ours[1:], strict=True):
        apart = values - ours[0]
        assert row["difference"]["to"] == "EASE" and row["difference"]["metric"] == "ndcg@100"
        assert row["difference"]["mean"] == pytest.approx(apart.mean())
        assert row["difference"]["se"] == pytest.approx(apart.std(ddof=1) / np.sqrt(len(apart)))


def test_what_is_finished_is_not_measured_again(data, fitted):
    first = run(data, EASY[:2])
    again = run(data)
    assert fitted == ["ease", "ease", "popularity"]
    assert again[:2] == first
    assert run(data, fresh=True)[0]["test"] == first[0]["test"] and len(fitted) == 6
    assert [row["label"] for row in results.load(results.default_path("planted", "liang")).rows] == [
        entry.label for entry in EASY
    ]


def test_what_another_table_of_the_same_data_holds_is_taken_from_there(data, fitted):
    recipe, elsewhere = results.folder() / "recipe.json", results.folder() / "also.json"
    first = run(data, EASY[:2], table=recipe, also=lambda model, plan: {"per_user": {"extra": [1.0]}})
    rows = run(data)
    assert fitted == ["ease", "ease", "popularity"]
    assert rows[:2] == [{name: value for name, value in row.items() if name != "also"} for row in first]
    assert results.load(results.default_path("planted", "liang")).rows == tuple(rows)
    run(data, EASY[:1], table=elsewhere, also=lambda model, plan: {"per_user": {"other": [2.0]}})
    assert len(fitted) == 4, "what is asked beside the usual figures has to be asked of the model"
    other = run(data, [Entry("EASE", "ease", None, {"l2": "7"})], table=elsewhere.with_name("more.json"))
    assert len(fitted) == 5 and other[0]["changes"] == {"l2": "7"}


def test_rows_from_the_table_are_compared_with_whoever_is_first_now(data, fitted):
    there = run(data, [EASY[0], EASY[2]])[1]["difference"]
    back = run(data, [EASY[2], EASY[0]])
    assert len(fitted) == 2 and back[0]["difference"] is None
    assert back[1]["difference"] == {**there, "to": "popular", "mean": -there["mean"]}


def test_other_settings_seeds_and_data_are_measured_anew(data, fitted, home):
    run(data, EASY[:1])
    run(data, [Entry("EASE", "ease", None, {"l2": "7"})])
    run(data, [Entry("EASE", "ease", None, {"l2": "7"})], seed=1)
    assert len(fitted) == 3
    rows = results.load(results.default_path("planted", "liang")).rows
    assert [(row["changes"], row["seed"]) for row in rows] == [({"l2": "7"}, 0), ({"l2": "7"}, 1)]
    assert rows[0]["fingerprint"] != rows[1]["fingerprint"]
    trained.dataset(home / "datasets" / "grown", users=170)
    (home / "datasets" / "planted").rename(home / "datasets" / "old")
    grown = home / "datasets" / "grown"
    manifest = json.loads((grown / "dataset.json").read_text())
    (grown / "dataset.json").write_text(json.dumps(manifest | {"name": "planted"}))
    grown.rename(home / "datasets" / "planted")
    said: list[str] = []
    run(data, EASY[:1], say=said.append)
    assert len(fitted) == 4 and any("has changed since that table was made" in line for line in said)
    assert len(results.load(results.default_path("planted", "liang")).rows) == 1


def test_rows_that_two_processes_add_at_once_are_all_kept(data, home):
    """Each reads the table, adds its row and writes: nobody may come between."""
    words = [sys.executable, "-m", "vasp_models.cli", "benchmark", "--data", data, "--heldout", "20", "--models"]
    running = [subprocess.Popen([*words, name], stdout=subprocess.DEVNULL) for name in ("ease", "popularity", "edlae")]
    assert [each.wait(timeout=120) for each in running] == [0, 0, 0]
    rows = results.load(results.default_path("planted", "liang")).rows
    assert sorted(row["label"] for row in rows) == ["ease", "edlae", "popularity"]
    assert set(results.values(results.default_path("planted", "liang"))) == {row["fingerprint"] for row in rows}


def test_a_wrong_seed_is_refused_before_anything_is_written(data):
    with pytest.raises(SettingError, match="--seed -1: expected"):
        run(data, seed=-1)
    assert not results.default_path("planted", "liang").exists()


def test_one_failure_is_a_row_and_the_others_go_on(data, fitted, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(EASE, "fit_epochs", fails)
        rows = run(data)
    assert [row.get("error") for row in rows] == ["MemoryError: no room for so many"] * 2 + [None]
    assert rows[2]["difference"] is None, "it is the first that succeeded"
    assert fitted == ["ease", "ease", "popularity"]
    mended = run(data)
    assert fitted[3:] == ["ease", "ease"] and not any("error" in row for row in mended)
    assert mended[2]["difference"]["to"] == "EASE"
    monkeypatch.setattr(EASE, "fit_epochs", fails)
    assert "error" in run(data, EASY[:1], fresh=True)[0]
    table = results.load(results.default_path("planted", "liang"))
    assert table.rows[0]["test"] == mended[0]["test"], "an error does not displace what was measured"


def test_a_model_that_cannot_be_measured_is_a_sentence(home):
    trained.dataset(home / "datasets" / "unordered", timestamps=False)
    row, popular = run("unordered", [Entry("SVAE", "svae", "tiny"), Entry("popular", "popularity")])
    assert "order" in row["error"] and "timestamp" in row["error"] and "Traceback" not in row["error"]
    assert "test" not in row and popular["test"]["users"] == 20


def test_settings_that_do_not_fit_are_a_sentence_too(data):
    wrong, right = run(data, [Entry("deep", "ease", None, {"depth": "3"}), EASY[2]])
    assert wrong["error"].startswith("Unknown setting 'depth'") and "test" in right


def test_ctrl_c_keeps_what_is_finished(data, fitted, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MODELS["popularity"].kind, "fit_epochs", interrupt)
        with pytest.raises(StoppedEarly, match="after 2 of 3.*the same command goes on"):
            run(data)
    run(data)
    assert fitted == ["ease", "ease", "popularity", "popularity"]


def test_labels_and_names_are_checked_before_anything_is_trained(data, fitted):
    with pytest.raises(SettingError, match="one label"):
        run(data, [EASY[0], EASY[0]])
    with pytest.raises(SettingError, match="Unknown model 'nosuch'"):
        run(data, [EASY[0], Entry("other", "nosuch")])
    with pytest.raises(SettingError, match="Unknown protocol 'weak'"):
        benchmarking.run(EASY, data, "weak")
    assert fitted == []


def test_a_table_of_something_else_is_left_alone(data, tmp_path):
    path = tmp_path / "mine.json"
    run(data, EASY[2:], table=path)
    before = path.read_bytes()
    with pytest.raises(MeasureError, match="is of planted under liang, not of planted under vasp"):
        benchmarking.run(EASY[2:], data, "vasp", 20, "cpu", table=path)
    assert path.read_bytes() == before
    path.write_text("{}")
    with pytest.raises(MeasureError, match="cannot be read as a table"):
        run(data, EASY[2:], table=path)
    assert path.read_text() == "{}"


def test_values_of_users_that_are_lost_are_measured_again(data, fitted):
    run(data, EASY[2:])
    (places.home() / "benchmarks" / f"{TABLE}.npz").write_bytes(b"PK")
    run(data, EASY[2:])
    assert fitted == ["popularity"] * 2


def test_all_are_the_models_that_have_a_preset_for_the_protocol():
    assert [entry.model for entry in benchmarking.chosen("all")] == list(MODELS)
    predicting = [entry.model for entry in benchmarking.chosen("all", "ratings")]
    assert predicting == [name for name, row in MODELS.items() if "ratings" in row.presets]
    assert "lfm" in predicting and "ease" not in predicting


def test_a_preset_is_taken_where_a_model_has_it():
    assert benchmarking.chosen("ease, popularity", preset="tiny") == [
        Entry("ease tiny", "ease", "tiny"), Entry("popularity", "popularity"),
    ]  # fmt: skip
    with pytest.raises(SettingError, match="None of ease has a preset 'huge'"):
        benchmarking.chosen("ease", preset="huge")
    with pytest.raises(SettingError, match="No model named"):
        benchmarking.chosen(" ,")


def test_the_same_engine_measures_predicted_ratings(home, fitted):
    rng = np.random.default_rng(0)
    pairs = [(user, item) for user in range(1, 61) for item in rng.choice(30, 12, replace=False) + 1]
    frame = pd.DataFrame(pairs, columns=["user", "item"])
    frame["rating"] = np.clip((frame["item"] % 5 + rng.integers(0, 2, len(frame))), 1, 5).astype(float)
    rows = {"id": list(range(1, 31)), "title": [f"Film {n}" for n in range(1, 31)], "genres": [""] * 30}
    importing.assemble(
        home / "datasets" / "rated", ratings.ratings_of(frame), items.items_frame(rows), ratings.Feedback(),
        importing.Source("Rated", simulated=True),
    )  # fmt: skip
    entries = [Entry("LFM", "lfm"), Entry("held back", "lfm", None, {"lam": "1000"}), Entry("EASE", "ease")]
    first, second, refused = benchmarking.run(entries, "rated", "ratings", device="cpu")
    assert first["test"]["rmse"]["mean"] < second["test"]["rmse"]["mean"] and first["heldout"] is None
    apart = second["test"]["rmse"]["mean"] - first["test"]["rmse"]["mean"]
    assert second["difference"]["mean"] == pytest.approx(apart) and second["difference"]["metric"] == "rmse"
    assert "predicts no ratings" in refused["error"]
    assert benchmarking.run(entries[:2], "rated", "ratings", device="cpu") == [first, second]
    assert fitted == ["lfm", "lfm"]


def test_the_clock_runs_over_a_thousand_users_and_counts_no_first_pass(monkeypatch):
    now, asked = [0.0], []

    class Slow:
        seconds = iter([5.0, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2])

        def best(self, rows: Interactions, k: int) -> None:
            asked.append((len(rows), k))
            now[0] += next(self.seconds)

    class Known:
        train = Interactions.from_lists([[0, 1], [2]], 5)

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    assert benchmarking.milliseconds(Slow(), Known()) == pytest.approx(400)  # passes of 5.4, .6, .4, .4, .4, .4 s
    assert asked == [(500, 100)] * 12
    Slow.seconds = iter([6.0, 6.0])
    assert benchmarking.milliseconds(Slow(), Known()) == pytest.approx(12_000)


def test_results_survive_being_packed():
    result = Evaluation({"ndcg@100": np.array([0.5, 1.0]), "recall@20": np.zeros(2)}, 0.25, np.array([0.1, 0.0]))
    again = results.unpacked(Evaluation, results.packed(result))
    assert again.summary() == result.summary() and again.coverage == 0.25
    bare = Evaluation({"ndcg@100": np.ones(2)}, 0.25)
    assert results.unpacked(Evaluation, results.packed(bare)).alone is None


def test_more_can_be_measured_of_each_fitted_model(data, fitted):
    def also(model, plan):
        return {"items": model.n_items, "of": plan.model}

    assert "also" not in run(data, EASY[2:])[0]
    rows = [run(data, EASY[2:], also=also)[0], run(data, EASY[2:], also=also)[0]]
    assert rows[0]["also"]["of"] == "popularity" and rows[0] == rows[1]
    assert fitted == ["popularity"] * 2, "once more for what was not measured, then taken from the table"


def test_tables_are_found_and_damaged_ones_told(data):
    run(data, EASY)
    (results.folder() / "broken.json").write_text("[")
    told: list[str] = []
    (found,) = results.tables(told.append)
    assert (found.dataset, found.protocol, len(found.rows)) == ("planted", "liang", 3)
    assert len(told) == 1 and "broken.json" in told[0]
    assert {row["label"] for row in found.of_model("ease")} == {"EASE", "weaker EASE"} and found.of_model("vasp") == []
    with pytest.raises(MeasureError, match="There is no table"):
        results.load(results.folder() / "absent.json")


def test_leave_one_out_is_measured_on_models_that_learnt_of_the_validation_too(home, monkeypatch):
    rated = test_rating_splits.dataset(home / "datasets" / "rated", test_rating_splits.made_up(90, 150, 30))
    asked, real = [], runs.fit

    def fit(plan, epochs=None):
        asked.append((plan.model, plan.train.n_pairs, epochs))
        found = real(plan, epochs)
        kept.append(found.epoch)
        return found

    kept: list[int | None] = []
    monkeypatch.setattr(runs, "fit", fit)
    entries = [Entry("popular", "popularity"), Entry("GMF", "gmf", "tiny", {"epochs": "4"})]
    rows = benchmarking.run(entries, "rated", "leave-one-out", device="cpu")
    task = plans.make_task(rated, "leave-one-out")
    less, all_ = task.train.n_pairs, task.train_all.n_pairs
    assert less < all_
    models = ["popularity", "popularity", "gmf", "gmf"]
    assert asked == list(zip(models, [less, all_] * 2, [None, None, None, kept[2]], strict=True))
    assert [row["kept_epoch"] for row in rows] == [None, kept[2]] and 1 <= kept[2] <= 4
    counts = task.train_all.item_counts
    expected = task.test.asked(lambda known, candidates: counts[candidates]).summary()
    assert rows[0]["test"] == measures.plain(expected)


def test_a_table_that_another_program_holds_is_an_error_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "_PATIENCE", 0.2)
    path = tmp_path / "table.json"
    with (
        results.locked(path),
        pytest.raises(MeasureError, match="no other program that holds it"),
        results.locked(path),
    ):
        pytest.fail("two at once")

"""`vasp-lens study modules`, as it is typed, on made-up data; what it trains, keeps and draws."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.studies import charts
from app.studies.__main__ import drawn
from app.theme import theme
from tests.data import deepcf
from vasp_models import benchmarking, results, runs, studies
from vasp_models.cli import app
from vasp_models.data.deepcf import import_deepcf
from vasp_models.data.importing import Source, assemble
from vasp_models.data.ratings import Feedback, ratings_of
from vasp_models.errors import SettingError
from vasp_models.models import model_row, preset
from vasp_models.models.settings import override

CHOICES = [(user, item, fusion) for fusion in studies.FUSIONS for user in studies.INPUTS for item in studies.INPUTS]
QUICK = ["--set", "epochs=2", "--sizes", "2,4", "--device", "cpu"]


@pytest.fixture(autouse=True)
def _not_timed(monkeypatch):
    """How long a model takes to score everything is measured elsewhere."""
    monkeypatch.setattr(benchmarking, "milliseconds", lambda model, task: 1.0)


@pytest.fixture
def data(home, tmp_path):
    return import_deepcf(deepcf.written(tmp_path / "files", deepcf.lines()), "mine")


@pytest.fixture
def rated(home):
    generator = np.random.default_rng(4)
    user, item = np.nonzero(generator.random((40, 30)) < 0.4)
    rating = np.clip(np.round(3 + (user % 3 - 1) * (item % 2 * 2 - 1) + generator.normal(0, 0.3, len(user))), 1, 5)
    frame = pd.DataFrame({"user": user, "item": item, "rating": rating})
    return assemble(home / "datasets" / "rated", ratings_of(frame), None, Feedback(3.0), Source("Rated"))


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["study", "modules", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def rows_of(means: dict | None = None, metric: str = "hr@10") -> list[dict]:
    """Rows of every choice at two widths, the better the wider and the more histories are read."""
    found = []
    for user, item, fusion in CHOICES:
        for size in (8, 16):
            mean = 0.5 + 0.1 * (user == "history") + 0.05 * (item == "history") + size / 1000
            about = {"user_input": user, "item_input": item, "fusion": fusion, "size": size, "metric": metric}
            found.append({**about, "mean": mean, "se": 0.01})
    return found


@pytest.mark.parametrize("metric", ["hr", "rmse"])
def test_the_figures_choices_are_all_there_is_between_the_trainings(metric):
    found = studies.entries(metric, (8, 16))
    assert len(found) == 16 == len({entry.label for entry in found})
    made = []
    for (user, item, fusion), entry in zip([each for each in CHOICES for _ in range(2)], found, strict=True):
        settings, options = override(*preset(entry.model, entry.preset), entry.changes)
        model_row(entry.model).kind(settings, 30)
        assert (settings.user_input, settings.item_input) == (user, item)
        assert settings.fusion == ("concatenation" if fusion == "concatenation" else "product")
        made.append((settings, options))
    fixed = ("activation", "normalise", "sigmoid", "biases", "layers")
    assert len({tuple(getattr(settings, name) for name in fixed) for settings, _ in made}) == 1
    stages = {json.dumps([repr(stage) for stage in options.stages]) for _, options in made}
    assert len(stages) == 1
    assert {settings.factors for settings, _ in made} == {8, 16}


def test_every_choice_is_measured_once_and_taken_from_the_table_next_time(data, monkeypatch):
    rows = json.loads(run("--data", "mine", "--metric", "hr", *QUICK, "--json"))
    named = [(row["user_input"], row["item_input"], row["fusion"], row["size"]) for row in rows]
    assert named == [(*choice, size) for choice in CHOICES for size in (2, 4)]
    assert all(0 <= row["mean"] <= 1 and row["metric"] == "hr@10" for row in rows)
    table = results.load(studies.default_path("mine", "hr"))
    assert len(table.rows) == 16 and table.protocol == "leave-one-out"
    assert not results.tables()  # the benchmarks of the dashboard are not these
    monkeypatch.setattr(runs, "fit", lambda plan: pytest.fail("trained again"))
    shown = run("--data", "mine", "--metric", "hr", *QUICK)
    assert "HR@10, dot product" in shown and "user history, item id" in shown
    more = json.loads(run("--data", "mine", "--metric", "hr", *QUICK, "--json"))
    assert [row["mean"] for row in more] == [row["mean"] for row in rows]


def test_rmse_is_of_held_out_ratings(rated):
    rows = json.loads(run("--data", "rated", "--metric", "rmse", "--set", "epochs=2", "--sizes", "4", "--json"))
    assert [row["metric"] for row in rows] == ["rmse"] * 8
    assert all(0 < row["mean"] < 3 for row in rows)


def test_one_failure_is_a_row_and_a_gap_in_the_chart(data, tmp_path, monkeypatch):
    measured = runs.fit

    def fit(plan, epochs=None):
        if plan.settings.user_input == "history" and plan.settings.factors == 4:
            raise SettingError("Not today.")
        return measured(plan, epochs)

    monkeypatch.setattr(runs, "fit", fit)
    chart = tmp_path / "chart.svg"
    shown = run("--data", "mine", "--metric", "hr", *QUICK, "--chart", str(chart), code=1)
    assert shown.count("failed") == 4 and shown.count("Not today.") == 1
    circles = re.findall(r"<circle[^>]*><title>([^<]*)", chart.read_text())
    assert len(circles) == 12 and sum("user history" in text for text in circles) == 4


def test_a_chart_is_a_file_that_needs_nothing_else(tmp_path):
    root = ElementTree.fromstring(drawn(rows_of(), ".svg"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    said = "best HR@10 0.6660 with user history, item history at width 16"
    assert root.get("aria-label").count(said) == 2
    words = "".join(root.itertext())
    for text in ("dot product", "concatenation and MLP", "user id, item history", "width of both representations"):
        assert text in words
    page = drawn(rows_of(), ".html")
    assert said in page and "<svg" in page and "<script" not in page
    assert not re.findall(r"""(?:src|href)=["']?http""", page)
    with pytest.raises(SettingError, match=r"expected \.svg or \.html"):
        drawn(rows_of(), ".png")


def test_the_least_rmse_is_the_best():
    said = charts.words(pd.DataFrame(rows_of(metric="rmse")))
    assert "dot product: best RMSE 0.5080 with user id, item id at width 8" in said


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_figure_draws_every_value_where_it_belongs(name):
    frame = pd.DataFrame(rows_of())
    figure = charts.study_figure(frame, theme(name))
    shown = {}
    for trace in figure.data:
        label = trace.hovertemplate.split(", width")[0]
        shown[label] = [value for value in trace.y if np.isfinite(value)]
    for (user, item), rows in frame.groupby(["user_input", "item_input"]):
        assert shown[f"user {user}, item {item}"] == rows["mean"].tolist()
    labels = [note for note in figure.layout.annotations if note.text.startswith("user ")]
    heights = sorted(note.y for note in labels)
    assert len(labels) == 4 and min(np.diff(heights)) > 0.01
    assert list(figure.layout.xaxis.ticktext) == ["8", "16"] * 2


def test_nothing_measured_is_no_figure():
    with pytest.raises(ValueError, match="nothing"):
        charts.study_figure(pd.DataFrame(rows_of()).assign(mean=np.nan), theme("light"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metric", "mae"], "expected rmse or hr"),
        (["--metric", "hr", "--sizes", "8,x"], "expected whole numbers"),
        (["--metric", "hr", "--sizes", "8,8"], "expected different widths"),
        (["--metric", "hr", "--set", "epochs"], "expected KEY=VALUE"),
        (["--metric", "hr", "--chart", "a.png"], r"\.svg or \.html"),
        (["--metric", "hr", "--set", "nothing=1"], "Unknown setting"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_trained(data, monkeypatch, words, said):
    monkeypatch.setattr(runs, "fit", lambda plan: pytest.fail("trained"))
    with pytest.raises(SettingError, match=said):
        run("--data", "mine", *words)


def test_the_chart_program_says_what_is_wrong_in_one_line(root, tmp_path):
    words = [sys.executable, "-P", "-m", "app.studies", "--out", str(tmp_path / "a.png")]
    env = {"PYTHONPATH": str(root), "PATH": ""}
    done = subprocess.run(words, input=json.dumps(rows_of()), text=True, capture_output=True, env=env)
    assert done.returncode == 2 and "expected .svg or .html" in done.stderr and "Traceback" not in done.stderr

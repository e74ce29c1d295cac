"""`benchmark` and `models`, as they are typed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from tests import trained
from tests.serving import hear_ctrl_c
from vasp_models import results
from vasp_models.cli import app
from vasp_models.errors import VaspLensError
from vasp_models.evaluation import metrics
from vasp_models.models import MODELS, preset
from vasp_models.models.ease import EASE

RUNNER = CliRunner()
WORDS = ("benchmark", "--data", "planted", "--heldout", "20", "--device", "cpu", "--models")


@pytest.fixture
def planted(home):
    trained.dataset(home / "datasets" / "planted")


def run(*words: str, code: int = 0):
    done = RUNNER.invoke(app, words, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def refused(*words: str) -> str:
    with pytest.raises(VaspLensError) as error:
        RUNNER.invoke(app, words, catch_exceptions=False)
    return str(error.value)


def fails(*_, **__):
    raise MemoryError("no room")


def test_the_json_has_every_figure_of_every_model(planted):
    rows = json.loads(run(*WORDS, "ease,popularity", "--json").stdout)
    assert [row["model"] for row in rows] == ["ease", "popularity"]
    assert rows[0]["difference"] is None
    assert all({*metrics.FULL, "coverage@100"} < set(row[part]) for row in rows for part in ("val", "test"))
    expected = rows[1]["test"]["ndcg@100"]["mean"] - rows[0]["test"]["ndcg@100"]["mean"]
    assert rows[1]["difference"]["mean"] == pytest.approx(expected)
    assert rows == list(results.load(results.default_path("planted", "liang")).rows)


def test_the_table_fits_and_says_where_it_is_saved(planted, tmp_path):
    path = tmp_path / "mine.json"
    done = run(*WORDS, "nease-recvae,ease,popularity", "--preset", "tiny", "--out", str(path))
    lines = done.stdout.splitlines()
    titles = " ".join(lines[:2])
    for title in ("NDCG@100", "Recall@20", "Recall@50", "Coverage", "Against first", "Weights", "Seconds", "ms/1,000"):
        assert title in titles
    assert max(map(len, lines)) <= 120
    row = next(line for line in lines if line.startswith("ease tiny"))
    assert len(re.findall(r"\.\d{3} ± \.?\d", row)) == 3 and re.search(r"[+-]\d?\.\d{4} ± 0\.\d{4}", row)
    assert lines[-1] == f"Saved to {path}" and path.exists()
    assert "1 of 3: nease-recvae tiny" in done.stderr and "validation NDCG@100" in done.stderr


def test_the_second_call_takes_what_is_there(planted, monkeypatch):
    run(*WORDS, "ease")
    monkeypatch.setattr(EASE, "fit_epochs", fails)
    assert "from the table" in run(*WORDS, "ease,popularity").stderr
    assert "MemoryError" in run(*WORDS, "ease", "--fresh", code=1).stdout


def test_a_failure_is_a_line_below_the_table_and_exit_code_one(planted, monkeypatch):
    monkeypatch.setattr(EASE, "fit_epochs", fails)
    lines = run(*WORDS, "ease,popularity", code=1).stdout.splitlines()
    assert "ease: MemoryError: no room" in lines and any(line.startswith("popularity ") for line in lines)
    assert json.loads(run(*WORDS, "ease", "--json", code=1).stdout)[0]["error"] == "MemoryError: no room"


def test_bad_choices_get_one_sentence(planted):
    assert "None of ease, vasp has a preset 'tinyy'" in refused(*WORDS, "ease,vasp", "--preset", "tinyy")
    assert "No model named" in refused(*WORDS, ",")
    assert "Unknown model 'nosuch'" in refused(*WORDS, "ease,nosuch")
    assert "Unknown protocol 'weak'" in refused(*WORDS, "ease", "--protocol", "weak")


def test_ctrl_c_in_a_real_process_keeps_what_is_finished(planted, home):
    words = [sys.executable, "-m", "vasp_models.cli", *WORDS, "popularity,oncf"]  # the second takes its time
    running = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=hear_ctrl_c
    )
    table = home / "benchmarks" / "planted-liang.json"
    deadline = time.monotonic() + 60
    while not table.exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.5)  # Python loses an interrupt that comes in the middle of an import
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    # Python may end by the signal itself where the interrupt came within exec(); a shell tells both as 130.
    assert running.returncode in (130, -signal.SIGINT), said
    assert "Stopped in oncf, after 1 of 2" in said and "Traceback" not in said
    assert [row["label"] for row in results.load(table).rows] == ["popularity"]


def test_models_are_listed_with_what_they_can_do_and_their_settings():
    rows = {row["name"]: row for row in json.loads(run("models", "--json").stdout)}
    assert list(rows) == list(MODELS)
    assert rows["vasp"]["abilities"]["factors"] == ["nease", "flvae_residual", "flvae_latent"]
    assert rows["vasp"]["abilities"]["linear"] == "nease" and rows["vasp"]["abilities"]["gradient"]
    assert rows["ease"]["settings"][0] == {"name": "l2", "default": 500.0, "kind": "a number"}
    joint = {each["name"]: each for each in rows["vasp"]["settings"]}["joint.epochs"]
    assert joint == {"name": "joint.epochs", "default": 4, "kind": "a whole number"}
    for name, row in rows.items():
        assert row["presets"] == list(MODELS[name].presets) and row["paper"] == MODELS[name].paper


def test_every_setting_that_is_listed_can_be_changed():
    from vasp_models.models.settings import choices, override

    for name in MODELS:
        chosen = preset(name)
        for each in choices(*chosen):
            written = "nothing" if each.default is None else str(each.default)
            assert override(*chosen, {each.name: written}) == chosen, (name, each)


def test_the_list_for_people_is_readable_in_120_columns():
    shown = run("models").stdout
    assert max(map(len, shown.splitlines())) <= 120
    for name in MODELS:
        assert re.search(rf"^{name} ", shown, re.M), name
    assert "solve" in shown and "same list for" in shown and "3 factors" in shown
    one = run("models", "ease").stdout
    assert re.search(r"^l2 +500\.0 +a number", one, re.M) and "vasp" not in one.split("Setting")[0]
    assert "Unknown model 'nosuch'" in refused("models", "nosuch")

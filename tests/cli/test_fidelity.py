"""`vasp-lens fidelity`, as it is typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from vasp_models import measures
from vasp_models.cli import app
from vasp_models.errors import SettingError
from vasp_models.explanations.masking import METRICS

RUNNER = CliRunner()
FEW = ("--users", "6", "--methods", "nease,leave-one-out", "--device", "cpu")


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, ["fidelity", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_is_kept_and_found_again(copied):
    printed = json.loads(run("mine", *FEW, "--json"))
    assert measures.find(copied, "fidelity") == printed
    assert printed["users"] == 6 and list(printed["methods"]) == ["random", "cosine", "nease", "leave-one-out"]
    assert printed["provenance"]["command"] == (
        "vasp-lens fidelity mine --users 6 --seed 0 --methods nease,leave-one-out"
    )
    for row in printed["methods"].values():
        assert all(row[metric]["low"] <= row[metric]["mean"] <= row[metric]["high"] for metric in METRICS)


def test_nothing_is_kept_where_that_is_asked(home):
    run("demo", *FEW, "--no-save")
    assert not any(home.rglob("fidelity*"))


def test_people_get_tables_of_at_most_120_columns(home):
    told = run("demo", *FEW, "--no-save")
    assert max(map(len, told.splitlines())) <= 120
    head = next(line for line in told.splitlines() if "POS-P@5" in line)
    assert all(metric in head for metric in METRICS) and head.split()[-1] == "ms"
    assert "6 test users" in told and "Against cosine" in told and "random order" in told and "Spearman" in told
    against = told.split("Against cosine")[1]
    assert "(×" in against and not any(line.strip().startswith("cosine") for line in against.splitlines())


def test_the_seed_draws_the_users(home):
    first, again, other = (json.loads(run("demo", *FEW, "--no-save", "--json", "--seed", seed)) for seed in "001")
    about = "POS-P@5"
    assert first["methods"]["nease"][about] == again["methods"]["nease"][about]
    assert first["methods"]["nease"]["DEL-P"] != other["methods"]["nease"]["DEL-P"]


def test_an_unknown_method_is_refused(home):
    with pytest.raises(SettingError, match="'lime' is no method: expected some of random, popularity, cosine"):
        RUNNER.invoke(app, ["fidelity", "demo", "--methods", "lime", "--no-save"], catch_exceptions=False)

"""`vasp-lens audit`, as it is typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests import trained
from vasp_models import checkpoints, measures
from vasp_models.cli import app
from vasp_models.cli.audit import lines
from vasp_models.explanations import dependence, reruns

RUNNER = CliRunner()
KEYS = ["name", "title", "value", "limit", "sense", "passed", "note"]


@pytest.fixture
def quick(home, monkeypatch):
    """A small checkpoint in the home, and less to compute for its few users."""
    monkeypatch.setattr(dependence, "_ROUNDS", 1)
    trained.checkpoint(home / "checkpoints" / "mine", "nease")
    return checkpoints.load("mine")


def run(*words: str):
    return RUNNER.invoke(app, ["audit", *words, "--users", "3", "--device", "cpu"], catch_exceptions=False)


def test_it_prints_one_line_a_gate_and_keeps_nothing_where_told(quick):
    result = run("mine", "--no-save", "--seed", "2")
    *rows, last = result.stdout.splitlines()
    assert result.exit_code == 0, result.output
    assert measures.find(quick, "audit") is None
    assert all(row[0] in "✓–" for row in rows) and rows[0].startswith("✓ split-identity")
    assert "leave-one-out-fp64" in result.stdout and "at most 1e-11" in result.stdout
    assert last.startswith("mine: ") and "0 failed" in last and "3 test users, seed 2" in last


def test_it_is_kept_and_found_again(quick):
    result = run("mine", "--json")
    printed = json.loads(result.stdout)
    assert result.exit_code == 0 and measures.find(quick, "audit") == printed
    assert (printed["users"], printed["seed"], printed["passed"]) == (3, 0, True)
    assert printed["provenance"]["command"] == "vasp-lens audit mine --users 3 --seed 0"
    assert all(list(gate) == KEYS for gate in printed["gates"]) and len(printed["gates"]) >= 20
    assert json.loads(run("mine", "--json", "--no-save").stdout)["gates"] == printed["gates"]  # to the last digit


def test_a_gate_that_fails_is_exit_code_1(quick, monkeypatch):
    monkeypatch.setattr(reruns, "holds", lambda *asked: False)
    result = run("mine", "--no-save")
    failed = [row for row in result.stdout.splitlines() if row.startswith("✗")]
    assert result.exit_code == 1 and len(failed) == 1 and failed[0].startswith("✗ removals")
    assert "1 failed" in result.stdout
    assert json.loads(run("mine", "--json", "--no-save").stdout)["passed"] is False


def test_what_does_not_apply_says_why_and_a_lost_number_fails():
    row = dict(zip(KEYS, ("a", "A", None, 0.5, "below", None, "there is none"), strict=True))
    lost = {**row, "name": "long-name", "passed": False}
    shown = lines("x", {"users": 1200, "seed": 0, "gates": [row, lost]})
    assert shown[0].startswith("– a        ") and shown[0].endswith("below 0.5     A (there is none)")
    assert shown[1].startswith("✗ long-name")
    assert shown[2] == "x: 0 gates passed, 1 failed, 1 do not apply (1,200 test users, seed 0)."

"""`vasp-lens bench` at a size that takes moments."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from vasp_models.cli import app


def run(*words: str) -> str:
    found = CliRunner().invoke(app, ["bench", "--items", "500", "--hidden", "16", *words])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_it_prints_a_table_and_how_to_make_it_again():
    said = run()
    assert "dense product" in said and "vasp-lens bench --items 500 --hidden 16" in said


def test_it_prints_json():
    record = json.loads(run("--json", "--seed", "3"))
    assert set(record) == {"figures", "machine", "versions", "made", "command"}
    assert record["figures"][0]["ratio"] > 0 and record["command"].endswith("--seed 3")

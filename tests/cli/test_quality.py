"""`vasp-lens quality`, as it is typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests import trained
from vasp_models import measures
from vasp_models.cli import app

RUNNER = CliRunner()
FEW = ("--users", "40", "--device", "cpu")


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, ["quality", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_is_kept_and_found_again_and_the_seed_draws_the_users(copied):
    printed = json.loads(run("mine", *FEW, "--json"))
    assert measures.find(copied, "quality") == printed
    assert printed["users"] == 40 and printed["systems"] == ["joint", "nease", "flvae", "popularity"]
    assert printed["provenance"]["command"] == "vasp-lens quality mine --users 40 --seed 0"
    again, other = (json.loads(run("mine", *FEW, "--json", "--no-save", "--seed", seed)) for seed in ("0", "1"))
    assert {**again, "provenance": 0} == {**printed, "provenance": 0}
    assert other["sample"] != printed["sample"]
    assert measures.find(copied, "quality") == printed, "--no-save keeps what was there"


def test_people_get_slices_and_lists(home):
    told = run("demo", *FEW, "--no-save")
    assert max(map(len, told.splitlines())) <= 120
    assert told.startswith("40 test users with ") and "among 681" in told
    for head in ("Films in the history", "Favourite genre", "Held-out films by popularity", "Held-out films by decade"):
        assert head in told
    assert "NEASE / Residual head / Latent head" in told and "differs from all others, p < .05 corrected" in told
    row = next(line for line in told.splitlines() if line.strip().startswith("coverage@20"))
    assert row.count("±") == 4 and row.rstrip().endswith("–"), "a history covers nothing"
    assert not any(home.rglob("quality*"))


@pytest.mark.parametrize("model", ["ease", "popularity"])
def test_models_without_parts_are_measured_too(home, tmp_path, model):
    other = trained.checkpoint(tmp_path / model, model)
    told = run(f"{other.folder}/", "--device", "cpu")
    assert "20 test users" in told and "Residual" not in told and "NEASE" not in told
    kept = measures.find(other, "quality")
    assert kept["systems"] == (["joint"] if model == "popularity" else ["joint", "popularity"])
    assert kept["factors"] == [] and kept["path_share"] == {}

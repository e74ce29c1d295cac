"""`vasp-lens parts` and `vasp-lens planted`, as they are typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests import trained
from vasp_models import measures
from vasp_models.cli import app
from vasp_models.errors import DataError

RUNNER = CliRunner()
FEW = ("--users", "6", "--device", "cpu")


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A linear model of other data."""
    return trained.checkpoint(tmp_path_factory.mktemp("other") / "ease", "ease")


def test_parts_are_kept_and_found_again(copied):
    printed = json.loads(run("parts", "mine", *FEW, "--json"))
    assert measures.find(copied, "parts") == printed
    assert (printed["users"], list(printed["parts"])) == (6, ["joint", "nease", "flvae"])
    assert printed["provenance"]["command"] == "vasp-lens parts mine --users 6 --seed 0"
    for row in printed["parts"].values():
        assert row["interaction_share"]["low"] <= row["interaction_share"]["mean"] <= row["interaction_share"]["high"]
    assert printed["factors"]["nease"]["interaction_share_logit"]["high"] < 1e-8


def test_people_get_a_table_of_the_parts(home):
    told = run("parts", "demo", *FEW, "--no-save")
    assert max(map(len, told.splitlines())) <= 120
    assert "6 test users" in told and "Residual head" in told
    assert "% of NEASE's and " in told and "of FLVAE's is interaction between films; the rest adds up." in told
    rows = ("interaction share, logit", "variance share, first 100", "NDCG@100 without it", "Gini at 20")
    rows += ("purity, lift (by chance)", "pair interaction in a history", "film alone and in a history")
    assert all(row in told for row in rows)
    assert "Joint and NEASE" in told and "NEASE only" in told
    assert not any(home.rglob("parts*"))


def test_a_model_in_one_part_is_told_as_such(home, other):
    told = run("parts", f"{other.folder}/", *FEW, "--no-save")
    assert "of the model's response to a history is interaction between films" in told
    assert "variance share" not in told and "overlap" not in told


def test_planted_is_the_demo_by_default_and_kept_where_that_is_asked(copied):
    printed = json.loads(run("planted", "mine", "--device", "cpu", "--json"))
    assert measures.find(copied, "planted") == printed
    again = json.loads(run("planted", "--no-save", "--device", "cpu", "--json"))
    assert {**again, "provenance": 0} == {**printed, "provenance": 0}
    assert again["provenance"]["command"] == "vasp-lens planted demo --seed 0"
    assert printed["links"]["share"] >= printed["links"]["demand"]


def test_people_read_what_was_reached_and_what_is_no_evidence(home):
    told = run("planted", "--no-save", "--device", "cpu")
    assert "links from film to film" in told and "at least 0.80" in told and "reached" in told
    assert "conjunctions of two tastes" in told and "xor" in told and "in the right direction" in told
    assert "No evidence, for comparison" in told and "by size alone" in told


def test_nothing_is_planted_in_other_data(home, other):
    with pytest.raises(DataError, match="Nothing is planted"):
        RUNNER.invoke(app, ["planted", f"{other.folder}/", "--no-save"], catch_exceptions=False)

"""`vasp-lens compare`, as it is typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests import trained
from vasp_models import checkpoints, runs
from vasp_models.cli import app
from vasp_models.errors import VaspLensError

RUNNER = CliRunner()


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> list[str]:
    """Folders of two models on the planted likes."""
    folder = tmp_path_factory.mktemp("two")
    data = trained.dataset(folder / "data")
    for name in ("ease", "popularity"):
        runs.train(trained.plan(data, name), folder / name, "vasp-lens train")
    return [f"{folder / name}/" for name in ("ease", "popularity")]


def test_before_they_are_measured_there_are_the_numbers_of_training_and_the_commands(home, two):
    told = run("compare", *two)
    ndcg = checkpoints.load(two[0]).metrics["test"]["ndcg@100"]["mean"]
    assert f".{round(1000 * ndcg):03}" in told and "no differences user by user" in told
    assert told.count("was not measured user by user: vasp-lens quality") == 2
    assert json.loads(run("compare", *two, "--json"))["after_training"]


def test_after_it_there_are_differences_slices_and_lists(home, two):
    for each in two:
        run("quality", each, "--device", "cpu")
    user = checkpoints.load(two[0]).users.frame.query("split == 'test'")["id"].iloc[0]
    words = ("compare", *two, "--reference", two[1], "--user", user, "--device", "cpu")
    told, record = run(*words), json.loads(run(*words, "--json"))
    assert max(map(len, told.splitlines())) <= 120
    assert told.startswith("20 test users. Differences are to Popularity.") and "not measured" not in told
    row = next(each for each in record["accuracy"] if each["metric"] == "recall@20" and each["system"] == two[0])
    assert f"{row['difference']:+.3f}".replace("0.", ".") in told and row["verdict"] in told
    assert record["reference"] == two[1] and {each["by"] for each in record["slices"]} >= {"history", "popularity"}
    shared = record["one_user"]["shared"][two[0]][two[1]]
    assert f"User {user}: {shared} of the first 20 films are in every list." in told
    assert record["one_user"]["places"][0][two[1]] == 1, "the reference's own first film"
    decades = run("compare", *two, "--by", "decade")
    assert "Held-out films by decade" in decades and "Films in the history" not in decades


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("demo",), "1 checkpoint was named: expected 2 to 5 different ones"),
        (("demo", "demo"), "1 checkpoint was named"),
        (("demo", "{0}"), "cannot be compared with demo: it was trained on another data set"),
        (("{0}", "{1}", "--reference", "demo"), "--reference names none of these"),
        (("{0}", "{1}", "--by", "weather"), "--by names none of these: expected one of history, taste"),
        (("{0}", "gone"), "There is no checkpoint 'gone'"),
        (("{0}", "{1}", "--user", "nobody"), "There is no user 'nobody'"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(home, two, words, said):
    with pytest.raises(VaspLensError) as caught:
        RUNNER.invoke(app, ["compare", *(word.format(*two) for word in words)], catch_exceptions=False)
    assert said in str(caught.value)

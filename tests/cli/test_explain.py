"""`explain`, as it is typed."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from tests import trained
from vasp_models import checkpoints
from vasp_models.cli import app
from vasp_models.errors import ExplanationError, SettingError, UnknownItemError, UnknownUserError, VaspLensError
from vasp_models.recommending import recommend

RUNNER = CliRunner()


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, ["explain", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(error: type[VaspLensError], *words: str) -> str:
    """The sentence of a command that must be refused."""
    with pytest.raises(error) as refusal:
        RUNNER.invoke(app, ["explain", *words], catch_exceptions=False)
    return str(refusal.value)


@pytest.fixture(scope="module")
def demo():
    """The demo, its model, a test user and the film that is recommended first."""
    loaded = checkpoints.load("demo")
    model, user = loaded.model(), loaded.users.at(loaded.users.rows("test")[0])
    first = int(recommend(model, user.history, 1).items[0])
    return loaded, model, user, str(loaded.catalogue.ids[first])


def test_json_holds_everything_and_adds_up(demo):
    loaded, _, user, item = demo
    answer = json.loads(run("demo", "--user", user.id, "--item", item, "--json"))
    assert list(answer)[:4] == ["user", "checkpoint", "item", "title"]
    assert (answer["user"], answer["checkpoint"], str(answer["item"]), answer["rank"]) == (user.id, "demo", item, 1)
    parts = answer["base"] + sum(answer["terms"].values())
    assert answer["log_score"] == pytest.approx(parts + answer["residual"], abs=1e-9)
    assert abs(answer["residual"]) < 1e-5
    assert abs(answer["completeness_delta"]) < 1e-3
    assert len(answer["history"]) == len(user.history)
    row = answer["history"][0]
    numbers = {"nease_logit", "nease", "leave_one_out", "integrated_gradients"}
    assert set(row) == {"item", "title", "seen_by_model"} | numbers
    assert set(row["integrated_gradients"]) == {"flvae_residual", "flvae_latent"}
    typed = answer["provenance"]["command"]
    assert typed == f"vasp-lens explain demo --item {item} --user {user.id} --json"
    again = json.loads(run(*shlex.split(typed)[2:]))
    assert {**again, "provenance": 0} == {**answer, "provenance": 0}, "the command it names makes it again"
    shares = sum(r["nease"] + sum(r["integrated_gradients"].values()) for r in answer["history"])
    assert shares == pytest.approx(sum(answer["terms"].values()), abs=1e-3)


def test_the_removal_and_the_leave_one_out_are_what_recommend_says_too(demo):
    loaded, model, user, item = demo
    answer = json.loads(run("demo", "--user", user.id, "--item", item, "--json"))
    removal = answer["removal"]["top1"]
    left = np.array([n for n in user.history if loaded.catalogue.ids[n] not in removal["items"]])
    after = recommend(model, left, len(loaded.catalogue))
    candidates = [n for n in after.items if n not in user.history]
    assert candidates.index(loaded.catalogue.number(item)) + 1 == removal["rank_after"] > 1
    assert str(loaded.catalogue.ids[candidates[0]]) == str(removal["replacement"])
    strongest = max(answer["history"], key=lambda row: row["leave_one_out"])
    left = np.array([n for n in user.history if loaded.catalogue.ids[n] != strongest["item"]])
    without = recommend(model, left, len(loaded.catalogue))
    place = list(without.items).index(loaded.catalogue.number(item))
    assert answer["log_score"] - without.log_scores[place] == pytest.approx(strongest["leave_one_out"], abs=1e-5)


def test_the_margin_says_why_a_film_is_in_the_list(demo):
    loaded, model, user, item = demo
    words = ["demo", "--user", user.id, "--item", item, "--json"]
    score, margin = json.loads(run(*words)), json.loads(run(*words, "--against", "10"))
    tenth = recommend(model, user.history, 10)
    assert margin["against"]["item"] == loaded.catalogue.ids[tenth.items[9]]
    assert margin["log_score"] == pytest.approx(score["log_score"] - tenth.log_scores[9], abs=1e-5)
    parts = margin["base"] + sum(margin["terms"].values())
    assert margin["log_score"] == pytest.approx(parts + margin["residual"], abs=1e-9)
    assert abs(margin["completeness_delta"]) < 1e-3
    assert margin["rank"] == score["rank"] == 1
    itself = json.loads(run(*words, "--against", "1"))
    assert itself["against"]["item"] == loaded.catalogue.ids[tenth.items[1]], "the next film, not the film itself"
    assert "above that of" in run(*words[:-1], "--against", "10")
    assert "--against below" in refused(SettingError, *words, "--against", "100000")


def test_pairs_name_two_films_each_once(demo):
    _, _, user, item = demo
    pairs = json.loads(run("demo", "--user", user.id, "--item", item, "--method", "pairs", "--json"))["pairs"]
    n = min(10, len(user.history))
    assert len({tuple(sorted(pair["items"])) for pair in pairs}) == len(pairs) == n * (n - 1) // 2
    sizes = [abs(pair["interaction"]) for pair in pairs]
    assert sizes == sorted(sizes, reverse=True)
    assert pairs[0]["interaction"] == pytest.approx(sum(pairs[0]["factors"].values()), abs=1e-6)


def test_only_the_methods_asked_for_are_computed(demo):
    _, _, user, item = demo
    answer = json.loads(run("demo", "--user", user.id, "--item", item, "--method", "nease", "--json"))
    row = answer["history"][0]
    assert row["nease"] is not None
    assert row["leave_one_out"] is row["integrated_gradients"] is answer["removal"] is answer["pairs"] is None


def test_people_read_a_table(demo):
    _, _, user, item = demo
    text = run("demo", "--user", user.id, "--item", item)
    assert "What each part adds" in text
    assert "Residual head" in text
    assert "Without " in text
    assert "residual" in text


@pytest.mark.parametrize("method", ["nease", "integrated-gradients"])
def test_the_strongest_are_those_of_the_method(demo, method):
    _, _, user, item = demo
    words = ["demo", "--user", user.id, "--item", item, "--method", method]
    rows, text = json.loads(run(*words, "--json"))["history"], run(*words)
    size = {row["title"]: abs(sum([row["nease"] or 0, *(row["integrated_gradients"] or {}).values()])) for row in rows}
    first = max(size, key=size.get)
    lines = text.splitlines()
    head = next(n for n, line in enumerate(lines) if line.lstrip().startswith("Film"))
    assert first in lines[head + 1]
    assert ("Linear logit" in lines[head], "IG" in lines[head]) == (method == "nease", method != "nease")
    assert "Leave one out" not in lines[head]


def test_nothing_is_said_of_the_history_where_nothing_was_asked(demo):
    _, _, user, item = demo
    assert "strongest of" not in run("demo", "--user", user.id, "--item", item, "--method", "removal")


def test_a_history_instead_of_a_user_may_be_empty_or_hold_a_film_twice(demo):
    loaded, _, user, item = demo
    empty = json.loads(run("demo", "--history", "", "--item", item, "--json"))
    assert empty["history"] == []
    assert all(abs(value) < 1e-6 for value in empty["terms"].values())
    assert empty["rank"] == empty["rank_of_empty_profile"]
    assert empty["removal"]["top1"] is None
    assert "No set" not in run("demo", "--history", "", "--item", item), "there is nothing to remove"
    film = str(loaded.catalogue.ids[user.history[0]])
    once = json.loads(run("demo", "--history", f"{film},{film}", "--item", item, "--json"))
    assert [str(row["item"]) for row in once["history"]] == [film]


def test_what_cannot_be_explained_is_one_sentence(demo):
    loaded, _, user, item = demo
    seen = str(loaded.catalogue.ids[user.history[0]])
    assert "not recommended again" in refused(ExplanationError, "demo", "--user", user.id, "--item", seen)
    assert "catalogue" in refused(UnknownItemError, "demo", "--user", user.id, "--item", "no such film")
    assert "no user" in refused(UnknownUserError, "demo", "--user", "nobody", "--item", item)
    assert "--user ID or --history" in refused(SettingError, "demo", "--item", item)
    wrong = refused(SettingError, "demo", "--user", user.id, "--item", item, "--method", "magic")
    assert "leave-one-out" in wrong


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Checkpoints of models that cannot do everything."""
    folder = tmp_path_factory.mktemp("explained")
    return {name: trained.checkpoint(folder / name, name) for name in ("ease", "popularity")}


@pytest.mark.parametrize("name", ["ease", "popularity"])
def test_models_without_factors_are_explained_as_far_as_they_go(others, name):
    loaded = others[name]
    user = loaded.users.at(loaded.users.rows("test")[0])
    first = recommend(loaded.model(), user.history, 1).items[0]
    words = [f"{loaded.folder}/", "--user", user.id, "--item", str(loaded.catalogue.ids[first])]
    answer = json.loads(run(*words, "--json"))
    assert list(answer["terms"]) == ["score"]
    assert all(row["integrated_gradients"] is None for row in answer["history"])
    effects = np.array([row["leave_one_out"] for row in answer["history"]])
    if name == "popularity":
        assert (effects == 0).all()
        assert answer["removal"]["top1"] is None, "nothing in the history moves a list that is the same for all"
    else:
        assert np.allclose([row["nease"] for row in answer["history"]], effects, atol=1e-5)
    text = run(*words)
    assert "Score" in text and "Log score" not in text
    if name == "popularity":
        cap = min(60, len(answer["history"]))
        assert f"No set of up to {cap} of the history's films was found" in text


def test_a_film_that_the_model_does_not_cover_is_said_to_be_such(tmp_path):
    loaded = trained.checkpoint(tmp_path / "part", "vasp", changes={"items_share": "0.5"})
    model, user = loaded.model(), loaded.users.at(loaded.users.rows("test")[0])
    outside = np.setdiff1d(np.arange(len(loaded.catalogue)), np.r_[model.modelled.numpy(), user.history])[0]
    sentence = refused(
        ExplanationError, f"{loaded.folder}/", "--user", user.id, "--item", str(loaded.catalogue.ids[outside])
    )
    assert "no score" in sentence
    assert loaded.catalogue.titles[outside] in sentence
    inside = np.setdiff1d(model.modelled.numpy(), user.history)[0]
    known = next(n for n in user.history if n in model.modelled.numpy())
    ids = loaded.catalogue.ids
    words = ["--history", f"{ids[known]},{ids[outside]}", "--item", str(ids[inside])]
    seen, unseen = json.loads(run(f"{loaded.folder}/", *words, "--json"))["history"]
    assert seen["seen_by_model"] is True
    assert abs(seen["leave_one_out"]) > 0
    assert unseen["seen_by_model"] is False
    assert unseen["leave_one_out"] is unseen["nease"] is unseen["integrated_gradients"] is None, "never 0.00"
    assert "not seen" in run(f"{loaded.folder}/", *words)

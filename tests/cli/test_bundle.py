"""`vasp-lens bundle`, as it is typed."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from typer.testing import CliRunner

from tests import trained
from tests.bare import site
from tests.serving import VASP_LENS
from vasp_models import checkpoints
from vasp_models.cli import app
from vasp_models.errors import BundleError, UnknownUserError

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one checkpoint, for all tests of this file."""
    folder = tmp_path_factory.mktemp("bundle-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(folder))
        trained.checkpoint(folder / "checkpoints" / "first", "ease")
        yield folder


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, ["bundle", *words, "--device", "cpu"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_says_how_large_it_is_for_whom_and_how_it_is_opened(home):
    first, command, rest = run("first", "--out", "told", "--users", "2", "--k", "2").splitlines()
    made = checkpoints.load("told")
    users = made.users.frame["id"].tolist()
    assert first.startswith(str(home / "checkpoints" / "told")) and f"for 2 users ({users[0]}, {users[1]})." in first
    size = sum(path.stat().st_size for path in made.folder.rglob("*") if path.is_file())
    assert f"{size / 1e6:.1f} MB in " in first
    assert command == "See it with: vasp-lens app told"
    assert "without torch" in rest and "requirements.txt" in rest


def test_its_own_command_makes_it_again(home, tmp_path):
    row = json.loads(run("first", "--out", f"{tmp_path}/again", "--users", "3", "--seed", "5", "--k", "2", "--json"))
    made = checkpoints.load(row["folder"])
    words = made.manifest["bundle"]["command"].split()
    assert words[:3] == ["vasp-lens", "bundle", "first"] and words[-2:] == ["--out", "again"]
    run(*words[2:])
    assert checkpoints.load("again").users.frame["id"].tolist() == row["users"] == made.users.frame["id"].tolist()
    assert row["command"] == f"vasp-lens app {tmp_path}/again" and row["checkpoint_digest"] == made.digest


def test_users_are_taken_by_their_ids(home):
    frame = checkpoints.load("first").users.frame
    wanted = [frame["id"].iloc[-1], frame["id"].iloc[0]]
    row = json.loads(run("first", "--out", "named", "--user", wanted[0], "--user", wanted[1], "--k", "1", "--json"))
    assert sorted(row["users"]) == sorted(wanted)
    words = checkpoints.load("named").manifest["bundle"]["command"]
    assert f"--user {wanted[0]} --user {wanted[1]}" in words and "--users" not in words


def test_a_bundle_is_listed_as_one(home):
    run("first", "--out", "listed", "--users", "1", "--k", "1")
    listed = RUNNER.invoke(app, ["checkpoints", "--json"]).stdout
    assert {row["name"]: row["bundle"] for row in json.loads(listed) if row["name"] in ("first", "listed")} == {
        "first": False,
        "listed": True,
    }


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("first", "--out", "first"), BundleError, "holds no bundle: choose another --out"),
        (("first", "--out", "x", "--user", "nobody"), UnknownUserError, "There is no user 'nobody'"),
        (("demo", "--out", "first"), BundleError, "holds no bundle"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(home, words, error, said):
    with pytest.raises(error, match=said):
        RUNNER.invoke(app, ["bundle", *words], catch_exceptions=False)
    assert not checkpoints.load("first").is_bundle and not (home / "checkpoints" / "x").exists()


def test_where_torch_is_not_installed_lists_are_printed_and_the_rest_says_so_in_a_line(home, tmp_path):
    row = json.loads(run("first", "--out", "bare", "--users", "1", "--k", "1", "--json"))
    environment = {**os.environ, **site(tmp_path)}

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*VASP_LENS, *words], env=environment, capture_output=True, text=True)

    listed = typed("recommend", "bare", "--user", row["users"][0], "-k", "3", "--json")
    assert [each["rank"] for each in json.loads(listed.stdout)["recommendations"]] == [1, 2, 3], listed.stderr
    refused = typed("explain", "first", "--user", row["users"][0], "--item", "1")
    assert refused.returncode == 2
    assert refused.stderr == "torch is not installed here, and this asks a model: `pip install vasp-lens`.\n"


def test_commands_that_need_the_model_say_which_checkpoint_has_it(home):
    run("first", "--out", "mute", "--users", "1", "--k", "1")
    with pytest.raises(BundleError, match="holds stored answers and no model.*made of, first"):
        RUNNER.invoke(app, ["evaluate", "mute"], catch_exceptions=False)

"""`train`, `evaluate`, `recommend` and `checkpoints`, as they are typed."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from tests import trained
from tests.serving import hear_ctrl_c
from vasp_models.cli import app
from vasp_models.errors import VaspLensError

RUNNER = CliRunner()
TINY = [part for name, value in trained.TINY.items() for part in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a data set and a checkpoint, for all tests of this file."""
    folder = tmp_path_factory.mktemp("cli-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(folder))
        trained.dataset(folder / "datasets" / "planted")
        train("--out", "first")
        yield folder


def train(*more: str):
    common = ["train", "vasp", "--data", "planted", "--preset", "tiny", "--heldout", "20", "--epochs", "4", *TINY]
    return run(*common, "--device", "cpu", *more)


def run(*words: str) -> str:
    """Standard output of a command that must succeed."""
    result = RUNNER.invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    """The sentence of a command that must be refused."""
    with pytest.raises(VaspLensError) as error:
        RUNNER.invoke(app, words, catch_exceptions=False)
    return str(error.value)


def test_the_last_line_of_train_opens_the_dashboard_on_it(home):
    assert train("--out", "second").splitlines()[-1] == "vasp-lens app second"
    assert (home / "checkpoints" / "second" / "weights.safetensors").exists()


def test_a_path_is_taken_as_a_path(home, tmp_path):
    last = train("--out", f"{tmp_path}/mine").splitlines()[-1]
    assert last == f"vasp-lens app {tmp_path}/mine"
    assert json.loads(run("evaluate", f"{tmp_path}/mine", "--json"))["users"] == 20


def test_evaluate_prints_the_promised_json(home):
    row = json.loads(run("evaluate", "first", "--json"))
    assert list(row) == [
        "model", "dataset", "protocol", "split", "users", "ndcg@100", "recall@20", "recall@50", "coverage@100",
    ]  # fmt: skip
    assert (row["model"], row["dataset"], row["protocol"], row["split"]) == ("vasp", "planted", "liang", "test")
    assert set(row["ndcg@100"]) == {"mean", "se"}
    assert json.loads(run("evaluate", "first", "--split", "val", "--json"))["split"] == "val"


def test_evaluate_for_people_names_every_metric(home):
    shown = run("evaluate", "first")
    assert all(name in shown for name in ("ndcg@100", "recall@20", "recall@50", "coverage@100"))


def test_recommend_prints_the_promised_json(home):
    answer = json.loads(run("recommend", "first", "--history", "1, 3", "-k", "7", "--json"))
    assert answer["user"] is None
    assert answer["checkpoint"] == "first"
    rows = answer["recommendations"]
    assert [row["rank"] for row in rows] == list(range(1, 8))
    assert not {1, 3} & {row["item"] for row in rows}
    for row in rows:
        assert list(row["factors"]) == ["nease", "flvae_residual", "flvae_latent"]
        assert row["log_score"] == pytest.approx(sum(row["factors"].values()), abs=1e-6)
    about = answer["provenance"]
    assert about["command"] == "vasp-lens recommend first --history 1,3 -k 7 --json"
    again = json.loads(run(*shlex.split(about["command"])[1:]))
    assert again["recommendations"] == rows and again["provenance"]["checkpoint_digest"] == about["checkpoint_digest"]


def test_recommend_ranks_by_a_part(home):
    by = {
        part: run("recommend", "first", "--history", "1,3", "--rank-by", part, "--json") for part in ("nease", "flvae")
    }
    ranked = {part: json.loads(answer)["recommendations"] for part, answer in by.items()}
    nease = [row["factors"]["nease"] for row in ranked["nease"]]
    assert nease == sorted(nease, reverse=True)
    flvae = [row["factors"]["flvae_residual"] + row["factors"]["flvae_latent"] for row in ranked["flvae"]]
    assert flvae == sorted(flvae, reverse=True) and ranked["nease"] != ranked["flvae"]
    assert "--rank-by nease" in json.loads(by["nease"])["provenance"]["command"]
    assert "no part 'ease'" in refused("recommend", "first", "--history", "1", "--rank-by", "ease")


def test_recommend_for_a_user_knows_the_history(home):
    rows = json.loads(run("checkpoints", "--json"))
    assert "first" in [row["name"] for row in rows]
    wrong = refused("recommend", "first", "--user", "nobody")
    example = wrong.split("test users are ")[1].split(",")[0]
    answer = json.loads(run("recommend", "first", "--user", example, "--json"))
    assert answer["user"] == example
    assert len(answer["recommendations"]) == 20
    assert run("recommend", "first", "--user", example).count("\n") > 20


def test_the_demo_is_a_checkpoint_like_any_other(home):
    answer = json.loads(run("recommend", "demo", "--history", "1", "--json"))
    assert len(answer["recommendations"]) == 20


def test_one_held_out_user_has_no_standard_error_and_the_json_stays_valid(home):
    train("--out", "alone", "--heldout", "1")
    row = json.loads(run("evaluate", "alone", "--json"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert row["users"] == 1
    assert row["ndcg@100"]["se"] is None
    assert "±" not in run("checkpoints")


def test_a_relative_folder_is_named_so_that_it_is_found_again(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train("--out", "./here").splitlines()[-1] == f"vasp-lens app {tmp_path}/here"


def test_items_that_the_model_does_not_cover_are_named(home):
    from vasp_models import checkpoints

    wide = ("train", "vasp", "--data", "planted", "--preset", "authors", "--heldout", "20", "--epochs", "3")
    run(*wide, *TINY[:4], "--set", "batch_users=60", "--device", "cpu", "--out", "third")
    loaded = checkpoints.load("third")
    model = loaded.model()
    unknown = next(n for n in range(len(loaded.catalogue)) if n not in set(model.modelled.tolist()))
    history = str(loaded.catalogue.ids[unknown])
    assert f"Not seen by the model, which covers a part of the catalogue: {loaded.catalogue.titles[unknown]}." in run(
        "recommend", "third", "--history", history
    )
    everything = ",".join(str(loaded.catalogue.ids[n]) for n in model.modelled.tolist())
    assert "Nothing is left to recommend" in run("recommend", "third", "--history", everything)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "nosuch", "--data", "planted"), "Unknown model 'nosuch': expected one of vasp"),
        (("train", "vasp", "--data", "absent"), "no data set 'absent'.*vasp-lens data get"),
        (("train", "vasp", "--data", "planted", "--preset", "huge"), "no preset 'huge': expected one of paper"),
        (("train", "vasp", "--data", "planted", "--set", "depth"), "expected KEY=VALUE"),
        (("train", "vasp", "--data", "planted", "--set", "depth=3"), "Unknown setting 'depth'"),
        (("train", "vasp", "--data", "planted", "--protocol", "weak"), "Unknown protocol 'weak'"),
        (("train", "vasp", "--data", "planted", "--heldout", "5000"), "expected --heldout between"),
        (("train", "vasp", "--data", "planted", "--device", "abacus"), "Unknown device 'abacus'"),
        (("train", "vasp", "--data", "planted", "--heldout", "20", "--out", "demo"), "demo is not trained over"),
        (("train", "vasp", "--data", "planted", "--heldout", "20", "--resume"), "without --resume"),
        (("evaluate", "absent"), "no checkpoint 'absent'.*vasp-lens train"),
        (("evaluate", "first", "--split", "train"), "expected val or test"),
        (("recommend", "first"), "either --user ID or --history"),
        (("recommend", "first", "--history", "1,77777"), "'77777' is not in the catalogue"),
        (("train", "ease", "--data", "planted", "--heldout", "20", "--epochs", "3"), "has no epochs"),
        (("train", "vasp", "--data", "planted", "--heldout", "20", "--seed", "-1"), "--seed -1: expected"),
        (("train", "ease", "--data", "planted", "--set", "l2=-5"), "l2 is -5.0: expected a number from"),
    ],
)
def test_bad_input_gets_one_clear_sentence(home, words, sentence):
    import re

    message = refused(*words)
    assert re.search(sentence, message), message
    assert "\n" not in message


def test_a_refusal_is_one_line_on_stderr_and_exit_code_two(home):
    command = [sys.executable, "-m", "vasp_models.cli", "evaluate", "absent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "vasp-lens train" in done.stderr


def interrupted(home, name: str, *settings: str) -> tuple[int, str]:
    """Start a training far longer than the test, press Ctrl-C once a snapshot stands; exit code and what was said."""
    words = ["train", "vasp", "--data", "planted", "--preset", "tiny", "--heldout", "20", *TINY, "--device", "cpu"]
    command = [sys.executable, "-m", "vasp_models.cli", *words, "--out", name]
    command += [part for setting in settings for part in ("--set", setting)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=hear_ctrl_c
    )
    snapshot = home / "checkpoints" / f".{name}.training" / "state.json"
    deadline = time.monotonic() + 60
    while not snapshot.exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.0)  # into the middle of things
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    return running.returncode, said


def test_ctrl_c_in_a_real_process_keeps_the_best_epoch(home):
    code, said = interrupted(home, "stopped", "pretrain.epochs=1", "joint.epochs=4000")
    assert code == 0, said
    assert "Stopped early" in said
    assert said.splitlines()[-1] == "vasp-lens app stopped"
    folder = home / "checkpoints" / "stopped"
    assert json.loads((folder / "checkpoint.json").read_text())["provenance"]["finished"] is False
    saved = json.loads((folder / "metrics.json").read_text())["test"]
    again = json.loads(run("evaluate", "stopped", "--device", "cpu", "--json"))
    assert saved["ndcg@100"] == again["ndcg@100"]  # measured without the noise of the step that was interrupted
    state = json.loads((home / "checkpoints" / ".stopped.training" / "state.json").read_text())
    assert state["epoch"] == len(state["history"]) == len(json.loads((folder / "curve.json").read_text()))


def test_ctrl_c_before_there_is_a_model_says_how_to_go_on(home):
    code, said = interrupted(home, "early", "pretrain.epochs=4000", "joint.epochs=1")
    assert code == 130
    assert "the same command with --resume goes on" in said
    assert "Traceback" not in said
    state = json.loads((home / "checkpoints" / ".early.training" / "state.json").read_text())
    assert state["epoch"] == len(state["history"]) > 1  # the last finished epoch, not the last periodic snapshot
    assert not (home / "checkpoints" / "early").exists()

"""Two processes that train together come to what one comes to."""

from __future__ import annotations

from dataclasses import replace
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from vasp_models.cli import app
from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models import create, preset
from vasp_models.training import processes
from vasp_models.training.batches import Batch
from vasp_models.training.loop import Training
from vasp_models.training.options import Stage
from vasp_models.training.processes import Group
from vasp_models.training.state import TrainingState

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "vasp_models.cli")


def in_two(home, name: str, *words: str) -> tuple[str, dict]:
    """What the command prints in two processes, and the checkpoint's files."""
    environment = {**os.environ, "VASP_LENS_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *TORCHRUN, *arguments(name, *words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, written(home, name)


def in_one(home, name: str, *words: str) -> dict:
    """The checkpoint's files of the same command in this process alone."""
    done = CliRunner().invoke(app, arguments(name, *words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return written(home, name)


def arguments(name: str, *words: str) -> list[str]:
    return ["train", *words, "--data", "demo", "--preset", "tiny", "--out", name]


def written(home, name: str) -> dict:
    folder = home / "checkpoints" / name
    return {file: json.loads((folder / f"{file}.json").read_text()) for file in ("curve", "metrics", "checkpoint")}


def column(files: dict, name: str) -> np.ndarray:
    return np.array([row[name] for row in files["curve"]])


def test_without_noise_the_loss_curve_is_the_same(home):
    words = ("nease", "--epochs", "4", "--set", "batch_users=77")
    printed, two = in_two(home, "two", *words)
    one = in_one(home, "one", *words)
    assert np.abs(column(two, "loss") / column(one, "loss") - 1).max() < 1e-5
    assert np.abs(column(two, "ndcg@100") - column(one, "ndcg@100")).max() < 1e-3
    assert printed.count("Saved to") == 1, "one process speaks for both"
    assert two["checkpoint"]["provenance"]["processes"] == 2 and one["checkpoint"]["provenance"]["processes"] == 1


def test_with_noise_of_its_own_the_loss_curve_is_nearly_the_same(home):
    words = ("vasp", "--epochs", "6")
    two, one = in_two(home, "two", *words)[1], in_one(home, "one", *words)
    assert np.abs(column(two, "loss") / column(one, "loss") - 1).max() < 0.02
    assert len(set(column(two, "stage"))) == 2, "weights that stood still in the first stage move in the second"
    quality = [files["metrics"]["test"]["ndcg@100"]["mean"] for files in (two, one)]
    assert abs(quality[0] - quality[1]) < 0.02


@pytest.mark.parametrize(("n_rows", "size"), [(10, 2), (7, 3), (2, 4), (0, 2)])
def test_the_shares_are_all_rows_once(n_rows, size):
    rows = [row for rank in range(size) for row in range(n_rows)[Group(rank, size).share(n_rows)]]
    assert rows == list(range(n_rows))


def test_the_host_and_the_device_cut_the_same_share():
    known, target = (Interactions.from_lists([[0, n], [1], [2, 3, 4 + n], []], 9) for n in (1, 3))
    for part in (slice(0, 2), slice(1, 4), slice(3, 4), slice(2, 2)):
        of_host = Batch.of(known, target, torch.device("cpu"), part)
        of_device = Batch.of(known, target, torch.device("cpu")).part(part)
        assert torch.equal(of_host.bag.items, of_device.bag.items)
        assert torch.equal(of_host.bag.offsets, of_device.bag.offsets)
        assert all(map(torch.equal, of_host.targets, of_device.targets))
        assert of_host.weight == of_device.weight == (part.stop - part.start) / 4


@pytest.mark.parametrize("n_rows", [1, 2, 31])
def test_gradients_of_shares_average_to_that_of_all_rows(n_rows):
    """Each share's loss is weighed, so that shares of unequal length count by their rows; some may be empty."""
    settings, options = preset("nease", "tiny")
    train_on = synthetic.planted(users=31, background=20).likes.take(slice(0, n_rows))
    stage = replace(options.stages[0], batch_users=n_rows)
    histories, gradients = (train_on, train_on), []
    for size in (1, 3):
        model = create("nease", settings, train_on.n_items)
        model.train()
        for rank in range(size):
            training = Training(model, train_on, options, None, TrainingState(), Group(rank, size))
            training._together = model
            part = training.group.share(len(train_on))
            batch = Batch.of(*histories, torch.device("cpu"), part)
            loss, _ = training._loss(stage, batch, np.random.default_rng(0), torch.Generator(), 0.0, 0)
            (loss / size).backward()  # what the average over processes does
        gradients.append(model.nets["nease"].W.grad)
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-7)


def test_ctrl_c_ends_all_processes_after_an_epoch_and_keeps_the_best(home):
    words = arguments("stopped", "nease", "--epochs", "3000", "--set", "batch_users=500")
    environment = {**os.environ, "VASP_LENS_HOME": str(home), "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen([sys.executable, *TORCHRUN, *words], env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    began = time.monotonic()
    while not (home / "checkpoints" / ".stopped.training-2-of-2").exists():  # written after the first epoch
        assert running.poll() is None and time.monotonic() - began < 120, running.stderr.read()
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=120)
    files = written(home, "stopped")
    assert 1 <= len(files["curve"]) < 3000 and not files["checkpoint"]["provenance"]["finished"]
    left = [TrainingState.load(home / "checkpoints" / f".stopped.training-{rank}-of-2").epoch for rank in (1, 2)]
    assert left[0] == left[1] == len(files["curve"]), "all stopped after the same epoch"


def test_what_needs_one_process_is_refused_in_several():
    model, train_on = create("mf", *preset("mf", "tiny")[:1], 20), Interactions.from_lists([[0, 1]] * 5, 20)
    options = preset("mf", "tiny")[1]
    assert options.stages[0].negatives is not None
    with pytest.raises(SettingError, match="without torchrun"):
        Training(model, train_on, options, None, TrainingState(), Group(0, 2))._check_alone(options.stages[0])
    Training(model, train_on, options, None, TrainingState(), Group(0, 2))._check_alone(Stage("x", 1, ("net",)))


def test_alone_nothing_is_joined(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with processes.joined("cpu") as group:
        assert group == Group() == processes.current() and group.first

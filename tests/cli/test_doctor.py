"""`vasp-lens doctor`: the facts of the page on a terminal, and an exit code for scripts."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from vasp_models import checkpoints, diagnostics, places
from vasp_models.cli import app


def doctor(*arguments: str):
    return CliRunner().invoke(app, ["doctor", *arguments])


@pytest.fixture
def hurt(home):
    folder = places.checkpoint_folder("hurt")
    shutil.copytree(places.checkpoint_folder("demo"), folder)
    weights = folder / checkpoints.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])


def test_all_in_order_is_exit_code_0_and_the_text_to_copy(home):
    done = doctor("demo")
    assert done.exit_code == 0, done.output
    assert "Everything is in order" in done.stdout
    for name in ("Python", "numpy", "Memory of this process", "demo", "Device", "Cache", "MIT"):
        assert name in done.stdout


def test_json_holds_what_the_core_found(home):
    told = json.loads(doctor("demo", "--json", "--device", "cpu").stdout)
    expected = diagnostics.examine(["demo"]).records()
    assert told["sections"].keys() == expected["sections"].keys()
    assert told["sections"]["Checkpoints"] == expected["sections"]["Checkpoints"]
    device = next(check for check in told["sections"]["Machine"] if check["name"] == "Device")
    assert device["state"] == "in order" and "CPU" in device["fact"]


def test_a_problem_is_named_and_exit_code_1(hurt):
    done = doctor()
    assert done.exit_code == 1
    assert "needs attention: hurt" in done.stdout and checkpoints.WEIGHTS in done.stdout
    assert doctor("demo").exit_code == 0, "only what was asked for is looked at"


def test_verify_reads_every_file(home):
    done = doctor("demo", "--verify", "--json")
    files = json.loads(done.stdout)["sections"]["Files"]
    assert {check["name"] for check in files} == {f"demo/{n}" for n in checkpoints.load("demo").manifest["files"]}
    assert all(check["state"] == "in order" for check in files)


def test_a_device_that_is_absent_is_worth_knowing_and_an_unknown_one_an_error(home, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = doctor("demo", "--device", "cuda")
    assert done.exit_code == 0 and "no usable cuda device" in done.stdout
    assert doctor("demo", "--device", "gpu").exit_code != 0

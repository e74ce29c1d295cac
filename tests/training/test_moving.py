"""Weights in blocks move as whole ones do, and the best epoch may lie on the disk."""

from __future__ import annotations

from dataclasses import replace
import gc

import pytest
import torch
from torch import nn

from vasp_models import places
from vasp_models.data import synthetic
from vasp_models.models import create, preset
from vasp_models.training import moving, state
from vasp_models.training.options import Stage
from vasp_models.training.state import TrainingState

STAGES = (
    Stage("nadam", 1, ("net",), weight_decay=0.1),
    Stage("adam", 1, ("net",), optimizer="adam", penalty=0.01),
    Stage("sgd", 1, ("net",), optimizer="sgd", penalty=0.01),
    Stage("adagrad", 1, ("net",), optimizer="adagrad"),
)


def moved(stage: Stage) -> dict[str, torch.Tensor]:
    """A layer and a number after three steps on gradients of their own."""
    dice = torch.Generator().manual_seed(3)
    net = nn.Linear(7, 11)
    net.scale = nn.Parameter(torch.tensor(2.0))
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=dice))
    optimizer = moving.optimizer(net, stage, "net")
    for _ in range(3):
        for weight in net.parameters():
            weight.grad = torch.randn(weight.shape, generator=dice)
        optimizer.step()
        net.zero_grad()
        assert all(each.grad is None for group in optimizer.param_groups for each in group["params"])
    return net.state_dict()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.optimizer)
def test_blocks_move_as_the_whole_matrix_does(stage, monkeypatch):
    whole = moved(stage)
    monkeypatch.setattr(moving, "BLOCK", 20)  # two rows of seven
    blocks = moved(stage)
    assert len(whole) == 3 and all(torch.equal(values, blocks[name]) for name, values in whole.items())


def test_a_matrix_is_cut_into_rows_that_are_all_of_it(monkeypatch):
    monkeypatch.setattr(moving, "BLOCK", 20)
    net = nn.Linear(7, 11)
    blocks = moving.Blocks(list(net.parameters()))
    assert [len(block) for block in blocks.weights] == [2] * 5 + [1, 11]
    assert torch.equal(torch.cat(blocks.weights[:6]), net.weight)
    with torch.no_grad():
        blocks.weights[5].fill_(5.0)
    assert (net.weight[10] == 5.0).all()


def trained(home) -> tuple[torch.nn.Module, TrainingState]:
    likes = synthetic.planted(300).likes
    settings, options = preset("vasp", "tiny")
    model, kept = create("vasp", settings, likes.n_items), TrainingState()
    values = iter((0.1, 0.3, 0.2, 0.1))  # the second joint epoch is the best
    stages = tuple(replace(stage, epochs=1 if number == 0 else 3) for number, stage in enumerate(options.stages))
    list(model.fit_epochs(likes, replace(options, stages=stages), lambda score: {"ndcg@100": next(values)}, kept))
    return model, kept


def test_the_best_epoch_of_a_large_model_is_kept_on_the_disk(home, monkeypatch):
    usual, copied = trained(home)
    monkeypatch.setattr(state, "_COPIED_UP_TO", 0)
    large, kept = trained(home)
    assert isinstance(kept.best, state.OnDisk) and not isinstance(copied.best, state.OnDisk)
    assert kept.best_epoch == copied.best_epoch == 2
    for name, values in usual.state_dict().items():
        assert torch.equal(values, large.state_dict()[name]), name
    assert len(list(places.scratch().iterdir())) == 1, "of the epochs that were the best, only the last is left"
    kept.save(home / "state")
    again = TrainingState.load(home / "state")
    assert all(torch.equal(values, kept.best[name]) for name, values in again.best.items())
    del kept, large
    gc.collect()
    assert not list(places.scratch().iterdir())


def test_without_room_on_the_disk_it_stays_in_memory(home, monkeypatch):
    monkeypatch.setattr(state, "_COPIED_UP_TO", 0)
    monkeypatch.setattr(state.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    kept = trained(home)[1]
    assert kept.best and not isinstance(kept.best, state.OnDisk)


def test_where_the_cache_cannot_be_written_it_stays_in_memory(home, monkeypatch):
    monkeypatch.setattr(state, "_COPIED_UP_TO", 0)
    (home / "cache").write_text("in the way of a folder")
    kept = trained(home)[1]
    assert kept.best and not isinstance(kept.best, state.OnDisk)

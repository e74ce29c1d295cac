"""A matrix in columns over two processes answers and learns as the whole one does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.models import create, preset
from vasp_models.models.vasp import Product
from vasp_models.training import processes
from vasp_models.training.batches import Batch
from vasp_models.training.columns import Columns
from vasp_models.training.loop import Training
from vasp_models.training.options import Turn
from vasp_models.training.processes import Group
from vasp_models.training.state import TrainingState

USERS, SIZE = 33, 2  # neither users nor items fall into equal shares


def likes() -> Interactions:
    found = synthetic.planted(users=USERS, background=21).likes
    assert found.n_items % SIZE and len(found) % SIZE
    return found


def product(name: str) -> Product:
    return create(name, preset(name, "tiny")[0], likes().n_items).eval()


def gradients(model: Product, group: Group) -> dict[str, torch.Tensor]:
    """Of one batch of all users, by its loss without noise; `model` is left as it was."""
    options = preset("vasp", "tiny")[1]
    training = Training(model, likes(), options, None, TrainingState(), group)
    if group.size > 1:
        training._spread = [f"nets.{part}.{name}" for part, net in model.nets.items() for name in net.spread(group)]
    stage = options.stages[-1]
    stage = type(stage)(stage.name, 1, tuple(model.nets), learning_rate=1e-3, optimizer="sgd")
    optimizers = training.prepared(stage)
    batch = Batch.of(likes(), likes(), torch.device("cpu"), group.share(USERS))
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    model.train()
    for net in model.nets.values():  # the mean of the latents instead of draws, which differ between processes
        if hasattr(net, "encoder"):
            net.eval()
    training.step(stage, Turn(""), optimizers, batch, (None, torch.Generator()), 0)
    model.eval()
    return {name: before[name] - value.detach() for name, value in model.named_parameters()}


NAMES = ("nease", "vasp")


def work(rank: int, folder: str) -> None:
    """One process: what each model answers, and how its weights move in a step."""
    distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=SIZE)
    torch.set_num_threads(1)
    for name in NAMES:
        torch.save(found(name), f"{folder}/{name}-{rank}")
    distributed.destroy_process_group()


def found(name: str) -> dict:
    group, model = processes.current(), product(name)
    moved = gradients(model, group)
    net = model.nets["nease"]
    assert net.W.shape == (likes().n_items, net.columns.own.stop - net.columns.own.start), "a share is kept"
    answered = model.log_factors(likes())
    net.gather()
    assert net.columns is None and (net.W.diagonal() == 0).all()
    moved["nets.nease.W"] = Columns(likes().n_items, group).whole(moved["nets.nease.W"])
    return {"moved": moved, "answered": torch.from_numpy(answered), "after": model.state_dict()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What two processes found."""
    made = tmp_path_factory.mktemp("columns")
    multiprocessing.spawn(work, (str(made),), SIZE)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_with_half_of_the_columns_each(name, folder):
    both = [torch.load(folder / f"{name}-{rank}", weights_only=True) for rank in range(SIZE)]
    model = product(name)
    moved = gradients(model, Group())
    for each in both:
        for weight, step in moved.items():
            assert step.abs().max() > 0, weight
            assert torch.allclose(each["moved"][weight], step, rtol=1e-4, atol=1e-7), weight
        assert torch.allclose(each["answered"], torch.from_numpy(model.log_factors(likes())), atol=1e-5)
        assert torch.equal(each["after"]["nets.nease.W"], both[0]["after"]["nets.nease.W"])


@pytest.mark.parametrize(("n_items", "size"), [(10, 2), (7, 3), (2, 4)])
def test_the_columns_of_all_are_the_matrix(n_items, size):
    matrix = torch.arange(float(3 * n_items)).view(3, n_items)
    parts = [Columns(n_items, Group(rank, size)) for rank in range(size)]
    assert torch.equal(torch.cat([each.cut(matrix) for each in parts], dim=1), matrix)
    assert all([each.own.stop - each.own.start for each in parts] == one.widths for one in parts)


def test_a_part_without_such_a_matrix_stays_whole():
    for name in ("flvae", "multvae"):
        model = create(name, preset(name, "tiny")[0], 20)
        before = json.dumps({key: list(value.shape) for key, value in model.state_dict().items()})
        assert [net.spread(Group(1, 2)) for net in model.nets.values()] == [()]
        for net in model.nets.values():
            net.gather()
        assert json.dumps({key: list(value.shape) for key, value in model.state_dict().items()}) == before

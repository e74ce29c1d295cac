"""Batches cut where the model is: the same users, halves and targets as the host cuts, in draws of the device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.models import create, preset
from vasp_models.training.batches import steps_per_epoch
from vasp_models.training.loop import Training
from vasp_models.training.on_device import Resident, possible
from vasp_models.training.options import Stage

TRAIN = synthetic.planted(users=23, background=20).likes
HALVES = Stage("halves", 1, ("nease",), batch_users=10)


def rows_of(bag) -> list[set[int]]:
    items, offsets = bag.items.tolist(), bag.offsets.tolist()
    found = [items[start:stop] for start, stop in zip(offsets, offsets[1:], strict=False)]
    assert all(len(set(row)) == len(row) for row in found)
    return [set(row) for row in found]


def targets_of(batch) -> list[set[int]]:
    rows, items = batch.targets
    return [set(items[rows == row].tolist()) for row in range(len(batch.bag))]


def batches(stage=HALVES, seed=0):
    resident = Resident.of(TRAIN, torch.device("cpu"))
    return list(resident.batches(stage, torch.Generator().manual_seed(seed)))


def test_every_user_is_seen_once_in_each_direction():
    found = batches()
    assert len(found) == steps_per_epoch(TRAIN, HALVES) == 3
    histories = sorted(sorted(TRAIN.row(user).tolist()) for user in range(len(TRAIN)))
    seen, told = {"first": [], "second": []}, []
    for number, batch in enumerate(found):
        known, target = rows_of(batch.bag), targets_of(batch)
        upper = [10, 10, 3][number]
        assert len(known) == upper + [10, 3, 10][number]
        for row, (one, other) in enumerate(zip(known, target, strict=True)):
            assert not one & other
            half = "first" if row < upper else "second"
            n = len(one) + len(other)
            assert len(one) == (n // 2 if half == "first" else n - n // 2)
            seen[half].append(sorted(one | other))
        told.append(known)
    assert sorted(seen["first"]) == sorted(seen["second"]) == histories


def test_both_directions_of_a_user_have_the_same_halves():
    forwards, backwards = {}, {}
    for batch in batches():
        upper = {10: 10, 23: 10, 20: 10, 13: None}[len(batch.bag)] or (10 if len(forwards) < 20 else 3)
        for row, (one, other) in enumerate(zip(rows_of(batch.bag), targets_of(batch), strict=True)):
            place = forwards if row < upper else backwards
            place[frozenset(one | other)] = (one, other)
    assert len(forwards) > 15
    assert all(backwards[whole] == (other, one) for whole, (one, other) in forwards.items())


def test_whole_histories_are_their_own_targets():
    found = batches(replace(HALVES, inputs="full"))
    assert [len(batch.bag) for batch in found] == [10, 10, 3]
    rows = [row for batch in found for row in rows_of(batch.bag)]
    assert sorted(map(sorted, rows)) == sorted(sorted(TRAIN.row(user).tolist()) for user in range(len(TRAIN)))
    assert all(rows_of(batch.bag) == targets_of(batch) for batch in found)


def test_the_seed_decides_and_every_epoch_differs():
    resident, generator = Resident.of(TRAIN, torch.device("cpu")), torch.Generator().manual_seed(3)
    first, second = (next(iter(resident.batches(HALVES, generator))).bag.items for _ in range(2))
    assert torch.equal(first, batches(seed=3)[0].bag.items)
    assert not (len(first) == len(second) and torch.equal(first, second))


def test_an_item_goes_to_either_half_as_often():
    train = Interactions.from_lists([range(6)] * 400, 6)
    resident = Resident.of(train, torch.device("cpu"))
    (batch,) = resident.batches(replace(HALVES, batch_users=400), torch.Generator().manual_seed(0))
    first = np.bincount(batch.bag.items[: 3 * 400].numpy(), minlength=6) / 400
    assert np.abs(first - 0.5).max() < 0.1  # four standard errors


@pytest.mark.parametrize(
    ("stage", "train"),
    [
        (replace(HALVES, loss="mse", negatives=4), TRAIN),
        (HALVES, TRAIN.numbered()),
        (HALVES, replace(TRAIN, values=np.ones(TRAIN.n_pairs, np.float32))),
        (replace(HALVES, inputs="full", loss="softmax", following=1), TRAIN),
    ],
)
def test_what_needs_more_than_items_is_cut_by_the_host(stage, train):
    assert possible(TRAIN, HALVES)
    assert not possible(train, stage)


def resident(training, stage, rng, dice):
    return training.resident.batches(stage, torch.Generator().manual_seed(dice))


def test_a_model_learns_from_them_as_from_those_of_the_host(monkeypatch):
    settings, options = preset("vasp", "tiny")
    train = synthetic.planted(users=300, background=20).likes
    losses = []
    for where in ("host", "device"):
        if where == "device":
            monkeypatch.setattr(Training, "_batches", resident)
        model = create("vasp", settings, train.n_items)
        losses.append([epoch.loss for epoch in model.fit_epochs(train, options)])
    first, last = np.array(losses)[:, 0], np.array(losses)[:, -1]
    assert np.abs(first[1] / first[0] - 1) < 0.05 and np.abs(last[1] / last[0] - 1) < 0.05
    assert (last < first).all()

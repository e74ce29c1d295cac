"""The A/B halves of section III-D, and batches that use every user."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vasp_models.data.interactions import Interactions
from vasp_models.training.batches import Bag, epoch_batches, halves, steps_per_epoch
from vasp_models.training.options import Stage

STAGE = Stage("s", 1, ("flvae",), batch_users=4)


@pytest.fixture
def train() -> Interactions:
    rng = np.random.default_rng(5)
    return Interactions.from_lists([rng.choice(40, size, replace=False) for size in range(5, 16)], 40)


def test_halves_are_exact_disjoint_and_complete(train):
    a, b = halves(train, np.random.default_rng(0))
    for row in range(len(train)):
        assert sorted([*a.row(row), *b.row(row)]) == sorted(train.row(row))  # eq. 11
        assert len(a.row(row)) == len(train.row(row)) // 2  # eq. 12


def test_halves_are_drawn_anew_and_repeat_with_the_seed(train):
    first, second = halves(train, np.random.default_rng(1)), halves(train, np.random.default_rng(2))
    again = halves(train, np.random.default_rng(1))
    assert (first[0].indices == again[0].indices).all()
    assert (first[0].indices != second[0].indices).any()


def test_every_pair_of_items_is_parted_about_half_of_the_time():
    train = Interactions.from_lists([range(10)] * 2000, 10)
    a, _ = halves(train, np.random.default_rng(0))
    together = sum((0 in a.row(r)) == (1 in a.row(r)) for r in range(2000)) / 2000
    assert together == pytest.approx(4 / 9, abs=0.04)  # 2 * C(8, 3) / C(10, 5)


def test_an_epoch_of_halves_shows_each_user_once_in_each_direction(train):
    seen = []
    for known, target in epoch_batches(train, STAGE, np.random.default_rng(3)):
        for row in range(len(known)):
            assert not set(known.row(row)) & set(target.row(row))
            seen.append(tuple(sorted([*known.row(row), *target.row(row)])))
    histories = [tuple(sorted(train.row(row))) for row in range(len(train))]
    assert sorted(seen) == sorted(histories * 2)


def test_an_epoch_of_full_histories_shows_each_user_once(train):
    stage = replace(STAGE, inputs="full")
    batches = list(epoch_batches(train, stage, np.random.default_rng(3)))
    assert len(batches) == steps_per_epoch(train, stage) == 3
    assert sum(len(known) for known, _ in batches) == len(train)


def test_dropout_keeps_the_expected_weight():
    bag = Bag.of(Interactions.from_lists([range(500)] * 40, 500))
    dropped = bag.dropped(0.5, torch.Generator().manual_seed(0))
    assert set(dropped.weights.tolist()) == {0.0, 2.0}
    assert float(dropped.weights.mean()) == pytest.approx(1.0, abs=0.03)
    assert bag.dropped(0.0, torch.Generator()) is bag

"""Ratings and user numbers reach the model and the loss, each with its own row and item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.data.test_rating_splits import dataset, made_up
from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.ratings import Ratings
from vasp_models.models.network import NET, Net, Network, schedule
from vasp_models.training.batches import Bag, epoch_batches, halves, stacked
from vasp_models.training.options import Stage

STAGE = Stage("only", 1, (NET,), inputs="full", negatives=0, loss="mse", batch_users=7, optimizer="adam")


@dataclass(frozen=True)
class BiasSettings:
    """How many users there are."""

    users: int = 40


class Biases(Net):
    """The mean of the user's ratings, a bias of the user by number, one of the item; keeps what it was asked."""

    def __init__(self, settings: BiasSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.user = nn.Parameter(torch.zeros(settings.users))
        self.item = nn.Parameter(torch.zeros(n_items))
        self.asked: list[tuple] = []

    def forward(self, x, noise, targets=None) -> Tensor:
        items = self.item if targets is None else self.item[targets]
        return self._of_rows(x)[:, None] + items

    def at_pairs(self, x, noise, rows: Tensor, items: Tensor, parts: tuple[str, ...] = ()) -> Tensor:
        self.asked.append((x, rows, items))
        return self._of_rows(x)[rows, None] + self.item[items]

    def _of_rows(self, x) -> Tensor:
        means = x.times(torch.ones(len(self.item), 1))[:, 0] / x.lengths.clamp_min(1)
        return means + self.user[x.users]


class BiasModel(Network):
    """Such a net as a recommender."""

    Settings = BiasSettings
    Net = Biases


@pytest.fixture
def train() -> Interactions:
    rng = np.random.default_rng(0)
    likes = Interactions.from_lists([rng.choice(12, rng.integers(1, 9), replace=False) for _ in range(40)], 12)
    user, item = rng.normal(size=40), rng.normal(size=12)
    values = (3 + user[likes.row_numbers] + item[likes.indices]).astype(np.float32)
    return Interactions(likes.indptr, likes.indices, 12, users=rng.permutation(40), values=values)


def triples(histories: Interactions) -> set[tuple]:
    users = histories.users[histories.row_numbers]
    return {(int(u), int(i), float(v)) for u, i, v in zip(users, histories.indices, histories.values, strict=True)}


def of_bag(bag: Bag) -> set[tuple]:
    return set(zip(bag.users[bag.rows].tolist(), bag.items.tolist(), bag.weights.tolist(), strict=True))


def test_chosen_rows_and_halves_keep_users_and_ratings(train):
    everything = triples(train)
    rows = np.random.default_rng(1).permutation(40)[:15]
    chosen = train.take(rows)
    assert chosen.users.tolist() == train.users[rows].tolist() and triples(chosen) < everything
    first, second = halves(train, np.random.default_rng(2))
    assert triples(first) | triples(second) == everything and not triples(first) & triples(second)
    assert triples(stacked(first, second)) == everything
    for inputs in ("full", "halves"):
        stage = Stage("only", 1, (NET,), inputs=inputs, batch_users=7)
        batches = list(epoch_batches(train, stage, np.random.default_rng(3)))
        assert set().union(*(triples(known) for known, _ in batches)) == everything
        assert set().union(*(triples(target) for _, target in batches)) == everything
        assert all((known.users == target.users).all() for known, target in batches)


def test_a_bag_weighs_items_with_their_ratings_and_knows_its_users(train):
    bag = Bag.of(train)
    assert of_bag(bag) == triples(train)
    sums = np.bincount(train.row_numbers, weights=train.values)
    assert np.allclose(bag.dense(12).sum(dim=1), sums, atol=1e-4)
    left = bag.dropped(0.5, torch.Generator().manual_seed(0))
    kept = left.weights != 0
    assert 0 < kept.sum() < len(kept) and torch.allclose(left.weights[kept], 2 * bag.weights[kept])
    assert left.users is bag.users and left.scaled(torch.full((40,), 3.0)).users is bag.users


def test_the_loss_meets_every_rating_once_an_epoch_in_its_own_row(train):
    model = BiasModel(BiasSettings(), 12)
    epochs = list(model.fit_epochs(train, schedule(STAGE)))
    asked = model.net.asked
    assert len(asked) == 6  # of 40 users in sevens
    met = [
        (int(user), int(item))
        for x, rows, items in asked
        for user, item in zip(x.users[rows].tolist(), items[:, 0].tolist(), strict=True)
    ]
    assert sorted(met) == sorted((user, item) for user, item, _ in triples(train))
    assert set().union(*(of_bag(x) for x, _, _ in asked)) == triples(train)
    assert all(items.shape == (len(rows), 1) for _, rows, items in asked)  # no sampled negatives
    assert len(epochs) == 1


def test_ratings_are_learnt_by_user_and_item(train):
    model = BiasModel(BiasSettings(), 12)
    model.fit(train, schedule(STAGE, batch_users=40, epochs=300, learning_rate=0.05))
    predicted = model.score(train)[train.row_numbers, train.indices]
    assert float(np.sqrt(np.mean((predicted - train.values) ** 2))) < 0.05
    turned = Interactions(train.indptr, train.indices, 12, users=train.users[::-1].copy(), values=train.values)
    wrong = model.score(turned)[train.row_numbers, train.indices]
    assert float(np.sqrt(np.mean((wrong - train.values) ** 2))) > 0.3  # it is the user's number that it goes by


def test_the_epoch_of_the_least_validation_rmse_is_kept(tmp_path):
    task = Ratings.of(dataset(tmp_path / "d", made_up(users=40, items=12, each=9)))
    model, seen = BiasModel(BiasSettings(), task.train.n_items), []
    stage = schedule(STAGE, epochs=40, learning_rate=1.0)  # far too fast: it learns the noise
    for epoch in model.fit_epochs(task.train, stage, task.validate):
        seen.append(epoch.metrics["rmse"])
    assert task.validate(model.score)["rmse"] == pytest.approx(min(seen), abs=1e-6)
    assert min(seen) != seen[-1], "the last epoch is the best, so this tells nothing"

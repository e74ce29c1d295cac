"""Outputs as input and target of a second update."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models import create, preset
from vasp_models.models.deeprec import DeepRecSettings
from vasp_models.models.settings import override
from vasp_models.training.batches import Bag, Dense
from vasp_models.training.options import Stage, TrainOptions

ROWS = Interactions.from_lists([[0, 2], [], [1, 2, 4]], 5)
STAGE = Stage(
    "s", 1, ("net",), inputs="full", batch_users=60, loss="mse", refeed=True, optimizer="sgd", learning_rate=1e-3
)


def test_dense_rows_answer_as_the_same_rows_in_a_bag_do():
    bag, matrix = Bag.of(ROWS), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    dense, columns, factors = Dense(bag.dense(5)), torch.tensor([2, 0]), torch.tensor([2.0, 1.0, 0.5])
    assert len(dense) == len(bag)
    assert torch.allclose(dense.times(matrix), bag.times(matrix))
    assert torch.allclose(dense.times(matrix, columns), bag.times(matrix, columns))
    assert torch.equal(dense.scaled(factors).dense(5), bag.scaled(factors).dense(5))


@pytest.mark.parametrize("negatives", [None, 0])
def test_a_step_with_refeeding_is_two_updates(negatives):
    """Against the two updates written out, with the momentum of SGD, in double precision."""
    histories, _ = synthetic.checkerboard()
    model = create("deeprec", DeepRecSettings(8, 1, 8, dropout=0.0), histories.n_items).double()
    by_hand = deepcopy(model)
    stage = replace(STAGE, negatives=negatives)
    model.fit(histories, TrainOptions((stage,), precision="fp32"))
    x = torch.from_numpy(histories.csr(np.float64).toarray())
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=stage.learning_rate, momentum=0.9)
    first = by_hand.net(Dense(x), None)
    wrong = (first - x).square()
    loss = wrong.sum() / len(x) if negatives is None else wrong[x > 0].mean()
    _update(optimizer, loss)
    fed = first.detach()
    wrong = (by_hand.net(Dense(fed), None) - fed).square()
    _update(optimizer, wrong.sum() / len(x) if negatives is None else wrong.mean())
    for name, value in by_hand.state_dict().items():
        assert torch.allclose(model.state_dict()[name], value, atol=1e-6), name


def _update(optimizer, loss) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_a_loss_that_runs_away_is_an_error_that_says_what_to_try():
    histories, _ = synthetic.checkerboard()
    model = create("deeprec", DeepRecSettings(8, 1, 8), histories.n_items)
    stage = replace(STAGE, learning_rate=5.0, epochs=20)
    with pytest.raises(SettingError, match="learning_rate"):
        model.fit(histories, TrainOptions((stage,), precision="fp32"))


def test_refeeding_is_for_the_squared_error():
    with pytest.raises(SettingError, match="mse"):
        replace(STAGE, loss="softmax")


def test_ratings_are_learnt_from_what_was_rated_alone():
    """Two tastes rate two halves of the items 5 and 1; a few ratings of a new user tell which taste it is."""
    rng = np.random.default_rng(0)
    taste = np.arange(200) % 2
    stars = np.where((np.arange(20) < 10) == (taste[:, None] == 0), 5.0, 1.0)
    rows = [np.sort(rng.permutation(20)[:8]) for _ in taste]
    likes = Interactions.from_lists(rows, 20)
    values = np.concatenate([stars[user, row] for user, row in enumerate(rows)]).astype(np.float32)
    rated = replace(likes, values=values)
    settings = DeepRecSettings(hidden=32, layers=1, code=32, dropout=0.2)
    options = preset("deeprec", "ratings")[1]
    stage = replace(options.stages[0], batch_users=20, epochs=40, learning_rate=2e-3)
    model = create("deeprec", settings, 20)
    model.fit(rated, replace(options, stages=(stage,)))
    error = model.score(rated) - stars
    assert np.sqrt(np.square(error).mean()) < 1.2  # of all, rated or not; 2.0 is what the mean rating would give


@pytest.mark.parametrize("name", ["mf", "cdae"])
def test_outputs_are_fed_back_to_models_that_know_their_users(name):
    histories, _ = synthetic.checkerboard()
    settings, options = override(*preset(name, "tiny"), {"refeed": "true", "loss": "mse", "epochs": "2"})
    model = create(name, settings, histories.n_items)
    model.fit(histories, options)
    assert np.isfinite(model.score(histories)).all()

"""Sampled negatives: never what the user has, the same for the same generator, uniform over the rest."""

from __future__ import annotations

import numpy as np
import pytest

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.training.negatives import with_negatives
from vasp_models.training.options import Stage

KNOWN = Interactions.from_lists([[0, 1], [5]], 8)
TARGET = Interactions.from_lists([[2], [3, 4]], 8)


def test_each_target_stands_beside_items_that_the_user_does_not_have():
    rows, items, values = with_negatives(KNOWN, TARGET, 50, np.random.default_rng(0))
    assert rows.tolist() == [0, 1, 1]
    assert items[:, 0].tolist() == [2, 3, 4]
    assert values[:, 0].tolist() == [1, 1, 1]
    assert not values[:, 1:].any()
    assert set(items[0, 1:]) == {3, 4, 5, 6, 7}
    assert set(items[1:, 1:].ravel()) == {0, 1, 2, 6, 7}


def test_negatives_are_uniform_over_what_is_left():
    _, items, _ = with_negatives(KNOWN, TARGET, 20_000, np.random.default_rng(1))
    share = np.bincount(items[0, 1:], minlength=8)[3:] / 20_000
    assert np.abs(share - 0.2).max() < 0.02


def test_ratings_are_the_values_of_their_pairs():
    rated = Interactions(TARGET.indptr, TARGET.indices, 8, values=np.array([3.0, 5.0, 1.0], np.float32))
    _, items, values = with_negatives(rated, rated, 0, np.random.default_rng(0))
    assert items.shape == (3, 1)
    assert values.ravel().tolist() == [3.0, 5.0, 1.0]


@pytest.mark.parametrize(("loss", "negatives"), [("softmax", 4), ("bpr", None), ("focal", 0)])
def test_losses_of_rows_and_of_pairs_are_told_apart(loss, negatives):
    with pytest.raises(SettingError, match=f"The loss {loss} of stage 'x' does not go with negatives={negatives}"):
        Stage("x", 1, ("net",), loss=loss, negatives=negatives)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"inputs": "full", "mask_inputs": True}, "leave its own targets out"),
        ({"loss": "bpr", "negatives": 0}, "compares with nothing"),
        ({"penalty": 0.1}, "would not use its penalty"),
        ({"optimizer": "adam", "penalty": 0.1, "weight_decay": 0.1}, "would not use its penalty"),
        ({"optimizer": "sgd", "weight_decay": 0.1}, "would not use its weight_decay"),
        ({"optimizer": "adagrad", "weight_decay": 0.1}, "would not use its weight_decay"),
    ],
)
def test_a_choice_that_would_do_nothing_or_harm_is_refused(choice, said):
    with pytest.raises(SettingError, match=said):
        Stage("x", 1, ("net",), **choice)

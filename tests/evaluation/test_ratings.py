"""Errors of predicted ratings: against hand-reckoned values, a bootstrap over users, and models with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.data.test_rating_splits import dataset, made_up
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.evaluation import ratings as measured
from vasp_models.evaluation.ratings import RatingErrors, Ratings
from vasp_models.evaluation.tasks import HasRatings


@pytest.fixture(scope="module")
def task(tmp_path_factory) -> Ratings:
    return Ratings.of(dataset(tmp_path_factory.mktemp("ratings") / "d", made_up(users=80)))


def answers(task: Ratings) -> np.ndarray:
    """The rating of each user and item, NaN where there is none."""
    table = np.full((len(task.train), task.train.n_items), np.nan)
    for part in (task.train, task.split.val, task.split.test):
        table[part.row_numbers, part.indices] = part.values
    return table


def scorer(table: np.ndarray):
    def score(histories: Interactions, candidates: np.ndarray) -> np.ndarray:
        return table[histories.users[:, None], candidates]

    return score


def errors(counts, squared, absolute=None) -> RatingErrors:
    nothing = np.zeros(len(counts))
    sums = [np.asarray(each, dtype=float) for each in (counts, counts, squared, absolute or squared)]
    return RatingErrors(*sums, nothing, nothing, nothing)


def test_errors_reckoned_by_hand():
    found = errors([2, 1, 0], [5.0, 4.0, 0.0], [3.0, 2.0, 0.0]).summary()
    assert found["ratings"] == 3 and found["users"] == 2
    assert found["rmse"]["mean"] == pytest.approx(math.sqrt(3)) and found["mae"]["mean"] == pytest.approx(5 / 3)
    # Deviations of the mean square: (5 - 2 x 3) / 3 and (4 - 3) / 3; two users; the root's slope is 1 / (2 sqrt 3).
    assert found["rmse"]["se"] == pytest.approx(math.sqrt(2 * 2 / 9) / (2 * math.sqrt(3)))
    assert errors([1], [4.0]).summary()["rmse"] == {"mean": 2.0, "se": None}


def test_the_standard_errors_are_those_of_a_bootstrap_over_users():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 30, 500)
    harder = rng.gamma(4.0, 0.25, 500)  # users differ, so their ratings are no independent draws
    one, other = (errors(counts, rng.gamma(counts) * harder * size) for size in (1.0, 0.8))
    draws = []
    for _ in range(2000):
        chosen = rng.integers(500, size=500)
        draws.append([each.squared[chosen].sum() / each.counts[chosen].sum() for each in (one, other)])
    first, second = np.sqrt(np.array(draws)).T
    assert one.summary()["rmse"]["se"] == pytest.approx(first.std(), rel=0.08)
    assert one.difference(other)["se"] == pytest.approx((first - second).std(), rel=0.08)
    assert one.difference(other)["mean"] == pytest.approx(one.rmse - other.rmse)
    assert one.difference(one) == {"mean": 0.0, "se": 0.0}


def test_errors_of_other_ratings_are_not_compared(task):
    with pytest.raises(DataError, match="of different ratings"):
        errors([2, 1], [1.0, 1.0]).difference(errors([1, 2], [1.0, 1.0]))
    right = scorer(answers(task))
    with pytest.raises(DataError, match="of different ratings"):
        task.measure(right, "val").difference(task.measure(right, "test"))


@pytest.mark.parametrize("part", ["val", "test"])
def test_each_prediction_meets_its_own_rating(task, part, monkeypatch):
    table = answers(task)
    assert task.measure(scorer(table), part).rmse == 0.0
    held_out = getattr(task.split, part)
    off = np.random.default_rng(1).normal(size=table.shape) / 10
    predicted = np.clip(table + off, 0.5, 5)[held_out.row_numbers, held_out.indices]
    expected = float(np.sqrt(np.mean((predicted - held_out.values) ** 2)))
    whole = task.measure(scorer(table + off), part)
    assert whole.rmse == pytest.approx(expected)
    monkeypatch.setattr(measured, "BATCH", 7)
    assert task.measure(scorer(table + off), part).rmse == pytest.approx(expected)
    if part == "val":
        assert task.validate(scorer(table + off)) == {"rmse": pytest.approx(expected)}


def test_predictions_are_cut_to_the_scale_and_every_report_has_the_global_mean(task):
    values, mean = task.split.test.values, task.train.values.mean(dtype=float)
    shape = len(task.train), task.train.n_items
    far, low = task.measure(scorer(np.full(shape, 99.0)), "test"), task.measure(scorer(np.full(shape, -99.0)), "test")
    assert far.rmse == pytest.approx(np.sqrt(np.mean((5 - values) ** 2)))
    assert low.rmse == pytest.approx(np.sqrt(np.mean((0.5 - values) ** 2)))
    beside = far.summary()["global_mean"]
    assert beside["rmse"]["mean"] == pytest.approx(np.sqrt(np.mean((mean - values) ** 2)))
    assert beside["mae"]["mean"] == pytest.approx(np.abs(mean - values).mean())


def test_where_a_model_has_no_number_the_global_mean_stands_and_is_counted(task):
    table = answers(task)
    some = task.split.test.indices[0]
    table[:, some] = -np.inf
    found = task.measure(scorer(table), "test")
    rated = task.split.test.item_counts[some]
    assert found.summary()["replaced"] == rated > 0
    at = task.split.test.values[task.split.test.indices == some]
    assert found.squared.sum() == pytest.approx(((at - task.train.values.mean(dtype=float)) ** 2).sum())


def test_a_model_reads_train_ratings_alone(task):
    seen = []

    def score(histories: Interactions, candidates: np.ndarray) -> np.ndarray:
        seen.append(histories)
        return np.zeros(candidates.shape)

    task.measure(score, "test")
    for histories in seen:
        expected = task.train.take(histories.users)
        assert np.array_equal(histories.indices, expected.indices)
        assert np.array_equal(histories.values, expected.values)
    assert isinstance(task, HasRatings) and task.rated() is task.train

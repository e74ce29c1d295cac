"""The deletion curve of one film: a ladder of rivals whose places are known, and chance beside it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tests.explanations import toys
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError
from vasp_models.explanations.curves import deletion_curve

HISTORY, ITEM = np.array([7, 2, 4, 9]), 5
STRENGTH = [4.0, -1.0, 2.0, 1.0]  # of the films of the history
BEST = np.array([0, 2, 3, 1])


class Ladder(toys.Toy):
    """One film's score is the sum of the history's strengths; rivals stand at 3.5, 0.5 and -0.5."""

    def _scores(self, histories):
        strengths = np.zeros(self.n_items)
        strengths[HISTORY] = STRENGTH
        scores = np.full((len(histories), self.n_items), -50.0)
        scores[:, [0, 1, 3]] = [3.5, 0.5, -0.5]
        scores[:, HISTORY] = 1000.0  # what is in the history is no rival, removed or not
        scores[:, ITEM] = self.profiles(histories) @ strengths
        return self.answer(scores)


class Positive(Ladder):
    """The same with the scores as the logarithms of a product of one."""

    factor_names, parts = ("score",), {"score": ("score",)}

    def log_factors(self, histories):
        return self._scores(histories)[None]


def test_places_fall_as_the_reasons_go():
    curve = deletion_curve(Ladder(12), HISTORY, ITEM, BEST)
    assert curve.ranks.tolist() == [1, 2, 3, 4, 3]  # scores 6, 2, 0, -1, 0
    assert len(curve) == 5


def test_raw_scores_have_no_share():
    curve = deletion_curve(Ladder(12), HISTORY, ITEM, BEST)
    assert curve.share is curve.random_low is curve.random_median is curve.random_high is None


def test_the_share_is_what_is_left_of_the_score():
    curve = deletion_curve(Positive(12), HISTORY, ITEM, BEST, steps=3)
    assert np.allclose(curve.share, np.exp([0, -4, -6, -7])) and curve.ranks.tolist() == [1, 2, 3, 4]


def test_the_band_is_that_of_random_orders():
    curve = deletion_curve(Positive(12), HISTORY, ITEM, BEST, random_orders=4000, seed=3)
    orders = [np.array(order) for order in permutations(range(4))]
    every = np.exp([-np.cumsum(np.array(STRENGTH)[order]) for order in orders])  # (24, steps)
    for found, percent in ((curve.random_low, 10), (curve.random_median, 50), (curve.random_high, 90)):
        lowest = np.percentile(every, percent - 3, axis=0, method="lower")
        highest = np.percentile(every, percent + 3, axis=0, method="higher")
        assert ((found[1:] >= lowest - 1e-9) & (found[1:] <= highest + 1e-9)).all()
    ends = [curve.random_low, curve.random_median, curve.random_high]
    assert all(end[0] == 1 and np.isclose(end[-1], np.exp(-6)) for end in ends)


def test_the_best_order_is_below_the_band_and_the_worst_above():
    model = toys.Factored(np.abs(toys.random_weights(30)), bias=-4.0)
    history = np.arange(1, 21)
    best = np.argsort(-model.weights[history, 0])
    low, high = (deletion_curve(model, history, 0, order) for order in (best, best[::-1]))
    inner = slice(1, 11)
    assert (low.share[inner] < low.random_low[inner]).all() and (high.share[inner] > high.random_high[inner]).all()
    assert (low.random_low <= low.random_median).all() and (low.random_median <= low.random_high).all()


def test_a_real_model_repeats_and_agrees_with_whole_histories():
    model = toys.tiny_product()
    curve, again = (deletion_curve(model, HISTORY, ITEM, BEST, steps=2) for _ in range(2))
    for name, values in vars(curve).items():
        assert np.array_equal(values, getattr(again, name)), name
    rows = Interactions.from_lists([HISTORY, HISTORY[1:], HISTORY[[1, 3]]], 12)
    log_scores = model.score(rows)[:, ITEM].astype(float)
    assert np.allclose(curve.share, np.exp(log_scores - log_scores[0]), rtol=1e-4)
    other = deletion_curve(model, HISTORY, ITEM, BEST, steps=2, random_orders=3, seed=1)
    assert not np.array_equal(other.random_low, curve.random_low)


def test_an_empty_history_has_one_point():
    curve = deletion_curve(Positive(12), [], ITEM, np.empty(0, dtype=int))
    # Nobody has seen the films of the ladder's history here: the four are rivals, beside the two above score 0.
    assert curve.ranks.tolist() == [7] and curve.share.tolist() == curve.random_high.tolist() == [1.0]


@pytest.mark.parametrize("item", [2, 11])
def test_seen_and_uncovered_films_are_refused(item):
    with pytest.raises(ExplanationError, match=f"Item number {item} is"):
        deletion_curve(Ladder(12, unmodelled=[11]), HISTORY, item, BEST)

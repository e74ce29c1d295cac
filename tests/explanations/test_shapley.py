"""Shapley values are the true ones where these are known, and say how far they have converged."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from scipy.special import log_expit

from tests.explanations.toys import Additive, Factored, random_weights, tiny_product
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError, SettingError
from vasp_models.explanations import shapley as module
from vasp_models.explanations.shapley import shapley

HISTORY = np.array([4, 0, 2, 1, 3, 5])
TARGET = 7


def by_definition(model) -> np.ndarray:
    """Weighted mean over all subsets (Shapley 1953), float64 (h)."""
    h = len(HISTORY)
    subsets = [set(chosen) for size in range(h + 1) for chosen in combinations(range(h), size)]
    rows = Interactions.from_lists([HISTORY[sorted(subset)] for subset in subsets], model.n_items)
    scores = model.score(rows)[:, TARGET].astype(np.float64)
    f = {frozenset(subset): score for subset, score in zip(subsets, scores, strict=True)}
    values = np.zeros(h)
    for j in range(h):
        for subset in f:
            if j not in subset:
                weight = factorial(len(subset)) * factorial(h - len(subset) - 1) / factorial(h)
                values[j] += weight * (f[subset | {j}] - f[subset])
    return values


def test_additive_values_are_the_weights_whatever_the_permutations():
    model = Additive(random_weights(12), bias=3.0)
    found = shapley(model, HISTORY, TARGET, permutations=4)
    assert np.allclose(found.values, model.weights[HISTORY, TARGET], atol=1e-6)
    assert found.spearman == pytest.approx(1.0)
    assert found.top_overlap == 1.0


def test_a_pair_shares_its_credit_and_needs_one_antithetic_pair():
    model = Factored(np.zeros((12, 12)), rules=[(0, 1, TARGET, "and", 3.0)])
    found = shapley(model, HISTORY, TARGET, permutations=4).values
    half = (log_expit(1.0) - log_expit(-2.0)) / 2
    assert np.allclose(found, [0, half, 0, half, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [Factored(random_weights(12), -1.0, [(0, 1, TARGET, "xor", 3.0)]), tiny_product(), tiny_product(normalise=False)],
)
def test_many_permutations_come_near_the_definition(model):
    expected = by_definition(model)
    few, many = (shapley(model, HISTORY, TARGET, n).values for n in (8, 2048))
    assert np.abs(many - expected).max() < 0.05 * np.abs(expected).max()
    assert np.abs(many - expected).max() < np.abs(few - expected).max()


def test_they_sum_to_what_the_history_adds_however_few_there_are():
    model = tiny_product()
    found = shapley(model, HISTORY, TARGET, permutations=4)
    ends = model.score(Interactions.from_lists([HISTORY, []], model.n_items))[:, TARGET].astype(np.float64)
    assert found.values.sum() == pytest.approx(ends[0] - ends[1], abs=5e-6)
    assert abs(found.residual) < 1e-6
    assert np.allclose((found.first_half + found.second_half) / 2, found.values)


def test_halves_agree_better_with_more_permutations():
    model, history = tiny_product(80, seed=1), np.arange(40)
    few, many = (shapley(model, history, 60, n) for n in (4, 256))
    assert many.spearman > max(few.spearman, 0.9)
    assert many.top_overlap >= 0.8


def test_the_seed_decides():
    first, same, other = (shapley(tiny_product(), HISTORY, TARGET, 4, seed).values for seed in (0, 0, 1))
    assert (first == same).all()
    assert (first != other).any()


def test_a_large_batch_is_cut_and_put_together(monkeypatch):
    whole = shapley(tiny_product(), HISTORY, TARGET, 8).values
    monkeypatch.setattr(module, "_CELLS", 3 * 36)
    assert np.allclose(shapley(tiny_product(), HISTORY, TARGET, 8).values, whole, atol=2e-6)


@pytest.mark.parametrize("h", [0, 1])
def test_short_histories_have_no_order_to_agree_on(h):
    found = shapley(tiny_product(), HISTORY[:h], TARGET)
    assert found.values.shape == (h,) and abs(found.residual) < 1e-6
    assert np.isnan(found.spearman) and np.isnan(found.top_overlap)


def test_a_film_outside_the_model_gets_nothing():
    found = shapley(tiny_product(items_share=0.8), np.array([0, 10, 1]), TARGET, 8).values
    assert found[1] == 0.0
    assert np.abs(found[[0, 2]]).min() > 1e-3


def test_what_cannot_be_asked():
    model = tiny_product(items_share=0.8)
    with pytest.raises(SettingError, match="multiple of 4"):
        shapley(model, HISTORY, TARGET, permutations=6)
    with pytest.raises(ExplanationError, match="in the history"):
        shapley(model, HISTORY, 4)
    with pytest.raises(ExplanationError, match="not covered"):
        shapley(model, HISTORY, 11)

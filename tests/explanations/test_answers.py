from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.explanations import toys
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ModelError
from vasp_models.explanations import answers
from vasp_models.models import HasGradient, create, preset

HISTORY = np.array([7, 2, 4, 9])
SOME = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1]], dtype=bool)


def rows_of(included):
    return Interactions.from_lists([HISTORY[row] for row in included], 12, ordered=True)


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_sub_profiles_are_answered_as_whole_histories_are(normalise, share):
    model = toys.tiny_product(normalise=normalise, items_share=share)
    expected = model.log_factors(rows_of(SOME))
    found = answers.subset_answers(model, HISTORY, SOME)
    assert found.dtype == np.float32
    assert (np.isfinite(found) == np.isfinite(expected)).all()
    covered = np.isfinite(expected)
    assert np.allclose(found[covered], expected[covered], atol=2e-6)
    assert covered.all() == (share == 1.0)


def test_targets_are_columns_of_the_whole_answer():
    model = toys.tiny_product(items_share=0.7)  # items 8 to 11 are not covered
    whole = answers.subset_answers(model, HISTORY, SOME)
    few = answers.subset_answers(model, HISTORY, SOME, np.array([3, 11, 0]))
    assert np.allclose(few[:, :, [0, 2]], whole[:, :, [3, 0]], atol=2e-6)
    assert (few[:, :, 1] == -np.inf).all()


def test_a_large_batch_is_cut_and_put_together(monkeypatch):
    model = toys.tiny_product()
    included = np.random.default_rng(0).random((40, 4)) < 0.5
    whole = answers.subset_answers(model, HISTORY, included)
    monkeypatch.setattr(answers, "_CELLS", 12 * 3)
    assert np.allclose(answers.subset_answers(model, HISTORY, included), whole, atol=2e-6)


def test_models_without_subsets_are_asked_for_histories():
    model = toys.Additive(toys.random_weights(12))
    assert not isinstance(model, HasGradient)
    found = answers.subset_answers(model, HISTORY, SOME)
    assert np.allclose(found[0], SOME.astype(float) @ model.weights[HISTORY], atol=1e-6)
    assert model.calls == 1  # one batch


def test_what_is_explained_of_each_kind_of_model():
    weights = toys.random_weights(12)
    raw, soft, product = toys.Additive(weights), toys.Softmax(weights), toys.tiny_product()
    assert [answers.factor_names(m) for m in (raw, soft)] == [("score",), ("score",)]
    assert answers.factor_names(product) == ("nease", "flvae_residual", "flvae_latent")
    assert [answers.has_positive_scores(m) for m in (raw, soft, product)] == [False, True, True]
    history = rows_of(SOME[:1])
    assert np.allclose(np.exp(answers.total(soft, history)).sum(), 1, atol=1e-6)
    assert np.allclose(answers.total(product, history), answers.answers(product, history).sum(axis=0), atol=1e-6)


def test_an_empty_history_has_an_answer():
    model = toys.tiny_product()
    found = answers.subset_answers(model, np.empty(0, np.int64), np.zeros((2, 0), dtype=bool))
    expected = model.log_factors(Interactions.from_lists([[], []], 12))
    assert np.allclose(found, expected, atol=1e-6)


def test_uncovered_items_are_known():
    model = toys.tiny_product(items_share=0.7)
    assert model.covers(np.array([0, 7, 8, 11])).tolist() == [True, True, False, False]


def test_uncovered_targets_are_refused_by_the_model():
    model = toys.tiny_product(items_share=0.7)
    with pytest.raises(ModelError, match="not covered"):
        model.on_subsets(HISTORY, torch.ones(1, 4), np.array([11]))


def test_item_weights_of_a_product_and_of_one_without_a_linear_part():
    model = toys.tiny_product(items_share=0.7)
    weights = model.item_weights(np.array([1, 11]))
    assert np.array_equal(weights[0, :8], model.nets["nease"].W[1].detach().numpy())
    assert (weights[1, :8] == 0).all(), "an uncovered item says nothing"
    assert np.isnan(weights[:, 8:]).all()
    some = model.item_weights(np.array([1, 11]), np.array([2, 9, 0]))
    assert np.array_equal(some, weights[:, [2, 9, 0]], equal_nan=True)
    deep = create("flvae", preset("flvae", "tiny")[0], 12)
    assert deep.linear_factor is None
    with pytest.raises(ModelError, match="no linear part"):
        deep.item_weights(np.array([1]))

"""The independent pass in double precision, against numbers worked out by hand and against the models."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explanations.toys import Additive, tiny_product
from vasp_models.data.interactions import Interactions
from vasp_models.explanations.answers import answers, total
from vasp_models.explanations.double_precision import exact_answers
from vasp_models.models import create, preset
from vasp_models.models.nease import NEASESettings
from vasp_models.models.vasp import ProductSettings

ROWS = Interactions.from_lists([[], [1], [0, 2, 5], [0, 1, 2, 3, 4, 5, 6]], 12)


def test_a_linear_score_is_the_sum_of_weights():
    model = create("ease", preset("ease")[0], 3)
    model.load_tensors({"weights": np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0]], dtype=np.float32)})
    found = exact_answers(model, Interactions.from_lists([[], [0], [0, 1]], 3))
    assert found.total.tolist() == [[0, 0, 0], [0, 1, 2], [3, 1, 6]]
    assert found.factors.shape == (1, 3, 3)


def test_popularity_is_the_same_for_everybody():
    model = create("popularity", preset("popularity")[0], 2)
    model.load_tensors({"counts": np.array([3, 7], dtype=np.float32)})
    assert exact_answers(model, Interactions.from_lists([[], [0]], 2)).total.tolist() == [[3, 7], [3, 7]]


def test_nease_is_the_log_sigmoid_of_bias_and_weights():
    model = create("nease", ProductSettings({"nease": NEASESettings(bias=-1.0)}), 2)
    model.load_tensors({"modelled": np.arange(2), "nets.nease.W": np.array([[0, 3], [0, 0]], dtype=np.float32)})
    found = exact_answers(model, Interactions.from_lists([[], [0]], 2)).total
    assert np.allclose(np.exp(found), [[1 / (1 + np.e), 1 / (1 + np.e)], [1 / (1 + np.e), 1 / (1 + np.exp(-2))]])


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_a_product_answers_as_its_own_code_does(normalise, share):
    model = tiny_product(12, seed=3, normalise=normalise, items_share=share)
    found = exact_answers(model, ROWS)
    finite = np.isfinite(total(model, ROWS))
    assert (np.isfinite(found.total) == finite).all() and finite.mean() == pytest.approx(share, abs=0.1)
    exact, factors = found.total[finite], found.factors[:, finite]
    assert np.abs(exact - total(model, ROWS)[finite]).max() < 1e-5
    assert np.abs(factors - answers(model, ROWS)[:, finite]).max() < 1e-5
    assert np.abs(factors.sum(axis=0) - exact).max() < 1e-12


def test_a_changed_weight_changes_the_answer():
    model, other = tiny_product(12), tiny_product(12)
    other.nets["flvae"].embed.data[5] += 0.01
    one, two = (exact_answers(each, ROWS).total for each in (model, other))
    assert (one[:2] == two[:2]).all() and (one[2:] != two[2:]).any()


def test_products_too_small_for_a_number_are_still_right():
    model = tiny_product(12, bias=-45.0)
    weights = {name: np.array(value) for name, value in model.tensors().items()}
    for head in ("residual", "latent"):
        weights[f"nets.flvae.{head}_head.bias"] -= 400.0
    model.load_tensors(weights)
    found = exact_answers(model, ROWS).total
    assert np.isfinite(found).all() and found.max() < -800
    assert np.abs(found / total(model, ROWS) - 1).max() < 1e-6


def test_models_that_are_not_written_down_have_none():
    assert exact_answers(Additive(np.eye(3)), Interactions.from_lists([[0]], 3)) is None

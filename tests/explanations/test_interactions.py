"""Pair interactions are second differences of the model's real answers, and find what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_expit

from tests.explanations.toys import Additive, Factored, random_weights, tiny_product
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError, SettingError
from vasp_models.explanations.interactions import logit_interactions, pair_interactions, strongest

HISTORY = np.array([4, 0, 2, 1, 3])
TARGET = 7


def planted(kind: str) -> Factored:
    return Factored(random_weights(12), -1.0, [(0, 1, TARGET, kind, 3.0)])


def answer(model, kept) -> np.ndarray:
    return model.log_factors(Interactions.from_lists([kept], model.n_items))[:, 0, TARGET].astype(np.float64)


@pytest.mark.parametrize("model", [planted("and"), planted("xor"), tiny_product(), tiny_product(normalise=False)])
@pytest.mark.parametrize("context", ["profile", "empty"])
def test_they_are_the_differences_that_the_formula_names(model, context):
    positions = np.array([3, 1, 4])
    found = pair_interactions(model, HISTORY, TARGET, positions, context)
    assert tuple(found.values) == model.factor_names
    for a in range(3):
        for b in range(3):
            one, two = positions[a], positions[b]
            if context == "profile":
                kept = [np.delete(HISTORY, gone) for gone in ([], one, two, [one, two])]
            else:
                kept = [HISTORY[[one, two]], HISTORY[[one]], HISTORY[[two]], []]
            whole, first, second, neither = (answer(model, each) for each in kept)
            expected = np.zeros(len(whole)) if a == b else whole - first - second + neither
            values = [found.values[name][a, b] for name in model.factor_names]
            assert np.allclose(values, expected, atol=5e-6)
            assert found.joint[a, b] == pytest.approx(expected.sum(), abs=1e-5)


@pytest.mark.parametrize("context", ["profile", "empty"])
def test_a_planted_conjunction_is_the_only_interaction_of_its_factor(context):
    found = pair_interactions(planted("and"), HISTORY, TARGET, np.arange(5), context).values["deep"]
    together = log_expit(1.0) - log_expit(-2.0)  # one of them alone does nothing
    expected = np.zeros((5, 5))
    expected[1, 3] = expected[3, 1] = together  # items 0 and 1
    assert np.allclose(found, expected, atol=1e-6)


def test_exactly_one_of_two_is_a_strong_negative_interaction():
    found = pair_interactions(planted("xor"), HISTORY, TARGET, np.array([1, 3]), "empty").values["deep"]
    assert found[0, 1] == pytest.approx(-2 * (log_expit(1.0) - log_expit(-2.0)), abs=1e-6)


def test_what_is_additive_does_not_interact():
    found = pair_interactions(Additive(random_weights(12), bias=2.0), HISTORY, TARGET, np.arange(5))
    assert np.abs(found.joint).max() < 1e-6


class TestLogits:
    @pytest.mark.parametrize("context", ["profile", "empty"])
    def test_the_linear_logit_does_not_interact_and_a_deep_one_does(self, context):
        found = logit_interactions(tiny_product(), HISTORY, TARGET, np.arange(5), context)
        assert tuple(found) == ("nease", "flvae_residual", "flvae_latent")
        assert np.abs(found["nease"]).max() < 1e-5
        assert np.abs(found["flvae_residual"]).max() > 0.01
        assert np.abs(pair_interactions(tiny_product(), HISTORY, TARGET, np.arange(5)).values["nease"]).max() > 0.01

    def test_a_model_that_shows_none(self):
        assert logit_interactions(Additive(random_weights(12)), HISTORY, TARGET, np.arange(5)) is None


def test_ten_films_take_56_rows_in_one_batch():
    model = Factored(random_weights(12))
    found = pair_interactions(model, np.arange(11), 11, strongest(np.arange(11)))
    assert (model.calls, model.rows) == (1, 56)
    assert len(found.positions) == 10 and 0 not in found.positions


def test_the_strongest_in_either_direction():
    assert strongest(np.array([0.5, -3.0, 1.0, 0.5]), 3).tolist() == [1, 2, 0]


@pytest.mark.parametrize("h", [0, 1])
def test_too_few_films_to_pair(h):
    found = pair_interactions(tiny_product(), HISTORY[:h], TARGET, np.arange(h))
    assert found.joint.shape == (h, h) and not found.joint.any()


def test_a_film_outside_the_model_interacts_with_none():
    found = pair_interactions(tiny_product(items_share=0.8), np.array([0, 10, 1]), TARGET, np.arange(3))
    assert not found.joint[1].any() and not found.joint[:, 1].any()
    assert abs(found.joint[0, 2]) > 1e-3


@pytest.mark.parametrize("call", [pair_interactions, logit_interactions])
def test_what_cannot_be_asked(call):
    model, positions = tiny_product(items_share=0.8), np.arange(2)
    with pytest.raises(ExplanationError, match="in the history"):
        call(model, HISTORY, 4, positions)
    with pytest.raises(ExplanationError, match="not covered"):
        call(model, HISTORY, 11, positions)
    with pytest.raises(SettingError, match="profile, empty"):
        call(model, HISTORY, TARGET, positions, "half")

"""Copies of a model with other weights, while the model itself stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.explanations.toys import Additive, tiny_product
from vasp_models.data.interactions import Interactions
from vasp_models.explanations import randomising
from vasp_models.explanations.answers import answers, total
from vasp_models.models import create, preset

ORDER = [("flvae", "heads"), ("flvae", "decoder"), ("flvae", "latents"), ("flvae", "encoder"), ("nease", "W")]
ROWS = Interactions.from_lists([[0, 3, 5], [1, 2]], 12)


@pytest.fixture
def ease():
    model = create("ease", preset("ease")[0], 12)
    weights = np.random.default_rng(0).normal(size=(12, 12)).astype(np.float32)
    np.fill_diagonal(weights, 0.0)
    model.load_tensors({"weights": weights})
    return model


def bits(model) -> dict[str, bytes]:
    return {name: np.array(value).tobytes() for name, value in model.tensors().items()}


def test_layers_are_drawn_anew_from_the_heads_to_the_inputs_and_the_linear_part_last():
    model = tiny_product(12, seed=0)
    before, fresh, random = bits(model), bits(type(model)(model.settings, 12, 9)), set()
    for number, step in enumerate(randomising.cascade(model, 9)):
        assert (step.part, step.layer) == ORDER[number] and step.last == (number == 4)
        now = bits(step.model)
        random |= {
            f"nets.{step.part}.{name}"
            for name in step.model.nets[step.part].state_dict()
            if name.startswith(step.model.nets[step.part].layers()[step.layer])
        }
        for name in now:
            assert now[name] == (fresh if name in random else before)[name], name
    assert number == 4 and bits(model) == before
    assert random | {"modelled"} == set(before)  # no layer was forgotten


def test_nothing_but_the_draw_decides():
    model = tiny_product(12)
    one, two, other = (randomising.randomised(model, seed) for seed in (5, 5, 6))
    assert bits(one) == bits(two) and bits(one)["nets.nease.W"] != bits(other)["nets.nease.W"]
    assert (np.diagonal(one.tensors()["nets.nease.W"]) == 0).all()


def test_a_closed_form_is_shuffled_between_pairs(ease):
    before = ease.weights.copy()
    (step,) = randomising.cascade(ease, 1)
    shuffled = step.model.weights
    assert step.last and (np.diagonal(shuffled) == 0).all() and (shuffled != before).any()
    assert (np.sort(shuffled, axis=None) == np.sort(before, axis=None)).all() and (ease.weights == before).all()


def test_what_has_no_weights_is_not_randomised():
    popularity = create("popularity", preset("popularity")[0], 3)
    popularity.load_tensors({"counts": np.ones(3, dtype=np.float32)})
    assert randomising.randomised(popularity, 0) is None
    assert list(randomising.cascade(Additive(np.eye(3)), 0)) == []


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_silenced_films_change_nothing_but_the_norm(share):
    model = tiny_product(12, normalise=False, items_share=share)
    before = bits(model)
    silent = randomising.silenced(model, np.array([3, 5]))
    found = answers(silent, Interactions.from_lists([[0, 3, 5], [0]], 12))
    assert (found[:, 0] == found[:, 1]).all() and (answers(model, ROWS) != answers(silent, ROWS)).any()
    assert bits(model) == before


def test_a_silenced_film_of_a_linear_model_adds_nothing(ease):
    silent = randomising.silenced(ease, np.array([3]))
    assert (total(silent, Interactions.from_lists([[3]], 12)) == 0).all() and ease.weights[3].any()
    assert randomising.silenced(Additive(np.eye(3)), np.array([0])) is None


def test_double_precision_keeps_the_weights_and_the_model(ease):
    model = tiny_product(12)
    twin, twin_ease = randomising.in_double_precision(model), randomising.in_double_precision(ease)
    logits = twin.on_subsets(np.array([0, 1]), torch.ones(1, 2, dtype=torch.float64)).logits["nease"]
    assert logits.dtype == torch.float64 and model.nets["nease"].W.dtype == torch.float32
    assert twin_ease.score(ROWS).dtype == np.float64 and ease.weights.dtype == np.float32
    assert np.allclose(twin_ease.score(ROWS), ease.score(ROWS))

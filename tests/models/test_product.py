"""VASP is a product of any number of parts (eq. 6 and 7), and its layers follow the paper and the authors' code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.models import create, preset, vasp
from vasp_models.models.flvae import FLVAESettings
from vasp_models.models.nease import NEASESettings
from vasp_models.models.part import Part, PartOutput
from vasp_models.models.vasp import Product, ProductSettings
from vasp_models.training.options import Stage, TrainOptions

NARROW = FLVAESettings(hidden=24, latents=6, encoder_layers=3, decoder_layers=2)


@dataclass(frozen=True)
class BiasSettings:
    start: float = 0.0


class Bias(Part):
    """A part that knows only how liked each item is."""

    Settings = BiasSettings
    title = "Bias"
    factor_names = ("bias",)

    def __init__(self, settings, n_items, generator):
        super().__init__()
        self.bias = nn.Parameter(torch.full((n_items,), settings.start))

    def forward(self, x, noise, targets=None):
        logits = (self.bias if targets is None else self.bias[targets]).expand(len(x), -1)
        return PartOutput({"bias": logits}, None)


@pytest.fixture
def likes() -> Interactions:
    return synthetic.planted(users=200, background=20).likes


def test_a_third_part_needs_no_new_class(likes, monkeypatch):
    monkeypatch.setitem(vasp.PARTS, "bias", Bias)
    parts = {"nease": NEASESettings(), "flvae": NARROW, "bias": BiasSettings()}
    model = Product(ProductSettings(parts), likes.n_items)
    stage = Stage("all", 8, tuple(parts), batch_users=20, learning_rate=3e-2)
    model.fit(likes, TrainOptions((stage,), precision="fp32"))
    factors = model.log_factors(likes.take([0, 1]))
    assert model.factor_names == ("nease", "flvae_residual", "flvae_latent", "bias")
    assert np.abs(factors.sum(axis=0) - model.score(likes.take([0, 1]))).max() < 1e-5
    learnt = model.tensors()["nets.bias.bias"]
    assert np.corrcoef(learnt, likes.item_counts)[0, 1] > 0.5  # it moved, and towards what it can know


def test_a_product_of_one_part_is_that_part(likes):
    joint = Product(ProductSettings({"nease": NEASESettings(), "flvae": NARROW}), likes.n_items, seed=3)
    alone = Product(ProductSettings({"nease": NEASESettings()}), likes.n_items, seed=3)
    rows = likes.take([0, 5])
    assert (alone.log_factors(rows)[0] == joint.log_factors(rows)[0]).all()


def test_the_diagonal_is_zero_before_the_first_step_and_after_the_last(likes):
    model = Product(ProductSettings({"nease": NEASESettings()}), likes.n_items)
    assert not model.tensors()["nets.nease.W"].diagonal().any()
    stage = Stage("linear", 2, ("nease",), inputs="full", loss="cosine", batch_users=50, learning_rate=1e-2)
    model.fit(likes, TrainOptions((stage,), precision="fp32"))
    assert not model.tensors()["nets.nease.W"].diagonal().any()
    assert np.abs(model.tensors()["nets.nease.W"]).max() > 0.1


def test_the_bag_equals_the_dense_product(likes):
    model = Product(ProductSettings({"nease": NEASESettings(), "flvae": NARROW}), likes.n_items)
    rows = likes.take([0, 1, 2])
    dense = torch.from_numpy(rows.csr().toarray())
    weights = {name: torch.from_numpy(value) for name, value in model.tensors().items()}
    logits = dense @ weights["nets.nease.W"]
    assert np.abs(model.log_factors(rows)[0] - functional.logsigmoid(logits).numpy()).max() < 1e-5


def test_a_product_at_paper_width_has_the_published_number_of_weights():
    """models.md A9: 309,858,659 at 6,837 columns, counted on the meta device without the memory."""
    with torch.device("meta"):
        settings, _ = preset("vasp", "paper")
        n_items, total = 6_837, 0
        for name, chosen in settings.parts.items():
            net = vasp.PARTS[name](chosen, n_items, None)
            total += sum(weight.numel() for weight in net.parameters())
    assert total == 309_858_659


def test_the_normalised_input_ignores_how_often_the_profile_is_repeated_in_weight(likes):
    """x / ||x||: one item weighs 1, four items weigh 1/2 each."""
    from vasp_models.training.batches import Bag

    model = Product(ProductSettings({"flvae": FLVAESettings(24, 6, 2, 1, normalise_input=True)}), likes.n_items)
    net = model.nets["flvae"]
    bag = Bag.of(Interactions.from_lists([[3, 4, 5, 6]], likes.n_items))
    expected = net.embed[3:7].sum(dim=0) / 2 + net.embed_bias
    assert torch.allclose(net.first_layer(bag)[0], expected, atol=1e-6)


def test_dropout_and_noise_are_off_outside_training(likes):
    settings, options = preset("vasp", "tiny")
    model = create("vasp", settings, likes.n_items)
    assert (model.score(likes) == model.score(likes)).all()

"""H+Vamp Gated against the same written plainly, with dense rows and the distributions of torch."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily
from torch.distributions import Normal as Gaussian

from vasp_models.data import synthetic
from vasp_models.models import preset
from vasp_models.models.hvamp import HVampNet, HVampSettings
from vasp_models.training.batches import Bag

_WIDTHS = {"hidden": 12, "latents": 5, "pseudo_inputs": 7}


def gate(value, gated) -> torch.Tensor:
    return torch.tanh(value) if gated is None else value * torch.sigmoid(gated)


def read(layer, *inputs) -> torch.Tensor:
    """A gated layer of what is read together, its matrices stacked."""

    def through(part) -> torch.Tensor:
        matrices = [part.items, *([part.beside] if part.beside is not None else [])]
        return torch.cat(inputs, dim=1) @ torch.cat(matrices) + part.bias

    return gate(through(layer.value), None if layer.gate is None else through(layer.gate))


def dense(layer, h) -> torch.Tensor:
    return gate(layer.value(h), None if layer.gate is None else layer.gate(h))


def normal(block, h) -> tuple[torch.Tensor, torch.Tensor]:
    for layer in block.layers:
        h = dense(layer, h)
    return block.mu(h), block.log_variance(h).clamp(-12, 4)


def distribution(mu, log_variance) -> Independent:
    return Independent(Gaussian(mu, (log_variance / 2).exp()), 1)


def drawn(mu, log_variance, noise) -> torch.Tensor:
    return mu + torch.randn(mu.shape, generator=noise) * (log_variance / 2).exp()


def plain(net, x, noise) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and log q - log p, layer by layer as the paper draws them."""
    deep, both = net.settings.layers > 1, net.settings.hierarchical
    q2 = normal(net.z2, read(net.first, x))
    z2 = drawn(*q2, noise)
    pseudo = distribution(*normal(net.z2, read(net.first, net.pseudo.clamp(0, 1))))
    kl = distribution(*q2).log_prob(z2) - MixtureSameFamily(Categorical(torch.ones(7)), pseudo).log_prob(z2)
    latents = [z2]
    if both:
        if deep:
            q1 = normal(net.z1, torch.cat([read(net.second, x), dense(net.z2_beside, z2)], dim=1))
        else:
            q1 = normal(net.z1, read(net.second, x, z2))
        z1 = drawn(*q1, noise)
        kl = kl + distribution(*q1).log_prob(z1) - distribution(*normal(net.prior, z2)).log_prob(z1)
        latents = [z1, z2]
    if deep:
        apart = [net.from_z1, net.from_z2] if both else [net.from_z2]
        latents = [dense(layer, z) for layer, z in zip(apart, latents, strict=True)]
    h = torch.cat(latents, dim=1)
    for layer in net.joined:
        h = dense(layer, h)
    return net.head(h), kl


@pytest.mark.parametrize(("layers", "hierarchical", "gated"), [*product((1, 2, 3), (True, False), (True, False))])
def test_logits_and_divergence_are_those_of_the_plain_model(layers, hierarchical, gated):
    likes = synthetic.checkerboard()[0].take(slice(0, 9))
    settings = HVampSettings(layers=layers, hierarchical=hierarchical, gated=gated, **_WIDTHS)
    net = HVampNet(settings, likes.n_items, torch.Generator().manual_seed(0)).train()
    shake = torch.Generator().manual_seed(1)
    with torch.no_grad():
        net.pseudo.normal_(0.3, 0.5, generator=shake)
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=shake))
    x = torch.from_numpy(likes.csr().toarray()).float()
    x = x / x.norm(dim=1, keepdim=True)
    logits, kl = plain(net, x, torch.Generator().manual_seed(3))
    assert torch.allclose(net(Bag.of(likes), torch.Generator().manual_seed(3)), logits, atol=1e-4)
    assert torch.allclose(net.divergence()[:, 0], kl, rtol=1e-4, atol=1e-4)


def test_a_block_has_as_many_layers_as_are_asked_for():
    """One layer between a history and its latent, and one between the latents and the films."""
    names = {
        layers: {
            name.rsplit(".", 1)[0]
            for name, _ in HVampNet(
                HVampSettings(layers=layers, hierarchical=False, **_WIDTHS), 20, torch.Generator()
            ).named_parameters()
            if name.endswith("weight") or name.endswith("items")
        }
        for layers in (1, 2)
    }
    assert names[1] == {
        "first.value", "first.gate", "z2.mu", "z2.log_variance", "joined.0.value", "joined.0.gate", "head",
    }  # fmt: skip
    assert names[2] - names[1] == {"z2.layers.0.value", "z2.layers.0.gate", "from_z2.value", "from_z2.gate"}


@pytest.mark.parametrize("name", ["multvae", "svae"])
def test_the_weight_of_the_divergence_rises_as_in_the_authors_code(name):
    """min(.2, updates / 200,000)."""
    (stage,) = preset(name, "paper")[1].stages
    assert stage.kl_weight == 0.2
    assert stage.kl_weight / stage.kl_warmup_steps == pytest.approx(1 / 200_000)

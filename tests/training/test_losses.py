"""Each loss against its plain formula in double precision, with its gradient."""

from __future__ import annotations

import math

import pytest
import torch

from vasp_models.training.losses import LOSSES, PAIR_LOSSES


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 11, generator=generator) * 4
    dense = (torch.rand(6, 11, generator=generator) < 0.3).double()
    dense[0, 0] = 1.0
    rows, items = dense.nonzero(as_tuple=True)
    return logits, dense, rows, items


def _softmax(scores, y):
    return -(y * torch.log_softmax(scores, 1)).sum(1).mean()


def _mse(scores, y):
    return (scores - y).square().sum(1).mean()


def _cosine(scores, y):
    return (1 - torch.nn.functional.cosine_similarity(scores, y, dim=1)).mean()


def _bce(scores, y):
    p = torch.sigmoid(scores)
    return -(y * p.log() + (1 - y) * (1 - p).log()).sum(1).mean()


def _pair_bce(scores, values):
    p = torch.sigmoid(scores)
    return -(values * p.log() + (1 - values) * (1 - p).log()).mean()


def _normalised_bce(scores, values):
    p, y = scores.clamp(1e-6, 1 - 1e-6), values / values.max()
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def _bpr(scores, values):
    return -torch.sigmoid(scores[:, [0]] - scores[:, 1:]).log().mean()


PLAIN = {"softmax": _softmax, "mse": _mse, "bce": _bce, "cosine": _cosine}
PLAIN_OF_PAIRS = {
    "mse": lambda scores, values: (scores - values).square().mean(),
    "bce": _pair_bce,
    "normalised-bce": _normalised_bce,
    "bpr": _bpr,
}


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_the_loss_of_pairs_and_its_gradient_equal_the_plain_formula(name):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(7, 4, generator=generator)
    values = torch.zeros(7, 4)
    values[:, 0] = torch.rand(7, generator=generator) if name != "bpr" else 1.0
    if name == "normalised-bce":
        scores = torch.tanh(scores)
    low, high = scores.clone().requires_grad_(), scores.double().requires_grad_()
    ours, plain = PAIR_LOSSES[name](low, values), PLAIN_OF_PAIRS[name](high, values.double())
    ours.backward()
    plain.backward()
    assert ours.item() == pytest.approx(plain.item(), rel=1e-5)
    assert torch.allclose(low.grad.double(), high.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient_equal_the_plain_formula(name, case):
    logits, dense, rows, items = case
    low = logits.clone().requires_grad_()
    high = logits.double().requires_grad_()
    ours, plain = LOSSES[name](low, rows, items), PLAIN[name](high, dense)
    ours.backward()
    plain.backward()
    assert ours.item() == pytest.approx(plain.item(), rel=1e-5)
    assert torch.allclose(low.grad.double(), high.grad, rtol=1e-4, atol=1e-6)


def test_items_at_minus_infinity_leave_the_softmax():
    scores = torch.tensor([[1.0, 2.0, -torch.inf]])
    loss = LOSSES["softmax"](scores, torch.tensor([0]), torch.tensor([0]))
    assert float(loss) == pytest.approx(math.log(1 + math.e))

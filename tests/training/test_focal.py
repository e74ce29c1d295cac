"""The focal loss of a product, with its gradient by hand, against the plain formula in double precision."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from vasp_models.training import focal as module
from vasp_models.training.focal import focal, log1mexp

ROWS, ITEMS = 7, 11


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(ROWS, ITEMS, generator=generator) * scale for scale in (1, 4, 8)]
    dense = torch.rand(ROWS, ITEMS, generator=generator) < 0.3
    dense[0, 0], dense[3] = True, False  # a row without a target, too
    return logits, dense


def plain(logits, dense, counted):
    """-alpha (1 - p)^2 log p at the targets, -(1 - alpha) p^2 log(1 - p) elsewhere."""
    log_p = sum(logsigmoid(each) for each in logits)
    p = log_p.exp()
    terms = torch.where(dense, -0.25 * (1 - p) ** 2 * log_p, -0.75 * p**2 * torch.log1p(-p))
    return torch.where(counted, terms, 0).sum() / len(dense)


def both(logits, dense, left_out=None):
    """Ours and the plain one in float64, each with its gradients."""
    ours = [each.clone().requires_grad_() for each in logits]
    exact = [each.double().requires_grad_() for each in logits]
    counted = torch.ones_like(dense)
    if left_out is not None:
        counted[left_out] = False
    found, expected = focal(ours, *dense.nonzero(as_tuple=True), left_out), plain(exact, dense, counted)
    found.backward()
    expected.backward()
    return found, expected, [each.grad for each in ours], [each.grad for each in exact]


def close(ours, exact, rtol, atol):
    return all(torch.allclose(a.double(), b, rtol=rtol, atol=atol) for a, b in zip(ours, exact, strict=True))


@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_loss_and_gradients_equal_the_plain_formula(case, n_factors):
    logits, dense = case
    found, expected, ours, exact = both(logits[:n_factors], dense)
    assert found.dtype == torch.float32 and found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert close(ours, exact, 1e-5, 1e-8)


def test_of_double_precision_it_is_exact(case):
    logits, dense = case
    found, expected, ours, exact = both([each.double() for each in logits], dense)
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)
    assert close(ours, exact, 1e-9, 1e-14)


def test_autograd_finds_the_same_by_differences(case):
    logits, dense = case
    targets = dense.nonzero(as_tuple=True)
    free = [each.double()[:3].requires_grad_() for each in logits]
    few = dense[:3].nonzero(as_tuple=True)
    assert len(few[0]) < len(targets[0])
    assert torch.autograd.gradcheck(lambda *each: focal(each, *few), free)


def test_what_is_left_out_counts_nowhere(case):
    logits, dense = case
    left_out = (~dense & (torch.arange(ITEMS) % 3 == 0)).nonzero(as_tuple=True)
    assert len(left_out[0]) > 5
    found, expected, ours, exact = both(logits, dense, left_out)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert all((each[left_out] == 0).all() for each in ours)
    assert close(ours, exact, 1e-5, 1e-8)


def test_where_the_rows_are_cut_changes_nothing_but_rounding(case, monkeypatch):
    logits, dense = case
    whole = both(logits, dense)
    monkeypatch.setattr(module, "_CELLS", 2 * ITEMS)
    cut = both(logits, dense)
    assert cut[0].item() == pytest.approx(whole[0].item(), rel=1e-6)
    assert close(cut[2], [each.double() for each in whole[2]], 1e-6, 1e-9)


def test_bf16_logits_are_summed_in_fp32(case):
    logits, dense = case
    rounded = [each.bfloat16() for each in logits]
    found, expected, ours, exact = both(rounded, dense)
    assert found.dtype == torch.float32 and found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert all(each.dtype == torch.bfloat16 for each in ours)
    assert close(ours, exact, 1e-2, 1e-6)


def test_a_factor_that_stands_still_gets_no_gradient(case):
    logits, dense = case
    moving, still = logits[0].clone().requires_grad_(), logits[1]
    focal([moving, still], *dense.nonzero(as_tuple=True)).backward()
    assert moving.grad is not None and still.grad is None


def test_it_is_finite_and_learns_where_probabilities_are_next_to_zero_and_one():
    logits = torch.tensor([[30.0, -80.0, 7.0, -20.0, 120.0, -120.0]], requires_grad=True)
    loss = focal([logits], torch.tensor([0, 0]), torch.tensor([1, 2]))
    loss.backward()
    assert math.isfinite(loss.item()) and torch.isfinite(logits.grad).all()
    assert logits.grad[0, 1] < -0.2, "a target with a tiny probability is pulled up"
    assert logits.grad[0, 0] > 0.7, "and what is no target is pushed down, however sure the model is"


def test_log1mexp_keeps_its_digits_near_both_ends():
    log_p = torch.tensor([-1e-6, -0.1, -1.0, -30.0], dtype=torch.float32)
    exact = [math.log(-math.expm1(value)) for value in log_p.double().tolist()]
    assert log1mexp(log_p).tolist() == pytest.approx(exact, rel=1e-5)

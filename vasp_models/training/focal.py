"""Focal cross-entropy of a product of sigmoids, with its gradient by hand (VASP eq. 3, 4 and 7).

Every tensor of the loss is as large as the catalogue times the rows, 165 MB at the paper's size. Left to autograd about
ten of them live until the backward pass, for each factor; here it is the logits themselves and one slope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
import math

import torch
from torch import Tensor
from torch.nn import functional

from vasp_models import devices
from vasp_models.training.losses import wide

ALPHA, GAMMA = 0.25, 2.0  # the weight of the positives, as in the authors' code, and the focus
_CELLS = 130_000  # of a chunk on the CPU: its temporaries stay in the processor's cache


def log1mexp(log_p: Tensor) -> Tensor:
    """log(1 - exp(log_p)) for log_p < 0, exact near both ends (Maechler 2012)."""
    log_p = log_p.clamp(max=-1e-30)  # where p rounds to 1
    return torch.where(log_p > -math.log(2.0), torch.log(-torch.expm1(log_p)), torch.log1p(-torch.exp(log_p)))


def focal(
    logits: Sequence[Tensor], rows: Tensor, items: Tensor, left_out: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """Focal loss of p = the product of the logits' sigmoids: a sum over items and a mean over rows, at least fp32.

    `logits` (rows, items) each, of any floating type; the targets are `rows` and `items`, int64 (targets). The term of
    the negatives runs over all items and is taken back at the targets and at the pairs `left_out`: no dense target is
    built. 1 - alpha weighs the negatives.
    """
    nowhere = rows.new_empty(0)
    return _Focal.apply(rows, items, *(left_out or (nowhere, nowhere)), *logits)


class _Focal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows: Tensor, items: Tensor, out_rows: Tensor, out_items: Tensor, *logits: Tensor) -> Tensor:
        n_rows, n_items = logits[0].shape
        slope = torch.empty(n_rows, n_items, dtype=wide(logits[0]).dtype, device=logits[0].device)
        total = slope.new_zeros(())
        of_all = _compiled(_negatives) if devices.compiles(slope.device.type) else _negatives
        size = n_rows if slope.is_cuda else max(1, _CELLS // n_items)
        for start in range(0, n_rows, size):
            chunk = slice(start, start + size)
            terms, slope[chunk] = of_all(*(each[chunk] for each in logits))
            total += terms
        total -= _negative(_log_p([each[out_rows, out_items] for each in logits])).sum()
        slope[out_rows, out_items] = 0.0
        at_targets = _log_p([each[rows, items] for each in logits])
        terms, slopes = _positive(at_targets)
        total += (terms - _negative(at_targets)).sum()
        slope[rows, items] = slopes
        ctx.save_for_backward(slope, *logits)
        return total / n_rows

    @staticmethod
    def backward(ctx, grad: Tensor):
        slope, *logits = ctx.saved_tensors
        back = _compiled(_back) if devices.compiles(slope.device.type) else _back
        share = grad / len(slope)
        needed = ctx.needs_input_grad[4:]
        return None, None, None, None, *(
            back(slope, each, share) if wanted else None for each, wanted in zip(logits, needed, strict=True)
        )


def _log_p(logits: Sequence[Tensor]) -> Tensor:
    return sum(functional.logsigmoid(wide(each)) for each in logits)


def _negatives(*logits: Tensor) -> tuple[Tensor, Tensor]:
    """The negatives' terms summed, and their slopes in log p, for some rows.

    Neither p nor 1 - p is taken as one minus the other: with q = 1 - sigmoid, 1 - p is q_1 + (1 - q_1)(q_2 + ...).
    """
    p = not_p = None
    for each in map(wide, logits):
        one, other = torch.sigmoid(each), torch.sigmoid(-each)
        p, not_p = (one, other) if p is None else (p.mul_(one), not_p.mul_(one).add_(other))
    not_p.clamp_(min=1e-30)  # where it rounds to 0
    log_not = torch.where(p < 0.5, torch.log1p(-p), torch.log(not_p))
    weight = (p**GAMMA).mul_(1 - ALPHA)
    slopes = p.div_(not_p).sub_(log_not, alpha=GAMMA).mul_(weight)
    return -weight.mul_(log_not).sum(), slopes


def _negative(log_p: Tensor) -> Tensor:
    """-(1 - alpha) p^gamma log(1 - p)."""
    return -(1 - ALPHA) * torch.exp(GAMMA * log_p) * log1mexp(log_p)


def _positive(log_p: Tensor) -> tuple[Tensor, Tensor]:
    """-alpha (1 - p)^gamma log p, and its derivative in log p."""
    log_not = log1mexp(log_p)
    weight = ALPHA * torch.exp(GAMMA * log_not)
    return -weight * log_p, weight * (GAMMA * log_p * torch.exp(log_p - log_not) - 1)


def _back(slope: Tensor, logit: Tensor, share: Tensor) -> Tensor:
    """The gradient in one logit: d log p / d logit = 1 - sigmoid."""
    return (share * slope * torch.sigmoid(-wide(logit))).to(logit.dtype)


@cache
def _compiled(function: Callable) -> Callable:
    """One kernel that reads each logit once and writes once; without it a card would go over them a dozen times."""
    return torch.compile(function, dynamic=True)

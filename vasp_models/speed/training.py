"""Parts of a training step at paper width on the CPU, each beside the plain way to compute it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vasp_models.data import synthetic
from vasp_models.speed import Figure, Scale, timed
from vasp_models.training.batches import Bag, halves
from vasp_models.training.focal import ALPHA, GAMMA, focal
from vasp_models.training.on_device import Resident
from vasp_models.training.options import Stage


def figures(scale: Scale, seed: int = 0) -> Iterator[Figure]:
    """First layer, focal loss and the halves of an epoch."""
    pairs = scale.users * scale.history
    likes = synthetic.paper_scale(seed, max(scale.users, scale.rows), scale.items, pairs)
    yield first_layer(scale, Bag.of(likes.take(slice(0, scale.rows))), seed)
    yield loss(scale, Bag.of(likes.take(slice(0, scale.rows))), seed)
    yield cut(scale, seed)


def first_layer(scale: Scale, rows: Bag, seed: int) -> Figure:
    """x W for sparse x: the chosen rows of W summed, beside the product with a matrix of ones and zeros."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(scale.items, scale.hidden, generator=generator)
    dense = rows.dense(scale.items)
    far = float((rows.times(weights) - dense @ weights).abs().max())
    return timed(
        f"first layer, {len(rows)} users",
        lambda: rows.times(weights),
        lambda: dense @ weights,
        "dense product",
        scale.repeats,
        f"largest difference {far:.0e}",
    )


def loss(scale: Scale, rows: Bag, seed: int) -> Figure:
    """The focal loss of three factors with its gradient, beside the same formula left to autograd."""
    generator = torch.Generator().manual_seed(seed)
    logits = [torch.randn(len(rows), scale.items, generator=generator).requires_grad_() for _ in range(3)]
    with torch.no_grad():
        ours, plain = focal(logits, *rows.pairs), by_autograd(logits, *rows.pairs)
    return timed(
        f"focal loss and gradient, {len(rows)} users",
        lambda: focal(logits, *rows.pairs).backward(),
        lambda: by_autograd(logits, *rows.pairs).backward(),
        "autograd",
        scale.repeats,
        f"relative difference {abs(float(ours / plain) - 1):.0e}",
    )


def by_autograd(logits: Sequence[Tensor], rows: Tensor, items: Tensor) -> Tensor:
    """The focal loss (VASP eq. 3 and 4) of a product of sigmoids, written down as it reads."""
    log_p = sum(functional.logsigmoid(each) for each in logits)
    log_not = torch.log1p(-torch.exp(log_p.clamp(max=-1e-6)))
    negative = -(1 - ALPHA) * torch.exp(GAMMA * log_p) * log_not
    positive = -ALPHA * torch.exp(GAMMA * log_not[rows, items]) * log_p[rows, items]
    return (negative.sum() - negative[rows, items].sum() + positive.sum()) / len(log_p)


def cut(scale: Scale, seed: int) -> Figure:
    """The halves of all users by one sort in torch, as on a device, beside numpy's, as on the CPU."""
    users = 20 * scale.users
    train = synthetic.paper_scale(seed, users, scale.items, users * scale.history)
    resident, stage = Resident.of(train, torch.device("cpu")), Stage("cut", 1, ("nease",))
    dice = torch.Generator().manual_seed(seed)
    return timed(
        f"A and B halves of {users:,} users",
        lambda: next(iter(resident.batches(stage, dice))),
        lambda: halves(train, np.random.default_rng(seed)),
        "numpy",
        scale.repeats,
    )

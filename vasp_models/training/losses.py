"""Losses of rows against their target items, in log space and fp32.

Every loss is a sum over items and a mean over rows. Targets are index lists: `rows` and `items`, int64 (targets).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def wide(values: Tensor) -> Tensor:
    """bf16 of mixed precision as fp32, in which losses are taken; fp32 and fp64 as they are."""
    return values.float() if values.dtype.itemsize < 4 else values


def softmax(log_p: Tensor, rows: Tensor, items: Tensor) -> Tensor:
    """Multinomial cross-entropy with the scores as logits (Liang et al. 2018, eq. 2); -inf leaves an item out."""
    picked = log_p[rows, items].sum() - (torch.logsumexp(log_p, dim=1)[rows]).sum()
    return -picked / len(log_p)


def mse(scores: Tensor, rows: Tensor, items: Tensor) -> Tensor:
    """Squared error against 1 at the targets and 0 elsewhere."""
    at_targets = scores[rows, items]
    return (scores.square().sum() - at_targets.square().sum() + (1 - at_targets).square().sum()) / len(scores)


def cosine(scores: Tensor, rows: Tensor, items: Tensor) -> Tensor:
    """1 - cosine between scores and target of each row (VASP Table I, "cosine proximity")."""
    dot = torch.zeros(len(scores), device=scores.device).index_add(0, rows, scores[rows, items])
    counts = torch.bincount(rows, minlength=len(scores)).to(scores.dtype)
    length = scores.norm(dim=1).clamp_min(1e-12)
    return (1 - dot / (length * counts.clamp_min(1).sqrt())).mean()


def bce(scores: Tensor, rows: Tensor, items: Tensor) -> Tensor:
    """Binary cross-entropy of the scores as logits, 1 at the targets and 0 elsewhere (Liang et al. 2018, eq. 4)."""
    return (functional.softplus(scores).sum() - scores[rows, items].sum()) / len(scores)


# The focal loss is of the logits behind a log probability: training/focal.py.
LOSSES = {"softmax": softmax, "mse": mse, "bce": bce, "cosine": cosine}


# Of pairs: scores and values are (pairs, 1 + negatives), the first column the targets, the others sampled negatives of
# value 0. A mean over all of them.


def pair_mse(scores: Tensor, values: Tensor) -> Tensor:
    """Squared error (Raziperchikolaei and Chung 2021, eq. 1)."""
    return functional.mse_loss(scores, values)


def pair_bce(scores: Tensor, values: Tensor) -> Tensor:
    """Binary cross-entropy of the scores as logits (Raziperchikolaei and Chung 2021, eq. 1, with its minus sign)."""
    return functional.binary_cross_entropy_with_logits(scores, values)


def pair_normalised_bce(scores: Tensor, values: Tensor) -> Tensor:
    """Cross-entropy of cosines as probabilities, not below 1e-6, against value / largest value (Xue et al. 2017)."""
    chances = scores.clamp(1e-6, 1 - 1e-6)
    return functional.binary_cross_entropy(chances, values / values.max().clamp_min(1e-12))


def bpr(scores: Tensor, values: Tensor) -> Tensor:
    """-log sigmoid of how far the target is above each negative (Rendle et al. 2009)."""
    return -functional.logsigmoid(scores[:, :1] - scores[:, 1:]).mean()


PAIR_LOSSES = {"mse": pair_mse, "bce": pair_bce, "normalised-bce": pair_normalised_bce, "bpr": bpr}

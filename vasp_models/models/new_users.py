"""Vectors of users whom a factorisation was not trained on, solved for with the items held fixed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vasp_models.data.interactions import Interactions

_STEPS, _RATE = 40, 0.15  # of Adam; the rate falls to 0 along a line


def least_squares(
    items: np.ndarray,
    histories: Interactions,
    of_owned: float | np.ndarray,
    of_others: float | np.ndarray,
    l2: float,
    owned: np.ndarray,
    others: np.ndarray | None = None,
) -> np.ndarray:
    """The u of least sum of w (y - u v)^2 + l2 |u|^2 for each history, float64 (rows, factors) (Hu et al. 2008, eq. 4).

    `items` float64 (items, factors) are the v. The items of a history weigh `of_owned`, float or (rows), and have the
    target `owned`, float64 (pairs); the others weigh `of_others` and have the target `others`, (items), 0 without.
    """
    gram = items.T @ items
    rest = np.zeros(len(items)) if others is None else others
    of_all = items.T @ rest
    of_owned, of_others = (np.broadcast_to(weight, len(histories)) for weight in (of_owned, of_others))
    users = np.zeros((len(histories), items.shape[1]))
    ridge = l2 * np.eye(items.shape[1])
    for row in range(len(histories)):
        chosen, pairs = histories.row(row), slice(histories.indptr[row], histories.indptr[row + 1])
        v, high, low = items[chosen], of_owned[row], of_others[row]
        squares = low * gram + (high - low) * v.T @ v + ridge
        users[row] = np.linalg.solve(squares, low * of_all + v.T @ (high * owned[pairs] - low * rest[chosen]))
    return users


def descent(
    score: Callable[[Tensor, Tensor], Tensor],
    histories: Interactions,
    anchors: np.ndarray,
    typical: Tensor,
    negatives: float | None,
    l2: float,
) -> Tensor:
    """Vectors of least loss plus l2 / 2 |u - typical|^2, in the dtype of `typical`: (rows, factors).

    `score` gives logits (rows, c) of vectors (rows, factors) for each row's own items (rows, c). A history's items are
    liked; the `anchors` that it does not have, some items that stand for all others, are not. The loss is logistic, the
    anchors weighing together `negatives` times as much as the history; with None it is a softmax over both, for scores
    that only their order gives a meaning. In double precision a row's answer does not depend on the others.
    """
    longest = int(histories.lengths.max(initial=0))
    items = np.tile(np.concatenate([np.zeros(longest, dtype=np.int64), anchors]), (len(histories), 1))
    counted = np.ones(items.shape, dtype=bool)
    counted[:, :longest] = np.arange(longest) < histories.lengths[:, None]
    items[:, :longest][counted[:, :longest]] = histories.indices
    keys = histories.row_numbers * histories.n_items + histories.indices
    counted[:, longest:] = ~np.isin(np.arange(len(histories))[:, None] * histories.n_items + anchors, keys)
    others = np.maximum(counted[:, longest:].sum(axis=1, keepdims=True), 1)
    of_anchors = (negatives or 0.0) * histories.lengths[:, None] / others
    weight = np.where(np.arange(items.shape[1]) < longest, 1.0, of_anchors) * counted
    items, unused = torch.from_numpy(items).to(typical.device), torch.from_numpy(~counted).to(typical.device)
    weight = torch.from_numpy(weight).to(typical)
    liked = (torch.arange(items.shape[1], device=typical.device) < longest).to(typical).expand(items.shape)
    u = typical.repeat(len(histories), 1).requires_grad_()
    optimizer = torch.optim.Adam([u], lr=_RATE)
    for step in range(_STEPS):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - step / _STEPS)
        with torch.enable_grad():
            logits = score(u, items)
            if negatives is None:
                chances = logits.masked_fill(unused, -torch.inf).log_softmax(dim=1)
                errors = -chances[weight * liked > 0].sum()
            else:
                errors = functional.binary_cross_entropy_with_logits(logits, liked, weight, reduction="sum")
            (u.grad,) = torch.autograd.grad(errors + l2 / 2 * (u - typical).square().sum(), u)
        optimizer.step()
    return u.detach()

"""Vectors of users whom a factorisation was not trained on, solved for with the items held fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vasp_models.data.interactions import Interactions

_STEPS, _RATE = 40, 0.15  # of Adam; the rate falls to 0 along a line
_FLOATS = 2**20  # numbers that are looked at together: few enough to stay near the processor
_NEWTON, _HALVINGS, _NEAR = 50, 30, 1e-9  # steps at most; of one step; a step so small is the last


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


def logistic(
    items: Tensor,
    bias: Tensor,
    histories: Interactions,
    anchors: np.ndarray,
    typical: Tensor,
    negatives: float,
    l2: float,
) -> Tensor:
    """The u of least logistic loss plus l2 / 2 |u - typical|^2 where the logits are u v + bias, by Newton's method.

    `items`, (items, factors), are the v; the other arguments, the loss and the answer are those of `descent`. The loss
    is convex, and a step that would not lower it is halved.
    """
    found = typical.repeat(len(histories), 1)
    for rows in _alike(histories.lengths, len(anchors), max(1, _FLOATS // len(typical))):
        asked = _Asked.of(histories.take(rows), anchors, negatives, typical)
        found[torch.from_numpy(rows).to(typical.device)] = _newton(items, bias, asked, typical, l2)
    return found


def _newton(items: Tensor, bias: Tensor, asked: _Asked, typical: Tensor, l2: float) -> Tensor:
    v, plus = items[asked.items], bias[asked.items]
    liked, ridge = asked.liked.to(v), l2 * torch.eye(len(typical)).to(v)

    def logits(u: Tensor) -> Tensor:
        return (v @ u[:, :, None])[..., 0] + plus

    def losses(u: Tensor) -> Tensor:
        each = functional.binary_cross_entropy_with_logits(logits(u), liked, asked.weight, reduction="none")
        return each.sum(dim=1) + l2 / 2 * (u - typical).square().sum(dim=1)

    u = typical.repeat(len(v), 1)
    now = losses(u)
    for _ in range(_NEWTON):
        chance = logits(u).sigmoid()
        gradient = (v.mT @ (asked.weight * (chance - liked))[..., None])[..., 0] + l2 * (u - typical)
        curvature = (v * (asked.weight * chance * (1 - chance))[..., None]).mT @ v + ridge
        step = torch.linalg.solve(curvature, gradient)
        size = torch.ones_like(now)
        for _ in range(_HALVINGS):
            then = losses(u - size[:, None] * step)
            worse = then > now
            if not worse.any():
                break
            size[worse] /= 2
        u, now = torch.where(worse[:, None], u, u - size[:, None] * step), torch.where(worse, now, then)
        if step.abs().max() < _NEAR:
            break
    return u


def descent(
    score: Callable[[Tensor, Tensor], Tensor],
    items: Tensor,
    bias: Tensor,
    histories: Interactions,
    anchors: np.ndarray,
    typical: Tensor,
    negatives: float | None,
    l2: float,
    floats: int,
) -> Tensor:
    """Vectors of least loss plus l2 / 2 |u - typical|^2, in the dtype of `typical`: (rows, factors).

    `score` gives logits (rows, c) of vectors (rows, 1, factors) for vectors (rows, c, width) out of `items`, (items,
    width); the `bias` of each item, (items), is added. A history's items are liked; the `anchors` that it does not
    have, some items that stand for all others, are not. The loss is logistic, the anchors weighing together `negatives`
    times as much as the history; with None it is a softmax over both, for scores that only their order gives a meaning.
    `floats` are the numbers that `score` holds for each pair. In double precision a row's answer does not depend on the
    others.
    """
    found = typical.repeat(len(histories), 1)
    for rows in _alike(histories.lengths, len(anchors), max(1, _FLOATS // floats)):
        asked = _Asked.of(histories.take(rows), anchors, negatives, typical)
        found[torch.from_numpy(rows).to(typical.device)] = _descended(score, items, bias, asked, typical, l2)
    return found


@dataclass(frozen=True)
class _Asked:
    """What each row is asked about, its history and then the anchors, (rows, c) each; `weight` is None of a softmax."""

    items: Tensor
    liked: Tensor
    unused: Tensor
    weight: Tensor | None

    @classmethod
    def of(cls, histories: Interactions, anchors: np.ndarray, negatives: float | None, like: Tensor) -> _Asked:
        longest = int(histories.lengths.max(initial=0))
        items = np.tile(np.concatenate([np.zeros(longest, dtype=np.int64), anchors]), (len(histories), 1))
        own = np.arange(longest) < histories.lengths[:, None]
        items[:, :longest][own] = histories.indices
        keys = histories.row_numbers * histories.n_items + histories.indices
        others = ~np.isin(np.arange(len(histories))[:, None] * histories.n_items + anchors, keys)
        liked = np.concatenate([own, np.zeros_like(others)], axis=1)
        used = np.concatenate([own, others], axis=1)
        each = (negatives or 0.0) * histories.lengths[:, None] / np.maximum(others.sum(axis=1, keepdims=True), 1)
        weight = None if negatives is None else torch.from_numpy(np.where(liked, 1.0, each) * used).to(like)
        place = like.device
        return cls(
            torch.from_numpy(items).to(place), torch.from_numpy(liked).to(place), torch.from_numpy(~used).to(place),
            weight,
        )  # fmt: skip

    def loss(self, logits: Tensor) -> Tensor:
        """Sum over all rows."""
        if self.weight is None:
            return -logits.masked_fill(self.unused, -torch.inf).log_softmax(dim=1)[self.liked].sum()
        return functional.binary_cross_entropy_with_logits(logits, self.liked.to(logits), self.weight, reduction="sum")


def _descended(
    score: Callable[[Tensor, Tensor], Tensor], items: Tensor, bias: Tensor, asked: _Asked, typical: Tensor, l2: float
) -> Tensor:
    v, plus = items[asked.items], bias[asked.items]
    u = typical.repeat(len(v), 1).requires_grad_()
    optimizer = torch.optim.Adam([u], lr=_RATE)
    for step in range(_STEPS):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - step / _STEPS)
        with torch.enable_grad():
            loss = asked.loss(score(u[:, None], v) + plus) + l2 / 2 * (u - typical).square().sum()
            (u.grad,) = torch.autograd.grad(loss, u)
        optimizer.step()
    return u.detach()


def _alike(lengths: np.ndarray, more: int, pairs: int) -> Iterator[np.ndarray]:
    """Rows of about the same length; with `more` items each at most so many pairs, or a single row."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * (lengths[order[end]] + more) > pairs:
            yield order[start:end]
            start = end

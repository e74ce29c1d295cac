"""Vectors of users whom a factorisation was not trained on, solved for with the items held fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vasp_models.data.interactions import Interactions

_FLOATS = 2**20  # numbers that are looked at together: few enough to stay near the processor
_STEPS, _ALL_STEPS = 8, 50  # at most; where the logits are linear
_HALVINGS, _NEAR = 30, 1e-6  # of a step at most; a row ends with a gain of so small a share of its loss


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


def newton(
    score: Callable[[Tensor, Tensor], Tensor],
    items: Tensor,
    bias: Tensor,
    histories: Interactions,
    anchors: np.ndarray,
    typical: Tensor,
    negatives: float | None,
    l2: float,
    floats: int,
    is_linear: bool,
) -> Tensor:
    """Vectors of least loss plus l2 / 2 |u - typical|^2, in the dtype of `typical`: (rows, factors).

    `score` gives logits (rows, c) of vectors (rows, 1 or c, factors) for vectors (rows, c, width) out of `items`,
    (items, width); the `bias` of each item, (items), is added. A history's items are liked; the `anchors` that it does
    not have, some items that stand for all others, are not. The loss is logistic, the anchors weighing together
    `negatives` times as much as the history; with None it is a softmax over both, for scores that only their order
    gives a meaning. `floats` are the numbers that `score` holds for each pair.

    Newton's method, its second derivatives those of the loss in the logits, the logits taken as linear near u
    (generalised Gauss-Newton: Schraudolph 2002, section 3). Where they are (`is_linear`), the loss is convex and the
    answer its minimum; elsewhere a few steps lower the loss from `typical` on, and a row ends where none does. In
    double precision a row's answer does not depend on the others.
    """
    found = typical.repeat(len(histories), 1)
    held, steps = max(floats, 3 * len(typical)), _ALL_STEPS if is_linear else _STEPS
    most = max(1, _FLOATS // len(typical) ** 2)
    for rows in _alike(histories.lengths, len(anchors), max(1, _FLOATS // held), most):
        asked = _Asked.of(histories.take(rows), anchors, negatives, typical)
        found[torch.from_numpy(rows).to(typical.device)] = _solved(score, items, bias, asked, typical, l2, steps)
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

    def take(self, rows: Tensor) -> _Asked:
        weight = None if self.weight is None else self.weight[rows]
        return _Asked(self.items[rows], self.liked[rows], self.unused[rows], weight)

    def losses(self, logits: Tensor) -> Tensor:
        """Of each row, (rows)."""
        if self.weight is None:
            return -(self._masked(logits).log_softmax(dim=1).where(self.liked, 0.0)).sum(dim=1)
        wrong = functional.binary_cross_entropy_with_logits
        return wrong(logits, self.liked.to(logits), self.weight, reduction="none").sum(dim=1)

    def derivatives(self, logits: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients (rows, d) and curvatures (rows, d, d) of the loss in u; `slopes` (rows, c, d) those of logits."""
        if self.weight is None:
            n_liked = self.liked.sum(dim=1, keepdim=True).to(logits)
            chance = self._masked(logits).softmax(dim=1)
            mean = (chance[:, None] @ slopes)[:, 0]
            error, weight = n_liked * chance - self.liked.to(logits), n_liked * chance
            less = n_liked[..., None] * mean[:, :, None] * mean[:, None, :]
        else:
            chance = logits.sigmoid()
            error, weight = self.weight * (chance - self.liked.to(logits)), self.weight * chance * (1 - chance)
            less = 0.0
        return (error[:, None] @ slopes)[:, 0], (slopes * weight[..., None]).mT @ slopes - less

    def _masked(self, logits: Tensor) -> Tensor:
        return logits.masked_fill(self.unused, -torch.inf)


def _solved(
    score: Callable[[Tensor, Tensor], Tensor],
    items: Tensor,
    bias: Tensor,
    asked: _Asked,
    typical: Tensor,
    l2: float,
    steps: int,
) -> Tensor:
    def logits(u: Tensor, some: _Asked) -> Tensor:
        return score(u, items[some.items]) + bias[some.items]

    def losses(u: Tensor, some: _Asked) -> Tensor:
        return some.losses(logits(u[:, None], some)) + l2 / 2 * (u - typical).square().sum(dim=1)

    found = typical.repeat(len(asked.items), 1)
    now, ridge = losses(found, asked), l2 * torch.eye(len(typical)).to(typical)
    rows = torch.arange(len(found), device=found.device)  # those still on their way
    for _ in range(steps):
        some, u = asked.take(rows), found[rows]
        with torch.enable_grad():
            each = u[:, None].repeat(1, some.items.shape[1], 1).requires_grad_()
            scores = logits(each, some)
            (slopes,) = torch.autograd.grad(scores.sum(), each)
        gradient, curvature = some.derivatives(scores.detach(), slopes)
        step = torch.linalg.solve(curvature + ridge, gradient + l2 * (u - typical))
        before, left = now[rows], torch.arange(len(rows), device=rows.device)
        for halved in range(_HALVINGS):
            tried = u[left] - step[left] / 2**halved
            after = losses(tried, some.take(left))
            better = after <= now[rows[left]]
            found[rows[left[better]]], now[rows[left[better]]] = tried[better], after[better]
            left = left[~better]
            if not len(left):
                break
        rows = rows[before - now[rows] > _NEAR * before]
        if not len(rows):
            break
    return found


def _alike(lengths: np.ndarray, more: int, pairs: int, most: int) -> Iterator[np.ndarray]:
    """At most so many rows of about the same length; with `more` items each so many pairs, or a single row."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        full = end - start == most
        if full or end == len(order) or (end + 1 - start) * (lengths[order[end]] + more) > pairs:
            yield order[start:end]
            start = end

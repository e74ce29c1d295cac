"""Shapley values of the films of a history, by antithetic permutations: a slow check on the quick explanations.

Permutations come in pairs, each with its reverse (Mitchell et al. 2022, "Sampling permutations for Shapley value
estimation"). The values sum to F(x) - F(0) whatever the number of permutations, since each permutation's do: how well
they have converged is said by how far two halves of the permutations agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from vasp_models.errors import SettingError
from vasp_models.explanations.film import check_unseen, film_answers

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

PERMUTATIONS = 64
TOP = 5
_CELLS = 8_000_000  # numbers of the profiles that are asked for at once


@dataclass(frozen=True)
class Shapley:
    """`values` float64 (h) are means of `first_half` and `second_half`, from as many permutations each.

    `residual` is their sum minus F(x) - F(0): rounding, and no sign of convergence.
    """

    values: np.ndarray
    first_half: np.ndarray
    second_half: np.ndarray
    residual: float

    @property
    def spearman(self) -> float:
        """Rank correlation of the halves; NaN where a half has no order: fewer than 2 films, or all of one value."""
        if len(self.values) < 2 or any(np.ptp(half) == 0 for half in (self.first_half, self.second_half)):
            return float("nan")
        return float(spearmanr(self.first_half, self.second_half).statistic)

    @property
    def top_overlap(self) -> float:
        """Share of the halves' five largest values that they have in common; NaN where there are no more than five."""
        if len(self.values) <= TOP:
            return float("nan")
        tops = (np.argsort(-half, kind="stable")[:TOP] for half in (self.first_half, self.second_half))
        return len(np.intersect1d(*tops)) / TOP


def shapley(
    model: Recommender, history: np.ndarray, item: int, permutations: int = PERMUTATIONS, seed: int = 0
) -> Shapley:
    """What each film of the history adds to F of one film, on average over orders in which films are added.

    A film that the model does not cover adds 0. Raises SettingError for a number of permutations that does not fall
    into two halves of pairs, ExplanationError for a film of the history and for one that the model does not cover.
    """
    if permutations < 4 or permutations % 4:
        raise SettingError(f"{permutations} permutations are not two halves of pairs: expected a multiple of 4.")
    check_unseen(model, history, item)
    history = np.asarray(history, dtype=np.int64)
    covered = model.covers(history)
    known, rng = history[covered], np.random.default_rng(seed)
    h = len(known)
    ends = film_answers(model, known, item, np.array([np.zeros(h), np.ones(h)], dtype=bool)).sum(axis=0)
    drawn = [rng.permutation(h) for _ in range(permutations // 2)]
    orders = np.stack([order for one in drawn for order in (one, one[::-1])])  # (permutations, h)
    each = np.zeros((permutations, len(history)))
    size = max(1, _CELLS // max(h * h, 1))
    for start in range(0, permutations, size):
        each[start : start + size, covered] = _added(model, known, item, orders[start : start + size], ends)
    first, second = each[: permutations // 2].mean(axis=0), each[permutations // 2 :].mean(axis=0)
    values = each.mean(axis=0)
    return Shapley(values, first, second, float(values.sum() - (ends[1] - ends[0])))


def _added(model: Recommender, history: np.ndarray, item: int, orders: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """What each position adds when its turn comes, float64 (orders, h); `ends` are F of nothing and of everything."""
    n, h = orders.shape
    if h == 0:
        return np.empty((n, 0))
    turn = np.argsort(orders, axis=1)  # (orders, h): when each position is added
    included = turn[:, None, :] < np.arange(1, h)[:, None]  # (orders, h - 1, h): after 1, 2, ... h - 1 of them
    between = film_answers(model, history, item, included.reshape(-1, h)).sum(axis=0).reshape(n, h - 1)
    path = np.concatenate([np.full((n, 1), ends[0]), between, np.full((n, 1), ends[1])], axis=1)
    return np.take_along_axis(np.diff(path, axis=1), turn, axis=1)

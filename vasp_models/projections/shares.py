"""Whose doing it is that users differ in a film: the share of each path in how its score moves from user to user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.projections.sensitivity import JOINT, part_factors

USERS = 500  # whose histories are asked about
_BATCH = 50


def sample(histories: Interactions, seed: int = 0, users: int = USERS) -> Interactions:
    """Some histories, drawn without replacement; all where there are no more."""
    chosen = np.random.default_rng(seed).permutation(len(histories))[:users]
    return histories.take(np.sort(chosen))


def components(model: Any) -> dict[str, tuple[int, ...]]:
    """What a score is a product of, with the factors of each: the parts of the model, or its factors if it has one."""
    parts = {name: factors for name, factors in part_factors(model).items() if name != JOINT}
    if len(parts) > 1 or not hasattr(model, "factor_names"):
        return parts if len(parts) > 1 else {}
    return {name: (place,) for place, name in enumerate(model.factor_names)} if len(model.factor_names) > 1 else {}


def path_shares(
    model: Any, histories: Interactions, items: np.ndarray, report: Callable[[float], None] | None = None
) -> dict[str, np.ndarray]:
    """Cov(lift of the component, total lift) / Var(total lift) of each film over users who have not seen it.

    The lift is what a history adds to a log score. `items` int64 (n) are the films asked about. Returns component ->
    float32 (n): they sum to 1 over the components, and one can be negative or above 1; NaN where fewer than two users
    are left or the score does not move. Empty for a model in one component.
    """
    parts = components(model)
    if not parts or not len(histories):
        return {}
    empty = _lifts(model, Interactions.from_lists([[]], model.n_items), parts, items)[:, 0]
    sums = np.zeros((2, len(parts), len(items)))  # of the lifts, and of lift x total
    total, squares, users = (np.zeros(len(items)) for _ in range(3))
    for start in range(0, len(histories), _BATCH):
        rows = histories.take(slice(start, start + _BATCH))
        unseen = rows.csr(np.float32)[:, items].toarray() == 0
        lifts = np.where(unseen, _lifts(model, rows, parts, items) - empty[:, None], 0.0)  # (parts, rows, items)
        whole = lifts.sum(axis=0)
        users += unseen.sum(axis=0)
        total += whole.sum(axis=0)
        squares += (whole**2).sum(axis=0)
        sums += np.stack([lifts.sum(axis=1), (lifts * whole).sum(axis=1)])
        if report:
            report(min(1.0, (start + _BATCH) / len(histories)))
    return _shares(tuple(parts), sums, total, squares, users)


def _lifts(model: Any, rows: Interactions, parts: dict[str, tuple[int, ...]], items: np.ndarray) -> np.ndarray:
    """Log scores of each component, float64 (components, rows, items)."""
    factors = model.log_factors(rows)
    return np.stack(
        [np.sum([factors[f][:, items] for f in chosen], axis=0, dtype=np.float64) for chosen in parts.values()]
    )


def _shares(
    names: tuple[str, ...], sums: np.ndarray, total: np.ndarray, squares: np.ndarray, users: np.ndarray
) -> dict[str, np.ndarray]:
    n = np.maximum(users, 1)
    variance = squares / n - (total / n) ** 2
    covariance = sums[1] / n - (sums[0] / n) * (total / n)
    moves = (users > 1) & (variance > 1e-12 * np.maximum(squares / n, 1e-300))
    share = np.full(covariance.shape, np.nan)
    share[:, moves] = covariance[:, moves] / variance[moves]
    return {name: share[place].astype(np.float32) for place, name in enumerate(names)}

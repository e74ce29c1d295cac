"""Targets beside items that the user does not have, drawn at random (He et al. 2017, section 4.1)."""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions

_ROUNDS = 20  # of drawing again what hit the history; who has nearly everything keeps a few wrong ones


def with_negatives(
    known: Interactions, target: Interactions, number: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each target beside `number` items that stand neither in its row of `target` nor in that of `known`.

    Rows int64 (pairs); items int64 (pairs, 1 + number), the target first; values float32 of the same shape: the
    target's rating (1 without ratings), then 0.
    """
    rows = target.row_numbers
    drawn = rng.integers(target.n_items, size=(len(rows), number))
    owned = np.unique(np.concatenate([_keys(target), _keys(known)]))
    for _ in range(_ROUNDS):
        keys = rows[:, None] * target.n_items + drawn
        places = np.minimum(np.searchsorted(owned, keys), len(owned) - 1)
        wrong = owned[places] == keys
        if not wrong.any():
            break
        drawn[wrong] = rng.integers(target.n_items, size=int(wrong.sum()))
    values = np.zeros((len(rows), 1 + number), dtype=np.float32)
    values[:, 0] = 1.0 if target.values is None else target.values
    return rows, np.column_stack([target.indices.astype(np.int64), drawn]), values


def _keys(histories: Interactions) -> np.ndarray:
    return histories.row_numbers * histories.n_items + histories.indices

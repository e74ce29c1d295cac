"""What is explained, F, as a sum of factors, asked of any model for whole histories or sub-profiles of one.

F is the log score of a model with factors, the log-softmax of a softmax model, else the raw score: never a product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import HasFactors, HasGradient

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

SCORE = "score"  # the one factor of a model without factors
_CELLS = 8_000_000  # numbers of one factor that are held at once


def factor_names(model: Recommender) -> tuple[str, ...]:
    """The factors whose sum is explained."""
    return tuple(model.factor_names) if isinstance(model, HasFactors) else (SCORE,)


def parts_of(model: Recommender) -> dict[str, tuple[str, ...]]:
    """The model's parts and their factors."""
    return dict(model.parts) if isinstance(model, HasFactors) else {SCORE: (SCORE,)}


def has_positive_scores(model: Recommender) -> bool:
    """Whether F is the log of a positive score: ratios of scores (DEL, INS) mean something only then."""
    return isinstance(model, HasFactors) or model.softmax


def answers(model: Recommender, histories: Interactions) -> np.ndarray:
    """F by factor for each history, float32 (factors, rows, items); -inf where an item is not modelled."""
    if isinstance(model, HasFactors):
        return model.log_factors(histories)
    return total(model, histories)[None]


def total(model: Recommender, histories: Interactions) -> np.ndarray:
    """F itself as the model gives it when it recommends, float32 (rows, items)."""
    scores = model.score(histories)
    return (log_softmax(scores, axis=1) if model.softmax else scores).astype(np.float32, copy=False)


def subset_answers(
    model: Recommender, history: np.ndarray, included: np.ndarray, targets: np.ndarray | None = None
) -> np.ndarray:
    """F by factor for sub-profiles of one history, float32 (factors, rows, targets); all items without targets.

    `included` bool (rows, h) says which items of `history` each row holds. These are the model's real answers: a
    model that normalises its input normalises each row anew.
    """
    included = np.asarray(included, dtype=bool)
    if isinstance(model, HasGradient):
        return _on_subsets(model, history, included, targets)
    found = answers(model, _rows(history, included, model.n_items))
    return found if targets is None else found[:, :, targets]


def _rows(history: np.ndarray, included: np.ndarray, n_items: int) -> Interactions:
    """The sub-profiles as histories, in the order of the history where models read one."""
    items = np.broadcast_to(np.asarray(history, dtype=np.int32), included.shape)[included]
    indptr = np.concatenate([[0], np.cumsum(included.sum(axis=1))]).astype(np.int64)
    return Interactions(indptr, items, n_items, ordered=True)


def _on_subsets(model, history: np.ndarray, included: np.ndarray, targets: np.ndarray | None) -> np.ndarray:
    import torch

    wanted = np.arange(model.n_items) if targets is None else np.asarray(targets, dtype=np.int64)
    covered = model.covers(wanted)
    found = np.full((len(model.factor_names), len(included), len(wanted)), -np.inf, dtype=np.float32)
    size = max(1, _CELLS // max(len(wanted), len(history), 1))
    asked = None if targets is None else wanted[covered]
    with torch.inference_mode():
        for start in range(0, len(included), size):
            weights = torch.from_numpy(included[start : start + size].astype(np.float32))
            answered = model.on_subsets(history, weights, asked).log_factors
            for place, name in enumerate(model.factor_names):
                found[place, start : start + size, covered] = answered[name].cpu().numpy().T
    return found

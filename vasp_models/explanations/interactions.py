"""Pair interactions: what two films of a history do to a recommendation together, beyond what each does.

Second differences of F (Grabisch and Roubens 1999), from the model's real answers. In a linear logit they are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from vasp_models.errors import SettingError
from vasp_models.explanations.answers import factor_names
from vasp_models.explanations.film import check_unseen, film_answers, uncovered
from vasp_models.models.base import HasGradient

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

STRONGEST = 10
Context = Literal["profile", "empty"]
CONTEXTS: tuple[Context, ...] = ("profile", "empty")


@dataclass(frozen=True)
class PairInteractions:
    """`positions` int64 (m) of the history; `values` factor -> float64 (m, m), symmetric with a diagonal of 0."""

    positions: np.ndarray
    values: dict[str, np.ndarray]

    @property
    def joint(self) -> np.ndarray:
        """The interactions in the sum of the factors, (m, m)."""
        return np.sum(list(self.values.values()), axis=0)


def strongest(contributions: np.ndarray, m: int = STRONGEST) -> np.ndarray:
    """Positions of the m contributions that are largest in either direction, the strongest first, int64 (<= m)."""
    return np.argsort(-np.abs(contributions), kind="stable")[:m]


def pair_interactions(
    model: Recommender, history: np.ndarray, item: int, positions: np.ndarray, context: Context = "profile"
) -> PairInteractions:
    """Interactions of all pairs of some history positions in each factor of F of one film, from one batch.

    I_ab = F(x) - F(x - a) - F(x - b) + F(x - a - b) in the whole profile, F(ab) - F(a) - F(b) + F(0) in the empty one.
    For 10 positions that is 56 rows. A film of the history that the model does not cover interacts with none. Raises
    SettingError for another context, ExplanationError for a film of the history and for one that is not covered.
    """
    positions = np.asarray(positions, dtype=np.int64)
    found = film_answers(model, history, item, _profiles(len(history), positions, context))
    second = _second_differences(found, len(positions))
    outside = ~model.covers(np.asarray(history, dtype=np.int64)[positions])
    second[:, outside] = second[:, :, outside] = 0.0  # not even rounding
    return PairInteractions(positions, dict(zip(factor_names(model), second, strict=True)))


def logit_interactions(
    model: Recommender, history: np.ndarray, item: int, positions: np.ndarray, context: Context = "profile"
) -> dict[str, np.ndarray] | None:
    """The same in the logit behind each factor, factor -> float64 (m, m); None for a model that shows no logits.

    Raises SettingError and ExplanationError as `pair_interactions` does.
    """
    import torch

    positions = np.asarray(positions, dtype=np.int64)
    profiles = _profiles(len(history), positions, context)
    check_unseen(model, history, item)
    target = np.array([item])
    if not model.covers(target)[0]:
        raise uncovered(item)
    if not isinstance(model, HasGradient):
        return None
    with torch.inference_mode():
        logits = model.on_subsets(history, torch.from_numpy(profiles.astype(np.float32)), target).logits
    found = np.stack([logits[name][:, 0].cpu().double().numpy() for name in model.factor_names])
    return dict(zip(model.factor_names, _second_differences(found, len(positions)), strict=True))


def _profiles(h: int, positions: np.ndarray, context: Context) -> np.ndarray:
    """The context, the context changed at each position, and at each pair of positions: bool (1 + m + pairs, h)."""
    if context not in CONTEXTS:
        raise SettingError(f"There is no context {context!r}: expected one of {', '.join(CONTEXTS)}.")
    first, second = np.triu_indices(len(positions), k=1)
    changed = np.zeros((1 + len(positions) + len(first), h), dtype=bool)
    singles, pairs = np.arange(1, 1 + len(positions)), np.arange(1 + len(positions), len(changed))
    changed[singles, positions] = True
    changed[pairs, positions[first]] = changed[pairs, positions[second]] = True
    return changed if context == "empty" else ~changed


def _second_differences(found: np.ndarray, m: int) -> np.ndarray:
    """(factors, m, m) from answers to `_profiles`, (factors, rows); in both contexts the signs are the same."""
    context, single, pair = found[:, 0], found[:, 1 : 1 + m], found[:, 1 + m :]
    first, second = np.triu_indices(m, k=1)
    values = np.zeros((len(found), m, m))
    values[:, first, second] = context[:, None] - single[:, first] - single[:, second] + pair
    return values + values.transpose(0, 2, 1)

"""The linear path, exactly: what each film of the history adds to its logit and to its log factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit

from vasp_models.explanations.answers import SCORE
from vasp_models.models.base import HasItemWeights

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

_SMALL = 1.0  # below it the difference of two log sigmoids loses digits, beyond it exp(-t) may be too large


@dataclass(frozen=True)
class LinearTerms:
    """The linear factor of t items, taken apart over a history of h items, float64.

    `weights` (h, t) add up, with `bias`, to the `logits` (t); `contributions` (h, t) add up to what the history adds
    to the factor itself, which is log sigma(logit) - log sigma(bias), or the raw score of a model without a sigmoid.
    """

    factor: str
    bias: float
    weights: np.ndarray
    contributions: np.ndarray
    logits: np.ndarray

    def against(self, rival: int) -> LinearTerms:
        """What each film adds to the differences to the item at place `rival`."""
        weights, contributions, logits = (
            values - values[..., [rival]] for values in (self.weights, self.contributions, self.logits)
        )
        return LinearTerms(self.factor, 0.0, weights, contributions, logits)


def linear_factor(model: Recommender) -> str | None:
    """The factor whose logit is linear in the history, None where there is none.

    A softmax couples all items: its logits may be linear, its log score is not.
    """
    return model.linear_factor if isinstance(model, HasItemWeights) and not model.softmax else None


def linear_terms(model: Recommender, history: np.ndarray, targets: np.ndarray) -> LinearTerms | None:
    """The linear factor of some covered items, exactly; None for a model without one."""
    factor = linear_factor(model)
    if factor is None:
        return None
    weights = model.item_weights(np.asarray(history, dtype=np.int64), np.asarray(targets)).astype(np.float64)
    bias, sums = float(model.linear_bias), weights.sum(axis=0)
    contributions = weights if factor == SCORE else closed_form(weights, bias)
    return LinearTerms(factor, bias, weights, contributions, bias + sums)


def closed_form(weights: np.ndarray, bias: float) -> np.ndarray:
    """Integrated gradients of log sigma(bias + sum of weights) in closed form, (h, t) from weights (h, t).

    phi_j = W_j / t (log sigma(b + t) - log sigma(b)) with t the sum of the weights, and W_j sigma(-b) where t is 0:
    the gradient is a function of the sum alone, so its mean along the straight path is a quotient of differences.
    Sums to log sigma(b + t) - log sigma(b) (Aumann and Shapley's values, as in Sundararajan et al. 2017).
    """
    t = weights.sum(axis=0)
    small = np.abs(t) < _SMALL
    # log sigma(b + t) - log sigma(b) = -log(1 + (exp(-t) - 1) sigma(-b)): no digit is lost while t is small.
    added = -np.log1p(np.expm1(-np.where(small, t, 0.0)) * expit(-bias))
    added = np.where(small, added, log_expit(bias + t) - log_expit(bias))
    return weights * np.where(t == 0, expit(-bias), added / np.where(t == 0, 1.0, t))

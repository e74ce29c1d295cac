"""What becomes of one film while its strongest reasons go, beside what chance would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.explanations.answers import has_positive_scores
from vasp_models.explanations.film import check_unseen, film_answers, uncovered
from vasp_models.explanations.masking import answered

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

BAND = (10, 50, 90)  # percentiles over the random orders


@dataclass(frozen=True)
class DeletionCurve:
    """Every array has one entry for 0, 1, ... films removed, up to the steps asked for or the history's length.

    `share` float64 is what is left of the score and `random_low`, `random_median`, `random_high` its 10th, 50th and
    90th percentile over random orders: None where scores are not positive. `ranks` int64 are places among the items
    that are not in the original history.
    """

    ranks: np.ndarray
    share: np.ndarray | None = None
    random_low: np.ndarray | None = None
    random_median: np.ndarray | None = None
    random_high: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ranks)


def deletion_curve(
    model: Recommender,
    history: np.ndarray,
    item: int,
    order: np.ndarray,
    steps: int = 10,
    random_orders: int = 200,
    seed: int = 0,
) -> DeletionCurve:
    """Remove the history's films in an order of its positions, the strongest reason first, and in random orders.

    Raises ExplanationError for a film of the history and for one that the model does not cover.
    """
    history = np.asarray(history, dtype=np.int64)
    check_unseen(model, history, item)
    if not model.covers(np.array([item]))[0]:
        raise uncovered(item)
    h, steps = len(history), min(steps, len(history))
    place = np.empty((1, h), dtype=np.int64)
    place[0, order] = np.arange(h)
    own = _kept(place, steps)
    _, ranks = answered(model, history, item, own)
    if not has_positive_scores(model):
        return DeletionCurve(ranks)
    places = np.random.default_rng(seed).permuted(np.tile(np.arange(h), (random_orders, 1)), axis=1)
    included = np.concatenate([own, _kept(places, steps)[random_orders:]])  # nothing removed is the same in all orders
    log_scores = film_answers(model, history, item, included).sum(axis=0)
    share = np.exp(log_scores - log_scores[0])
    drawn = np.concatenate([np.ones((1, random_orders)), share[steps + 1 :].reshape(steps, random_orders)])
    return DeletionCurve(ranks, share[: steps + 1], *np.percentile(drawn, BAND, axis=1))


def _kept(places: np.ndarray, steps: int) -> np.ndarray:
    """Which films are left after 0..steps removals, bool ((steps + 1) x orders, h), from their places (orders, h)."""
    gone = np.arange(steps + 1)[:, None, None]
    return np.concatenate(list(places >= gone))

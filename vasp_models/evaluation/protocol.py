"""Rank the held-out part of each history; mean and standard error over users (Liang et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import metrics
from vasp_models.evaluation.ranking import mask_seen, top_k

DEPTH = 100
BATCH = 500  # rows scored at once: bounds the memory at BATCH x items
CHOICE = "ndcg@100"  # the metric on which everything is chosen, always on validation users

_CHOICES = ((CHOICE, 1.0), ("ndcg@10", 1.0), ("rmse", -1.0))  # of each protocol, and whether more of it is better

Score = Callable[[Interactions], np.ndarray]


def choice(metrics: Mapping[str, float]) -> float | None:
    """What decides which epoch is kept, the larger the better: the first of NDCG@100, NDCG@10 and -RMSE there is."""
    return next((sign * metrics[name] for name, sign in _CHOICES if name in metrics), None)


@dataclass(frozen=True)
class Evaluation:
    """Metrics of each user, float64 (users), and the coverage of all lists together."""

    per_user: dict[str, np.ndarray]
    coverage: float

    def __len__(self) -> int:
        return len(self.per_user[CHOICE])

    def mean(self, metric: str = CHOICE) -> float:
        """Mean of a metric over users."""
        return float(self.per_user[metric].mean())

    def summary(self) -> dict[str, object]:
        """Mean and standard error (ddof 1) of each metric, and coverage, ready for JSON."""
        rows = {name: _mean_se(values) for name, values in self.per_user.items()}
        return {"users": len(self), **rows, "coverage@100": self.coverage}

    def difference(self, other: Evaluation, metric: str = CHOICE) -> dict[str, float | None]:
        """Mean and standard error of the paired per-user difference to `other` on the same users."""
        return _mean_se(self.per_user[metric] - other.per_user[metric])


def evaluate(score: Score, fold_in: Interactions, held_out: Interactions) -> Evaluation:
    """Evaluate a scoring function on fold-in histories (rows) against their held-out items (the same rows)."""
    lists, found = [], []
    for start in range(0, len(fold_in), BATCH):
        rows = np.arange(start, min(start + BATCH, len(fold_in)))
        known = fold_in.take(rows)
        scores = mask_seen(score(known), known)
        ranked = top_k(scores, DEPTH)
        # Items that the model does not cover or that were seen cannot be recommended, whatever their place.
        offered = np.isfinite(np.take_along_axis(scores, ranked, axis=1))
        found.append(metrics.hits(ranked, held_out.take(rows)) & offered)
        lists.append(ranked[offered])
    hit, n_relevant = np.concatenate(found), held_out.lengths
    per_user = {
        CHOICE: metrics.ndcg_at(100, hit, n_relevant),
        "recall@20": metrics.recall_at(20, hit, n_relevant),
        "recall@50": metrics.recall_at(50, hit, n_relevant),
    }
    return Evaluation(per_user, len(np.unique(np.concatenate(lists))) / fold_in.n_items)


def evaluate_folds(score: Score, folds: list[tuple[Interactions, Interactions]]) -> Evaluation:
    """Mean over several hold-outs of the same users (the VASP authors' test protocol)."""
    results = [evaluate(score, fold_in, held_out) for fold_in, held_out in folds]
    per_user = {name: np.mean([r.per_user[name] for r in results], axis=0) for name in results[0].per_user}
    return Evaluation(per_user, float(np.mean([r.coverage for r in results])))


def _mean_se(values: np.ndarray) -> dict[str, float | None]:
    """Mean and standard error; one user alone has none."""
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return {"mean": float(values.mean()), "se": error}

"""Rank the held-out part of each history; mean and standard error over users (Liang et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import beyond, metrics
from vasp_models.evaluation.intervals import mean_se
from vasp_models.evaluation.ranking import best_unseen

DEPTH = 100
BATCH = 500  # rows scored at once: bounds the memory at BATCH x items
CHOICE = "ndcg@100"  # the metric on which everything is chosen, always on validation users

_CHOICES = ((CHOICE, 1.0), ("ndcg@10", 1.0), ("rmse", -1.0))  # of each protocol, and whether more of it is better

Score = Callable[[Interactions], np.ndarray]


def choice(metrics: Mapping[str, float]) -> float | None:
    """What decides which epoch is kept, the larger the better: the first of NDCG@100, NDCG@10 and -RMSE there is."""
    return next((sign * metrics[name] for name, sign in _CHOICES if name in metrics), None)


def chosen_by(metrics: Iterable[str]) -> str | None:
    """The name of the metric by which `choice` decides."""
    return next((name for name, _ in _CHOICES if name in metrics), None)


@dataclass(frozen=True)
class Evaluation:
    """Metrics of each user, float64 (users), and the coverage of all lists together.

    `alone` is the share of the items that only this user's list has, float64 (users): the error of the coverage.
    """

    per_user: dict[str, np.ndarray]
    coverage: float
    alone: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.per_user[CHOICE])

    def mean(self, metric: str = CHOICE) -> float:
        """Mean of a metric over users."""
        return float(self.per_user[metric].mean())

    def summary(self) -> dict[str, object]:
        """Mean and standard error (ddof 1) of each metric, and coverage, ready for JSON.

        The coverage has a standard error too (by the jackknife over users) where everything was measured.
        """
        rows = {name: mean_se(values) for name, values in self.per_user.items()}
        coverage: object = self.coverage
        if self.alone is not None:
            coverage = mean_se(beyond.pseudo_values(self.coverage, self.coverage - self.alone))
        return {"users": len(self), **rows, "coverage@100": coverage}

    def difference(self, other: Evaluation, metric: str = CHOICE) -> dict[str, float | None]:
        """Mean and standard error of the paired per-user difference to `other` on the same users."""
        return mean_se(self.per_user[metric] - other.per_user[metric])


def evaluate(score: Score, fold_in: Interactions, held_out: Interactions, full: bool = False) -> Evaluation:
    """Evaluate a scoring function on fold-in histories (rows) against their held-out items (the same rows).

    By the metrics of metrics.SMALL, or with `full` by those of metrics.FULL and with an error of the coverage.
    """
    lists, found = [], []
    for start in range(0, len(fold_in), BATCH):
        rows = np.arange(start, min(start + BATCH, len(fold_in)))
        known = fold_in.take(rows)
        ranked, _ = best_unseen(score(known), known, DEPTH)
        found.append(metrics.hits(ranked, held_out.take(rows)))
        lists.append(ranked)
    hit, offers = np.concatenate(found), np.concatenate(lists)
    names = metrics.FULL if full else metrics.SMALL
    per_user = {name: metrics.named(name, hit, held_out.lengths) for name in names}
    coverage = float((beyond.counts(offers, fold_in.n_items) > 0).mean())
    return Evaluation(per_user, coverage, beyond.only_theirs(offers, fold_in.n_items) if full else None)


def evaluate_folds(score: Score, folds: list[tuple[Interactions, Interactions]], full: bool = False) -> Evaluation:
    """Mean over several hold-outs of the same users (the VASP authors' test protocol)."""
    results = [evaluate(score, fold_in, held_out, full) for fold_in, held_out in folds]
    per_user = {name: np.mean([r.per_user[name] for r in results], axis=0) for name in results[0].per_user}
    alone = np.mean([r.alone for r in results], axis=0) if full else None
    return Evaluation(per_user, float(np.mean([r.coverage for r in results])), alone)

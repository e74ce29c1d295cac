"""Fidelity: are the films that an explainer names first those that the model's answer hangs on?

For each user the top unseen film is explained. Its reasons are removed from the history, or kept alone, and the model
answers anew (see `masking` for the metrics). There is one fixed order for each user and explainer; nothing is selected
by what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import spearmanr

from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.evaluation.ranking import mask_seen, top_k
from vasp_models.explanations import bootstrap
from vasp_models.explanations.answers import answers, has_positive_scores
from vasp_models.explanations.explainers import COSINE, EXPLAINERS, RANDOM, Explainer, Situation, chosen, explainers_for
from vasp_models.explanations.masking import METRICS, measure, metrics
from vasp_models.explanations.removals import CAP, TOPS, random_prefix, removals
from vasp_models.explanations.similarity import ItemStatistics
from vasp_models.jobs import Report

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

Tell = Callable[[float], None]  # told the fraction of one stage

REFERENCES = (RANDOM, COSINE)  # what every method is compared with, user by user
SHAPLEY_USERS = 30
_BATCH = 100  # histories answered at once
_STAGES = {"Removing reasons": 1, "Looking for removals": 3, "Comparing with Shapley values": 2}  # work on each user


def sample(histories: Interactions, users: int, seed: int) -> Interactions:
    """Histories of some users, drawn without replacement; all of them where there are no more."""
    if users >= len(histories):
        return histories
    return histories.take(np.sort(np.random.default_rng(seed).choice(len(histories), users, replace=False)))


def measure_fidelity(
    model: Recommender,
    histories: Interactions,
    train: Interactions,
    methods: Sequence[str] | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> dict[str, Any]:
    """Measure explainers (default all that fit; random and cosine always) on the top unseen film of each history.

    Returns plain JSON: for each method the mean of each metric and its bootstrap interval, the same for the paired
    differences to random and to cosine, and "ms", the mean time of making the order on a warm model; what removal sets
    were found; how well integrated gradients agree with Shapley values. DEL and INS are None where the model's scores
    are not positive. Users whose history is empty or unknown to the model, or without a film left to recommend, are
    counted in "left_out". Raises SettingError for a method that is unknown or does not fit, DataError where no user
    can be measured.
    """
    rows = explainers_for(model) if methods is None else chosen(model, dict.fromkeys([*REFERENCES, *methods]))
    situations, left_out = _situations(model, histories, ItemStatistics(train), seed)
    if not situations:
        raise DataError("There is no user whose recommendations can be explained: expected a history and unseen films.")
    first, second, third = _stages(report, len(situations))
    values, seconds = _all_metrics(situations, rows, first)
    return {
        "users": len(situations),
        "seed": seed,
        "left_out": left_out,
        "methods": _summary(values, seconds, seed),
        "removal": _removal(situations, second),
        "shapley_agreement": _shapley_agreement(situations, seed, third),
    }


def _situations(
    model: Recommender, histories: Interactions, train: ItemStatistics, seed: int
) -> tuple[list[Situation], dict[str, int]]:
    """Each user's top unseen film with the history, and how many users have none."""
    left_out = {"empty_history": 0, "nothing_to_recommend": 0, "history_not_covered": 0}
    situations = []
    for start in range(0, len(histories), _BATCH):
        block = histories.take(slice(start, start + _BATCH))
        ranking = mask_seen(answers(model, block).sum(axis=0), block)
        for row, item in enumerate(top_k(ranking, 1)[:, 0]):
            history = block.row(row).astype(np.int64)
            if not len(history):
                left_out["empty_history"] += 1
            elif not np.isfinite(ranking[row, item]):
                left_out["nothing_to_recommend"] += 1
            elif not model.covers(history).any():
                left_out["history_not_covered"] += 1
            else:
                situations.append(Situation(model, history, int(item), train, seed))
    return situations, left_out


def _all_metrics(
    situations: list[Situation], rows: Mapping[str, Explainer], tell: Tell
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Metrics, method -> metric -> float64 (users), and seconds of making each order, method -> float64 (users)."""
    values = {name: {} for name in rows}
    seconds = {name: np.empty(len(situations)) for name in rows}
    for explainer in rows.values():
        _timed_order(situations[0], explainer)  # warms up: first calls build tables and load kernels
    positive = has_positive_scores(situations[0].model)
    for user, situation in enumerate(situations):
        tell(user / len(situations))
        orders = []
        for name, explainer in rows.items():
            order, seconds[name][user] = _timed_order(situation, explainer)
            orders.append(order)
        log_scores, ranks = measure(situation.model, situation.history, situation.item, np.stack(orders))
        for metric, found in metrics(log_scores if positive else None, ranks).items():
            for name, value in zip(rows, found, strict=True):
                values[name].setdefault(metric, np.empty(len(situations)))[user] = value
    return values, seconds


def _timed_order(situation: Situation, explainer: Explainer) -> tuple[np.ndarray, float]:
    """An order and the seconds it took; nothing that another explainer has computed is used."""
    afresh = Situation(situation.model, situation.history, situation.item, situation.train, situation.seed)
    began = time.perf_counter()
    order = afresh.order(explainer.contributions(afresh))
    return order, time.perf_counter() - began


def _summary(
    values: dict[str, dict[str, np.ndarray]], seconds: dict[str, np.ndarray], seed: int
) -> dict[str, dict[str, Any]]:
    """Means and intervals of every method; one set of resamples serves all of them."""
    cells = {(name, metric): users for name, found in values.items() for metric, users in found.items()}
    for reference in REFERENCES:
        cells |= {
            (name, metric, reference): users - values[reference][metric]
            for name, found in values.items()
            for metric, users in found.items()
        }
    columns = np.stack(list(cells.values()), axis=1)
    ends = zip(columns.mean(axis=0), *bootstrap.interval(columns, seed), strict=True)
    told = {
        cell: dict(zip(("mean", "low", "high"), map(float, end), strict=True))
        for cell, end in zip(cells, ends, strict=True)
    }
    return {
        name: {metric: told.get((name, metric)) for metric in METRICS}
        | {"ms": float(seconds[name].mean() * 1000)}
        | {"against": {ref: {metric: told.get((name, metric, ref)) for metric in METRICS} for ref in REFERENCES}}
        for name in values
    }


def _removal(situations: list[Situation], tell: Tell) -> dict[str, dict[str, float | None]]:
    """The share of users with a removal of at most 60 films, its median size, and that of a random order's prefix.

    Where no removal is found its size counts as larger than any; a median that is so large is None.
    """
    sizes = {k: [] for k in TOPS}
    chance = {k: [] for k in TOPS}
    for user, situation in enumerate(situations):
        tell(user / len(situations))
        asked = (situation.model, situation.history, situation.item)
        for k, found in removals(*asked, TOPS, CAP).items():
            sizes[k].append(np.inf if found is None else len(found))
            prefix = random_prefix(*asked, k, situation.rng, CAP)
            chance[k].append(np.inf if prefix is None else prefix)
    return {
        f"top{k}": {
            "found": float(np.isfinite(sizes[k]).mean()),
            "median": _finite(np.median(sizes[k])),
            "found_random": float(np.isfinite(chance[k]).mean()),
            "median_random": _finite(np.median(chance[k])),
        }
        for k in TOPS
    }


def _shapley_agreement(situations: list[Situation], seed: int, tell: Tell) -> dict[str, float | int | None]:
    """The median over some users of Spearman's correlation of integrated gradients with Shapley values."""
    name, found = "integrated-gradients", []
    if EXPLAINERS[name].fits(situations[0].model):
        picked = np.random.default_rng(seed).permutation(len(situations))[:SHAPLEY_USERS]
        for done, user in enumerate(np.sort(picked)):
            tell(done / len(picked))
            pair = [EXPLAINERS[each].contributions(situations[user]) for each in (name, "shapley")]
            if all(len(np.unique(values)) > 1 for values in pair):  # a constant has no order to agree with
                found.append(spearmanr(*pair).statistic)
    return {name: float(np.median(found)) if found else None, "users": len(found)}


def _stages(report: Report | None, users: int) -> list[Tell]:
    """For each stage, what tells how far the whole is."""
    work = np.array(list(_STAGES.values())) * [users, users, min(users, SHAPLEY_USERS)]
    shares = work / work.sum()
    starts = np.cumsum(shares) - shares

    def stage(words: str, start: float, share: float) -> Tell:
        return lambda done: report(words, start + share * done) if report else None

    return [stage(*each) for each in zip(_STAGES, starts.tolist(), shares.tolist(), strict=True)]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

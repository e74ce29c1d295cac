"""Do the deep path's pair interactions tell planted conjunctions from pairs of tastes that mean nothing to a film?

What two films a and b do together to a third is I = F(x) - F(x - a) - F(x - b) + F(x - a - b), in the log factors. It
is read in the direction of the rule that was planted: more than the sum for "and", less for "xor". Its mere size is no
evidence. A path that saturates, and even log sigma of a linear logit, has its largest interactions where both films
matter and below the sum, whatever the rule: it scores high by size and for "xor", low for "and", and about .5 by
direction over both. So "xor" alone is no evidence either.

The profile x is that of a real viewer, with films of neither taste but a and b. From the empty profile a film that
needs both tastes would be additive in the log even by the planted rule, since nothing speaks against either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.demo import Planted
from vasp_models.data.interactions import Interactions
from vasp_models.explanations.answers import factor_names, subset_answers
from vasp_models.explanations.linear import linear_factor
from vasp_models.jobs import Report

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

DEMANDED = 0.75
PROFILES = 50  # real viewers; in each, one pair of films for every pair of tastes
RESAMPLES = 2_000
DIRECTION = {"and": 1, "xor": -1}  # of the interaction that a rule asks for
READ = (
    "A conjunction is found by the interaction that two films, one of each taste, have on its film in the deep path's "
    "log factors: above the sum of both for “and”, below it for “xor”, in the profiles of held-out viewers. It is "
    "compared with all other pairs of tastes on the same film and with all other films under the same tastes, each "
    "half of the AUC. By size alone, without the direction, a path that merely saturates scores high too."
)

Pair = tuple[str, str]  # of tastes


@dataclass(frozen=True)
class Case:
    """A planted conjunction: its item number, the row of its pair of tastes, its kind."""

    item: int
    pair: int
    kind: str


@threadpool_limits.wrap(limits=1)  # many small products: more threads make them slow on a busy machine
def told_apart(
    model: Recommender,
    planted: Planted,
    catalogue: Catalogue,
    profiles: Interactions,
    seed: int = 0,
    report: Report | None = None,
) -> dict[str, Any]:
    """AUC of planted conjunctions against unplanted pairs of tastes, with a bootstrap interval over the conjunctions.

    "controls" holds what is no evidence: the AUC by size alone, and both for the linear path, which holds no
    conjunction. The AUC is None for a model without a deep path.
    """
    tastes = _films_of_tastes(planted, catalogue, model)
    pairs = [pair for pair in combinations(tastes, 2) if all(map(len, _apart(tastes, pair)))]
    cases = _cases(planted, catalogue, model, pairs)
    linear = linear_factor(model)
    deep = np.array([name != linear for name in factor_names(model)])
    answer = {"auc": None, "low": None, "high": None, "planted": len(cases), "unplanted": 0, "demand": DEMANDED}
    answer |= {"other_pairs": None, "other_films": None, "by_kind": {}, "controls": {}, "profiles": 0}
    if not deep.any() or not cases or not len(profiles):
        return answer
    drawn = np.sort(np.random.default_rng([seed, 0]).permutation(len(profiles))[:PROFILES])
    means = _interactions(model, tastes, pairs, profiles.take(drawn), cases, seed, report)
    found = Comparison.of(means[deep].sum(axis=0), cases)
    controls = {"size": Comparison.of(means[deep].sum(axis=0), cases, by_size=True)}
    if not deep.all():
        controls["linear"] = Comparison.of(means[~deep].sum(axis=0), cases)
        controls["linear_size"] = Comparison.of(means[~deep].sum(axis=0), cases, by_size=True)
    return answer | _auc(found.beaten, seed) | {
        "unplanted": found.n_others,
        "other_pairs": float(found.by_pairs.mean()),
        "other_films": float(found.by_films.mean()),
        "by_kind": _by_kind(found, cases, seed),
        "controls": {name: _auc(each.beaten, seed) for name, each in controls.items()},
        "profiles": len(drawn),
    }  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Every planted conjunction (rows) against the unplanted pairs that stand beside every one (columns).

    `by_pairs` and `by_films` float64 (cases, cases): the share of the other pairs of tastes on the column's film, and
    of the other films under the column's pair, that the row's conjunction exceeds. `interactions` float64 (cases) are
    the conjunctions' own, `n_others` counts the unplanted ones.
    """

    by_pairs: np.ndarray
    by_films: np.ndarray
    interactions: np.ndarray
    n_others: int

    @classmethod
    def of(cls, interactions: np.ndarray, cases: list[Case], by_size: bool = False) -> Comparison:
        """From interactions float64 (pairs, items), NaN where there is none; by size or in each rule's direction."""
        items, rows = np.array([case.item for case in cases]), np.array([case.pair for case in cases])
        directions = np.array([DIRECTION[case.kind] for case in cases])
        others = np.isfinite(interactions)
        others[rows, items] = False  # also where two films stand under one pair of tastes
        by_pairs, by_films = np.empty((2, len(cases), len(cases)))
        for direction in (1, -1):
            values = np.abs(interactions) if by_size else direction * interactions
            asked = np.flatnonzero(directions == direction)
            found = values[rows[asked], items[asked]]
            for column, (row, item) in enumerate(zip(rows, items, strict=True)):
                by_pairs[asked, column] = _below(found, values[others[:, item], item])
                by_films[asked, column] = _below(found, values[row, others[row]])
        beside = np.zeros_like(others)
        beside[rows] = True
        beside[:, items] = True
        return cls(by_pairs, by_films, interactions[rows, items], int((beside & others).sum()))

    @property
    def beaten(self) -> np.ndarray:
        """Both halves together, (cases, cases)."""
        return (self.by_pairs + self.by_films) / 2


def _below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of `others` below each value; ties count half."""
    ordered = np.sort(others)
    return (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right")) / (2 * len(ordered))


def _auc(beaten: np.ndarray, seed: int) -> dict[str, float]:
    """The AUC, which is the mean of `beaten`, and its 95 % interval when conjunctions are drawn anew (percentiles)."""
    n, generator = len(beaten), np.random.default_rng([seed, 1])
    weights = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n
    low, high = np.quantile(((weights @ beaten) * weights).sum(axis=1), [0.025, 0.975])
    return {"auc": float(beaten.mean()), "low": float(low), "high": float(high)}


def _by_kind(found: Comparison, cases: list[Case], seed: int) -> dict[str, Any]:
    """For each kind its AUC, its mean interaction, and how often that has the direction that the rule asks for."""
    kinds = np.array([case.kind for case in cases])
    rows = {}
    for kind in sorted(set(kinds.tolist())):
        of = kinds == kind
        own = found.interactions[of]
        rows[kind] = _auc(found.beaten[np.ix_(of, of)], seed) | {
            "planted": int(of.sum()),
            "mean": float(own.mean()),
            "right_direction": float((own * DIRECTION[kind] > 0).mean()),
        }
    return rows


def _films_of_tastes(planted: Planted, catalogue: Catalogue, model: Recommender) -> dict[str, np.ndarray]:
    """Item numbers of each taste that the model covers, ascending."""
    number = _numbers(catalogue)
    found = {}
    for name, films in planted.tastes.items():
        items = np.array(sorted(number[film] for film in films if film in number), dtype=np.int64)
        found[name] = items[model.covers(items)]
    return found


def _numbers(catalogue: Catalogue) -> dict[Any, int]:
    return {film: number for number, film in enumerate(catalogue.ids.tolist())}


def _apart(tastes: dict[str, np.ndarray], pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """The films of each taste of a pair that are not of the other."""
    first, second = (tastes[name] for name in pair)
    return np.setdiff1d(first, second), np.setdiff1d(second, first)


def _cases(planted: Planted, catalogue: Catalogue, model: Recommender, pairs: list[Pair]) -> list[Case]:
    """The conjunctions whose film the model covers."""
    row, number = {frozenset(pair): row for row, pair in enumerate(pairs)}, _numbers(catalogue)
    known = [
        Case(number[rule.film], row[frozenset((rule.first, rule.second))], rule.kind)
        for rule in planted.conjunctions
        if rule.film in number and frozenset((rule.first, rule.second)) in row
    ]
    covered = model.covers(np.array([case.item for case in known], dtype=np.int64))
    return [case for case, there in zip(known, covered, strict=True) if there]


def _interactions(
    model: Recommender,
    tastes: dict[str, np.ndarray],
    pairs: list[Pair],
    profiles: Interactions,
    cases: list[Case],
    seed: int,
    report: Report | None,
) -> np.ndarray:
    """Mean interaction of each pair of tastes on each film, float64 (factors, pairs, items); NaN where there is none.

    A film counts only in profiles that do not hold it.
    """
    generator, shape = np.random.default_rng([seed, 2]), (len(pairs), model.n_items)
    sums, counts = np.zeros((len(factor_names(model)), *shape)), np.zeros(shape)
    # Films under a rule are what is asked about, and each gives two tastes away: they stand in no profile.
    asked = np.array([case.item for case in cases])
    for number in range(len(profiles)):
        row = profiles.row(number)
        history, included = _profiles(np.setdiff1d(row, asked), tastes, pairs, generator)
        if model.needs_order:
            order = _in_order(history, row)
            history, included = history[order], included[:, :, order]
        found = subset_answers(model, history, included.reshape(-1, len(history))).astype(np.float64)
        found = found.reshape(len(sums), len(pairs), 4, model.n_items)
        held = np.zeros(shape, dtype=bool)
        held[:, history] = included[:, 3]
        counted = ~held & np.isfinite(found).all(axis=(0, 2))
        with np.errstate(invalid="ignore"):  # -inf minus -inf, where a film is not covered
            second = found[:, :, 3] - found[:, :, 1] - found[:, :, 2] + found[:, :, 0]
        sums += np.where(counted, second, 0.0)
        counts += counted
        if report:
            report("Asking for pairs of films", (number + 1) / len(profiles))
    return sums / np.where(counts > 0, counts, np.nan)


def _profiles(
    kept: np.ndarray, tastes: dict[str, np.ndarray], pairs: list[Pair], generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One viewer's profiles for all pairs of tastes: without both films, with the first, the second, with both.

    Returns films int64 (h), and which of them each profile holds, bool (pairs, 4, h).
    """
    drawn = np.array([[generator.choice(films) for films in _apart(tastes, pair)] for pair in pairs])
    history = np.union1d(kept, drawn)
    of_taste = {name: np.isin(history, films) for name, films in tastes.items()}
    included = np.repeat(np.isin(history, kept)[None, None], len(pairs), axis=0).repeat(4, axis=1)
    for row, (first, second) in enumerate(pairs):
        included[row] &= ~(of_taste[first] | of_taste[second])
        places = np.searchsorted(history, drawn[row])
        included[row, [1, 3], places[0]] = included[row, [2, 3], places[1]] = True
    return history, included


def _in_order(films: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Positions of some films in the order in which they stand in a row, those that it lacks last, int64."""
    places = {film: place for place, film in enumerate(row.tolist())}
    return np.argsort([places.get(film, len(row)) for film in films.tolist()], kind="stable")

"""Do the deep path's pair interactions tell planted conjunctions from pairs of tastes that mean nothing to a film?

An interaction of two films a and b on a third is I = F(x) - F(x - a) - F(x - b) + F(x - a - b), F being the sum of the
deep path's *logits*: on the log scale even a linear path has interactions, because log sigma bends, and most of them
where both films matter, which would pass for a conjunction found. In the same way I is taken relative to the median
film: what a pair does to every film alike, such as a longer profile, is no reason for one of them.

The profile x is that of a real viewer, with films of neither taste but a and b: from the empty profile any two likes
saturate, and a film that needs two tastes is not even non-additive there, as nothing speaks against either taste.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.demo import Conjunction, Planted
from vasp_models.data.interactions import Interactions
from vasp_models.explanations.answers import factor_names, subset_answers
from vasp_models.explanations.linear import linear_factor
from vasp_models.models.base import HasFactors

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

DEMANDED = 0.75
PROFILES = 50  # real viewers; in each, one pair of films for every pair of tastes
RESAMPLES = 2_000
READ = (
    "A conjunction is told by the size of the interaction that two films, one of each taste, have on the film in the "
    "deep path's logits, in the profiles of held-out viewers and relative to the median film. It is compared with other "
    "pairs of tastes on the same film and with the same tastes on other films, each half of the AUC."
)
_SIGNS = {"and": 1, "xor": -1}

Tell = Callable[[str, float], None]


def told_apart(
    model: Recommender,
    planted: Planted,
    catalogue: Catalogue,
    profiles: Interactions,
    seed: int = 0,
    report: Tell | None = None,
    draws: int = PROFILES,
) -> dict[str, Any]:
    """AUC of planted against unplanted pairs of tastes, with a bootstrap interval over the conjunctions.

    "scales" has the same for the deep path's log factors, and for the linear path, in which no conjunction can be:
    what such a path reaches is not evidence. The AUC is None for a model without a deep path.
    """
    tastes = _films_of_tastes(planted, catalogue, model)
    pairs = [pair for pair in combinations(tastes, 2) if all(map(len, _apart(tastes, pair)))]
    cases = _cases(planted, catalogue, model, pairs)
    linear = linear_factor(model)
    deep = [f for f, name in enumerate(factor_names(model)) if name != linear]
    answer = {"auc": None, "low": None, "high": None, "planted": len(cases), "unplanted": 0, "demand": DEMANDED}
    answer |= {"other_pairs": None, "other_films": None, "by_kind": {}, "scales": {}, "profiles": 0}
    if not deep or not cases or not len(profiles):
        return answer
    drawn = np.random.default_rng([seed, 0]).permutation(len(profiles))[:draws]
    means = _interactions(model, tastes, pairs, profiles.take(np.sort(drawn)), cases, seed, report)
    paths = {"deep": deep, "linear": [f for f in range(len(factor_names(model))) if f not in deep]}
    comparisons = {
        (path, scale): _Comparison.of(values[factors].sum(axis=0), cases)
        for path, factors in paths.items()
        if factors
        for scale, values in means.items()
    }
    found = comparisons["deep", "logit"]
    scales = {f"{path} {scale}": _auc(each.beaten, seed) for (path, scale), each in comparisons.items()}
    return answer | _auc(found.beaten, seed) | {
        "unplanted": found.n_others,
        "other_pairs": float(found.by_pairs.mean()),
        "other_films": float(found.by_films.mean()),
        "by_kind": _by_kind(found, cases, seed),
        "scales": scales,
        "profiles": len(drawn),
    }  # fmt: skip


@dataclass(frozen=True)
class _Case:
    """A planted conjunction: its item number, its row among the pairs of tastes, its kind."""

    item: int
    pair: int
    kind: str


@dataclass(frozen=True)
class _Comparison:
    """Every planted conjunction (rows) against the unplanted pairs that stand beside every one (columns).

    `by_pairs` and `by_films` float64 (cases, cases): the share of the other pairs of tastes on the column's film, and
    of the other films under the column's pair, whose interaction is smaller than that of the row's conjunction.
    `signed` float64 (cases) are the conjunctions' interactions, relative to the median film.
    """

    by_pairs: np.ndarray
    by_films: np.ndarray
    signed: np.ndarray
    n_others: int

    @classmethod
    def of(cls, interactions: np.ndarray, cases: list[_Case]) -> _Comparison:
        """From interactions float64 (pairs, items), NaN where there is none."""
        relative = interactions - np.nanmedian(interactions, axis=1, keepdims=True)
        sizes = np.abs(relative)
        items, rows = np.array([c.item for c in cases]), np.array([c.pair for c in cases])
        found, others = sizes[rows, items], np.ones(sizes.shape, dtype=bool)
        others[rows, items] = False  # also where two films stand under one pair of tastes
        columns = [_finite(sizes[others[:, item], item]) for item in items]
        along = [_finite(sizes[row, others[row]]) for row in rows]
        by_pairs, by_films = (np.stack([_below(found, each) for each in beside], axis=1) for beside in (columns, along))
        cells = {(p, i) for row, i in zip(rows, items, strict=True) for p in range(len(sizes)) if others[p, i]}
        cells |= {(row, i) for row in rows for i in np.flatnonzero(others[row])}
        return cls(by_pairs, by_films, relative[rows, items], len(cells))

    @property
    def beaten(self) -> np.ndarray:
        """Both halves together, (cases, cases)."""
        return (self.by_pairs + self.by_films) / 2


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of `others` below each value; ties count half."""
    ordered = np.sort(others)
    return (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right")) / (2 * len(ordered))


def _auc(beaten: np.ndarray, seed: int) -> dict[str, float]:
    """The AUC, which is the mean of `beaten`, and its 95 % interval when conjunctions are drawn anew (percentiles)."""
    n, generator = len(beaten), np.random.default_rng([seed, 1])
    weights = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n
    low, high = np.quantile(np.einsum("ri,ij,rj->r", weights, beaten, weights, optimize=True), [0.025, 0.975])
    return {"auc": float(beaten.mean()), "low": float(low), "high": float(high)}


def _by_kind(found: _Comparison, cases: list[_Case], seed: int) -> dict[str, Any]:
    """For each kind its AUC, its mean interaction, and how often that has the sign that the rule asks for."""
    kinds = np.array([case.kind for case in cases])
    rows = {}
    for kind in sorted(set(kinds.tolist())):
        of = kinds == kind
        signed = found.signed[of]
        rows[kind] = _auc(found.beaten[np.ix_(of, of)], seed) | {
            "planted": int(of.sum()),
            "mean": float(signed.mean()),
            "right_sign": float((np.sign(signed) == _SIGNS[kind]).mean()),
        }
    return rows


def _films_of_tastes(planted: Planted, catalogue: Catalogue, model: Recommender) -> dict[str, np.ndarray]:
    """Item numbers of each taste that the model covers, ascending."""
    known = {film: number for number, film in enumerate(catalogue.ids.tolist())}
    found = {}
    for name, films in planted.tastes.items():
        items = np.array(sorted(known[film] for film in films if film in known), dtype=np.int64)
        found[name] = items[model.covers(items)]
    return found


def _apart(tastes: dict[str, np.ndarray], pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """The films of each taste of a pair that are not of the other."""
    first, second = (tastes[name] for name in pair)
    return np.setdiff1d(first, second), np.setdiff1d(second, first)


def _cases(
    planted: Planted, catalogue: Catalogue, model: Recommender, pairs: list[tuple[str, str]]
) -> list[_Case]:
    place = {frozenset(pair): row for row, pair in enumerate(pairs)}
    known = set(catalogue.ids.tolist())

    def there(rule: Conjunction) -> bool:
        number = np.array([catalogue.number(rule.film)]) if rule.film in known else None
        return number is not None and frozenset((rule.first, rule.second)) in place and bool(model.covers(number)[0])

    return [
        _Case(catalogue.number(rule.film), place[frozenset((rule.first, rule.second))], rule.kind)
        for rule in planted.conjunctions
        if there(rule)
    ]


def _interactions(
    model, tastes, pairs, profiles: Interactions, cases: list[_Case], seed: int, report: Tell | None
) -> dict[str, np.ndarray]:
    """Mean interaction of each pair of tastes on each film, on both scales: float64 (factors, pairs, items).

    A film counts only in profiles that do not hold it.
    """
    generator = np.random.default_rng([seed, 2])
    names = factor_names(model)
    sums = {scale: np.zeros((len(names), len(pairs), model.n_items)) for scale in ("logit", "log")}
    counts = np.zeros((len(pairs), model.n_items))
    # Films under a rule are what is asked about, and each gives two tastes away: they stand in no profile.
    asked = np.array([case.item for case in cases])
    for number in range(len(profiles)):
        history, included = _profile(np.setdiff1d(profiles.row(number), asked), tastes, pairs, generator)
        found = subset_answers(model, history, included).astype(np.float64).reshape(len(names), len(pairs), 4, -1)
        held = np.zeros((len(pairs), model.n_items), dtype=bool)
        held[:, history] = included.reshape(len(pairs), 4, -1)[:, 3]
        unseen = ~held & np.isfinite(found).all(axis=(0, 2))
        counts += unseen
        logits = _logits(found) if isinstance(model, HasFactors) else found
        for scale, values in (("logit", logits), ("log", found)):
            with np.errstate(invalid="ignore"):  # -inf minus -inf, where a film is not covered
                second = values[:, :, 3] - values[:, :, 1] - values[:, :, 2] + values[:, :, 0]
            sums[scale] += np.where(unseen, second, 0.0)
        if report:
            report("Asking for pairs of films", (number + 1) / len(profiles))
    with np.errstate(invalid="ignore"):  # a film that no profile is without
        return {scale: values / np.where(counts > 0, counts, np.nan) for scale, values in sums.items()}


def _profile(
    kept: np.ndarray, tastes: dict[str, np.ndarray], pairs: list[tuple[str, str]], generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One viewer's profiles for all pairs of tastes: without both films, with the first, the second, with both.

    Returns films int64 (h), and which of them each profile holds, bool (4 x pairs, h).
    """
    drawn = np.array([[generator.choice(films) for films in _apart(tastes, pair)] for pair in pairs])
    history = np.union1d(kept, drawn)
    included = np.zeros((len(pairs), 4, len(history)), dtype=bool)
    own = np.isin(history, kept)
    for row, pair in enumerate(pairs):
        included[row] = own & ~np.isin(history, np.concatenate([tastes[name] for name in pair]))
        first, second = np.searchsorted(history, drawn[row])
        included[row, [1, 3], first] = included[row, [2, 3], second] = True
    return history, included.reshape(-1, len(history))


def _logits(log_factors: np.ndarray) -> np.ndarray:
    """The logits behind log sigma, to the precision of what is given."""
    with np.errstate(invalid="ignore", divide="ignore"):  # -inf, where a film is not covered
        return log_factors - np.log(-np.expm1(np.minimum(log_factors, -np.finfo(np.float32).tiny)))

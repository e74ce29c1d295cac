"""95 % intervals of means and of shares over users, and whether a group differs from everybody else.

Users are drawn independently; films of one user are not. So a mean over users has Student's interval, and a share of
held-out films is a ratio of two sums over users (Cochran 1977, chapter 6: its error is that of the linearised ratio).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean or a share of `n` users (or films): value, standard error and both ends; None where there is none."""

    n: int
    mean: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Difference:
    """A difference of two groups: value, its 95 % interval and the two-sided p; None where there is none."""

    mean: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def mean(values: np.ndarray) -> Estimate:
    """Mean of a value between 0 and 1 over users, with Student's interval, cut to that range."""
    values = values[np.isfinite(values)]
    return around(float(values.mean()), standard_error(values), len(values)) if len(values) else Estimate(0, None)


def around(centre: float, se: float | None, n: int) -> Estimate:
    """The same from the mean over `n` users and its standard error."""
    if not se or n < 2:  # one user, or all alike: nothing is known of how much others vary
        return Estimate(n, centre, se)
    half = _quantile(n - 1) * se
    return Estimate(n, centre, se, max(centre - half, 0.0), min(centre + half, 1.0))


def standard_error(values: np.ndarray) -> float | None:
    """Standard error of a mean (ddof 1); one value alone has none, and equal values have exactly 0."""
    if len(values) < 2:
        return None
    return float(values.std(ddof=1) / np.sqrt(len(values))) if np.ptp(values) else 0.0


def mean_se(values: np.ndarray) -> dict[str, float | None]:
    """Mean and standard error, ready for JSON; one value alone has no error."""
    return {"mean": float(values.mean()), "se": standard_error(values)}


def share(hits: np.ndarray, totals: np.ndarray) -> Estimate:
    """Share of films that are hits, users as clusters: hits and films of each user, (users); `n` counts films.

    Wilson's interval (1927) with as many films as an independent sample of this error would need, and Student's
    quantile (Dean and Pagano 2015; Korn and Graubard 1998). Where none or all are hits, each user counts once.
    """
    some = totals > 0
    hits, totals = hits[some].astype(float), totals[some].astype(float)
    users, films = len(totals), totals.sum()
    if not users:
        return Estimate(0, None)
    rate, errors = _linearised(hits, totals)
    if users < 2:
        return Estimate(int(films), rate)
    ends = _wilson(rate, _independent(hits, totals), _quantile(users - 1))
    return Estimate(int(films), rate, _error(errors), *ends)


def means_apart(first: np.ndarray, second: np.ndarray) -> Difference:
    """Difference of the means of two groups of users, by Welch's t test (1947)."""
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    if not len(first) or not len(second):
        return Difference(None)
    apart = float(first.mean() - second.mean())
    if min(len(first), len(second)) < 2:
        return Difference(apart)
    one, two = (values.var(ddof=1) / len(values) for values in (first, second))
    if one + two == 0:
        return Difference(apart)
    freedom = (one + two) ** 2 / (one**2 / (len(first) - 1) + two**2 / (len(second) - 1))
    return _tested(apart, float(np.sqrt(one + two)), freedom)


def shares_apart(hits: np.ndarray, totals: np.ndarray, others_hits: np.ndarray, others: np.ndarray) -> Difference:
    """Difference of two shares of films, all (users): the same users may have films of both kinds.

    A score test: each share errs as a share common to both would, of as many independent films as its own error tells,
    never more than there are (by its own error alone, three films without a hit would be certain). The interval joins
    those of the two shares (Newcombe 1998; for dependent shares Zou and Donner 2008); there is none for a single user.
    """
    if not totals.sum() or not others.sum():
        return Difference(None)
    kinds = (hits, totals), (others_hits, others)
    (first, errors), (second, other_errors) = (_linearised(*kind) for kind in kinds)
    apart, together = first - second, _correlation(errors, other_errors)
    common = (hits.sum() + others_hits.sum()) / (totals.sum() + others.sum())
    spread = np.sqrt(common * (1 - common))
    se = _of_two(*(spread / np.sqrt(min(_independent(*kind), kind[1].sum())) for kind in kinds), together)
    freedom = np.count_nonzero((totals > 0) | (others > 0)) - 1
    if freedom < 1 or not se > 0:
        return Difference(apart)
    p = float(2 * stdtr(freedom, -abs(apart) / se))
    one, two = (share(*kind) for kind in kinds)
    if one.low is None or two.low is None:
        return Difference(apart, p=p)
    low = apart - _of_two(one.mean - one.low, two.high - two.mean, together)
    return Difference(apart, low, apart + _of_two(one.high - one.mean, two.mean - two.low, together), p)


def paired_means(first: np.ndarray, second: np.ndarray) -> Difference:
    """Mean difference of two values of the same users, by Student's t test."""
    apart = (first - second)[np.isfinite(first) & np.isfinite(second)]
    if not len(apart):
        return Difference(None)
    se = standard_error(apart)
    return _tested(float(apart.mean()), se, len(apart) - 1) if se else Difference(float(apart.mean()))


def paired_shares(first: np.ndarray, second: np.ndarray, totals: np.ndarray) -> Difference:
    """Difference of two shares of the same films: hits of either kind and films of each user, (users)."""
    some = totals > 0
    apart, totals = (first - second)[some].astype(float), totals[some].astype(float)
    if not len(totals):
        return Difference(None)
    rate = float(apart.sum() / totals.sum())
    if len(totals) < 2 or not (se := _error((apart - rate * totals) / totals.sum())) > 0:
        return Difference(rate)
    return _tested(rate, se, len(totals) - 1)


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for being many (Holm 1979), float64; NaN stands where there was no test."""
    corrected, known = np.full(len(p), np.nan), np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return corrected


def _tested(apart: float, se: float, freedom: float) -> Difference:
    half = _quantile(freedom) * se
    return Difference(apart, apart - half, apart + half, float(2 * stdtr(freedom, -abs(apart) / se)))


def _linearised(hits: np.ndarray, totals: np.ndarray) -> tuple[float, np.ndarray]:
    """A share of films, and what each user adds to its error."""
    rate = float(hits.sum() / totals.sum())
    return rate, (hits - rate * totals) / totals.sum()


def _independent(hits: np.ndarray, totals: np.ndarray) -> float:
    """How many films an independent sample of a share's error would need; where it has no error, each user counts."""
    some = totals > 0
    users, (rate, errors) = np.count_nonzero(some), _linearised(hits[some], totals[some])
    se = _error(errors) if users > 1 else 0.0
    return rate * (1 - rate) / se**2 if se > 1e-12 and 0 < rate < 1 else users


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Of two shares' errors over the users; 0 where one has none."""
    size = np.sqrt((first**2).sum() * (second**2).sum())
    return float(first @ second / size) if size > 1e-24 else 0.0


def _of_two(first: float, second: float, together: float) -> float:
    """The error of a difference of two values with such errors and such a correlation."""
    return float(np.sqrt(max(first**2 + second**2 - 2 * together * first * second, 0.0)))


def _error(errors: np.ndarray) -> float:
    """Standard error of a sum of users' deviations, which add up to 0."""
    return float(np.sqrt(len(errors) / (len(errors) - 1) * (errors**2).sum()))


def _wilson(rate: float, n: float, q: float) -> tuple[float, float]:
    centre = (rate + q * q / (2 * n)) / (1 + q * q / n)
    half = q / (1 + q * q / n) * np.sqrt(rate * (1 - rate) / n + q * q / (4 * n * n))
    return max(float(centre - half), 0.0), min(float(centre + half), 1.0)


def _quantile(freedom: float) -> float:
    return float(stdtrit(freedom, (1 + LEVEL) / 2))

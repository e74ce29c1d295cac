"""Intervals and tests over users: against scipy, by hand, and by how often they hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vasp_models.evaluation import intervals

DRAW = np.random.default_rng(0)


def test_a_mean_has_students_interval():
    values = DRAW.beta(4, 6, 25)
    found = intervals.mean(values)
    low, high = stats.t.interval(0.95, 24, values.mean(), stats.sem(values))
    assert (found.n, found.mean, found.se) == (25, pytest.approx(values.mean()), pytest.approx(stats.sem(values)))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert intervals.mean(np.append(values, np.nan)) == found
    assert intervals.mean(np.array([0.0, 0.9, 1.0])).high == 1.0, "a quality is never above 1"


def test_where_nothing_varies_there_is_no_interval():
    assert intervals.mean(np.empty(0)) == intervals.Estimate(0, None)
    assert intervals.mean(np.array([0.3])) == intervals.Estimate(1, 0.3)
    assert intervals.mean(np.zeros(5)).low is None
    assert intervals.share(np.zeros(3), np.zeros(3)) == intervals.Estimate(0, None)
    assert intervals.share(np.array([2]), np.array([4])) == intervals.Estimate(4, 0.5)


def test_a_share_of_one_film_a_user_is_wilsons():
    hits = np.repeat([1, 0], [12, 28])
    found = intervals.share(hits, np.ones(40))
    assert (found.n, found.mean) == (40, 0.3)
    assert found.se == pytest.approx(np.sqrt(0.3 * 0.7 / 39)), "the ratio's error is that of a mean"
    wilson = stats.binomtest(12, 40).proportion_ci(method="wilson")
    assert (found.low, found.high) == (pytest.approx(wilson.low, abs=0.01), pytest.approx(wilson.high, abs=0.01))


def test_films_of_one_user_are_not_independent():
    hits = np.tile([0, 5], 20)
    clustered, spread = intervals.share(hits, np.full(40, 5)), intervals.share(np.tile([2, 3], 20), np.full(40, 5))
    assert clustered.mean == spread.mean == 0.5
    assert clustered.high - clustered.low > 3 * (spread.high - spread.low)
    none = intervals.share(np.zeros(20), np.full(20, 5))
    assert none.low == 0 and none.high == pytest.approx(intervals.share(np.zeros(20), np.ones(20)).high)


def test_the_intervals_hold_as_often_as_they_say():
    draw, held = np.random.default_rng(4), {"mean": 0, "share": 0}
    for _ in range(400):
        chance = draw.beta(2, 3, 60)  # users differ, so their films are alike
        totals = draw.integers(1, 8, 60)
        hits = draw.binomial(totals, chance)
        share, mean = intervals.share(hits, totals), intervals.mean(hits / totals)
        held["share"] += share.low <= 0.4 <= share.high
        held["mean"] += mean.low <= 0.4 <= mean.high
    assert all(0.92 <= times / 400 <= 0.98 for times in held.values()), held


def test_two_groups_are_compared_as_welch_does():
    first, second = DRAW.beta(4, 6, 30), DRAW.beta(5, 3, 12)
    found, scipys = intervals.means_apart(first, second), stats.ttest_ind(first, second, equal_var=False)
    ends = scipys.confidence_interval(0.95)
    assert found.p == pytest.approx(scipys.pvalue)
    assert (found.mean, found.low, found.high) == pytest.approx((first.mean() - second.mean(), ends.low, ends.high))
    assert intervals.means_apart(first, np.empty(0)).mean is None
    assert intervals.means_apart(first, second[:1]).p is None
    assert intervals.means_apart(np.zeros(3), np.zeros(4)).p is None


def test_the_same_users_are_compared_in_pairs():
    first = DRAW.beta(4, 6, 30)
    second = first - 0.02 + 0.01 * DRAW.normal(size=30)
    found = intervals.paired_means(first, second)
    assert found.p == pytest.approx(stats.ttest_rel(first, second).pvalue) and found.low > 0
    hits = DRAW.integers(0, 2, (2, 30))
    one = intervals.paired_shares(*hits, np.ones(30))
    assert one.p == pytest.approx(stats.ttest_rel(*hits).pvalue)
    assert intervals.paired_shares(hits[0], hits[0], np.ones(30)).p is None
    assert intervals.paired_means(np.empty(0), np.empty(0)).mean is None


def test_shares_of_two_kinds_of_films_are_compared_by_score():
    hits, users = np.repeat([1, 0, 1, 0], [56, 14, 48, 32]), np.arange(150) < 70  # Newcombe's example, one film a user
    found = intervals.shares_apart(hits * users, users, hits * ~users, ~users)
    table = [[56, 14], [48, 32]]
    assert found.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, abs=0.002)
    assert found.mean == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=0.005), pytest.approx(0.3339, abs=0.005))
    assert intervals.shares_apart(hits, users, np.zeros(150), np.zeros(150)).mean is None
    assert intervals.shares_apart(hits * 0, users, hits * 0, ~users) == intervals.Difference(0.0)
    alone = intervals.shares_apart(hits[:2], np.array([9, 0]), np.array([0, 2]), np.array([0, 9]))
    assert alone.p > 0.3 and alone.low is None, "two users tell nothing, however many films they have"


def test_shares_of_the_same_users_move_together():
    draw = np.random.default_rng(2)
    first, second = draw.binomial(6, draw.beta(1, 1, 80)), draw.binomial(6, draw.beta(1, 1, 80))
    of_the_same = intervals.shares_apart(
        first, np.full(80, 6), np.clip(first + draw.integers(-1, 1, 80), 0, 6), np.full(80, 6)
    )
    of_others = intervals.shares_apart(first, np.full(80, 6), second, np.full(80, 6))
    assert of_the_same.high - of_the_same.low < (of_others.high - of_others.low) / 2
    assert of_the_same.p < 0.001 and of_the_same.low > 0, (
        "they differ by half a film of six, each time in one direction"
    )


@pytest.mark.parametrize(("films", "rate"), [(10, 0.05), (10, 0.3), (60, 0.1)])
def test_groups_of_few_films_are_not_told_apart_from_the_same(films, rate):
    draw, told, missed = np.random.default_rng(1), 0, 0
    for _ in range(300):
        chance = draw.beta(10 * rate, 10 * (1 - rate), 200)
        totals, others = np.bincount(draw.choice(200, films), minlength=200), draw.integers(3, 12, 200)
        found = intervals.shares_apart(draw.binomial(totals, chance), totals, draw.binomial(others, chance), others)
        told, missed = told + (found.p < 0.05), missed + (not found.low <= 0 <= found.high)
    assert told <= 0.09 * 300 and missed <= 0.09 * 300, (told, missed)


def test_holms_correction_by_hand():
    assert intervals.holm(np.array([0.04, 0.01, 0.03, np.nan])) == pytest.approx(
        [0.06, 0.03, 0.06, np.nan], nan_ok=True
    )
    assert intervals.holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert len(intervals.holm(np.empty(0))) == 0

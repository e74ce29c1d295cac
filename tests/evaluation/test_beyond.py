"""Measures of lists beyond accuracy, against values reckoned by hand and other people's functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import entropy, rankdata

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import beyond
from vasp_models.evaluation.beyond import gini
from vasp_models.evaluation.intervals import mean_se, paired_means
from vasp_models.evaluation.ranking import NOTHING

LISTS = np.array([[0, 1, 2], [0, 1, NOTHING], [0, 3, 2]])
GENRES = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 1, 1]], dtype=bool)


def test_histories_take_the_form_of_lists():
    found = beyond.as_lists(Interactions.from_lists([[4, 1], [], [2]], 5))
    assert found.tolist() == [[1, 4], [NOTHING] * 2, [2, NOTHING]]
    assert beyond.as_lists(Interactions.from_lists([[]], 5)).shape == (1, 0)


def test_coverage_counts_films_in_anybodys_list_and_its_error_is_the_jackknifes():
    found = mean_se(beyond.coverage(LISTS, 5))
    assert found["mean"] == pytest.approx(4 / 5)
    without = [len(np.unique(rest[rest >= 0])) / 5 for rest in (np.delete(LISTS, n, axis=0) for n in range(3))]
    assert found["se"] == pytest.approx(math.sqrt(2 / 3 * sum((w - np.mean(without)) ** 2 for w in without)))
    assert mean_se(beyond.coverage(LISTS[:1], 5)) == {"mean": 3 / 5, "se": None}


def test_gini_of_equal_and_of_concentrated_counts():
    assert gini(np.full(7, 3)) == pytest.approx(0.0)
    assert gini(np.array([0, 0, 5, 0])) == pytest.approx(1.0)
    assert gini(np.array([1, 2, 3])) == pytest.approx(1 / 3)  # (-2 x 1 + 0 x 2 + 2 x 3) / (2 x 6)
    assert gini(np.zeros(4)) is None


def test_gini_is_the_mean_difference_of_two_films_over_twice_the_mean():
    counts = np.random.default_rng(0).poisson(3, 40)
    pairs = np.abs(counts[:, None] - counts).sum() / (40 * 39)
    assert gini(counts) == pytest.approx(pairs / (2 * counts.mean()))


def test_concentration_jackknifes_the_gini_of_the_lists():
    found = mean_se(beyond.concentration(LISTS, 5))
    assert found["mean"] == pytest.approx(gini(np.array([3, 2, 2, 1, 0])))
    rest = [gini(beyond.counts(np.delete(LISTS, n, axis=0), 5)) for n in range(3)]
    assert found["se"] == pytest.approx(math.sqrt(2 * np.var(rest)))
    assert np.isnan(beyond.concentration(np.full((2, 3), NOTHING), 5)).all(), "nobody has a list"
    rest = beyond.concentration(np.array([[0, 1], [NOTHING, NOTHING]]), 5)
    assert np.isnan(rest).all(), "without the first user there is no Gini"
    alone = beyond.concentration(np.array([[0, 1]]), 5)
    assert alone.tolist() == [pytest.approx(gini(np.array([1, 1, 0, 0, 0])))]


@pytest.mark.parametrize("n", [2, 7, 100, 2000])
def test_where_no_user_makes_a_difference_coverage_has_no_error_and_its_difference_no_p(n):
    """Not even one of rounding: it would be certain of anything."""
    few, more = (beyond.coverage(np.tile(np.arange(films), (n, 1)), 681) for films in (3, 7))
    assert mean_se(few) == {"mean": pytest.approx(3 / 681), "se": 0.0} and np.ptp(few) == 0
    apart = paired_means(more, few)
    assert apart.mean == pytest.approx(4 / 681) and apart.p is None and apart.low is None


def test_novelty_is_the_mean_self_information_of_a_list():
    values = beyond.self_information(np.array([8, 4, 1, 0]), 16)
    assert values.tolist() == [1, 2, 4, 4], "a film that nobody has counts as if one had it"
    novelty = beyond.mean_over(np.array([[0, 1], [2, NOTHING], [NOTHING, NOTHING]]), values)
    assert novelty[:2].tolist() == [1.5, 4] and np.isnan(novelty[2])


def test_percentiles_count_equal_films_half():
    holders = np.array([5, 5, 9, 1])
    assert beyond.popularity_percentile(holders).tolist() == [0.5, 0.5, 0.875, 0.125]
    drawn = np.random.default_rng(1).integers(0, 20, 60)
    assert np.allclose(beyond.popularity_percentile(drawn), (rankdata(drawn) - 0.5) / 60)
    assert beyond.tail(np.arange(10)).tolist() == [True] * 8 + [False] * 2


def test_a_film_shares_itself_out_over_its_genres():
    mix = beyond.genre_mix(np.array([[0, 1], [4, NOTHING], [3, NOTHING]]), GENRES)
    assert mix[0].tolist() == [0.75, 0.25, 0.0]
    assert mix[1] == pytest.approx([1 / 3] * 3) and np.isnan(mix[2]).all(), "no genre at all"


def test_calibration_is_stecks_divergence():
    history, listed = np.array([[0.7, 0.3], [0.7, 0.3], [1.0, 0.0]]), np.array([[0.7, 0.3], [1.0, 0.0], [0.0, 1.0]])
    found = beyond.calibration(history, listed)
    assert found[0] == pytest.approx(0.0)
    by_hand = 0.7 * math.log(0.7 / (0.99 + 0.01 * 0.7)) + 0.3 * math.log(0.3 / (0.01 * 0.3))
    assert found[1] == pytest.approx(by_hand)
    assert found[2] == pytest.approx(math.log(100)), "a genre that is wholly missed costs -log alpha"
    mixes = np.random.default_rng(2).dirichlet(np.ones(6), (2, 30))
    ours, scipys = beyond.calibration(*mixes), entropy(mixes[0], 0.99 * mixes[1] + 0.01 * mixes[0], axis=1)
    assert np.allclose(ours, scipys)
    assert np.isnan(beyond.calibration(np.full((1, 2), np.nan), listed[:1])).all()
    assert np.isnan(beyond.calibration(np.zeros((2, 0)), np.zeros((2, 0)))).all(), "a catalogue without genres"


def test_diversity_is_one_less_the_mean_similarity_of_pairs():
    found = beyond.diversity(np.array([[0, 1, 2], [0, 3, NOTHING]]), GENRES)
    assert found[0] == pytest.approx(np.mean([0.5, 1.0, 1.0])) and np.isnan(found[1]), (
        "one film with genres has no pair"
    )
    genres = np.random.default_rng(3).random((12, 5)) < 0.6
    genres[:, 0] = True
    assert beyond.diversity(np.arange(12)[None], genres)[0] == pytest.approx(pdist(genres, "jaccard").mean())


def test_the_long_tail_cumulates_from_the_most_popular():
    assert beyond.long_tail(np.array([0, 6, 2, 2]), np.array([1, 9, 5, 5])).tolist() == [0.6, 0.8, 1.0, 1.0]
    assert beyond.long_tail(np.zeros(2), np.ones(2)).tolist() == [0, 0]

"""The searches behind removals, taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explanations.toys import Additive, tiny_product
from vasp_models.explanations import sets
from vasp_models.explanations.leave_one_out import influence
from vasp_models.explanations.sets import Contest, margin, pruned, sets_that_push_out

FILM, RIVAL = 12, 13


def additive(film: list[float], rival: float) -> Contest:
    """Nine films of the history that add to the film, and a tenth that adds to its rival."""
    weights = np.zeros((14, 14))
    weights[: len(film), FILM] = film
    weights[9, RIVAL] = rival
    return Contest.of(Additive(weights), np.arange(10), FILM)


def test_the_margin_is_the_lead_over_the_kth_best_other():
    scores = np.array([[2.0, 1.0, 5.0, 3.0], [2.0, 2.0, 2.0, 0.0]])
    assert margin(scores, 1).tolist() == [-3.0, 0.0]
    assert margin(scores, 2).tolist() == [-1.0, 0.0]
    assert margin(scores, 3).tolist() == [1.0, 2.0]
    assert margin(scores, 4).tolist() == [np.inf, np.inf]


def test_pruning_keeps_the_fewest_and_what_goes_is_what_helps_least():
    contest = additive([3.0, 1.0, 0.5, 0.1], rival=1.2)
    assert pruned(contest, np.array([1, 3, 0, 2]), k=1).tolist() == [1, 0]  # 0.1 and 0.5 come back: less than 1.2


def test_a_set_without_spare_members_stays_whole():
    contest = additive([1.0, 1.0, 1.0], rival=0.5)
    assert pruned(contest, np.array([2, 0, 1]), k=1).tolist() == [2, 0, 1]


def test_every_subset_of_a_short_history_is_tested(monkeypatch):
    model = Additive(np.zeros((14, 14)))  # all scores are equal: nothing is ever pushed out
    asked, answer = set(), sets.subset_answers

    def noting(model, history, included, targets=None):
        asked.update(map(tuple, included.tolist()))
        return answer(model, history, included, targets)

    monkeypatch.setattr(sets, "subset_answers", noting)
    assert sets_that_push_out(Contest.of(model, np.arange(9), FILM), k=1, cap=9) == []
    assert len(asked) == 2**9


def test_rivals_are_unseen_covered_and_enough():
    model = Additive(np.zeros((600, 600)), unmodelled=[0, 599])
    contest = Contest.of(model, np.array([1, 2]), 3, k=250)
    assert contest.rivals[0] == 3
    assert len(np.unique(contest.rivals)) == len(contest.rivals) >= 500
    assert not np.isin([0, 1, 2, 599], contest.rivals).any()


def test_rivals_of_the_empty_profile_count_too(monkeypatch):
    monkeypatch.setattr(sets, "_RIVALS", 2)
    weights = np.zeros((14, 14))
    weights[0] = -1.0  # the history speaks against all but a few
    weights[0, FILM], weights[0, 10:12] = 3.0, 2.0
    weights[1, FILM] = -2.0
    contest = Contest.of(Additive(weights), np.array([0, 1]), FILM, k=1)
    assert set(range(2, 14)) == set(contest.rivals.tolist())


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_influence_at_hand_is_the_same_contest(share):
    model, history = tiny_product(30, items_share=share), np.arange(8)
    asked, given = Contest.of(model, history, 20), Contest.of(model, history, 20, influence(model, history))
    assert asked.rivals.tolist() == given.rivals.tolist()
    assert np.allclose(asked.full, given.full, atol=5e-6)
    assert np.allclose(asked.delta, given.delta, atol=5e-6)


def test_an_uncovered_film_has_no_contest():
    assert Contest.of(tiny_product(items_share=0.8), np.array([0]), 11) is None

"""The full set of metrics, against a plain loop over users and against values reckoned by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import metrics
from vasp_models.evaluation.protocol import evaluate, evaluate_folds
from vasp_models.evaluation.ranking import NOTHING


def by_hand(scores: np.ndarray, known: Interactions, held_out: Interactions) -> tuple[dict[str, list[float]], set[int]]:
    """Every metric of every user, and the items in anybody's first 100, one list and one place after the other."""
    found: dict[str, list[float]] = {name: [] for name in metrics.FULL}
    shown: set[int] = set()
    for row in range(len(known)):
        seen, wanted = set(known.row(row).tolist()), set(held_out.row(row).tolist())
        free = [n for n in range(known.n_items) if n not in seen and scores[row, n] > -np.inf]
        ranked = sorted(free, key=lambda n: (-scores[row, n], n))[:100]
        shown |= set(ranked)
        for name in metrics.FULL:
            kind, k = name.split("@")[0], int(name.split("@")[1])
            hits = [place for place, item in enumerate(ranked[:k], start=1) if item in wanted]
            if kind == "recall":
                value = len(hits) / min(k, len(wanted))
            elif kind == "precision":
                value = len(hits) / k
            else:
                ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
                value = sum(1 / math.log2(place + 1) for place in hits) / ideal
            found[name].append(value)
    return found, shown


def data(n_items: int, users: int, targets: tuple[int, int], seed: int = 0):
    """Scores, fold-in and held-out part of random users; some items are not modelled."""
    rng = np.random.default_rng(seed)
    taken = [rng.permutation(n_items) for _ in range(users)]
    sizes = rng.integers(*targets, users, endpoint=True)
    known = Interactions.from_lists([row[:6] for row in taken], n_items)
    held_out = Interactions.from_lists([row[6 : 6 + size] for row, size in zip(taken, sizes, strict=True)], n_items)
    scores = rng.normal(size=(users, n_items)).round(1).astype(np.float32)  # rounded: many are equal
    scores[:, rng.choice(n_items, n_items // 10, replace=False)] = -np.inf
    return scores, known, held_out


@pytest.mark.parametrize(
    ("n_items", "targets"),
    [(400, (1, 15)), (60, (1, 9)), (400, (90, 160)), (12, (1, 4))],
    ids=["usual", "lists below 100", "more targets than places", "lists below 10"],
)
def test_the_full_set_equals_a_plain_loop(n_items, targets):
    scores, known, held_out = data(n_items, 37, targets)
    left = iter(np.split(scores, range(500, len(scores), 500)))
    result = evaluate(lambda rows: next(left), known, held_out, full=True)
    expected, shown = by_hand(scores, known, held_out)
    assert tuple(result.per_user) == metrics.FULL
    for name in metrics.FULL:
        assert result.per_user[name] == pytest.approx(expected[name], abs=1e-12), name
    assert result.coverage == pytest.approx(len(shown) / n_items)


def test_the_error_of_the_coverage_is_the_jackknife_over_users():
    scores, known, held_out = data(150, 9, (1, 5))
    summary = evaluate(lambda rows: scores, known, held_out, full=True).summary()
    without = []
    for user in range(9):
        rest = [row for row in range(9) if row != user]
        without.append(len(by_hand(scores[rest], known.take(rest), held_out.take(rest))[1]) / 150)
    spread = sum((each - np.mean(without)) ** 2 for each in without)
    assert summary["coverage@100"]["se"] == pytest.approx(math.sqrt(8 / 9 * spread))


def test_with_several_hold_outs_the_jackknife_leaves_a_user_out_of_all_of_them():
    scores, known, held_out = data(150, 9, (1, 5))
    other, turned = data(150, 9, (1, 5), seed=1)[1:], scores[::-1]
    answers = iter([scores, turned])
    summary = evaluate_folds(lambda rows: next(answers), [(known, held_out), other], full=True).summary()
    without = []
    for user in range(9):
        rest = [row for row in range(9) if row != user]
        first = by_hand(scores[rest], known.take(rest), held_out.take(rest))[1]
        second = by_hand(turned[rest], other[0].take(rest), other[1].take(rest))[1]
        without.append((len(first) + len(second)) / 300)
    spread = sum((each - np.mean(without)) ** 2 for each in without)
    assert summary["coverage@100"]["se"] == pytest.approx(math.sqrt(8 / 9 * spread))


def test_precision_and_recall_of_a_short_list_reckoned_by_hand():
    known, held_out = Interactions.from_lists([[0]], 5), Interactions.from_lists([[1, 2, 3]], 5)
    scores = np.array([[9.0, 4.0, -np.inf, 1.0, 3.0]], np.float32)  # the list is 1, 4, 3; item 2 is not modelled
    summary = evaluate(lambda rows: scores, known, held_out, full=True).summary()
    assert summary["precision@100"]["mean"] == pytest.approx(2 / 100)
    assert summary["recall@10"]["mean"] == summary["recall@100"]["mean"] == pytest.approx(2 / 3)
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert summary["ndcg@10"]["mean"] == pytest.approx((1 + 1 / 2) / ideal)
    assert summary["coverage@100"] == {"mean": 3 / 5, "se": None}


def test_a_user_with_more_targets_than_places_can_reach_one():
    n_items = 300
    known, held_out = Interactions.from_lists([[0]], n_items), Interactions.from_lists([range(1, 131)], n_items)
    scores = -np.arange(n_items, dtype=np.float32)[None]
    summary = evaluate(lambda rows: scores, known, held_out, full=True).summary()
    assert all(summary[name]["mean"] == pytest.approx(1) for name in metrics.FULL)


def test_every_epoch_computes_the_small_set_and_no_error_of_the_coverage():
    scores, known, held_out = data(60, 5, (1, 5))
    small = evaluate(lambda rows: scores, known, held_out)
    full = evaluate(lambda rows: scores, known, held_out, full=True)
    assert list(small.summary()) == ["users", "ndcg@100", "recall@20", "recall@50", "coverage@100"]
    assert small.summary()["coverage@100"] == full.summary()["coverage@100"]["mean"]
    assert all((small.per_user[name] == full.per_user[name]).all() for name in metrics.SMALL)


def test_a_list_that_is_filled_up_hits_nothing_there():
    relevant = Interactions.from_lists([[3], [0, 3]], 4)  # -1 in the second row must not be item 3 of the first
    ranked = np.array([[3, NOTHING], [NOTHING, 0]])
    np.testing.assert_array_equal(metrics.hits(ranked, relevant), [[True, False], [False, True]])

"""Metrics against hand-reckoned values, and the evaluation loop against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import metrics
from vasp_models.evaluation.protocol import evaluate, evaluate_folds


def test_ndcg_and_recall_of_a_list_reckoned_by_hand():
    ranked = np.array([[4, 2, 9, 7]])
    hit = metrics.hits(ranked, Interactions.from_lists([[2, 7, 0]], 10))
    assert hit.tolist() == [[False, True, False, True]]
    gain, ideal = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert metrics.ndcg_at(100, hit, np.array([3]))[0] == pytest.approx(gain / ideal)
    assert metrics.recall_at(2, hit, np.array([3]))[0] == pytest.approx(1 / 2)  # over min(k, relevant)
    assert metrics.recall_at(4, hit, np.array([3]))[0] == pytest.approx(2 / 3)


def test_the_ideal_list_scores_one_even_with_more_relevant_items_than_places():
    everything = Interactions.from_lists([range(150)], 200)
    hit = metrics.hits(np.arange(100)[None], everything)
    assert metrics.ndcg_at(100, hit, everything.lengths)[0] == pytest.approx(1.0)
    assert metrics.recall_at(20, hit, everything.lengths)[0] == 1.0


def test_seen_items_never_count_and_never_fill_a_place():
    known, held_out = Interactions.from_lists([[0, 1]], 4), Interactions.from_lists([[3]], 4)
    scores = np.array([[9.0, 8.0, 1.0, 2.0]], dtype=np.float32)
    result = evaluate(lambda rows: scores, known, held_out)
    assert result.mean("ndcg@100") == 1.0
    assert result.coverage == 2 / 4


def test_items_outside_the_model_are_no_hits():
    known, held_out = Interactions.from_lists([[0]], 3), Interactions.from_lists([[2]], 3)
    scores = np.array([[0.0, 1.0, -np.inf]], dtype=np.float32)
    result = evaluate(lambda rows: scores, known, held_out)
    assert result.mean("recall@20") == 0.0
    assert result.coverage == 1 / 3


def test_batches_do_not_change_the_result(monkeypatch):
    rng = np.random.default_rng(3)
    known = Interactions.from_lists([rng.choice(50, 6, replace=False) for _ in range(40)], 50)
    held_out = Interactions.from_lists([rng.choice(50, 3, replace=False) for _ in range(40)], 50)
    weights = rng.normal(size=(50, 50)).astype(np.float32)

    def score(rows: Interactions) -> np.ndarray:
        return rows.csr() @ weights

    whole = evaluate(score, known, held_out)
    monkeypatch.setattr("vasp_models.evaluation.protocol.BATCH", 7)
    pieces = evaluate(score, known, held_out)
    assert (whole.per_user["ndcg@100"] == pieces.per_user["ndcg@100"]).all()
    assert whole.coverage == pieces.coverage


def test_standard_error_and_paired_difference():
    known, held_out = Interactions.from_lists([[0], [0]], 3), Interactions.from_lists([[1], [2]], 3)
    right = evaluate(lambda rows: np.array([[0, 2, 1], [0, 1, 2]], np.float32), known, held_out)
    half = evaluate(lambda rows: np.array([[0, 2, 1], [0, 2, 1]], np.float32), known, held_out)
    second = 1 / math.log2(3)
    assert half.summary()["ndcg@100"]["se"] == pytest.approx(np.std([1, second], ddof=1) / math.sqrt(2))
    assert right.difference(half)["mean"] == pytest.approx((1 - second) / 2)


def test_folds_average_within_each_user():
    known, held_out = Interactions.from_lists([[0]], 3), Interactions.from_lists([[1]], 3)
    other = Interactions.from_lists([[2]], 3)

    def score(rows: Interactions) -> np.ndarray:
        return np.array([[0, 2, 1]], np.float32)

    result = evaluate_folds(score, [(known, held_out), (known, other)])
    assert result.mean() == pytest.approx((1 + 1 / math.log2(3)) / 2)

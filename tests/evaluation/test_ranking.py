"""Masking, top-k and ranks, against sorting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vasp_models.data.interactions import Interactions
from vasp_models.errors import ModelError
from vasp_models.evaluation.ranking import mask_seen, rank_of, top_k


def test_seen_items_are_masked_and_the_scores_stay_untouched():
    scores = np.ones((2, 4), dtype=np.float32)
    masked = mask_seen(scores, Interactions.from_lists([[1], [0, 3]], 4))
    assert np.isneginf(masked).tolist() == [[False, True, False, False], [True, False, False, True]]
    assert (scores == 1).all()


def test_top_k_equals_a_full_stable_sort():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 8, (40, 60)).astype(np.float32)  # many ties
    scores[:, :5] = -np.inf
    expected = np.argsort(-scores, axis=1, kind="stable")
    for k in (1, 7, 60, 100):
        assert (top_k(scores, k) == expected[:, :k]).all()


def test_the_lists_of_a_batch_equal_those_of_single_rows():
    scores = np.random.default_rng(1).normal(size=(9, 30)).astype(np.float32)
    single = np.concatenate([top_k(row[None], 5) for row in scores])
    assert (top_k(scores, 5) == single).all()


def test_rank_counts_the_higher_scores():
    scores = np.array([0.5, 2.0, 2.0, -np.inf, 1.0], dtype=np.float32)
    assert rank_of(scores, np.array([1, 2, 4, 0, 3])).tolist() == [1, 1, 3, 4, 5]


def test_scores_that_are_no_numbers_have_no_order():
    scores = np.zeros((2, 4), dtype=np.float32)
    scores[1, 2] = np.nan
    with pytest.raises(ModelError, match="no number as their score"):
        top_k(scores, 2)

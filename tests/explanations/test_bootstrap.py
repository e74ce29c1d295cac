"""The bootstrap over users: its width, its coverage, and a plain loop that does the same."""

from __future__ import annotations

import numpy as np
import pytest

from vasp_models.explanations import bootstrap


def test_a_constant_has_no_width():
    low, high = bootstrap.interval(np.full((7, 2), 0.25), seed=0)
    assert np.allclose(low, 0.25) and np.allclose(high, 0.25)


def test_the_interval_is_that_of_resampled_means():
    values = np.random.default_rng(5).exponential(size=40)
    draw = np.random.default_rng(6)
    means = [np.mean([values[draw.integers(40)] for _ in range(40)]) for _ in range(3000)]
    low, high = bootstrap.interval(values[:, None], seed=0)
    assert [low[0], high[0]] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.03)


def test_it_covers_the_mean_as_often_as_it_says():
    samples = np.random.default_rng(0).normal(size=(80, 1000))  # 1,000 experiments of 80 users, the mean is 0
    low, high = bootstrap.interval(samples, seed=1)
    assert 0.92 < ((low < 0) & (high > 0)).mean() < 0.97


def test_blocks_do_not_change_it(monkeypatch):
    values = np.random.default_rng(0).normal(size=(10, 3))
    whole = bootstrap.interval(values, seed=0)
    monkeypatch.setattr(bootstrap, "_CELLS", 70)
    assert np.allclose(bootstrap.interval(values, seed=0), whole)


def test_nobody_cannot_be_resampled():
    with pytest.raises(ValueError, match="no user"):
        bootstrap.interval(np.empty((0, 2)), seed=0)

from __future__ import annotations

import numpy as np
import pytest

from vasp_models.data import synthetic
from vasp_models.data.importing import import_ratings
from vasp_models.data.splits import make_split


def test_checkerboard_withholds_one_item_of_the_own_colour():
    likes, withheld = synthetic.checkerboard(40, 20)
    assert len(likes) == 40 and (likes.lengths == 9).all()
    for user in range(40):
        assert set(likes.row(user).tolist()) | {withheld[user]} == set(range(user % 2, 20, 2))
    assert np.bincount(withheld).tolist() == [2] * 20


def rates(likes, given: np.ndarray, item: int) -> tuple[float, float]:
    """How often an item is liked by the users in `given` and by the others."""
    column = likes.csr(bool)[:, [item]].toarray().ravel()
    return column[given].mean(), column[~given].mean()


def test_planted_links_and_conjunctions_are_in_the_data():
    data = synthetic.planted(seed=3)
    liked = data.likes.csr(bool).toarray()
    for first, second in data.pairs:
        high, low = rates(data.likes, liked[:, first], second)
        assert high > 0.75 and low < 0.1
    for rule, triples in ((np.logical_and, data.both), (np.logical_xor, data.either)):
        for one, two, third in triples:
            high, low = rates(data.likes, rule(liked[:, one], liked[:, two]), third)
            assert high > 0.75 and low < 0.1
    for one, _, third in data.either:  # alone, either film says nothing: no linear model finds the third
        high, low = rates(data.likes, liked[:, one], third)
        assert abs(high - low) < 0.1
    assert data.likes.lengths.min() >= 5


def test_planted_data_are_the_same_for_the_same_seed():
    one, same, other = (synthetic.planted(users=50, seed=seed).likes.indices for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


@pytest.fixture(scope="module")
def likes():
    return synthetic.paper_scale(seed=5, users=3_000, items=900, pairs=150_000)


def test_paper_scale_data_have_the_shape_that_was_asked_for(likes):
    assert (len(likes), likes.n_items, likes.n_pairs) == (3_000, 900, 150_000)
    assert likes.lengths.min() >= 5 and likes.lengths.max() > 5 * np.median(likes.lengths)
    counts = np.sort(likes.item_counts)[::-1]
    assert counts[-1] >= 1 and counts[:300].sum() > 0.6 * likes.n_pairs
    rows = likes.row_numbers
    assert ((np.diff(likes.indices) > 0) | (np.diff(rows) > 0)).all()  # ascending, no item twice


def test_paper_scale_data_are_the_same_for_the_same_seed(likes):
    again = synthetic.paper_scale(seed=5, users=3_000, items=900, pairs=150_000)
    assert np.array_equal(again.indices, likes.indices) and np.array_equal(again.indptr, likes.indptr)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_likes_come_back_from_the_ratings_written_for_them(likes, suffix, tmp_path):
    path = synthetic.write_ratings(tmp_path / f"ratings.{suffix}", likes, seed=1)
    dataset = import_ratings(path, str(tmp_path / "made"))
    frame = dataset.ratings()
    assert len(frame) == dataset.manifest["counts"]["rows"] == 2 * likes.n_pairs
    assert set(frame["rating"]) == set(np.arange(1, 11) / 2)
    split = make_split(dataset, heldout=300)
    assert split.stats["users"] == 3_000 and split.stats["events"] == likes.n_pairs
    user = split.train_users[0]  # ids are numbers from 1
    assert (split.item_ids[split.train.row(0)] - 1).tolist() == likes.row(user - 1).tolist()


@pytest.mark.parametrize("low_share", [0.0, 0.5])
def test_the_share_of_low_ratings_is_the_one_asked_for(likes, low_share):
    tables = list(synthetic.as_ratings(likes, low_share=low_share))
    low = sum(int((table["rating"].to_numpy() < 4).sum()) for table in tables)
    assert low == pytest.approx(low_share * likes.n_pairs, rel=0.01)

"""Random splits of ratings: every pair once, nothing of held-out users in what a model learns from."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from vasp_models.data import datasets
from vasp_models.data.importing import Source, assemble
from vasp_models.data.rating_splits import rated_by, split_ratings
from vasp_models.data.ratings import Feedback, ratings_of
from vasp_models.data.splits import make_split
from vasp_models.errors import DataError
from vasp_models.evaluation.tasks import NewUsers


def made_up(users: int = 60, items: int = 40, each: int = 20, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(10 * user + 3, 7 * item + 1) for user in range(users) for item in rng.choice(items, each, replace=False)]
    frame = pd.DataFrame(rows, columns=["user", "item"]).sample(frac=1, random_state=seed)
    return frame.assign(rating=rng.integers(3, 11, len(frame)) / 2)


def dataset(folder, frame: pd.DataFrame, feedback: Feedback | None = None) -> datasets.Dataset:
    return assemble(folder, ratings_of(frame), None, feedback or Feedback(), Source("Made up"))


def pairs(part, user_ids, item_ids) -> pd.DataFrame:
    columns = {"user": user_ids[part.row_numbers], "item": item_ids[part.indices], "rating": part.values}
    return pd.DataFrame(columns)


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"rating": np.float32}).sort_values(["user", "item"], ignore_index=True)


def test_every_rating_is_in_one_part_with_its_value(tmp_path):
    frame = made_up()
    split = split_ratings(dataset(tmp_path / "d", frame))
    parts = [pairs(part, split.user_ids, split.item_ids) for part in (split.train, split.val, split.test)]
    pd.testing.assert_frame_equal(ordered(pd.concat(parts)), ordered(frame))
    assert [len(part) for part in parts] == [972, 108, 120]  # of 1,200
    for part in (split.train, split.val, split.test):
        assert part.users.tolist() == list(range(60)) and part.n_items == split.train.n_items
        assert all((np.diff(part.row(row)) > 0).all() for row in range(60))
    assert split.scale == (0.5, 5.0)


def test_the_same_seed_gives_the_same_split_and_another_does_not(tmp_path):
    data = dataset(tmp_path / "d", made_up())
    one, again, other = (split_ratings(data, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.test.indices, again.test.indices) and np.array_equal(one.val.values, again.val.values)
    assert not np.array_equal(one.test.indptr, other.test.indptr)


def test_held_out_ratings_are_drawn_over_all_users_and_items(tmp_path):
    split = split_ratings(dataset(tmp_path / "d", made_up(users=400)), seed=1)
    first_half = split.test.lengths[:200].sum() / split.test.n_pairs  # of 800: an error of .02
    assert abs(first_half - 0.5) < 0.08
    assert split.test.item_counts.min() > 0


def test_what_no_train_rating_tells_of_is_counted(tmp_path):
    # Ten users of a single film each, which nobody else rated: held out, nothing is known of either.
    alone = pd.DataFrame({"user": np.arange(10) + 9001, "item": np.arange(10) + 9001, "rating": 3.0})
    split = split_ratings(dataset(tmp_path / "d", pd.concat([made_up(), alone])), seed=0)
    single = np.isin(split.user_ids, alone["user"])
    held_out = int((split.train.lengths[single] == 0).sum())
    tested = int(split.test.lengths[single].sum())
    assert 0 < tested <= held_out
    assert split.stats["users_without_train"] == split.stats["items_without_train"] == held_out
    assert split.stats["test_without_train"] == tested


def test_data_without_ratings_are_refused(tmp_path):
    frame = made_up()
    implicit = dataset(tmp_path / "implicit", frame.drop(columns="rating"), Feedback(None))
    for ask in (lambda: split_ratings(implicit), lambda: rated_by(implicit, np.array([3]), np.array([1]))):
        with pytest.raises(DataError, match="implicit has likes and no ratings: expected"):
            ask()
    with pytest.raises(DataError, match="few has 10 ratings: expected at least 20"):
        split_ratings(dataset(tmp_path / "few", pd.DataFrame({"user": 1, "item": np.arange(10), "rating": 5.0})))


def test_a_million_ratings_are_split_in_seconds(tmp_path):
    data = dataset(tmp_path / "d", made_up(users=5000, items=1000, each=200))
    started = time.perf_counter()
    assert split_ratings(data).train.n_pairs == 810_000
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("source", ["demo", "made up"])
def test_rated_pairs_are_those_of_the_train_users_alone(tmp_path, source):
    data = datasets.load("demo") if source == "demo" else dataset(tmp_path / "d", made_up(users=90))
    split = make_split(data, heldout=20, ordered=True)
    found = NewUsers(split, data).rated()
    assert len(found) == len(split.train) and found.n_items == split.train.n_items and found.users is None
    frame = data.ratings()[["user", "item", "rating"]]
    kept = frame[frame["user"].isin(split.train_users) & frame["item"].isin(split.item_ids)]
    got = pairs(found, split.train_users, split.item_ids)
    pd.testing.assert_frame_equal(ordered(got), ordered(kept))
    assert not set(got["user"]) & {*split.val_users, *split.test_users}
    # Every like of the train users is among them, and ratings below the threshold too.
    assert (found.values >= data.threshold).sum() == split.train.n_pairs < found.n_pairs


def test_ratings_of_held_out_users_change_nothing(tmp_path):
    frame = made_up(users=90)
    data = dataset(tmp_path / "d", frame)
    split = make_split(data, heldout=20)
    others = frame["user"].isin([*split.val_users, *split.test_users])
    turned = dataset(tmp_path / "t", frame.assign(rating=frame["rating"].where(~others, 5.5 - frame["rating"])))
    one, other = (rated_by(each, split.train_users, split.item_ids) for each in (data, turned))
    assert np.array_equal(one.indices, other.indices) and np.array_equal(one.values, other.values)

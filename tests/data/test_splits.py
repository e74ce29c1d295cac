from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.data import layouts
from vasp_models.data import binarising, datasets, releases, splits
from vasp_models.data.importing import Source, assemble, import_ratings
from vasp_models.data.ratings import Feedback, ratings_of
from vasp_models.errors import DataError, SettingError

USERS, ITEMS, HELDOUT = 300, 80, 40


def made(folder, frame: pd.DataFrame) -> datasets.Dataset:
    return assemble(folder, ratings_of(frame), None, Feedback(), Source("Made up"))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Ratings of users 10, 20, ... in a shuffled order, with times that are not in the order of the items."""
    generator = np.random.default_rng(3)
    likes = generator.random((USERS, ITEMS)) < 0.5 / np.sqrt(1 + np.arange(ITEMS))
    user, item = np.nonzero(likes)
    frame = pd.DataFrame({"user": 10 * user + 10, "item": 7 * item})
    frame["rating"] = generator.choice([2.0, 4.0, 5.0], len(frame), p=[0.2, 0.4, 0.4])
    frame["timestamp"] = generator.permutation(len(frame))
    return frame.sample(frac=1, random_state=4, ignore_index=True)


@pytest.fixture(scope="module")
def dataset(frame, tmp_path_factory) -> datasets.Dataset:
    return made(tmp_path_factory.mktemp("splits") / "made", frame)


def reference(frame: pd.DataFrame, heldout: int) -> dict:
    """The protocol `liang` once more, by sets and loops."""
    liked = frame[frame["rating"] >= 4]
    items_of = {user: set(group) for user, group in liked.groupby("user")["item"] if len(group) >= 5}
    users = np.array(sorted(items_of))[np.random.RandomState(98765).permutation(len(items_of))].tolist()
    kinds = {"train": users[: -2 * heldout], "val": users[-2 * heldout : -heldout], "test": users[-heldout:]}
    catalogue = sorted(set().union(*(items_of[user] for user in kinds["train"])))
    number = {item: place for place, item in enumerate(catalogue)}
    generator = np.random.RandomState(98765)
    found = {"item_ids": catalogue, "train_users": sorted(kinds["train"])}
    found["train"] = [sorted(number[item] for item in items_of[user]) for user in found["train_users"]]
    for kind in ("val", "test"):
        found |= {f"{kind}_users": [], f"{kind}_in": [], f"{kind}_te": []}
        for user in sorted(kinds[kind]):
            history = sorted(number[item] for item in items_of[user] if item in number)
            if len(history) < 5:
                continue
            out = set(generator.choice(len(history), max(1, len(history) // 5), replace=False).tolist())
            found[f"{kind}_users"].append(user)
            found[f"{kind}_in"].append([item for place, item in enumerate(history) if place not in out])
            found[f"{kind}_te"].append([item for place, item in enumerate(history) if place in out])
    return found


def lists(part) -> list[list[int]]:
    return [part.row(number).tolist() for number in range(len(part))]


def test_liang_follows_the_protocol(frame, dataset):
    split, expected = splits.make_split(dataset, heldout=HELDOUT), reference(frame, HELDOUT)
    for kind in ("train", "val_in", "val_te", "test_in", "test_te"):
        assert lists(getattr(split, kind)) == expected[kind], kind
    for ids in ("item_ids", "train_users", "val_users", "test_users"):
        assert getattr(split, ids).tolist() == expected[ids], ids
    dropped = split.stats["val"]["dropped"] + split.stats["test"]["dropped"]
    assert len(split.val_users) + len(split.test_users) + dropped == 2 * HELDOUT


@pytest.mark.shared
@pytest.mark.parametrize("name", ["ml-1m", "ml-latest-small"])
def test_liang_equals_the_reference_splits(name, shared, tmp_path, home):
    source = shared / "data" / name
    if name == "ml-1m":
        dataset = import_ratings(source / "ratings_no_timestamp.parquet", name, source / "movies.dat")
        assert dataset.manifest["counts"]["unnamed_items"] == 0
    else:
        dataset = releases.get(name, source)
    splits.save_npz(splits.make_split(dataset), tmp_path / "split.npz")
    with np.load(tmp_path / "split.npz") as got, np.load(shared / "data" / "splits" / f"{name}.npz") as expected:
        assert set(got.files) == set(expected.files)
        for array in expected.files:
            assert np.array_equal(got[array], expected[array]), array


def test_time_order_changes_the_order_and_nothing_else(frame, dataset):
    ascending = splits.make_split(dataset, heldout=HELDOUT)
    ordered = splits.make_split(dataset, heldout=HELDOUT, ordered=True)
    when = frame.set_index(["user", "item"])["timestamp"]
    for kind in ("train", "val_in", "val_te", "test_in", "test_te"):
        part = getattr(ordered, kind)
        assert part.ordered and not getattr(ascending, kind).ordered
        assert [sorted(row) for row in lists(part)] == lists(getattr(ascending, kind))
    assert any(row != sorted(row) for row in lists(ordered.train))
    for user, row in zip(ordered.train_users, lists(ordered.train), strict=True):
        times = [when[user, ordered.item_ids[item]] for item in row]
        assert times == sorted(times)


def test_both_orders_write_the_same_file(dataset, tmp_path):
    for ordered in (False, True):
        split = splits.make_split(dataset, heldout=HELDOUT, ordered=ordered)
        splits.save_npz(split, tmp_path / f"{ordered}.npz")
    with np.load(tmp_path / "False.npz") as one, np.load(tmp_path / "True.npz") as other:
        assert all(np.array_equal(one[name], other[name]) for name in one.files)
        assert json.loads(one["stats"].item()) == split.stats


def test_vasp_takes_the_first_of_pandas_sample_as_test(frame, dataset):
    split = splits.make_split(dataset, "vasp", heldout=HELDOUT)
    likes = binarising.binarised(dataset)
    order = pd.DataFrame({"user": likes.user_ids}).sample(frac=1, random_state=42)["user"].tolist()
    assert split.test_users.tolist() == sorted(order[:HELDOUT])
    assert split.val_users.tolist() == sorted(order[HELDOUT : 2 * HELDOUT])
    assert split.train_users.tolist() == sorted(order[2 * HELDOUT :])
    assert split.item_ids.tolist() == likes.item_ids.tolist()


def test_vasp_folds_are_those_of_a_shrinking_list(dataset):
    split = splits.make_split(dataset, "vasp", heldout=HELDOUT)
    assert len(split.test_folds) == 5 and split.test_folds[0] == (split.test_in, split.test_te)
    whole = [sorted(a + b) for a, b in zip(lists(split.test_in), lists(split.test_te), strict=True)]
    for fold, (fold_in, fold_out) in enumerate(split.test_folds):
        generator = np.random.RandomState(42)  # seeded again for each fold: the same shuffle
        for history, seen, held in zip(whole, lists(fold_in), lists(fold_out), strict=True):
            left = [history[place] for place in generator.permutation(len(history))]
            size = max(1, int(0.2 * len(history)))
            popped = [left.pop(min(place, len(left) - 1)) for place in range(fold * size, (fold + 1) * size)]
            assert held == sorted(popped) and seen == sorted(left)
    assert lists(split.test_folds[0][1]) != lists(split.test_folds[1][1])


def test_the_catalogue_counts_train_users(dataset):
    split = splits.make_split(dataset, heldout=HELDOUT)
    counts = np.bincount(split.train.indices, minlength=len(split.catalogue))
    assert split.catalogue.frame["train_users"].tolist() == counts.tolist()
    assert counts.min() > 0
    assert split.catalogue.titles[0] == f"Item {split.item_ids[0]}"


def test_preprocessing_is_counted(frame, dataset):
    dropped = splits.make_split(dataset, heldout=HELDOUT).preprocessing
    liked = frame[frame["rating"] >= 4].groupby("user").size()
    assert dropped == {
        "ratings_below_threshold": int((frame["rating"] < 4).sum()),
        "users_below_5": int((liked < 5).sum()),
        "pairs_of_those_users": int(liked[liked < 5].sum()),
        "duplicates": 0,
    }


def test_users_whose_items_nobody_in_train_has_are_dropped_and_counted():
    """One user in 40 likes items of his own; wherever he is held out, he is dropped and not scored."""
    users = np.repeat(np.arange(40), 6)
    items = np.tile(np.arange(6), 40)
    dropped = []
    for loner in range(40):
        own = items + 6 * (users == loner)
        likes = binarising.from_pairs(users, own, np.arange(40), np.arange(12))
        split = splits.split_likes(likes, heldout=5)
        held_out = loner not in split.train_users
        dropped.append(split.stats["val"]["dropped"] + split.stats["test"]["dropped"])
        assert dropped[-1] == held_out and len(split.item_ids) == (6 if held_out else 12)
        assert loner not in [*split.val_users, *split.test_users]
    assert sum(dropped) == 10


def test_heldout_has_a_default_for_each_data_set():
    assert splits.HELDOUT["ml-1m"] == 750 and splits.HELDOUT["netflix"] == 40_000
    assert set(splits.HELDOUT) == set(releases.RELEASES) - {"ml-10m"}


def test_other_data_hold_out_a_tenth(dataset):
    split = splits.make_split(dataset)
    assert split.heldout == split.stats["users"] // 10


@pytest.mark.parametrize(
    ("heldout", "message"), [(0, "expected --heldout between 1 and"), (USERS, "cannot be held out")]
)
def test_an_impossible_split_is_refused(heldout, message, dataset):
    with pytest.raises(SettingError, match=message):
        splits.make_split(dataset, heldout=heldout)


def test_an_unknown_protocol_is_refused(dataset):
    with pytest.raises(SettingError, match="'random': expected one of liang, vasp"):
        splits.make_split(dataset, "random")


def test_held_out_users_who_share_nothing_with_train_are_an_error():
    users, items = np.repeat(np.arange(3), 5), np.arange(15)
    likes = binarising.from_pairs(users, items, np.arange(3), np.arange(15))
    with pytest.raises(DataError, match="no validation user keeps 5 items"):
        splits.split_likes(likes, heldout=1, name="islands")


def test_text_ids_are_saved_without_pickle(tmp_path):
    frame = pd.DataFrame(layouts.rows(), columns=["user", "item", "rating", "timestamp"])
    frame = frame.assign(user="u" + frame["user"].astype(str), item="i" + frame["item"].astype(str), rating=5.0)
    splits.save_npz(splits.make_split(made(tmp_path / "made", frame)), tmp_path / "split.npz")
    with np.load(tmp_path / "split.npz", allow_pickle=False) as arrays:
        assert arrays["item_ids"][0] == "i1" and arrays["train_users"].tolist() == sorted(
            arrays["train_users"].tolist()
        )


def test_two_users_cannot_be_split_in_three():
    likes = binarising.from_pairs(np.repeat([0, 1], 5), np.tile(np.arange(5), 2), np.arange(2), np.arange(5))
    with pytest.raises(DataError, match="expected at least 3"):
        splits.split_likes(likes, name="a couple")

"""Splits of large data come from the cache as they were made, and take no memory."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from tests.data.test_splits import dataset, frame  # noqa: F401
from vasp_models.data import splits, stored_splits
from vasp_models.data.stored_splits import split_of
from vasp_models.diagnostics import caches
from vasp_models.models import create, preset
from vasp_models.models.settings import with_epochs


@pytest.fixture
def large(home, monkeypatch):
    """The home of this test, in which all data are large."""
    monkeypatch.setattr(stored_splits, "FROM", 0)
    return home


def same(one: splits.Split, other: splits.Split) -> bool:
    pd.testing.assert_frame_equal(one.catalogue.frame, other.catalogue.frame)
    assert (one.protocol, one.heldout, one.stats, one.preprocessing) == (
        other.protocol, other.heldout, other.stats, other.preprocessing,
    )  # fmt: skip
    for kind in ("train_users", "val_users", "test_users"):
        np.testing.assert_array_equal(getattr(one, kind), getattr(other, kind))
        assert getattr(one, kind).dtype == getattr(other, kind).dtype
    pairs = [(one.train, other.train), (one.val_in, other.val_in), (one.val_te, other.val_te)]
    pairs += [both for folds in zip(one.test_folds, other.test_folds, strict=True) for both in zip(*folds, strict=True)]
    return all(
        np.array_equal(a.indptr, b.indptr)
        and np.array_equal(a.indices, b.indices)
        and (a.indices.dtype, a.n_items, a.ordered) == (b.indices.dtype, b.n_items, b.ordered)
        for a, b in pairs
    )


@pytest.mark.parametrize("protocol", splits.PROTOCOLS)
@pytest.mark.parametrize("ordered", [False, True])
def test_a_stored_split_is_the_split(dataset, large, protocol, ordered):  # noqa: F811
    stored = split_of(dataset, protocol, 40, ordered)
    assert isinstance(stored.train.indices, np.memmap) and not stored.train.indices.flags.writeable
    assert same(stored, splits.make_split(dataset, protocol, 40, ordered))


def test_ids_that_are_words_stay_words(large):
    text = frame_of_words()
    stored = split_of(text, "liang", 5)
    assert isinstance(stored.train_users[0], str) and isinstance(stored.item_ids[0], str)
    assert same(stored, splits.make_split(text, "liang", 5))


def frame_of_words():
    from tests.data.test_splits import made
    from vasp_models import places

    rows = [(f"u{user}", f"i{item}") for user in range(30) for item in range(12) if (user + item) % 2]
    return made(places.home() / "words", pd.DataFrame(rows, columns=["user", "item"]).assign(rating=5.0))


def test_it_is_made_once_for_each_choice_and_again_where_it_is_damaged(dataset, large, monkeypatch):  # noqa: F811
    made = []
    original = splits.make_split
    monkeypatch.setattr(stored_splits, "make_split", lambda *asked: made.append(asked) or original(*asked))
    first = split_of(dataset, "liang", 40)
    assert same(first, split_of(dataset, "liang", 40)) and len(made) == 1
    split_of(dataset, "liang", 41)
    split_of(dataset, "vasp", 40)
    assert len(made) == 3
    folders = [each for each in (large / "cache" / "splits").iterdir() if each.is_dir()]
    assert len(folders) == 3
    for folder in folders:
        (folder / "train.indices.npy").unlink()  # what `first` has mapped stays as it is
        (folder / "train.indices.npy").write_bytes(b"\x93NUMPY")
    assert same(first, split_of(dataset, "liang", 40)) and len(made) == 4


def test_a_changed_byte_is_seen_and_an_empty_file(dataset, large):  # noqa: F811
    first = splits.make_split(dataset, "liang", 40)
    split_of(dataset, "liang", 40)
    (folder,) = [each for each in (large / "cache" / "splits").iterdir() if each.is_dir()]
    for name in ("train.indices.npy", "val_in.indptr.npy"):
        whole = (folder / name).read_bytes()
        for damaged in (whole[:-3] + b"\x7f" + whole[-2:], b""):
            (folder / name).unlink()
            (folder / name).write_bytes(damaged)
            assert same(first, split_of(dataset, "liang", 40))
            assert (folder / name).read_bytes() == whole


def test_without_a_cache_the_split_is_made_as_of_small_data(dataset, large):  # noqa: F811
    (large / "cache").write_text("in the way of a folder")
    assert same(split_of(dataset, "liang", 40), splits.make_split(dataset, "liang", 40))


def test_small_data_leave_nothing_in_the_cache(dataset, home):  # noqa: F811
    assert not isinstance(split_of(dataset, "liang", 40).train.indices, np.memmap)
    assert not (home / "cache" / "splits").exists()


def test_models_train_on_memory_maps_as_on_arrays(dataset, large):  # noqa: F811
    found = []
    for split in (split_of(dataset, "liang", 40), splits.make_split(dataset, "liang", 40)):
        settings, options = preset("vasp", "tiny")
        model = create("vasp", settings, split.train.n_items)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # torch warns of arrays that cannot be written
            list(model.fit_epochs(split.train, with_epochs(options, 3), None))
            found.append(torch.from_numpy(model.score(split.test_in).copy()))
    assert torch.equal(*found)


def test_the_cache_tells_and_clears_them(dataset, large):  # noqa: F811
    split_of(dataset, "liang", 40)
    assert any(check.name == "Splits of large data" for check in caches.checks())
    assert caches.clear().files >= 10
    assert same(split_of(dataset, "liang", 40), splits.make_split(dataset, "liang", 40))

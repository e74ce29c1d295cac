"""Groups of users and of films."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vasp_models.data.catalogue import Catalogue
from vasp_models.evaluation import slices


@pytest.fixture
def catalogue() -> Catalogue:
    frame = {"id": [1, 2, 3, 4], "title": list("abcd"), "train_users": [9, 5, 5, 1]}
    years = pd.array([1999, 1990, 2001, pd.NA], "Int64")
    return Catalogue(pd.DataFrame(frame).assign(year=years, genres=[["War"], ["War", "Drama"], ["Drama"], []]))


def names(found) -> list[str]:
    return [each.name for each in found]


def test_lengths_are_cut_at_round_numbers_into_about_equal_groups():
    lengths = np.random.default_rng(0).lognormal(3.5, 0.8, 2_000).astype(int) + 4
    found = slices.history_lengths(lengths)
    assert np.stack([each.members for each in found]).sum(axis=0).tolist() == [1] * 2_000, "each user in one slice"
    assert all(0.12 < each.members.mean() < 0.28 for each in found)
    starts = [int(each.name.split("–")[0].split(" ")[0]) for each in found]
    assert starts[0] == lengths.min() and set(starts[1:]) <= {15, 20, 25, 30, 40, 50, 60, 80, 100}
    assert found[-1].name.endswith(" and more")
    for each, start in zip(found, starts, strict=True):
        assert lengths[each.members].min() >= start


def test_few_lengths_make_few_groups():
    assert names(slices.history_lengths(np.array([5, 5, 5]))) == ["5"]
    assert slices.history_lengths(np.empty(0, dtype=int)) == []
    assert names(slices.history_lengths(np.array([4, 4, 8, 8, 30, 30, 60, 60, 90, 90]))) == [
        "4–7", "8–19", "20–39", "60 and more",
    ]  # fmt: skip


def test_steps_of_a_range_begin_and_end_with_what_is_there():
    assert slices.length_steps(np.array([7, 33, 18])) == [7, 8, 10, 12, 15, 20, 25, 30, 33]
    assert slices.length_steps(np.array([7, 7])) == [7]


def test_users_by_their_favourite_genre_and_by_how_known_their_films_are():
    found = slices.favourite_genres(np.array([1, 1, 0, -1]), ["Drama", "War", "Western"])
    assert names(found) == ["War", "Drama"], "the most users first, and no group of nobody"
    assert found[0].members.tolist() == [True, True, False, False]
    thirds = slices.mainstream_tastes(np.array([0.9, 0.1, 0.5, 0.8, 0.2, 0.6]))
    assert [each.members.sum() for each in thirds] == [2, 2, 2] and thirds[0].members.tolist()[1]
    assert names(slices.mainstream_tastes(np.array([0.5, 0.5, 0.5, 0.9]))) == ["niche", "mainstream"], "equal ones stay"
    for alike in (np.full(4, 0.5), np.empty(0), np.full(3, np.nan), np.array([0.5, np.nan])):
        assert slices.mainstream_tastes(alike) == []


def test_films_in_tenths_keep_equal_films_together():
    holders = np.concatenate([[100, 90], np.full(4, 7), np.arange(14) + 20])
    found = slices.popularity_deciles(holders)
    assert np.stack([each.members for each in found]).sum(axis=0).tolist() == [1] * 20
    assert found[0].name == "top 10%" and np.flatnonzero(found[0].members).tolist() == [0, 1]
    assert len({each.name for each in found if each.members[2:6].any()}) == 1


def test_films_by_genre_and_decade(catalogue):
    assert {each.name: each.members.tolist() for each in slices.of_films("genre", catalogue)} == {
        "Drama": [False, True, True, False],
        "War": [True, True, False, False],
    }
    assert {each.name: np.flatnonzero(each.members).tolist() for each in slices.of_films("decade", catalogue)} == {
        "2000s": [2],
        "1990s": [0, 1],
    }
    assert slices.of_films("popularity", catalogue)[0].members.sum()

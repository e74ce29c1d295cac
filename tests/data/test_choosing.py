"""Choosing among thousands of users by taste and history."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vasp_models.data import choosing
from vasp_models.data import tastes as core
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions


@pytest.fixture
def catalogue() -> Catalogue:
    """Sixty dramas that everybody watches, four westerns that few do, one film without genres."""
    genres = [["Drama"]] * 60 + [["Western", "Drama"]] * 4 + [[]]
    ids = list(range(65))
    frame = pd.DataFrame(
        {"id": ids, "title": [f"Film {n}" for n in ids], "year": pd.array([2000] * 65, "Int64"), "genres": genres}
    )
    return Catalogue(frame.assign(train_users=[100] * 60 + [5] * 4 + [1]))


def tastes(catalogue, *histories):
    return core.tastes(Interactions.from_lists(histories, len(catalogue)), catalogue)


def test_a_taste_is_what_stands_out_and_not_what_is_frequent(catalogue):
    found = tastes(catalogue, [*range(10), 60, 61, 62], list(range(12)))
    assert found["taste"].tolist() == ["Western", "Drama"]
    assert found["films"].tolist() == [3, 12]
    assert found["clarity"][0] > found["clarity"][1]


def test_the_genres_of_two_lists_stand_side_by_side(catalogue):
    mix = core.genres_before_and_now(catalogue, np.array([0, 1, 60, 61]), np.array([2, 64]))
    assert mix.to_dict("list") == {"genre": ["Drama", "Western"], "before": [1.0, 0.5], "now": [0.5, 0.0]}
    assert core.genres_before_and_now(catalogue, np.array([], int), np.array([0]))["genre"].tolist() == ["Drama"]
    assert len(core.genres_before_and_now(catalogue, np.array([60]), np.array([0]), most=1)) == 1


def test_who_has_seen_nothing_with_a_genre_has_no_taste(catalogue):
    assert tastes(catalogue, [], [64])["taste"].tolist() == [None, None]


def test_a_catalogue_without_genres_has_no_tastes(catalogue):
    bare = Catalogue(catalogue.frame.assign(genres=[[] for _ in range(65)]))
    assert tastes(bare, [0, 1])["taste"].tolist() == [None]


USERS = pd.DataFrame(
    {
        "id": list("abcd"),
        "n_history": [5, 20, 30, 200],
        "taste": ["War", "War", "Drama", "War"],
        "clarity": [9.0, 2.0, 4.0, 8.0],
    }
)


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [({}, "abcd"), ({"shortest": 20}, "bcd"), ({"longest": 30, "taste": "War"}, "ab"), ({"taste": "Musical"}, "")],
)
def test_the_filter_keeps_length_and_taste(chosen, kept):
    assert "".join(choosing.matching(USERS, **chosen)["id"]) == kept


def test_the_example_has_a_clear_taste_and_a_history_one_can_read():
    assert choosing.easy_to_read(USERS)["id"] == "c"
    assert choosing.easy_to_read(USERS[USERS["id"] == "a"])["id"] == "a", "else the clearest of any length"
    assert choosing.easy_to_read(USERS[:0]) is None

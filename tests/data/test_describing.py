"""What is said of the data, worked out by hand and summed up against the demo."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vasp_models import checkpoints, places
from vasp_models.data import describing
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.datasets import load
from vasp_models.data.splits import make_split


def films(genres: list[list[str]], years: list[int | None], train_users: list[int]) -> Catalogue:
    ids = list(range(len(genres)))
    frame = pd.DataFrame({"id": ids, "title": [f"Film {n}" for n in ids], "year": pd.array(years, "Int64")})
    return Catalogue(frame.assign(genres=genres, train_users=train_users))


def test_a_value_stands_by_what_is_larger_equal_and_smaller():
    values = np.array([5, 9, 5, 1, 5])
    stands = describing.standing(values, 0)
    assert (stands.value, stands.rank, stands.tied, stands.n, stands.below) == (5, 2, 2, 5, 0.25)
    assert describing.standing(values, 1).below == 1.0 and describing.standing(values, 3).rank == 5
    assert describing.standing(np.array([3]), 0).below == 0.0


def test_the_long_tail_by_hand():
    tail = describing.long_tail(np.array([1, 6, 0, 2, 1]))
    assert tail.items.tolist() == [1, 3, 0, 4, 2] and tail.counts.tolist() == [6, 2, 1, 1, 0]
    assert tail.held.tolist() == [0.6, 0.8, 0.9, 1.0, 1.0]
    assert [tail.holding(share) for share in (0.5, 0.6, 0.61, 0.9, 1.0)] == [1, 1, 2, 3, 4]
    assert tail.held_by(2) == 0.8 and tail.held_by(0) == 0.0 and tail.held_by(99) == 1.0


def test_a_curve_of_many_items_is_drawn_through_some_of_them():
    tail = describing.long_tail(np.arange(20_000))
    assert tail.points(30_000).tolist() == list(range(20_000))
    some = tail.points(500)
    assert 300 < len(some) <= 500 and (some[0], some[-1]) == (0, 19_999) and (np.diff(some) > 0).all()


def test_a_tail_without_interactions_holds_nothing():
    tail = describing.long_tail(np.zeros(3, dtype=int))
    assert tail.holding(0.5) == 0 and tail.held.tolist() == [0, 0, 0]
    assert describing.long_tail(np.zeros(0, dtype=int)).holding(0.5) == 0


@pytest.mark.parametrize(
    "lengths", [[5, 5, 6, 9, 12], [5, 7, 8, 9, 11, 30, 90, 1000], [7], [5, 99], [5, 100], [5, 101]]
)
def test_every_history_falls_into_one_bin(lengths):
    table = describing.length_histogram(np.array(lengths))
    assert table["users"].sum() == len(lengths)
    assert (table["low"].to_numpy()[1:] == table["high"].to_numpy()[:-1] + 1).all() and table["low"].iloc[0] == lengths[
        0
    ]
    for row in table.itertuples():
        assert row.users == sum(row.low <= length <= row.high for length in lengths)


def test_wide_ranges_are_cut_by_ratio_and_narrow_ones_evenly():
    narrow = describing.length_histogram(np.array([10, 80]))
    assert len(set((narrow["high"] - narrow["low"])[:-1])) == 1 and narrow["high"].iloc[-1] == 80
    wide = describing.length_histogram(np.array([5, 1000]))
    ratios = ((wide["high"] + 1) / wide["low"]).iloc[4:-1]  # the last one ends with the longest history
    assert ratios.between(1.25, 1.42).all() and 15 < len(wide) < 24
    assert describing.length_histogram(np.array([], dtype=int)).empty


def test_the_spread_of_lengths():
    assert describing.spread(np.arange(1, 12)) == (2.0, 6.0, 10.0) and describing.spread(np.array([7])) == (7, 7, 7)
    assert describing.spread(np.array([], dtype=int)) == (0.0, 0.0, 0.0)


def test_genres_count_every_film_in_each_of_its_own():
    catalogue = films([["War"], ["War", "Drama"], [], ["Drama"]], [None] * 4, [10, 20, 30, 40])
    table = describing.genre_shares(catalogue).set_index("genre")
    assert list(table.index) == ["Drama", "War"], "the most interactions first"
    assert table.loc["Drama"].tolist() == [2, 0.5, 60, 0.6] and table.loc["War"].tolist() == [2, 0.5, 30, 0.3]
    assert describing.genre_shares(films([[], []], [None] * 2, [1, 2])).empty


def test_decades_leave_none_out_and_count_no_film_without_a_year():
    table = describing.decades(films([[]] * 5, [1999, None, 1971, 1990, 1978], [1, 2, 4, 8, 16]))
    assert table["decade"].tolist() == [1970, 1980, 1990]
    assert table["films"].tolist() == [2, 0, 2] and table["likes"].tolist() == [20, 0, 9]
    assert table["film_share"].tolist() == [0.5, 0, 0.5] and table["like_share"].tolist() == [20 / 29, 0, 9 / 29]
    assert set(describing.decades(films([[]], [1999], [0]))["like_share"]) == {0.0}, "nobody likes any"
    assert describing.decades(films([[]], [None], [3])).empty


def test_ratings_are_those_of_the_manifest_in_order():
    about = {"threshold": 4.0, "rating_counts": {"4": 7, "10": 1, "0.5": 3}, "user_mean_counts": {"3.5": 2, "3": 4}}
    ratings = describing.rating_histogram(about)
    assert ratings["rating"].tolist() == [0.5, 4.0, 10.0] and ratings["ratings"].tolist() == [3, 7, 1]
    assert ratings["liked"].tolist() == [False, True, True]
    assert describing.user_means(about).to_dict("list") == {"mean": [3.0, 3.5], "users": [4, 2]}


def test_data_without_ratings_or_of_an_older_manifest_have_no_histogram():
    for about in ({}, {"threshold": None, "rating_counts": {}, "user_mean_counts": {}}, {"rating_counts": None}):
        assert describing.rating_histogram(about).empty and describing.user_means(about).empty


def test_the_middle_is_where_half_are_counted():
    values, counts = np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3])
    assert describing.middle(values, counts) == 2.0
    assert describing.middle(values, counts, 0.51) == 3.0 and describing.middle(values, counts, 0.1) == 1.0


def by_name(manifest: dict) -> dict[str, int]:
    return {step.name: step.rows for step in describing.preprocessing(manifest)}


def manifest(threshold: float | None = 4.0) -> dict:
    """100 rows: 5 repeated, 20 rated low, 3 of a short history; of 72 likes 50 train, 2 of unknown films, 4 lost."""
    parts = {"val": {"foldin": 6, "target": 2, "events_dropped_item": 2}}
    parts["test"] = {"foldin": 7, "target": 1, "events_dropped_item": 0}
    dropped = {"ratings_below_threshold": 20, "users_below_5": 1, "pairs_of_those_users": 3, "duplicates": 5}
    stats = {"events": 72, "train_events": 50, **parts}
    return {
        "dataset": {"counts": {"rows": 100, "ratings": 95}, "threshold": threshold},
        "protocol": {"stats": stats, "preprocessing": dropped},
    }


def test_what_became_of_every_row_by_hand():
    found = by_name(manifest())
    assert found == {
        "rows": 100, "repeated": 5, "below_threshold": 20, "short": 3, "likes": 72, "unknown": 2, "too_few_left": 4,
        "train": 50, "validation": 8, "test": 8,
    }  # fmt: skip
    assert "below_threshold" not in by_name(manifest(None)), "implicit data have no threshold"


@pytest.mark.parametrize("lacking", ["counts", "preprocessing", "stats"])
def test_a_manifest_without_the_counts_has_no_steps(lacking):
    about = manifest()
    about["dataset" if lacking == "counts" else "protocol"].pop(lacking)
    assert describing.preprocessing(about) == []


@pytest.mark.parametrize("protocol", ["liang", "vasp"])
def test_the_steps_of_the_demo_close(protocol):
    data = load(places.DEMO)
    split = make_split(data, protocol, heldout=400)
    about = {
        "dataset": data.manifest,
        "protocol": {"stats": split.stats, "preprocessing": split.preprocessing},
    }
    steps = describing.preprocessing(about)
    removed_or_part = sum(step.rows for step in steps if step.kind != "whole")
    assert removed_or_part == data.manifest["counts"]["rows"] == steps[0].rows
    assert by_name(about)["train"] == split.train.n_pairs
    assert by_name(about)["test"] == split.test_in.n_pairs + split.test_te.n_pairs
    assert all(step.rows >= 0 for step in steps)


def test_the_demo_described_from_its_checkpoint_is_the_demo():
    demo = checkpoints.load(places.DEMO)
    ratings, table = describing.rating_histogram(demo.manifest["dataset"]), load(places.DEMO).table(["rating"])
    assert ratings["ratings"].sum() == len(table)
    assert ratings.loc[ratings["liked"], "ratings"].sum() == demo.manifest["protocol"]["stats"]["events"]
    assert describing.user_means(demo.manifest["dataset"])["users"].sum() == 4000
    counts = demo.catalogue.frame["train_users"].to_numpy()
    assert describing.long_tail(counts).counts.sum() == demo.manifest["protocol"]["stats"]["train_events"]

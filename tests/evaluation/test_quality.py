"""Who is served how well: the measure and its slices, on a model whose lists and lifts are known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from vasp_models import checkpoints, measures, measuring, places
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.evaluation import found, intervals, slices
from vasp_models.evaluation.protocol import evaluate
from vasp_models.evaluation.quality import measure_quality, packed, path_shares, unpacked
from vasp_models.evaluation.served import COLUMNS, Served

N = 30
PARTS = {"joint": [0, 1], "one": [0], "two": [1]}


@pytest.fixture
def catalogue() -> Catalogue:
    """Popularity falls with the number; even films are War of the 1990s, odd ones Drama of the 2000s."""
    frame = {"id": range(N), "title": [f"Film {n}" for n in range(N)], "train_users": np.arange(N, 0, -1)}
    years, genres = [1990 + 10 * (n % 2) for n in range(N)], [["Drama" if n % 2 else "War"] for n in range(N)]
    return Catalogue(pd.DataFrame(frame).assign(year=pd.array(years, "Int64"), genres=genres))


def answer(rows: Interactions) -> np.ndarray:
    """Factor one lifts even films by 3 where the history is longer than 3, factor two lifts odd films by 1."""
    base = -0.01 * np.arange(N)
    one = np.where(np.arange(N) % 2 == 0, 3.0, 0.0) * (rows.lengths > 3)[:, None]
    two = np.where(np.arange(N) % 2 == 1, 1.0, 0.0) * (rows.lengths > 0)[:, None]
    return np.stack([base + one, base + two]).astype(np.float32)


FOLD_IN = Interactions.from_lists([[0, 2, 4, 6], [1, 3], [8, 10, 12, 14, 16], [5, 7]], N)
HELD_OUT = Interactions.from_lists([[8, 10], [5], [0, 29], [9]], N)


@pytest.fixture
def served(catalogue) -> Served:
    args = (PARTS, ("one", "two"), catalogue, 100, FOLD_IN, HELD_OUT)
    return Served(measures.plain(measure_quality(answer, *args)), catalogue)


def test_numbers_are_kept_as_text_and_read_back():
    values = np.array([0.0, 10.0, 0.12345, -1.0, np.nan])
    assert packed(values) == "0 10 0.1235 -1 nan" or packed(values) == "0 10 0.1234 -1 nan"
    assert np.allclose(unpacked(packed(values)), values, atol=5e-5, equal_nan=True)
    assert len(unpacked(packed(np.empty(0)))) == 0


def test_places_give_the_metrics_of_the_protocol_to_the_last_digit():
    rng = np.random.default_rng(0)
    rows = [rng.choice(200, 30, replace=False) for _ in range(40)]
    known, held = (Interactions.from_lists([row[part] for row in rows], 200) for part in (slice(20), slice(20, None)))
    scores = np.round(rng.normal(size=(40, 200)), 1).astype(np.float32)  # many equal scores
    scores[:, :50] = -np.inf  # films that the model does not cover
    expected = evaluate(lambda some: scores, known, held)
    kept = unpacked(packed(found.places(found.ranked(scores, known), held))).astype(int)
    for metric, values in expected.per_user.items():
        assert found.per_user(metric, kept, held.lengths) == pytest.approx(values, abs=1e-15)


def test_the_measure_is_reckoned_by_hand(served):
    assert served.systems == ["joint", "one", "two", "popularity"] and served.factors == ["one", "two"]
    assert served.parts == {"one": ["one"], "two": ["two"]}
    # The first user's list: unseen even films 8, 10, 12 ..., so both held-out films lead it.
    assert served.values("ndcg@100")[0] == 1.0 and served.values("recall@20")[1] == 1.0
    shares = served.shares("history").set_index("slice")
    assert shares["one"].tolist()[0] == 0.0, "short histories are moved by factor two alone"
    # Long ones: 11 and 10 unseen even films (3 each) before 9 and 10 odd ones (1 each) in a list of 20.
    expected = [11 * 3 / (11 * 3 + 9), 10 * 3 / (10 * 3 + 10)]
    assert served.share_of(served.lengths > 3)["one"] == pytest.approx(np.mean(expected), abs=1e-4)  # as kept
    assert served.share_of(served.lengths > 3)["n"] == 2
    genres = served.shares("genre").set_index("slice")
    assert genres.loc["War", "n"] == 4 and genres.loc["Drama", ["one", "two"]].tolist() == [0.0, 1.0]
    # Of the users with short histories, even films are not lifted at all: only the long ones count.
    assert genres.loc["War", ["one", "two"]].tolist() == [1.0, 0.0]


def test_shares_are_of_sizes_so_lowering_counts_as_much_as_lifting():
    sizes = np.abs(np.array([[[1.0, -3.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]))
    assert path_shares(sizes)[0].tolist() == [0.25, 0.75] and np.isnan(path_shares(sizes)[1]).all()


def test_slices_of_users_and_of_films(served):
    table = served.accuracy("taste", "recall@20")
    assert tuple(table.columns) == COLUMNS and table["n"].sum() == 4
    war = served.accuracy("genre", "found@20").set_index("slice").loc["War"]
    hits = np.array([2, 0, 1, 0])
    assert (war["n"], war["mean"]) == (3, 1.0), "8, 10 and 0: all among the first 20"
    expected = intervals.shares_apart(hits, hits, np.array([0, 1, 0, 1]), np.array([0, 1, 1, 1]))
    assert war["difference"] == pytest.approx(expected.mean) == pytest.approx(1 / 3)
    assert served.overall("found@20").mean == pytest.approx(5 / 6)
    assert served.accuracy("genre", "found@20", "popularity").set_index("slice").at["Drama", "n"] == 3


def test_without_the_films_of_single_users_it_says_the_same(served, catalogue):
    kept = json.loads(json.dumps(served.without_films()))
    assert "film" not in kept["held_out"]
    again = Served(kept, catalogue)
    assert set(again.slices) == {"history", "taste", "mainstream", "popularity", "genre", "decade"}
    for kind in again.slices:
        for metric in found.USER_METRICS if kind in slices.USERS else found.FILM_METRICS:
            for name in served.systems:
                pd.testing.assert_frame_equal(served.accuracy(kind, metric, name), again.accuracy(kind, metric, name))
            both = (each.against(kind, metric, "one", "two") for each in (served, again))
            pd.testing.assert_frame_equal(*both)
    assert again.overall("found@20") == served.overall("found@20")
    assert again.without_films() == kept


def test_a_group_is_put_together_and_compared_with_the_rest(served):
    members = served.chosen(taste="War", shortest=5)
    assert members.tolist() == [False, False, True, False]
    assert served.chosen(longest=2).tolist() == [False, True, False, True]
    assert not served.chosen(taste="Comedy").any() and served.chosen().all()
    group = served.group(served.lengths > 3, "recall@20")
    assert group.inside.mean == pytest.approx(0.75) and group.outside.mean == 1.0
    assert group.apart.mean == pytest.approx(-0.25)


def test_two_systems_are_compared_on_the_same_users(served, catalogue):
    table = served.against("history", "ndcg@100", "joint", "popularity")
    both = served.values("ndcg@100") - served.values("ndcg@100", "popularity")
    assert np.average(table["difference"], weights=table["n"]) == pytest.approx(both.mean())
    same = served.against("genre", "found@20", "joint", "joint", other=served)
    assert same["difference"].tolist() == [0.0, 0.0] and same["p"].isna().all()
    fewer = measure_quality(answer, PARTS, ("one", "two"), catalogue, 100, FOLD_IN.take([0, 1]), HELD_OUT.take([0, 1]))
    with pytest.raises(DataError, match="different users or hold-outs"):
        served.against("history", "ndcg@100", "joint", "joint", other=Served(fewer, catalogue))


def test_lists_beyond_accuracy_stand_beside_the_histories(served):
    found_beyond = served.measured["beyond"]
    assert set(found_beyond) == {"joint", "one", "two", "popularity", "histories"}
    assert "calibration" not in found_beyond["histories"], "a history is as far from itself as nothing"
    # By popularity the first user gets 1, 3, 5, 7 and 8 to 13, the others nothing with a higher number.
    assert found_beyond["popularity"]["coverage@10"]["mean"] == pytest.approx(14 / N)
    curve = served.long_tail
    assert curve["films"].iloc[0] == 1 and curve["films"].iloc[-1] == N and curve["joint"].iloc[-1] == 1.0
    half = served.measured["long_tail"]["half"]["popularity"]
    assert (
        curve.set_index("films").loc[half, "popularity"] >= 0.5 > curve.set_index("films").loc[half - 1, "popularity"]
    )


def test_a_model_of_one_factor_has_no_shares_and_one_that_is_popularity_stands_once(catalogue):
    def popular(rows):
        return np.tile(catalogue.frame["train_users"].to_numpy(np.float32), (1, len(rows), 1))

    made = measure_quality(popular, {"joint": [0]}, (), catalogue, 100, FOLD_IN, HELD_OUT)
    served = Served(json.loads(json.dumps(measures.plain(made))), catalogue)
    assert served.systems == ["joint"] and served.factors == [] and served.parts == {}
    assert served.shares("history").empty and served.shares("genre").empty and made["path_share"] == {}
    assert served.share_of(np.ones(4, dtype=bool)) == {"n": 4}


def test_a_catalogue_without_genres_and_years(catalogue):
    bare = Catalogue(catalogue.frame.assign(genres=[[] for _ in range(N)], year=pd.array([pd.NA] * N, "Int64")))
    made = measure_quality(answer, PARTS, ("one", "two"), bare, 100, FOLD_IN, HELD_OUT)
    assert made["beyond"]["joint"]["diversity"] is None and made["beyond"]["joint"]["calibration"] is None
    assert set(Served(made, bare).slices) == {"history", "mainstream", "popularity"}


def test_users_without_a_held_out_film_are_left_out(catalogue):
    held = Interactions.from_lists([[8, 10], [], [0, 29], []], N)
    assert measure_quality(answer, PARTS, ("one", "two"), catalogue, 100, FOLD_IN, held)["users"] == 2
    nobody = Interactions.from_lists([[], [], [], []], N)
    with pytest.raises(DataError, match="No test user has a held-out film"):
        measure_quality(answer, PARTS, ("one", "two"), catalogue, 100, FOLD_IN, nobody)


def test_the_demos_measure_agrees_with_its_evaluation():
    demo = checkpoints.load(places.DEMO)
    kept = measures.find(demo, "quality")
    served = Served(kept, demo.catalogue)
    metrics = demo.metrics["test"]
    assert kept["users"] == metrics["users"]
    for metric in found.USER_METRICS:
        estimate = served.overall(metric)
        assert (estimate.mean, estimate.se) == pytest.approx((metrics[metric]["mean"], metrics[metric]["se"]), abs=1e-9)
    assert kept["beyond"]["joint"]["coverage@100"]["mean"] == pytest.approx(metrics["coverage@100"], abs=1e-9)
    popularity = demo.metrics["baselines"]["popularity"]["ndcg@100"]["mean"]
    assert served.overall("ndcg@100", "popularity").mean == pytest.approx(popularity, abs=1e-9)
    assert measures.paths(demo, "quality")[0].stat().st_size < 200_000


def test_what_is_kept_of_the_demo_is_measured_again():
    demo = checkpoints.load(places.DEMO)
    kept = measures.find(demo, "quality")
    again = measures.plain(measuring.measure(demo, "quality", lambda stage, fraction: None))
    assert again["sample"] == kept["sample"] and set(again) == set(kept) - {"provenance"}
    first, second = (Served(each, demo.catalogue).shares("popularity")["nease"] for each in (again, kept))
    assert first.to_numpy() == pytest.approx(second.to_numpy(), abs=0.01)

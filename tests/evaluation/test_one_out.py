"""Leave-one-out: places of hand-made scores, what is held out of whom, and what may never be learnt from."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.data import deepcf
from vasp_models.data.deepcf import import_deepcf
from vasp_models.data.importing import Source, assemble
from vasp_models.data.interactions import Interactions
from vasp_models.data.ratings import Feedback, ratings_of
from vasp_models.errors import DataError
from vasp_models.evaluation.one_out import LeaveOneOut, Questions
from vasp_models.evaluation.protocol import choice
from vasp_models.models import create, preset

USERS, ITEMS = 60, 150


def questions(candidates: list[list[int]]) -> Questions:
    known = Interactions.from_lists([[0]] * len(candidates), 200)
    return Questions.of(
        Interactions(known.indptr, known.indices, 200, users=np.arange(len(candidates))),
        np.arange(len(candidates)),
        np.array(candidates),
    )


def placed(place: int) -> list[float]:
    """Scores of 100 candidates that put the first one at a place."""
    return [1.0] + [2.0] * (place - 1) + [0.0] * (100 - place)


def made(folder, times: list[int] | None = None, ratings: float = 5.0):
    """Users with ten likes each, drawn among 150 items; `times` of the ten."""
    generator = np.random.default_rng(2)
    user, place = np.divmod(np.arange(USERS * 10), 10)
    item = np.concatenate([generator.choice(ITEMS, 10, replace=False) for _ in range(USERS)])
    frame = pd.DataFrame({"user": 3 * user + 5, "item": 2 * item, "rating": ratings})
    if times is not None:
        frame["timestamp"] = np.array(times)[place]
    return assemble(folder, ratings_of(frame), None, Feedback(), Source("Made up"))


@pytest.fixture
def published(home, tmp_path):
    return import_deepcf(deepcf.written(tmp_path / "files", deepcf.lines()), "mine")


def test_places_reckoned_by_hand():
    asked = questions([list(range(100, 200))] * 4)
    scores = np.array([placed(1), placed(3), placed(10), placed(11)], dtype=np.float32)
    found = asked.asked(lambda known, candidates: scores[known.users])
    assert found.places.tolist() == [1, 3, 10, 11]
    assert found.per_user["hr@10"].tolist() == [1, 1, 1, 0]
    assert found.per_user["ndcg@10"] == pytest.approx([1, 1 / 2, 1 / math.log2(11), 0])
    summary = found.summary()
    assert summary["users"] == 4 and summary["hr@10"]["mean"] == 3 / 4
    assert summary["hr@10"]["se"] == pytest.approx(math.sqrt(3 / 4 * 1 / 4 * 4 / 3) / 2)
    assert summary["ndcg@10"]["mean"] == pytest.approx((1 + 1 / 2 + 1 / math.log2(11)) / 4)


def test_the_difference_is_paired():
    asked = questions([list(range(100, 200))] * 2)
    one = asked.asked(lambda known, _: np.array([placed(1), placed(3)])[known.users])
    two = asked.asked(lambda known, _: np.array([placed(3), placed(11)])[known.users])
    assert one.difference(two) == {"mean": pytest.approx(0.5), "se": pytest.approx(0, abs=1e-12)}
    assert one.difference(two, "hr@10")["mean"] == 0.5


@pytest.mark.parametrize("value", [0.0, 1.0, -np.inf, np.nan])
def test_a_model_that_scores_everything_alike_finds_nothing(value):
    asked = questions([list(range(100, 200))] * 3)
    found = asked.asked(lambda known, candidates: np.full(candidates.shape, value, dtype=np.float32))
    assert found.places.tolist() == [100] * 3
    assert found.summary()["hr@10"]["mean"] == 0 == found.summary()["ndcg@10"]["mean"]


def test_what_is_no_number_is_never_found_and_stands_before_what_is():
    asked = questions([list(range(100, 200))])
    unknown = np.array([[np.nan, *[0.0] * 99]])
    assert asked.asked(lambda known, candidates: unknown).places.tolist() == [100]
    beside = np.array([[1.0, np.nan, *[0.0] * 98]])
    assert asked.asked(lambda known, candidates: beside).places.tolist() == [2]


def test_a_held_out_item_is_no_negative_of_itself():
    asked = questions([[7, 7, *range(100, 198)]])
    assert asked.asked(lambda known, candidates: (candidates == 7).astype(float)).places.tolist() == [1]


def test_a_random_model_finds_a_tenth(tmp_path):
    generator = np.random.default_rng(0)
    asked = questions([list(range(100, 200))] * 4000)
    found = asked.asked(lambda known, candidates: generator.random(candidates.shape)).summary()["hr@10"]
    assert abs(found["mean"] - 0.1) < 4 * found["se"]


def test_the_test_that_came_with_the_data_is_asked_as_it_is(published):
    task = LeaveOneOut.of(published)
    users, items, negatives = published.one_out()
    assert task.published and len(task.test) == deepcf.N_USERS
    assert task.user_ids[task.test.known.users].tolist() == users.tolist()
    assert task.item_ids[task.test.candidates].tolist() == np.column_stack([items, negatives]).tolist()
    assert task.train.n_items == len(published.items())


@pytest.mark.parametrize("kind", ["published", "timed", "untimed"])
def test_no_held_out_pair_is_learnt_from(kind, published, tmp_path):
    times = {"timed": list(range(10)), "untimed": None}
    data = published if kind == "published" else made(tmp_path / "data", times[kind])
    task = LeaveOneOut.of(data)
    n_users = len(task.user_ids)
    assert task.train.users.tolist() == list(range(n_users))
    val, test = (dict(zip(q.known.users, q.candidates[:, 0], strict=True)) for q in (task.val, task.test))
    assert len(val) == len(test) == n_users
    for user in range(n_users):
        train, both = set(task.train.row(user).tolist()), set(task.train_all.row(user).tolist())
        assert val[user] not in train and test[user] not in both
        assert both == train | {val[user]}
        everything = both | {test[user]}
        known = {*task.test.known.row(user).tolist()}, {*task.val.known.row(user).tolist()}
        assert known == (both, train)
        assert not everything & set(task.val.candidates[user, 1:].tolist())
        assert len(set(task.val.candidates[user].tolist())) == 100
        if kind != "published":
            assert not everything & set(task.test.candidates[user, 1:].tolist())
    assert task.train.n_pairs + 2 * n_users == len(data.ratings())


def test_the_last_are_held_out_where_there_are_times(tmp_path):
    data = made(tmp_path / "data", [5, 3, 9, 1, 2, 8, 4, 6, 0, 7])  # the third is the last, the sixth the one before
    task, frame = LeaveOneOut.of(data), data.ratings()
    item = frame["item"].to_numpy().reshape(USERS, 10)
    assert task.item_ids[task.test.candidates[:, 0]].tolist() == item[:, 2].tolist()
    assert task.item_ids[task.val.candidates[:, 0]].tolist() == item[:, 5].tolist()
    assert task.train.ordered
    in_time = item[:, [8, 3, 4, 1, 6, 0, 7, 9]]
    assert task.item_ids[task.train.indices].reshape(USERS, 8).tolist() == in_time.tolist()


def test_times_that_are_all_equal_are_no_order(tmp_path):
    task = LeaveOneOut.of(made(tmp_path / "data", [7] * 10))
    assert not task.train.ordered


def test_the_same_seed_draws_the_same_and_another_one_does_not(tmp_path):
    data = made(tmp_path / "data")
    one, same, other = (LeaveOneOut.of(data, seed) for seed in (0, 0, 1))
    assert (one.test.candidates == same.test.candidates).all() and (one.val.candidates == same.val.candidates).all()
    assert (one.test.candidates[:, 0] != other.test.candidates[:, 0]).any()


def test_users_with_one_like_keep_it_and_are_not_validated(home, tmp_path):
    found = deepcf.lines(times=False)
    rows = [line for line in found["train.rating"] if line.startswith("2\t")]
    found["train.rating"] = [line for line in found["train.rating"] if line not in rows[1:] and line[:2] != "4\t"]
    task = LeaveOneOut.of(import_deepcf(deepcf.written(tmp_path / "few", found), "few"))
    assert task.train.lengths[2] == 1 and task.train.lengths[4] == 0
    assert len(task.test) == deepcf.N_USERS and set(range(12)) - set(task.val.known.users) == {2, 4}


def test_few_other_items_are_refused(tmp_path):
    generator = np.random.default_rng(1)
    frame = pd.DataFrame({"user": np.repeat(np.arange(8), 8), "item": [
        item for _ in range(8) for item in generator.choice(20, 8, replace=False)], "rating": 5.0})  # fmt: skip
    data = assemble(tmp_path / "data", ratings_of(frame), None, Feedback(), Source("Made up"))
    with pytest.raises(DataError, match="expected 99 others or more"):
        LeaveOneOut.of(data)
    assert LeaveOneOut.of(data, negatives=9).test.candidates.shape == (8, 10)


def test_batches_do_not_change_the_result(published, monkeypatch):
    task = LeaveOneOut.of(published)
    model = create("ease", preset("ease")[0], task.train.n_items)
    model.fit(task.train)
    whole = task.measure(model.score, "test").places
    monkeypatch.setattr("vasp_models.evaluation.protocol.BATCH", 5)
    assert (task.measure(model.score, "test").places == whole).all()


def test_an_epoch_is_chosen_by_ndcg_at_10_of_the_validation(published):
    task = LeaveOneOut.of(published)
    knows = {int(user): int(row[0]) for user, row in zip(task.val.known.users, task.val.candidates, strict=True)}

    def score(histories, candidates):
        return (candidates == np.array([knows[user] for user in histories.users])[:, None]).astype(np.float32)

    assert task.validate(score) == {"hr@10": 1.0, "ndcg@10": 1.0}
    assert choice(task.validate(score)) == 1.0
    assert task.measure(score, "val").summary()["ndcg@10"]["mean"] == 1.0
    assert task.measure(score, "test").summary()["ndcg@10"]["mean"] == 0.0


def test_the_whole_is_fitted_to_and_cannot_be_chosen_by(published):
    task = LeaveOneOut.of(published)
    whole = task.whole
    assert whole.train is task.train_all and whole.validate(lambda *_: 1 / 0) == {}
    assert (whole.test.candidates == task.test.candidates).all()
    with pytest.raises(DataError, match="fitted to"):
        whole.measure(lambda known, candidates: candidates, "val")


def test_ratings_below_the_threshold_are_no_likes(tmp_path):
    with pytest.raises(DataError):
        LeaveOneOut.of(made(tmp_path / "data", ratings=3.0))


def test_the_demo_is_measured_and_a_model_beats_popularity_there():
    from vasp_models.data import datasets

    task = LeaveOneOut.of(datasets.load("demo"))
    found = {}
    for name in ("popularity", "ease"):
        model = create(name, preset(name)[0], task.train.n_items)
        model.fit(task.train)
        found[name] = task.measure(model.score, "test")
    apart = found["ease"].difference(found["popularity"])
    assert apart["mean"] > 3 * apart["se"] > 0

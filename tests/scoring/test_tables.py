"""What is written of a user is what `recommend` and `explain` say to the same history, for many users at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests import trained
from vasp_models import checkpoints, places
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError, SettingError
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.linear import linear_terms
from vasp_models.models import create, preset
from vasp_models.recommending import recommend
from vasp_models.scoring import Scoring, tables
from vasp_models.scoring.lists import kind_of_reasons

FACTORS = ("nease", "flvae_residual", "flvae_latent")
ROUNDING = 1e-5  # of a float32 sum that depends on the rows beside it


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load(places.DEMO)


@pytest.fixture(scope="module")
def model(demo):
    return demo.model()


@pytest.fixture(scope="module")
def users(demo):
    rows = demo.users.rows("test")[:40]
    return [demo.users.at(row) for row in rows]


def histories(catalogue, lists) -> pa.Table:
    ids = [[str(catalogue.ids[item]) for item in each] for each in lists]
    return pa.table({"user": [f"u{n}" for n in range(len(ids))], "history": pa.array(ids, pa.list_(pa.string()))})


@pytest.fixture(scope="module")
def made(demo, model, users):
    asked = histories(demo.catalogue, [user.history for user in users])
    return tables.score(asked, model, demo.catalogue, Scoring(k=20, named=10_000)).to_pylist()


def test_lists_and_factors_are_those_of_recommend(demo, model, users, made):
    for user, row in zip(users, made, strict=True):
        alone = recommend(model, user.history, 20)
        assert np.abs(np.array(row["log_score"]) - alone.log_scores).max() < ROUNDING
        # Two films within rounding may stand in either order; on these users none do.
        assert row["items"] == [str(each) for each in demo.catalogue.ids[alone.items]]
        for name in FACTORS:
            assert np.abs(np.array(row[f"log_{name}"]) - alone.factors[name]).max() < ROUNDING


def test_factors_add_up_to_the_log_score_to_the_last_bit(made):
    for row in made:
        factors = np.array([row[f"log_{name}"] for name in FACTORS])  # as they are read from the file
        assert (factors.sum(axis=0) == np.array(row["log_score"])).all()


def test_linear_reasons_are_the_exact_shares_and_add_up_to_what_the_history_adds(demo, model, users, made):
    for user, row in zip(users[:10], made, strict=False):
        items = [demo.catalogue.number(each) for each in row["items"]]
        shares = linear_terms(model, user.history, np.array(items)).contributions  # (h, t)
        weights = model.item_weights(user.history, np.array(items)).sum(axis=0, dtype=np.float64) + model.linear_bias
        for place, said in enumerate(row["reasons"]):
            told = {demo.catalogue.number(each["item"]): each["effect"] for each in said}
            assert told == dict(zip(user.history.tolist(), shares[:, place].tolist(), strict=True))
            effects = [each["effect"] for each in said]
            assert effects == sorted(effects, reverse=True)
            added = np.logaddexp(0, -model.linear_bias) - np.logaddexp(0, -weights[place])
            assert abs(sum(effects) - added) < 1e-9
            # The factor itself is float32, and a sum of float32 weights.
            assert abs(row["log_nease"][place] + np.logaddexp(0, -model.linear_bias) - sum(effects)) < 1e-4


def test_the_strongest_reasons_are_kept(demo, model, users, made):
    asked = histories(demo.catalogue, [user.history for user in users[:5]])
    few = tables.score(asked, model, demo.catalogue, Scoring(k=20, named=3)).to_pylist()
    for row, whole in zip(few, made, strict=False):
        assert [said[:3] for said in whole["reasons"]] == row["reasons"]


def test_leave_one_out_reasons_are_those_of_explain(demo, model, users):
    settings = Scoring(k=3, named=10_000, reasons="leave-one-out")
    (row,) = tables.score(histories(demo.catalogue, [users[0].history]), model, demo.catalogue, settings).to_pylist()
    items = np.array([demo.catalogue.number(each) for each in row["items"]])
    effects = explain(model, users[0].history, items).leave_one_out.sum(axis=0)  # (h, t)
    for place, said in enumerate(row["reasons"]):
        told = [each["effect"] for each in said]
        film = [np.flatnonzero(users[0].history == demo.catalogue.number(each["item"]))[0] for each in said]
        assert np.abs(np.array(told) - effects[film, place]).max() < ROUNDING
        assert len(told) == len(users[0].history)


def test_none_leaves_the_column_out_and_the_rest_as_it_is(demo, model, users, made):
    asked = histories(demo.catalogue, [user.history for user in users])
    bare = tables.score(asked, model, demo.catalogue, Scoring(k=20, reasons="none"))
    assert "reasons" not in bare.column_names
    assert bare.to_pylist() == [{name: row[name] for name in row if name != "reasons"} for row in made]


def test_users_in_several_blocks_are_answered_as_in_one(demo, model, users, made, monkeypatch):
    monkeypatch.setattr(tables, "_CELLS", 7 * len(demo.catalogue))  # seven users a block
    asked = histories(demo.catalogue, [user.history for user in users])
    again = tables.score(asked, model, demo.catalogue, Scoring(k=20, named=10_000)).to_pylist()
    assert [row["items"] for row in again] == [row["items"] for row in made]
    assert max(np.abs(np.subtract(a["log_score"], b["log_score"])).max() for a, b in zip(again, made, strict=True)) < (
        ROUNDING
    )


def test_unknown_ids_are_counted_and_empty_or_absent_histories_answered(demo, model):
    known = str(demo.catalogue.ids[5])
    lists = pa.array([[known, "no such film", None], [], None], pa.list_(pa.string()))
    made = tables.score(pa.table({"user": [7, 8, 9], "history": lists}), model, demo.catalogue, Scoring(k=4))
    first, empty, absent = made.to_pylist()
    assert (first["user"], first["unknown_items"], empty["unknown_items"]) == ("7", 2, 0)
    assert {each["item"] for said in first["reasons"] for each in said} == {known}
    assert {name: empty[name] for name in empty if name != "user"} == {
        name: absent[name] for name in absent if name != "user"
    }
    alone = recommend(model, np.array([], np.int64), 4)
    assert empty["items"] == [str(each) for each in demo.catalogue.ids[alone.items]] and empty["reasons"] == [[]] * 4


def test_lists_end_where_nothing_is_left_to_recommend(demo, model):
    lists = [list(range(len(demo.catalogue) - 3)), list(range(len(demo.catalogue)))]
    made = tables.score(histories(demo.catalogue, lists), model, demo.catalogue, Scoring(k=10)).to_pylist()
    assert [len(row["items"]) for row in made] == [len(row["reasons"]) for row in made] == [3, 0]


def test_a_model_without_factors_has_scores_and_its_weights_for_reasons(tmp_path):
    saved = trained.checkpoint(tmp_path / "ease", "ease")
    model, history = saved.model(), np.array([0, 1, 4])
    asked = histories(saved.catalogue, [history])
    table = tables.score(asked, model, saved.catalogue, Scoring(k=5, named=3))
    assert table.column_names == ["user", "unknown_items", "items", "score", "reasons"]
    row, alone = table.to_pylist()[0], recommend(model, history, 5)
    assert row["items"] == [str(each) for each in saved.catalogue.ids[alone.items]]
    assert np.abs(np.array(row["score"]) - alone.scores).max() < ROUNDING
    weights = model.item_weights(history, alone.items)  # (h, t)
    for place, said in enumerate(row["reasons"]):
        told = {saved.catalogue.number(each["item"]): each["effect"] for each in said}
        assert told == dict(zip(history.tolist(), weights[:, place].astype(np.float64).tolist(), strict=True))


def test_reasons_are_chosen_by_what_the_model_can(demo, model):
    assert kind_of_reasons(model, "auto") == "linear"
    deep = create("flvae", preset("flvae", "tiny")[0], 20)
    assert kind_of_reasons(deep, "auto") == "leave-one-out"
    assert kind_of_reasons(create("popularity", preset("popularity")[0], 20), "auto") == "none"
    with pytest.raises(SettingError, match="no linear path.*expected --reasons leave-one-out or none"):
        kind_of_reasons(deep, "linear")


def test_a_model_of_a_part_of_the_catalogue_names_no_reason_that_it_has_not_read():
    settings = preset("nease", "tiny")[0]
    part = create("nease", replace(settings, items_share=0.5), 10)
    likes = Interactions.from_lists([[0, 1, 2], [1, 2, 3], [2, 3, 4], [0, 4, 5]], 10)
    part._choose_items(likes)  # the five that are liked most
    covered = set(np.flatnonzero(part.covers(np.arange(10))).tolist())
    catalogue = Catalogue(pd.DataFrame({"id": range(10)}))
    row = tables.score(histories(catalogue, [[0, 9, 7]]), part, catalogue, Scoring(k=10)).to_pylist()[0]
    assert set(map(int, row["items"])) == covered - {0, 9, 7}
    assert {int(each["item"]) for said in row["reasons"] for each in said} == {0} == {0, 9, 7} & covered


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"user": ["a"], "history": ["1"]}, "holds string: expected lists of item ids"),
        ({"user": ["a"], "history": [[1.5]]}, "ids of type double: expected text or integers"),
        ({"user": ["a", None], "history": [["1"], ["2"]]}, "1 rows have no user"),
    ],
)
def test_other_columns_are_refused_in_a_sentence(demo, model, table, said):
    with pytest.raises(DataError, match=said):
        tables.score(pa.table(table), model, demo.catalogue)

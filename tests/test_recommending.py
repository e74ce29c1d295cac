"""Recommendations are the best unseen items, and their factors add up to an independent forward pass."""

from __future__ import annotations

import numpy as np
import pytest

from tests import trained
from vasp_models import recommending
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError, UnknownItemError
from vasp_models.explanations.double_precision import exact_answers
from vasp_models.models import create, preset
from vasp_models.recommending import recommend


@pytest.fixture(scope="module")
def vasp(tmp_path_factory):
    return trained.checkpoint(tmp_path_factory.mktemp("recommending") / "vasp")


@pytest.fixture(scope="module")
def model(vasp):
    return vasp.model()


@pytest.mark.parametrize("n_history", [0, 1, 12])
def test_log_factors_sum_to_the_log_of_an_independent_float64_product(vasp, model, n_history):
    history = np.arange(n_history) * 2
    found = recommend(model, history, 30)
    exact = exact_answers(model, Interactions.from_lists([history], model.n_items)).total[0]
    assert np.abs(sum(found.factors.values()) - exact[found.items]).max() < 1e-5
    assert np.abs(found.log_scores - exact[found.items]).max() < 1e-5
    assert (np.diff(found.scores) <= 0).all()


def test_seen_items_are_never_recommended_and_all_others_can_be(model):
    found = recommend(model, np.array([3, 5]), 10_000)
    assert sorted(found.items) == sorted(set(range(model.n_items)) - {3, 5})
    assert found.n_candidates == model.n_items - 2


def test_a_history_of_nothing_lifts_nothing_and_keeps_every_place(model):
    found = recommend(model, np.array([], dtype=np.int64), 10)
    assert np.abs(found.total_lift).max() == 0
    assert found.base_ranks.tolist() == list(range(1, 11))


def test_ranking_by_a_part_orders_by_its_factors_alone(model):
    found = recommend(model, np.array([0, 2]), 15, rank_by="flvae")
    order = found.factors["flvae_residual"] + found.factors["flvae_latent"]
    assert (np.diff(order) <= 1e-6).all()
    with pytest.raises(SettingError, match="no part 'deep'"):
        recommend(model, np.array([0]), 5, rank_by="deep")


def test_a_model_without_parts_ranks_by_its_score_alone():
    histories = Interactions.from_lists([[0, 1], [1, 2]], 4)
    plain = create("popularity", preset("popularity")[0], 4)
    plain.fit(histories)
    assert recommend(plain, np.array([1]), 3).items[0] in (0, 2)
    with pytest.raises(SettingError, match="no part 'nease': it has one score"):
        recommend(plain, np.array([1]), 3, rank_by="nease")


def test_the_same_call_gives_the_same_bits(model):
    one, two = (recommend(model, np.array([1, 4, 6]), 20) for _ in range(2))
    assert (one.items == two.items).all()
    assert (one.log_scores == two.log_scores).all()


def test_models_without_factors_say_so(tmp_path):
    saved = trained.checkpoint(tmp_path / "ease", "ease")
    records = recommend(saved.model(), np.array([0, 1]), 5).records(saved.catalogue)
    assert [row["log_score"] for row in records] == [None] * 5
    assert [row["factors"] for row in records] == [{}] * 5


def test_records_and_table_carry_ids_titles_and_hits(vasp, model):
    user = vasp.users.at(vasp.users.rows("test")[0])
    found = recommend(model, user.history, 40)
    table = found.frame(vasp.catalogue, user.held_out)
    assert set(table.loc[table["held_out"], "item"]) <= set(vasp.catalogue.ids[user.held_out])
    assert table["held_out"].sum() == len(user.held_out)  # 40 places hold every unseen item's best 40
    row = found.records(vasp.catalogue)[0]
    assert list(row) == ["rank", "item", "title", "genres", "score", "log_score", "factors"]
    assert row["title"] == vasp.catalogue.titles[found.items[0]]


def test_an_unknown_item_is_an_error_of_its_own(vasp):
    with pytest.raises(UnknownItemError, match="'999'"):
        vasp.catalogue.number("999")


def test_ids_with_commas_come_back_from_the_text_of_a_command():
    for ids in (["1", "260"], ["a,b", 'say "x"', "c"], [7], []):
        assert recommending.ids_of(recommending.ids_text(ids)) == [str(each) for each in ids]
    assert recommending.ids_of("1, 260 ,,1196") == ["1", "260", "1196"]

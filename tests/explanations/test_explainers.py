"""Each way to order a history, against what it is known to say; and the order itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explanations import toys
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.explanations.explainers import EXPLAINERS, Situation, chosen, explainers_for
from vasp_models.explanations.similarity import ItemStatistics
from vasp_models.models.baselines import Popularity, PopularitySettings

HISTORY, ITEM = np.array([7, 2, 4, 9]), 5
LINEAR = {"random", "popularity", "cosine", "jaccard", "nease", "leave-one-out", "greedy"}
TRAIN = Interactions.from_lists(
    [[1, 2, 5], [2, 5, 7], [5], [2, 9], [], [0, 1, 2, 4, 5, 7], [4], [4, 9, 5], [7], [7, 5]], 12
)


def situation(model, history=HISTORY, seed=0):
    return Situation(model, history, ITEM, ItemStatistics(TRAIN), seed)


def contributions(name, model, **more):
    return EXPLAINERS[name].contributions(situation(model, **more))


@pytest.fixture(scope="module")
def weights():
    return toys.random_weights(12)


class TestSimilarity:
    """Against dense matrices."""

    dense = TRAIN.csr(np.float64).toarray()
    both = dense.T @ dense

    def test_shared_users(self):
        assert (ItemStatistics(TRAIN).shared(ITEM) == self.both[ITEM]).all()

    def test_cosine(self):
        a, norms = self.dense, np.linalg.norm(self.dense, axis=0)
        for other, value in zip(HISTORY, ItemStatistics(TRAIN).cosine(ITEM, HISTORY), strict=True):
            assert value == pytest.approx(a[:, ITEM] @ a[:, other] / (norms[ITEM] * norms[other]))

    def test_jaccard(self):
        for other, value in zip(HISTORY, ItemStatistics(TRAIN).jaccard(ITEM, HISTORY), strict=True):
            either = ((self.dense[:, ITEM] + self.dense[:, other]) > 0).sum()
            assert value == pytest.approx(self.both[ITEM, other] / either)

    def test_items_without_users_are_like_nothing(self):
        nobody = ItemStatistics(Interactions.from_lists([[0], [0, 1]], 4))
        assert nobody.cosine(3, [0, 2]).tolist() == nobody.jaccard(3, [0, 2]).tolist() == [0, 0]
        assert nobody.cosine(0, [1, 3]).tolist() == [pytest.approx(0.5**0.5), 0]


class TestContributions:
    def test_popularity_is_the_number_of_train_users(self, weights):
        assert contributions("popularity", toys.Additive(weights)).tolist() == [4, 4, 3, 2]

    @pytest.mark.parametrize("name", ["nease", "leave-one-out", "shapley"])
    def test_where_all_is_additive_every_exact_method_gives_the_weights(self, weights, name):
        assert np.allclose(contributions(name, toys.Additive(weights, bias=1.0)), weights[HISTORY, ITEM], atol=1e-5)

    def test_where_all_is_additive_greedy_takes_the_largest_weight_first(self, weights):
        found = contributions("greedy", toys.Additive(weights))
        assert (np.argsort(-found) == np.argsort(-weights[HISTORY, ITEM])).all() and sorted(found) == [1, 2, 3, 4]

    def test_leave_one_out_sums_over_the_factors(self, weights):
        model = toys.Factored(weights, rules=[(7, 2, ITEM, "and", 3.0)])
        whole, *without = (
            model.score(Interactions.from_lists([rest], 12))[0, ITEM]
            for rest in [HISTORY, *(np.delete(HISTORY, place) for place in range(4))]
        )
        assert np.allclose(contributions("leave-one-out", model), whole - np.array(without), atol=1e-5)

    @pytest.mark.parametrize("normalise", [True, False])
    def test_integrated_gradients_of_all_factors_sum_to_what_the_history_adds(self, normalise):
        model = toys.tiny_product(normalise=normalise)
        full, empty = model.score(Interactions.from_lists([HISTORY, []], 12))[:, ITEM]
        found = contributions("integrated-gradients", model)
        assert found.sum() == pytest.approx(full - empty, abs=1e-4) and np.unique(found).size == 4

    def test_those_that_do_not_look_at_the_model_say_the_same_of_any(self, weights):
        one, two = toys.Additive(weights), toys.Additive(-weights)
        for name, row in explainers_for(one).items():
            same = np.array_equal(contributions(name, one), contributions(name, two))
            assert same is not row.looks_at_model, name
            if not row.looks_at_model:
                assert one.calls == two.calls == 0


class TestOrder:
    def test_the_largest_contribution_comes_first(self, weights):
        assert situation(toys.Additive(weights)).order([1, -2, 9, 0.5]).tolist() == [2, 0, 3, 1]

    def test_ties_are_settled_once_a_situation(self, weights):
        one, again = (situation(toys.Additive(weights)) for _ in range(2))
        tied = one.order(np.zeros(4))
        assert (again.order(np.zeros(4)) == tied).all()
        kept = one.order([0, 5, 0, 0])
        assert kept[0] == 1 and (kept[1:] == tied[tied != 1]).all()

    def test_ties_favour_no_place_of_the_history(self, weights):
        model = toys.Additive(weights)
        first = [situation(model, seed=seed).order(np.zeros(4))[0] for seed in range(2000)]
        assert np.abs(np.bincount(first) - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)

    def test_the_random_order_depends_on_seed_history_and_film_alone(self, weights):
        model = toys.Additive(weights)
        assert np.array_equal(contributions("random", model), contributions("random", model))
        assert not np.array_equal(contributions("random", model), contributions("random", model, seed=1))
        other = contributions("random", model, history=HISTORY[::-1].copy())
        assert not np.array_equal(contributions("random", model), other)

    def test_chance_and_the_settling_of_ties_are_drawn_apart(self, weights):
        model = toys.Additive(weights)
        situations = [situation(model, seed=seed) for seed in range(240)]
        same = [np.array_equal(each.order(np.zeros(4)), np.argsort(each.rng.permutation(4))) for each in situations]
        assert 0 < sum(same) < 30  # 10 expected of 24 orders


class TestWhatFits:
    def test_each_model_gets_what_it_can_be_asked_for(self, weights):
        assert set(explainers_for(toys.Additive(weights))) == LINEAR
        assert set(explainers_for(Popularity(PopularitySettings(), 12))) == LINEAR - {"nease"}
        assert set(explainers_for(toys.tiny_product())) == LINEAR | {"integrated-gradients"}
        assert "shapley" not in explainers_for(toys.tiny_product()) and EXPLAINERS["shapley"].audit_only

    def test_names_are_checked(self, weights):
        model = toys.Additive(weights)
        assert list(chosen(model, ["shapley", "nease"])) == ["shapley", "nease"]
        with pytest.raises(SettingError, match="'lime' is no method: expected some of random, .*shapley"):
            chosen(model, ["lime"])
        with pytest.raises(SettingError, match="'integrated-gradients' does not fit this model"):
            chosen(model, ["integrated-gradients"])

"""Fidelity against a slow, literal reading of its definitions, on models whose best order is known."""

from __future__ import annotations

from itertools import permutations
import json
import math

import numpy as np
import pytest

from tests.explanations import toys
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError, SettingError
from vasp_models.explanations import masking
from vasp_models.explanations.explainers import EXPLAINERS, Situation, explainers_for
from vasp_models.explanations.fidelity import measure_fidelity, sample
from vasp_models.explanations.similarity import ItemStatistics

N_ITEMS = 25
HIGHER_IS_BETTER = ("NEG-P@5", "INS-P", "INS@4")
SCORED = ("DEL-P", "INS-P", "DEL@4", "DEL@5", "INS@4")


def histories_of(lengths, seed=0, n_items=N_ITEMS):
    draw = np.random.default_rng(seed)
    return Interactions.from_lists([draw.choice(n_items, n, replace=False) for n in lengths], n_items)


TRAIN = histories_of([1, 3, 5, 8, 12] * 12, seed=9)
USERS = histories_of([2, 3, 5, 9, 10, 13, 14, 20])


class Literal:
    """The definitions word by word, one profile at a time, with lists and sets."""

    def __init__(self, model, history, order):
        self.model, self.history, self.films = model, [int(i) for i in history], [int(history[p]) for p in order]
        self.known = {}
        scores = self.scores(self.history)
        self.unseen = [i for i in range(model.n_items) if i not in set(self.history)]
        self.film = max(self.unseen, key=lambda i: (scores[i], -i))

    def scores(self, profile):
        key = tuple(sorted(profile))
        if key not in self.known:
            self.known[key] = self.model.score(Interactions.from_lists([key], self.model.n_items))[0].tolist()
        return self.known[key]

    def place(self, profile):
        scores = self.scores(profile)
        return 1 + sum(scores[i] > scores[self.film] for i in self.unseen)

    def score(self, profile):
        return math.exp(self.scores(profile)[self.film])

    def without(self, gone):
        return [i for i in self.history if i not in set(gone)]

    def bins(self):
        """How many films are gone at each of the 11 levels, by numpy's own cut into ten."""
        return [0, *np.cumsum([len(part) for part in np.array_split(np.arange(len(self.history)), 10)]).tolist()]

    def metrics(self):
        pos = [self.without(self.films[:k]) for k in self.bins()]
        neg = [self.without(self.films[::-1][:k]) for k in self.bins()]
        ins = [self.films[:k] for k in self.bins()]
        whole = self.score(self.history)
        mean = lambda values: sum(values) / 11  # noqa: E731
        return {
            "POS-P@5": mean([self.place(p) <= 5 for p in pos]),
            "NEG-P@5": mean([self.place(p) <= 5 for p in neg]),
            "NDCG-P": mean([1 / math.log2(1 + self.place(p)) for p in pos]),
            "DEL-P": mean([self.score(p) for p in pos]),
            "INS-P": mean([self.score(p) for p in ins]),
            "POS@5,4": float(self.place(self.without(self.films[:4])) <= 5),
            "DEL@4": self.score(self.without(self.films[:4])) / whole,
            "DEL@5": self.score(self.without(self.films[:5])) / whole,
            "INS@4": self.score(self.films[:4]) / whole,
            "CDCG@4": 1 / math.log2(1 + self.place(self.without(self.films[:4]))),
        }


def rules(n, seed=1):
    draw = np.random.default_rng(seed)
    return [(*draw.choice(N_ITEMS, 3, replace=False).tolist(), kind, 4.0) for kind in ("and", "xor") for _ in range(n)]


MODELS = {
    "factors": lambda: toys.Factored(toys.random_weights(N_ITEMS), -1.0, rules(15)),
    "part of the catalogue": lambda: toys.Factored(toys.random_weights(N_ITEMS), -1.0, rules(15), unmodelled=[3, 8, 9]),
    "deep": lambda: toys.tiny_product(N_ITEMS, items_share=0.9),
}


class TestDefinitions:
    @pytest.mark.parametrize("kind", MODELS)
    def test_means_are_those_of_a_literal_reading(self, kind):
        model = MODELS[kind]()
        found = measure_fidelity(model, USERS, TRAIN)
        assert found["users"] == len(USERS) and set(found["methods"]) == set(explainers_for(model))
        for name in found["methods"]:
            expected = [self.literal(model, USERS.row(user), name) for user in range(len(USERS))]
            for metric in masking.METRICS:
                mean = np.mean([each[metric] for each in expected])
                assert found["methods"][name][metric]["mean"] == pytest.approx(mean, rel=2e-5), (name, metric)

    @pytest.mark.parametrize("kind", MODELS)
    def test_differences_are_paired(self, kind):
        model = MODELS[kind]()
        methods = measure_fidelity(model, USERS, TRAIN, methods=["leave-one-out"])["methods"]
        assert list(methods) == ["random", "cosine", "leave-one-out"]
        for reference in ("random", "cosine"):
            assert set(methods[reference]["against"][reference]["DEL@4"].values()) == {0.0}
            for metric, told in methods["leave-one-out"]["against"][reference].items():
                difference = methods["leave-one-out"][metric]["mean"] - methods[reference][metric]["mean"]
                assert told["mean"] == pytest.approx(difference, abs=1e-12)
                assert told["low"] - 1e-12 <= told["mean"] <= told["high"] + 1e-12

    @staticmethod
    def literal(model, history, name):
        film = Literal(model, history, range(len(history))).film
        situation = Situation(model, history.astype(np.int64), film, ItemStatistics(TRAIN), 0)
        order = situation.order(EXPLAINERS[name].contributions(situation))
        return Literal(model, history, order).metrics()


class TestTenths:
    def test_bins_are_as_equal_as_can_be(self):
        assert masking.tenths(30).tolist() == list(range(0, 31, 3))
        assert masking.tenths(23).tolist() == [0, 3, 6, 9, 11, 13, 15, 17, 19, 21, 23]
        assert masking.tenths(4).tolist() == [0, 1, 2, 3] + [4] * 7

    def test_a_history_shorter_than_the_reasons_is_removed_whole(self):
        assert masking.profiles(np.array([1, 0]))[-3:].tolist() == [[False] * 2, [False] * 2, [True] * 2]

    def test_each_distinct_profile_is_asked_for_once(self):
        model = toys.Factored(toys.random_weights(N_ITEMS))
        history, order = np.arange(1, 13), np.random.default_rng(0).permutation(12)
        masking.measure(model, history, 0, order[None])
        profiles = {tuple(row) for row in masking.profiles(order).tolist()}
        assert (model.calls, model.rows) == (1, len(profiles)) and len(profiles) < masking.PROFILES
        masking.measure(model, history, 0, np.stack([order] * 5))
        assert model.calls == 2 and model.rows == 2 * len(profiles)


class TestKnownOrders:
    """One film is fed by the history with positive weights: the largest weight first is the best order there is."""

    weights = np.zeros((8, 8))
    weights[1:6, 0] = [0.3, 2.0, 1.1, 0.2, 0.7]
    weights[1:6, 6] = 0.75  # a rival
    history = np.arange(1, 6)
    best = np.array([1, 2, 4, 0, 3])

    def all_orders(self):
        orders = np.array(list(permutations(range(5))))
        log_scores, ranks = masking.measure(toys.Factored(self.weights, -2.0), self.history, 0, orders)
        place = np.flatnonzero((orders == self.best).all(axis=1))[0]
        return orders, masking.metrics(log_scores, ranks), place

    def test_no_order_beats_the_right_one(self):
        _, found, best = self.all_orders()
        for metric in masking.METRICS:
            values = -found[metric] if metric in HIGHER_IS_BETTER else found[metric]
            assert (values >= values[best] - 1e-7).all(), metric
        for metric in ("DEL-P", "INS-P"):
            assert (np.abs(found[metric] - found[metric][best]) < 1e-7).sum() == 1

    def test_the_reverse_is_the_worst_and_chance_is_between(self):
        orders, found, best = self.all_orders()
        worst = np.flatnonzero((orders == self.best[::-1]).all(axis=1))[0]
        for metric in ("NDCG-P", "DEL-P", "INS-P"):
            sign = -1 if metric in HIGHER_IS_BETTER else 1
            low, mean, high = sign * found[metric][[best]], sign * found[metric].mean(), sign * found[metric][[worst]]
            assert low < mean < high and (sign * found[metric] <= high + 1e-7).all(), metric

    def test_the_least_explaining_first_is_the_reversed_order(self):
        orders, found, _ = self.all_orders()
        place = {tuple(order): row for row, order in enumerate(orders.tolist())}
        for row, order in enumerate(orders.tolist()):
            assert found["NEG-P@5"][row] == found["POS-P@5"][place[tuple(order[::-1])]]

    def test_places_are_worked_out_by_hand(self):
        # Scores by number of best films gone: 4.3, 2.3, 1.2, .5, .2, 0; the rival: 3.75, 3, 2.25, 1.5, .75, 0.
        _, ranks = masking.measure(toys.Additive(self.weights), self.history, 0, self.best[None])
        assert ranks[0, :6].tolist() == [1, 2, 2, 2, 2, 1] and ranks[0, -3:].tolist() == [2, 1, 1]
        found = masking.metrics(None, ranks)
        assert found["NDCG-P"][0] == pytest.approx((7 + 4 / math.log2(3)) / 11)
        assert found["CDCG@4"][0] == pytest.approx(1 / math.log2(3)) and found["POS-P@5"][0] == 1


class TestWhole:
    def test_raw_scores_have_no_ratio(self):
        found = measure_fidelity(toys.Additive(toys.random_weights(N_ITEMS)), USERS, TRAIN)
        for row in found["methods"].values():
            for each in (row, *row["against"].values()):
                assert {metric for metric in masking.METRICS if each[metric] is None} == set(SCORED)
        assert found["shapley_agreement"] == {"integrated-gradients": None, "users": 0}

    def test_a_softmax_has_positive_scores(self):
        methods = measure_fidelity(toys.Softmax(toys.random_weights(N_ITEMS)), USERS, TRAIN)["methods"]
        assert all(0 < methods["greedy"][metric]["mean"] for metric in SCORED)

    def test_the_right_reasons_are_told_from_chance(self):
        model = toys.Factored(np.abs(toys.random_weights(60)), bias=-8.0)
        users = histories_of([20] * 60, n_items=60)
        found = measure_fidelity(model, users, histories_of([9] * 80, seed=3, n_items=60))
        for name in ("nease", "leave-one-out", "greedy"):
            row = found["methods"][name]
            assert row["against"]["random"]["DEL@4"]["high"] < 0 < row["against"]["random"]["INS-P"]["low"]
            assert row["NEG-P@5"]["mean"] - row["POS-P@5"]["mean"] > 0.3
        chance = found["methods"]["random"]
        assert abs(chance["NEG-P@5"]["mean"] - chance["POS-P@5"]["mean"]) < 0.1
        assert found["methods"]["greedy"]["DEL@5"]["mean"] == pytest.approx(row["DEL@5"]["mean"], rel=1e-5)

    def test_removals_are_smaller_than_chance_needs(self):
        found = measure_fidelity(toys.Factored(toys.random_weights(N_ITEMS)), histories_of([12] * 20), TRAIN)["removal"]
        assert set(found) == {"top1", "top10"} and found["top1"]["found"] == 1
        assert 1 <= found["top1"]["median"] < found["top1"]["median_random"] <= 12

    def test_where_nothing_can_push_a_film_out_there_is_no_size(self):
        popular = np.zeros((N_ITEMS, N_ITEMS))
        popular[:, 0] = 0.1  # every history is for film 0, and without any all films are equal
        users = Interactions.from_lists([[1, 2], [3, 4, 5]], N_ITEMS)
        found = measure_fidelity(toys.Factored(popular), users, TRAIN)["removal"]["top1"]
        assert found == {"found": 0.0, "median": None, "found_random": 0.0, "median_random": None}

    def test_integrated_gradients_are_compared_with_shapley_values(self):
        found = measure_fidelity(toys.tiny_product(N_ITEMS), USERS, TRAIN)["shapley_agreement"]
        assert found["users"] == len(USERS) and 0.5 < found["integrated-gradients"] <= 1

    def test_users_that_cannot_be_explained_are_left_out_and_counted(self):
        model = toys.Factored(toys.random_weights(6), unmodelled=[5])
        users = Interactions.from_lists([[], [0, 1], [0, 1, 2, 3, 4], [2], [5]], 6)
        train = Interactions.from_lists([[0, 5]], 6)
        found = measure_fidelity(model, users, train)
        left_out = {"empty_history": 1, "nothing_to_recommend": 1, "history_not_covered": 1}
        assert found["users"] == 2 and found["left_out"] == left_out
        with pytest.raises(DataError, match="no user"):
            measure_fidelity(model, users.take([0, 2]), train)

    def test_unknown_methods_are_refused(self):
        with pytest.raises(SettingError, match="'lime' is no method"):
            measure_fidelity(toys.Factored(toys.random_weights(N_ITEMS)), USERS, TRAIN, methods=["lime"])

    def test_the_same_seed_gives_the_same_and_progress_is_told(self):
        model, told = toys.tiny_product(N_ITEMS), []
        first, again, other = (
            measure_fidelity(model, USERS, TRAIN, seed=seed, report=lambda *word: told.append(word))
            for seed in (0, 0, 1)
        )
        for found in (first, again, other):
            for row in found["methods"].values():
                assert row.pop("ms") > 0
        json.dumps(first, allow_nan=False)
        assert first == again and first["methods"]["random"] != other["methods"]["random"]
        fractions = [fraction for _, fraction in told[: len(told) // 3]]
        assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] < 1

    def test_a_user_is_explained_alike_in_any_company(self):
        model = MODELS["factors"]()
        alone = [measure_fidelity(model, USERS.take([user]), TRAIN)["methods"] for user in range(len(USERS))]
        together = measure_fidelity(model, USERS, TRAIN)["methods"]
        for name, row in together.items():
            expected = np.mean([each[name]["NDCG-P"]["mean"] for each in alone])
            assert row["NDCG-P"]["mean"] == pytest.approx(expected, abs=1e-12)

    def test_a_sample_is_drawn_by_its_seed(self):
        users = histories_of(range(1, 21))
        some = sample(users, 5, seed=1)
        assert len(some) == len(set(some.lengths.tolist())) == 5
        assert np.array_equal(some.indices, sample(users, 5, seed=1).indices)
        assert not np.array_equal(some.lengths, sample(users, 5, seed=2).lengths)
        assert sample(users, 20, seed=1) is users

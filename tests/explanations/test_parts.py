"""The parts side by side, on models whose shares, lists and lifts are known."""

from __future__ import annotations

from itertools import combinations
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_expit

from tests.explanations import toys
from vasp_models import checkpoints, measures, places
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.explanations import additivity, geometry, rankings
from vasp_models.explanations.additivity import LOG, LOGIT, interaction_shares, pair_strengths
from vasp_models.explanations.overlap import covariance_shares, rank_biased_overlap
from vasp_models.explanations.parts import compare_parts, sample
from vasp_models.models.baselines import Popularity, PopularitySettings
from vasp_models.projections import maps

N_ITEMS = 40


def drawn(users: int = 12, length: int = 12, n_items: int = N_ITEMS, seed: int = 0) -> Interactions:
    draw = np.random.default_rng(seed)
    return Interactions.from_lists([draw.choice(n_items, length, replace=False) for _ in range(users)], n_items)


USERS = drawn()
HELD_OUT = Interactions.from_lists(
    [np.setdiff1d(np.arange(N_ITEMS), USERS.row(row))[row::7] for row in range(len(USERS))], N_ITEMS
)
CATALOGUE = Catalogue(
    pd.DataFrame(
        {
            "id": np.arange(N_ITEMS),
            "title": [f"Film {n}" for n in range(N_ITEMS)],
            "year": pd.array([1960] * N_ITEMS, dtype="Int64"),
            "genres": [["Horror"] if n % 2 else ["Western"] for n in range(N_ITEMS)],
            "train_users": np.arange(N_ITEMS)[::-1] + 1,
        }
    )
)


class Boolean(toys.Factored):
    """One part alone: every film scores by what two films of the history, 0 and 1, do together."""

    factor_names = ("deep",)
    parts = {"flvae": ("deep",)}
    linear_factor = None

    def __init__(self, function, n_items: int = N_ITEMS) -> None:
        super().__init__(np.zeros((n_items, n_items)))
        self.function = function

    def log_factors(self, histories: Interactions) -> np.ndarray:
        x = self.profiles(histories)
        both = self.function(x[:, 0], x[:, 1])
        return self.answer(log_expit(-2.0 + 3.0 * both[:, None] * np.ones(self.n_items)))[None]


HOLDING_BOTH = Interactions.from_lists([np.arange(40), np.arange(36), np.arange(38)], 60)


# Rank-biased overlap


def literal_rbo(first, second, p):
    """Webber et al. 2010, eq. 32, word by word."""
    k = len(first)
    shared = [len(set(first[:d]) & set(second[:d])) for d in range(1, k + 1)]
    head = shared[-1] / k * p**k
    return head + (1 - p) / p * sum(x / d * p**d for d, x in enumerate(shared, 1))


def test_overlap_of_equal_and_of_disjoint_lists():
    assert rank_biased_overlap(np.arange(9), np.arange(9)) == pytest.approx(1.0)
    assert rank_biased_overlap(np.arange(9), np.arange(9) + 9) == 0.0
    assert rank_biased_overlap(np.array([4, 7]), np.array([7, 4])) == pytest.approx(0.9)  # p: they differ at depth 1


@pytest.mark.parametrize("p", [0.5, 0.9])
def test_overlap_is_the_formula(p):
    draw = np.random.default_rng(0)
    for _ in range(20):
        first, second = (draw.permutation(15)[:8] for _ in range(2))
        assert rank_biased_overlap(first, second, p) == pytest.approx(literal_rbo(list(first), list(second), p))


def test_agreement_at_the_head_counts_more_than_below():
    top, end = np.array([1, 2, 3, 8, 9]), np.array([6, 7, 3, 4, 5])
    assert rank_biased_overlap(np.arange(1, 6), top) > rank_biased_overlap(np.arange(1, 6), end)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one length above 0, not 2 and 3"):
        rank_biased_overlap(np.arange(2), np.arange(3))


# Covariance shares


def test_covariance_shares_sum_to_one_and_are_known():
    values = np.random.default_rng(0).normal(size=(3, 50))
    assert covariance_shares(values).sum() == pytest.approx(1.0)
    line = np.arange(5.0)
    assert covariance_shares(np.stack([line, 3 * line])) == pytest.approx([0.25, 0.75])
    assert covariance_shares(np.stack([line, np.full(5, 9.0)])) == pytest.approx([1.0, 0.0])
    assert covariance_shares(np.stack([3 * line, -line])) == pytest.approx([1.5, -0.5])
    assert covariance_shares(np.ones((2, 5))) is None


# Additivity


def test_an_additive_model_has_no_interaction():
    found = interaction_shares(toys.Additive(toys.random_weights(N_ITEMS)), USERS)
    assert list(found) == [(LOG, "joint")]
    assert found[LOG, "joint"]["high"] < 1e-10 and found[LOG, "joint"]["users"] == len(USERS)
    assert pair_strengths(toys.Additive(toys.random_weights(N_ITEMS)), USERS)["joint"]["in_context"] < 1e-5


def test_a_linear_logit_has_none_and_its_log_factor_some():
    model = toys.Factored(toys.random_weights(N_ITEMS), bias=-1.0, rules=[(0, 1, 2, "xor", 3.0)])
    found = interaction_shares(model, USERS)
    assert set(found) == {(LOG, name) for name in ("joint", "nease", "flvae", "deep")} | {
        (LOGIT, name) for name in ("nease", "deep")
    }
    assert found[LOGIT, "nease"]["high"] < 1e-8
    assert 0.01 < found[LOG, "nease"]["mean"] < 0.9


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [
        # Of the variance 3/16 of a product of two tosses 1/16 is interaction; of "exactly one" everything is; the fit
        # on 6 h profiles reads up to a fifth more.
        (np.multiply, 0.31, 0.45),
        (lambda a, b: np.abs(a - b), 0.95, 1.35),
        (np.add, 0.0, 1e-8),
    ],
)
def test_the_share_of_a_product_and_of_exactly_one_is_known(function, low, high):
    found = interaction_shares(Boolean(function, 60), HOLDING_BOTH)
    logit = found[LOGIT, "deep"]["mean"]
    assert low <= logit <= high


def test_where_the_history_changes_nothing_there_is_no_share():
    model = toys.Factored(toys.random_weights(N_ITEMS))  # no rules: the deep factor is a constant
    found = interaction_shares(model, USERS)
    assert found[LOG, "flvae"] is None and found[LOGIT, "deep"] is None and found[LOG, "nease"] is not None
    assert pair_strengths(model, USERS)["flvae"] == {"one_hot": None, "in_context": None}


def test_one_film_cannot_interact():
    short = Interactions.from_lists([[3], [4], [1, 2, 5, 6]], N_ITEMS)
    assert interaction_shares(toys.Additive(toys.random_weights(N_ITEMS)), short)[LOG, "joint"]["users"] == 1


def test_pairs_interact_as_their_rule_says():
    only = Interactions.from_lists([[0, 1]], N_ITEMS)
    xor = pair_strengths(Boolean(lambda a, b: np.abs(a - b)), only)["joint"]
    assert xor == {"one_hot": pytest.approx(1.0), "in_context": pytest.approx(1.0)}  # |-2 s| over |s| + |s|
    both = pair_strengths(Boolean(np.multiply), only)["joint"]
    assert both["in_context"] == pytest.approx(0.5)  # s over s + s
    assert both["one_hot"] is None  # neither film does anything alone


def test_logits_come_back_from_log_factors():
    logits = np.array([-30.0, -3.0, 0.0, 4.0, 12.0])
    assert additivity.logits(log_expit(logits).astype(np.float32)) == pytest.approx(logits, rel=1e-5, abs=1e-6)


# Rankings


def test_a_part_that_is_constant_decides_nothing():
    model = toys.Factored(toys.random_weights(N_ITEMS))
    ranked = rankings.rank(model, USERS)
    assert ranked.covariance("flvae") == {"top100": pytest.approx(0.0, abs=1e-6), "all": pytest.approx(0.0, abs=1e-6)}
    assert ranked.covariance("nease")["all"] == pytest.approx(1.0)
    whole, without = rankings.without_parts(model, USERS, HELD_OUT)
    useless, useful = (rankings.ablated(whole, without[part]) for part in ("flvae", "nease"))
    assert (useless["difference"], useless["difference_se"]) == (0.0, 0.0)
    assert useless["mean"] == whole.mean() and useful["difference"] != 0.0
    overlap = {(row["first"], row["second"]): row["mean"] for row in ranked.overlaps()}
    assert overlap["joint", "nease"] == pytest.approx(1.0) and set(overlap) == set(
        combinations(("joint", "nease", "flvae"), 2)
    )


def test_without_the_part_that_ranks_the_other_ranks():
    """Held out is what the linear path puts first; without it only the constant is left."""
    weights = toys.random_weights(N_ITEMS)
    model = toys.Factored(weights)
    best = [rankings.rank(model, USERS).lists["nease"][row][:5] for row in range(len(USERS))]
    whole, without = rankings.without_parts(model, USERS, Interactions.from_lists(best, N_ITEMS))
    assert whole.mean() == pytest.approx(1.0)
    assert without["flvae"].mean() == pytest.approx(1.0)
    assert rankings.ablated(whole, without["nease"])["difference"] < -0.3


def test_covariance_shares_of_the_parts_and_of_the_factors_sum_to_one():
    ranked = rankings.rank(toys.tiny_product(N_ITEMS), USERS)
    for names in (("nease", "flvae"), ("nease", "flvae_residual", "flvae_latent")):
        for where in ("top100", "all"):
            assert sum(ranked.covariance(name)[where] for name in names) == pytest.approx(1.0)


def test_the_gate_counts_the_joint_list():
    lists = {"joint": [np.arange(20)], "nease": [np.arange(10, 30)], "flvae": [np.arange(15, 35)]}
    gate = rankings.Rankings(lists).gate()
    assert gate == {"nease_only": 0.25, "flvae_only": 0.0, "both": 0.25, "neither": 0.5}
    assert rankings.Rankings({"joint": [np.arange(20)]}).gate() is None


def test_popularity_coverage_and_gini_of_the_lists():
    ranked = rankings.Rankings({"joint": [np.array([0, 1]), np.array([0, 3])]})
    popularity = np.array([5, 9, 1, 7])  # ranks 3, 1, 4, 2
    everything = ranked.shown("joint", popularity, np.ones(4, dtype=bool))
    assert everything == {"popularity_rank": (3 + 1 + 3 + 2) / 4, "coverage": 0.75, "gini": pytest.approx(0.5)}
    assert ranked.shown("joint", popularity, np.array([True, True, False, True]))["coverage"] == 1.0


def test_lists_hold_unseen_and_covered_films_only():
    ranked = rankings.rank(toys.Additive(toys.random_weights(N_ITEMS), unmodelled=[0, 1]), USERS)
    for row, items in enumerate(ranked.lists["joint"]):
        assert not set(items.tolist()) & ({0, 1} | set(USERS.row(row).tolist()))
        assert len(items) == N_ITEMS - len(set(USERS.row(row).tolist()) | {0, 1})


# What one film says of the others


def test_a_film_adds_alone_what_it_adds_in_a_history_where_everything_adds_up():
    found = geometry.compared(toys.Additive(toys.random_weights(N_ITEMS)), CATALOGUE, USERS)
    assert found["joint"]["agreement"] == pytest.approx(1.0)


def test_a_part_without_distances_has_no_purity_and_no_agreement():
    popular = Popularity(PopularitySettings(), N_ITEMS)
    popular.fit(USERS)
    found = geometry.compared(popular, CATALOGUE, USERS)["joint"]
    assert found["purity"] == {"lift": None, "paper": None} and found["agreement"] is None


class Grouped(toys.Factored):
    """Films of one genre lead to each other; `popularity` is added to what every film scores anyway."""

    def __init__(self, popularity: float) -> None:
        same = (np.arange(N_ITEMS)[:, None] - np.arange(N_ITEMS)) % 2 == 0
        super().__init__(same * 2.0 - 3.0 * np.eye(N_ITEMS))
        self.popularity = popularity * np.random.default_rng(0).normal(size=N_ITEMS)

    def log_factors(self, histories: Interactions) -> np.ndarray:
        nease, deep = super().log_factors(histories)
        return np.stack([nease, deep + nease + self.popularity]).astype(np.float32)


def test_purity_by_lift_does_not_change_with_popularity_and_by_the_paper_does():
    plain, popular = (geometry.compared(Grouped(spread), CATALOGUE, USERS)["flvae"]["purity"] for spread in (0.0, 3.0))
    assert plain["lift"]["purity"] == popular["lift"]["purity"] == 1.0
    assert plain["paper"]["purity"] == 1.0 and popular["paper"]["purity"] < 0.9
    assert plain["lift"]["chance_popular"] < 0.7 and plain["lift"]["p"] < 0.01


def test_purity_is_that_of_the_maps():
    demo = checkpoints.load(places.DEMO)
    few = demo.test_folds()[0][0].take(range(4))
    found = geometry.compared(demo.model(), demo.catalogue, few)
    for distance in ("lift", "paper"):
        for part, row in maps.find(demo, distance).quality.items():
            kept, new = row["paper_genres"], found[part]["purity"][distance]
            assert new["purity"] == pytest.approx(kept["purity"], abs=0.01)
            assert new["chance_popular"] == pytest.approx(kept["chance_popular"], abs=0.01)


# The whole


@pytest.mark.parametrize(
    "model",
    [
        toys.tiny_product(N_ITEMS),
        toys.tiny_product(N_ITEMS, items_share=0.9),
        toys.Additive(toys.random_weights(N_ITEMS)),
        toys.Softmax(toys.random_weights(N_ITEMS)),
        Boolean(lambda a, b: np.abs(a - b)),
    ],
    ids=["product", "part of the catalogue", "score", "softmax", "one part"],
)
def test_every_model_has_its_figures(model):
    told = []
    found = measures.plain(compare_parts(model, CATALOGUE, USERS, HELD_OUT, report=lambda *stage: told.append(stage)))
    json.dumps(found, allow_nan=False)
    assert found["users"] == len(USERS) and found["ndcg"]["se"] > 0
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1.0)
    assert len({words for words, _ in told}) == 5
    joint = found["parts"]["joint"]
    assert joint["covariance_share"] is None and joint["ndcg_without"] is None
    assert 0 < joint["coverage"] <= 1 and joint["purity"]["lift"] is not None
    if len(found["parts"]) == 1:
        assert found["rbo"] == [] and found["gate"] is None and found["factors"] == {}
    else:
        assert list(found["parts"]) == ["joint", "nease", "flvae"]
        assert sum(found["gate"].values()) == pytest.approx(1.0)
        assert list(found["factors"]) == list(model.factor_names)
        nease = found["factors"]["nease"]
        assert nease["interaction_share_logit"]["high"] < 1e-8 < nease["interaction_share"]["mean"]
        assert found["parts"]["nease"]["interaction_share_logit"] == nease["interaction_share_logit"]


def test_the_same_seed_gives_the_same():
    model, few, held = toys.tiny_product(N_ITEMS), USERS.take(range(3)), HELD_OUT.take(range(3))
    first, again, other = (compare_parts(model, CATALOGUE, few, held, seed) for seed in (1, 1, 2))
    assert first == again
    assert first["parts"]["flvae"]["interaction_share"] != other["parts"]["flvae"]["interaction_share"]


def test_users_are_drawn_with_their_held_out_films():
    chosen, held = sample(USERS, HELD_OUT, 5, seed=1)
    assert len(chosen) == len(held) == 5
    whole = {tuple(USERS.row(n)): tuple(HELD_OUT.row(n)) for n in range(len(USERS))}
    assert all(whole[tuple(chosen.row(n))] == tuple(held.row(n)) for n in range(5))
    assert len(sample(USERS, HELD_OUT, 99, seed=1)[0]) == len(USERS)


def test_without_users_there_is_nothing_to_compare():
    nobody = Interactions.from_lists([], N_ITEMS)
    with pytest.raises(DataError, match="no test user"):
        compare_parts(toys.tiny_product(N_ITEMS), CATALOGUE, nobody, nobody)

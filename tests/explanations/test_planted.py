"""What is planted is found in a model that holds it and in no other: not where all adds up, nor where the sum bends."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_expit

from tests.explanations import toys
from vasp_models import checkpoints, measures, places
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.demo import Conjunction, Link, Planted
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.explanations import conjunctions
from vasp_models.explanations.conjunctions import Case, Comparison
from vasp_models.explanations.planted import embedded, links, planted_truth

TASTES, EACH = ("horror", "western", "noir", "space", "crime"), 4
FREE = 6  # films of no taste
RULES = [("and", *pair) for pair in combinations(TASTES[:4], 2)]
RULES += [("xor", *pair) for pair in combinations(TASTES[1:], 2)]
N_ITEMS = len(TASTES) * EACH + FREE + len(RULES)
FILMS = np.arange(1, N_ITEMS + 1)  # ids: an id is the item number and one
OF_TASTE = {name: tuple(FILMS[n * EACH : (n + 1) * EACH].tolist()) for n, name in enumerate(TASTES)}
RULED = FILMS[-len(RULES) :]
TITLES = {int(film): f"Film {film} (1960)" for film in FILMS}
LINKS = (Link(1, 2, "series", 3.0), Link(2, 3, "series", 3.0), Link(9, 10, "director", 2.0))
PLANTED = Planted(
    0,
    LINKS,
    tuple(Conjunction(int(film), *rule, 0.5) for film, rule in zip(RULED, RULES, strict=True)),
    OF_TASTE,
    {film: TITLES[film] for film in (1, 2, 3, 9, 10, *RULED.tolist())},
)
CATALOGUE = Catalogue(
    pd.DataFrame(
        {
            "id": FILMS,
            "title": [f"Film {film}" for film in FILMS],
            "year": pd.array([1960] * N_ITEMS, dtype="Int64"),
            "genres": [[]] * N_ITEMS,
            "train_users": FILMS,
        }
    )
)
PROFILES = Interactions.from_lists(
    [np.random.default_rng(n).choice(N_ITEMS, 14, replace=False) for n in range(8)], N_ITEMS
)


class Deep(toys.Factored):
    """A deep path: "rules" holds the planted rules, "bends" is log sigma of a sum of tastes, "flat" stays the same."""

    def __init__(self, kind: str, weights: np.ndarray | None = None, **more) -> None:
        super().__init__(toys.random_weights(N_ITEMS) if weights is None else weights, -6.0, **more)
        self.kind = kind

    def log_factors(self, histories: Interactions) -> np.ndarray:
        x = self.profiles(histories)
        has = {name: x[:, np.array(films) - 1].any(axis=1) for name, films in OF_TASTE.items()}
        deep = np.full(x.shape, -2.0)
        for (kind, first, second), film in zip(RULES, RULED, strict=True):
            met = has[first] & has[second] if kind == "and" else has[first] ^ has[second]
            added = {"rules": 3.0 * met, "bends": 2.0 * has[first] + 2.0 * has[second], "flat": 0.0 * met}
            deep[:, film - 1] += added[self.kind]
        return np.stack([self.answer(log_expit(self.linear_bias + x @ self.weights)), self.answer(log_expit(deep))])


def told_apart(model, **more):
    return conjunctions.told_apart(model, PLANTED, CATALOGUE, PROFILES, **more)


def test_a_path_that_holds_the_rules_is_told_apart_without_fault():
    found = told_apart(Deep("rules"))
    assert (found["auc"], found["low"], found["high"]) == pytest.approx((1.0, 1.0, 1.0))
    assert (found["planted"], found["profiles"]) == (len(RULES), len(PROFILES))
    assert {kind: row["planted"] for kind, row in found["by_kind"].items()} == {"and": 6, "xor": 6}
    assert all(row["right_direction"] == 1.0 for row in found["by_kind"].values())
    expected = log_expit(1.0) - log_expit(-2.0)
    assert found["by_kind"]["and"]["mean"] == pytest.approx(expected, abs=1e-5)
    assert found["by_kind"]["xor"]["mean"] == pytest.approx(-2 * expected, abs=1e-5)


def test_a_path_that_only_bends_passes_by_size_and_not_by_direction():
    found = told_apart(Deep("bends"))
    assert found["controls"]["size"]["auc"] > 0.95
    assert found["auc"] == pytest.approx(0.5, abs=0.05)
    assert found["by_kind"]["and"]["auc"] < 0.05 and found["by_kind"]["xor"]["auc"] > 0.95
    assert found["by_kind"]["and"]["right_direction"] == 0.0


def test_a_path_that_ignores_the_profile_is_at_chance():
    found = told_apart(Deep("flat"))
    assert found["auc"] == found["other_pairs"] == found["other_films"] == 0.5
    assert found["by_kind"]["and"]["mean"] == 0.0


def test_the_linear_path_is_measured_beside_it():
    none = told_apart(Deep("rules", weights=np.zeros((N_ITEMS, N_ITEMS))))["controls"]
    assert none["linear"]["auc"] == none["linear_size"]["auc"] == 0.5
    assert none["size"]["auc"] == 1.0


def test_the_seed_decides_and_the_progress_is_told():
    told = []
    first = told_apart(Deep("bends"), seed=3, report=lambda stage, fraction: told.append(fraction))
    assert told_apart(Deep("bends"), seed=3) == first != told_apart(Deep("bends"), seed=4)
    assert told == sorted(told) and len(told) == len(PROFILES) and told[-1] == 1.0
    assert first["low"] <= first["auc"] <= first["high"]


def test_films_that_the_model_does_not_cover_are_left_out():
    found = told_apart(Deep("rules", unmodelled=[int(RULED[0]) - 1, 0]))
    assert found["planted"] == len(RULES) - 1 and found["auc"] == 1.0


def test_a_model_without_a_deep_path_or_without_a_linear_one_has_no_figure():
    linear = told_apart(toys.Additive(toys.random_weights(N_ITEMS)))
    assert (linear["auc"], linear["low"], linear["by_kind"]) == (None, None, {})
    deep = Deep("rules")
    deep.linear_factor = None
    assert links(deep, PLANTED, CATALOGUE)["share"] is None
    assert "linear" not in told_apart(deep)["controls"]


def test_the_profiles_hold_no_film_of_either_taste_but_the_two():
    tastes = {name: np.array(films) - 1 for name, films in OF_TASTE.items()}
    pairs = list(combinations(tastes, 2))
    kept = np.array([0, 5, 9, 20])
    history, included = conjunctions._profiles(kept, tastes, pairs, np.random.default_rng(0))
    for (first, second), rows in zip(pairs, included, strict=True):
        nothing, one, other, both = (set(history[row].tolist()) for row in rows)
        of_pair = set(tastes[first].tolist() + tastes[second].tolist())
        assert nothing == set(kept.tolist()) - of_pair
        assert len(one - nothing) == len(other - nothing) == 1
        assert one - nothing <= set(tastes[first].tolist()) and other - nothing <= set(tastes[second].tolist())
        assert both == one | other


def test_the_comparison_counts_by_hand():
    # Two pairs of tastes, four films; film 0 under pair 0 is an "and", film 1 under pair 1 a "xor".
    interactions = np.array([[0.5, 0.1, 0.7, np.nan], [0.2, -0.3, -0.4, 0.0]])
    cases = [Case(0, 0, "and"), Case(1, 1, "xor")]
    found = Comparison.of(interactions, cases)
    assert found.by_pairs.tolist() == [[1.0, 1.0], [1.0, 1.0]]  # .5 over .2 and .1; -.3 below them
    assert found.by_films[0].tolist() == [0.5, 1.0]  # .5 over .1, not over .7; over .2, -.4 and 0
    assert found.by_films[1].tolist() == pytest.approx([1.0, 2 / 3])  # -.3 below .1 and .7; not below -.4
    assert found.n_others == 5
    sizes = Comparison.of(interactions, cases, by_size=True)
    assert sizes.by_films[0].tolist() == pytest.approx([0.5, 1.0]) and sizes.by_films[1, 0] == 0.5


def weights_with(raised: dict[tuple[int, int], float]) -> np.ndarray:
    """W over ids: what is not named adds .1 the more the later the film is."""
    weights = np.tile(np.arange(N_ITEMS) / N_ITEMS / 10, (N_ITEMS, 1))
    for (first, second), value in raised.items():
        weights[first - 1, second - 1] = value
    np.fill_diagonal(weights, 0.0)
    return weights


def test_links_are_found_among_the_first_five_of_the_row():
    raised = {(1, 2): 1.0, (2, 3): 1.0, (9, 10): 1.0}
    assert links(Deep("flat", weights_with(raised)), PLANTED, CATALOGUE)["found"] == 3
    raised |= {(2, film): 2.0 for film in (20, 21, 22, 23)}  # now fifth, and still found
    assert links(Deep("flat", weights_with(raised)), PLANTED, CATALOGUE)["share"] == 1.0
    raised |= {(2, 24): 2.0}
    found = links(Deep("flat", weights_with(raised)), PLANTED, CATALOGUE)
    assert (found["found"], found["planted"], found["share"]) == (2, 3, pytest.approx(2 / 3))
    assert found["share_of_column"] == 1.0  # the other reading: film 2 is what leads to film 3 most
    assert found["by_kind"]["series"] == {"planted": 2, "found": 1, "share": 0.5}
    assert found["by_kind"]["director"]["share"] == 1.0


def test_a_link_to_a_film_that_is_not_covered_is_not_found():
    model = Deep("flat", weights_with({(1, 2): 1.0, (2, 3): 1.0, (9, 10): 1.0}), unmodelled=[9])
    assert links(model, PLANTED, CATALOGUE)["found"] == 2


def test_the_whole_is_plain_json():
    found = planted_truth(Deep("rules"), PLANTED, CATALOGUE, PROFILES)
    json.dumps(measures.plain(found), allow_nan=False)
    assert found["conjunctions"]["auc"] == 1.0 and found["links"]["top"] == 5 and found["seed"] == 0
    assert "first raises most" in found["how"] and "held-out viewers" in found["how"]


def test_other_films_under_the_same_ids_are_refused():
    other = replace(CATALOGUE, frame=CATALOGUE.frame.assign(title="Something else"))
    for catalogue in (other, replace(CATALOGUE, frame=CATALOGUE.frame.assign(id=FILMS + 1000))):
        with pytest.raises(DataError, match="Nothing is planted in the data of this checkpoint: expected a model of"):
            planted_truth(Deep("rules"), PLANTED, catalogue, PROFILES)


def test_the_embedded_links_are_found_in_the_embedded_model():
    demo = checkpoints.load(places.DEMO)
    found = links(demo.model(), embedded(), demo.catalogue)
    assert found["planted"] == len(embedded().links)
    assert found["share"] >= found["demand"] == 0.8

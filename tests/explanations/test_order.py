"""A model that reads order is asked about histories in their order, whatever is explained."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explanations import toys
from vasp_models.bundles import recorded
from vasp_models.data.interactions import Interactions
from vasp_models.explanations import reruns
from vasp_models.explanations.answers import total
from vasp_models.explanations.audit import audit
from vasp_models.explanations.conjunctions import _in_order
from vasp_models.explanations.explainers import explainers_for
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.greedy import greedy_deletion
from vasp_models.explanations.leave_one_out import influence
from vasp_models.explanations.removals import removals
from vasp_models.models import HasGradient, create
from vasp_models.models.svae import SVAESettings
from vasp_models.recommending import recommend

HISTORY = np.array([7, 2, 10, 4, 9])  # neither ascending nor descending
N = 14


@pytest.fixture(scope="module")
def model():
    """An SVAE with drawn weights, wide enough apart that order tells."""
    made = create("svae", SVAESettings(8, 8, 8, 4), N)
    made.load_tensors({name: 3 * value for name, value in made.tensors().items()})
    return made


def in_order(rows) -> Interactions:
    return Interactions.from_lists(rows, N, ordered=True)


def own(model, rows) -> np.ndarray:
    """The model's own answers to rows in their order, float64 (rows, items)."""
    return total(model, in_order(rows)).astype(np.float64)


def test_the_toy_tells_orders_apart(model):
    here, ascending = own(model, [HISTORY, np.sort(HISTORY)])
    assert np.abs(here - ascending).max() > 0.1


def test_leave_one_out_is_the_answer_to_the_history_in_its_order_without_the_film(model):
    found = explain(model, HISTORY, np.array([0, 5]))
    without = [np.delete(HISTORY, place) for place in range(len(HISTORY))]
    scores = own(model, [HISTORY, *without])[:, [0, 5]]
    assert np.allclose(found.scores, scores[0], atol=1e-5)
    assert np.allclose(found.leave_one_out.sum(axis=0), scores[0] - scores[1:], atol=1e-5)


def test_it_is_explained_without_a_gradient(model):
    assert not isinstance(model, HasGradient)
    assert explain(model, HISTORY, np.array([0])).credit is None
    assert "integrated-gradients" not in explainers_for(model)
    assert "leave-one-out" in explainers_for(model)


def test_a_list_is_the_models_own_ranking_of_the_history_in_its_order(model):
    scores = own(model, [HISTORY])[0]
    scores[HISTORY] = -np.inf
    assert recommend(model, HISTORY, 5).items.tolist() == np.argsort(-scores)[:5].tolist()
    assert np.array_equal(recorded.record(model, HISTORY), model.score(in_order([HISTORY, []]))[None])


def test_a_film_that_is_named_twice_is_read_once_where_it_stands_first(model):
    assert model.histories([[7, 2, 7, 4]]).row(0).tolist() == [7, 2, 4]


def test_removals_hold_when_the_history_is_asked_about_in_its_order(model):
    found = {item: removals(model, HISTORY, item, (1, 3)) for item in recommend(model, HISTORY, 3).items.tolist()}
    removed = [(item, k, each) for item, row in found.items() for k, each in row.items() if each is not None]
    assert removed
    for item, k, removal in removed:
        left = HISTORY[~np.isin(HISTORY, removal.items)]
        scores = own(model, [left])[0]
        scores[HISTORY] = -np.inf
        assert 1 + (scores > scores[item]).sum() == removal.rank_after > k
        assert reruns.holds(model, HISTORY, item, k, removal)


def test_greedy_deletion_takes_the_film_without_which_the_score_is_lowest(model):
    scores = own(model, [np.delete(HISTORY, place) for place in range(len(HISTORY))])[:, 0]
    assert greedy_deletion(model, HISTORY, 0)[0] == scores.argmin()


def test_an_audit_of_it_passes(model):
    rng = np.random.default_rng(0)
    histories = in_order([rng.permutation(N)[:6] for _ in range(6)])
    found = audit(model, histories, histories, seed=0)
    assert found["passed"], [gate for gate in found["gates"] if gate["passed"] is False]


def test_influence_of_sets_is_what_it_was():
    """Models of sets are not touched by all this: their answers do not depend on the order in which films are named."""
    product = toys.tiny_product(N)
    first, turned = influence(product, HISTORY), influence(product, HISTORY[::-1])
    assert np.allclose(first.full, turned.full, atol=1e-6)


def test_films_of_a_profile_stand_in_the_order_of_the_history_with_the_drawn_ones_last():
    films = np.array([2, 4, 5, 7, 11])
    assert films[_in_order(films, HISTORY)].tolist() == [7, 2, 4, 5, 11]

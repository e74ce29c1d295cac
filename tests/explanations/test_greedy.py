"""Greedy deletion takes the best film at every step, given those that are gone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explanations.toys import Additive, Factored, random_weights, tiny_product
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError
from vasp_models.explanations.greedy import greedy_deletion

HISTORY = np.array([4, 0, 2, 1, 3, 5])
TARGET = 7


def by_hand(model, steps: int) -> list[int]:
    """The order of the definition, one question at a time."""

    def score(gone):
        rows = Interactions.from_lists([np.delete(HISTORY, gone)], model.n_items)
        return float(model.score(rows)[0, TARGET])

    left = list(range(len(HISTORY)))
    rest = sorted(left, key=lambda position: score([position]))
    order: list[int] = []
    for _ in range(min(steps, len(left))):
        order.append(min((position for position in left if position not in order), key=lambda p: score([*order, p])))
    return order + [position for position in rest if position not in order]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [0, 1, 2, 5, 9])
def test_it_is_the_order_of_its_definition(seed, steps):
    rules = [(0, 1, TARGET, "xor", 3.0), (2, 3, TARGET, "and", 2.0)]
    for model in (Factored(random_weights(12, seed), -1.0, rules), tiny_product(seed=seed)):
        assert greedy_deletion(model, HISTORY, TARGET, steps).tolist() == by_hand(model, steps)


def test_asking_again_changes_the_order_where_films_depend_on_each_other():
    # Without one of 0 and 1 (positions 1 and 3) the other is worth nothing, however it looked at first.
    weights = np.zeros((12, 12))
    weights[[4, 2], TARGET] = 0.1, 0.2
    model = Factored(weights, rules=[(0, 1, TARGET, "and", 3.0)])
    assert greedy_deletion(model, HISTORY, TARGET, steps=1).tolist()[:2] == [1, 3]
    assert greedy_deletion(model, HISTORY, TARGET, steps=3).tolist()[:3] == [1, 2, 0]


def test_additive_films_go_by_weight_with_one_batch_a_step():
    model = Additive(random_weights(12))
    order = greedy_deletion(model, HISTORY, TARGET, steps=3)
    assert order.tolist() == np.argsort(-model.weights[HISTORY, TARGET]).tolist()
    assert (model.calls, model.rows) == (3, 6 + 5 + 4)


@pytest.mark.parametrize("h", [0, 1])
def test_short_histories(h):
    assert greedy_deletion(tiny_product(), HISTORY[:h], TARGET).tolist() == list(range(h))


def test_what_cannot_be_asked():
    model = tiny_product(items_share=0.8)
    with pytest.raises(ExplanationError, match="in the history"):
        greedy_deletion(model, HISTORY, 4)
    with pytest.raises(ExplanationError, match="not covered"):
        greedy_deletion(model, HISTORY, 11)

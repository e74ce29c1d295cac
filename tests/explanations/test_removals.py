"""The smallest removal is found where it is known, is what it says, and is honest where there is none."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.explanations.toys import Additive, Factored, Softmax, random_weights, tiny_product
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError, SettingError
from vasp_models.explanations import removals as module
from vasp_models.explanations.leave_one_out import influence
from vasp_models.explanations.removals import CAP, Removal, random_prefix, removals

FILM, RIVAL, THIRD = 5, 6, 7


def weights(**columns: dict[int, float]) -> np.ndarray:
    """A matrix over 12 items from {"film": {0: 3.0}}: item 0 adds 3 to the film."""
    matrix = np.zeros((12, 12))
    for name, column in columns.items():
        for source, value in column.items():
            matrix[source, {"film": FILM, "rival": RIVAL, "third": THIRD}[name]] = value
    return matrix


def smallest_removal(model, history, item, k: int, cap: int = CAP, found=None) -> Removal | None:
    """The removal for one top k."""
    return removals(model, history, item, (k,), cap, found)[k]


def place(model, history, kept, item) -> int:
    """The film's place, counted by hand."""
    scores = model.score(Interactions.from_lists([kept], model.n_items))[0]
    others = [i for i in range(model.n_items) if i not in history and scores[i] > scores[item]]
    return 1 + len(others)


def smallest_size(model, history, item, k) -> int | None:
    """By trying every subset."""
    for size in range(1, len(history) + 1):
        for gone in combinations(range(len(history)), size):
            if place(model, history, np.delete(history, gone), item) > k:
                return size
    return None


def best_unseen(model, history, which: int = 0) -> int:
    scores = model.score(Interactions.from_lists([history], model.n_items))[0]
    scores[history] = -np.inf
    return int(np.argsort(-scores, kind="stable")[which])


class TestKnownAnswers:
    def test_the_one_film_that_matters(self):
        model = Additive(weights(film={0: 3.0, 1: 0.5}, rival={2: 1.0}))
        found = smallest_removal(model, np.array([1, 0, 2]), FILM, k=1)
        assert found.items.tolist() == [0]
        assert (found.rank_before, found.rank_after, found.replacement) == (1, 2, RIVAL)
        assert found.entered.tolist() == [RIVAL]

    def test_films_that_stand_in_for_each_other_have_to_go_together(self):
        model = Additive(weights(film={0: 1.0, 1: 1.0, 2: 0.1}, rival={3: 0.5}))
        assert smallest_removal(model, np.array([0, 1, 2, 3]), FILM, k=1).items.tolist() == [0, 1]

    def test_one_half_of_a_conjunction_is_enough(self):
        model = Factored(weights(rival={2: 1.0}), rules=[(0, 1, FILM, "and", 4.0)])
        found = smallest_removal(model, np.array([0, 1, 2]), FILM, k=1)
        assert len(found) == 1 and found.items[0] in (0, 1)

    def test_a_film_with_an_equal_score_pushes_nobody_out(self):
        model = Additive(weights(film={0: 1.0, 1: 1.0}, rival={2: 1.0}))
        assert place(model, np.array([0, 1, 2]), np.array([1, 2]), FILM) == 1
        assert smallest_removal(model, np.array([0, 1, 2]), FILM, k=1).items.tolist() == [0, 1]

    def test_where_nothing_enters_the_film_that_shared_the_place_takes_it(self):
        tied = weights(film={0: 2.0}, rival={0: 1.0, 1: 1.0})
        tied[0, 3] = tied[1, 3] = 1.0  # of the two best the other one comes first, by its number
        found = smallest_removal(Additive(tied), np.array([0, 1]), FILM, k=1)
        assert (found.items.tolist(), found.rank_before, found.rank_after) == ([0], 1, 3)
        assert found.replacement == 3 and found.entered.tolist() == [3]

    def test_a_removed_film_is_no_candidate(self):
        matrix = weights(film={0: 3.0})
        matrix[1, 0] = 9.0  # the removed film itself would now come first
        found = smallest_removal(Additive(matrix), np.array([0, 1]), FILM, k=1)
        assert found is None  # everything else scores 0, and so does the film without its reason

    def test_the_film_at_the_freed_place_and_the_films_that_come_in(self):
        model = Additive(weights(film={0: 3.0}, rival={1: 2.0}, third={1: 1.0}))
        found = smallest_removal(model, np.array([0, 1]), FILM, k=2)
        assert (found.rank_before, found.rank_after, found.replacement) == (1, 3, THIRD)
        assert found.entered.tolist() == [THIRD]

    def test_items_stand_in_the_order_of_the_history(self):
        model = Additive(weights(film={4: 1.0, 0: 1.2}, rival={3: 0.5}))
        assert smallest_removal(model, np.array([4, 3, 0]), FILM, k=1).items.tolist() == [4, 0]

    def test_a_softmax_ranks_like_its_logits(self):
        matrix = random_weights(12, seed=4)
        history = np.array([0, 1, 2, 3, 4])
        raw, soft = (
            removals(kind(matrix), history, best_unseen(kind(matrix), history)) for kind in (Additive, Softmax)
        )
        assert raw[1].items.tolist() == soft[1].items.tolist()


class TestAgainstEverySubset:
    @pytest.mark.parametrize("seed", [0, 1, 2, 3, 22, 24, 30])  # of the last three no prefix of an order will do
    @pytest.mark.parametrize("k", [1, 3])
    def test_no_smaller_set_exists(self, seed, k):
        rules = [(0, 1, item, kind, 2.0) for item, kind in ((7, "and"), (8, "xor"), (9, "and"))]
        for model in (Factored(random_weights(12, seed), -1.0, rules), tiny_product(seed=seed)):
            history = np.random.default_rng(seed).permutation(7)
            item = best_unseen(model, history, which=seed % k)
            found = smallest_removal(model, history, item, k)
            expected = smallest_size(model, history, item, k)
            assert (None if found is None else len(found)) == expected

    @pytest.mark.parametrize("seed", range(6))
    def test_every_set_is_what_it_says(self, seed):
        model = tiny_product(60, seed=seed)
        history = np.random.default_rng(seed).permutation(60)[:30]
        item = best_unseen(model, history)
        answers = removals(model, history, item, (1, 5))
        assert any(found is not None for found in answers.values())
        for k, found in answers.items():
            if found is None:
                continue
            kept = np.setdiff1d(history, found.items)
            assert place(model, history, history, item) == found.rank_before <= k
            assert place(model, history, kept, item) == found.rank_after > k
            assert place(model, history, kept, found.replacement) <= k
            for member in found.items:
                assert place(model, history, np.append(kept, member), item) <= k
            before = {i for i in range(60) if i not in history and place(model, history, history, i) <= k}
            after = {i for i in range(60) if i not in history and place(model, history, kept, i) <= k}
            assert set(found.entered.tolist()) == after - before

    def test_influence_at_hand_changes_nothing(self):
        model = tiny_product(40, seed=2)
        history = np.arange(15)
        item = best_unseen(model, history)
        alone, given = removals(model, history, item), removals(model, history, item, found=influence(model, history))
        for k, found in alone.items():
            assert (found is None) == (given[k] is None)
            assert found is None or found.items.tolist() == given[k].items.tolist()


class TestNothingUnverified:
    history = np.array([0, 1, 2])
    model = Additive(weights(film={0: 3.0, 1: 0.5}, rival={2: 1.0}))

    def claimed(self, monkeypatch, *sets):
        monkeypatch.setattr(module, "sets_that_push_out", lambda contest, k, cap: [np.array(each) for each in sets])
        return smallest_removal(self.model, self.history, FILM, k=1)

    def test_a_set_that_does_not_hold_is_not_returned(self, monkeypatch):
        assert self.claimed(monkeypatch, [1], [2]) is None

    def test_the_next_one_is_tried(self, monkeypatch):
        assert self.claimed(monkeypatch, [1], [0]).items.tolist() == [0]

    def test_a_member_that_is_not_needed_is_left_out(self, monkeypatch):
        assert self.claimed(monkeypatch, [0, 1]).items.tolist() == [0]


class TestNoSuchSet:
    def test_the_film_is_out_already(self):
        model = Additive(weights(film={0: 1.0}, rival={0: 2.0}))
        assert smallest_removal(model, np.array([0]), FILM, k=1) is None
        assert smallest_removal(model, np.array([0]), FILM, k=2) is None  # everything else has 0: no third comes in

    def test_the_cap_counts(self):
        model = Additive(weights(film={0: 1.0, 1: 1.0, 2: 1.0}, rival={3: 0.5}))
        history = np.array([0, 1, 2, 3])
        assert smallest_removal(model, history, FILM, k=1, cap=2) is None
        assert len(smallest_removal(model, history, FILM, k=1, cap=3)) == 3
        assert smallest_removal(model, history, FILM, k=1, cap=0) is None

    def test_too_few_films_to_be_pushed_out_by(self):
        model = tiny_product()
        history = np.arange(4)
        assert smallest_removal(model, history, best_unseen(model, history), k=10) is None

    def test_an_empty_history_has_nothing_to_remove(self):
        model = tiny_product()
        nothing = np.empty(0, dtype=np.int64)
        assert removals(model, nothing, best_unseen(model, nothing)) == {1: None, 10: None}

    def test_a_history_of_one(self):
        model = Additive(weights(film={0: 1.0}))
        assert smallest_removal(model, np.array([0]), FILM, k=1) is None  # without it all are equal
        model, history = tiny_product(seed=3), np.array([0])
        item = best_unseen(model, history)
        assert place(model, history, [], item) > 1
        assert smallest_removal(model, history, item, k=1).items.tolist() == [0]


class TestWhatTheModelDoesNotCover:
    def test_a_film_outside_the_model_is_never_a_reason(self):
        model = Additive(weights(film={0: 3.0, 1: 9.0}, rival={2: 1.0}), unmodelled=[1])
        assert smallest_removal(model, np.array([0, 1, 2]), FILM, k=1).items.tolist() == [0]

    def test_it_cannot_be_explained(self):
        with pytest.raises(ExplanationError, match="not covered"):
            removals(tiny_product(items_share=0.8), np.array([0, 1]), 11)

    @pytest.mark.parametrize(
        "item, said", [(1, "in the history"), (12, "no item number 12"), (-1, "no item number -1")]
    )
    def test_a_film_that_is_no_candidate(self, item, said):
        model, history = tiny_product(), np.array([0, 1])
        for call in (removals, lambda *asked: random_prefix(*asked, 1, np.random.default_rng(0))):
            with pytest.raises(ExplanationError, match=said):
                call(model, history, item)

    def test_there_is_no_top_0(self):
        with pytest.raises(SettingError, match="top 0"):
            smallest_removal(tiny_product(), np.array([0]), 5, k=0)


def test_a_history_of_2000_films():
    model = tiny_product(2100, seed=1)
    history = np.random.default_rng(0).permutation(2100)[:2000]
    item = best_unseen(model, history)
    found = smallest_removal(model, history, item, k=1)
    assert found is not None
    assert place(model, history, np.setdiff1d(history, found.items), item) == found.rank_after > 1


class TestRandomPrefix:
    @pytest.mark.parametrize("seed", range(5))
    def test_it_is_the_shortest_prefix_of_one_random_order(self, seed):
        model = tiny_product(40, seed=seed)
        history = np.arange(15)
        item = best_unseen(model, history)
        order = np.random.default_rng(seed).permutation(15)
        sizes = [n for n in range(1, 16) if place(model, history, history[order[n:]], item) > 1]
        expected = sizes[0] if sizes else None
        assert random_prefix(model, history, item, 1, np.random.default_rng(seed)) == expected

    def test_none_beyond_the_cap_and_where_it_is_out_already(self):
        model = Additive(weights(film={0: 1.0, 1: 1.0, 2: 1.0}, rival={3: 0.5}))
        rng = np.random.default_rng(0)
        assert random_prefix(model, np.array([0, 1, 2, 3]), FILM, 1, rng, cap=2) is None
        assert random_prefix(model, np.array([3]), FILM, 1, rng) is None
        assert random_prefix(model, np.empty(0, dtype=np.int64), FILM, 1, rng) is None

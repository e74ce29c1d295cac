"""Repeating the input and ranking what was seen: both are found where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import traps
from vasp_models.evaluation.protocol import evaluate
from vasp_models.models import create, preset

ITEMS = 200


@pytest.fixture(scope="module")
def histories() -> Interactions:
    generator = np.random.default_rng(3)
    return Interactions.from_lists([generator.choice(ITEMS, 12, replace=False) for _ in range(60)], ITEMS)


def test_a_copy_of_the_input_is_all_echo(histories):
    found = traps.echo(lambda rows: rows.csr().toarray(), histories)
    assert found[traps.ITSELF].mean() == 1.0, "its own twelve films come first"
    # Without itself a film ties with all others: nothing stands above it but the eleven that are left.
    assert set(found) == {traps.ITSELF, traps.WITHOUT, traps.ECHO} and len(found[traps.ECHO]) == 60


def test_a_copy_with_a_taste_of_its_own_falls_without_the_film(histories):
    order = np.linspace(0, 0.5, ITEMS)[None, :]
    found = traps.echo(lambda rows: rows.csr().toarray() + order, histories)
    assert found[traps.ITSELF].mean() == 1.0
    assert found[traps.ECHO].mean() == pytest.approx(1 - found[traps.WITHOUT].mean()) and found[traps.ECHO].mean() > 0.8


def test_a_zero_diagonal_has_no_echo(histories):
    model = create("ease", preset("ease", "tiny")[0], ITEMS)
    model.fit(histories)
    found = traps.echo(model.score, histories)
    assert (found[traps.ECHO] == 0).all() and found[traps.ITSELF].mean() > 0


def test_the_same_seed_asks_the_same(histories):
    def score(rows):
        return np.tile(np.arange(ITEMS, dtype=np.float32), (len(rows), 1))

    first, second = (traps.echo(score, histories, seed=4) for _ in range(2))
    assert (first[traps.ITSELF] == second[traps.ITSELF]).all()
    assert (first[traps.ECHO] == 0).all(), "a fixed order looks at no history"


def test_films_that_are_not_covered_are_nowhere(histories):
    found = traps.echo(lambda rows: np.full((len(rows), ITEMS), -np.inf, dtype=np.float32), histories)
    assert (found[traps.ITSELF] == 0).all()


def test_seen_films_take_the_places_of_the_held_out(histories):
    fold_in = Interactions.from_lists([histories.row(n)[:8] for n in range(60)], ITEMS)
    held_out = Interactions.from_lists([histories.row(n)[8:] for n in range(60)], ITEMS)

    def score(rows):  # what was seen first, then what will be found
        seen = rows.csr().toarray()
        return 2 * seen + histories.take(np.arange(len(rows))).csr().toarray()

    masked = evaluate(score, fold_in, held_out).per_user["ndcg@100"]
    left_in = traps.seen_left_in(score, fold_in, held_out)
    assert masked == pytest.approx(1.0) and (left_in < masked).all() and left_in.mean() > 0.3

"""What every recommender must do; a model's test class inherits this and names its settings."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import load, save

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError, VaspLensError
from vasp_models.evaluation.protocol import evaluate
from vasp_models.evaluation.ranking import NOTHING, mask_seen, top_k
from vasp_models.explanations.answers import total
from vasp_models.explanations.explaining import explain
from vasp_models.models import MODELS, HasGradient, HasItemWeights, create, preset
from vasp_models.models.settings import (
    options_from_json,
    options_to_json,
    override,
    settings_from_json,
    settings_to_json,
)
from vasp_models.models.weights import TorchRecommender


class RecommenderContract:
    """Inherit, set `name`, and `changes` where the tiny preset is not tiny enough."""

    name: ClassVar[str]
    preset: ClassVar[str] = "tiny"
    changes: ClassVar[dict[str, str]] = {}

    def settings(self):
        return override(*preset(self.name, self.preset), self.changes)

    def unfitted(self, n_items: int, seed: int = 0):
        return create(self.name, self.settings()[0], n_items, seed)

    def fitted(self, train: Interactions, seed: int = 0):
        model = self.unfitted(train.n_items, seed)
        model.fit(_rated(train) if model.learns_from == "ratings" else train, self.settings()[1])
        return model

    @classmethod
    def kind(cls):
        return MODELS[cls.name].kind

    @classmethod
    def lists(cls, rows, n_items: int) -> Interactions:
        """Rows as histories that the model may read."""
        return Interactions.from_lists(rows, n_items, ordered=cls.kind().needs_order)

    @pytest.fixture(scope="class")
    @classmethod
    def board(cls):
        """The checkerboard; to a model that reads order each user liked the items in an order of their own."""
        histories, withheld = synthetic.checkerboard()
        return cls.in_some_order(histories), withheld

    @classmethod
    def in_some_order(cls, histories: Interactions) -> Interactions:
        if not cls.kind().needs_order:
            return histories
        rng = np.random.default_rng(0)
        rows = [rng.permutation(histories.row(row)) for row in range(len(histories))]
        return cls.lists(rows, histories.n_items)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, board):
        return cls().fitted(board[0])

    def _found(self, model, board) -> float:
        """Share of users whose withheld item comes first."""
        histories, withheld = board
        return float(np.mean(top_k(mask_seen(model.score(histories), histories), 1)[:, 0] == withheld))

    def test_the_withheld_item_of_the_checkerboard_comes_first(self, model, board):
        if not MODELS[self.name].kind.personalised:
            pytest.skip("not personalised: gives everybody the same list")
        assert self._found(model, board) == 1.0

    def test_an_untrained_model_does_not_find_it(self, board):
        try:
            assert self._found(self.unfitted(board[0].n_items), board) < 0.5
        except VaspLensError as error:
            assert "fit" in str(error)

    def test_scores_are_float32_over_all_items(self, model, board):
        scores = model.score(board[0].take([0, 1, 2]))
        assert scores.dtype == np.float32
        assert scores.shape == (3, board[0].n_items)

    def test_a_batch_equals_one_by_one(self, model, board):
        histories = board[0].take(slice(0, 7))
        single = np.concatenate([model.score(histories.take([row])) for row in range(7)])
        assert np.allclose(model.score(histories), single, atol=1e-5)

    def test_order_matters_to_the_models_that_read_it_alone(self, model, board):
        history = board[0].row(0)
        turned = Interactions.from_lists([history[::-1]], board[0].n_items, ordered=True)
        same = np.allclose(model.score(turned), model.score(board[0].take([0])), atol=1e-5)
        assert same == (not self.kind().needs_order)

    def test_a_model_that_reads_order_refuses_histories_without(self, model, board):
        if not self.kind().needs_order:
            pytest.skip("reads sets")
        without = Interactions.from_lists([board[0].row(0)], board[0].n_items)
        with pytest.raises(DataError, match="order"):
            model.score(without)
        with pytest.raises(DataError, match="expected ratings with a timestamp column"):
            self.unfitted(board[0].n_items).fit(without, self.settings()[1])

    def test_an_empty_history_has_finite_scores(self, model, board):
        assert np.isfinite(model.score(Interactions.from_lists([[]], board[0].n_items))).all()

    def test_the_same_seed_gives_the_same_bits(self, model, board):
        again = self.fitted(board[0])
        assert (again.score(board[0]) == model.score(board[0])).all()

    def test_what_was_learnt_can_be_carried_over(self, model, board):
        plain = settings_to_json(model.settings)
        other = create(self.name, settings_from_json(plain), board[0].n_items, seed=1)
        saved = {name: np.ascontiguousarray(value) for name, value in model.tensors().items()}
        other.load_tensors(load(save(saved)))  # as a file of weights holds them
        assert (other.score(board[0]) == model.score(board[0])).all()

    def test_weights_of_another_size_are_refused(self, model, board):
        smaller = self.unfitted(board[0].n_items - 1)
        with pytest.raises((KeyError, ValueError, RuntimeError)):
            smaller.load_tensors(model.tensors())

    def test_histories_over_another_catalogue_are_refused(self, model, board):
        with pytest.raises(DataError, match="catalogue"):
            model.score(Interactions.from_lists([[0]], board[0].n_items + 1))

    def test_leaving_a_film_out_is_the_models_own_answer(self, model, board):
        history, items = board[0].row(0), np.array([board[1][0], board[1][1]])
        effects = explain(model, history, items).leave_one_out.sum(axis=0)  # (h, 2)
        rows = [history, *(np.delete(history, place) for place in range(len(history)))]
        scores = total(model, self.lists(rows, model.n_items))[:, items].astype(np.float64)
        assert np.allclose(effects, scores[0] - scores[1:], atol=1e-4 * max(1, np.abs(scores).max()))

    def test_reasons_sum_to_the_score_where_the_model_gives_shares(self, model, board):
        found = explain(model, board[0].row(0), np.array([board[1][0], board[1][1]]))
        size = max(1.0, float(np.abs(found.scores).max()))
        assert np.abs(found.residual).max() < 1e-5 * size
        assert (found.credit is not None) == isinstance(model, HasGradient | HasItemWeights)
        if found.credit is not None:
            assert np.abs(found.completeness_delta).max() < 1e-3 * size

    def test_lists_hold_the_best_unseen_items(self, model, board):
        k = board[0].n_items - 2  # more than some users have not seen
        items, scores = model.best(board[0], k)
        masked = mask_seen(model.score(board[0]), board[0])
        for row in range(len(board[0])):
            best = np.sort(masked[row][np.isfinite(masked[row])])[::-1][:k]
            assert (scores[row] == np.pad(best, (0, k - len(best)), constant_values=-np.inf)).all()
            assert (items[row, len(best) :] == NOTHING).all()
            assert (masked[row, items[row, : len(best)]] == best).all()
        if isinstance(model, TorchRecommender):  # as on a graphics card, but for the order of equal scores
            others, values = model._best_on_device(board[0], k)
            assert np.allclose(values, scores, atol=1e-5)
            there = others != NOTHING
            assert (there == (items != NOTHING)).all()
            assert np.allclose(np.take_along_axis(masked, np.where(there, others, 0), axis=1)[there], values[there])

    def test_settings_and_options_survive_json(self):
        settings, options = self.settings()
        assert settings_from_json(settings_to_json(settings)) == settings
        assert options_from_json(options_to_json(options)) == options

    def test_a_personalised_model_beats_popularity_where_something_was_planted(self, request):
        if not MODELS[self.name].kind.personalised:
            pytest.skip("not personalised")
        likes = synthetic.planted(users=850, background=20).likes
        train, fold_in, held_out = map(self.in_some_order, _parted(likes))
        trained, popular = self.fitted(train), create("popularity", preset("popularity")[0], train.n_items)
        popular.fit(train)
        ours, theirs = (evaluate(model.score, fold_in, held_out) for model in (trained, popular))
        assert _clearly_positive(ours.difference(theirs))
        try:
            untrained = evaluate(self.unfitted(train.n_items).score, fold_in, held_out)
        except VaspLensError:  # a closed form has nothing to say before it was solved
            return
        assert not _clearly_positive(untrained.difference(theirs))


def _parted(likes: Interactions):
    rng = np.random.default_rng(0)
    rows = np.flatnonzero(likes.lengths >= 5)
    train, test = rows[:-400], rows[-400:]
    shuffled = [rng.permutation(likes.row(row)) for row in test]
    cut = [max(1, len(row) // 5) for row in shuffled]
    held_out = Interactions.from_lists([row[:n] for row, n in zip(shuffled, cut, strict=True)], likes.n_items)
    fold_in = Interactions.from_lists([row[n:] for row, n in zip(shuffled, cut, strict=True)], likes.n_items)
    return likes.take(train), fold_in, held_out


def _rated(likes: Interactions) -> Interactions:
    """Likes as ratings of 5, and about as many ratings of 1 to 3 at random among what is left."""
    rng = np.random.default_rng(0)
    table = 5.0 * likes.csr().toarray()
    low = (table == 0) & (rng.random(table.shape) < likes.n_pairs / table.size)
    table[low] = rng.integers(1, 4, int(low.sum()))
    rows, items = np.nonzero(table)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(likes)))])
    values = table[rows, items].astype(np.float32)
    return Interactions(indptr, items.astype(np.int32), likes.n_items, users=likes.users, values=values)


def _clearly_positive(difference: dict[str, float]) -> bool:
    return difference["mean"] > 3 * difference["se"]

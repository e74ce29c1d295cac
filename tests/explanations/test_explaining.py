"""Leave-one-out, the linear path, integrated gradients, and all of them together."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from scipy.special import expit, log_expit
import torch

from tests.explanations import toys
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError
from vasp_models.explanations.explaining import against, explain
from vasp_models.explanations.gradients import integrated_gradients
from vasp_models.explanations.leave_one_out import influence
from vasp_models.explanations.linear import closed_form, linear_terms

HISTORY = np.array([7, 2, 4, 9])
TARGETS = np.array([0, 5, 11])


def score_of(model, items):
    return model.log_factors(Interactions.from_lists([items], model.n_items, ordered=True))[:, 0]


@pytest.fixture(scope="module", params=[True, False], ids=["normalised", "plain"])
def product(request):
    return toys.tiny_product(normalise=request.param)


@pytest.fixture
def exact(product):
    """The same in float64: what is left unsaid is then the rounding of the answers to float32, on every processor."""
    return copy.deepcopy(product).double()


class TestLeaveOneOut:
    def test_each_film_is_really_left_out(self, product):
        found = influence(product, HISTORY)
        for row in range(4):
            without = score_of(product, np.delete(HISTORY, row))
            assert np.allclose(found.of(TARGETS)[:, row], (score_of(product, HISTORY) - without)[:, TARGETS], atol=3e-6)
        assert np.allclose(found.empty, score_of(product, []), atol=1e-6)

    def test_the_logit_of_the_linear_path_changes_by_the_weight(self):
        weights = toys.random_weights(12)
        found = influence(toys.Additive(weights, bias=2.0), HISTORY)
        assert np.allclose(found.of(TARGETS)[0], weights[HISTORY][:, TARGETS], atol=1e-6)

    def test_all_is_asked_in_one_batch(self):
        model = toys.Factored(toys.random_weights(12))
        influence(model, HISTORY)
        assert (model.calls, model.rows) == (1, 6)

    def test_chosen_targets_are_columns_of_all(self, product):
        some, everything = influence(product, HISTORY, TARGETS), influence(product, HISTORY)
        assert np.allclose(some.of([11, 0]), everything.of([11, 0]), atol=2e-6)
        with pytest.raises(KeyError):
            some.of([3])

    def test_uncovered_films_change_nothing(self):
        model = toys.tiny_product(items_share=0.7)
        found = influence(model, np.array([2, 11]))
        assert (found.of([0, 5])[:, 1] == 0).all()

    def test_not_even_rounding_is_theirs(self):
        """A product of matrices may round a row by its place in the batch."""
        model, rng = toys.tiny_product(n_items=400, items_share=0.5), np.random.default_rng(0)
        history = rng.permutation(400)[:150]
        outside = ~model.covers(history)
        assert outside.sum() > 20
        found = influence(model, history).of(np.setdiff1d(np.arange(200), history))
        assert (found[:, outside] == 0).all()
        assert (found[:, ~outside] != 0).any()

    def test_an_empty_history_has_no_influence(self, product):
        assert influence(product, np.empty(0, np.int64)).of(TARGETS).shape == (3, 0, 3)


class TestLinear:
    def test_contributions_sum_to_the_term(self, product):
        terms = linear_terms(product, HISTORY, TARGETS)
        nease = score_of(product, HISTORY)[0, TARGETS] - score_of(product, [])[0, TARGETS]
        assert np.allclose(terms.contributions.sum(axis=0), nease, atol=1e-6)
        assert np.allclose(terms.logits, product.settings.parts["nease"].bias + terms.weights.sum(axis=0))

    def test_closed_form_is_the_integral(self):
        weights, bias = np.random.default_rng(0).normal(size=(5, 3)), -6.0
        steps = (np.arange(20_000) + 0.5) / 20_000
        slope = expit(-(bias + steps[:, None] * weights.sum(axis=0))).mean(axis=0)  # d log sigma(s) / ds
        assert np.allclose(closed_form(weights, bias), weights * slope, atol=1e-8)

    def test_the_limit_where_the_weights_cancel(self):
        weights = np.array([[1.5], [-1.5]])
        assert np.allclose(closed_form(weights, -6.0), weights * expit(6.0))
        near = closed_form(weights + [[1e-7], [0.0]], -6.0)
        assert np.allclose(near, weights * expit(6.0), atol=1e-6)

    @pytest.mark.parametrize("t", [-1e-5, -9e-7, 1e-9, 9e-7, 1.1e-6])
    def test_no_digit_is_lost_near_the_limit(self, t):
        weights, bias = np.array([[50.0], [t - 50.0]]), 0.5
        t, away = weights.sum(), expit(bias) * expit(-bias)
        slope = expit(-bias) - t / 2 * away + t**2 / 6 * away * (2 * expit(bias) - 1)  # Taylor's series
        assert np.allclose(closed_form(weights, bias), weights * slope, rtol=1e-12, atol=0)

    @pytest.mark.parametrize("t", [-800.0, -1.0, -0.999, 0.999, 1.0, 800.0])
    def test_large_logits_are_no_trouble(self, t):
        with np.errstate(all="raise", under="ignore"):
            assert closed_form(np.array([[t]]), -6.0)[0, 0] == pytest.approx(
                log_expit(t - 6) - log_expit(-6), rel=1e-12
            )

    def test_a_raw_score_is_its_own_scale(self):
        weights = toys.random_weights(12)
        terms = linear_terms(toys.Additive(weights), HISTORY, TARGETS)
        assert terms.factor == "score"
        assert np.allclose(terms.contributions, weights[HISTORY][:, TARGETS], atol=1e-6)

    def test_a_softmax_has_linear_logits_but_no_linear_score(self):
        assert linear_terms(toys.Softmax(toys.random_weights(12)), HISTORY, TARGETS) is None

    def test_uncovered_films_of_the_history_say_nothing(self):
        terms = linear_terms(toys.tiny_product(items_share=0.7), np.array([2, 11]), np.array([0, 5]))
        assert (terms.contributions[1] == 0).all()


class TestGradients:
    def test_they_sum_to_what_the_history_adds(self, product):
        found = integrated_gradients(product, HISTORY, TARGETS)
        added = score_of(product, HISTORY)[:, TARGETS] - score_of(product, [])[:, TARGETS]
        assert list(found.values) == ["flvae_residual", "flvae_latent"]
        for place, name in enumerate(found.values, start=1):
            assert np.allclose(found.values[name].sum(axis=0), added[place], atol=1e-4)
        assert found.worst.max() < 1e-4

    def test_few_nodes_are_caught_by_the_delta_and_doubled(self, product):
        few = integrated_gradients(product, HISTORY, TARGETS, nodes=1, most_nodes=1)
        assert few.worst.max() > 1e-3
        enough = integrated_gradients(product, HISTORY, TARGETS, nodes=1)
        assert enough.worst.max() <= 1e-4
        assert enough.nodes > 1
        assert integrated_gradients(product, HISTORY, TARGETS).nodes == 50

    def test_of_the_linear_factor_they_are_the_closed_form(self, product):
        found = integrated_gradients(product, HISTORY, TARGETS, factors=("nease",))
        assert np.allclose(found.values["nease"], linear_terms(product, HISTORY, TARGETS).contributions, atol=1e-5)

    def test_against_an_integral_of_finite_differences(self, product):
        """Another way: the same path in float64, 2,000 midpoints, each derivative a difference quotient."""
        model, step = toys.tiny_product(normalise=product.settings.parts["flvae"].normalise_input).double(), 1e-5
        alpha = (np.arange(2_000) + 0.5) / 2_000
        found = integrated_gradients(product, HISTORY, TARGETS[:1])
        for film in range(4):
            ends = []
            for sign in (1, -1):
                weights = np.repeat(alpha[:, None], 4, axis=1)
                weights[:, film] += sign * step
                answered = model.on_subsets(HISTORY, torch.from_numpy(weights), TARGETS[:1], along=True).logits
                ends.append({name: log_expit(value.detach().numpy()[:, 0]) for name, value in answered.items()})
            for name, values in found.values.items():
                slope = (ends[0][name] - ends[1][name]) / (2 * step)
                assert np.isclose(values[film, 0], slope.mean(), atol=1e-4)

    def test_one_run_of_the_profile_serves_all_targets(self, product, monkeypatch):
        calls = []
        asked = product.on_subsets
        monkeypatch.setattr(product, "on_subsets", lambda *a, **k: calls.append(len(a[1])) or asked(*a, **k))
        integrated_gradients(product, HISTORY, np.array([0, 1, 3, 5, 6, 8]))
        assert calls == [52]

    def test_cutting_the_batch_changes_nothing(self, product, monkeypatch):
        whole = integrated_gradients(product, HISTORY, TARGETS)
        monkeypatch.setattr("vasp_models.explanations.gradients._CELLS", 1)
        cut = integrated_gradients(product, HISTORY, TARGETS)
        assert all(np.allclose(cut.values[name], whole.values[name], atol=1e-6) for name in whole.values)

    def test_films_that_are_not_covered_get_nothing(self):
        found = integrated_gradients(toys.tiny_product(items_share=0.7), np.array([2, 11]), np.array([0]))
        assert all((values[1] == 0).all() and (values[0] != 0).all() for values in found.values.values())

    def test_models_without_a_gradient_have_none(self):
        assert integrated_gradients(toys.Additive(toys.random_weights(12)), HISTORY, TARGETS) is None


class TestExplain:
    def test_base_and_terms_sum_to_the_score(self, exact):
        found = explain(exact, HISTORY, TARGETS)
        assert np.allclose(found.base + found.terms.sum(axis=0), found.scores, atol=1e-6)
        assert np.abs(found.residual).max() < 1e-6
        assert np.allclose(found.credit.sum(axis=0), found.terms.sum(axis=0), atol=2e-4)
        assert np.abs(found.completeness_delta).max() < 2e-4

    def test_the_residual_shows_terms_that_do_not_belong_to_the_score(self, product, monkeypatch):
        own = product.score
        monkeypatch.setattr(product, "score", lambda histories: own(histories) + np.float32(0.25))
        assert np.allclose(explain(product, HISTORY, TARGETS).residual, 0.25, atol=1e-5)

    def test_ranks_are_among_the_unseen_films(self, product):
        found = explain(product, HISTORY, TARGETS)
        unseen = np.setdiff1d(np.arange(12), HISTORY)
        for ranks, profile in ((found.ranks, HISTORY), (found.base_ranks, [])):
            scores = score_of(product, profile).sum(axis=0)
            assert ranks.tolist() == [1 + int((scores[unseen] > scores[item]).sum()) for item in TARGETS]
        assert found.n_candidates == 8

    def test_a_list_is_explained_as_its_films_are_one_by_one(self, product):
        together = explain(product, HISTORY, TARGETS)
        for place, item in enumerate(TARGETS):
            alone = explain(product, HISTORY, [item])
            assert np.allclose(together.leave_one_out[:, :, place], alone.leave_one_out[:, :, 0], atol=3e-6)
            assert np.allclose(together.credit[:, place], alone.credit[:, 0], atol=1e-5)

    def test_every_model_explains_what_it_can(self):
        weights = toys.random_weights(12)
        raw, soft = (explain(model(weights), HISTORY, TARGETS) for model in (toys.Additive, toys.Softmax))
        assert np.allclose(raw.credit, weights[HISTORY][:, TARGETS], atol=1e-6)
        assert np.abs(raw.completeness_delta).max() < 1e-6
        assert soft.credit is soft.linear is soft.gradients is soft.completeness_delta is None
        assert np.isfinite(soft.leave_one_out).all()

    def test_a_margin_is_explained_by_the_same_sums(self, exact):
        found, items = explain(exact, HISTORY, TARGETS[::-1]), TARGETS[::-1]
        margin = against(found, 1)
        scores = score_of(exact, HISTORY).sum(axis=0)
        assert np.allclose(margin.scores, scores[items] - scores[items[1]], atol=1e-6)
        assert np.allclose(margin.base + margin.terms.sum(axis=0) + margin.residual, margin.scores, atol=1e-12)
        assert np.abs(margin.residual).max() < 2e-6
        assert np.abs(margin.completeness_delta).max() < 4e-4
        for row in range(4):
            without = score_of(exact, np.delete(HISTORY, row)).sum(axis=0)
            effect = margin.leave_one_out[:, row].sum(axis=0)
            assert np.allclose(effect, margin.scores - (without[items] - without[items[1]]), atol=1e-5)
        assert (margin.credit[:, 1] == 0).all()
        assert (margin.ranks == found.ranks).all()

    def test_an_empty_history_leaves_the_base(self, product):
        found = explain(product, [], TARGETS)
        assert np.allclose(found.terms, 0, atol=1e-6)
        assert found.leave_one_out.shape == (3, 0, 3)
        assert (found.ranks == found.base_ranks).all()

    def test_seen_and_uncovered_films_are_refused(self):
        model = toys.tiny_product(items_share=0.7)
        with pytest.raises(ExplanationError, match="in the history"):
            explain(model, [2, 4], [4])
        with pytest.raises(ExplanationError, match="not covered"):
            explain(model, [2, 4], [11])
        for nothing in (-1, 12):
            with pytest.raises(ExplanationError, match=f"no item number {nothing}"):
                explain(model, [2, 4], [nothing])

    def test_a_film_that_stands_twice_in_the_history_is_refused(self, product):
        with pytest.raises(ExplanationError, match="twice"):
            explain(product, [2, 4, 2], [0])

    def test_the_same_question_has_the_same_bits(self, product):
        first, second = (explain(product, HISTORY, TARGETS) for _ in range(2))
        assert (first.credit == second.credit).all()
        assert (first.leave_one_out == second.leave_one_out).all()

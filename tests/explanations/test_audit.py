"""The audit passes on models as they are, and each gate fails where its own thing is broken."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from tests import trained
from tests.explanations import toys
from vasp_models import checkpoints, plans, runs
from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError
from vasp_models.explanations import audit as auditing
from vasp_models.explanations import dependence, explainers, explaining, gates, gradients, linear, reruns
from vasp_models.models.inputs import Subsets
from vasp_models.models.nease import NEASE

GATES = {
    "split-identity", "batch", "leave-one-out", "leave-one-out-fp64", "closed-form", "dummy", "uncovered",
    "completeness", "completeness-share", "shapley-sum", "shapley-order", "shapley-top", "interactions",
    "interactions-fp64", "randomised-flvae-heads", "randomised-flvae-decoder", "randomised-flvae-latents",
    "randomised-flvae-encoder", "randomised-nease-W", "randomised-everything", "model-independent", "targets",
    "removals", "repeatable", "reloaded",
}  # fmt: skip
SIZES = {"hidden": "64", "latents": "16", "start_l2": "5", "batch_users": "40"}
CHECKS = {check.name: check for check in auditing.CHECKS}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return trained.dataset(tmp_path_factory.mktemp("audit") / "data")


@pytest.fixture(scope="module")
def train(data, tmp_path_factory):
    """Trains a model of a name, with some settings changed, and gives its checkpoint."""

    def checkpoint(model: str, **changes: str):
        closed, plain = model in ("ease", "popularity"), model != "vasp"
        preset = "small" if model == "popularity" else "tiny"
        settings = changes if plain else {**SIZES, **changes}
        plan = plans.plan(
            model, f"{data.folder}/", preset, settings, heldout=20, device="cpu", epochs=None if closed else 10
        )
        return runs.train(plan, tmp_path_factory.mktemp("trained") / model, "vasp-lens train")

    return checkpoint


@pytest.fixture(scope="module")
def vasp(train):
    return train("vasp")


@pytest.fixture(scope="module")
def half(train):
    return train("vasp", items_share=".7")


@pytest.fixture
def few(monkeypatch):
    """For few users: random weights are drawn eight times and no more."""
    monkeypatch.setattr(dependence, "_ROUNDS", 1)


@pytest.fixture
def sample(vasp):
    """A few users of a model of their own, which a test may break."""
    return sample_of(vasp)


@pytest.fixture
def half_sample(half):
    return sample_of(half)


def histories(checkpoint) -> tuple[Interactions, Interactions]:
    users = checkpoint.users
    return checkpoint.test_folds()[0][0], users.histories.take(users.rows("train"))


def sample_of(checkpoint, users: int = 5) -> gates.Sample:
    return auditing.sample_of(checkpoint.model(), *histories(checkpoint), users=users)


def audited(checkpoint, **more) -> dict:
    found = auditing.audit(checkpoint.model(), *histories(checkpoint), again=checkpoint.model(), **more)
    assert found["passed"] == all(gate["passed"] is not False for gate in found["gates"])
    return {**found, "gates": {gate["name"]: gate for gate in found["gates"]}}


def measured(name: str, sample: gates.Sample) -> gates.Gate:
    return CHECKS[name].gate([CHECKS[name].measure(case) for case in sample.cases()])


def randomised(sample: gates.Sample) -> dict[str, gates.Gate]:
    return {gate.name: gate for gate in dependence.randomisation_gates(sample, lambda fraction: None)}


def failed(found: dict) -> set[str]:
    return {name for name, gate in found["gates"].items() if gate["passed"] is False}


def absent(found: dict) -> set[str]:
    return {name for name, gate in found["gates"].items() if gate["passed"] is None}


# --- as they are -------------------------------------------------------------------------------------------------


def test_a_tiny_model_passes_every_gate(vasp):
    told = []
    found = audited(vasp, report=lambda stage, fraction: told.append((fraction, stage)))
    assert set(found["gates"]) == GATES and (found["users"], found["seed"]) == (20, 0)
    assert failed(found) == set() and absent(found) == {"uncovered"} and found["passed"]
    assert told == sorted(told, key=lambda each: each[0]) and 0 <= told[0][0] <= told[-1][0] <= 1


def test_the_demo_passes_every_gate(few):
    found = audited(checkpoints.load("demo"), users=4)
    assert set(found["gates"]) == GATES and failed(found) == set()
    noisy = {name for name in GATES if "randomised" in name}  # with so few users
    assert absent(found) <= {"uncovered"} | noisy and found["gates"]["dummy"]["value"] == 0


def test_a_model_of_some_films_is_held_to_films_outside_it(half, few):
    found = audited(half, users=4)
    assert failed(found) == set() and found["gates"]["uncovered"]["passed"]


def test_one_part_alone_passes_and_says_what_does_not_apply(train, few):
    deep = audited(train("flvae", hidden="64", latents="16"), users=4)
    linear_alone = audited(train("nease"), users=4)
    of_the_logit = {"leave-one-out", "leave-one-out-fp64", "closed-form", "interactions", "interactions-fp64"}
    assert failed(deep) == failed(linear_alone) == set()
    assert of_the_logit <= absent(deep) and not of_the_logit & absent(linear_alone)
    assert all("no logit" in deep["gates"][name]["note"] for name in of_the_logit - {"closed-form"})
    assert linear_alone["gates"]["randomised-nease-W"]["passed"] is not False


def test_models_without_factors_pass_and_say_what_does_not_apply(train, few):
    ease, popularity = (audited(train(name), users=4) for name in ("ease", "popularity"))
    assert failed(ease) == failed(popularity) == set()
    assert absent(ease) <= {"closed-form", "uncovered", "randomised-score-weights", "randomised-everything"}
    assert {"completeness", "dummy", "randomised", "model-independent", "targets"} <= absent(popularity)
    assert all(each["gates"][name]["note"] for each in (ease, popularity) for name in absent(each))


# --- broken on purpose -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, -1], ids=["history", "empty profile"])
def test_a_factor_that_is_off_fails_the_split(sample, monkeypatch, row):
    assert measured("split-identity", sample).passed
    real = sample.model.log_factors

    def off(rows):
        found = real(rows).copy()
        found[2, row] += 1e-4
        return found

    monkeypatch.setattr(sample.model, "log_factors", off)
    assert measured("split-identity", sample).passed is False


def test_a_displayed_score_that_is_off_fails_the_split(sample, monkeypatch):
    real = explaining.total
    monkeypatch.setattr(explaining, "total", lambda model, rows: real(model, rows) + 1e-4)
    assert measured("split-identity", sample).passed is False


def test_sub_profiles_that_are_not_normalised_anew_fail_the_batch(sample, monkeypatch):
    assert measured("batch", sample).passed

    def full_norm(items, included):
        return Subsets.along(items, included, len(items))

    monkeypatch.setattr(Subsets, "real", full_norm)
    assert measured("batch", sample).passed is False


def test_a_batch_that_mixes_its_rows_fails(sample, monkeypatch):
    real = sample.model.log_factors
    monkeypatch.setattr(sample.model, "log_factors", lambda rows: real(rows) + 1e-4 * (len(rows) > 2))
    assert measured("batch", sample).passed is False


@pytest.mark.parametrize("wrong", [lambda W: W.T, lambda W: W + 1e-4], ids=["transposed", "off"])
def test_weights_that_are_not_the_models_fail_leave_one_out(sample, monkeypatch, wrong):
    assert measured("leave-one-out", sample).passed and measured("leave-one-out-fp64", sample).passed
    shown = wrong(sample.model.tensors()["nets.nease.W"])
    monkeypatch.setattr(sample.model, "item_weights", lambda items, targets: shown[np.ix_(items, targets)])
    assert measured("leave-one-out", sample).passed is False
    assert measured("leave-one-out-fp64", sample).passed is False


def test_double_precision_sees_what_fp32_cannot(sample, monkeypatch):
    shown = sample.model.tensors()["nets.nease.W"].astype(np.float64) + 1e-9
    monkeypatch.setattr(sample.model, "item_weights", lambda items, targets: shown[np.ix_(items, targets)])
    assert measured("leave-one-out", sample).passed and measured("leave-one-out-fp64", sample).passed is False


def test_leave_one_out_of_another_film_fails(sample, monkeypatch):
    real = explaining.influence

    def turned(model, history):
        found = real(model, history)
        return replace(found, without=found.without[:, ::-1])

    monkeypatch.setattr(explaining, "influence", turned)
    assert measured("leave-one-out", sample).passed is False


def test_a_closed_form_that_assumes_no_bias_fails(sample, monkeypatch):
    assert measured("closed-form", sample).passed
    real = linear.closed_form
    monkeypatch.setattr(linear, "closed_form", lambda weights, bias: real(weights, 0.0))
    assert measured("closed-form", sample).passed is False


def spread(model, history, items, **more):
    """Integrated gradients that hide a little in every film, as one that mends its completeness delta would."""
    found = gradients.integrated_gradients(model, history, items, **more)
    return replace(found, values={name: values + 1e-12 for name, values in found.values.items()})


def test_credit_for_a_film_that_leads_nowhere_fails(sample, half_sample, monkeypatch):
    assert measured("dummy", sample).value == 0 and measured("uncovered", half_sample).value == 0
    monkeypatch.setattr(explaining, "integrated_gradients", spread)
    assert measured("dummy", sample).passed is False
    assert measured("uncovered", half_sample).passed is False
    assert measured("completeness", sample).passed  # which would not have noticed


def test_films_outside_a_model_that_credits_nothing_are_looked_at_too():
    model, histories = toys.Softmax(toys.random_weights(12), unmodelled=[10, 11]), [np.arange(4)]
    sample = gates.Sample(model, histories, [np.array([5])], Interactions.from_lists(histories, 12), 0)
    assert measured("uncovered", sample).value == 0


def test_a_quadrature_of_few_midpoints_fails_completeness(sample, monkeypatch):
    assert measured("completeness", sample).passed and measured("completeness-share", sample).passed

    def midpoints(n):
        return (np.arange(8) + 0.5) / 4 - 1, np.full(8, 0.25)

    monkeypatch.setattr(np.polynomial.legendre, "leggauss", midpoints)
    assert measured("completeness", sample).passed is False
    assert measured("completeness-share", sample).passed is False


def test_a_delta_that_is_only_said_to_be_small_fails(sample, monkeypatch):
    def scaled(model, history, items):
        found = gradients.integrated_gradients(model, history, items)
        return replace(found, values={name: 1.02 * values for name, values in found.values.items()})

    monkeypatch.setattr(explaining, "integrated_gradients", scaled)
    assert measured("completeness-share", sample).passed is False


def test_shapley_values_that_do_not_sum_fail(sample, monkeypatch):
    assert measured("shapley-sum", sample).passed
    real = gates.shapley.shapley

    def scaled(*asked, **more):
        found = real(*asked, **more)
        return replace(found, values=1.001 * found.values)

    monkeypatch.setattr(gates.shapley, "shapley", scaled)
    assert measured("shapley-sum", sample).passed is False


def test_too_few_permutations_fail_the_agreement_of_halves(sample, monkeypatch):
    assert measured("shapley-order", sample).passed and measured("shapley-top", sample).passed
    real = gates.shapley.shapley
    monkeypatch.setattr(
        gates.shapley, "shapley", lambda model, history, item, n, seed: real(model, history, item, 4, seed)
    )
    assert measured("shapley-order", sample).passed is False


def test_a_linear_logit_that_is_none_fails_interactions(sample, monkeypatch):
    names = ("interactions", "interactions-fp64", "leave-one-out", "leave-one-out-fp64")
    assert all(measured(name, sample).passed for name in names[:2])
    real = NEASE.forward
    monkeypatch.setattr(
        NEASE,
        "forward",
        lambda self, x, noise, targets=None: real(self, x.scaled(x.lengths.clamp_min(1).rsqrt()), noise, targets),
    )
    assert all(measured(name, sample).passed is False for name in names)


def test_credits_of_flvae_that_ignore_its_weights_fail(sample, monkeypatch, few):
    real = dependence.integrated_gradients

    def by_number(model, history, items):
        found = real(model, history, items)
        shown = np.repeat(history[:, None] * 1.0, len(items), axis=1)
        return replace(found, values={name: shown for name in found.values})

    monkeypatch.setattr(dependence, "integrated_gradients", by_number)
    found = randomised(sample)
    assert [found[f"randomised-flvae-{layer}"].passed for layer in ("heads", "decoder", "latents", "encoder")] == [
        False
    ] * 4
    assert found["randomised-flvae-heads"].value == pytest.approx(1) and found["randomised-nease-W"].passed is not False


def test_credits_of_nease_that_ignore_its_weights_fail(sample, monkeypatch, few):
    shown = linear.linear_terms

    def of_the_original(model, history, items):
        return shown(sample.model, history, items)

    monkeypatch.setattr(dependence, "linear_terms", of_the_original)
    found = randomised(sample)
    assert found["randomised-nease-W"].passed is False and found["randomised-everything"].passed is False
    assert found["randomised-nease-W"].value == pytest.approx(1)


def test_heads_that_stay_as_they_are_fail(sample, monkeypatch, few):
    flvae = type(sample.model.nets["flvae"])
    layers = {**flvae.layers(sample.model.nets["flvae"]), "heads": ()}
    monkeypatch.setattr(flvae, "layers", lambda self: layers)
    assert randomised(sample)["randomised-flvae-heads"].passed is False


def test_too_much_noise_is_no_verdict(vasp):
    found = randomised(sample_of(vasp, users=1))["randomised-flvae-heads"]
    assert found.passed is None and "too few users" in found.note and found.value is not None


def test_a_verdict_needs_draws_enough_or_a_value_far_beyond_the_limit():
    def verdict(values):
        found = dependence.Agreement.of({draw: [value] for draw, value in enumerate(values)})
        return dependence._gate("a", "A", found, "").passed

    assert verdict([0.08, 0.16, 0.1, 0.15]) is None, "four draws agree by chance"
    assert verdict([0.08, 0.16, 0.1, 0.15] * 2) is False
    assert verdict([0.01, -0.03, 0.02, 0.0] * 2) is True
    assert verdict([0.98, 0.98, 0.99]) is False, "far beyond it"
    assert verdict([0.4, 0.9]) is verdict([1.0]) is None


def test_explainers_have_to_say_whether_they_look_at_the_model(sample, monkeypatch):
    assert dependence.explainer_gate(sample).passed
    rows = explainers.EXPLAINERS
    monkeypatch.setitem(rows, "cosine", replace(rows["cosine"], looks_at_model=True))
    assert dependence.explainer_gate(sample).value == 1
    monkeypatch.setitem(rows, "leave-one-out", replace(rows["leave-one-out"], looks_at_model=False))
    assert dependence.explainer_gate(sample).passed is False and dependence.explainer_gate(sample).value == 2


def test_the_same_reasons_for_every_film_fail(sample, monkeypatch):
    assert measured("targets", sample).passed

    def of_the_first(items, values):
        return np.repeat(values[:, :1], len(items), axis=1)

    def same(model, history, items):
        found = gradients.integrated_gradients(model, history, items)
        return replace(found, values={name: of_the_first(items, values) for name, values in found.values.items()})

    def same_terms(model, history, items):
        found = linear.linear_terms(model, history, items)
        return replace(found, contributions=of_the_first(items, found.contributions))

    monkeypatch.setattr(explaining, "integrated_gradients", same)
    monkeypatch.setattr(explaining, "linear_terms", same_terms)
    assert measured("targets", sample).passed is False


def test_removals_that_are_not_what_they_say_fail(sample):
    case = next(iter(sample.cases()))
    model, history, item = case.model, case.history, int(case.targets[0])
    removal = reruns.removals(model, history, item)[1]
    assert reruns.holds(model, history, item, 1, removal)
    unnecessary = np.setdiff1d(history, removal.items)[:1]
    broken = [
        replace(removal, items=np.append(removal.items, unnecessary)),
        replace(removal, items=unnecessary),
        replace(removal, items=removal.items[:0]),
        replace(removal, items=case.targets[-1:]),
        replace(removal, rank_before=2),
        replace(removal, rank_after=removal.rank_after + 1),
        replace(removal, entered=history[:1]),
        replace(removal, entered=np.array([item])),
        replace(removal, entered=removal.entered[:0]),
    ]
    assert [reruns.holds(model, history, item, 1, each) for each in broken] == [False] * len(broken)


def test_removals_with_a_needless_film_fail_the_gate(sample, monkeypatch):
    assert reruns.removal_gate([reruns.removals_again(case) for case in sample.cases()]).passed
    real = reruns.removals

    def with_another(model, history, item, tops, found=None):
        return {
            k: each and replace(each, items=np.append(each.items, np.setdiff1d(history, each.items)[:1]))
            for k, each in real(model, history, item, tops, found=found).items()
        }

    monkeypatch.setattr(reruns, "removals", with_another)
    gate = reruns.removal_gate([reruns.removals_again(case) for case in sample.cases()])
    assert gate.passed is False and gate.value >= 5


def test_no_removal_to_be_found_is_no_failure():
    assert reruns.removal_gate([[None, None]]).passed is None
    assert reruns.removal_gate([[True, None], [False, True]]).value == 1


def test_answers_that_change_from_call_to_call_fail(sample, monkeypatch):
    real, calls = sample.model.on_subsets, count()

    def noisy(*asked, **more):
        found = real(*asked, **more)
        return replace(found, logits={k: v + 1e-5 * next(calls) for k, v in found.logits.items()})

    monkeypatch.setattr(sample.model, "on_subsets", noisy)
    repeated, _ = reruns.repeat_gates(sample, None)
    assert repeated.passed is False and repeated.value > 0


def test_a_model_that_is_read_as_another_fails(vasp):
    sample, again = sample_of(vasp, users=2), vasp.model()
    assert [gate.passed for gate in reruns.repeat_gates(sample, again)] == [True, True]
    again.nets["flvae"].latent_head.bias[int(sample.targets[0][0])] += 1e-6
    assert [gate.passed for gate in reruns.repeat_gates(sample, again)] == [True, False]
    assert [gate.passed for gate in reruns.repeat_gates(sample, None)] == [True, None]


def test_bits_are_promised_on_the_cpu_alone(sample, monkeypatch):
    monkeypatch.setattr(type(sample.model), "device", torch.device("meta"))
    found = reruns.repeat_gates(sample, sample.model)
    assert [gate.passed for gate in found] == [None, None] and "CPU alone" in found[0].note


# --- the parts of an audit ---------------------------------------------------------------------------------------


def test_gates_keep_to_their_sense_and_let_no_nan_pass():
    def passed(value, sense, judged=True):
        return gates.Gate("a", "A", value, 0.5, sense, "", judged).passed

    assert [passed(v, "at most") for v in (0.4, 0.5, 0.6, np.nan, None)] == [True, True, False, False, None]
    assert [passed(v, "at least") for v in (0.4, 0.5, 0.6, np.nan)] == [False, True, True, False]
    assert [passed(v, "below") for v in (0.4, 0.5, np.nan)] == [True, False, False]
    assert passed(9.0, "at most", judged=False) is None
    check = gates.Check("a", "A", 0.5, "at most", lambda case: None, "", "why")
    assert check.gate([0.1, np.nan, None]).passed is False
    assert (check.gate([None]).passed, check.gate([None]).note) == (None, "why")


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 200.0])
def test_the_relative_form_allows_what_it_says(value):
    allowed = 1e-5 + 1e-6 * max(1, abs(value))
    assert gates.off(value + 0.99 * allowed, value) < gates.FP32 < gates.off(value - 1.01 * allowed, value)


def test_missing_scores_have_to_be_missing_on_both_sides():
    assert gates.off([-np.inf, 1.0], [-np.inf, 1.0]) == 0
    assert gates.off([-np.inf], [1.0]) == gates.off([1.0], [-np.inf]) == np.inf
    assert np.isnan(gates.off([np.nan], [1.0]))


def test_long_histories_are_taken_first_and_by_the_seed(vasp):
    model, (rows, train) = vasp.model(), histories(vasp)
    few, same, other = (auditing.sample_of(model, rows, train, seed, 3) for seed in (0, 0, 1))
    lengths = np.sort(rows.lengths)
    assert min(map(len, few.histories)) >= 15 and (lengths >= 15).sum() >= 3
    assert all((a == b).all() for a, b in zip(few.histories, same.histories, strict=True))
    assert any(len(a) != len(b) or (a != b).any() for a, b in zip(few.histories, other.histories, strict=True))
    assert len(auditing.sample_of(model, rows, train, 0, 1000).histories) == len(rows)
    assert not any(np.isin(films, history).any() for films, history in zip(few.targets, few.histories, strict=True))


def test_nobody_to_explain_anything_to_is_an_error(vasp):
    model, (_, train) = vasp.model(), histories(vasp)
    nobody = Interactions.from_lists([[], range(model.n_items)], model.n_items)
    with pytest.raises(ExplanationError, match="None of the test users"):
        auditing.audit(model, nobody, train)

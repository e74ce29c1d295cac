"""Gates on what has to hold exactly, but for rounding: identities between an explanation and the model's answers."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit

from vasp_models.data.interactions import Interactions
from vasp_models.explanations.answers import SCORE, answers, subset_answers, total
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.gates import FP32, FP64, PERMUTATIONS, RELATIVE, Case, Check, off
from vasp_models.explanations.gradients import credits_by_factor, integrated_gradients
from vasp_models.explanations.interactions import strongest
from vasp_models.explanations.linear import linear_factor
from vasp_models.models.base import HasGradient
from vasp_models.recommending import recommend

_SMALL = 0.01  # added to what the history adds, so that a completeness delta of 1e-5 is always within .1 %
_SUBSETS = 5  # sub-profiles of each history that are run as histories of their own


def split_identity(case: Case) -> float | None:
    """Every displayed number against the independent pass: scores, factors, empty profile, and what they add up to."""
    if case.sample.exact is None:
        return None
    found, listed = case.explained, recommend(case.model, case.history, len(case.targets))
    factors, score = case.exact(found.items)
    everything, whole = np.arange(case.model.n_items), case.model.histories([case.history, []])
    pairs = [
        (found.scores, score[0]),
        (found.base, score[1]),
        (found.base + found.terms.sum(axis=0), score[0]),
        (found.factors, factors[:, 0]),
        (found.base_factors, factors[:, 1]),
        (found.residual, np.zeros(len(found))),
        (answers(case.model, whole), case.exact(everything)[0]),
        (total(case.model, whole), case.exact(everything)[1]),
    ]
    if listed.log_scores is not None:
        factors, score = case.exact(listed.items)
        names = case.model.factor_names
        pairs += [(listed.log_scores, score[0])]
        pairs += [(listed.factors[name], factors[place, 0]) for place, name in enumerate(names)]
        pairs += [(listed.base[name], factors[place, 1]) for place, name in enumerate(names)]
    return float(np.max([off(shown, exact) for shown, exact in pairs]))


def batch_is_single(case: Case) -> float:
    """The history alone against the whole batch, and sub-profiles as explained against the same films as a history."""
    whole = answers(case.model, Interactions.from_lists([case.history], case.model.n_items, ordered=True))
    found = [off(case.sample.batch[:, case.number], whole[:, 0])]
    rng, h = case.sample.rng(case.number), len(case.history)
    included = rng.random((_SUBSETS, h)) < np.linspace(0, 1, _SUBSETS)[:, None]  # from nothing to everything
    rows = [case.history[row] for row in included]
    alone = np.concatenate([answers(case.model, case.model.histories([row])) for row in rows], axis=1)
    found.append(off(subset_answers(case.model, case.history, included), alone))
    # A film that is not in the profile counts as nothing, though it is named.
    named = np.concatenate([case.history, [rng.choice(case.targets)]])
    without = np.pad(included, ((0, 0), (0, 1)))
    found.append(off(subset_answers(case.model, named, without), alone))
    return float(np.max(found))


def leave_one_out_is_weight(case: Case) -> float | None:
    """(s(x) - s(x - j)) - W[j, i] in fp32, and the displayed leave-one-out effect against its closed form."""
    found = _off_weights(case, case.model, np.float32)
    if found is None:
        return None
    difference, logits = found
    linear, shown = case.explained.linear, case.explained.leave_one_out
    effect = shown[case.explained.factor_names.index(linear.factor)]
    without = linear.logits - linear.weights
    closed = linear.weights if linear.factor == SCORE else log_expit(linear.logits) - log_expit(without)
    return max(off(difference, 0.0, logits), off(effect, closed, linear.logits))


def leave_one_out_is_weight_in_double(case: Case) -> float | None:
    """The same logits in fp64, absolutely."""
    found = _off_weights(case, case.sample.double, np.float64)
    return None if found is None else float(np.abs(found[0]).max(initial=0.0))


def closed_form_is_numeric(case: Case) -> float | None:
    """The linear factor's closed form against its numeric integrated gradients, and its sum against the exact term."""
    linear = case.explained.linear
    if linear is None or linear.factor == SCORE or not isinstance(case.model, HasGradient):
        return None
    numeric = integrated_gradients(case.model, case.history, case.targets, factors=(linear.factor,))
    found = [off(linear.contributions, numeric.values[linear.factor], linear.logits)]
    if case.sample.exact is not None:
        factors = case.exact(case.targets)[0][case.model.factor_names.index(linear.factor)]
        found.append(off(linear.contributions.sum(axis=0), factors[0] - factors[1], linear.logits))
    return max(found)


def dummy_films(case: Case) -> float | None:
    """The largest credit of a film that leads nowhere: silenced in a copy of the model; 0 is expected."""
    if case.sample.silent is None:
        return None
    silenced = np.isin(case.history, case.sample.dummies)
    found = explain(case.sample.silent, case.history, case.targets)
    return _most(credits_by_factor(found.gradients, found.linear), silenced)


def uncovered_films(case: Case) -> float | None:
    """The largest credit, or leave-one-out effect, of a film that the model does not cover; 0 is expected."""
    strangers = np.setdiff1d(np.flatnonzero(~case.sample.covered), case.history)
    if not len(strangers):
        return None
    history = np.append(case.history, case.sample.rng(case.number).choice(strangers))
    found = explain(case.model, history, case.targets)
    effects = dict(zip(found.factor_names, found.leave_one_out, strict=True))
    uncovered = ~case.sample.covered[history]
    each = (_most(values, uncovered) for values in (credits_by_factor(found.gradients, found.linear), effects))
    return max(value for value in each if value is not None)


def completeness(case: Case) -> float | None:
    """The largest |sum of credits - (F(x) - F(0))| over factors and films, F from passes of its own."""
    found = _deltas(case)
    return None if found is None else float(np.abs(found[0]).max(initial=0.0))


def completeness_share(case: Case) -> float | None:
    """The same as a share of what the history adds."""
    found = _deltas(case)
    return None if found is None else float((np.abs(found[0]) / (np.abs(found[1]) + _SMALL)).max(initial=0.0))


def shapley_sum(case: Case) -> float:
    """Shapley values of the best film against F(x) - F(0)."""
    item = int(case.targets[0])
    ends = case.sample.batch[:, [case.number, -1], item].sum(axis=0, dtype=np.float64)
    return off(case.shapley.values.sum(), ends[0] - ends[1], ends[0])


def shapley_order(case: Case) -> float | None:
    """Spearman between the two halves of the permutations."""
    return _number(case.shapley.spearman)


def shapley_top(case: Case) -> float | None:
    """Share of the five strongest films that the two halves agree on."""
    return _number(case.shapley.top_overlap)


def logit_interactions(case: Case) -> float | None:
    """s(x) - s(x - a) - s(x - b) + s(x - a - b) of the linear logit in fp32, over pairs of the strongest films."""
    found = _pairs(case, case.model, np.float32)
    return None if found is None else off(found[0], 0.0, found[1])


def logit_interactions_in_double(case: Case) -> float | None:
    """The same in fp64, absolutely."""
    found = _pairs(case, case.sample.double, np.float64)
    return None if found is None else float(np.abs(found[0]).max(initial=0.0))


_NOT_LINEAR = "this model has no logit that is linear in the history, or none that it shows in this precision"
_NO_CREDIT = "this model has neither a gradient nor a linear factor, and leave-one-out is no share of the score"
_ALL_COVERED = "the model covers every film"

CHECKS = (
    Check(
        "split-identity", "Log score = its parts, in double precision", FP32, "at most", split_identity, RELATIVE,
        "this kind of model is not written down a second time",
    ),
    Check("batch", "One by one = in a batch", FP32, "at most", batch_is_single, RELATIVE, ""),
    Check(
        "leave-one-out", "Leave-one-out of the linear logit = W", FP32, "at most", leave_one_out_is_weight, RELATIVE,
        _NOT_LINEAR,
    ),
    Check(
        "leave-one-out-fp64", "The same in double precision", FP64, "at most", leave_one_out_is_weight_in_double,
        "absolute", _NOT_LINEAR,
    ),
    Check(
        "closed-form", "Closed form = numeric integrated gradients", FP32, "at most", closed_form_is_numeric, RELATIVE,
        "no factor of this model is the log sigmoid of a linear logit: a linear score is its own closed form",
    ),
    Check(
        "dummy", "A film that leads nowhere gets no credit", 0.0, "at most", dummy_films,
        "films whose outgoing weights are 0 in a copy of the model; closed form and integrated gradients",
        "this model credits no film, or its weights are of a kind that cannot be silenced",
    ),
    Check(
        "uncovered", "A film outside the model gets no credit", 0.0, "at most", uncovered_films,
        "closed form, integrated gradients and leave-one-out", _ALL_COVERED,
    ),
    Check(
        "completeness", "Credits sum to what the history adds", 1e-3, "at most", completeness,
        "every factor of every film explained", _NO_CREDIT,
    ),
    Check(
        "completeness-share", "The same as a share", 1e-3, "at most", completeness_share,
        f"|delta| / (|F(x) - F(0)| + {_SMALL}): 1e-5 is allowed where the history adds nothing", _NO_CREDIT,
    ),
    Check("shapley-sum", "Shapley values sum to what the history adds", FP32, "at most", shapley_sum, RELATIVE, ""),
    Check(
        "shapley-order", "Shapley values of two halves agree: Spearman", 0.95, "at least", shapley_order,
        f"median, up to {PERMUTATIONS} antithetic permutations in two halves", "no history long enough to order",
        np.median,
    ),
    Check(
        "shapley-top", "The same: overlap of the five strongest", 0.8, "at least", shapley_top, "median",
        "no history long enough to order", np.median,
    ),
    Check(
        "interactions", "The linear logit has no pair interactions", FP32, "at most", logit_interactions, RELATIVE,
        _NOT_LINEAR,
    ),
    Check(
        "interactions-fp64", "The same in double precision", FP64, "at most", logit_interactions_in_double, "absolute",
        _NOT_LINEAR,
    ),
)  # fmt: skip


def _off_weights(case: Case, model, dtype: type) -> tuple[np.ndarray, np.ndarray] | None:
    """Leave-one-out effects on the linear logit minus the weights, (h, films), and the logits of the history."""
    h = len(case.history)
    included = np.concatenate([np.ones((1, h)), 1 - np.eye(h)])
    logits = _linear_logits(model, case.history, included, case.films, dtype)
    if logits is None:
        return None
    weights = case.model.item_weights(case.history, case.films).astype(np.float64)
    return (logits[:1] - logits[1:]) - weights, logits[0]


def _pairs(case: Case, model, dtype: type) -> tuple[np.ndarray, np.ndarray] | None:
    """Pair interactions of the linear logit, (pairs, films), and the logits of the history."""
    first, second = (np.take(_strongest(case), each) for each in np.triu_indices(len(_strongest(case)), 1))
    rows, h = np.arange(len(first)), len(case.history)
    included = np.ones((4, len(rows), h))
    included[1, rows, first] = included[2, rows, second] = included[3, rows, first] = included[3, rows, second] = 0
    logits = _linear_logits(model, case.history, included.reshape(-1, h), case.films, dtype)
    if logits is None or not len(rows):
        return None
    whole, no_first, no_second, neither = logits.reshape(4, len(rows), -1)
    return whole - no_first - no_second + neither, whole[0]


def _strongest(case: Case) -> np.ndarray:
    return strongest(case.explained.leave_one_out[:, :, 0].sum(axis=0))


def _linear_logits(model, history: np.ndarray, included: np.ndarray, items: np.ndarray, dtype: type):
    """The linear logit of sub-profiles, float64 (rows, items), computed in `dtype`; None where it cannot be had."""
    factor = None if model is None else linear_factor(model)
    if factor == SCORE:
        rows = [history[row > 0] for row in included]
        logits = model.score(model.histories(rows))[:, items]
        return logits.astype(np.float64) if logits.dtype == dtype else None
    if factor is None or not isinstance(model, HasGradient):
        return None
    import torch

    with torch.inference_mode():
        logits = model.on_subsets(history, torch.from_numpy(included.astype(dtype)), items).logits[factor]
    logits = logits.cpu().numpy()
    return logits.astype(np.float64) if logits.dtype == dtype else None


def _deltas(case: Case) -> tuple[np.ndarray, np.ndarray] | None:
    """How far the credits are from their sum, and that sum, by factor (factors, t); also what is displayed of it."""
    found = case.explained
    credit = credits_by_factor(found.gradients, found.linear)
    if not credit:
        return None
    names = list(credit)
    places = [found.factor_names.index(name) for name in names]
    ends = case.sample.batch[:, [case.number, -1]].astype(np.float64)[places][:, :, case.targets]
    added = ends[:, 0] - ends[:, 1]
    delta = np.stack([credit[name].sum(axis=0) for name in names]) - added
    if found.credit is not None:
        added = np.concatenate([added, added.sum(axis=0, keepdims=True)])
        delta = np.concatenate([delta, found.completeness_delta[None]])
    return delta, added


def _most(credit: dict[str, np.ndarray], chosen: np.ndarray) -> float | None:
    if not credit or not chosen.any():
        return None
    return float(np.max([np.abs(values[chosen]).max() for values in credit.values()]))


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)

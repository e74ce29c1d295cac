"""How far a part's answer is from a sum over the films of the history: the share of interaction, and pairs of films."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import lstsq
from threadpoolctl import threadpool_limits

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.ranking import mask_seen, top_k
from vasp_models.explanations import bootstrap
from vasp_models.explanations.answers import answers, subset_answers
from vasp_models.explanations.components import components, factors, summed
from vasp_models.models.base import HasFactors

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

TARGETS = 10  # unseen films, the user's best, whose scores are fitted
MASKS = 6  # profiles for each film of the history, to fit on; as many again are held out
PAIRS = 64  # of films of a history
_FLAT = 1e-5  # relative spread of answers below which there is only rounding left to explain
_BATCH = 100  # histories answered at once

LOG, LOGIT = "log", "logit"  # the scales: F itself, and the logit behind each of its factors
Tell = Callable[[float], None]  # told the fraction that is done
Scaled = dict[tuple[str, str], np.ndarray]  # (scale, component or factor) -> values


# Many small products, of which more than one thread makes slow ones, and very slow ones on a busy machine.
@threadpool_limits.wrap(limits=1)
def interaction_shares(
    model: Recommender, histories: Interactions, seed: int = 0, tell: Tell | None = None
) -> dict[tuple[str, str], dict[str, Any] | None]:
    """1 - R2 of the best additive fit, by scale and component or factor; None where the history changes nothing.

    For each user, profiles that hold each film of the history by the toss of a coin are answered for their ten best
    unseen films; a sum over the films held is fitted by least squares to 6 h profiles and judged on 6 h others. With
    films drawn independently this is the share of all interactions in the functional analysis of variance (Friedman
    and Popescu 2008), read up to a fifth too high, since the fit has h + 1 coefficients. Each entry has "mean", "low"
    and "high" (95 %, over users), "median" and "users".
    """
    found: dict[tuple[str, str], list[float]] = {}
    for number, history, targets in _subjects(model, histories):
        generator = np.random.default_rng([seed, number])
        masks = generator.random((2 * MASKS * len(history), len(history))) < 0.5
        values = _on_scales(model, subset_answers(model, history, masks, targets))
        for name, share in zip(values, _unexplained(masks, np.stack(list(values.values()))), strict=True):
            found.setdefault(name, []).append(share)
        if tell:
            tell((number + 1) / len(histories))
    return {name: _summary(np.array(shares), seed) for name, shares in found.items()}


@threadpool_limits.wrap(limits=1)
def pair_strengths(
    model: Recommender, histories: Interactions, seed: int = 0, tell: Tell | None = None
) -> dict[str, dict[str, float | None]]:
    """How strongly two films interact alone and in a history, by component and factor: "one_hot", "in_context".

    mean |I_ab| / mean (|phi_a| + |phi_b|) over 64 pairs of each history, for the user's best unseen film: alone
    I = F(ab) - F(a) - F(b) + F(0) and phi_a = F(a) - F(0), in the history I = F(x) - F(x-a) - F(x-b) + F(x-a-b) and
    phi_a = F(x) - F(x-a). None where no film has an effect.
    """
    groups = components(model) | factors(model)
    sizes = {name: np.zeros((2, 2)) for name in groups}  # (alone, in the history) x (interactions, effects)
    for number, history, targets in _subjects(model, histories):
        generator = np.random.default_rng([seed, number])
        first, second = _pairs(len(history), generator)
        included = np.zeros((4, len(first), len(history)), dtype=bool)  # nothing, a, b, both
        rows = np.arange(len(first))
        included[[1, 3], rows[:, None], first[:, None]] = included[[2, 3], rows[:, None], second[:, None]] = True
        both = np.concatenate([included, ~included]).reshape(-1, len(history))
        found = subset_answers(model, history, both, targets[:1])[:, :, 0]
        for name, places in groups.items():
            nothing, one, other, pair = summed(found, places).reshape(2, 4, -1).transpose(1, 0, 2)
            sizes[name][:, 0] += np.abs(pair - one - other + nothing).sum(axis=1)
            sizes[name][:, 1] += (np.abs(one - nothing) + np.abs(other - nothing)).sum(axis=1)
        if tell:
            tell((number + 1) / len(histories))
    return {
        name: {context: float(i / e) if e > 0 else None for context, (i, e) in zip(_CONTEXTS, rows, strict=True)}
        for name, rows in sizes.items()
    }


_CONTEXTS = ("one_hot", "in_context")


def logits(log_factors: np.ndarray) -> np.ndarray:
    """The logits behind log sigma of them, float64, to the precision of what is given."""
    values = np.minimum(log_factors.astype(np.float64), -np.finfo(np.float32).tiny)
    return values - np.log(-np.expm1(values))


def _subjects(model: Recommender, histories: Interactions) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Number, history and best unseen films of each user of two films at least: fewer cannot interact."""
    for start in range(0, len(histories), _BATCH):
        rows = histories.take(slice(start, start + _BATCH))
        ranking = mask_seen(answers(model, rows).sum(axis=0), rows)
        best = top_k(ranking, TARGETS)
        for row, items in enumerate(best):
            history, items = rows.row(row).astype(np.int64), items[np.isfinite(ranking[row, items])]
            if len(history) > 1 and len(items):
                yield start + row, history, items


def _on_scales(model: Recommender, found: np.ndarray) -> Scaled:
    """Answers (factors, rows, targets) as F of each component and factor, and as each factor's logit, float64."""
    values = {(LOG, name): summed(found, places) for name, places in (components(model) | factors(model)).items()}
    if isinstance(model, HasFactors):
        values |= {(LOGIT, name): logits(found[place]) for place, name in enumerate(model.factor_names)}
    return values


def _unexplained(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The share of the held-out variance that the additive fit misses, (answers), from values (answers, rows, targets).

    The first half of the rows is fitted. NaN where an answer stays the same, but for rounding.
    """
    half, count = len(masks) // 2, len(values)
    design = np.column_stack([np.ones(len(masks)), masks])
    flat = values.transpose(1, 0, 2).reshape(len(masks), -1)
    coefficients = lstsq(design[:half], flat[:half], lapack_driver="gelsy", check_finite=False)[0]
    held, fitted = flat[half:], design[half:] @ coefficients
    missed = np.square(held - fitted).reshape(half, count, -1).sum(axis=(0, 2))
    spread = np.square(held - held.mean(axis=0)).reshape(half, count, -1).sum(axis=(0, 2))
    rounding = np.square(_FLAT * (1 + np.abs(held))).reshape(half, count, -1).sum(axis=(0, 2))
    return np.divide(missed, spread, out=np.full(count, np.nan), where=spread > rounding)


def _summary(shares: np.ndarray, seed: int) -> dict[str, Any] | None:
    there = shares[np.isfinite(shares)]
    if not len(there):
        return None
    (low,), (high,) = bootstrap.interval(there[:, None], seed)
    ends = {"low": float(low), "high": float(high)}
    return {"mean": float(there.mean()), **ends, "median": float(np.median(there)), "users": len(there)}


def _pairs(h: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of history positions drawn without replacement, all where there are no more: two arrays."""
    first, second = np.triu_indices(h, k=1)
    drawn = generator.choice(len(first), min(PAIRS, len(first)), replace=False)
    return first[drawn], second[drawn]

"""Gates on whether explanations depend on what they have to: on what the model has learnt, and on the film."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata, t

from vasp_models.explanations import explainers, randomising
from vasp_models.explanations.answers import parts_of
from vasp_models.explanations.gates import Case, Check, Gate, Sample, users
from vasp_models.explanations.gradients import credits_by_factor, integrated_gradients
from vasp_models.explanations.linear import linear_terms

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

CHANCE = 0.1  # largest mean |Spearman| between attributions by what was learnt and by random weights
SAME = 0.95  # attributions that agree as well as this are no different ones
_DRAWS = 8  # of random weights in each round; the users are dealt out among them
_ROUNDS = 4  # at most: another one follows where the noise is too large, whatever the values are
_LEAST = 10  # covered films of a history whose order is compared
_NOISE = 0.03  # largest standard error with which a mean Spearman can be held against CHANCE
_ORDERED = 6  # users for whom every explainer is asked

_JOINT = "total"
_CANNOT = "this model has no weights that could be drawn anew, or none that its list depends on"
_SHORT = f"no history holds {_LEAST} films that the model covers"

Progress = Callable[[float], None]
Place = tuple[str, str]  # a part and a layer of it


@dataclass(frozen=True)
class Agreement:
    """The mean Spearman over users, and its standard error over draws of weights (infinite for less than two)."""

    mean: float
    error: float
    draws: int

    @classmethod
    def of(cls, by_draw: dict[int, list[float]]) -> Agreement:
        """From the users' values in each draw."""
        means = [np.mean(values) for values in by_draw.values()]
        everybody = np.concatenate(list(by_draw.values()))
        error = np.std(means, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.inf
        return cls(float(np.mean(everybody)), float(error), len(means))

    @property
    def precise(self) -> bool:
        """Whether the mean can be held against CHANCE; a standard error from a few draws may be small by chance."""
        return self.error <= _NOISE and self.draws >= _DRAWS

    @property
    def beyond(self) -> bool:
        """Whether the mean is beyond CHANCE whatever the noise: with all of its 95 % interval (Student's t)."""
        return self.draws > 1 and abs(self.mean) - t.ppf(0.975, self.draws - 1) * self.error > CHANCE

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ± {self.error:.3f}"


def randomisation_gates(sample: Sample, progress: Progress) -> list[Gate]:
    """Cascading randomisation (Adebayo et al. 2018): a part's credits are worth nothing once its weights are random.

    Parts are looked at one by one, because all credits together keep what an intact part says. The users are dealt out
    among several draws of random weights, so that the standard error holds the chance of the draw as well.
    """
    cases = [case for case in sample.cases() if case.known.sum() >= _LEAST]
    if not cases or randomising.randomised(sample.model, 0) is None:
        why = _CANNOT if cases else _SHORT
        return [Gate("randomised", "Random weights: other credits", None, CHANCE, "at most", why)]
    seen, n_draws = _cascades(sample, cases, progress)
    who = f"{users(len(cases))}, {n_draws} draws of weights"
    *intact, (last, everything) = seen.items()
    gates = []
    for (part, layer), found in seen.items():
        total = f"; all credits {found[_JOINT]}, no limit while a part is intact" if intact and part != last[0] else ""
        title = f"{part.upper()} random down to its {layer}: other credits"
        gates.append(_gate(f"randomised-{part}-{layer}", title, found.get(part), f"{who}{total}"))
    title = "Everything random: other credits"
    return [*gates, _gate("randomised-everything", title, everything.get(_JOINT), who)]


def explainer_gate(sample: Sample) -> Gate:
    """Explainers that do not look at the model have to be marked so, and the others have to."""
    name, title = "model-independent", "Orders that ignore the model are marked so, and no others"
    random = randomising.randomised(sample.model, _seed(sample, _DRAWS))
    cases = [case for case in sample.cases() if case.known.sum() >= _LEAST][:_ORDERED]
    if random is None or not cases:
        return Gate(name, title, None, 0.0, "at most", _CANNOT if cases else _SHORT)
    wrong, words = 0, []
    for explainer in (each for each in explainers.EXPLAINERS.values() if each.fits(sample.model)):
        same, rho = _unmoved(explainer, cases, random)
        wrong += (same or not rho < SAME) if explainer.looks_at_model else not same
        words.append(f"{explainer.name} {rho:+.2f}" + ("" if explainer.looks_at_model else " (marked)"))
    note = f"wrong marks; {users(len(cases))}; Spearman with the order by random weights: {', '.join(words)}"
    return Gate(name, title, float(wrong), 0.0, "at most", note)


def other_film(case: Case) -> float | None:
    """Spearman between what is said of the best film and of the last of the list: every film has reasons of its own."""
    found = case.explained
    credit = found.leave_one_out.sum(axis=0) if found.credit is None else found.credit
    if len(found) < 2 or case.known.sum() < _LEAST:
        return None
    rho = float(spearman(credit[case.known][:, :1], credit[case.known][:, -1:])[0])
    return rho if np.isfinite(rho) else None


CHECKS = (
    Check(
        "targets", "Another film, other reasons: Spearman", SAME, "below", other_film,
        "median, the best film against the last of the ten", "no film of a history is credited with anything",
        np.median,
    ),
)  # fmt: skip


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman of each column of two (h, t) matrices, (t); NaN where a column is constant."""
    ranks = [rankdata(each, axis=0) for each in (first, second)]
    centred = [each - each.mean(axis=0) for each in ranks]
    scale = np.sqrt((centred[0] ** 2).sum(axis=0) * (centred[1] ** 2).sum(axis=0))
    return np.divide((centred[0] * centred[1]).sum(axis=0), scale, out=np.full(len(scale), np.nan), where=scale > 0)


def _cascades(sample: Sample, cases: list[Case], progress: Progress) -> tuple[dict[Place, dict[str, Agreement]], int]:
    """What is left of the credits of each part, and of all, at each step; and after how many draws of weights."""
    before = [_credits(sample.model, case) for case in cases]
    rho: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))  # step -> part -> draw -> users
    dealt, n = min(_DRAWS, len(cases)), 0
    while n < _ROUNDS * dealt:
        for number in range(dealt):
            progress((n + number) / (_ROUNDS * dealt))
            for step in randomising.cascade(sample.model, _seed(sample, n + number)):
                for place in range(number, len(cases), dealt):
                    for name, value in _kept(before[place], step.model, cases[place]):
                        rho[step.part, step.layer][name][n + number].append(value)
        n += dealt
        seen = {step: {name: Agreement.of(draws) for name, draws in found.items()} for step, found in rho.items()}
        if all(found[part].precise for (part, _), found in seen.items() if part in found):
            return seen, n
    return seen, n


def _kept(before: dict[str, np.ndarray], model: Recommender, case: Case) -> Iterator[tuple[str, float]]:
    """Part by part, the mean Spearman over films between the credits by the model and by one with other weights."""
    after = _credits(model, case)
    for name in before:
        rho = spearman(before[name], after[name])
        if np.isfinite(rho).any():
            yield name, float(np.nanmean(rho))


def _credits(model: Recommender, case: Case) -> dict[str, np.ndarray]:
    """Credits of the covered films by part, and of all parts; empty where no part has any."""
    gradients = integrated_gradients(model, case.history, case.targets)
    factors = credits_by_factor(gradients, linear_terms(model, case.history, case.targets))
    parts = {p: names for p, names in parts_of(model).items() if set(names) <= set(factors)}
    found = {part: np.sum([factors[name] for name in names], axis=0)[case.known] for part, names in parts.items()}
    if found and set(found) == set(parts_of(model)):
        found[_JOINT] = np.sum(list(found.values()), axis=0)
    return found


def _gate(name: str, title: str, found: Agreement | None, note: str) -> Gate:
    if found is None:
        return Gate(name, title, None, CHANCE, "at most", f"no credits to compare; {note}")
    # A value within the noise of the limit is not judged, one that is clearly beyond it always is.
    judged = found.precise or found.beyond
    words = f"mean Spearman {found}, {note}"
    if not judged:
        words = f"too few users or films to say: {words}; {_DRAWS} draws and a standard error of {_NOISE} are needed"
    return Gate(name, title, abs(found.mean), CHANCE, "at most", words, judged)


def _unmoved(explainer: explainers.Explainer, cases: list[Case], random: Recommender) -> tuple[bool, float]:
    """Whether an explainer says the same of a random model to the last bit, and the mean Spearman."""
    same, values = True, []
    for case in cases:
        asked = (
            explainers.Situation(model, case.history, int(case.targets[0]), case.sample.statistics, case.sample.seed)
            for model in (case.model, random)
        )
        one, two = (np.asarray(explainer.contributions(situation)) for situation in asked)
        same &= np.array_equal(one, two)
        values.append(float(spearman(one[case.known, None], two[case.known, None])[0]))
    return same, 1.0 if same else float(np.nanmean(values)) if np.isfinite(values).any() else 0.0


def _seed(sample: Sample, draw: int) -> int:
    """A seed for the weights of a draw: from a generator, so that it is none by which a model was trained."""
    return int(np.random.default_rng([sample.seed, draw]).integers(2**31, 2**32))

"""What an audit is made of: gates with a limit each, and the users, films and copies of the model that they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.explanations import randomising, shapley
from vasp_models.explanations.answers import answers
from vasp_models.explanations.double_precision import Exact, exact_answers
from vasp_models.explanations.explaining import Explanations, explain
from vasp_models.explanations.linear import linear_factor
from vasp_models.explanations.similarity import ItemStatistics

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

FP32, FP64 = 1e-5, 1e-11
RELATIVE = "relative: 1e-5 + 1e-6 max(1, |value|) is allowed"
_OTHERS = 200  # films beside the recommended ones for which the linear logit is looked at
_SHAPLEY_ROWS = 64_000  # profiles that one user's Shapley values may ask for
PERMUTATIONS = 256  # so that each half holds 128, which other estimates of Shapley values are held against too

Sense = Literal["at most", "at least", "below"]


@dataclass(frozen=True)
class Gate:
    """A measured value against its limit; None where the gate does not apply, and `note` says why.

    With `judged` false the value is shown and not held against the limit.
    """

    name: str
    title: str
    value: float | None
    limit: float
    sense: Sense
    note: str
    judged: bool = True

    @property
    def passed(self) -> bool | None:
        """Whether the value keeps to the limit; NaN does not."""
        if self.value is None or not self.judged:
            return None
        kept = {
            "at most": self.value <= self.limit,
            "at least": self.value >= self.limit,
            "below": self.value < self.limit,
        }
        return bool(kept[self.sense])

    def record(self) -> dict[str, Any]:
        """The gate as plain JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "value": self.value,
            "limit": self.limit,
            "sense": self.sense,
            "passed": self.passed,
            "note": self.note,
        }


@dataclass(frozen=True)
class Check:
    """A gate that is measured user by user: `measure` gives a number, or None where it does not apply.

    `combine` makes one value of the users': by default the worst. `why_not` is the note where no user has a number.
    """

    name: str
    title: str
    limit: float
    sense: Sense
    measure: Callable[[Case], float | None]
    note: str
    why_not: str
    combine: Callable[[Sequence[float]], float] = np.max

    def gate(self, values: Sequence[float | None]) -> Gate:
        """The gate from what was measured for each user."""
        numbers = [value for value in values if value is not None]
        if not numbers:
            return Gate(self.name, self.title, None, self.limit, self.sense, self.why_not)
        value = float(self.combine(numbers))
        return Gate(self.name, self.title, value, self.limit, self.sense, f"{users(len(numbers))}; {self.note}")


@dataclass(frozen=True)
class Sample:
    """The users that an audit looks at, their best unseen films, and what is computed once for all of them.

    `histories` int64 (h) each, `targets` int64 (t) each, best first; `train` are the training users' histories.
    """

    model: Recommender
    histories: list[np.ndarray]
    targets: list[np.ndarray]
    train: Interactions
    seed: int

    def cases(self) -> Iterator[Case]:
        """One case a user, made when it is asked for: an explanation of a long history is large."""
        return (Case(self, number) for number in range(len(self.histories)))

    def rng(self, number: int) -> np.random.Generator:
        """Random numbers of one user's own."""
        return np.random.default_rng([self.seed, number])

    @cached_property
    def statistics(self) -> ItemStatistics:
        """Counts over the training users."""
        return ItemStatistics(self.train)

    @cached_property
    def covered(self) -> np.ndarray:
        """Which items the model covers, bool (items)."""
        return self.model.covers(np.arange(self.model.n_items))

    @cached_property
    def rows(self) -> Interactions:
        """All histories and, last, the empty one."""
        return Interactions.from_lists([*self.histories, []], self.model.n_items, ordered=True)

    @cached_property
    def exact(self) -> Exact | None:
        """The answers to `rows` in double precision, from an independent pass."""
        return exact_answers(self.model, self.rows)

    @cached_property
    def batch(self) -> np.ndarray:
        """The model's own answers to `rows`, in one batch, float32 (factors, rows, items)."""
        return answers(self.model, self.rows)

    @cached_property
    def double(self) -> Recommender | None:
        """The model in double precision, where it has a linear factor."""
        return None if linear_factor(self.model) is None else randomising.in_double_precision(self.model)

    @cached_property
    def dummies(self) -> np.ndarray:
        """Films that are silenced in `silent`: one covered film of each history."""
        known = [history[self.covered[history]] for history in self.histories]
        return np.unique([self.rng(number).choice(films) for number, films in enumerate(known) if len(films)])

    @cached_property
    def silent(self) -> Recommender | None:
        """A copy of the model in which nothing leads from the dummies to the outputs."""
        return randomising.silenced(self.model, self.dummies)


@dataclass(frozen=True)
class Case:
    """One user of the sample."""

    sample: Sample
    number: int

    @property
    def model(self) -> Recommender:
        """The model that is audited."""
        return self.sample.model

    @property
    def history(self) -> np.ndarray:
        """The user's history, int64 (h)."""
        return self.sample.histories[self.number]

    @property
    def targets(self) -> np.ndarray:
        """The user's best unseen films, int64 (t)."""
        return self.sample.targets[self.number]

    @cached_property
    def known(self) -> np.ndarray:
        """Which films of the history the model covers, bool (h)."""
        return self.sample.covered[self.history]

    @cached_property
    def explained(self) -> Explanations:
        """What is shown for the user's films."""
        return explain(self.model, self.history, self.targets)

    @cached_property
    def films(self) -> np.ndarray:
        """The targets and other covered films at random, int64."""
        everything = np.flatnonzero(self.sample.covered)
        others = self.sample.rng(self.number).choice(everything, min(_OTHERS, len(everything)), replace=False)
        return np.union1d(self.targets, others)

    @cached_property
    def shapley(self) -> shapley.Shapley:
        """Shapley values of the best film; of the longest histories from fewer permutations, down to a quarter."""
        affordable = 4 * (_SHAPLEY_ROWS // (4 * max(len(self.history), 1)))
        permutations = min(PERMUTATIONS, max(PERMUTATIONS // 4, affordable))
        return shapley.shapley(self.model, self.history, int(self.targets[0]), permutations, seed=self.sample.seed)

    def exact(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Factors (factors, 2, items) and F (2, items) in double precision, for the history and the empty profile."""
        found, rows = self.sample.exact, [self.number, -1]
        return found.factors[:, rows][:, :, items], found.total[rows][:, items]


def off(found: np.ndarray, exact: np.ndarray, size: np.ndarray | None = None) -> float:
    """The largest difference in the relative form of fp32, against FP32; `size` is by default the exact value.

    |found - exact| / (1 + max(1, |size|) / 10) is at most 1e-5 where |found - exact| <= 1e-5 + 1e-6 max(1, |size|).
    """
    found, exact = np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (found, exact)))
    size = np.abs(exact if size is None else size)
    with np.errstate(invalid="ignore"):  # -inf minus -inf
        difference = np.abs(found - exact) / (1 + np.maximum(1, np.where(np.isfinite(size), size, 1)) / 10)
    difference[found == exact] = 0.0  # both -inf: not covered
    return float(difference.max(initial=0.0))


def users(n: int) -> str:
    """``1 user``, ``40 users``."""
    return f"{n} user" + ("s" if n != 1 else "")

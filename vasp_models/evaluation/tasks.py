"""Ways to measure a recommender: what it is fitted to, by what an epoch is chosen, what is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from vasp_models.data.interactions import Interactions
from vasp_models.data.rating_splits import rated_by
from vasp_models.errors import DataError
from vasp_models.evaluation.protocol import Evaluation, Score, evaluate, evaluate_folds

if TYPE_CHECKING:
    from vasp_models.data.datasets import Dataset
    from vasp_models.data.splits import Split

Part = Literal["val", "test"]


class Result(Protocol):
    """What a task measures."""

    def summary(self) -> dict[str, Any]:
        """Counts, and of each metric mean and standard error, ready for JSON."""

    def difference(self, other: Any) -> dict[str, float | None]:
        """Mean and standard error of the paired difference to `other`, in the metric that the task chooses by."""


class Task(Protocol):
    """One protocol on one data set."""

    name: str  # liang, vasp, leave-one-out, ratings
    result: ClassVar[type]  # a dataclass of arrays, by which differences are found again (see vasp_models.results)
    key: tuple[str | int | bool, ...]  # what of it decides a result, beside the data

    @property
    def train(self) -> Interactions:
        """What models are fitted to."""

    @property
    def whole(self) -> Task | None:
        """The same test for models that learn of the validation part too; None where that is never trained on."""

    def validate(self, score: Score) -> dict[str, float]:
        """Means over the validation part; `evaluation.protocol.choice` of them decides which epoch is kept."""

    def measure(self, score: Score, part: Part) -> Result:
        """Everything that is reported of the validation or the test part."""


@runtime_checkable
class HasRatings(Protocol):
    """A task that knows the ratings of its train users."""

    def rated(self) -> Interactions:
        """All rated pairs that may be learnt from, with their values. Raises DataError where there are none."""


class Learner(Protocol):
    """What a model's class says of its training (`models.base.Recommender`)."""

    learns_from: Literal["likes", "ratings"]


def train_for(task: Task, learner: Learner | type[Learner]) -> Interactions:
    """What such a model is fitted to: likes, or all rated pairs with their values.

    Raises DataError where a model needs ratings and there are none.
    """
    if learner.learns_from == "likes":
        return task.train
    if not isinstance(task, HasRatings):
        raise DataError(
            f"The protocol {task.name} has likes alone, and the model learns from ratings: expected another --protocol."
        )
    return task.rated()


@dataclass(frozen=True)
class NewUsers:
    """Strong generalisation: users whom the model never met, a fifth of each history held out (Liang et al. 2018)."""

    split: Split
    dataset: Dataset | None = None  # where the ratings are, for models that learn from them
    full: bool = False  # measure by metrics.FULL, as the benchmark does, not by metrics.SMALL
    result: ClassVar[type] = Evaluation
    whole: ClassVar[None] = None

    @property
    def name(self) -> str:
        """The protocol of the split: liang or vasp."""
        return self.split.protocol

    @property
    def key(self) -> tuple[str, int]:
        """Protocol and number of test users."""
        return self.split.protocol, self.split.heldout

    @property
    def train(self) -> Interactions:
        """Histories of the train users."""
        return self.split.train

    def rated(self) -> Interactions:
        """All ratings of the train users over the catalogue of the split, in its rows. Raises DataError."""
        if self.dataset is None:
            raise DataError("The split came without its data set, so there are no ratings: expected NewUsers of both.")
        return rated_by(self.dataset, self.split.train_users, self.split.item_ids)

    def validate(self, score: Score) -> dict[str, float]:
        """Means over the validation users."""
        result = evaluate(score, self.split.val_in, self.split.val_te)
        return {name: float(values.mean()) for name, values in result.per_user.items()}

    def measure(self, score: Score, part: Part) -> Evaluation:
        """Every metric of every user of the part."""
        if part == "val":
            return evaluate(score, self.split.val_in, self.split.val_te, self.full)
        return evaluate_folds(score, self.split.test_folds, self.full)

"""Ways to measure a recommender: what it is fitted to, by what an epoch is chosen, what is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.protocol import Evaluation, Score, evaluate, evaluate_folds

if TYPE_CHECKING:
    from vasp_models.data.splits import Split

Part = Literal["val", "test"]


class Task(Protocol):
    """One protocol on one data set."""

    name: str  # liang, vasp, leave-one-out, ratings

    @property
    def train(self) -> Interactions:
        """What models are fitted to."""

    def validate(self, score: Score) -> dict[str, float]:
        """Means over the validation part; `evaluation.protocol.choice` of them decides which epoch is kept."""

    def measure(self, score: Score, part: Part) -> Evaluation:
        """Everything that is reported of the validation or the test part: `summary()`, and `difference(other)`."""


@dataclass(frozen=True)
class NewUsers:
    """Strong generalisation: users whom the model never met, a fifth of each history held out (Liang et al. 2018)."""

    split: Split

    @property
    def name(self) -> str:
        """The protocol of the split: liang or vasp."""
        return self.split.protocol

    @property
    def train(self) -> Interactions:
        """Histories of the train users."""
        return self.split.train

    def validate(self, score: Score) -> dict[str, float]:
        """Means over the validation users."""
        result = evaluate(score, self.split.val_in, self.split.val_te)
        return {name: float(values.mean()) for name, values in result.per_user.items()}

    def measure(self, score: Score, part: Part) -> Evaluation:
        """Every metric of every user of the part."""
        if part == "val":
            return evaluate(score, self.split.val_in, self.split.val_te)
        return evaluate_folds(score, self.split.test_folds)

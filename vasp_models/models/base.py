"""What every recommender is, and what some of them can do besides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
import time
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError, ModelError
from vasp_models.evaluation.ranking import best_unseen
from vasp_models.training.options import Epoch, TrainOptions

if TYPE_CHECKING:
    from torch import Tensor, device

    from vasp_models.models.inputs import Alone
    from vasp_models.training.state import TrainingState


class ScoreFunction(Protocol):
    """What `Recommender.score` is."""

    def __call__(self, histories: Interactions, candidates: np.ndarray | None = None) -> np.ndarray: ...


Validate = Callable[[ScoreFunction], dict[str, float]]  # metrics of a scoring function on the validation users


class Recommender(ABC):
    """A model that scores every item of its catalogue for a history.

    Built from its settings (a frozen dataclass) and the number of items; then fitted; then only read.
    """

    Settings: ClassVar[type]
    personalised: ClassVar[bool] = True
    needs_order: ClassVar[bool] = False  # learns from and reads histories in the order in which they were chosen
    learns_from: ClassVar[Literal["likes", "ratings"]] = "likes"  # "ratings": all rated pairs, with their values
    # How a user whom training did not meet is taken up: the history goes in, or the user's vector is solved for it.
    new_users: ClassVar[Literal["forward", "solve", "none"]] = "forward"
    softmax: ClassVar[bool] = False  # scores are logits of a softmax over the items; explained as log-softmax

    def __init__(self, settings: object, n_items: int, seed: int = 0) -> None:
        """An unfitted model; `seed` draws the first weights where there are any."""
        self.settings = settings
        self.n_items = n_items

    @abstractmethod
    def fit_epochs(
        self,
        train: Interactions,
        options: TrainOptions,
        validate: Validate | None = None,
        state: TrainingState | None = None,
    ) -> Iterator[Epoch]:
        """Fit to `train`, yielding after each epoch; leaving the loop stops early and keeps the best epoch.

        Models in closed form yield once and ignore `state`, from which an interrupted training goes on.
        """

    @abstractmethod
    def _scores(self, histories: Interactions) -> np.ndarray:
        """Scores of checked histories, float32 (rows, items)."""

    @abstractmethod
    def tensors(self) -> dict[str, np.ndarray]:
        """What was learnt, by name, as it is saved."""

    @abstractmethod
    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over what was learnt. Raises KeyError or ValueError where a name or a shape does not fit."""

    def score(self, histories: Interactions, candidates: np.ndarray | None = None) -> np.ndarray:
        """Scores of all items for each history, float32 (rows, items); -inf where an item is not modelled.

        With `candidates`, item numbers (rows, c), those of each row's own candidates alone, (rows, c).
        Raises DataError when the histories belong to a catalogue of another size, ModelError before the first fit.
        """
        self._check(histories)
        return self._scores(histories) if candidates is None else self._scores_at(histories, candidates)

    def _scores_at(self, histories: Interactions, candidates: np.ndarray) -> np.ndarray:
        """Scores of each row's candidates; models that need not score everything for that say so here."""
        return np.take_along_axis(self._scores(histories), np.asarray(candidates, dtype=np.int64), axis=1)

    def best(self, histories: Interactions, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best unseen items of each history, numbers int64 and scores float32, (rows, k): see `best_unseen`."""
        return best_unseen(self.score(histories), histories, k)

    def covers(self, items: np.ndarray) -> np.ndarray:
        """Which of some items the model has learnt of, bool (len(items)); it neither scores nor reads the others."""
        return np.ones(len(items), dtype=bool)

    def histories(self, rows: Iterable[Sequence[int]]) -> Interactions:
        """Histories as the model reads them: in the order given, each item once, where it needs one, else as sets."""
        if self.needs_order:
            rows = [list(dict.fromkeys(np.asarray(row).tolist())) for row in rows]
        return Interactions.from_lists(rows, self.n_items, self.needs_order)

    def fit(self, train: Interactions, options: TrainOptions | None = None, validate: Validate | None = None) -> None:
        """Fit without looking at the epochs."""
        for _ in self.fit_epochs(train, options or TrainOptions(), validate):
            pass

    def _check(self, histories: Interactions) -> None:
        if histories.n_items != self.n_items:
            raise DataError(
                f"The histories are over {histories.n_items:,} items and the model over {self.n_items:,}: "
                "expected the catalogue that the model was trained on."
            )
        if self.needs_order and not histories.ordered and (histories.lengths > 1).any():
            raise DataError(
                f"{type(self).__name__} reads each history in its order, and these have none: expected histories in "
                "the order in which their items were chosen, from data with timestamps."
            )

    def _check_train(self, train: Interactions) -> None:
        if self.needs_order and not train.ordered:
            raise DataError(
                f"{type(self).__name__} learns from the order of each history, and these data have none: expected "
                "ratings with a timestamp column."
            )
        self._check(train)


class OneStep(Recommender):
    """A model that is computed at once: its training is one epoch, named `step`."""

    step: ClassVar[str]

    @abstractmethod
    def _learn(self, train: Interactions) -> None:
        """Compute what is learnt from the histories of the train users."""

    def fit_epochs(
        self, train: Interactions, options: TrainOptions, validate: Validate | None = None, state: object = None
    ) -> Iterator[Epoch]:
        """Learn and validate once, yielded as one epoch."""
        started = time.perf_counter()
        self._check_train(train)
        self._learn(train)
        metrics = validate(self.score) if validate else {}
        yield Epoch(self.step, 1, 1, None, metrics, time.perf_counter() - started, True)


def not_fitted(name: str) -> ModelError:
    """The error of a model that has learnt nothing yet."""
    return ModelError(f"{name} has not been fitted: call fit() with the train users' histories first.")


@runtime_checkable
class HasFactors(Protocol):
    """The score is a log score and the exact sum of named log factors (VASP eq. 7)."""

    factor_names: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]  # part -> its factors

    def log_factors(self, histories: Interactions) -> np.ndarray:
        """Log factors, float32 (factors, rows, items); -inf where an item is not modelled."""


@runtime_checkable
class HasItemWeights(Protocol):
    """One factor's logit (or the raw score) is linear: logit = bias + sum over the history of item_weights."""

    linear_factor: str | None  # its name, "score" for the raw score; None where this very model has no such factor
    linear_bias: float

    def item_weights(self, items: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """Weights that lead from the given history items to the targets (all without them), (items, targets).

        Float32 where these are what was learnt, float64 where they are computed from it, so that no digit is lost.
        0 from items that the model does not cover, NaN to them.
        """


class SubsetAnswers(Protocol):
    """Log factors and logits by factor name, fp32 tensors (rows, targets)."""

    log_factors: dict[str, Tensor]
    logits: dict[str, Tensor]


@runtime_checkable
class HasGradient(Protocol):
    """The factors can be asked for many sub-profiles of one history, differentiably in how much each item counts."""

    def on_subsets(
        self, history: np.ndarray, weights: Tensor, targets: np.ndarray | None = None, along: bool = False
    ) -> SubsetAnswers:
        """Answers to the sub-profiles `weights`, float (rows, h), for the target items (default all modelled ones).

        A row of 0 and 1 is a profile, normalised by what it holds where the model normalises. With `along` every row
        is normalised as the full history is: the straight path of integrated gradients, in u = x / ||x||. Items that
        the model does not cover count as nothing; the targets must be covered. Raises ModelError for others.
        """


@runtime_checkable
class AnswersAlone(Protocol):
    """Items that stand alone in a history are asked in two steps on the model's device: answers come block by block.

    The first step's result is small (a few thousand numbers for an item); from it come the answers about any items, so
    that two blocks of items can be compared without the rest of the items x items matrix.
    """

    device: device

    def alone(self, items: np.ndarray) -> Alone:
        """What the model makes of each of some items alone. Raises ModelError for items that it does not cover."""

    def among(self, asked: Alone, targets: Alone) -> dict[str, Tensor]:
        """Answers about the targets to each of the asked alone, fp32 (asked, targets) on the model's device.

        The log factors by name; the score by its one name, of a model without factors.
        """

"""What pages, reports and bundles ask of a checkpoint, whoever answers: its model (`Live`) or a bundle (`Stored`).

Importing this takes no torch; `open` takes it where the checkpoint has a model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from vasp_models import recommending
from vasp_models.errors import DeviceError

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.explanations.curves import DeletionCurve
    from vasp_models.explanations.explaining import Explanations
    from vasp_models.explanations.interactions import PairInteractions
    from vasp_models.explanations.leave_one_out import Influence
    from vasp_models.explanations.removals import Removal
    from vasp_models.recommending import Recommendations

Answer = TypeVar("Answer")
LISTED = 20  # films of a user's list that are explained together, in one batch
JOINT = "joint"  # ranks by the score itself instead of by one part of it
_INFLUENCES = 2  # of the largest models two batches are some hundred megabytes
_FORWARD = threading.Lock()  # a model is shared by all who ask; one forward pass at a time


@dataclass(frozen=True)
class Reasons:
    """What is said of some films of one user, with what has to be known of the model to read it.

    `parts` part -> its factors; `positive`: F is the log of a positive score, so that differences of F are factors;
    `ordered`: an empty profile tells films apart.
    """

    found: Explanations
    parts: dict[str, tuple[str, ...]]
    positive: bool
    ordered: bool = True


class Answers(ABC):
    """The answers of one checkpoint; histories and films are item numbers.

    `device` is where they come from (cpu, cuda, mps or bundle), `note` why that is not the device asked for (None where
    it is).
    """

    device: str
    note: str | None = None

    @property
    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """The parts by which films can be ranked, without the joint score; none for models without factors."""

    @abstractmethod
    def recommend(self, history: np.ndarray, k: int, rank_by: str = JOINT) -> Recommendations:
        """The k best unseen films for a history, by the joint score or by one part. Raises SettingError."""

    @abstractmethod
    def influence(self, history: np.ndarray) -> Influence:
        """Answers to a history with and without each of its films, for every film that can be asked about."""

    @abstractmethod
    def reasons(self, history: np.ndarray, items: np.ndarray) -> Reasons:
        """The reasons for some unseen films of one history. Raises ExplanationError."""

    @abstractmethod
    def curve(self, history: np.ndarray, item: int) -> DeletionCurve:
        """What becomes of a film while its strongest reasons go, by leave-one-out, and in random orders."""

    @abstractmethod
    def removals(self, history: np.ndarray, item: int) -> dict[int, Removal | None]:
        """The smallest removals that take a film off the first place, and out of the top 10."""

    @abstractmethod
    def pairs(self, history: np.ndarray, item: int) -> PairInteractions:
        """How the ten strongest films of the history act together on a film."""

    def effects(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        """How much each film of a history matters to a list: its mean absolute leave-one-out effect, float64 (h)."""
        if not len(items):
            return np.zeros(len(history))
        return np.abs(self.influence(history).of(items).sum(axis=0)).mean(axis=1)


def open(checkpoint: Checkpoint, device: str = "auto") -> Answers:
    """Who answers for a checkpoint: its model on a device, or the bundle that it is.

    Raises CheckpointError where the files are damaged.
    """
    if not checkpoint.is_bundle:
        return Live(checkpoint, device)
    from vasp_models.bundles.stored import Stored

    return Stored(checkpoint)


class Live(Answers):
    """A model in memory, on the CPU where the device asked for is absent or full; `note` says so."""

    def __init__(self, checkpoint: Checkpoint, device: str = "auto") -> None:
        from vasp_models import devices  # imports torch

        self._checkpoint = checkpoint
        self._influences: OrderedDict[bytes, Influence] = OrderedDict()
        try:
            self.device = devices.resolve(device)
        except DeviceError:
            self.device, self.note = "cpu", _absent(device)
        try:
            self.model = checkpoint.model(self.device)
        except Exception as error:
            if not self._full(error):
                raise
            self._move_to_cpu()

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(getattr(self.model, "parts", {}))

    def recommend(self, history: np.ndarray, k: int, rank_by: str = JOINT) -> Recommendations:
        part = None if rank_by == JOINT else rank_by
        return self.ask(lambda model: recommending.recommend(model, history, k, part))

    def influence(self, history: np.ndarray) -> Influence:
        from vasp_models.explanations import leave_one_out

        key = np.asarray(history, dtype=np.int64).tobytes()
        found = self._influences.get(key)
        if found is None:
            found = self.ask(lambda model: leave_one_out.influence(model, history))
            self._influences[key] = found
            while len(self._influences) > _INFLUENCES:
                self._influences.popitem(last=False)
        return found

    def reasons(self, history: np.ndarray, items: np.ndarray) -> Reasons:
        from vasp_models.explanations import answers, explaining

        answered = self.influence(history)
        found = self.ask(lambda model: explaining.explain(model, history, items, answered))
        kept = replace(found, answers=answered.only(items))  # what is kept longer is cut to the films asked for
        positive = answers.has_positive_scores(self.model)
        return Reasons(kept, answers.parts_of(self.model), positive, tells_apart(answered.empty))

    def curve(self, history: np.ndarray, item: int) -> DeletionCurve:
        from vasp_models.explanations.curves import deletion_curve

        order = np.argsort(-self._effect(history, item), kind="stable")
        return self.ask(lambda model: deletion_curve(model, history, item, order))

    def removals(self, history: np.ndarray, item: int) -> dict[int, Removal | None]:
        from vasp_models.explanations.removals import TOPS, removals

        answered = self.influence(history)
        return self.ask(lambda model: removals(model, history, item, TOPS, found=answered))

    def pairs(self, history: np.ndarray, item: int) -> PairInteractions:
        from vasp_models.explanations.interactions import pair_interactions, strongest

        positions = strongest(self._effect(history, item))
        return self.ask(lambda model: pair_interactions(model, history, item, positions))

    def ask(self, question: Callable[[Any], Answer]) -> Answer:
        """The model's answer; when the device runs out of memory meanwhile, the CPU gives it."""
        with _FORWARD:
            try:
                return question(self.model)
            except Exception as error:
                if not self._full(error):
                    raise
                self._move_to_cpu()
                return question(self.model)

    def _effect(self, history: np.ndarray, item: int) -> np.ndarray:
        """Leave-one-out effects on one film, float64 (h)."""
        return self.influence(history).of(np.array([item])).sum(axis=0)[:, 0]

    def _full(self, error: Exception) -> bool:
        # By name: torch's class is only there when torch is, and the core may have made a DeviceError of it.
        out_of_memory = type(error).__name__ == "OutOfMemoryError" or isinstance(error, DeviceError)
        return out_of_memory and self.device != "cpu"

    def _move_to_cpu(self) -> None:
        self.model, self.device, self.note = self._checkpoint.model("cpu"), "cpu", _out_of_memory(self.device)


def tells_apart(empty: np.ndarray) -> bool:
    """Whether the answers to an empty profile, (factors, items), put films in an order."""
    total = empty.sum(axis=0)
    known = np.isfinite(total)
    return bool(known.any() and np.ptp(total[known]) > 0)


def _absent(device: str) -> str:
    return (
        f"This machine has no usable {device} device, so the model runs on the CPU: the answers are the same, only "
        "slower. To ask for no other, start with `vasp-lens app --device cpu`."
    )


def _out_of_memory(device: str) -> str:
    return (
        f"{device.upper()} ran out of memory, so the model runs on the CPU: the answers are the same, only slower. "
        "Close what else uses the card, or start with `vasp-lens app --device cpu`."
    )

"""A recommender of one net whose logits are the scores: what autoencoders for top-N have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models.base import Validate
from vasp_models.models.group import Group
from vasp_models.models.inputs import Alone, Inputs, Subsets
from vasp_models.models.weights import TorchRecommender
from vasp_models.training.batches import Bag
from vasp_models.training.loop import Training
from vasp_models.training.options import Epoch, Stage, TrainOptions
from vasp_models.training.state import TrainingState

NET = "net"  # the name of the one net, where stages name parts
SCORE = "score"
FLOATS = 16_000_000  # held at once while many pairs are scored: 64 MB


def schedule(stage: Stage, **changes: object) -> TrainOptions:
    """Training in one stage, with some of its fields changed; in fp32, so that figures hold on every processor."""
    return TrainOptions((replace(stage, **changes),), precision="fp32")


@dataclass(frozen=True)
class NetworkOutput:
    """The score by its one name, fp32 (rows, targets): as a log factor, and as the logit; KL terms of the loss."""

    log_factors: dict[str, Tensor]
    logits: dict[str, Tensor]
    kl: list[Tensor]
    constant: float = 0.0  # what losses of a linear output take from it


class Net(Group, ABC):
    """A differentiable scorer: built from its settings, the number of items and a generator for its first weights."""

    transient: ClassVar[tuple[str, ...]] = ()  # submodules that only training needs: they are not saved

    @abstractmethod
    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Scores of the target items (all without them), fp32 (rows, targets); `noise` feeds what is random."""

    def features(self, x: Inputs, noise: torch.Generator | None = None) -> Any:
        """What the net makes of histories before it looks at the items it is asked about; a net that can name nothing
        smaller gives them back.
        """
        return x

    def scored(self, features: Any, targets: Tensor | None = None) -> Tensor:
        """Scores of the target items from `features`, fp32 (rows, targets); of histories, a forward pass."""
        return self(features, None, targets)

    def at_pairs(
        self, x: Inputs, noise: torch.Generator | None, rows: Tensor, items: Tensor, parts: tuple[str, ...] = ()
    ) -> Tensor:
        """Scores of `items`, int64 (pairs, c), for the rows `rows`, int64 (pairs), of x: fp32 (pairs, c).

        `parts` are the groups in training, where a net may be trained with some of them left out.
        """
        return self(x, noise)[rows[:, None], items]

    def at_steps(self, x: Inputs, noise: torch.Generator | None) -> Tensor:
        """For nets that read order: scores of all items at each place in time, fp32 (places, items).

        The places of a row are before its first item, then after each of its items but the last.
        """
        raise NotImplementedError

    def begin(self, train: Interactions) -> Interactions:
        """Called before training starts: makes weights whose size the train users decide; the histories to train on."""
        return train

    def divergence(self) -> Tensor | None:
        """KL of the last forward pass while training, (rows, terms), that the loss adds; None where there is none."""
        return None

    def groups(self) -> dict[str, Group]:
        """What is trained apart, by the names that stages and turns use; the whole net where a net names none."""
        return {NET: self}

    def turned(self, group: str) -> None:
        """What to do after a group's turn in an epoch."""


class Network(TorchRecommender):
    """A net, trained through stages, whose outputs are the scores; those of a history as a set are `SetNetwork`.

    With `softmax` they are the logits of a multinomial over the items, and explanations explain its log.
    """

    Net: ClassVar[type[Net]]
    factor_names = (SCORE,)

    def __init__(self, settings: object, n_items: int, seed: int = 0) -> None:
        super().__init__(settings, n_items)
        self.net = self.Net(settings, n_items, torch.Generator().manual_seed(seed))
        self.eval()

    @property
    def nets(self) -> dict[str, Group]:
        """What stages train, by name."""
        return self.net.groups()

    @property
    def transient(self) -> tuple[str, ...]:
        """Beginnings of the paths of weights that only training needs."""
        return tuple(f"net.{name}." for name in self.net.transient)

    def turned(self, group: str) -> None:
        """Called after a group's turn in an epoch."""
        self.net.turned(group)

    def forward(
        self, x: Inputs, parts: tuple[str, ...] = (NET,), noise: torch.Generator | None = None
    ) -> NetworkOutput:
        """One pass over histories, for training."""
        return self._trained(self.net(x, noise))

    def at_pairs(
        self, x: Inputs, parts: tuple[str, ...], noise: torch.Generator | None, rows: Tensor, items: Tensor
    ) -> NetworkOutput:
        """One pass over histories for some pairs of row and items alone, for training."""
        return self._trained(self.net.at_pairs(x, noise, rows, items, parts))

    def at_steps(self, x: Inputs, noise: torch.Generator | None) -> NetworkOutput:
        """One pass over ordered histories for what follows each place in time, for training."""
        return self._trained(self.net.at_steps(x, noise))

    def _trained(self, scores: Tensor) -> NetworkOutput:
        kl = self.net.divergence()  # of the pass that gave the scores
        return NetworkOutput({SCORE: scores}, {SCORE: scores}, [] if kl is None else [kl])

    def fit_epochs(
        self,
        train: Interactions,
        options: TrainOptions,
        validate: Validate | None = None,
        state: TrainingState | None = None,
    ) -> Iterator[Epoch]:
        """Train through the stages of the options; `state` lets an interrupted run go on."""
        self._check_train(train)
        self._check_options(options)
        train = self.net.begin(train)
        self.to(options.device)

        def check(parts: tuple[str, ...]) -> dict[str, float]:
            """Nothing is known of a net of which a part was not trained yet."""
            return validate(self.score) if validate is not None and set(parts) == set(self.nets) else {}

        yield from Training(self, train, options, check, state or TrainingState()).epochs()

    def _check_options(self, options: TrainOptions) -> None:
        """Raise SettingError for stages that this model cannot be trained by."""
        for stage in options.stages:
            if stage.loss == "focal":
                raise SettingError(
                    f"The loss focal of stage {stage.name!r} is of log probabilities, and {type(self).__name__} gives "
                    "logits: expected softmax, bce or mse."
                )
            if (stage.following is not None) != self.needs_order:
                wanted = "a number of items that follow, as in" if self.needs_order else "no"
                raise SettingError(
                    f"Stage {stage.name!r} has following={'nothing' if stage.following is None else stage.following}, "
                    f"and {type(self).__name__} reads {'order' if self.needs_order else 'sets'}: expected {wanted} "
                    f"--set following{'=4' if self.needs_order else ''}."
                )

    def _scores(self, histories: Interactions) -> np.ndarray:
        return self.in_blocks(histories, self._answered)

    def _answered(self, rows: Bag) -> Tensor:
        return self.net(rows, None)


class SetNetwork(Network):
    """A network that reads a history as a set, and can be asked for many sub-profiles of it (HasGradient)."""

    def on_subsets(
        self, history: np.ndarray, weights: Tensor, targets: np.ndarray | None = None, along: bool = False
    ) -> NetworkOutput:
        """Answers to sub-profiles of one history, differentiable in their weights (see HasGradient)."""
        items = torch.from_numpy(np.asarray(history, dtype=np.int64)).to(self.device)
        weights = weights.to(self.device)
        x = Subsets.along(items, weights, len(items)) if along else Subsets.real(items, weights)
        chosen = None if targets is None else torch.from_numpy(np.asarray(targets, dtype=np.int64)).to(self.device)
        # A softmax couples all items: its log at some needs the logits of all.
        logits = self.net(x, None, None if self.softmax else chosen)
        scores = logits.log_softmax(dim=1) if self.softmax else logits
        if self.softmax and chosen is not None:
            logits, scores = logits[:, chosen], scores[:, chosen]
        return NetworkOutput({SCORE: scores}, {SCORE: logits}, [])

    def alone(self, items: np.ndarray) -> Alone:
        """What the net makes of each of some items alone (see AnswersAlone)."""
        return Alone.of({NET: self.net}, torch.from_numpy(np.asarray(items, dtype=np.int64)).to(self.device))

    def among(self, asked: Alone, targets: Alone) -> dict[str, Tensor]:
        """Scores of the targets for each of the asked alone, fp32 (asked, targets); of a softmax, its logits."""
        return {SCORE: self.net.scored(asked.features[NET], targets.columns)}


class PairNetwork(Network):
    """A network that joins user and item late, and so need not score all items where a few are asked for.

    Its net says in `floats` how many numbers it holds for each pair.
    """

    def _scores_at(self, histories: Interactions, candidates: np.ndarray) -> np.ndarray:
        size = max(1, FLOATS // (self.net.floats * candidates.shape[1]))
        found = []
        with torch.inference_mode():
            for start in range(0, len(histories), size):
                block = slice(start, start + size)
                items = torch.from_numpy(np.asarray(candidates[block], dtype=np.int64)).to(self.device)
                rows = torch.arange(len(items), device=self.device)
                x = Bag.of(histories.take(block), self.device)
                found.append(self.net.at_pairs(x, None, rows, items).cpu().numpy())
        return np.concatenate(found) if found else np.empty(candidates.shape, np.float32)

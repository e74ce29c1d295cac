"""Train a product of differentiable parts, stage by stage, and keep its best epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
import math
import sys
import time

import numpy as np
import torch
from torch import Tensor, nn

from vasp_models import devices
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.evaluation.protocol import choice
from vasp_models.training import moving, on_device, processes
from vasp_models.training.batches import Bag, Batch, Dense, epoch_batches, following, steps_per_epoch
from vasp_models.training.focal import focal
from vasp_models.training.losses import LOSSES, PAIR_LOSSES
from vasp_models.training.negatives import with_negatives
from vasp_models.training.options import LINEAR_LOSSES, Epoch, Stage, TrainOptions, Turn
from vasp_models.training.state import TrainingState

Validate = Callable[[tuple[str, ...]], dict[str, float]]  # metrics of the named parts on validation users


@dataclass
class Training:
    """One training of `model` (a product with its parts in `model.nets`) on the histories `train`.

    `state` holds all that a later run needs to go on from the last finished epoch to the same result, bit for bit
    on the CPU: every epoch draws from its own generator, seeded by (seed, stage, epoch).
    """

    model: nn.Module
    train: Interactions
    options: TrainOptions
    validate: Validate | None
    state: TrainingState
    group: processes.Group = field(default_factory=processes.current)
    _together: nn.Module = field(init=False, repr=False)
    _spread: list[str] = field(default_factory=list, init=False, repr=False)  # names of weights kept in shares

    def epochs(self) -> Iterator[Epoch]:
        """Train through the stages, yielding after every epoch; however it ends, the best epoch stays in the model."""
        if self.group.size > 1:
            for part, net in self.model.nets.items():
                self._spread += [f"nets.{part}.{name}" for name in net.spread(self.group)]
        self.state.restore(self.model)
        done = 0
        try:
            for number, stage in enumerate(self.options.stages):
                left = range(max(self.state.epoch - done, 0), stage.epochs)
                if left or not stage.epochs:
                    yield from self._stage(number, left, done)
                done += stage.epochs
        finally:
            self.model.eval()  # an interrupt may come in the middle of a step
            self.state.restore_best(self.model)
            if not isinstance(sys.exception(), Exception):  # this process alone may have failed: the others do not come
                for net in self.model.nets.values():
                    net.gather()

    def _stage(self, number: int, epochs: range, done: int) -> Iterator[Epoch]:
        stage = self.options.stages[number]
        if not epochs:  # only evaluate
            yield self._closed(stage, {}, None, 0.0, done)
            return
        self._check_alone(stage)
        optimizers = self.prepared(stage)
        if epochs[0] > 0:
            self.state.restore_optimizers(optimizers)
        for epoch in epochs:
            started = time.perf_counter()
            loss = self._epoch(number, epoch, optimizers)
            yield self._closed(stage, optimizers, loss, started, done + epoch + 1)

    def prepared(self, stage: Stage) -> dict[str, torch.optim.Optimizer]:
        """Make the model ready for the steps of a stage; the optimisers of its parts."""
        for part, net in self.model.nets.items():
            net.requires_grad_(part in stage.parts)
        if devices.compiles(self.model.device.type):
            for part in stage.parts:
                for module in self.model.nets[part].trunks():
                    module.compile()
        self._together = self.group.together(self.model, self._spread)
        return {part: moving.optimizer(self.model.nets[part], stage, part) for part in stage.parts}

    def _closed(self, stage: Stage, optimizers: dict, loss: float | None, started: float, number: int) -> Epoch:
        """Validate, keep the weights if they are the best of the whole product yet, and note the epoch."""
        # Where weights are spread, none can answer without the others.
        asked = self.validate and (self.group.first or self._spread)
        metrics = self.group.told(self.validate(stage.parts) if asked else {})
        whole = set(stage.parts) == set(self.model.nets)
        best = whole and self.state.is_best(choice(metrics))
        seconds = time.perf_counter() - started if started else 0.0
        epoch = Epoch(stage.name, number, self.options.epochs, loss, metrics, seconds, best)
        self.state.close(self.model, optimizers, epoch)
        return epoch

    def _epoch(self, number: int, epoch: int, optimizers: dict[str, torch.optim.Optimizer]) -> float:
        """Train one epoch; the mean loss per row."""
        stage = self.options.stages[number]
        rng = np.random.default_rng([self.options.seed, number, epoch])
        dice = int(rng.integers(2**62))
        noise = torch.Generator(self.model.device).manual_seed(dice + self.group.rank)
        n_steps = steps_per_epoch(self.train, stage)
        total = torch.zeros((), device=self.model.device)
        self.model.train()
        done, passes = epoch * self._passes(stage) * n_steps, 0
        for turn in stage.turns or (Turn("", 1, stage.input_dropout),):
            for _ in range(turn.passes):
                for step, batch in enumerate(self._batches(stage, rng, dice + passes), passes * n_steps):
                    share = step / (n_steps * self._passes(stage))
                    moving.set_rates(optimizers, stage, epoch + share, 1 / (n_steps * self._passes(stage)))
                    total += self.step(stage, turn, optimizers, batch, (rng, noise), done + step)
                passes += 1
            for part in [turn.part] if turn.part else stage.parts:
                self.model.turned(part)
        self.model.eval()
        return _finite(float(self.group.total(total)) / (n_steps * passes * self.group.size), stage)

    def _batches(self, stage: Stage, rng: np.random.Generator, dice: int) -> Iterator[Batch]:
        """This process's share of each batch; all processes cut the same batches."""
        device = self.model.device
        if device.type != "cpu" and on_device.possible(self.train, stage):
            everyone = torch.Generator(device).manual_seed(2**62 + dice)  # not the numbers that the noise is made of
            return (batch.part(self.group.share(len(batch.bag))) for batch in self.resident.batches(stage, everyone))
        return (
            Batch.of(*histories, device, self.group.share(len(histories[0])))
            for histories in epoch_batches(self.train, stage, rng)
        )

    def _check_alone(self, stage: Stage) -> None:
        apart = self.group.size > 1 or self.options.rows_at_once
        if apart and (stage.negatives is not None or stage.following is not None or stage.refeed):
            raise SettingError(
                f"The stage {stage.name!r} samples negatives, reads order or feeds outputs back, which is done in one "
                "process with all rows of a step: expected the command without torchrun and without rows_at_once."
            )

    @cached_property
    def resident(self) -> on_device.Resident:
        """The histories on the model's device."""
        return on_device.Resident.of(self.train, self.model.device)

    @staticmethod
    def _passes(stage: Stage) -> int:
        """Passes over the data in an epoch."""
        return sum(turn.passes for turn in stage.turns) or 1

    def step(
        self, stage: Stage, turn: Turn, optimizers: dict[str, torch.optim.Optimizer], batch: Batch, draws, number: int
    ) -> Tensor:
        """One update, the `number`-th of the stage; its loss. With `refeed` a second one follows, of outputs alone."""
        *earlier, last = batch.parts(self._parts(stage)) if self.options.rows_at_once else [batch]
        total = torch.zeros((), device=self.model.device)
        with self.group.apart(self._together):
            for part in earlier:
                loss, _ = self._loss(stage, part, *draws, turn.input_dropout, number)
                loss.backward()
                total += loss.detach()
        loss, logits = self._loss(stage, last, *draws, turn.input_dropout, number)
        # In turn over the epochs, too: an epoch may have a single step.
        moved = [list(optimizers)[number % len(optimizers)]] if stage.alternate else list(optimizers)
        moved = [turn.part] if turn.part else moved
        self._update(optimizers, moved, loss)
        if stage.refeed:
            (outputs,) = logits.values()
            again = Dense(outputs.detach(), batch.bag.users)
            self._update(optimizers, moved, self._refed(stage, again, draws[1]))
        return total + loss.detach()

    def _parts(self, stage: Stage) -> int:
        """In how many parts the rows of a step pass through the model: for all processes and steps as many."""
        rows = stage.batch_users * (2 if stage.inputs == "halves" else 1)
        return -(-rows // self.group.size // self.options.rows_at_once)

    def _update(self, optimizers: dict[str, torch.optim.Optimizer], moved: list[str], loss: Tensor) -> None:
        loss.backward()
        for part in moved:
            optimizers[part].step()
            self.model.nets[part].project()
        for part in optimizers:  # not before the next backward pass: gradients would lie beside its activations
            self.model.nets[part].zero_grad(set_to_none=True)

    def _refed(self, stage: Stage, outputs: Dense, noise: torch.Generator) -> Tensor:
        """The loss of f(f(x)) against f(x), both over all items (Kuchaiev and Ginsburg 2017, section 2.3)."""
        (scores,) = self.model(outputs, stage.parts, noise).logits.values()
        # As the first loss is scaled: a mean over pairs, or a sum over items and a mean over rows.
        of_pairs = 1 if stage.negatives is not None else outputs.values.shape[1]
        return PAIR_LOSSES["mse"](scores, outputs.values) * of_pairs

    def _loss(
        self,
        stage: Stage,
        batch: Batch,
        rng: np.random.Generator,
        noise: torch.Generator,
        dropout: float,
        step: int,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of one batch, and the logits that it was taken of."""
        device, pairs = self.model.device, None
        if stage.negatives is not None:
            pairs = _on(device, *with_negatives(*batch.histories, stage.negatives, rng))
        bf16 = self.options.precision == "bf16"
        with torch.autocast(device.type, dtype=torch.bfloat16) if bf16 else nullcontext():
            output = self._output(stage, batch.bag.dropped(dropout, noise), pairs, noise)
        if pairs is not None:
            (scores,) = output.logits.values()
            rows, items, values = pairs
            loss = PAIR_LOSSES[stage.loss](scores[rows[:, None], items] if stage.refeed else scores, values)
        elif stage.following is not None:
            (scores,) = output.logits.values()
            loss = LOSSES[stage.loss](scores, *_on(device, *following(batch.histories[0], stage.following)))
        else:
            loss = _of_all(stage, output, batch)
        warm = min(1.0, step / stage.kl_warmup_steps) if stage.kl_warmup_steps else 1.0
        for divergence in output.kl:
            per_row = divergence.mean(dim=1) if stage.kl == "mean" else divergence.sum(dim=1)
            loss = loss + warm * stage.kl_weight * per_row.mean()
        if batch.weight == 1.0 and self.group.size == 1:
            return loss, output.logits
        # A mean over some rows: summed over parts and averaged over processes it has to be that over all rows.
        weighted = loss * batch.weight * self.group.size
        return weighted if len(batch.bag) else torch.nan_to_num(weighted), output.logits

    def _output(self, stage: Stage, x: Bag, pairs: list[Tensor] | None, noise: torch.Generator):
        """The model's output for what the stage asks: every item of the rows or of their places in time, or pairs."""
        if stage.following is not None:
            return self.model.at_steps(x, noise)
        if pairs is None or stage.refeed:  # what is fed back are scores of all items
            return self._together(x, stage.parts, noise)
        return self.model.at_pairs(x, stage.parts, noise, *pairs[:2])


def _of_all(stage: Stage, output, batch: Batch) -> Tensor:
    """The loss of all items of each row."""
    left_out = batch.bag.pairs if stage.mask_inputs else None
    if stage.loss == "focal":
        return focal(list(output.logits.values()), *batch.targets, left_out)
    if stage.loss in LINEAR_LOSSES:
        (scores,) = output.logits.values()
        scores = scores - output.constant if output.constant else scores
    else:
        scores = sum(output.log_factors.values())
    if left_out is not None:
        scores = scores.index_put(left_out, torch.tensor(-torch.inf, device=scores.device))
    return LOSSES[stage.loss](scores, *batch.targets)


def _finite(loss: float, stage: Stage) -> float:
    if not math.isfinite(loss):
        raise SettingError(
            f"The loss became {loss} in stage {stage.name!r}: expected a number; try a lower rate, as in "
            f"--set {stage.name}.learning_rate={stage.learning_rate / 10:g}, or --set precision=fp32."
        )
    return loss


def _on(device: torch.device, *arrays: np.ndarray) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(each).to(device) for each in arrays)

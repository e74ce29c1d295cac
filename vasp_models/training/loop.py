"""Train a product of differentiable parts, stage by stage, and keep its best epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
import math
import time

import numpy as np
import torch
from torch import Tensor, nn

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.evaluation.protocol import choice
from vasp_models.training.batches import Bag, Dense, epoch_batches, following, steps_per_epoch
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

    def epochs(self) -> Iterator[Epoch]:
        """Train through the stages, yielding after every epoch; however it ends, the best epoch stays in the model."""
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

    def _stage(self, number: int, epochs: range, done: int) -> Iterator[Epoch]:
        stage = self.options.stages[number]
        for part, net in self.model.nets.items():
            net.requires_grad_(part in stage.parts)
        if not epochs:  # only evaluate
            yield self._closed(stage, {}, None, 0.0, done)
            return
        optimizers = {part: _optimizer(self.model.nets[part], stage, part) for part in stage.parts}
        if epochs[0] > 0:
            self.state.restore_optimizers(optimizers)
        for epoch in epochs:
            started = time.perf_counter()
            loss = self._epoch(number, epoch, optimizers)
            yield self._closed(stage, optimizers, loss, started, done + epoch + 1)

    def _closed(self, stage: Stage, optimizers: dict, loss: float | None, started: float, number: int) -> Epoch:
        """Validate, keep the weights if they are the best of the whole product yet, and note the epoch."""
        metrics = self.validate(stage.parts) if self.validate else {}
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
        noise = torch.Generator(self.model.device).manual_seed(int(rng.integers(2**62)))
        n_steps = steps_per_epoch(self.train, stage)
        total = torch.zeros((), device=self.model.device)
        self.model.train()
        done, passes = epoch * self._passes(stage) * n_steps, 0
        for turn in stage.turns or (Turn("", 1, stage.input_dropout),):
            for _ in range(turn.passes):
                for step, (known, target) in enumerate(epoch_batches(self.train, stage, rng), passes * n_steps):
                    share = step / (n_steps * self._passes(stage))
                    _set_rates(optimizers, stage, epoch + share, 1 / (n_steps * self._passes(stage)))
                    total += self._step(stage, turn, optimizers, (known, target), (rng, noise), done + step)
                passes += 1
            for part in [turn.part] if turn.part else stage.parts:
                self.model.turned(part)
        self.model.eval()
        return _finite(float(total) / (n_steps * passes), stage)

    @staticmethod
    def _passes(stage: Stage) -> int:
        """Passes over the data in an epoch."""
        return sum(turn.passes for turn in stage.turns) or 1

    def _step(
        self, stage: Stage, turn: Turn, optimizers: dict[str, torch.optim.Optimizer], batch, draws, number: int
    ) -> Tensor:
        """One update, the `number`-th of the stage; its loss. With `refeed` a second one follows, of outputs alone."""
        loss, outputs = self._loss(stage, *batch, *draws, turn.input_dropout, number)
        # In turn over the epochs, too: an epoch may have a single step.
        moved = [list(optimizers)[number % len(optimizers)]] if stage.alternate else list(optimizers)
        moved = [turn.part] if turn.part else moved
        self._update(optimizers, moved, loss)
        if stage.refeed:
            again = Dense(outputs.detach(), Bag.of(batch[0], outputs.device).users)
            self._update(optimizers, moved, self._refed(stage, again, draws[1]))
        return loss.detach()

    def _update(self, optimizers: dict[str, torch.optim.Optimizer], moved: list[str], loss: Tensor) -> None:
        for optimizer in optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for part in moved:
            optimizers[part].step()
            self.model.nets[part].project()

    def _refed(self, stage: Stage, outputs: Dense, noise: torch.Generator) -> Tensor:
        """The loss of f(f(x)) against f(x), both over all items (Kuchaiev and Ginsburg 2017, section 2.3)."""
        (scores,) = self.model(outputs, stage.parts, noise).logits.values()
        # As the first loss is scaled: a mean over pairs, or a sum over items and a mean over rows.
        of_pairs = 1 if stage.negatives is not None else outputs.values.shape[1]
        return PAIR_LOSSES["mse"](scores, outputs.values) * of_pairs

    def _loss(
        self,
        stage: Stage,
        known: Interactions,
        target: Interactions,
        rng: np.random.Generator,
        noise: torch.Generator,
        dropout: float,
        step: int,
    ) -> tuple[Tensor, Tensor]:
        """The loss of one batch, and the scores that it was taken of."""
        device = self.model.device
        full = Bag.of(known, device)
        pairs = None
        if stage.negatives is not None:
            pairs = [torch.from_numpy(each).to(device) for each in with_negatives(known, target, stage.negatives, rng)]
        bf16 = self.options.precision == "bf16"
        with torch.autocast(device.type, dtype=torch.bfloat16) if bf16 else nullcontext():
            output = self._output(stage, full.dropped(dropout, noise), pairs, noise)
        if pairs is not None:
            (scores,) = output.logits.values()
            rows, items, values = pairs
            loss = PAIR_LOSSES[stage.loss](scores[rows[:, None], items] if stage.refeed else scores, values)
        elif stage.following is not None:
            scores = sum(output.log_factors.values())
            loss = LOSSES[stage.loss](scores, *_on(device, *following(known, stage.following)))
        else:
            scores = _scored(stage, output, full)
            loss = LOSSES[stage.loss](scores, *_pairs(target, scores.device))
        warm = min(1.0, step / stage.kl_warmup_steps) if stage.kl_warmup_steps else 1.0
        for divergence in output.kl:
            per_row = divergence.mean(dim=1) if stage.kl == "mean" else divergence.sum(dim=1)
            loss = loss + warm * stage.kl_weight * per_row.mean()
        return loss, scores

    def _output(self, stage: Stage, x: Bag, pairs: list[Tensor] | None, noise: torch.Generator):
        """The model's output for what the stage asks: every item of the rows or of their places in time, or pairs."""
        if stage.following is not None:
            return self.model.at_steps(x, noise)
        if pairs is None or stage.refeed:  # what is fed back are scores of all items
            return self.model(x, stage.parts, noise)
        return self.model.at_pairs(x, stage.parts, noise, *pairs[:2])


def _scored(stage: Stage, output, full: Bag) -> Tensor:
    """The scores of all items of each row that the loss is of."""
    if stage.loss in LINEAR_LOSSES:
        (scores,) = output.logits.values()
        scores = scores - output.constant if output.constant else scores
    else:
        scores = sum(output.log_factors.values())
    if stage.mask_inputs:
        scores = scores.index_put((full.rows, full.items), torch.tensor(-torch.inf, device=scores.device))
    return scores


def _finite(loss: float, stage: Stage) -> float:
    if not math.isfinite(loss):
        raise SettingError(
            f"The loss became {loss} in stage {stage.name!r}: expected a number; try a lower rate, as in "
            f"--set {stage.name}.learning_rate={stage.learning_rate / 10:g}, or --set precision=fp32."
        )
    return loss


def _pairs(histories: Interactions, device: torch.device) -> tuple[Tensor, Tensor]:
    return _on(device, histories.row_numbers, histories.indices.astype(np.int64))


def _on(device: torch.device, *arrays: np.ndarray) -> tuple[Tensor, Tensor]:
    return tuple(torch.from_numpy(each).to(device) for each in arrays)


def _optimizer(net: nn.Module, stage: Stage, part: str) -> torch.optim.Optimizer:
    rate = stage.learning_rate * stage.rate_scale.get(part, 1.0)
    penalty = 2 * stage.penalty  # the gradient of penalty x sum of squares
    if stage.optimizer == "adam":
        kind = torch.optim.AdamW if stage.weight_decay else torch.optim.Adam
        return kind(net.parameters(), lr=rate, weight_decay=stage.weight_decay or penalty)
    if stage.optimizer == "adagrad":
        return torch.optim.Adagrad(net.parameters(), lr=rate, weight_decay=penalty)
    if stage.optimizer == "sgd":
        return torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9, weight_decay=penalty)
    # Nadam with the epsilon of Keras, which the authors' code uses (the paper names no optimiser).
    return torch.optim.NAdam(
        net.parameters(), lr=rate, eps=1e-7, weight_decay=stage.weight_decay, decoupled_weight_decay=True
    )


def _set_rates(optimizers: dict[str, torch.optim.Optimizer], stage: Stage, epoch: float, step: float) -> None:
    """Warm up linearly, then stay or fall along a cosine to zero at the end of the stage; `epoch` may be fractional."""
    factor = min(1.0, (epoch + step) / stage.warmup_epochs) if stage.warmup_epochs else 1.0
    if stage.decay == "cosine" and epoch >= stage.warmup_epochs:
        share = (epoch - stage.warmup_epochs) / max(stage.epochs - stage.warmup_epochs, 1e-9)
        factor = 0.5 * (1 + math.cos(math.pi * share))
    for part, optimizer in optimizers.items():
        for group in optimizer.param_groups:
            group["lr"] = factor * stage.learning_rate * stage.rate_scale.get(part, 1.0)

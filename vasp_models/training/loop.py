"""Train a product of differentiable parts, stage by stage, and keep its best epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
import math
import time

import numpy as np
import torch
from torch import Tensor, nn

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.protocol import CHOICE
from vasp_models.training.batches import Bag, epoch_batches, steps_per_epoch
from vasp_models.training.losses import LOSSES
from vasp_models.training.options import Epoch, Stage, TrainOptions
from vasp_models.training.state import TrainingState

Validate = Callable[[tuple[str, ...]], dict[str, float]]  # metrics of the named parts on validation users


def train_stages(
    model: nn.Module, train: Interactions, options: TrainOptions, validate: Validate | None, state: TrainingState
) -> Iterator[Epoch]:
    """Train `model` (parts by name in `model.nets`), yielding after every epoch; however it ends, the best epoch stays.

    `state` holds all that a later run needs to go on from the last finished epoch to the same result, bit for bit
    on the CPU: every epoch draws from its own generator, seeded by (seed, stage, epoch).
    """
    state.restore(model)
    done = 0
    try:
        for number, stage in enumerate(options.stages):
            epochs = range(max(state.epoch - done, 0), stage.epochs)
            if stage.epochs == 0 or epochs:
                yield from _train_stage(model, train, options, number, epochs, done, validate, state)
            done += stage.epochs
    finally:
        state.restore_best(model)


def _train_stage(model, train, options, number, epochs, done, validate, state) -> Iterator[Epoch]:
    stage = options.stages[number]
    optimizers = {part: _optimizer(model.nets[part], stage, part) for part in stage.parts}
    for part, net in model.nets.items():
        net.requires_grad_(part in stage.parts)
    if epochs and epochs[0] > 0:
        state.restore_optimizers(optimizers)
    if not epochs:  # only evaluate
        yield _closed_epoch(model, stage, None, 0.0, done, options, validate, state)
    for epoch in epochs:
        started = time.perf_counter()
        loss = _train_epoch(model, train, options, number, epoch, optimizers)
        state.record(model, optimizers, done + epoch + 1)
        yield _closed_epoch(model, stage, loss, started, done + epoch + 1, options, validate, state)


def _closed_epoch(model, stage, loss, started, number, options, validate, state) -> Epoch:
    metrics = validate(stage.parts) if validate else {}
    whole = set(stage.parts) == set(model.nets)
    best = whole and state.offer(model, metrics.get(CHOICE), number)
    seconds = time.perf_counter() - started if started else 0.0
    epoch = Epoch(stage.name, number, options.epochs, loss, metrics, seconds, best)
    state.history.append(asdict(epoch))
    return epoch


def _train_epoch(model, train, options, number, epoch, optimizers) -> float:
    stage = options.stages[number]
    rng = np.random.default_rng([options.seed, number, epoch])
    device = model.device
    noise = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    n_steps = steps_per_epoch(train, stage)
    model.train()
    total = torch.zeros((), device=device)
    for step, (known, target) in enumerate(epoch_batches(train, stage, rng)):
        moving = list(optimizers) if not stage.alternate else [list(optimizers)[step % len(optimizers)]]
        _set_rates(optimizers, stage, epoch + step / n_steps, 1 / n_steps)
        loss = _loss(model, stage, known, target, noise, options.precision)
        for optimizer in optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for part in moving:
            optimizers[part].step()
            model.nets[part].project()
        total += loss.detach()
    model.eval()
    mean = float(total) / n_steps
    if not math.isfinite(mean):
        raise FloatingPointError(f"the loss became {mean} in stage {stage.name!r}: try a lower learning_rate or fp32")
    return mean


def _loss(model, stage: Stage, known: Interactions, target: Interactions, noise, precision: str) -> Tensor:
    device = model.device
    full = Bag.of(known, device)
    rows, items = _pairs(target, device)
    low = torch.autocast(device.type, dtype=torch.bfloat16) if precision == "bf16" else nullcontext()
    with low:
        output = model(full.dropped(stage.input_dropout, noise), stage.parts, noise)
    if stage.loss in ("mse", "cosine"):  # on the linear output, not on the logistic one (eq. 1 against eq. 10)
        (scores,) = output.logits.values()
    else:
        scores = sum(output.log_factors.values())
    if stage.mask_inputs:
        scores = scores.index_put((full.rows, full.items), torch.tensor(-torch.inf, device=device))
    loss = LOSSES[stage.loss](scores, rows, items)
    for divergence in output.kl:
        per_row = divergence.mean(dim=1) if stage.kl == "mean" else divergence.sum(dim=1)
        loss = loss + stage.kl_weight * per_row.mean()
    return loss


def _pairs(histories: Interactions, device: torch.device) -> tuple[Tensor, Tensor]:
    rows, items = histories.row_numbers, histories.indices.astype(np.int64)
    return torch.from_numpy(rows).to(device), torch.from_numpy(items).to(device)


def _optimizer(net: nn.Module, stage: Stage, part: str) -> torch.optim.Optimizer:
    # Nadam with the epsilon of Keras, which the authors' code uses (the paper names no optimiser).
    return torch.optim.NAdam(
        net.parameters(), lr=stage.learning_rate * stage.rate_scale.get(part, 1.0), eps=1e-7,
        weight_decay=stage.weight_decay, decoupled_weight_decay=True,
    )  # fmt: skip


def _set_rates(optimizers: dict[str, torch.optim.Optimizer], stage: Stage, epoch: float, step: float) -> None:
    """Warm up linearly, then stay or fall along a cosine to zero at the end of the stage; `epoch` may be fractional."""
    factor = min(1.0, (epoch + step) / stage.warmup_epochs) if stage.warmup_epochs else 1.0
    if stage.decay == "cosine" and epoch >= stage.warmup_epochs:
        share = (epoch - stage.warmup_epochs) / max(stage.epochs - stage.warmup_epochs, 1e-9)
        factor = 0.5 * (1 + math.cos(math.pi * share))
    for part, optimizer in optimizers.items():
        for group in optimizer.param_groups:
            group["lr"] = factor * stage.learning_rate * stage.rate_scale.get(part, 1.0)

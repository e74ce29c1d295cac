"""How weights move: the optimiser of each part, and its rate at each step.

On a graphics card a step is bound by the bytes of weights, gradients and moments. torch has kernels that go over them
once for most optimisers; for NAdam its compiler makes one. On a processor torch goes over each weight matrix several
times, with temporaries as large as the matrix; it is given large ones in blocks, whose temporaries stay in the cache.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vasp_models import devices
from vasp_models.training.options import Stage

BLOCK = 2**18  # weights


def optimizer(net: nn.Module, stage: Stage, part: str) -> torch.optim.Optimizer:
    """The optimiser of a part in a stage."""
    device = next(net.parameters()).device
    if device.type != "cpu":
        return _optimizer(list(net.parameters()), stage, part)
    blocks = Blocks(list(net.parameters()))
    made = _optimizer(blocks.weights, stage, part)
    made.register_step_pre_hook(lambda *_: blocks.take_gradients())
    made.register_step_post_hook(lambda *_: blocks.drop_gradients())
    return made


class Blocks:
    """Parameters as blocks of rows that share their memory; an optimiser that goes by element moves them alike."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._cut = [(each, rows) for each in parameters for rows in _rows(each)]
        self.weights = [nn.Parameter(each.detach()[rows], each.requires_grad) for each, rows in self._cut]

    def take_gradients(self) -> None:
        """Before a step: each block has its share of the gradient."""
        for block, (parameter, rows) in zip(self.weights, self._cut, strict=True):
            block.grad = None if parameter.grad is None else parameter.grad[rows]

    def drop_gradients(self) -> None:
        """After it: nothing holds the gradient but its parameter."""
        for block in self.weights:
            block.grad = None


def _rows(parameter: nn.Parameter) -> list[slice]:
    """Its rows in blocks of about BLOCK weights."""
    if parameter.numel() <= BLOCK:
        return [slice(None)] if parameter.dim() else [...]
    size = max(1, BLOCK * len(parameter) // parameter.numel())
    return [slice(start, start + size) for start in range(0, len(parameter), size)]


def _optimizer(weights: list[nn.Parameter], stage: Stage, part: str) -> torch.optim.Optimizer:
    rate = stage.learning_rate * stage.rate_scale.get(part, 1.0)
    penalty = 2 * stage.penalty  # the gradient of penalty x sum of squares
    compiled = devices.compiles(weights[0].device.type)
    fused = {"fused": True} if compiled else {}
    if stage.optimizer == "adam":
        kind = torch.optim.AdamW if stage.weight_decay else torch.optim.Adam
        return kind(weights, lr=rate, weight_decay=stage.weight_decay or penalty, **fused)
    if stage.optimizer == "adagrad":
        return torch.optim.Adagrad(weights, lr=rate, weight_decay=penalty)
    if stage.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=0.9, weight_decay=penalty, **fused)
    # Nadam with the epsilon of Keras, which the authors' code uses (the paper names no optimiser).
    made = torch.optim.NAdam(
        weights,
        lr=torch.tensor(rate, device=weights[0].device) if compiled else rate,
        eps=1e-7,
        weight_decay=stage.weight_decay,
        decoupled_weight_decay=True,
        capturable=compiled,
    )
    if compiled:  # a rate that is a number would be compiled into the kernel
        made.step = torch.compile(made.step)
    return made


def set_rates(optimizers: dict[str, torch.optim.Optimizer], stage: Stage, epoch: float, step: float) -> None:
    """Warm up linearly, then stay or fall along a cosine to zero at the end of the stage; `epoch` may be fractional."""
    factor = min(1.0, (epoch + step) / stage.warmup_epochs) if stage.warmup_epochs else 1.0
    if stage.decay == "cosine" and epoch >= stage.warmup_epochs:
        share = (epoch - stage.warmup_epochs) / max(stage.epochs - stage.warmup_epochs, 1e-9)
        factor = 0.5 * (1 + math.cos(math.pi * share))
    for part, each in optimizers.items():
        for group in each.param_groups:
            rate = factor * stage.learning_rate * stage.rate_scale.get(part, 1.0)
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

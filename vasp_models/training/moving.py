"""How weights move: the optimiser of each part, and its rate at each step.

On a graphics card a step is bound by the bytes of weights, gradients and moments. torch has kernels that go over them
once for most optimisers; for NAdam its compiler makes one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vasp_models import devices
from vasp_models.training.options import Stage


def optimizer(net: nn.Module, stage: Stage, part: str) -> torch.optim.Optimizer:
    """The optimiser of a part in a stage."""
    rate = stage.learning_rate * stage.rate_scale.get(part, 1.0)
    penalty = 2 * stage.penalty  # the gradient of penalty x sum of squares
    compiled = devices.compiles(next(net.parameters()).device.type)
    fused = {"fused": True} if compiled else {}
    if stage.optimizer == "adam":
        kind = torch.optim.AdamW if stage.weight_decay else torch.optim.Adam
        return kind(net.parameters(), lr=rate, weight_decay=stage.weight_decay or penalty, **fused)
    if stage.optimizer == "adagrad":
        return torch.optim.Adagrad(net.parameters(), lr=rate, weight_decay=penalty)
    if stage.optimizer == "sgd":
        return torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9, weight_decay=penalty, **fused)
    # Nadam with the epsilon of Keras, which the authors' code uses (the paper names no optimiser).
    made = torch.optim.NAdam(
        net.parameters(),
        lr=torch.tensor(rate, device=next(net.parameters()).device) if compiled else rate,
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

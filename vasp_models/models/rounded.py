"""A model with rounded weights, for lists: half the bytes to read, which is what a single user costs on a CPU.

Explanations need the model itself. In bf16 a sum depends on its batch by a hundredth, and a score is then no longer the
sum of what its films add.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.models.weights import TorchRecommender


class RoundedLinear(nn.Module):
    """A dense layer whose weights and products are bf16; it takes and gives the type of its input."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(values.detach().to(torch.bfloat16), requires_grad=False)
            for values in (layer.weight, layer.bias)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x W' + b, (rows, outputs)."""
        return functional.linear(x.to(self.weight.dtype), self.weight, self.bias).to(x.dtype)


def rounded(model: TorchRecommender) -> TorchRecommender:
    """A copy of a model with its dense layers in bf16; all other weights are shared with it.

    First layers and item x item matrices stay as they are: of them only the rows of a history are read.
    """
    twin = copy.deepcopy(model, {id(weights): weights for weights in (*model.parameters(), *model.buffers())})
    for module in list(twin.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, RoundedLinear(child))
    return twin

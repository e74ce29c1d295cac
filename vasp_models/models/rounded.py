"""A model with rounded weights, for lists: fewer bytes to read, which is what a single user costs on a CPU.

Explanations need the model itself. With rounded weights a sum depends on its batch by a hundredth, and a score is then
no longer the sum of what its films add.
"""

from __future__ import annotations

import copy
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.errors import SettingError
from vasp_models.models.weights import TorchRecommender

Weights = Literal["fp32", "bf16", "int8"]
WEIGHTS: tuple[Weights, ...] = ("fp32", "bf16", "int8")


class RoundedLinear(nn.Module):
    """A dense layer whose weights and products are bf16; it takes and gives the type of its input."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = _in_bf16(layer.weight), _in_bf16(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """x W' + b, (rows, outputs)."""
        return functional.linear(x.to(self.weight.dtype), self.weight, self.bias).to(x.dtype)


class Int8Linear(nn.Module):
    """A dense layer with weights of eight bits, each row with a scale of its own; inputs and products are bf16."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        scale = layer.weight.detach().abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        # Rounded by the scale as it is kept.
        scale = scale.to(torch.bfloat16)
        weight = (layer.weight.detach() / scale.float()).round().clamp(-127, 127).to(torch.int8)
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale[:, 0])
        self.bias = _in_bf16(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """x W' + b, (rows, outputs)."""
        product = torch.ops.aten._weight_int8pack_mm(x.to(torch.bfloat16), self.weight, self.scale)
        return (product + self.bias).to(x.dtype)


_KINDS: dict[str, type[nn.Module]] = {"bf16": RoundedLinear, "int8": Int8Linear}


def rounded(model: TorchRecommender, weights: Weights = "bf16") -> TorchRecommender:
    """A copy of a model with its dense layers in bf16 or int8; all other weights are shared with it.

    First layers and item x item matrices stay as they are: of them only the rows of a history are read. Raises
    SettingError for another kind of weights.
    """
    if weights not in WEIGHTS:
        raise SettingError(f"Unknown weights {weights!r}: expected one of {', '.join(WEIGHTS)}.")
    if weights == "fp32":
        return model
    twin = copy.deepcopy(model, {id(each): each for each in (*model.parameters(), *model.buffers())})
    for module in list(twin.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, _KINDS[weights](child))
    return twin


def _in_bf16(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().to(torch.bfloat16), requires_grad=False)

"""The modules of the unified framework: representation, fusion, prediction (Raziperchikolaei and Chung 2021, III)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.models.flvae import dense
from vasp_models.models.group import Group
from vasp_models.models.inputs import Inputs
from vasp_models.models.unified_settings import UnifiedSettings

_NARROWEST = 4  # layer of the MLP that predicts


class Side(nn.Module):
    """The representation of users or of items (section III-B): from numbers, or from histories or columns."""

    def __init__(self, chosen: UnifiedSettings, side: str, n_inputs: int, generator: torch.Generator) -> None:
        super().__init__()
        from_id = getattr(chosen, f"{side}_input") == "id"
        is_mlp = getattr(chosen, f"{side}_representation") == "mlp"
        hidden = getattr(chosen, f"{side}_hidden") if is_mlp else 0
        self.normalise, self.dropout = chosen.normalise, chosen.dropout
        self.first = nn.Parameter(torch.empty(n_inputs, hidden or chosen.factors))
        self.bias = None if from_id else nn.Parameter(torch.zeros(hidden or chosen.factors))
        self.last = dense(hidden, chosen.factors, generator) if hidden else None
        self.activation = getattr(torch, chosen.activation) if is_mlp else None
        if from_id:
            nn.init.normal_(self.first, std=0.01, generator=generator)
        else:
            nn.init.xavier_uniform_(self.first, generator=generator)

    def forward(self, inputs: Inputs | Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Representations, fp32 (rows, factors), of histories or of numbers, int64 (rows); `noise` feeds dropout."""
        if isinstance(inputs, Tensor):
            found = functional.embedding(inputs, self.first)
        else:
            x = inputs.scaled(inputs.lengths.clamp_min(1).rsqrt()) if self.normalise else inputs
            found = x.times(self.first) + self.bias
        found = found if self.last is None else self.last(found)
        found = found if self.activation is None else self.activation(found)
        if not self.dropout or noise is None:
            return found
        kept = torch.rand(found.shape, generator=noise, device=found.device) >= self.dropout
        return found * kept / (1 - self.dropout)


class Head(Group):
    """Fusion and prediction (sections III-C and III-D): u (rows, 1, d) and v (rows or 1, c, d) give (rows, c).

    Who asks about the same items again and again has them `prepared` once, and then asks with `joined`.
    """

    def __init__(self, chosen: UnifiedSettings, generator: torch.Generator) -> None:
        super().__init__()
        self.fusion, self.prediction, width = chosen.fusion, chosen.prediction, chosen.factors
        self.floats = width if chosen.prediction in ("mlp", "nonlinear") else 1  # held for each pair
        if chosen.prediction == "nonlinear":
            self.weights = nn.Parameter(torch.ones(1, width))  # at first the dot product
            if chosen.activation == "relu" and "mlp" in (chosen.user_representation, chosen.item_representation):
                # Products of what ReLU leaves are never negative: with weights of one sign they would all die out.
                nn.init.xavier_uniform_(self.weights, generator=generator)
            self.bias = nn.Parameter(torch.zeros(()))
        if chosen.prediction == "mlp":
            # Narrower ones die: two ReLUs that are never positive give every item the same score.
            widths = [max(min(width, _NARROWEST), width >> n) for n in range(chosen.layers)]
            n_inputs = 2 * width if chosen.fusion == "concatenation" else width
            self.start = dense(n_inputs, widths[0], generator)
            self.tower = nn.ModuleList(dense(a, b, generator) for a, b in zip(widths, [*widths[1:], 1], strict=True))
        if chosen.prediction == "cnn":
            sizes = [1] + [chosen.channels] * (width.bit_length() - 1)
            # Kernels of 2 x 2 with a stride of 2 never overlap: each is a dense layer over the four cells of a patch.
            self.tower = nn.ModuleList(dense(4 * a, b, generator) for a, b in zip(sizes, sizes[1:], strict=False))
            self.out = dense(chosen.channels, 1, generator)
            self.floats = width**2 * max(1, chosen.channels // 4)

    def forward(self, u: Tensor, v: Tensor) -> Tensor:
        """Logits, or the prediction itself where it is linear."""
        return self.joined(u, self.prepared(v))

    def prepared(self, v: Tensor) -> Tensor:
        """What of the way from items (..., d) to the prediction no user changes, (..., d or the MLP's first width)."""
        if self.fusion == "concatenation":  # its first layer is a sum over both halves: no pair is ever put together
            return v @ self.start.weight.chunk(2, dim=1)[1].T
        return functional.normalize(v, dim=-1) if self.fusion == "normalised-product" else v

    def joined(self, u: Tensor, v: Tensor) -> Tensor:
        """As `forward`, of prepared items."""
        if self.prediction == "cnn":
            return self._convolved(u, v)
        if self.fusion == "normalised-product":
            u = functional.normalize(u, dim=-1)
        if self.prediction == "mlp":
            return self._towered(u, v)
        if self.prediction == "nonlinear":
            return dot(u * self.weights, v) + self.bias
        return dot(u, v)

    def _towered(self, u: Tensor, v: Tensor) -> Tensor:
        if self.fusion == "concatenation":
            found = u @ self.start.weight.chunk(2, dim=1)[0].T + v + self.start.bias
        else:
            found = self.start(u * v)
        for layer in self.tower:
            found = layer(torch.relu(found))
        return found[..., 0]

    def _convolved(self, u: Tensor, v: Tensor) -> Tensor:
        found = (u[..., :, None] * v[..., None, :])[..., None]  # (rows, c, factors, factors, channels)
        for layer in self.tower:
            patches = found.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).transpose(3, 4)  # (..., n, n, 2, 2, channels)
            found = torch.relu(layer(patches.flatten(4)))
        return self.out(found)[..., 0, 0, 0]


def dot(u: Tensor, v: Tensor) -> Tensor:
    """Sums of products: (rows, 1 or c, factors) and (rows or 1, c, factors) -> (rows, c)."""
    if u.shape[1] > 1:
        return (u * v).sum(dim=-1)
    return u[:, 0] @ v[0].T if len(v) == 1 else (v @ u.mT)[..., 0]


class Sides(Group):
    """Both sides as one group, which an outer product is pretrained with."""

    def __init__(self, *sides: Side) -> None:
        super().__init__()
        self.sides = nn.ModuleList(sides)

"""DeepRec: a deep autoencoder with SELU and dense re-feeding (Kuchaiev and Ginsburg 2017).

Made for ratings: the loss is the squared error of what was rated, and a rating comes out for every item (preset
`ratings`). Of likes alone that loss is least for a net that says 1 to everything, so the other presets take the error
over all items: 1 where there is a like, 0 elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.models.flvae import columns, undrawn
from vasp_models.models.inputs import Inputs
from vasp_models.models.network import NET, Net, SetNetwork, schedule
from vasp_models.training.options import Stage, check_ranges


@dataclass(frozen=True)
class DeepRecSettings:
    """Widths and depth of n-512-512-1024-512-512-n, and the dropout on the code in the middle (section 3.2)."""

    hidden: int = 512
    layers: int = 2  # hidden layers on either side of the code
    code: int = 1024
    dropout: float = 0.8

    def __post_init__(self) -> None:
        widths = (1, 65_536)
        check_ranges(self, hidden=widths, layers=(1, 16), code=widths, dropout=(0, 0.99))


class DeepRecNet(Net):
    """x -> SELU layers -> code -> dropout -> SELU layers -> a linear layer."""

    def __init__(self, settings: DeepRecSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        side = [settings.hidden] * settings.layers
        self.weight = nn.Parameter(torch.empty(n_items, settings.hidden))  # the first layer, one row per item
        self.bias = nn.Parameter(torch.zeros(settings.hidden))
        _lecun_normal(self.weight, n_items, generator)
        self.encode = _layers([*side, settings.code], generator)
        self.decode = _layers([settings.code, *side], generator)
        (self.head,) = _layers([settings.hidden, n_items], generator)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Predicted ratings, or how sure a like is, fp32 (rows, targets)."""
        h = functional.selu(x.times(self.weight) + self.bias)
        for layer in self.encode:
            h = functional.selu(layer(h))
        if self.training and self.settings.dropout:
            kept = torch.rand(h.shape, generator=noise, device=h.device) >= self.settings.dropout
            h = h * kept / (1 - self.settings.dropout)
        for layer in self.decode:
            h = functional.selu(layer(h))
        return columns(self.head, h, targets)


def _lecun_normal(weight: Tensor, n_in: int, generator: torch.Generator) -> None:
    """Variance 1 / inputs, with which SELU keeps means and variances (Klambauer et al. 2017)."""
    nn.init.normal_(weight, std=1 / math.sqrt(n_in), generator=generator)


def _layers(widths: list[int], generator: torch.Generator) -> nn.ModuleList:
    layers = nn.ModuleList()
    for n_in, n_out in zip(widths, widths[1:], strict=False):
        layer = undrawn(n_in, n_out)
        _lecun_normal(layer.weight, n_in, generator)
        nn.init.zeros_(layer.bias)
        layers.append(layer)
    return layers


class DeepRec(SetNetwork):
    """The model of the paper."""

    Settings = DeepRecSettings
    Net = DeepRecNet


# Batches of 128, one re-feeding for each update, the error over what was rated. The paper's SGD (.005, momentum .9)
# diverges on MovieLens-1M; at a tenth of its rate validation RMSE is 1.11 after ten epochs, where Adam has .97.
_RATINGS = Stage(
    "train", 40, (NET,), inputs="full", batch_users=128, loss="mse", negatives=0, refeed=True, optimizer="adam",
    learning_rate=2e-4,
)  # fmt: skip
# A sum over all items is thousands of times the paper's mean over what was rated: at .005 it runs away.
_LIKES = Stage(
    "train", 100, (NET,), inputs="full", batch_users=128, loss="mse", refeed=True, optimizer="sgd", learning_rate=1e-5,
)  # fmt: skip
# On MovieLens-1M outputs that are fed back draw all users to one list: with Adam the best validation NDCG@100 is .195,
# and .349 without. Fewer layers, half of the input and half of the code dropped give .386 and more. SGD is slow at the
# rates that it stands.
_SMALL = Stage(
    "train", 100, (NET,), inputs="full", input_dropout=0.5, batch_users=128, loss="mse", optimizer="adam",
    learning_rate=1e-3,
)  # fmt: skip

PRESETS = {
    "deeprec": {
        "paper": (DeepRecSettings(), schedule(_LIKES)),
        "small": (DeepRecSettings(hidden=256, layers=1, code=256, dropout=0.5), schedule(_SMALL)),
        "tiny": (
            DeepRecSettings(hidden=64, code=128, dropout=0.5),
            schedule(_SMALL, epochs=40, batch_users=50, input_dropout=0.0),
        ),
        "ratings": (DeepRecSettings(), schedule(_RATINGS)),
    }
}

"""A net of its own, as a part of a product: its logits through a sigmoid (the future work of Vančura and Kordík 2021).

The paper closes with other encoders in FLVAE's place; any `Net` can take it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from vasp_models.models.hvamp import HVampNet, HVampSettings
from vasp_models.models.inputs import Inputs
from vasp_models.models.network import Net
from vasp_models.models.part import Part, PartOutput
from vasp_models.models.recvae import RecVAENet, RecVAESettings


class NetPart(Part):
    """log sigmoid of a net's logits; one factor, named as the part."""

    Net: ClassVar[type[Net]]

    def __init__(self, settings: object, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.net = self.Net(settings, n_items, generator)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> PartOutput:
        """The logit, (rows, targets), and the net's KL."""
        (name,) = self.factor_names
        return PartOutput({name: self.net(x, noise, targets)}, self.net.divergence())

    def features(self, x: Inputs) -> Any:
        """The net's."""
        return self.net.features(x)

    def logits(self, features: Any, targets: Tensor | None = None) -> dict[str, Tensor]:
        """The logit, (rows, targets)."""
        (name,) = self.factor_names
        return {name: self.net.scored(features, targets)}

    def turned(self) -> None:
        """All groups of the net had their turn."""
        for group in self.net.groups():
            self.net.turned(group)


class RecVAEPart(NetPart):
    """RecVAE in FLVAE's place."""

    Settings = RecVAESettings
    Net = RecVAENet
    transient = ("net.before",)
    title = "RecVAE"
    factor_names = ("recvae",)


class HVampPart(NetPart):
    """H+Vamp Gated in FLVAE's place."""

    Settings = HVampSettings
    Net = HVampNet
    title = "H+Vamp"
    factor_names = ("hvamp",)

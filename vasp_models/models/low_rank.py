"""The shallow path for large catalogues as a product of thin matrices: ELSA as a part (Vančura et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vasp_models.models.elsa import ELSASettings, LowRankNet
from vasp_models.models.inputs import Inputs, Subsets
from vasp_models.models.part import Part, PartOutput
from vasp_models.training.options import check_ranges


@dataclass(frozen=True)
class LowRankSettings:
    """Columns of the factor matrix; ELSA's scores, which are small numbers, times `temperature` are the logits."""

    factors: int = 256
    bias: float = -6.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, factors=(1, 65_536), bias=(-50, 50), temperature=(1e-6, 1e6))


class _UnitRows(LowRankNet):
    """A whose rows have length 1 as they are held: only a step of training, which moves them, has to divide by it."""

    def __init__(self, settings: ELSASettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__(settings, n_items, generator)
        self.project()

    def rows(self) -> Tensor:
        """A with rows of length 1, (items, factors)."""
        return super().rows() if self.training else self.A

    def project(self) -> None:
        """Put rows back to length 1, after every step and before the first."""
        with torch.no_grad():
            self.A.copy_(functional.normalize(self.A, dim=1))


class LowRank(Part):
    """sigma(b + c (x A A' - x)) with rows of A of length 1; items x factors numbers instead of items x items."""

    Settings = LowRankSettings
    title = "Low-rank path"
    factor_names = ("low_rank",)
    linear = True
    loss_without_bias = True

    def __init__(self, settings: LowRankSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.net = _UnitRows(ELSASettings(settings.factors), n_items, generator)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> PartOutput:
        """The logit of the target items, fp32 (rows, targets)."""
        logits = self.settings.bias + self.settings.temperature * self._scores(x, noise, targets)
        return PartOutput({"low_rank": logits}, None)

    def _scores(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None) -> Tensor:
        if not isinstance(x, Subsets) or targets is None:
            return self.net(x, noise, targets)
        # For a few items a sum of the small numbers that lead to them, which loses fewer digits than x A times A' - x.
        return x.summed(self.net.item_weights(x.items, targets).to(self.net.A.dtype))

    def project(self) -> None:
        """Put the rows of A back to length 1."""
        self.net.project()

    @property
    def bias(self) -> float:
        """The logit of every item for an empty history."""
        return self.settings.bias

    def layers(self) -> dict[str, tuple[str, ...]]:
        """One layer."""
        return {"A": ("net.A",)}

    def item_weights(self, items: Tensor, targets: Tensor | None = None) -> Tensor:
        """Rows of c (A A' - I) at the targets (all without them), float64 (len(items), targets)."""
        return self.settings.temperature * self.net.item_weights(items, targets)

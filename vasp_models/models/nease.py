"""NEASE, the shallow path: one item x item matrix with a zero diagonal (Vančura and Kordík 2021, section III-A)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from vasp_models.data.interactions import Interactions
from vasp_models.models.ease import edlae_weights
from vasp_models.models.inputs import Inputs
from vasp_models.models.part import Part, PartOutput
from vasp_models.training.columns import Columns
from vasp_models.training.options import check_ranges
from vasp_models.training.processes import Group


@dataclass(frozen=True)
class NEASESettings:
    """Where the matrix starts, and the constant that the logit has for an empty history."""

    start: Literal["glorot", "edlae"] = "glorot"
    bias: float = 0.0  # the paper and the authors' code have none: an empty history then gives .5 for every item
    temperature: float = 10.0  # with start "edlae": W = temperature x the closed form
    start_dropout: float = 0.33
    start_l2: float = 500.0

    def __post_init__(self) -> None:
        check_ranges(self, bias=(-50, 50), temperature=(1e-6, 1e6), start_dropout=(0, 0.99), start_l2=(1e-6, 1e12))


class NEASE(Part):
    """sigma(b + x W) with diag(W) = 0 (eq. 1 and 10); `W[j, i]` leads from history item j to item i."""

    Settings = NEASESettings
    title = "NEASE"
    factor_names = ("nease",)
    linear = True

    def __init__(self, settings: NEASESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.columns: Columns | None = None  # while several processes train: which of W are here
        self.W = nn.Parameter(torch.empty(n_items, n_items))
        nn.init.xavier_uniform_(self.W, generator=generator)
        self.project()

    def initialise(self, train: Interactions) -> None:
        """Start from the closed form where the settings say so."""
        if self.settings.start == "edlae":
            weights = edlae_weights(train, self.settings.start_l2, self.settings.start_dropout)
            with torch.no_grad():
                self.W.copy_(torch.from_numpy(weights).mul_(self.settings.temperature))

    def project(self) -> None:
        """Force the diagonal back to zero, after every step and before the first."""
        with torch.no_grad():
            own = self.W if self.columns is None else self.W[self.columns.own]
            own.fill_diagonal_(0.0)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> PartOutput:
        """The logit of the target items, float32 (rows, targets)."""
        if self.columns is None:
            linear = x.times(self.W, targets)
        else:
            linear = self.columns.times(x, self.W, self.training)
        return PartOutput({"nease": self.settings.bias + linear}, None)

    def spread(self, group: Group) -> tuple[str, ...]:
        """Keep this process's columns of W."""
        self.columns = Columns(len(self.W), group)
        self.W = nn.Parameter(self.columns.cut(self.W.detach()))
        return ("W",)

    def gather(self) -> None:
        """The whole matrix, on every process."""
        if self.columns is not None:
            self.W = nn.Parameter(self.columns.whole(self.W.detach()))
            self.columns = None

    @property
    def bias(self) -> float:
        """The logit of every item for an empty history."""
        return self.settings.bias

    def layers(self) -> dict[str, tuple[str, ...]]:
        """One layer."""
        return {"W": ("W",)}

    def silence(self, items: Tensor) -> bool:
        """Clear their rows."""
        self.W[items] = 0.0
        return True

    def item_weights(self, items: Tensor, targets: Tensor | None = None) -> Tensor:
        """Rows of W, what each of the given items adds to the targets' logits, float32 (len(items), targets)."""
        return self.W[items] if targets is None else self.W[items[:, None], targets]

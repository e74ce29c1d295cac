"""ELSA: a linear autoencoder whose item x item matrix has low rank (Vančura, Alves, Kasalický and Kordík 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.models.inputs import Inputs
from vasp_models.models.network import NET, SCORE, Net, SetNetwork, schedule
from vasp_models.training.options import Stage, check_ranges


@dataclass(frozen=True)
class ELSASettings:
    """Columns of the factor matrix, and whether training cuts negative scores.

    The authors' code for MovieLens cuts them, their released package does not. On MovieLens-1M the cut costs .017 of
    validation NDCG@100 and lets the first epochs be the best.
    """

    factors: int = 512
    relu: bool = False

    def __post_init__(self) -> None:
        check_ranges(self, factors=(1, 65_536))


class LowRankNet(Net):
    """scores = x A A' - x with rows of A of length 1, so that no item speaks for itself."""

    def __init__(self, settings: ELSASettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.relu = settings.relu
        self.A = nn.Parameter(torch.empty(n_items, settings.factors))
        nn.init.xavier_uniform_(self.A, generator=generator)

    def rows(self) -> Tensor:
        """A with rows of length 1, (items, factors)."""
        return functional.normalize(self.A, dim=1)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Scores of the target items, fp32 (rows, targets)."""
        rows = self.rows()
        scores = x.times(rows) @ (rows if targets is None else rows[targets]).T - x.dense(len(rows), targets)
        return functional.relu(scores) if self.training and self.relu else scores

    def item_weights(self, items: Tensor, targets: Tensor | None = None) -> Tensor:
        """Rows of A A' - I at the targets (all without them), float64 (len(items), targets)."""
        rows = self.rows()
        targets = torch.arange(len(rows), device=items.device) if targets is None else targets
        return rows[items].double() @ rows[targets].double().T - (items[:, None] == targets).double()


class ELSA(SetNetwork):
    """Low-rank, linear, with an exact share for each item of the history."""

    Settings = ELSASettings
    Net = LowRankNet
    linear_factor = SCORE
    linear_bias = 0.0

    def item_weights(self, items: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """Rows of A A' - I at the targets (all without them), float64 (len(items), targets)."""
        chosen = [
            None if each is None else torch.from_numpy(np.asarray(each, dtype=np.int64)).to(self.device)
            for each in (items, targets)
        ]
        with torch.inference_mode():
            return self.net.item_weights(*chosen).cpu().numpy()


_STAGE = Stage("train", 14, (NET,), inputs="full", batch_users=128, loss="cosine", learning_rate=0.1)


PRESETS = {
    "elsa": {
        # The authors' public code on MovieLens-20M: 800 factors, batches of 32, 10 epochs; NAdam at .1 in both.
        "paper": (ELSASettings(800, relu=True), schedule(_STAGE, epochs=10, batch_users=32)),
        "small": (ELSASettings(), schedule(_STAGE)),
        "tiny": (ELSASettings(48), schedule(_STAGE, epochs=10)),
    }
}

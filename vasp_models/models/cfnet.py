"""CFNet: representation learning and a learnt matching function in one prediction (Deng, Huang, Wang et al. 2019).

CFNet-rl and CFNet-ml are trained together; one layer over both of their last ones is the sum of their logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vasp_models.data.interactions import Interactions
from vasp_models.models.inputs import Inputs
from vasp_models.models.network import NET, Net, PairNetwork, SetNetwork, schedule
from vasp_models.models.unified import UnifiedNet
from vasp_models.models.unified_settings import UnifiedSettings
from vasp_models.training.options import Stage, check_ranges


@dataclass(frozen=True)
class CFNetSettings:
    """Widths of CFNet-rl's two MLPs, and of CFNet-ml's linear representations and the MLP that joins them."""

    user_hidden: int = 512
    item_hidden: int = 1024
    factors: int = 64
    width: int = 256
    layers: int = 3
    normalise: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        widths = (1, 65_536)
        check_ranges(
            self, user_hidden=widths, item_hidden=widths, factors=widths, width=widths, layers=(1, 16),
            dropout=(0, 0.99),
        )  # fmt: skip

    @property
    def rl(self) -> UnifiedSettings:
        """CFNet-rl: both sides by an MLP, multiplied."""
        return UnifiedSettings(
            "history", "mlp", self.user_hidden, "history", "mlp", self.item_hidden, self.factors,
            normalise=self.normalise, dropout=self.dropout, prediction="nonlinear",
        )  # fmt: skip

    @property
    def ml(self) -> UnifiedSettings:
        """CFNet-ml: both sides linear, joined by an MLP."""
        return UnifiedSettings(
            "history", "linear", 0, "history", "linear", 0, self.width, layers=self.layers, normalise=self.normalise,
            dropout=self.dropout, fusion="concatenation", prediction="mlp",
        )  # fmt: skip


class CFNetNet(Net):
    """The sum of both logits."""

    transient = ("rl.item", "ml.item")

    def __init__(self, settings: CFNetSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.rl = UnifiedNet(settings.rl, n_items, generator)
        self.ml = UnifiedNet(settings.ml, n_items, generator)

    @property
    def floats(self) -> int:
        """Numbers held for each pair that is scored."""
        return self.rl.floats + self.ml.floats

    def begin(self, train: Interactions) -> Interactions:
        """Size both item sides by the train users."""
        return self.ml.begin(self.rl.begin(train))

    def turned(self, group: str) -> None:
        """Keep what scoring needs of the items."""
        self.rl.turned(group)
        self.ml.turned(group)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of the target items, fp32 (rows, targets)."""
        return self.rl(x, noise, targets) + self.ml(x, noise, targets)

    def at_pairs(
        self, x: Inputs, noise: torch.Generator | None, rows: Tensor, items: Tensor, parts: tuple[str, ...] = ()
    ) -> Tensor:
        """Logits of `items`, (pairs, c), for `rows` of x, fp32 (pairs, c)."""
        return self.rl.at_pairs(x, noise, rows, items) + self.ml.at_pairs(x, noise, rows, items)


class CFNet(PairNetwork, SetNetwork):
    """The model of the paper, without its pretraining of the two halves."""

    Settings = CFNetSettings
    Net = CFNetNet


_STAGE = Stage(
    "train", 20, (NET,), inputs="full", batch_users=64, loss="bce", negatives=4, optimizer="adam", learning_rate=1e-3
)

PRESETS = {
    "cfnet": {
        "paper": (CFNetSettings(), schedule(_STAGE)),
        "small": (
            CFNetSettings(128, 128, 64, 64, normalise=True),
            schedule(_STAGE, input_dropout=0.5, epochs=40, learning_rate=3e-3),
        ),
        "tiny": (
            CFNetSettings(32, 32, 16, 16),
            schedule(_STAGE, inputs="halves", epochs=40, batch_users=50, learning_rate=0.01),
        ),
    }
}

"""A differentiable recommender that can be one part of a product (VASP eq. 6 and 7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from vasp_models.data.interactions import Interactions
from vasp_models.models.group import Group
from vasp_models.models.inputs import Inputs


@dataclass(frozen=True)
class PartOutput:
    """Logits of the factors by name, (rows, items), bf16 where that is computed in; KL per row and latent, or None."""

    logits: dict[str, Tensor]
    kl: Tensor | None


class Part(Group, ABC):
    """One part: built from its settings, the number of modelled items and a generator for its first weights."""

    Settings: ClassVar[type]
    title: ClassVar[str]
    factor_names: ClassVar[tuple[str, ...]]
    transient: ClassVar[tuple[str, ...]] = ()  # submodules that only training needs: they are not saved
    linear: ClassVar[bool] = False  # its one logit is `bias` + a sum of `item_weights` over the history
    loss_without_bias: ClassVar[bool] = False  # losses of the linear output are of that sum alone

    @abstractmethod
    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> PartOutput:
        """Log factors of the target items (all without them) for each row; `noise` feeds what is random in training."""

    def features(self, x: Inputs) -> Any:
        """What the part makes of histories before it looks at the items it is asked about, outside training.

        A part that can name nothing smaller than the histories gives them back, and `logits` is its forward pass: so
        do the linear ones, whose logits for one item alone are a row of their weights.
        """
        return x

    def logits(self, features: Any, targets: Tensor | None = None) -> dict[str, Tensor]:
        """Logits of the target items (all without them) from `features`, by factor name, (rows, targets)."""
        return self(features, None, targets).logits

    def layers(self) -> dict[str, tuple[str, ...]]:
        """Names of the weights by layer, from the outputs back to the inputs; one layer where a part names none.

        The order in which they are randomised to test that an explanation depends on them (Adebayo et al. 2018).
        """
        return {"weights": tuple(name for name, _ in self.named_parameters())}

    def silence(self, items: Tensor) -> bool:
        """Let nothing lead from some items to the outputs; False where the part's weights cannot be cut so."""
        return False

    def initialise(self, train: Interactions) -> None:
        """Start from the training data instead of random weights, where the part's settings say so."""

    def turned(self) -> None:
        """What to do after an epoch in which it moved."""

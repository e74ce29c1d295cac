"""A differentiable recommender that can be one part of a product (VASP eq. 6 and 7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from vasp_models.data.interactions import Interactions
from vasp_models.training.batches import Bag


@dataclass(frozen=True)
class PartOutput:
    """Log factors by name, fp32 (rows, items); the logits behind them; KL per row and latent dimension, or None."""

    log_factors: dict[str, Tensor]
    logits: dict[str, Tensor]
    kl: Tensor | None


class Part(nn.Module, ABC):
    """One part: built from its settings, the number of modelled items and a generator for its first weights."""

    Settings: ClassVar[type]
    title: ClassVar[str]
    factor_names: ClassVar[tuple[str, ...]]

    @abstractmethod
    def forward(self, x: Bag, noise: torch.Generator | None) -> PartOutput:
        """Log factors of every item for each row of the bag; `noise` feeds what is random in training."""

    def initialise(self, train: Interactions) -> None:
        """Start from the training data instead of random weights, where the part's settings say so."""

    def project(self) -> None:
        """Put the weights back on the constraint, after every step."""

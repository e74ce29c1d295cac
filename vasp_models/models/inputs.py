"""What a part reads a history from: whole histories as item lists, or many sub-profiles of one history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Inputs(Protocol):
    """Rows of weighted items; `training.batches.Bag` and `Subsets` are such."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Tensor:
        """Items that count in each row's norm, (rows)."""

    def scaled(self, factors: Tensor) -> Inputs:
        """Every weight of a row times the row's factor, (rows)."""

    def times(self, matrix: Tensor, columns: Tensor | None = None) -> Tensor:
        """The weighted sum of `matrix`'s rows for each row, (rows, columns); all columns where none are named."""

    def dense(self, n_items: int) -> Tensor:
        """The weights at their items, float (rows, n_items), 0 elsewhere."""


@dataclass(frozen=True)
class Subsets:
    """Sub-profiles of one history: `items` int64 (h), `weights` float (rows, h), `lengths` (rows) for the norm.

    Sums are one dense product over the h chosen rows of a matrix, and differentiable in the weights: leaving each of
    2,000 films out costs what 2,000 rows of a batch cost, not 4 million lookups.
    """

    items: Tensor
    weights: Tensor
    lengths: Tensor

    @classmethod
    def real(cls, items: Tensor, included: Tensor) -> Subsets:
        """Profiles as the model would meet them: each normalised by what it holds itself."""
        return cls(items, included, included.sum(dim=1))

    @classmethod
    def along(cls, items: Tensor, weights: Tensor, length: int) -> Subsets:
        """Points between the empty and the full profile, all normalised by the full profile's `length`."""
        return cls(items, weights, torch.full((len(weights),), float(length), device=weights.device))

    def __len__(self) -> int:
        return len(self.weights)

    def scaled(self, factors: Tensor) -> Subsets:
        """Every weight of a row times the row's factor."""
        return Subsets(self.items, self.weights * factors[:, None], self.lengths)

    def times(self, matrix: Tensor, columns: Tensor | None = None) -> Tensor:
        """The weighted sum of `matrix`'s rows for each sub-profile, (rows, columns)."""
        rows = matrix[self.items] if columns is None else matrix[self.items[:, None], columns]
        return self.weights.to(matrix.dtype) @ rows

    def dense(self, n_items: int) -> Tensor:
        """The weights at their items, (rows, n_items)."""
        nothing = torch.zeros(len(self), n_items, dtype=self.weights.dtype, device=self.weights.device)
        return nothing.index_add(1, self.items, self.weights)

"""What a part reads a history from: item lists, many sub-profiles of one history, or items that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

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

    def dense(self, n_items: int, columns: Tensor | None = None) -> Tensor:
        """The weights at their items, float (rows, columns), 0 elsewhere; all columns where none are named."""


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
        return self.summed(rows_of(matrix, self.items, columns))

    def summed(self, rows: Tensor) -> Tensor:
        """The weighted sum of `rows`, one for each chosen item, (rows, columns)."""
        return self.weights.to(rows.dtype) @ rows

    def dense(self, n_items: int, columns: Tensor | None = None) -> Tensor:
        """The weights at their items, (rows, columns)."""
        nothing = torch.zeros(len(self), n_items, dtype=self.weights.dtype, device=self.weights.device)
        found = nothing.index_add(1, self.items, self.weights)
        return found if columns is None else found[:, columns]


@dataclass(frozen=True)
class OneHot:
    """Histories of one item each: `items` int64 (rows), `weights` float (rows) or None for ones.

    A sum over a history is then a row of the matrix, and at some columns nothing else of it is touched.
    """

    items: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> Tensor:
        """One item in each row, int64 (rows)."""
        return torch.ones_like(self.items)

    def scaled(self, factors: Tensor) -> OneHot:
        """Every weight times the row's factor."""
        return OneHot(self.items, factors if self.weights is None else self.weights * factors)

    def times(self, matrix: Tensor, columns: Tensor | None = None) -> Tensor:
        """The weighted row of `matrix` for each item, (rows, columns)."""
        return self.summed(rows_of(matrix, self.items, columns))

    def summed(self, rows: Tensor) -> Tensor:
        """`rows`, one for each item, times its weight, (rows, columns)."""
        return rows if self.weights is None else self.weights.to(rows.dtype)[:, None] * rows

    def dense(self, n_items: int, columns: Tensor | None = None) -> Tensor:
        """The weights at their items, float32 (rows, columns)."""
        columns = torch.arange(n_items, device=self.items.device) if columns is None else columns
        return self.summed((self.items[:, None] == columns).float())


def rows_of(matrix: Tensor, items: Tensor, columns: Tensor | None = None) -> Tensor:
    """Some rows of a matrix at some columns (all where none are named), (items, columns)."""
    return matrix[items] if columns is None else matrix[items[:, None], columns]


class Splits(Protocol):
    """A net that reads histories first and answers about items afterwards; `Part` and `Net` are such."""

    def features(self, x: Inputs) -> Any:
        """What it makes of histories, outside training."""


@dataclass(frozen=True)
class Alone:
    """Items that each stand alone in a history: `columns` int64 (m) in the model, and each net's features of them."""

    columns: Tensor
    features: dict[str, Any]

    @classmethod
    def of(cls, nets: Mapping[str, Splits], columns: Tensor) -> Alone:
        """The items in some columns, as the nets read them."""
        return cls(columns, {name: net.features(OneHot(columns)) for name, net in nets.items()})

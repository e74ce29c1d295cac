"""Who interacted with what, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Interactions:
    """Histories of users as item numbers, row by row (compressed sparse rows without values).

    `indptr` int64 (rows + 1), `indices` int32 (pairs), `n_items` columns. Within a row the items stand in the
    order in which they were chosen where `ordered` is true, ascending where it is false; no item stands twice.
    `users` int64 (rows) are user numbers for models that know their users, else None; `values` float32 (pairs) are
    the ratings of the pairs, None where all pairs are likes.
    """

    indptr: np.ndarray
    indices: np.ndarray
    n_items: int
    ordered: bool = False
    users: np.ndarray | None = None
    values: np.ndarray | None = None

    @classmethod
    def from_lists(cls, histories: Iterable[Sequence[int]], n_items: int, ordered: bool = False) -> Interactions:
        """Interactions from one sequence of item numbers per user."""
        rows = [np.asarray(h, dtype=np.int32).reshape(-1) for h in histories]
        if not ordered:
            rows = [np.unique(row) for row in rows]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return cls(indptr, np.concatenate([np.empty(0, np.int32), *rows]), n_items, ordered)

    @classmethod
    def one_hot(cls, items: np.ndarray, n_items: int) -> Interactions:
        """One row per item, whose only interaction is that item (the paper's sensitivity analysis, section IV)."""
        return cls(np.arange(len(items) + 1, dtype=np.int64), np.asarray(items, dtype=np.int32), n_items)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def n_pairs(self) -> int:
        """Number of (user, item) pairs."""
        return len(self.indices)

    @property
    def lengths(self) -> np.ndarray:
        """Length of each history, int64 (rows)."""
        return np.diff(self.indptr)

    @cached_property
    def item_counts(self) -> np.ndarray:
        """How many users have each item, int64 (items)."""
        return np.bincount(self.indices, minlength=self.n_items)

    @property
    def row_numbers(self) -> np.ndarray:
        """The row of each pair, int64 (pairs)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def row(self, number: int) -> np.ndarray:
        """Item numbers of one history, int32 (a view)."""
        return self.indices[self.indptr[number] : self.indptr[number + 1]]

    def take(self, rows: np.ndarray | Sequence[int] | slice) -> Interactions:
        """The chosen rows, in the given order."""
        rows = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        # Position of every kept pair in the old array: the start of its row plus its place in the row.
        positions = np.arange(indptr[-1]) + np.repeat(self.indptr[rows] - indptr[:-1], lengths)
        users = None if self.users is None else self.users[rows]
        values = None if self.values is None else self.values[positions]
        return Interactions(indptr, self.indices[positions], self.n_items, self.ordered, users, values)

    def numbered(self) -> Interactions:
        """The same histories, whose users are their rows where they have no numbers yet."""
        return self if self.users is not None else replace(self, users=np.arange(len(self)))

    def transposed(self) -> Interactions:
        """Who has each item: the rows are items, the numbers the rows of these histories, ascending."""
        order = np.argsort(self.indices, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(self.item_counts)]).astype(np.int64)
        values = None if self.values is None else self.values[order]
        return Interactions(indptr, self.row_numbers[order].astype(np.int32), len(self), values=values)

    def csr(self, dtype: type = np.float32) -> sparse.csr_matrix:
        """A sparse matrix of ones (rows, items)."""
        shape = (len(self), self.n_items)
        return sparse.csr_matrix((np.ones(self.n_pairs, dtype), self.indices, self.indptr), shape=shape)

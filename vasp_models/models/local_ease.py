"""EASE on each item's nearest items alone: one small least-squares problem per item instead of one large inverse.

The items that may speak for an item are chosen first, as in fsSLIM (Ning and Karypis 2011, section III-C), then their
weights are EDLAE's closed form (Steck 2020, eq. 4) on those items. With all other items it is the closed form itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError

_CELLS = 2**25  # of counts or scratch held at once: some hundred MB
_HOT = 16_384  # the most liked items, whose joint counts are looked up in a dense table of at most 1 GiB


@dataclass(frozen=True)
class LocalWeights:
    """The k items that speak for each item, int32 (items, k), ascending, and their weights, float32 (items, k).

    An item with fewer than k others beside it has itself in the places left over, with weight 0.
    """

    sources: np.ndarray
    weights: np.ndarray


def local_edlae(train: Interactions, k: int, l2: float, dropout: float = 0.0) -> LocalWeights:
    """(G_NN + Lambda_N) b = G_Ni for each item i and its k nearest items N, with G = X'X and Lambda as in EDLAE.

    Nearest are those liked together with the item most often beyond chance: the largest (G_ji - G_jj G_ii / users) /
    sqrt(G_jj + Lambda_j), what each alone explains. Items that nobody has with it are never chosen. No matrix over all
    items is held. Raises DataError when the penalty leaves a system singular.
    """
    x = train.csr(np.float32)
    liked = x.T.tocsr()  # (items, users)
    counts = train.item_counts.astype(np.float64)
    diagonal = counts * (1 + dropout / (1 - dropout)) + l2
    k = min(k, train.n_items - 1)
    sources = np.empty((train.n_items, k), dtype=np.int32)
    for items, rows in _counted(liked, x):
        sources[items] = _nearest(rows, items, k, counts / len(train), counts, diagonal)
    together = _Together(liked, counts)
    weights = np.empty((train.n_items, k), dtype=np.float32)
    size = max(1, _CELLS // max(len(train), 4 * k * k))
    for start in range(0, train.n_items, size):
        block = slice(start, start + size)
        weights[block] = _solved(together, np.arange(train.n_items)[block], sources[block], diagonal, l2)
    return LocalWeights(sources, weights)


def _counted(liked: sparse.csr_matrix, x: sparse.csr_matrix) -> Iterator[tuple[np.ndarray, sparse.csr_matrix]]:
    """Blocks of rows of X'X, of so many items that the counts are few enough."""
    most = np.minimum(liked @ np.diff(x.indptr).astype(np.float64), liked.shape[0])  # bound of each row's entries
    block_of = (np.cumsum(most) // _CELLS).astype(np.int64)
    for items in np.split(np.arange(len(most)), np.flatnonzero(np.diff(block_of)) + 1):
        yield items, liked[items] @ x


def _nearest(
    rows: sparse.csr_matrix, items: np.ndarray, k: int, shares: np.ndarray, counts: np.ndarray, diagonal: np.ndarray
) -> np.ndarray:
    """The k nearest items of some items, ascending, from their rows of X'X."""
    chance = np.repeat(counts[items], np.diff(rows.indptr)) * shares[rows.indices]
    worth = (rows.data - chance) / np.sqrt(diagonal)[rows.indices]
    found = np.repeat(items[:, None], k, axis=1).astype(np.int32)
    for number, item in enumerate(items):
        row = slice(rows.indptr[number], rows.indptr[number + 1])
        others, worths = rows.indices[row], worth[row]
        kept = others != item
        others, worths = others[kept], worths[kept]
        if len(others) > k:
            others = others[np.argpartition(-worths, k - 1)[:k]]
        found[number, : len(others)] = others
    return np.sort(found, axis=1)


def _solved(
    together: _Together, items: np.ndarray, sources: np.ndarray, diagonal: np.ndarray, l2: float
) -> np.ndarray:
    """The weights of some items, float64 (items, k)."""
    import torch

    k = sources.shape[1]
    counts = together.of(np.concatenate([sources, items[:, None]], axis=1))  # (items, k + 1, k + 1)
    system, target = counts[:, :k, :k], counts[:, :k, k]
    spare = sources == items[:, None]  # themselves, in places left over: parted from the others, and 0
    system[spare[:, :, None] | spare[:, None, :]] = 0.0
    target[spare] = 0.0
    place = np.arange(k)
    system[:, place, place] = diagonal[sources]
    factor, info = torch.linalg.cholesky_ex(torch.from_numpy(system))
    if info.any():
        raise DataError(f"An item's system cannot be solved with l2={l2}: expected l2 > 0, e.g. --set l2=500.")
    return torch.cholesky_solve(torch.from_numpy(target)[:, :, None], factor)[:, :, 0].numpy()


class _Together:
    """How many users have both of two items, for many small groups of items."""

    def __init__(self, liked: sparse.csr_matrix, counts: np.ndarray) -> None:
        self.liked, self.n_users = liked, liked.shape[1]
        hot = np.sort(np.argsort(-counts, kind="stable")[:_HOT])
        self.place = np.full(len(counts), -1, dtype=np.int64)
        self.place[hot] = np.arange(len(hot))
        chosen = liked[hot]
        back = chosen.T.tocsr()
        self.table = np.empty((len(hot), len(hot)), dtype=np.float32)
        size = max(1, _CELLS // len(hot))
        for start in range(0, len(hot), size):
            self.table[start : start + size] = (chosen[start : start + size] @ back).toarray()

    def of(self, groups: np.ndarray) -> np.ndarray:
        """Joint counts within each group, float64 (groups, n, n), from item numbers (groups, n)."""
        place = self.place[groups]
        counts = self.table[place[:, :, None], place[:, None, :]].astype(np.float64)
        if (place < 0).any():
            self._count(groups, place < 0, counts)
        return counts

    def _count(self, groups: np.ndarray, cold: np.ndarray, counts: np.ndarray) -> None:
        """Put in the counts of pairs of which one item is not in the table, by one sparse product for all groups."""
        n = groups.shape[1]
        slots, users = self._users(groups, np.flatnonzero(cold))  # (pairs): a place in groups, and a user
        keys = slots // n * self.n_users + users
        number = np.full(len(groups) * self.n_users, -1, dtype=np.int32)
        number[keys] = np.arange(len(keys), dtype=np.int32)  # one number for each user of a group
        others, their_users = self._users(groups, np.flatnonzero(~cold))
        theirs = number[others // n * self.n_users + their_users]
        shape = (groups.size, len(keys))
        rare = sparse.csr_matrix((np.ones(len(keys), np.float32), (slots, number[keys])), shape)
        known = theirs >= 0
        rest = sparse.csr_matrix((np.ones(known.sum(), np.float32), (others[known], theirs[known])), shape)
        found = (rare @ (rare + rest).T.tocsr()).tocoo()
        group, one, other = found.row // n, found.row % n, found.col % n
        flat = cold.reshape(-1)
        rows, columns = cold[:, :, None], cold[:, None, :]
        counts[(rows | columns)] = 0.0
        counts[group, one, other] = found.data
        mixed = ~flat[found.col]
        counts[group[mixed], other[mixed], one[mixed]] = found.data[mixed]

    def _users(self, groups: np.ndarray, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Who has the items at some places in the groups: each place as often as it has users, and the users."""
        items = groups.reshape(-1)[slots]
        starts, lengths = self.liked.indptr[items].astype(np.int64), np.diff(self.liked.indptr)[items]
        ends = np.cumsum(lengths)
        at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
        return np.repeat(slots, lengths), self.liked.indices[at].astype(np.int64)

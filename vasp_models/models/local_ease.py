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


def local_edlae(
    train: Interactions, k: int, l2: float, dropout: float = 0.0, shared_users: int = 1
) -> LocalWeights:
    """(G_NN + Lambda_N) b = G_Ni for each item i and its k nearest items N, with G = X'X and Lambda as in EDLAE.

    Nearest are those liked together with the item most often beyond chance: the largest (G_ji - G_jj G_ii / users) /
    sqrt(G_jj + Lambda_j), what each alone explains. Items that fewer than `shared_users` have with it are never chosen.
    No matrix over all items is held. Raises DataError when the penalty leaves a system singular.
    """
    x = train.csr(np.float32)
    liked = x.T.tocsr()  # (items, users)
    counts = train.item_counts.astype(np.float64)
    diagonal = counts * (1 + dropout / (1 - dropout)) + l2
    k = min(k, train.n_items - 1)
    sources = np.empty((train.n_items, k), dtype=np.int32)
    for items, rows in _counted(liked, x):
        rows.data[rows.data < shared_users] = 0
        rows.eliminate_zeros()
        sources[items] = _nearest(rows, items, k, counts / len(train), counts, diagonal)
    together = _Together(liked, x, counts)
    weights = np.zeros((train.n_items, k), dtype=np.float32)
    told = np.flatnonzero((sources != np.arange(train.n_items)[:, None]).any(axis=1))  # of which others say something
    size = max(1, _CELLS // max(*x.shape, 4 * k * k))
    for start in range(0, len(told), size):
        block = told[start : start + size]
        weights[block] = _solved(together, block, sources[block], diagonal, l2)
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
    spare = sources == items[:, None]  # themselves, in places left over: parted from the others, and 0
    groups = np.concatenate([np.where(spare, -1, sources), items[:, None]], axis=1)
    counts = together.of(groups)  # (items, k + 1, k + 1)
    system, target = counts[:, :k, :k], counts[:, :k, k]
    system[spare[:, :, None] | spare[:, None, :]] = 0.0
    target[spare] = 0.0
    place = np.arange(k)
    system[:, place, place] = diagonal[sources]
    factor, info = torch.linalg.cholesky_ex(torch.from_numpy(system))
    if info.any():
        raise DataError(f"An item's system cannot be solved with l2={l2}: expected l2 > 0, e.g. --set l2=500.")
    return torch.cholesky_solve(torch.from_numpy(target)[:, :, None], factor)[:, :, 0].numpy()


class _Together:
    """How many users have both of two items, for many small groups of items.

    Two much liked items are looked up in a table; pairs with a rarer one are counted, over the rarer one's users.
    """

    def __init__(self, liked: sparse.csr_matrix, x: sparse.csr_matrix, counts: np.ndarray) -> None:
        self.liked, self.x, self.counts = liked, x, counts
        self.reach = liked @ np.diff(x.indptr).astype(np.float64)  # what an item's users have in all
        hot = np.sort(np.argsort(-counts, kind="stable")[:_HOT])
        self.place = np.full(len(counts), -1, dtype=np.int64)
        self.place[hot] = np.arange(len(hot))
        self.table = np.empty((len(hot), len(hot)), dtype=np.float32)
        back, size = liked[hot].T.tocsr(), max(1, _CELLS // len(hot))
        for start in range(0, len(hot), size):
            self.table[start : start + size] = (liked[hot[start : start + size]] @ back).toarray()
        self.scratch = np.empty(0, dtype=np.int32)

    def of(self, groups: np.ndarray) -> np.ndarray:
        """Joint counts within each group, float64 (groups, n, n), from distinct item numbers (groups, n).

        A place without an item holds -1; its counts mean nothing.
        """
        place = self.place[groups]
        counts = self.table[place[:, :, None], place[:, None, :]].astype(np.float64)
        rare, liked = (place < 0) & (groups >= 0), (place >= 0) & (groups >= 0)
        return self._counted(groups, rare, liked, counts) if rare.any() else counts

    def _counted(self, groups: np.ndarray, rare: np.ndarray, liked: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The counts with those of pairs of which one is rare put in, by one sparse product for all groups."""
        n, n_users = groups.shape[1], self.liked.shape[1]
        slots, users = _joined(self.liked, groups.reshape(-1), np.flatnonzero(rare))
        keys = slots // n * n_users + users  # a user of a group
        number = self._numbered(len(groups) * n_users, keys, np.arange(len(keys)))
        numbers = number[keys]  # one for each user of a group: the place of its last key
        if self.counts[groups[liked]].sum() <= self.reach[groups[rare]].sum():
            others, theirs = _joined(self.liked, groups.reshape(-1), np.flatnonzero(liked))
            found = number[others // n * n_users + theirs]
            others, found = others[found >= 0], found[found >= 0]
            number[keys] = -1
        else:
            number[keys] = -1
            others, found = self._of_users(groups, np.flatnonzero(liked), slots // n, users, np.unique(numbers))
        one, other = (
            sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (groups.size, len(keys)))
            for rows, columns in ((slots, numbers), (others, found))
        )
        return _put(counts, rare, (one @ (one + other).T.tocsr()).tocoo())

    def _of_users(
        self, groups: np.ndarray, wanted: np.ndarray, group_of: np.ndarray, users: np.ndarray, numbers: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which of the wanted places in the groups some users have: the places, and the users' numbers."""
        n, n_items = groups.shape[1], self.liked.shape[0]
        keys = wanted // n * n_items + groups.reshape(-1)[wanted]
        place = self._numbered(len(groups) * n_items, keys, wanted)
        found, items = _joined(self.x, users, numbers)
        others = place[group_of[found] * n_items + items]
        place[keys] = -1
        return others[others >= 0], found[others >= 0]

    def _numbered(self, size: int, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
        """An array of -1 with a value at each key, the last given; whoever asks for it clears the keys again."""
        if len(self.scratch) < size:
            self.scratch = np.full(size, -1, dtype=np.int32)
        self.scratch[keys] = values
        return self.scratch


def _put(counts: np.ndarray, rare: np.ndarray, found: sparse.coo_matrix) -> np.ndarray:
    """Counts of which those with a rare item are the found ones, both ways round."""
    n = rare.shape[1]
    group, one, other = found.row // n, found.row % n, found.col % n
    counts[rare[:, :, None] | rare[:, None, :]] = 0.0
    counts[group, one, other] = found.data
    counts[group, other, one] = found.data
    return counts


def _joined(matrix: sparse.csr_matrix, rows: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the rows at some places: each place as often as its row has entries, and the columns, int64."""
    chosen = rows[places]
    lengths = matrix.indptr[chosen + 1] - matrix.indptr[chosen]
    ends = np.cumsum(lengths, dtype=np.int64)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(matrix.indptr[chosen] - (ends - lengths), lengths)
    return np.repeat(places, lengths), matrix.indices[at].astype(np.int64)

"""How alike two films are by who liked them: reasons that look at the training data alone, never at the model."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from vasp_models.data.interactions import Interactions


class ItemStatistics:
    """Counts over the train users' histories; co-counts are taken for one film at a time, when it is asked for."""

    def __init__(self, train: Interactions) -> None:
        self.train = train

    @property
    def counts(self) -> np.ndarray:
        """Train users who have each item, int64 (items)."""
        return self.train.item_counts

    def shared(self, item: int) -> np.ndarray:
        """Train users who have both `item` and each item, int64 (items)."""
        starts, users = self._users
        return self.train.take(users[starts[item] : starts[item + 1]]).item_counts

    def cosine(self, item: int, items: np.ndarray) -> np.ndarray:
        """shared / sqrt(users of one x users of the other), float64 (len(items)); 0 where an item has no users."""
        items = np.asarray(items, dtype=np.int64)
        return _share(self.shared(item)[items], np.sqrt(self.counts[item] * self.counts[items].astype(np.float64)))

    def jaccard(self, item: int, items: np.ndarray) -> np.ndarray:
        """shared / users of either, float64 (len(items)); 0 where neither has users."""
        items = np.asarray(items, dtype=np.int64)
        both = self.shared(item)[items]
        return _share(both, self.counts[item] + self.counts[items] - both)

    @cached_property
    def _users(self) -> tuple[np.ndarray, np.ndarray]:
        """The pairs by item: where each item's users start, and the users."""
        by_item = np.argsort(self.train.indices, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.counts)])
        return starts, self.train.row_numbers[by_item]


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)

"""Histories as sparse input, and the A/B halves of the paper's section III-D."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vasp_models.data.interactions import Interactions
from vasp_models.training.options import Stage


@dataclass(frozen=True)
class Bag:
    """Histories as item lists: `items` int64 (pairs), `offsets` int64 (rows + 1), `weights` float32 (pairs) or None.

    No weights stand for ones; ratings are weights. `users` int64 (rows) are user numbers, where they are known. After
    dropout, `whole` is the bag before it. First layers sum the chosen rows of their weights (an embedding bag); the
    dense 0/1 matrix is never made.
    """

    items: Tensor
    offsets: Tensor
    weights: Tensor | None = None
    whole: Bag | None = None
    users: Tensor | None = None

    @classmethod
    def of(cls, histories: Interactions, device: str | torch.device = "cpu") -> Bag:
        """The bag of some histories on a device."""
        weights, users = (
            None if values is None else torch.from_numpy(values).to(device)
            for values in (histories.values, histories.users)
        )  # fmt: skip
        items, offsets = (
            torch.from_numpy(values.astype(np.int64)).to(device) for values in (histories.indices, histories.indptr)
        )
        return cls(items, offsets, weights, users=users)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Tensor:
        """Items per row, int64 (rows)."""
        return self.offsets.diff()

    @property
    def rows(self) -> Tensor:
        """The row of each pair, int64 (pairs)."""
        return torch.repeat_interleave(self.lengths, output_size=len(self.items))

    @property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """Row and item of each pair, int64 (pairs) each: an index list of targets."""
        return self.rows, self.items

    def above(self, below: Bag) -> Bag:
        """The rows of both, without weights."""
        return Bag(
            torch.cat([self.items, below.items]), torch.cat([self.offsets, below.offsets[1:] + len(self.items)])
        )

    def scaled(self, factors: Tensor) -> Bag:
        """Every weight of a row times the row's factor, (rows)."""
        each = torch.repeat_interleave(factors, self.lengths)
        weights = each if self.weights is None else each * self.weights
        return Bag(self.items, self.offsets, weights, users=self.users)

    def times(self, matrix: Tensor, columns: Tensor | None = None) -> Tensor:
        """The weighted sum of `matrix`'s rows for each history, (rows, columns): never a dense product."""
        chosen = matrix if columns is None else matrix[:, columns]
        weights = None if self.weights is None else self.weights.to(chosen.dtype)
        return functional.embedding_bag(
            self.items, chosen, self.offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
        )

    def dense(self, n_items: int, columns: Tensor | None = None) -> Tensor:
        """The weights at their items, float32 (rows, columns)."""
        weights = torch.ones(len(self.items), device=self.items.device) if self.weights is None else self.weights
        found = torch.zeros(len(self), n_items, device=self.items.device).index_put((self.rows, self.items), weights)
        return found if columns is None else found[:, columns]

    def dropped(self, rate: float, generator: torch.Generator) -> Bag:
        """The bag after dropout: each item is left out with probability `rate`, the others weigh 1 / (1 - rate)."""
        if rate == 0.0:
            return self
        kept = torch.rand(len(self.items), generator=generator, device=self.items.device) >= rate
        weights = kept / (1 - rate) if self.weights is None else self.weights * kept / (1 - rate)
        return Bag(self.items, self.offsets, weights, self, self.users)


@dataclass(frozen=True)
class Dense:
    """Rows in which every item has a weight: `values` float32 (rows, items), as when a model is fed its own output.

    `users` are as in a bag.
    """

    values: Tensor
    users: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def lengths(self) -> Tensor:
        """Items per row, which are all, int64 (rows)."""
        return torch.full((len(self),), self.values.shape[1], device=self.values.device)

    def scaled(self, factors: Tensor) -> Dense:
        """Every weight of a row times the row's factor, (rows)."""
        return Dense(self.values * factors[:, None], self.users)

    def times(self, matrix: Tensor, columns: Tensor | None = None) -> Tensor:
        """The weighted sum of `matrix`'s rows for each row, (rows, columns)."""
        return self.values.to(matrix.dtype) @ (matrix if columns is None else matrix[:, columns])

    def dense(self, n_items: int, columns: Tensor | None = None) -> Tensor:
        """The weights, float32 (rows, columns)."""
        return self.values if columns is None else self.values[:, columns]


@dataclass(frozen=True)
class Batch:
    """What one step sees: its input, the row and item of each target, and both as histories where the host cut them.

    `weight` is its share of the rows of the whole step, where several processes share them.
    """

    bag: Bag
    targets: tuple[Tensor, Tensor]
    histories: tuple[Interactions, Interactions] | None = None
    weight: float = 1.0

    @classmethod
    def of(cls, known: Interactions, target: Interactions, device: torch.device, part: slice = slice(None)) -> Batch:
        """The batch of input and target histories, or of some rows of them."""
        whole = len(known)
        if part.indices(whole) != (0, whole, 1):
            known, target = known.take(part), target.take(part)
        bags = Bag.of(known, device), Bag.of(target, device)
        return cls(bags[0], bags[1].pairs, (known, target), len(known) / max(whole, 1))

    def parts(self, number: int) -> Iterator[Batch]:
        """All rows in so many stretches."""
        share = [place * len(self.bag) // number for place in range(number + 1)]
        return (self.part(slice(*ends)) for ends in pairwise(share))

    def part(self, part: slice) -> Batch:
        """Some rows, one stretch of them; without the histories."""
        whole = len(self.bag)
        start, stop, _ = part.indices(whole)
        if (start, stop) == (0, whole):
            return self
        first, last = self.bag.offsets[[start, stop]].tolist()
        rows, items = self.targets
        chosen = (rows >= start) & (rows < stop)
        bag = Bag(self.bag.items[first:last], self.bag.offsets[start : stop + 1] - first)
        return Batch(bag, (rows[chosen] - start, items[chosen]), weight=self.weight * (stop - start) / whole)


def halves(train: Interactions, rng: np.random.Generator) -> tuple[Interactions, Interactions]:
    """Cut each history at random into A (floor of n/2 items) and B (the rest): VASP eq. 11 and 12."""
    rows = train.row_numbers
    order = np.lexsort((rng.random(train.n_pairs), rows))  # each row shuffled within itself
    place = np.arange(train.n_pairs) - np.repeat(train.indptr[:-1], train.lengths)
    in_a = place < np.repeat(train.lengths // 2, train.lengths)
    return _part(train, order, in_a), _part(train, order, ~in_a)


def _part(train: Interactions, order: np.ndarray, chosen: np.ndarray) -> Interactions:
    lengths = np.bincount(train.row_numbers[chosen], minlength=len(train))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    values = None if train.values is None else train.values[order[chosen]]
    return Interactions(indptr, train.indices[order[chosen]], train.n_items, False, train.users, values)


def epoch_batches(
    train: Interactions, stage: Stage, rng: np.random.Generator
) -> Iterator[tuple[Interactions, Interactions]]:
    """(input, target) histories of each step of one epoch; every user is used, in random order.

    With halves a step holds one group's A -> B and the next group's B -> A, so that each user appears once in each
    direction, in neighbouring steps, as in the paper ("in one training step and then ... in another").
    """
    shuffled = rng.permutation(len(train))
    groups = [shuffled[start : start + stage.batch_users] for start in range(0, len(train), stage.batch_users)]
    if stage.inputs == "full":
        for group in groups:
            histories = train.take(group)
            yield histories, histories
        return
    first, second = halves(train, rng)
    for number, group in enumerate(groups):
        following = groups[(number + 1) % len(groups)]
        yield stacked(first.take(group), second.take(following)), stacked(second.take(group), first.take(following))


def stacked(upper: Interactions, lower: Interactions) -> Interactions:
    """The rows of both, one below the other."""
    indptr = np.concatenate([upper.indptr, upper.indptr[-1] + lower.indptr[1:]])
    users, values = (
        None if above is None or below is None else np.concatenate([above, below])
        for above, below in ((upper.users, lower.users), (upper.values, lower.values))
    )
    return Interactions(indptr, np.concatenate([upper.indices, lower.indices]), upper.n_items, False, users, values)


def following(histories: Interactions, number: int) -> tuple[np.ndarray, np.ndarray]:
    """What comes next in ordered histories: for each place of each the `number` items after it, fewer near the end.

    Places are counted as `models.network.Net.at_steps` answers them: for each row one before its first item, then
    one after each item but the last; an empty row has none. Two arrays int64 (targets): place, item.
    """
    place = np.arange(histories.n_pairs)  # the place before the j-th pair of all is the j-th place
    last = np.repeat(histories.indptr[1:], histories.lengths)
    found = [(place[place + ahead < last], ahead) for ahead in range(number)]
    places = np.concatenate([each for each, _ in found])
    items = np.concatenate([histories.indices[each + ahead] for each, ahead in found])
    return places, items.astype(np.int64)


def steps_per_epoch(train: Interactions, stage: Stage) -> int:
    """Number of batches that epoch_batches yields."""
    return -(-len(train) // stage.batch_users)

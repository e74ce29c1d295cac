"""The batches of an epoch made where the model is: of ten million likes the host would shuffle for seconds.

The draws are the device's own. On the CPU numpy draws (training/batches.py), so that figures made there repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vasp_models.data.interactions import Interactions
from vasp_models.training.batches import Bag, Batch
from vasp_models.training.options import Stage


def possible(train: Interactions, stage: Stage) -> bool:
    """Whether a stage needs nothing of its batches but items: no ratings, users, sampled negatives or order."""
    return train.users is None and train.values is None and stage.negatives is None and stage.following is None


@dataclass(frozen=True)
class Resident:
    """Histories on a device: `items` int64 (pairs), `rows` int64 (pairs) the user of each pair, `lengths` int64."""

    items: Tensor
    rows: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, train: Interactions, device: torch.device) -> Resident:
        """Copied once for a whole training."""
        lengths = torch.from_numpy(train.lengths).to(device)
        items = torch.from_numpy(train.indices.astype(np.int64)).to(device)
        return cls(items, torch.repeat_interleave(lengths, output_size=train.n_pairs), lengths)

    def batches(self, stage: Stage, generator: torch.Generator) -> Iterator[Batch]:
        """The batches of one epoch, as `training.batches.epoch_batches` cuts them: every user, in random order."""
        user_at = torch.randperm(len(self.lengths), generator=generator, device=self.items.device)
        lengths = self.lengths[user_at]
        place_of = torch.empty_like(user_at).scatter_(0, user_at, torch.arange(len(user_at), device=user_at.device))
        # One sort puts the users into their new order and shuffles each history; doubles leave the dice 35 bits.
        dice = torch.rand(len(self.items), generator=generator, device=self.items.device, dtype=torch.float64)
        items = self.items[(dice + place_of[self.rows]).argsort()]
        if stage.inputs == "full":
            whole = _Rows.of(items, lengths, stage.batch_users)
            yield from (Batch(bag, bag.pairs) for bag in map(whole.group, range(whole.n_groups)))
            return
        starts = lengths.cumsum(0) - lengths
        place = torch.arange(len(items), device=items.device)
        place -= torch.repeat_interleave(starts, lengths, output_size=len(items))
        in_first = place < torch.repeat_interleave(lengths // 2, lengths, output_size=len(items))
        first = _Rows.of(items[in_first], lengths // 2, stage.batch_users)
        second = _Rows.of(items[~in_first], lengths - lengths // 2, stage.batch_users)
        for group in range(first.n_groups):
            after = (group + 1) % first.n_groups
            known, target = (
                upper.group(group).above(lower.group(after)) for upper, lower in ((first, second), (second, first))
            )
            yield Batch(known, target.pairs)


@dataclass(frozen=True)
class _Rows:
    """Histories one after the other, in groups: `ends` and `cuts` say where each row and each group ends."""

    items: Tensor
    ends: Tensor
    cuts: list[int]
    size: int

    @classmethod
    def of(cls, items: Tensor, lengths: Tensor, size: int) -> _Rows:
        ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        # The one place where an epoch waits for the device.
        return cls(items, ends, [*ends[:-1:size].tolist(), len(items)], size)

    @property
    def n_groups(self) -> int:
        return len(self.cuts) - 1

    def group(self, number: int) -> Bag:
        start, stop = self.cuts[number : number + 2]
        offsets = self.ends[number * self.size : (number + 1) * self.size + 1]
        return Bag(self.items[start:stop], offsets - start)

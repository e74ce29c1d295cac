"""An item x item matrix whose columns are spread over the processes that train together.

While it trains a process holds its columns, their gradient and their moments: of a matrix of 100,000 items, 160 GB for
training, each of eight processes has 20. Before and after it each has the whole matrix once, 40 GB: it is drawn, or
solved, and saved whole. Histories travel instead of weights: every process answers the rows of all for its own
columns and sends each the block of its rows, rows x items numbers a step where the matrix has items x items.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from vasp_models.training.batches import Bag
from vasp_models.training.processes import Group


@dataclass(frozen=True)
class Columns:
    """Which columns of `n_items` each process of a group has."""

    n_items: int
    group: Group

    @property
    def own(self) -> slice:
        """Those of this process."""
        return self.group.share(self.n_items)

    @property
    def widths(self) -> list[int]:
        """How many each process has."""
        shares = (Group(rank, self.group.size).share(self.n_items) for rank in range(self.group.size))
        return [share.stop - share.start for share in shares]

    def cut(self, matrix: Tensor) -> Tensor:
        """The own columns of a whole matrix (n, items), copied."""
        return matrix[:, self.own].clone(memory_format=torch.contiguous_format)

    def whole(self, own: Tensor) -> Tensor:
        """The whole matrix from the columns of all, (n, items), on every process."""
        return torch.cat([part.T for part in _gathered(own.T.contiguous(), self.widths)], dim=1)

    def times(self, x: Bag, own: Tensor, training: bool) -> Tensor:
        """`x` times the whole matrix, (rows, items), differentiable in the own columns.

        In training each process has rows of its own, and the gradient is that of the mean over processes of their
        losses, as DistributedDataParallel gives it for other weights. Otherwise all processes ask for the same rows.
        """
        if not training:
            return self.whole(x.times(own))
        rows, everyone = _everyones(x)
        return _Exchanged.apply(everyone.times(own), rows, self)


class _Exchanged(torch.autograd.Function):
    """From all rows of the own columns, (all rows, own), to all columns of the own rows, (rows, items)."""

    @staticmethod
    def forward(ctx, answers: Tensor, rows: list[int], columns: Columns) -> Tensor:
        ctx.rows, ctx.columns = rows, columns
        mine = rows[columns.group.rank]
        blocks = _sent(list(answers.split(rows)), [(mine, width) for width in columns.widths])
        return torch.cat(blocks, dim=1)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        width = ctx.columns.widths[ctx.columns.group.rank]
        blocks = _sent(list(gradient.split(ctx.columns.widths, dim=1)), [(n, width) for n in ctx.rows])
        return torch.cat(blocks).div_(ctx.columns.group.size), None, None


def _sent(blocks: list[Tensor], shapes: list[tuple[int, int]]) -> list[Tensor]:
    """Send each process its block; the blocks, of these shapes, that each sent here."""
    flat = torch.cat([block.reshape(-1) for block in blocks])
    sizes = [a * b for a, b in shapes]
    received = flat.new_empty(sum(sizes))
    distributed.all_to_all_single(received, flat, sizes, [block.numel() for block in blocks])
    return [part.view(shape) for part, shape in zip(received.split(sizes), shapes, strict=True)]


def _everyones(x: Bag) -> tuple[list[int], Bag]:
    """The rows that each process has, and the histories of all, in the order of the processes."""
    sizes = torch.tensor([len(x), len(x.items)], device=x.items.device)
    every = [torch.empty_like(sizes) for _ in range(distributed.get_world_size())]
    distributed.all_gather(every, sizes)
    rows, pairs = torch.stack(every).T.tolist()
    lengths = torch.cat(_gathered(x.lengths, rows))
    weights = None if x.weights is None else torch.cat(_gathered(x.weights, pairs))
    offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    return rows, Bag(torch.cat(_gathered(x.items, pairs)), offsets, weights)


def _gathered(values: Tensor, lengths: list[int]) -> list[Tensor]:
    """What each process has, of these lengths along the first axis."""
    longest = max(lengths)
    padded = values.new_zeros((longest, *values.shape[1:]))
    padded[: len(values)] = values
    every = [torch.empty_like(padded) for _ in lengths]
    distributed.all_gather(every, padded)
    return [each[:length] for each, length in zip(every, lengths, strict=True)]

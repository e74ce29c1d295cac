"""Training in several processes that torchrun starts: each takes its share of the rows of every step.

    torchrun --nproc-per-node 2 -m vasp_models.cli train vasp --data NAME

Gradients are averaged by torch's DistributedDataParallel, over NCCL between graphics cards and gloo between
processors; of an item x item matrix each process has its columns (training/columns.py). The first process alone prints,
measures and writes the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
import os
import signal
import threading
from typing import Any
import warnings

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

# The others wait while the first validates, saves and measures: longer than torch's ten minutes on large data.
_ASKED_TO_STOP = threading.Event()
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Group:
    """The place of this process among those that train together, and their number."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that prints, measures and writes."""
        return self.rank == 0

    def share(self, n_rows: int) -> slice:
        """Which of some rows are this process's: one stretch, all stretches together all rows."""
        return slice(self.rank * n_rows // self.size, (self.rank + 1) * n_rows // self.size)

    def together(self, model: nn.Module, spread: Sequence[str] = ()) -> nn.Module:
        """The model with its gradients averaged over the processes, for the weights that now need a gradient.

        Not for those named in `spread`, of which each process has a share of its own.
        """
        shared = [name for name, each in model.named_parameters() if each.requires_grad and name not in spread]
        if self.size == 1 or not shared:
            return model
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, spread)
        # What only training needs may look on without a gradient, as the earlier encoder that RecVAE keeps.
        some_unused = any(name.startswith(model.transient) for name in shared)
        with warnings.catch_warnings():
            # torch's word for it changes, and the new one would send the buffers once.
            warnings.filterwarnings("ignore", "`broadcast_buffers`", FutureWarning)
            return DistributedDataParallel(model, broadcast_buffers=False, find_unused_parameters=some_unused)

    @staticmethod
    def apart(together: nn.Module) -> AbstractContextManager[None]:
        """While gradients of one step are summed in this process: they are averaged with the last of them."""
        return together.no_sync() if isinstance(together, DistributedDataParallel) else nullcontext()

    def total(self, value: Tensor) -> Tensor:
        """The sum of a number over the processes."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    @property
    def suffix(self) -> str:
        """What tells the files of this process from those of the others; nothing for one alone."""
        return "" if self.size == 1 else f"-{self.rank + 1}-of-{self.size}"

    def stops(self) -> bool:
        """Whether any process of a group was asked to stop by Ctrl-C; all come to the same answer.

        In a group nothing stops in the midst of a step: the others would wait for it.
        """
        if self.size == 1:
            return False
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        return bool(self.total(torch.tensor(float(_ASKED_TO_STOP.is_set()), device=device)))

    def told(self, value: Any) -> Any:
        """What the first process says, to all."""
        said = [value]
        if self.size > 1:
            distributed.broadcast_object_list(said, src=0)
        return said[0]


def current() -> Group:
    """The group that this process has joined, or itself alone."""
    if distributed.is_available() and distributed.is_initialized():
        return Group(distributed.get_rank(), distributed.get_world_size())
    return Group()


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """Join the processes that torchrun started beside this one, if it did; `device` is that of the model."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Group()
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=_PATIENCE)
    before = signal.signal(signal.SIGINT, lambda *_: _ASKED_TO_STOP.set())
    try:
        yield current()
    finally:
        signal.signal(signal.SIGINT, before)
        _ASKED_TO_STOP.clear()
        distributed.destroy_process_group()

"""A recommender whose weights are those of a torch module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.ranking import filled_up
from vasp_models.models.base import Recommender
from vasp_models.training.batches import Bag

_BATCH_CELLS = (4_000_000, 80_000_000)  # rows x items answered at once on the CPU and on a card: 4 bytes a factor


class _NotDrawn(TorchFunctionMode):
    """Leaves weights as they were allocated where a model would draw its first ones."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.Tensor.uniform_, torch.Tensor.normal_):
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def not_drawn() -> Iterator[None]:
    """Models made in the block have no first weights: others are loaded next, and 800 million draws take seconds."""
    with _NotDrawn():
        yield


class TorchRecommender(nn.Module, Recommender):
    """Where its weights are, how they are saved, and answers in blocks of rows."""

    def __init__(self, settings: object, n_items: int) -> None:
        nn.Module.__init__(self)
        Recommender.__init__(self, settings, n_items)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @torch.inference_mode()
    def in_blocks(self, histories: Interactions, answer: Callable[[Bag], torch.Tensor]) -> np.ndarray:
        """What `answer` says to all histories, a bounded number of rows at once; rows are the axis before the last."""
        blocks = [answer(rows).cpu().numpy() for rows in self._blocks(histories)]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=-2)

    def _blocks(self, histories: Interactions) -> Iterator[Bag]:
        size = max(1, _BATCH_CELLS[self.device.type != "cpu"] // histories.n_items)
        for start in range(0, max(len(histories), 1), size):
            yield Bag.of(histories.take(slice(start, start + size)), self.device)

    def best(self, histories: Interactions, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As every model does; on a graphics card the scores stay there and only the lists come back.

        Which of equal scores take the last places is then the card's choice.
        """
        if self.device.type == "cpu":
            return super().best(histories, k)
        self._check(histories)
        return self._best_on_device(histories, k)

    @torch.inference_mode()
    def _best_on_device(self, histories: Interactions, k: int) -> tuple[np.ndarray, np.ndarray]:
        known, items = self._read(histories)
        places, scores = [], []
        nothing = torch.tensor(-torch.inf, device=self.device)
        for rows in self._blocks(known):
            found = self._answered(rows).index_put(rows.pairs, nothing)
            values, chosen = found.topk(min(k, found.shape[1]), sorted=False)
            chosen, order = chosen.sort(dim=1)
            values, again = values.gather(1, order).sort(dim=1, descending=True, stable=True)
            places.append(chosen.gather(1, again).cpu())
            scores.append(values.cpu())
        numbers, values = items[torch.cat(places).numpy()], torch.cat(scores).numpy()
        return filled_up(numbers, values, k)

    def _read(self, histories: Interactions) -> tuple[Interactions, np.ndarray]:
        """Histories in the columns that the model scores, and the item number of each column."""
        return histories, np.arange(self.n_items)

    def _answered(self, rows: Bag) -> torch.Tensor:
        """Scores of all columns for some rows, fp32 (rows, columns)."""
        raise NotImplementedError

    @property
    def transient(self) -> tuple[str, ...]:
        """Beginnings of the paths of weights that only training needs."""
        return ()

    def _lasting(self) -> dict[str, torch.Tensor]:
        return {name: value for name, value in self.state_dict().items() if not name.startswith(self.transient)}

    def tensors(self) -> dict[str, np.ndarray]:
        """All weights by their module path, but for those that only training needs."""
        return {name: value.detach().cpu().numpy() for name, value in self._lasting().items()}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over all weights: the arrays themselves become the model's, without a copy."""
        own = self._lasting()
        if set(tensors) != set(own):
            raise KeyError(f"weights {sorted(set(tensors) ^ set(own))[:3]} are missing or unknown")
        weights = {
            name: torch.from_numpy(np.asarray(value)).to(own[name].device, own[name].dtype)
            for name, value in tensors.items()
        }
        self.load_state_dict(weights, strict=False, assign=True)

"""A recommender whose weights are those of a torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import Recommender
from vasp_models.training.batches import Bag

_BATCH_CELLS = 4_000_000  # rows x items answered at once: about 16 MB for each factor


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
        size = max(1, _BATCH_CELLS // histories.n_items)
        blocks = []
        for start in range(0, max(len(histories), 1), size):
            rows = Bag.of(histories.take(slice(start, start + size)), self.device)
            blocks.append(answer(rows).cpu().numpy())
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=-2)

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
        """Take over all weights."""
        expected = set(self._lasting())
        if set(tensors) != expected:
            raise KeyError(f"weights {sorted(set(tensors) ^ expected)[:3]} are missing or unknown")
        weights = {name: torch.from_numpy(np.asarray(value)) for name, value in tensors.items()}
        self.load_state_dict(weights, strict=False)

"""Copies of a model with some weights changed: drawn anew, silenced or in double precision. The model itself stays.

Randomising weights layer by layer, from the outputs back to the inputs, is the test of Adebayo et al. (2018): an
attribution that survives it does not depend on what the model has learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

_LINEAR = "weights"  # the one tensor of EASE and EDLAE
_WHOLE = "net"  # all layers of a model that does not tell them apart


@dataclass(frozen=True)
class Step:
    """A model whose weights are random in `layer` of `part` and in all steps before; `last` when nothing is intact."""

    part: str
    layer: str
    model: Recommender
    last: bool


def cascade(model: Recommender, seed: int) -> Iterator[Step]:
    """Randomise one layer more at each step; nothing is yielded for a model that cannot be.

    Deep parts come first, each from its heads to its inputs, and the linear part last. Fresh weights are those that
    the model itself starts from under another seed; EASE starts from none, so its weights are shuffled between the
    pairs of items. Each step changes the copy of the step before. A model of one net is randomised in one step.
    """
    if hasattr(model, "nets"):
        if all(hasattr(net, "layers") for net in model.nets.values()):
            yield from _of_parts(model, seed)
        else:
            yield Step("score", _WHOLE, type(model)(model.settings, model.n_items, seed).to(model.device), True)
    elif _LINEAR in (tensors := model.tensors()):
        shuffled = _changed(model, {_LINEAR: _shuffled(tensors[_LINEAR], np.random.default_rng(seed))})
        yield Step("score", _LINEAR, shuffled, True)


def randomised(model: Recommender, seed: int) -> Recommender | None:
    """A copy in which nothing is as it was learnt; None for a model that cannot be randomised."""
    found = None
    for step in cascade(model, seed):
        found = step.model
    return found


def silenced(model: Recommender, items: np.ndarray) -> Recommender | None:
    """A copy in which nothing leads from some covered items to the outputs; None for a model of another kind."""
    tensors, items = model.tensors(), np.asarray(items, dtype=np.int64)
    if _LINEAR in tensors:
        return _changed(model, {_LINEAR: _without_rows(tensors[_LINEAR], items)})
    if "modelled" not in tensors:
        return None
    import torch

    twin = copy.deepcopy(model)
    columns = torch.from_numpy(np.searchsorted(tensors["modelled"], items)).to(twin.device)
    with torch.no_grad():
        cut = [net.silence(columns) for net in twin.nets.values()]
    return twin if all(cut) else None


def in_double_precision(model: Recommender) -> Recommender:
    """A copy on the CPU that computes in float64, as far as the model's own code does not cast to less."""
    twin = copy.deepcopy(model)
    if hasattr(twin, "nets"):
        return twin.cpu().double()
    twin.load_tensors({name: _wide(value) for name, value in twin.tensors().items()})
    return twin


def _of_parts(model: Any, seed: int) -> Iterator[Step]:
    import torch

    twin = copy.deepcopy(model)
    fresh = type(model)(model.settings, model.n_items, seed)
    steps = [(part, layer) for part in _deep_first(model) for layer in model.nets[part].layers()]
    for number, (part, layer) in enumerate(steps, 1):
        chosen = _named(model.nets[part].layers()[layer])
        weights, drawn = twin.nets[part].state_dict(), fresh.nets[part].state_dict()
        with torch.no_grad():
            for name in filter(chosen, weights):
                weights[name].copy_(drawn[name])
        yield Step(part, layer, twin, number == len(steps))


def _deep_first(model: Any) -> list[str]:
    return sorted(model.nets, key=lambda part: model.nets[part].linear)


def _named(prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _changed(model: Recommender, tensors: dict[str, np.ndarray]) -> Recommender:
    twin = copy.deepcopy(model)
    twin.load_tensors({**twin.tensors(), **tensors})
    return twin


def _without_rows(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    changed = matrix.copy()
    changed[rows] = 0.0
    return changed


def _shuffled(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The weights of all pairs of different items in another order."""
    changed = matrix.copy()
    pairs = ~np.eye(len(matrix), dtype=bool)
    changed[pairs] = rng.permutation(matrix[pairs])
    return changed


def _wide(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float64) if value.dtype == np.float32 else value

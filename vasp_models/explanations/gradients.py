"""Integrated gradients (Sundararajan et al. 2017) of every factor that has no closed form, for a whole list at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.explanations.linear import LinearTerms, linear_factor
from vasp_models.models.base import HasGradient

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

NODES = 50  # of Gauss-Legendre quadrature: LayerNorm after a near-empty first layer bends F sharply near 0
MOST_NODES = 800  # some models bend more sharply than 50 nodes can follow, and the completeness delta tells
TOLERANCE = 1e-4  # of the completeness delta; a tenth of what an audit allows
_CELLS = 20_000_000  # numbers of one batch of gradients


@dataclass(frozen=True)
class Gradients:
    """`values` factor -> float64 (h, t), one number per history item and target, summing to F(x) - F(0) but for
    `delta` factor -> float64 (t), the completeness delta: the sum minus the difference. `nodes` is how many it took."""

    values: dict[str, np.ndarray]
    delta: dict[str, np.ndarray]
    nodes: int

    def against(self, rival: int) -> Gradients:
        """What each film adds to the differences to the target at place `rival`."""
        values, delta = (
            {name: each - each[..., [rival]] for name, each in found.items()} for found in (self.values, self.delta)
        )
        return Gradients(values, delta, self.nodes)

    @property
    def worst(self) -> np.ndarray:
        """The largest completeness delta of each target over the factors, float64 (t)."""
        return np.max([np.abs(delta) for delta in self.delta.values()], axis=0)


def integrated_gradients(
    model: Recommender,
    history: np.ndarray,
    targets: np.ndarray,
    nodes: int = NODES,
    factors: tuple[str, ...] | None = None,
    most_nodes: int = MOST_NODES,
) -> Gradients | None:
    """phi_j = integral over alpha of dF(alpha x)/dx_j, for covered targets; None where the model has no gradient.

    The path starts at the empty profile and runs after the input's normalisation, in u = x / ||x|| with the norm of
    the full profile: along the plain path a normalising model would answer the same everywhere but at 0. Factors are
    by default those that are not linear, since linear ones have a closed form. The profile is run once at each node,
    however many targets there are; where the sum misses the difference by more than TOLERANCE, `nodes` is doubled, up
    to `most_nodes`.
    """
    if not isinstance(model, HasGradient):
        return None
    targets = np.asarray(targets, dtype=np.int64)
    if factors is None:
        factors = tuple(name for name in model.factor_names if name != linear_factor(model))
    if not factors or not len(history) or not len(targets):
        nothing = np.zeros((len(history), len(targets)))
        return Gradients(dict.fromkeys(factors, nothing), dict.fromkeys(factors, nothing.sum(axis=0)), 0)
    found = _quadrature(model, history, targets, nodes, factors)
    while found.worst.max() > TOLERANCE and 2 * found.nodes <= most_nodes:
        found = _quadrature(model, history, targets, 2 * found.nodes, factors)
    return found


def credits_by_factor(gradients: Gradients | None, linear: LinearTerms | None) -> dict[str, np.ndarray]:
    """What each film of the history is credited with in each factor that has a closed form or a gradient, (h, t)."""
    credit = {} if gradients is None else dict(gradients.values)
    return credit if linear is None else {**credit, linear.factor: linear.contributions}


def _quadrature(model, history, targets, nodes: int, factors: tuple[str, ...]) -> Gradients:
    values, added = _integrals(model, history, targets, nodes, factors)
    delta = values.sum(axis=1) - added
    return Gradients(dict(zip(factors, values, strict=True)), dict(zip(factors, delta, strict=True)), nodes)


def _integrals(model, history, targets, nodes: int, factors: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The attributions (factors, h, t), and F(x) - F(0) (factors, t)."""
    import torch

    points, shares = np.polynomial.legendre.leggauss(nodes)  # on [-1, 1]
    # Two more rows, the ends of the path, weigh nothing in the integral and say what it has to sum to.
    alpha = np.concatenate([(points + 1) / 2, [0.0, 1.0]]).astype(np.float32)
    share = torch.from_numpy(np.concatenate([shares / 2, [0.0, 0.0]]).astype(np.float32))
    weights = torch.from_numpy(np.repeat(alpha[:, None], len(history), axis=1)).requires_grad_()
    with torch.enable_grad():
        answered = model.on_subsets(history, weights, targets, along=True).log_factors
        out = torch.stack([answered[name] for name in factors])  # (factors, nodes + 2, t)
    # One direction for each factor and target: that output at every node, by the node's share of the integral.
    n_out, t = len(factors) * len(targets), len(targets)
    values = np.empty((n_out, len(history)))
    size = max(1, _CELLS // weights.numel())
    for start in range(0, n_out, size):
        chosen = torch.arange(start, min(start + size, n_out))
        directions = torch.zeros(len(chosen), *out.shape)
        directions[torch.arange(len(chosen)), chosen // t, :, chosen % t] = share
        (gradient,) = torch.autograd.grad(
            out, weights, directions.to(out.device), retain_graph=True, is_grads_batched=True
        )
        values[start : start + size] = gradient.sum(dim=1, dtype=torch.float64).cpu().numpy()
    ends = out[:, -2:].detach().cpu().double().numpy()  # an Apple GPU has no fp64
    return values.reshape(len(factors), t, len(history)).transpose(0, 2, 1), ends[:, 1] - ends[:, 0]

"""Diagonal Gaussians of variational autoencoders, by mean and log variance, (rows, dimensions) each."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sampled(mu: Tensor, log_variance: Tensor, noise: torch.Generator | None) -> Tensor:
    """One draw of each row (Kingma and Welling 2014), differentiable in both."""
    epsilon = torch.randn(mu.shape, generator=noise, device=mu.device)
    return mu + torch.exp(0.5 * log_variance) * epsilon


def kl_to_standard(mu: Tensor, log_variance: Tensor) -> Tensor:
    """KL to a standard normal by dimension."""
    return -0.5 * (1 + log_variance - mu.square() - log_variance.exp())


def log_normal(z: Tensor, mu: Tensor | float, log_variance: Tensor | float) -> Tensor:
    """log N(z; mu, exp(log_variance)) by dimension."""
    spread = torch.as_tensor(log_variance, dtype=z.dtype, device=z.device)
    return -0.5 * (math.log(2 * math.pi) + spread + (z - mu).square() / spread.exp())

"""FLVAE, the deep path: a variational autoencoder of dense residual layers (Vančura and Kordík 2021, III-B, VI-E).

The layer layout follows the authors' public code, which the paper leaves open: skips are summed inside the
activation, LayerNorm comes last, and the decoder has two logistic heads whose outputs are multiplied: one from
its last layer (residual head) and one straight from the latents (latent head).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.models.gaussian import kl_to_standard, sampled
from vasp_models.models.inputs import Inputs
from vasp_models.models.part import Part, PartOutput
from vasp_models.training.losses import wide
from vasp_models.training.options import check_ranges

_EPSILON = 1e-3  # of LayerNorm, as in Keras


@dataclass(frozen=True)
class FLVAESettings:
    """Widths and depths; the defaults are the paper's (section V-E)."""

    hidden: int = 4096
    latents: int = 2048
    encoder_layers: int = 7
    decoder_layers: int = 5
    normalise_input: bool = False  # x / ||x|| before the first layer (neither the paper nor the authors do)

    def __post_init__(self) -> None:
        widths, depths = (1, 65_536), (1, 64)
        check_ranges(self, hidden=widths, latents=widths, encoder_layers=depths, decoder_layers=depths)


class DenseResidual(nn.Module):
    """h_k = LN(swish(h_{k-1} W_k + b_k + sum of all h before k)), k = 2..K, after a first layer given by the caller."""

    def __init__(self, hidden: int, layers: int, generator: torch.Generator, epsilon: float = _EPSILON) -> None:
        super().__init__()
        self.layers = nn.ModuleList([dense(hidden, hidden, generator) for _ in range(layers - 1)])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden, eps=epsilon) for _ in range(layers)])

    def forward(self, first: Tensor) -> Tensor:
        """The last layer's output (rows, hidden) from the first layer's pre-activation (rows, hidden)."""
        h = self.norms[0](functional.silu(first))  # (rows, hidden)
        skips = h
        for layer, norm in zip(self.layers, self.norms[1:], strict=True):
            h = norm(functional.silu(layer(h) + skips))
            skips = skips + h
        return h


class FLVAE(Part):
    """log sigma(R) + log sigma(L), R from the decoder, L from the latents; z is the mean outside training."""

    Settings = FLVAESettings
    title = "FLVAE"
    factor_names = ("flvae_residual", "flvae_latent")

    def __init__(self, settings: FLVAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        hidden, latents = settings.hidden, settings.latents
        self.embed = nn.Parameter(torch.empty(n_items, hidden))  # the first layer, one row per item
        self.embed_bias = nn.Parameter(torch.zeros(hidden))
        nn.init.xavier_uniform_(self.embed, generator=generator)
        self.encoder = DenseResidual(hidden, settings.encoder_layers, generator)
        self.mu = dense(hidden, latents, generator)
        self.log_variance = dense(hidden, latents, generator)
        self.decode = dense(latents, hidden, generator)
        self.decoder = DenseResidual(hidden, settings.decoder_layers, generator)
        self.residual_head = dense(hidden, n_items, generator)
        self.latent_head = dense(latents, n_items, generator)

    def posterior(self, x: Inputs) -> tuple[Tensor, Tensor]:
        """Mean and log variance of z given x, (rows, latents) each."""
        h = self.encoder(self.first_layer(x))
        return self.mu(h), self.log_variance(h)

    def first_layer(self, x: Inputs) -> Tensor:
        """Pre-activation of the first encoder layer, fp32 (rows, hidden)."""
        if self.settings.normalise_input:  # by the norm before dropout, as Mult-VAE and RecVAE do
            x = x.scaled(x.lengths.clamp_min(1).rsqrt())
        return x.times(self.embed) + self.embed_bias

    def decoded(self, z: Tensor, targets: Tensor | None = None) -> dict[str, Tensor]:
        """Logits of both heads from the latents, (rows, targets)."""
        return self.logits(self._before_heads(z), targets)

    def _before_heads(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.decoder(self.decode(z)), z

    def features(self, x: Inputs) -> tuple[Tensor, Tensor]:
        """What the heads read, (rows, hidden) and (rows, latents)."""
        return self._before_heads(wide(self.posterior(x)[0]))

    def logits(self, features: tuple[Tensor, Tensor], targets: Tensor | None = None) -> dict[str, Tensor]:
        """Logits of both heads, (rows, targets)."""
        h, z = features
        return {
            "flvae_residual": _at(self.residual_head, h, targets),
            "flvae_latent": _at(self.latent_head, z, targets),
        }

    def trunks(self) -> tuple[nn.Module, ...]:
        """Encoder and decoder."""
        return self.encoder, self.decoder

    def layers(self) -> dict[str, tuple[str, ...]]:
        """Both heads, decoder, latents, encoder."""
        return {
            "heads": ("residual_head", "latent_head"),
            "decoder": ("decode", "decoder"),
            "latents": ("mu", "log_variance"),
            "encoder": ("encoder", "embed", "embed_bias"),
        }

    def silence(self, items: Tensor) -> bool:
        """Clear their rows of the first layer."""
        self.embed[items] = 0.0
        return True

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> PartOutput:
        """Logits of both heads, (rows, targets), and the KL to a standard normal, fp32 (rows, latents)."""
        mu, log_variance = map(wide, self.posterior(x))
        kl = kl_to_standard(mu, log_variance)
        z = sampled(mu, log_variance, noise) if self.training else mu
        return PartOutput(self.decoded(z, targets), kl)


def columns(head: nn.Linear, x: Tensor, targets: Tensor | None) -> Tensor:
    """The outputs of a layer at the target columns (all without them), at least fp32 (rows, targets)."""
    return wide(_at(head, x, targets))


def _at(head: nn.Linear, x: Tensor, targets: Tensor | None) -> Tensor:
    if targets is None:
        return head(x)
    return functional.linear(x.to(head.weight.dtype), head.weight[targets], head.bias[targets])


def dense(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """A dense layer that starts as Keras' do: Glorot uniform weights, zero bias."""
    layer = undrawn(n_in, n_out)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def undrawn(n_in: int, n_out: int) -> nn.Linear:
    """A dense layer whose weights nobody has drawn yet."""
    # torch's own `skip_init` would import sympy for it, most of a second in every command.
    layer = nn.Linear(n_in, n_out, device="meta")
    layer.weight, layer.bias = nn.Parameter(torch.empty(n_out, n_in)), nn.Parameter(torch.empty(n_out))
    return layer

"""Mult-DAE and Mult-VAE: autoencoders with a multinomial likelihood (Liang, Krishnan, Hoffman and Jebara 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vasp_models.models.flvae import columns, dense
from vasp_models.models.gaussian import kl_to_standard, sampled
from vasp_models.models.inputs import Inputs
from vasp_models.models.network import NET, Net, SetNetwork, schedule
from vasp_models.training.options import Stage, check_ranges

_WIDTHS = (1, 65_536)


@dataclass(frozen=True)
class MultDAESettings:
    """Width of the one hidden layer (section 4.3 of the paper)."""

    hidden: int = 200

    def __post_init__(self) -> None:
        check_ranges(self, hidden=_WIDTHS)


@dataclass(frozen=True)
class MultVAESettings:
    """Widths of encoder and decoder, and of the latents (section 4.3)."""

    hidden: int = 600
    latents: int = 200

    def __post_init__(self) -> None:
        check_ranges(self, hidden=_WIDTHS, latents=_WIDTHS)


class FirstLayer(nn.Module):
    """The first layer of an autoencoder: the L2-normalised history times one row of weights per item, plus a bias."""

    def __init__(self, n_items: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_items, hidden))
        self.bias = nn.Parameter(torch.empty(hidden))
        nn.init.xavier_uniform_(self.weight, generator=generator)
        narrow_normal(self.bias, generator)

    def forward(self, x: Inputs) -> Tensor:
        """Pre-activations, fp32 (rows, hidden); the norm is that of the history before dropout."""
        return x.scaled(x.lengths.clamp_min(1).rsqrt()).times(self.weight) + self.bias


def narrow_normal(bias: Tensor, generator: torch.Generator) -> None:
    """Start a bias as the authors do: normal of deviation .001, cut at two deviations."""
    nn.init.trunc_normal_(bias, std=0.001, a=-0.002, b=0.002, generator=generator)


def narrow(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """A dense layer that starts as the authors' do."""
    layer = dense(n_in, n_out, generator)
    narrow_normal(layer.bias, generator)
    return layer


class DAENet(Net):
    """logits = W' tanh(W x / ||x|| + b) + b'."""

    def __init__(self, settings: MultDAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.encode = FirstLayer(n_items, settings.hidden, generator)
        self.decode = narrow(settings.hidden, n_items, generator)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of the multinomial, fp32 (rows, targets)."""
        return self.scored(self.features(x, noise), targets)

    def features(self, x: Inputs, noise: torch.Generator | None = None) -> Tensor:
        """The hidden layer, fp32 (rows, hidden)."""
        return torch.tanh(self.encode(x))

    def scored(self, features: Tensor, targets: Tensor | None = None) -> Tensor:
        """Logits from the hidden layer, fp32 (rows, targets)."""
        return columns(self.decode, features, targets)


class VAENet(Net):
    """One hidden layer on either side of the latents; z is the mean outside training."""

    def __init__(self, settings: MultVAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        hidden, latents = settings.hidden, settings.latents
        self.encode = FirstLayer(n_items, hidden, generator)
        self.posterior = narrow(hidden, 2 * latents, generator)
        self.decode = narrow(latents, hidden, generator)
        self.head = narrow(hidden, n_items, generator)
        self._kl: Tensor | None = None

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of the multinomial, fp32 (rows, targets)."""
        return self.scored(self.features(x, noise), targets)

    def features(self, x: Inputs, noise: torch.Generator | None = None) -> Tensor:
        """The decoder's hidden layer, fp32 (rows, hidden)."""
        mu, log_variance = self.posterior(torch.tanh(self.encode(x))).float().chunk(2, dim=1)
        z = mu
        if self.training:
            self._kl = kl_to_standard(mu, log_variance)
            z = sampled(mu, log_variance, noise)
        return torch.tanh(self.decode(z))

    def scored(self, features: Tensor, targets: Tensor | None = None) -> Tensor:
        """Logits from the decoder's hidden layer, fp32 (rows, targets)."""
        return columns(self.head, features, targets)

    def divergence(self) -> Tensor | None:
        """KL to a standard normal by latent dimension, fp32 (rows, latents)."""
        return self._kl if self.training else None


class MultDAE(SetNetwork):
    """The denoising autoencoder of the paper."""

    Settings = MultDAESettings
    Net = DAENet
    softmax = True


class MultVAE(SetNetwork):
    """The variational autoencoder of the paper, with KL annealing."""

    Settings = MultVAESettings
    Net = VAENet
    softmax = True


# Adam at 1e-3, batches of 500, dropout .5 on the normalised input; the L2 penalty (here of the biases too) and the
# annealing are those of the authors' notebook, where the weight is updates / 200,000 and at most .2. On small data an
# epoch has few updates: there the cap comes sooner.
_DAE = Stage(
    "train", 200, (NET,), inputs="full", input_dropout=0.5, batch_users=500, loss="softmax", optimizer="adam",
    learning_rate=1e-3, penalty=2e-5,
)  # fmt: skip
_VAE = Stage(
    "train", 200, (NET,), inputs="full", input_dropout=0.5, batch_users=500, loss="softmax", kl="sum", kl_weight=0.2,
    kl_warmup_steps=40_000, optimizer="adam", learning_rate=1e-3,
)  # fmt: skip


PRESETS = {
    "multdae": {
        "paper": (MultDAESettings(), schedule(_DAE)),
        "small": (MultDAESettings(), schedule(_DAE, epochs=150)),
        "tiny": (MultDAESettings(hidden=48), schedule(_DAE, epochs=40, batch_users=125, learning_rate=3e-3)),
    },
    "multvae": {
        "paper": (MultVAESettings(), schedule(_VAE)),
        "small": (MultVAESettings(), schedule(_VAE, epochs=120, kl_warmup_steps=1_000)),
        "tiny": (
            MultVAESettings(hidden=96, latents=32),
            schedule(_VAE, epochs=40, batch_users=125, learning_rate=3e-3, kl_weight=0.02, kl_warmup_steps=200),
        ),
    },
}

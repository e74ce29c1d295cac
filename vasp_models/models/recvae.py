"""RecVAE: a deep encoder, a composite prior, alternating updates (Shenbin, Alekseev, Tutubalina et al. 2020)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
import math

import torch
from torch import Tensor

from vasp_models.models.flvae import DenseResidual, columns, dense
from vasp_models.models.gaussian import log_normal, sampled
from vasp_models.models.group import Group
from vasp_models.models.inputs import Inputs
from vasp_models.models.multvae import FirstLayer
from vasp_models.models.network import Net, SetNetwork, schedule
from vasp_models.training.options import Stage, Turn, check_ranges

_EPSILON = 0.1  # of LayerNorm, in the authors' code
# Of the prior: a standard normal, the posterior before this epoch, a wide normal (section 3.2 and the authors' code).
_MIXTURE = (3 / 20, 3 / 4, 1 / 10)
_WIDE = 10.0  # log variance of the wide normal


@dataclass(frozen=True)
class RecVAESettings:
    """Widths, the encoder's depth, and `gamma`: the weight of the KL for each interaction of a user (section 3.3)."""

    hidden: int = 600
    latents: int = 200
    encoder_layers: int = 5
    gamma: float = 0.005

    def __post_init__(self) -> None:
        widths = (1, 65_536)
        check_ranges(self, hidden=widths, latents=widths, encoder_layers=(1, 64), gamma=(0, 1e3))


class Encoder(Group):
    """q(z | x): densely connected layers with swish and LayerNorm, then mean and log variance."""

    def __init__(self, settings: RecVAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.first = FirstLayer(n_items, settings.hidden, generator)
        self.layers = DenseResidual(settings.hidden, settings.encoder_layers, generator, _EPSILON)
        self.mu = dense(settings.hidden, settings.latents, generator)
        self.log_variance = dense(settings.hidden, settings.latents, generator)

    def forward(self, x: Inputs) -> tuple[Tensor, Tensor]:
        """Mean and log variance, fp32 (rows, latents) each."""
        h = self.layers(self.first(x))
        return self.mu(h).float(), self.log_variance(h).float()


class Decoder(Group):
    """One linear layer."""

    def __init__(self, settings: RecVAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.head = dense(settings.latents, n_items, generator)


class RecVAENet(Net):
    """Encoder, linear decoder, and the encoder as it was before this epoch, which the prior looks back to."""

    transient = ("before",)

    def __init__(self, settings: RecVAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(settings, n_items, generator)
        self.decoder = Decoder(settings, n_items, generator)
        self.before = deepcopy(self.encoder).requires_grad_(False)
        self._kl: Tensor | None = None

    def groups(self) -> dict[str, Group]:
        """Encoder and decoder take turns."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    def turned(self, group: str) -> None:
        """Once the encoder has moved, the prior looks back to it."""
        if group == "encoder":
            self.before.load_state_dict(self.encoder.state_dict())

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of the multinomial, fp32 (rows, targets)."""
        return self.scored(self.features(x, noise), targets)

    def features(self, x: Inputs, noise: torch.Generator | None = None) -> Tensor:
        """The latents, fp32 (rows, latents); their means outside training."""
        mu, log_variance = self.encoder(x)
        z = mu
        if self.training:
            z = sampled(mu, log_variance, noise)
            whole = getattr(x, "whole", None)
            with torch.no_grad():
                before = self.before(x if whole is None else whole)
            ratio = log_normal(z, mu, log_variance) - _log_prior(z, *before)
            self._kl = self.settings.gamma * x.lengths[:, None] * ratio
        return z

    def scored(self, features: Tensor, targets: Tensor | None = None) -> Tensor:
        """Logits from the latents, fp32 (rows, targets)."""
        return columns(self.decoder.head, features, targets)

    def divergence(self) -> Tensor | None:
        """KL to the composite prior at one sample, by latent dimension, times gamma |x|, fp32 (rows, latents)."""
        return self._kl if self.training else None


def _log_prior(z: Tensor, mu: Tensor, log_variance: Tensor) -> Tensor:
    densities = (log_normal(z, 0.0, 0.0), log_normal(z, mu, log_variance), log_normal(z, 0.0, _WIDE))
    weighted = [density + math.log(weight) for density, weight in zip(densities, _MIXTURE, strict=True)]
    return torch.logsumexp(torch.stack(weighted), dim=0)


class RecVAE(SetNetwork):
    """The model of the paper."""

    Settings = RecVAESettings
    Net = RecVAENet
    softmax = True


# Adam at 5e-4, batches of 500; three passes of the encoder with dropout, then one of the decoder without.
_STAGE = Stage(
    "train", 50, ("encoder", "decoder"), inputs="full", batch_users=500, loss="softmax", kl="sum", optimizer="adam",
    learning_rate=5e-4, turns=(Turn("encoder", 3, 0.5), Turn("decoder")),
)  # fmt: skip


PRESETS = {
    "recvae": {
        "paper": (RecVAESettings(), schedule(_STAGE)),
        "small": (RecVAESettings(), schedule(_STAGE)),
        "tiny": (
            RecVAESettings(hidden=96, latents=32, encoder_layers=2),
            schedule(_STAGE, epochs=12, batch_users=125, learning_rate=2e-3),
        ),
    }
}

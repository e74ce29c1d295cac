"""H+Vamp Gated: two levels of latents, a VampPrior and gated layers (Kim and Suh 2019, "EVCF").

The layout with two layers in each block follows the authors' public code: one for each thing that is read, and one for
both together; with one layer they are read together at once. The paper's flat and ungated variants are settings.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch import Tensor, nn

from vasp_models.models.flvae import columns, dense
from vasp_models.models.gaussian import log_normal, sampled
from vasp_models.models.inputs import Inputs
from vasp_models.models.network import NET, Net, SetNetwork, schedule
from vasp_models.training.options import Stage, check_ranges

_LEAST, _MOST = -12.0, 4.0  # of a log variance, as in the authors' code


@dataclass(frozen=True)
class HVampSettings:
    """Widths and depth of the blocks, size of both latents, pseudo-inputs of the prior, and what may be left out."""

    hidden: int = 600
    layers: int = 2
    latents: int = 200
    pseudo_inputs: int = 1000
    gated: bool = True  # else tanh
    hierarchical: bool = True  # else one level of latents

    def __post_init__(self) -> None:
        widths = (1, 65_536)
        check_ranges(self, hidden=widths, layers=(1, 16), latents=widths, pseudo_inputs=widths)


def _he(weight: Tensor, fan_in: int, generator: torch.Generator) -> None:
    with torch.no_grad():
        weight.normal_(0.0, math.sqrt(2.0 / fan_in), generator=generator)


class Gated(nn.Module):
    """(W x + b) * sigmoid(V x + c), or tanh(W x + b)."""

    def __init__(self, n_in: int, n_out: int, gated: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.value = dense(n_in, n_out, generator)
        self.gate = dense(n_in, n_out, generator) if gated else None

    def forward(self, h: Tensor) -> Tensor:
        """Activations, (rows, n_out)."""
        return torch.tanh(self.value(h)) if self.gate is None else self.value(h) * torch.sigmoid(self.gate(h))


class Affine(nn.Module):
    """W x + U z + b of histories x, or of pseudo-inputs as dense rows, and of a dense z where there is one."""

    def __init__(self, n_items: int, n_beside: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.empty(n_items, n_out))
        self.beside = nn.Parameter(torch.empty(n_beside, n_out)) if n_beside else None
        self.bias = nn.Parameter(torch.zeros(n_out))
        for weight in filter(lambda each: each is not None, (self.items, self.beside)):
            _he(weight, n_items + n_beside, generator)

    def forward(self, x: Inputs | Tensor, z: Tensor | None = None) -> Tensor:
        """Pre-activations, (rows, n_out)."""
        found = (x @ self.items if isinstance(x, Tensor) else x.times(self.items)) + self.bias
        return found if z is None else found + z @ self.beside


class GatedItems(nn.Module):
    """A gated layer that reads a history, and a dense z beside it where `n_beside` is its width."""

    def __init__(self, n_items: int, n_out: int, gated: bool, generator: torch.Generator, n_beside: int = 0) -> None:
        super().__init__()
        self.value = Affine(n_items, n_beside, n_out, generator)
        self.gate = Affine(n_items, n_beside, n_out, generator) if gated else None

    def forward(self, x: Inputs | Tensor, z: Tensor | None = None) -> Tensor:
        """Activations, (rows, n_out)."""
        value = self.value(x, z)
        return torch.tanh(value) if self.gate is None else value * torch.sigmoid(self.gate(x, z))


class Normal(nn.Module):
    """Gated layers, then mean and log variance."""

    def __init__(self, n_in: int, settings: HVampSettings, layers: int, generator: torch.Generator) -> None:
        super().__init__()
        hidden, gated = settings.hidden, settings.gated
        widths = [n_in, *[hidden] * layers]
        pairs = zip(widths, widths[1:], strict=False)
        self.layers = nn.Sequential(*(Gated(a, b, gated, generator) for a, b in pairs))
        self.mu = dense(widths[-1], settings.latents, generator)
        self.log_variance = dense(widths[-1], settings.latents, generator)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, fp32 (rows, latents) each."""
        h = self.layers(h)
        return self.mu(h).float(), self.log_variance(h).float().clamp(_LEAST, _MOST)


class HVampNet(Net):
    """q(z2|x), q(z1|x,z2), p(z2) = VampPrior, p(z1|z2), p(x|z1,z2); the flat variant has z2 alone."""

    def __init__(self, settings: HVampSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        hidden, latents, gated, more = settings.hidden, settings.latents, settings.gated, settings.layers - 1
        self.first = GatedItems(n_items, hidden, gated, generator)
        self.z2 = Normal(hidden, settings, more, generator)
        self.pseudo = nn.Parameter(torch.empty(settings.pseudo_inputs, n_items))
        with torch.no_grad():
            self.pseudo.normal_(0.05, 0.01, generator=generator)

        def apart() -> nn.Module:  # what a block of several layers makes of one latent, before it is joined with others
            return Gated(latents, hidden, gated, generator) if more else nn.Identity()

        self.from_z2, each = apart(), hidden if more else latents
        if settings.hierarchical:
            self.second = GatedItems(n_items, hidden, gated, generator, 0 if more else latents)
            self.z2_beside = apart() if more else None
            self.z1 = Normal(2 * hidden if more else hidden, settings, more, generator)
            self.prior = Normal(latents, settings, settings.layers, generator)
            self.from_z1 = apart()
        widths = [2 * each if settings.hierarchical else each, *[hidden] * max(more, 1)]
        pairs = zip(widths, widths[1:], strict=False)
        self.joined = nn.Sequential(*(Gated(a, b, gated, generator) for a, b in pairs))
        self.head = dense(hidden, n_items, generator)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                _he(layer.weight, layer.in_features, generator)
        self._kl: Tensor | None = None

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of the multinomial, fp32 (rows, targets)."""
        return self.scored(self.features(x, noise), targets)

    def features(self, x: Inputs, noise: torch.Generator | None = None) -> Tensor:
        """What the head reads, (rows, hidden); z1 and z2 are their means outside training."""
        x = x.scaled(x.lengths.clamp_min(1).rsqrt())
        q2 = self.z2(self.first(x))
        z2 = self._drawn(q2, noise)
        h, q1, z1 = self.from_z2(z2), None, None
        if self.settings.hierarchical:
            beside = self.z2_beside
            q1 = self.z1(self.second(x, z2) if beside is None else torch.cat([self.second(x), beside(z2)], dim=1))
            z1 = self._drawn(q1, noise)
            h = torch.cat([self.from_z1(z1), h], dim=1)
        if self.training:
            self._kl = self._divergence(z2, q2, z1, q1)[:, None]
        return self.joined(h)

    def scored(self, features: Tensor, targets: Tensor | None = None) -> Tensor:
        """Logits from `features`, fp32 (rows, targets)."""
        return columns(self.head, features, targets)

    def _drawn(self, normal: tuple[Tensor, Tensor], noise: torch.Generator | None) -> Tensor:
        return sampled(*normal, noise) if self.training else normal[0]

    def _divergence(self, z2: Tensor, q2: tuple, z1: Tensor | None, q1: tuple | None) -> Tensor:
        """log q - log p at one sample, fp32 (rows)."""
        found = log_normal(z2, *q2).sum(dim=1) - self._log_vamp(z2)
        if z1 is None or q1 is None:
            return found
        return found + (log_normal(z1, *q1) - log_normal(z1, *self.prior(z2))).sum(dim=1)

    def _log_vamp(self, z2: Tensor) -> Tensor:
        """Log density of the VampPrior, the mean of the posteriors of the pseudo-inputs, fp32 (rows)."""
        # The authors give the pseudo-inputs to the encoder as they are, without the norm that histories have.
        mu, log_variance = self.z2(self.first(self.pseudo.clamp(0.0, 1.0)))
        # Sum over dimensions of -(z - mu)^2 / 2 var as matrix products: rows x pseudo-inputs x dimensions is too much.
        precision = torch.exp(-log_variance)
        squared = z2.square() @ precision.T - 2 * z2 @ (mu * precision).T + (mu.square() * precision).sum(dim=1)
        constant = (math.log(2 * math.pi) + log_variance).sum(dim=1)
        return torch.logsumexp(-0.5 * (squared + constant), dim=1) - math.log(len(mu))

    def divergence(self) -> Tensor | None:
        """KL at one sample, fp32 (rows, 1)."""
        return self._kl if self.training else None


class HVamp(SetNetwork):
    """The model of the paper; `gated` and `hierarchical` give its variants."""

    Settings = HVampSettings
    Net = HVampNet
    softmax = True


# Dropout .5 on the normalised input, batches of 200, the KL weight rises to .3 over 100 epochs (a linear warm-up). The
# authors scale each gradient tensor to length 1 before Adam; that is left out here.
_STAGE = Stage(
    "train", 400, (NET,), inputs="full", input_dropout=0.5, batch_users=200, loss="softmax", kl="sum", kl_weight=0.3,
    kl_warmup_steps=58_400, optimizer="adam", learning_rate=5e-4,
)  # fmt: skip


PRESETS = {
    "hvamp": {
        "paper": (HVampSettings(), schedule(_STAGE)),
        "small": (
            HVampSettings(layers=1, pseudo_inputs=200),
            schedule(_STAGE, epochs=100, kl_warmup_steps=1_800, input_dropout=0.6),
        ),
        "tiny": (
            HVampSettings(hidden=64, layers=1, latents=24, pseudo_inputs=50),
            schedule(_STAGE, epochs=30, batch_users=125, learning_rate=2e-3, kl_weight=0.02, kl_warmup_steps=200),
        ),
    }
}

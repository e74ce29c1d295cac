"""SVAE: a variational autoencoder of what comes next in a history (Sachdeva, Manco, Ritacco and Pudi 2019).

The paper trains one user at a time; here several go together, padded to the longest and masked. Each history is also
read before its first item, so that an empty one has an answer; the paper starts after the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vasp_models.models.flvae import columns, dense
from vasp_models.models.gaussian import kl_to_standard, sampled
from vasp_models.models.network import NET, Net, Network, schedule
from vasp_models.training.batches import Bag
from vasp_models.training.options import Stage, check_ranges

_STEPS = 50_000  # places in time that are read at once, padding among them: bounds the memory


@dataclass(frozen=True)
class SVAESettings:
    """Widths of item embedding, recurrent layer, the dense layers on both sides of the latents, and the latents."""

    embedding: int = 256
    recurrent: int = 200
    hidden: int = 150
    latents: int = 64

    def __post_init__(self) -> None:
        widths = (1, 65_536)
        check_ranges(self, embedding=widths, recurrent=widths, hidden=widths, latents=widths)


class SVAENet(Net):
    """item -> embedding -> GRU -> tanh -> mean and log variance of z_t -> tanh -> logits of what follows."""

    def __init__(self, settings: SVAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.items = nn.Parameter(torch.empty(n_items, settings.embedding))
        nn.init.xavier_normal_(self.items, generator=generator)
        # Made without weights and filled here: torch would draw them from its global generator.
        self.gru = nn.GRU(settings.embedding, settings.recurrent, batch_first=True, device="meta")
        for name, empty in list(self.gru.named_parameters()):
            weight = nn.Parameter(torch.zeros(empty.shape))
            if "bias" not in name:
                nn.init.xavier_uniform_(weight, generator=generator)
            setattr(self.gru, name, weight)
        self.encode = dense(settings.recurrent, settings.hidden, generator)
        self.posterior = dense(settings.hidden, 2 * settings.latents, generator)
        self.decode = dense(settings.latents, settings.hidden, generator)
        self.head = dense(settings.hidden, n_items, generator)
        self._kl: Tensor | None = None

    def forward(self, x: Bag, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of what follows the whole history, fp32 (rows, targets); z is the mean outside training."""
        longest = max(int(x.lengths.max()) if len(x) else 0, 1)
        size = max(1, _STEPS // longest)
        ends = [self._ends(x, slice(start, start + size)) for start in range(0, max(len(x), 1), size)]
        return self._logits(torch.cat(ends), noise, targets)

    def at_steps(self, x: Bag, noise: torch.Generator | None) -> Tensor:
        """Logits of what follows at each place in time, fp32 (places, items)."""
        states = self._states(x, slice(None))
        before = torch.arange(states.shape[1], device=states.device) < x.lengths[:, None]
        return self._logits(states[before], noise)

    def divergence(self) -> Tensor | None:
        """KL to a standard normal by latent dimension, fp32 (places, latents)."""
        return self._kl if self.training else None

    def _logits(self, states: Tensor, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        mu, log_variance = self.posterior(torch.tanh(self.encode(states))).chunk(2, dim=-1)
        z = mu
        if self.training:
            self._kl = kl_to_standard(mu, log_variance)
            z = sampled(mu, log_variance, noise)
        return columns(self.head, torch.tanh(self.decode(z)), targets)

    def _ends(self, x: Bag, rows: slice) -> Tensor:
        """The state after the last item of some rows, (rows, recurrent)."""
        states, lengths = self._states(x, rows), x.lengths[rows]
        return states[torch.arange(len(lengths), device=lengths.device), lengths]

    def _states(self, x: Bag, rows: slice) -> Tensor:
        """States before the first item and after each, (rows, longest + 1, recurrent); padding comes last in a row."""
        starts, lengths = x.offsets[:-1][rows], x.lengths[rows]
        longest = int(lengths.max()) if len(lengths) else 0
        begin = torch.zeros(len(lengths), 1, self.gru.hidden_size, dtype=self.items.dtype, device=self.items.device)
        if not longest:
            return begin
        step = torch.arange(longest, device=starts.device)
        places = torch.where(step < lengths[:, None], starts[:, None] + step, 0)  # padding reads any item, to no effect
        embedded = nn.functional.embedding(x.items[places], self.items)  # (rows, longest, embedding)
        return torch.cat([begin, self.gru(embedded)[0]], dim=1)


class SVAE(Network):
    """The model of the paper; scores are those of the place after the last item."""

    Settings = SVAESettings
    Net = SVAENet
    softmax = True
    needs_order = True


# The next four items are the target, the weight of the KL is updates / 200,000 and at most .2, Adam with an L2 penalty:
# as in the authors' code, where a user is a batch.
_PAPER = Stage(
    "train", 25, (NET,), inputs="full", following=4, batch_users=1, loss="softmax", kl="sum", kl_weight=0.2,
    kl_warmup_steps=40_000, optimizer="adam", learning_rate=1e-3, penalty=2.5e-3,
)  # fmt: skip

PRESETS = {
    "svae": {
        "paper": (SVAESettings(), schedule(_PAPER)),
        "small": (SVAESettings(), schedule(_PAPER, batch_users=8, kl_warmup_steps=500, penalty=1e-4)),
        "tiny": (
            SVAESettings(64, 64, 48, 24),
            schedule(
                _PAPER, epochs=20, batch_users=8, kl_weight=0.02, kl_warmup_steps=200, penalty=0.0, learning_rate=3e-3
            ),
        ),
    }
}

"""The shallow path for large catalogues with few weights per item, as SANSA has (Spišák et al. 2023).

SANSA inverts X'X approximately by sparse Cholesky factors, with a library of its own. Here each item has a fixed number
of others that speak for it, and their weights are the closed form on those (`local_ease`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
import torch
from torch import Tensor, nn

from vasp_models.data.interactions import Interactions
from vasp_models.models.inputs import Inputs, OneHot, Subsets
from vasp_models.models.local_ease import local_edlae
from vasp_models.models.part import Part, PartOutput
from vasp_models.training.batches import Bag
from vasp_models.training.options import check_ranges


@dataclass(frozen=True)
class SparseSettings:
    """How many items speak for each item, the closed form that weighs them, and the logit's scale and constant."""

    neighbours: int = 100
    shared_users: int = 2  # an item speaks for another only where so many users have both
    l2: float = 50.0
    dropout: float = 0.5
    bias: float = -6.0
    temperature: float = 10.0  # of the first epoch: it is learnt, the weights are not

    def __post_init__(self) -> None:
        check_ranges(
            self, neighbours=(1, 65_536), shared_users=(1, 1_000_000), l2=(1e-6, 1e12), dropout=(0, 0.99),
            bias=(-50, 50), temperature=(1e-6, 1e6),
        )  # fmt: skip


class Sparse(Part):
    """sigma(b + c x B) where each column of B has k weights and a zero diagonal; only c is trained.

    B is held by rows: the weights of item j are those from `starts[j]` to `starts[j + 1]`, and lead to `targets`.
    """

    Settings = SparseSettings
    title = "Sparse path"
    factor_names = ("sparse",)
    linear = True

    def __init__(self, settings: SparseSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings, self.n_items = settings, n_items
        self.k = min(settings.neighbours, n_items - 1)
        self.scale = nn.Parameter(torch.tensor(settings.temperature))
        steps = 1 + torch.randperm(max(n_items - 1, 0), generator=generator, dtype=torch.int32)[: self.k]
        sources = (torch.arange(n_items, dtype=torch.int32)[:, None] + steps) % n_items  # k others, none twice
        weights = torch.randn(n_items, self.k, generator=generator) / max(self.k, 1) ** 0.5
        for name, values in _by_rows(sources, weights).items():
            self.register_buffer(name, values)

    def initialise(self, train: Interactions) -> None:
        """Put in the closed form."""
        chosen = self.settings
        found = local_edlae(train, self.k, chosen.l2, chosen.dropout, chosen.shared_users)
        for name, values in _by_rows(torch.from_numpy(found.sources), torch.from_numpy(found.weights)).items():
            getattr(self, name).copy_(values)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> PartOutput:
        """The logit of the target items, float32 (rows, targets)."""
        return PartOutput({"sparse": self.settings.bias + self.scale * self._sums(x, targets)}, None)

    def _sums(self, x: Inputs, targets: Tensor | None) -> Tensor:
        if isinstance(x, Subsets | OneHot):  # on the model's device; of subsets differentiable in their weights
            return x.summed(self._rows(x.items, targets))
        if isinstance(x, Bag) and self.weights.device.type != "cpu":
            return self._added(x, targets)
        # On the host by SciPy, three times as fast there: products of two sparse matrices are in beta in torch.
        sums = (_host(x, self.n_items) @ self._matrix).toarray()
        sums = torch.from_numpy(sums).to(self.weights.device, self.weights.dtype)
        return sums if targets is None else sums[:, targets]

    def _added(self, x: Bag, targets: Tensor | None) -> Tensor:
        """The sums on the model's device: every weight of every row of a history added where it leads."""
        at, columns, values = self._entries(x.items)
        values = values if x.weights is None else values * x.weights[at]
        sums = values.new_zeros(len(x), self.n_items).index_put((x.rows[at], columns), values, accumulate=True)
        return sums if targets is None else sums[:, targets]

    def _entries(self, items: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Every weight of some rows of B: its row's place among `items`, its column, the weight."""
        counts = self.starts.diff()[items].long()
        ends = counts.cumsum(0)
        at = torch.arange(int(counts.sum()), device=items.device)
        at += torch.repeat_interleave(self.starts[items].long() - (ends - counts), counts)
        rows = torch.repeat_interleave(torch.arange(len(items), device=items.device), counts)
        return rows, self.targets[at].long(), self.weights[at]

    @property
    def _matrix(self) -> csr_matrix:
        weights, targets, starts = (each.cpu().numpy() for each in (self.weights, self.targets, self.starts))
        return csr_matrix((weights, targets, starts), shape=(self.n_items, self.n_items))

    def _rows(self, items: Tensor, targets: Tensor | None = None) -> Tensor:
        """Rows of B at the target items (all without them), (len(items), targets)."""
        rows, columns, values = self._entries(items)
        width, inverse = self.n_items, None
        if targets is not None:
            chosen, inverse = torch.unique(targets, return_inverse=True)
            place = torch.full((self.n_items,), -1, device=items.device)
            place[chosen] = torch.arange(len(chosen), device=items.device)
            kept = place[columns] >= 0
            rows, columns, values, width = rows[kept], place[columns[kept]], values[kept], len(chosen)
        found = values.new_zeros(len(items), width).index_put((rows, columns), values, accumulate=True)
        return found if inverse is None else found[:, inverse]

    @property
    def bias(self) -> float:
        """The logit of every item for an empty history."""
        return self.settings.bias

    def layers(self) -> dict[str, tuple[str, ...]]:
        """One layer."""
        return {"B": ("scale", "starts", "targets", "weights")}

    def silence(self, items: Tensor) -> bool:
        """Clear their rows."""
        for item in items.tolist():
            self.weights[self.starts[item] : self.starts[item + 1]] = 0.0
        return True

    def item_weights(self, items: Tensor, targets: Tensor | None = None) -> Tensor:
        """Rows of c B at the targets (all without them), float64 (len(items), targets)."""
        return self.scale.double() * self._rows(items, targets).double()


def _host(x: Inputs, n_items: int) -> csr_matrix:
    """Histories as a sparse matrix on the host (rows, items)."""
    if not isinstance(x, Bag):
        return csr_matrix(x.dense(n_items).detach().cpu().numpy())
    weights = np.ones(len(x.items), np.float32) if x.weights is None else x.weights.cpu().numpy()
    return csr_matrix((weights, x.items.cpu().numpy(), x.offsets.cpu().numpy()), shape=(len(x), n_items))


def _by_rows(sources: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """The columns of B as its rows: `starts` int32 (items + 1), `targets` int32 and `weights` float32 (items x k)."""
    n_items, k = sources.shape
    order = np.argsort(sources.reshape(-1).numpy(), kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(sources.reshape(-1).numpy(), minlength=n_items))])
    targets = (order // max(k, 1)).astype(np.int32)
    return {
        "starts": torch.from_numpy(starts.astype(np.int32)),
        "targets": torch.from_numpy(targets),
        "weights": weights.reshape(-1)[torch.from_numpy(order)],
    }

"""One model whose modules are chosen: input, representation, fusion, prediction (Raziperchikolaei and Chung 2021).

NCF's and AutoRec's variants are choices of it (Table I); the two AutoRec rows stand there the wrong way round and are
taken here as sections IV and V derive them. The loss, the fifth choice, belongs to the training stage.
"""

from __future__ import annotations

from copy import deepcopy
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models.group import Group
from vasp_models.models.inputs import Inputs
from vasp_models.models.modules import Head, Side, Sides, dot
from vasp_models.models.network import FLOATS, NET, Net, PairNetwork, SetNetwork
from vasp_models.models.new_users import least_squares, newton
from vasp_models.models.unified_settings import Input, UnifiedSettings
from vasp_models.training.batches import Bag
from vasp_models.training.options import TrainOptions

_ANCHORS = 256  # items that stand for all others where a new user's vector is found step by step

SIDES, HEAD = "sides", "head"  # what an outer product trains apart


class UnifiedNet(Net):
    """User and item side, fusion and prediction; item representations are kept, so that scoring asks no train user."""

    def __init__(self, settings: UnifiedSettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.chosen, self.n_items = settings, n_items
        self.seed = int(torch.randint(2**31, (), generator=generator))
        self.head = Head(settings, generator)
        # A side that reads what only train users have is sized by `begin`, and is not saved.
        self.transient = ("item", *(("user", "user_bias") if settings.user_input == "id" else ()))
        self.user = None if settings.user_input == "id" else Side(settings, "user", n_items, generator)
        self.item = None if settings.item_input == "history" else Side(settings, "item", n_items, generator)
        self.item_bias = nn.Parameter(torch.zeros(n_items)) if settings.biases else None
        self.user_bias: nn.Embedding | None = None
        self.columns: Interactions | None = None
        self.register_buffer("items", torch.zeros(n_items, settings.factors))
        self.register_buffer("typical", torch.zeros(settings.factors))  # the mean of the train users
        if settings.biases and settings.user_input == "id":
            self.register_buffer("typical_bias", torch.zeros(()))
        anchors = torch.randperm(n_items, generator=generator)[:_ANCHORS]
        self.register_buffer("anchors", anchors.sort().values)

    @property
    def floats(self) -> int:
        """Numbers held for each pair that is scored."""
        return self.head.floats

    def begin(self, train: Interactions) -> Interactions:
        """Size what reads users by the train users, and number them."""
        generator = torch.Generator().manual_seed(self.seed)
        train = train.numbered()
        if self.chosen.user_input == "id":
            n_users = int(train.users.max()) + 1
            self.user = Side(self.chosen, "user", n_users, generator)
            if self.chosen.biases:
                self.user_bias = nn.Embedding(n_users, 1)
                nn.init.zeros_(self.user_bias.weight)
        if self.chosen.item_input == "history":
            self.columns = train.transposed()
            self.item = Side(self.chosen, "item", len(train), generator)
        if self.item_bias is not None and train.values is not None:
            nn.init.constant_(self.item_bias, float(train.values.mean()))
        return train

    def groups(self) -> dict[str, Group]:
        """All together; before an outer product the sides are trained by their dot product (He et al. 2018, 3.3)."""
        if self.chosen.prediction != "cnn" or self.user is None or self.item is None:
            return {NET: self}
        return {SIDES: Sides(self.user, self.item), HEAD: self.head}

    def turned(self, group: str) -> None:
        """Keep what scoring needs of the items, and the typical user."""
        with torch.no_grad():
            self.items.copy_(self.represented(torch.arange(self.n_items, device=self.items.device)))
            if self.chosen.user_input == "id":
                self.typical.copy_(self.user(torch.arange(len(self.user.first), device=self.items.device)).mean(dim=0))
            if self.user_bias is not None:
                self.typical_bias.copy_(self.user_bias.weight.mean())

    def represented(self, items: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Representations of items by number, fp32 (items, factors)."""
        if self.columns is None:
            return self.item(items, noise)
        return self.item(Bag.of(self.columns.take(items.cpu().numpy()), items.device), noise)

    def users(self, x: Inputs, noise: torch.Generator | None = None) -> Tensor:
        """Representations of the rows, fp32 (rows, factors)."""
        if self.chosen.user_input == "history":
            return self.user(x, noise)
        return self.solved(x) if self.user is None or x.users is None else self.user(x.users, noise)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Scores of the target items, fp32 (rows, targets)."""
        targets = torch.arange(self.n_items, device=self.items.device) if targets is None else targets
        v = self.head.prepared(self.represented(targets, noise) if self.training else self.items[targets])
        u = self.users(x, noise)
        rows = max(1, FLOATS // (self.floats * min(len(v), 4096)))
        blocks = [
            torch.cat([self.head.joined(part[:, None], some[None]) for some in v.split(4096)], dim=1)
            for part in u.split(rows)
        ]
        found = torch.cat(blocks) if blocks else u.new_zeros(0, len(v))
        return self._squeezed(found + self._biases(x, targets))

    def at_pairs(
        self, x: Inputs, noise: torch.Generator | None, rows: Tensor, items: Tensor, parts: tuple[str, ...] = ()
    ) -> Tensor:
        """Scores of `items`, (pairs, c), for `rows` of x, fp32 (pairs, c); without the head the dot product."""
        u = self.users(x, noise)[rows][:, None]
        if self.training:
            distinct, places = items.unique(return_inverse=True)
            v = functional.embedding(places, self.represented(distinct, noise))
        else:
            v = self.items[items]
        head = dot if parts == (SIDES,) else self.head
        return self._squeezed(head(u, v) + self._biases(x, items, rows))

    def _squeezed(self, scores: Tensor) -> Tensor:
        return torch.sigmoid(scores) if self.training and self.chosen.sigmoid else scores

    def _biases(self, x: Inputs, items: Tensor, rows: Tensor | None = None) -> Tensor | float:
        of_items = 0.0 if self.item_bias is None else self.item_bias[items]
        users = None if self.user_bias is None else getattr(x, "users", None)
        return of_items if users is None else of_items + self.user_bias(users if rows is None else users[rows])

    @torch.inference_mode(mode=False)
    def solved(self, x: Bag) -> Tensor:
        """Vectors of new users, fp32 (rows, factors): for most losses `new_users.py` finds them step by step."""
        chosen = self.chosen
        rows = Interactions(x.offsets.cpu().numpy(), x.items.cpu().numpy(), self.n_items)
        items, typical = self.items.double(), self.typical.double()
        bias = items.new_zeros(self.n_items) if self.item_bias is None else self.item_bias.detach().double()
        if chosen.biases:
            bias = bias + self.typical_bias.double()
        if chosen.new_user_loss == "squared":
            return self._least_squares(x, rows, items, bias, typical)
        head = deepcopy(self.head).double().requires_grad_(False)
        anchors, v = self.anchors.cpu().numpy(), head.prepared(items)
        told = (anchors, typical, chosen.new_user_negatives, chosen.new_user_l2, self.floats, chosen.is_linear)
        return newton(head.joined, v, bias, rows, *told).to(self.typical)

    def _least_squares(self, x: Bag, rows: Interactions, items: Tensor, bias: Tensor, typical: Tensor) -> Tensor:
        chosen = self.chosen
        rest = (-items @ typical - bias).cpu().numpy()  # of a target of 0, beside what the typical user has
        given = np.ones(rows.n_pairs) if x.weights is None else x.weights.cpu().numpy().astype(np.float64)
        others = chosen.new_user_negatives * rows.lengths / np.maximum(self.n_items - rows.lengths, 1)
        if x.weights is not None:  # of ratings, what was not rated says nothing
            others = np.zeros(len(rows))
        own = given + rest[rows.indices]
        found = least_squares(items.cpu().numpy(), rows, 1.0, others, chosen.new_user_l2, own, rest)
        return (typical + torch.from_numpy(found).to(typical)).to(self.typical)


class _Chosen(PairNetwork):
    """What both kinds have in common; `reads` is the user input that the kind is for."""

    Settings = UnifiedSettings
    Net = UnifiedNet
    reads: ClassVar[Input]

    def __init__(self, settings: UnifiedSettings, n_items: int, seed: int = 0) -> None:
        if settings.user_input != self.reads:
            raise SettingError(
                f"user_input={settings.user_input} does not fit this model, which has {self.reads}: expected a change "
                f"of {'cfnet-rl' if self.reads == 'id' else 'mf'} or another model that has it."
            )
        super().__init__(settings, n_items, seed)

    def _check_options(self, options: TrainOptions) -> None:
        super()._check_options(options)
        for stage in options.stages:
            self.settings.check(stage)


class Unified(_Chosen, SetNetwork):
    """Modules that read the user's history: a new user is scored by the forward pass."""

    reads = "history"


class UnifiedByDirection(_Chosen):
    """The same for DMF: its path from an empty history, whose representation has no direction, says nothing."""

    reads = "history"


class UnifiedByNumber(_Chosen):
    """Modules that know their train users by number: a new user's vector is solved for."""

    reads = "id"
    new_users = "solve"

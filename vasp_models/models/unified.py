"""One model whose modules are chosen: input, representation, fusion, prediction (Raziperchikolaei and Chung 2021).

NCF's and AutoRec's variants are choices of it (Table I); the two AutoRec rows stand there the wrong way round and are
taken here as sections IV and V derive them. The loss, the fifth choice, belongs to the training stage.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models.inputs import Inputs
from vasp_models.models.modules import Head, Side, Sides, dot
from vasp_models.models.network import FLOATS, NET, Group, Net, PairNetwork, SetNetwork
from vasp_models.models.new_users import descent, least_squares, logistic
from vasp_models.training.batches import Bag
from vasp_models.training.options import check_ranges

_ANCHORS = 256  # items that stand for all others where a new user's vector is found by descent

SIDES, HEAD = "sides", "head"  # what an outer product trains apart

Input = Literal["id", "history"]
Representation = Literal["embedding", "linear", "mlp"]


@dataclass(frozen=True)
class UnifiedSettings:
    """What each module is (sections III-A to III-D), how wide, and how a new user's vector is solved for."""

    user_input: Input = "id"
    user_representation: Representation = "embedding"
    user_hidden: int = 0  # width of a linear layer before the MLP's last one; 0 leaves it out
    item_input: Input = "id"
    item_representation: Representation = "embedding"
    item_hidden: int = 0
    factors: int = 64  # width of both representations
    activation: Literal["relu", "sigmoid"] = "relu"  # of the MLPs that represent
    normalise: bool = False  # histories and columns divided by the root of their length
    dropout: float = 0.0  # share of the values of a representation left out in training
    fusion: Literal["product", "normalised-product", "concatenation", "outer-product"] = "product"
    prediction: Literal["linear", "nonlinear", "mlp", "cnn"] = "linear"
    layers: int = 3  # of the MLP that predicts, each half as wide as the one before
    channels: int = 32  # of the CNN
    sigmoid: bool = False  # squeezes the prediction for a loss on its square; bce has its own
    biases: bool = False  # of items, and of users who are known
    new_user_l2: float = 1.0
    new_user_negatives: float | None = 4.0  # weight of all that a new user lacks, in the history's; None: a softmax

    def __post_init__(self) -> None:
        widths = (0, 65_536)
        check_ranges(
            self, user_hidden=widths, item_hidden=widths, factors=(1, 65_536), layers=(1, 16), channels=(1, 4096),
            dropout=(0, 0.99), new_user_l2=(1e-9, 1e9),
        )  # fmt: skip
        if self.new_user_negatives is not None:
            check_ranges(self, new_user_negatives=(0, 1e6))
        for side in ("user", "item"):
            if getattr(self, f"{side}_input") == "history" and getattr(self, f"{side}_representation") == "embedding":
                raise SettingError(f"{side}_representation=embedding reads ids: expected linear or mlp for a history.")
        if self.fusion == "concatenation" and self.prediction != "mlp":
            raise SettingError(
                f"fusion=concatenation with prediction={self.prediction} gives every user the same list, as nothing "
                "joins user and item: expected prediction=mlp."
            )
        if (self.fusion == "outer-product") != (self.prediction == "cnn"):
            raise SettingError("fusion=outer-product and prediction=cnn go together: expected both or neither.")
        if self.prediction == "cnn" and (self.factors < 2 or self.factors & (self.factors - 1)):
            raise SettingError(f"factors={self.factors}: the CNN halves them until one is left; expected 2, 4, 8, ...")

    @property
    def is_linear(self) -> bool:
        """Whether the score is linear in the user's representation."""
        return self.fusion == "product" and self.prediction == "linear"

    @property
    def has_linear_logit(self) -> bool:
        """Whether the logit of the score is."""
        return self.fusion == "product" and self.prediction == "nonlinear"


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
        """Vectors of new users, fp32 (rows, factors), which for most predictions `new_users.py` finds step by step."""
        chosen = self.chosen
        rows = Interactions(x.offsets.cpu().numpy(), x.items.cpu().numpy(), self.n_items)
        items, typical = self.items.double(), self.typical.double()
        bias = items.new_zeros(self.n_items) if self.item_bias is None else self.item_bias.detach().double()
        if not chosen.is_linear:
            head, anchors = deepcopy(self.head).double().requires_grad_(False), self.anchors.cpu().numpy()
            told = (rows, anchors, typical, chosen.new_user_negatives, chosen.new_user_l2)
            if chosen.has_linear_logit and chosen.new_user_negatives is not None:
                return logistic(items * head.weights, bias + head.bias, *told).to(self.typical)
            return descent(head.joined, head.prepared(items), bias, *told, self.floats).to(self.typical)
        rest = (-items @ typical - bias).cpu().numpy()  # of a target of 0, beside what the typical user has
        given = np.ones(rows.n_pairs) if x.weights is None else x.weights.cpu().numpy().astype(np.float64)
        others = (chosen.new_user_negatives or 0.0) * rows.lengths / np.maximum(self.n_items - rows.lengths, 1)
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


class Unified(_Chosen, SetNetwork):
    """Modules that read the user's history: a new user is scored by the forward pass."""

    reads = "history"


class UnifiedByDirection(_Chosen):
    """The same with a normalised product: no path leads from an empty history, whose direction is none, to another."""

    reads = "history"


class UnifiedByNumber(_Chosen):
    """Modules that know their train users by number: a new user's vector is solved for."""

    reads = "id"
    new_users = "solve"

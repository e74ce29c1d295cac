"""CDAE: a collaborative denoising autoencoder with a vector for each user (Wu, DuBois, Zheng and Ester 2016).

A user who was not there in training has no vector: it is zero, and CDAE is a denoising autoencoder then. Vectors of
train users serve training alone and are not saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from vasp_models.data.interactions import Interactions
from vasp_models.models.flvae import columns, dense
from vasp_models.models.inputs import Inputs
from vasp_models.models.network import NET, Net, SetNetwork, schedule
from vasp_models.training.options import Stage, check_ranges

_ACTIVATIONS = {"identity": lambda h: h, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


@dataclass(frozen=True)
class CDAESettings:
    """Width K and activation h of the hidden layer, and whether users have vectors while training.

    The paper's variants M1 to M4 are the activations identity and sigmoid with the losses mse and bce.
    """

    hidden: int = 50
    activation: Literal["identity", "sigmoid", "tanh", "relu"] = "sigmoid"
    user_vectors: bool = True

    def __post_init__(self) -> None:
        check_ranges(self, hidden=(1, 65_536))


class CDAENet(Net):
    """z = h(W' x + V_u + b), logits = W'' z + b''; V_u in training alone."""

    transient = ("users",)

    def __init__(self, settings: CDAESettings, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.weight = nn.Parameter(torch.empty(n_items, settings.hidden))
        self.bias = nn.Parameter(torch.zeros(settings.hidden))
        nn.init.xavier_uniform_(self.weight, generator=generator)
        self.decode = dense(settings.hidden, n_items, generator)
        self.users: nn.Embedding | None = None  # one vector for each train user, made when training begins

    def begin(self, train: Interactions) -> Interactions:
        """Number the users and give them vectors, which start at zero: where a new user stays."""
        if not self.settings.user_vectors:
            return train
        train = train.numbered()
        start = torch.zeros(int(train.users.max(initial=0)) + 1, self.settings.hidden)
        self.users = nn.Embedding(*start.shape, _weight=start)
        return train

    def encode(self, x: Inputs) -> Tensor:
        """z, fp32 (rows, hidden)."""
        h = x.times(self.weight) + self.bias
        if self.training and self.users is not None:
            h = h + self.users(x.users)
        return _ACTIVATIONS[self.settings.activation](h)

    def forward(self, x: Inputs, noise: torch.Generator | None, targets: Tensor | None = None) -> Tensor:
        """Logits of the target items, fp32 (rows, targets)."""
        return self.scored(self.features(x), targets)

    def features(self, x: Inputs, noise: torch.Generator | None = None) -> Tensor:
        """z, fp32 (rows, hidden)."""
        return self.encode(x)

    def scored(self, features: Tensor, targets: Tensor | None = None) -> Tensor:
        """Logits from z, fp32 (rows, targets)."""
        return columns(self.decode, features, targets)


class CDAE(SetNetwork):
    """The model of the paper; a new user's vector is zero."""

    Settings = CDAESettings
    Net = CDAENet


# K = 50, five sampled negatives for each positive and AdaGrad are the paper's; rate, L2 weight and corruption, which it
# tunes for each data set, are our choice.
_PAPER = Stage(
    "train", 100, (NET,), inputs="full", input_dropout=0.2, batch_users=100, loss="bce", negatives=5,
    optimizer="adagrad", learning_rate=0.1, penalty=1e-5,
)  # fmt: skip
# On MovieLens-1M the loss over all items, with Adam and a wider layer, ranks far better than five negatives: validation
# NDCG@100 of .392 against .340.
_ALL_ITEMS = Stage(
    "train", 40, (NET,), inputs="full", input_dropout=0.5, batch_users=100, loss="bce", optimizer="adam",
    learning_rate=3e-3,
)  # fmt: skip
_WIDER = CDAESettings(hidden=200, activation="tanh")

PRESETS = {
    "cdae": {
        "paper": (CDAESettings(), schedule(_PAPER)),
        "small": (_WIDER, schedule(_ALL_ITEMS)),
        "tiny": (CDAESettings(), schedule(_PAPER, epochs=20, batch_users=50)),
    }
}

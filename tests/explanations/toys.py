"""Toy models with known answers, and one real, tiny product: what the explanations are tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.special import log_expit
import torch

from vasp_models.data.interactions import Interactions
from vasp_models.models.base import Recommender
from vasp_models.models.baselines import PopularitySettings
from vasp_models.models.flvae import FLVAESettings
from vasp_models.models.nease import NEASESettings
from vasp_models.models.vasp import Product, ProductSettings
from vasp_models.training.options import Epoch


class Toy(Recommender):
    """A model that is written down instead of learnt; it does not cover the items `unmodelled`.

    `calls` counts how often it was asked and `rows` how many histories it answered.
    """

    Settings = PopularitySettings

    def __init__(self, n_items: int, unmodelled: Sequence[int] = ()) -> None:
        super().__init__(PopularitySettings(), n_items)
        self.covered = ~np.isin(np.arange(n_items), unmodelled)
        self.calls = self.rows = 0

    def fit_epochs(self, train, options, validate=None, state=None) -> Iterator[Epoch]:
        yield from ()

    def tensors(self) -> dict[str, np.ndarray]:
        return {}

    def load_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        pass

    def covers(self, items: np.ndarray) -> np.ndarray:
        return self.covered[items]

    def profiles(self, histories: Interactions) -> np.ndarray:
        """Histories as 0 and 1, float64 (rows, items), blind to what is not covered."""
        self.calls += 1
        self.rows += len(histories)
        return histories.csr(np.float64).toarray() * self.covered

    def answer(self, values: np.ndarray) -> np.ndarray:
        """The values as scores, -inf where an item is not covered."""
        return np.where(self.covered, values, -np.inf).astype(np.float32)


class Additive(Toy):
    """Raw scores bias + x W: every film of the history adds its weight, whatever else is there."""

    linear_factor = "score"

    def __init__(self, weights: np.ndarray, bias: float = 0.0, unmodelled: Sequence[int] = ()) -> None:
        super().__init__(len(weights), unmodelled)
        self.weights, self.linear_bias = np.asarray(weights, dtype=np.float64), bias

    def _scores(self, histories: Interactions) -> np.ndarray:
        return self.answer(self.linear_bias + self.profiles(histories) @ self.weights)

    def item_weights(self, items: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """0 from items that are not covered, NaN to them."""
        weights = self.weights[items] * self.covered[items][:, None]
        weights = np.where(self.covered, weights, np.nan).astype(np.float32)
        return weights if targets is None else weights[:, targets]


class Softmax(Additive):
    """The same scores as logits of a softmax over the items."""

    softmax = True


class Factored(Additive):
    """Two log factors: "nease", log sigma(bias + x W), and "deep", log sigma(-2 + strength for each planted rule met).

    A rule is (first, second, target, kind, strength): met for the target where the profile holds both films ("and") or
    exactly one of the two ("xor").
    """

    factor_names = ("nease", "deep")
    parts: Mapping[str, tuple[str, ...]] = {"nease": ("nease",), "flvae": ("deep",)}
    linear_factor = "nease"

    def __init__(self, weights, bias: float = 0.0, rules: Sequence[tuple] = (), unmodelled: Sequence[int] = ()) -> None:
        super().__init__(weights, bias, unmodelled)
        self.rules = list(rules)

    def log_factors(self, histories: Interactions) -> np.ndarray:
        x = self.profiles(histories)
        deep = np.full(x.shape, -2.0)
        for first, second, target, kind, strength in self.rules:
            one, two = x[:, first] > 0, x[:, second] > 0
            deep[:, target] += strength * ((one & two) if kind == "and" else (one ^ two))
        logits = self.linear_bias + x @ self.weights
        return np.stack([self.answer(log_expit(logits)), self.answer(log_expit(deep))])

    def _scores(self, histories: Interactions) -> np.ndarray:
        return self.log_factors(histories).sum(axis=0)


def random_weights(n_items: int, seed: int = 0) -> np.ndarray:
    """Standard normal weights with a zero diagonal, (n, n)."""
    weights = np.random.default_rng(seed).normal(size=(n_items, n_items))
    np.fill_diagonal(weights, 0.0)
    return weights


def tiny_product(
    n_items: int = 12, seed: int = 0, normalise: bool = True, items_share: float = 1.0, bias: float = -1.0
) -> Product:
    """A real VASP with drawn weights and biases, not trained; with `items_share` the last items are not covered."""
    deep = FLVAESettings(hidden=16, latents=4, encoder_layers=2, decoder_layers=1, normalise_input=normalise)
    parts = {"nease": NEASESettings(bias=bias), "flvae": deep}
    model = Product(ProductSettings(parts, items_share), n_items, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "norms" not in name:
                weights.add_(torch.randn(weights.shape, generator=generator), alpha=0.5)
        model.nets["nease"].project()
    return model

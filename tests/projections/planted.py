"""A model without torch whose maps are known: NEASE groups the films one way, FLVAE another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions

GENRES = ("Horror", "Children", "Western", "Film-Noir", "Comedy", "War")


def log_sigmoid(logits: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0.0, -logits)


class PlantedModel:
    """Film i is in NEASE's group i % groups and in FLVAE's group i // (n / groups)."""

    factor_names = ("nease", "flvae_residual", "flvae_latent")
    parts = {"nease": ("nease",), "flvae": ("flvae_residual", "flvae_latent")}

    def __init__(self, n_items: int = 120, popularity: float = 0.0, uncovered: tuple[int, ...] = (), seed: int = 0):
        generator = np.random.default_rng(seed)
        self.n_items, self.asked = n_items, 0
        self.nease_group = np.arange(n_items) % len(GENRES)
        self.flvae_group = np.arange(n_items) * len(GENRES) // n_items
        noise = generator.normal(0, 0.3, size=(2, n_items, n_items))
        self.w_nease = 3.0 * (self.nease_group[:, None] == self.nease_group) + noise[0]
        self.w_flvae = 3.0 * (self.flvae_group[:, None] == self.flvae_group) + noise[1]
        self.popular = popularity * generator.normal(size=n_items)
        self.covered = ~np.isin(np.arange(n_items), uncovered)

    def log_factors(self, histories: Interactions) -> np.ndarray:
        self.asked += len(histories)
        x = histories.csr(np.float64).toarray() * self.covered
        residual = x @ self.w_flvae - 2.0 + self.popular
        latent = np.broadcast_to(self.popular, residual.shape)
        factors = np.stack([log_sigmoid(x @ self.w_nease), log_sigmoid(residual), log_sigmoid(latent)])
        return np.where(self.covered, factors, -np.inf).astype(np.float32)

    def score(self, histories: Interactions) -> np.ndarray:
        return self.log_factors(histories).sum(axis=0)


class ScoreModel:
    """A model without factors: scores are linear in the history."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray | float = 0.0):
        self.weights, self.bias, self.n_items = weights, bias, len(weights)

    def score(self, histories: Interactions) -> np.ndarray:
        return (histories.csr(np.float64) @ self.weights + self.bias).astype(np.float32)


def catalogue_of(groups: np.ndarray) -> Catalogue:
    n = len(groups)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "title": [f"Film {number}" for number in range(n)],
            "year": pd.array([2000] * n, dtype="Int64"),
            "genres": [[GENRES[group]] for group in groups],
            "train_users": np.arange(n)[::-1].copy(),
        }
    )
    return Catalogue(frame)


class TrainUsers:
    """What the shares of the paths need of a checkpoint's users: 40 histories, of which the last 10 are test users'."""

    def __init__(self, n_items: int) -> None:
        generator = np.random.default_rng(0)
        drawn = [generator.choice(n_items, min(8, n_items), replace=False) for _ in range(40)]
        self.histories = Interactions.from_lists(drawn, n_items)

    def rows(self, split: str) -> np.ndarray:
        return np.arange(30) if split == "train" else np.arange(30, 40)


@dataclass
class FakeCheckpoint:
    """What maps need of a checkpoint."""

    folder: Path
    planted: PlantedModel
    digest: str = "digest-of-the-weights"
    name: str = "planted"
    is_bundle: bool = False
    personalised: bool = True
    loads: list[str] = field(default_factory=list)

    @property
    def catalogue(self) -> Catalogue:
        return catalogue_of(self.planted.flvae_group)

    @property
    def users(self) -> TrainUsers:
        return TrainUsers(self.planted.n_items)

    def model(self, device: str = "cpu") -> PlantedModel:
        self.loads.append(device)
        return self.planted

"""Every model by name. Adding one is a file, a row here, its presets, and one line of tiny test settings."""

from __future__ import annotations

from dataclasses import dataclass

from vasp_models.errors import SettingError
from vasp_models.models.base import HasFactors, HasGradient, HasItemWeights, Recommender
from vasp_models.models.baselines import Popularity
from vasp_models.models.ease import EASE
from vasp_models.models.presets import DEFAULT, PRESETS
from vasp_models.models.vasp import Product
from vasp_models.training.options import TrainOptions

__all__ = ["MODELS", "HasFactors", "HasGradient", "HasItemWeights", "ModelRow", "Recommender", "create", "preset"]


@dataclass(frozen=True)
class ModelRow:
    """One named model: its class, its title for people, and the paper it comes from."""

    kind: type[Recommender]
    title: str
    paper: str


MODELS: dict[str, ModelRow] = {
    "vasp": ModelRow(Product, "VASP", "Vančura and Kordík 2021"),
    "flvae": ModelRow(Product, "FLVAE", "Vančura and Kordík 2021"),
    "nease": ModelRow(Product, "NEASE", "Vančura and Kordík 2021"),
    "ease": ModelRow(EASE, "EASE", "Steck 2019"),
    "edlae": ModelRow(EASE, "EDLAE", "Steck 2020"),
    "popularity": ModelRow(Popularity, "Popularity", ""),
}


def model_row(name: str) -> ModelRow:
    """The row of a model. Raises SettingError for an unknown name."""
    if name not in MODELS:
        raise SettingError(f"Unknown model {name!r}: expected one of {', '.join(MODELS)}.")
    return MODELS[name]


def preset(model: str, name: str | None = None) -> tuple[object, TrainOptions]:
    """Settings and options of a model's preset, the model's default for None. Raises SettingError."""
    model_row(model)
    name = name or DEFAULT
    if name not in PRESETS[model]:
        raise SettingError(f"{model} has no preset {name!r}: expected one of {', '.join(PRESETS[model])}.")
    return PRESETS[model][name]


def create(model: str, settings: object, n_items: int, seed: int = 0) -> Recommender:
    """An unfitted model; `seed` draws its first weights."""
    kind = model_row(model).kind
    return kind(settings, n_items, seed) if kind is Product else kind(settings, n_items)

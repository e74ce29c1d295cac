"""Every model by name. Adding one is a file, a row here, its presets, and one line of tiny test settings.

The classes are imported when they are asked for: what explanations are made of is read where torch is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from vasp_models.errors import SettingError
from vasp_models.models.base import HasFactors, HasGradient, HasItemWeights, Recommender
from vasp_models.training.options import TrainOptions

__all__ = ["MODELS", "HasFactors", "HasGradient", "HasItemWeights", "ModelRow", "Recommender", "create", "preset"]


@dataclass(frozen=True)
class ModelRow:
    """One named model: the file and the name of its class, its title for people, and the paper it comes from."""

    module: str
    name: str
    title: str
    paper: str

    @property
    def kind(self) -> type[Recommender]:
        """Its class."""
        return getattr(import_module(f"vasp_models.models.{self.module}"), self.name)


MODELS: dict[str, ModelRow] = {
    "vasp": ModelRow("vasp", "Product", "VASP", "Vančura and Kordík 2021"),
    "flvae": ModelRow("vasp", "Product", "FLVAE", "Vančura and Kordík 2021"),
    "nease": ModelRow("vasp", "Product", "NEASE", "Vančura and Kordík 2021"),
    "ease": ModelRow("ease", "EASE", "EASE", "Steck 2019"),
    "edlae": ModelRow("ease", "EASE", "EDLAE", "Steck 2020"),
    "popularity": ModelRow("baselines", "Popularity", "Popularity", ""),
}


def model_row(name: str) -> ModelRow:
    """The row of a model. Raises SettingError for an unknown name."""
    if name not in MODELS:
        raise SettingError(f"Unknown model {name!r}: expected one of {', '.join(MODELS)}.")
    return MODELS[name]


def preset(model: str, name: str | None = None) -> tuple[object, TrainOptions]:
    """Settings and options of a model's preset, the model's default for None. Raises SettingError."""
    from vasp_models.models.presets import DEFAULT, PRESETS

    model_row(model)
    name = name or DEFAULT
    if name not in PRESETS[model]:
        raise SettingError(f"{model} has no preset {name!r}: expected one of {', '.join(PRESETS[model])}.")
    return PRESETS[model][name]


def create(model: str, settings: object, n_items: int, seed: int = 0) -> Recommender:
    """An unfitted model; `seed` draws its first weights."""
    row = model_row(model)
    return row.kind(settings, n_items, seed) if row.module == "vasp" else row.kind(settings, n_items)

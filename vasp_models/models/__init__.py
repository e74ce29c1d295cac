"""Every model by name. Adding one is a file, a row here, its presets, and one line of tiny test settings.

The classes are imported when they are asked for: what explanations are made of is read where torch is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from vasp_models.errors import SettingError
from vasp_models.models.base import AnswersAlone, HasFactors, HasGradient, HasItemWeights, Recommender
from vasp_models.training.options import TrainOptions

__all__ = [
    "DEFAULT",
    "MODELS",
    "AnswersAlone",
    "HasFactors",
    "HasGradient",
    "HasItemWeights",
    "ModelRow",
    "Recommender",
    "create",
    "model_row",
    "preset",
]

DEFAULT = "small"  # the preset that is taken where none is named


@dataclass(frozen=True)
class ModelRow:
    """One named model: the file and the name of its class, its title for people, and the paper it comes from."""

    module: str
    name: str
    title: str
    paper: str
    presets_in: str = ""  # the file of its presets, where they do not stand beside the class
    revision: int = 1  # raised where its code changes what the same settings learn: old figures are not its own then

    @property
    def kind(self) -> type[Recommender]:
        """Its class."""
        return getattr(self._file(self.module), self.name)

    @property
    def presets(self) -> dict[str, tuple[object, TrainOptions]]:
        """Settings and options of each preset."""
        found = self._file(self.presets_in or self.module).PRESETS
        return found[next(name for name, row in MODELS.items() if row is self)]

    @staticmethod
    def _file(name: str):
        return import_module(f"vasp_models.models.{name}")


MODELS: dict[str, ModelRow] = {
    "vasp": ModelRow("vasp", "Product", "VASP", "Vančura and Kordík 2021", "presets"),
    "flvae": ModelRow("vasp", "Product", "FLVAE", "Vančura and Kordík 2021", "presets"),
    "nease": ModelRow("vasp", "Product", "NEASE", "Vančura and Kordík 2021", "presets"),
    "nease-recvae": ModelRow("vasp", "Product", "NEASE × RecVAE", "Vančura and Kordík 2021, future work", "presets"),
    "nease-hvamp": ModelRow("vasp", "Product", "NEASE × H+Vamp", "Vančura and Kordík 2021, future work", "presets", 2),
    "ease": ModelRow("ease", "EASE", "EASE", "Steck 2019"),
    "edlae": ModelRow("ease", "EASE", "EDLAE", "Steck 2020"),
    "elsa": ModelRow("elsa", "ELSA", "ELSA", "Vančura et al. 2022"),
    "multdae": ModelRow("multvae", "MultDAE", "Mult-DAE", "Liang et al. 2018"),
    "multvae": ModelRow("multvae", "MultVAE", "Mult-VAE", "Liang et al. 2018"),
    "recvae": ModelRow("recvae", "RecVAE", "RecVAE", "Shenbin et al. 2020"),
    "hvamp": ModelRow("hvamp", "HVamp", "H+Vamp Gated", "Kim and Suh 2019", revision=2),
    "cdae": ModelRow("cdae", "CDAE", "CDAE", "Wu et al. 2016"),
    "svae": ModelRow("svae", "SVAE", "SVAE", "Sachdeva et al. 2019"),
    "deeprec": ModelRow("deeprec", "DeepRec", "DeepRec", "Kuchaiev and Ginsburg 2017"),
    "u-autorec": ModelRow("unified", "Unified", "U-AutoRec", "Sedhain et al. 2015", "unified_presets"),
    "i-autorec": ModelRow("unified", "UnifiedByNumber", "I-AutoRec", "Sedhain et al. 2015", "unified_presets"),
    "mf": ModelRow("unified", "UnifiedByNumber", "MF", "Koren et al. 2009", "unified_presets"),
    "gmf": ModelRow("unified", "UnifiedByNumber", "GMF", "He et al. 2017", "unified_presets"),
    "mlp": ModelRow("unified", "UnifiedByNumber", "MLP", "He et al. 2017", "unified_presets", revision=2),
    "cfnet-rl": ModelRow("unified", "Unified", "CFNet-rl", "Deng et al. 2019", "unified_presets"),
    "cfnet-ml": ModelRow("unified", "Unified", "CFNet-ml", "Deng et al. 2019", "unified_presets"),
    "cfnet": ModelRow("cfnet", "CFNet", "CFNet", "Deng et al. 2019"),
    "dmf": ModelRow("unified", "UnifiedByDirection", "DMF", "Xue et al. 2017", "unified_presets"),
    "oncf": ModelRow("unified", "UnifiedByNumber", "ONCF", "He et al. 2018", "unified_presets", revision=2),
    "ials": ModelRow("ials", "IALS", "iALS", "Hu et al. 2008"),
    "item-knn": ModelRow("neighbours", "ItemKNN", "Item-kNN", "Sarwar et al. 2001"),
    "lfm": ModelRow("lfm", "LFM", "LFM", "Peng et al., CSE 258"),
    "popularity": ModelRow("baselines", "Popularity", "Popularity", ""),
}


def model_row(name: str) -> ModelRow:
    """The row of a model. Raises SettingError for an unknown name."""
    if name not in MODELS:
        raise SettingError(f"Unknown model {name!r}: expected one of {', '.join(MODELS)}.")
    return MODELS[name]


def preset(model: str, name: str | None = None) -> tuple[object, TrainOptions]:
    """Settings and options of a model's preset, the model's default for None. Raises SettingError."""
    presets, name = model_row(model).presets, name or DEFAULT
    if name not in presets:
        raise SettingError(f"{model} has no preset {name!r}: expected one of {', '.join(presets)}.")
    return presets[name]


def create(model: str, settings: object, n_items: int, seed: int = 0) -> Recommender:
    """An unfitted model; `seed` draws its first weights."""
    return model_row(model).kind(settings, n_items, seed)

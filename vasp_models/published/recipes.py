"""What has to be trained to measure a published table anew, as data: `vasp-lens reproduce` runs it, a page names it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from vasp_models import provenance
from vasp_models.errors import SettingError

SCALES = ("paper", "authors", "small", "tiny")
LARGE = 10_000  # films: from here on the schedules that were made for MovieLens 20M are taken
# Where a model has no preset of the scale's name.
_INSTEAD = {"authors": ("authors", "paper", "small"), "paper": ("paper", "small"), "tiny": ("tiny", "small")}

ECHO, MASK, PARTS = "echo", "mask", "parts"  # what is measured beside the usual metrics
LEFT_IN, MASK_GAIN = "ndcg@100 unmasked", "gain of masking"  # metrics of the trap of a forgotten mask


@dataclass(frozen=True)
class Step:
    """A row to be measured: its label, the model and the changes to its preset.

    `at` has preset and changes at a scale where the preset of the scale's name would not do.
    """

    label: str
    model: str
    changes: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def chosen(self, scale: str, presets: Collection[str]) -> tuple[str, dict[str, str]]:
        """Preset and changes at a scale, of a model that has these presets."""
        for name in _INSTEAD.get(scale, (scale,)):
            if name in self.at:
                preset, changes = self.at[name]
                return preset, dict(changes)
            if name in presets:
                return name, dict(self.changes)
        raise SettingError(f"{self.model} has no preset {scale!r}: expected one of {', '.join(presets)}.")


@dataclass(frozen=True)
class Recipe:
    """All rows of a published table or figure, and under which protocols they are measured."""

    name: str
    title: str
    document: str
    table: str
    published_on: str  # data set of the published figures
    protocols: tuple[str, ...]  # under which it is measured where none is named
    steps: tuple[Step, ...]
    also: str = ""  # ECHO, MASK or PARTS
    others: tuple[str, ...] = ()  # protocols that may be named
    metrics: tuple[str, ...] = ("ndcg@100", "recall@20", "recall@50")  # that are shown; claims are decided by the first

    @property
    def labels(self) -> tuple[str, ...]:
        """The rows, in their order."""
        return tuple(step.label for step in self.steps)

    def command(self, data: str | None = None, **options: object) -> str:
        """The command that measures it."""
        return provenance.command("reproduce", self.name, data=data or self.published_on, **options)


# From scratch on halves with the focal loss, as the paper trains, at a width and a rate for data of MovieLens 1M's
# size, where its own 90 epochs at 5e-5 are 810 steps.
_NARROW = {"hidden": "600", "latents": "200", "encoder_layers": "2", "decoder_layers": "1", "normalise_input": "true"}
_SHORT = {
    "learning_rate": "1e-3", "weight_decay": "1", "batch_users": "250", "first.decay": "cosine",
    "first.warmup_epochs": "1", "first.epochs": "32", "second.epochs": "0", "third.epochs": "0",
}  # fmt: skip
_SCRATCH = {**_NARROW, **_SHORT}
_TWO_EPOCHS = {"first.epochs": "2", "second.epochs": "0", "third.epochs": "0", "batch_users": "64"}
_TINY = _NARROW | {"hidden": "24", "latents": "8"} | _TWO_EPOCHS
_TINY_ENSEMBLE = {"hidden": "24", "latents": "8", "pretrain.epochs": "2", "linear.epochs": "2"}
_ALTERNATE = {"alternate": "true"}


def _scratch(label: str, model: str, more: Mapping[str, str] | None = None) -> Step:
    """The paper's own way of training, narrower where there is less data."""
    more = dict(more or {})
    return Step(label, model, more, {"small": ("paper", _SCRATCH | more), "tiny": ("paper", _TINY | more)})


_EASE, _MULTVAE, _RECVAE = Step("EASE", "ease"), Step("Mult-VAE", "multvae"), Step("RecVAE", "recvae")
_HVAMP = Step("H+Vamp Gated", "hvamp")
_WEAK_EASE = Step("EASE", "ease", {"l2": "0.5"})  # as the document regularised it
_STRONG_EASE = Step("EASE, l2 500", "ease", {"l2": "500"})
_PROJECT = {"hidden": "600", "latents": "200", "kl_weight": "0.3", "learning_rate": "5e-4"}  # section 4.3
_SHALLOW = {"hidden": "150", "latents": "50", "layers": "1", "pseudo_inputs": "1000"}
_DEEP = {"hidden": "600", "latents": "200", "layers": "2", "pseudo_inputs": "1000"}
# Chosen on validation, of last.fm and AMusic: histories divided by the root of their length, rates and epochs.
_FRAMEWORK = {"loss": "mse", "normalise": "true", "learning_rate": "3e-4", "epochs": "30"}
_IN_TINY = {"tiny": ("tiny", {})}

RECIPES: dict[str, Recipe] = {
    each.name: each
    for each in (
        Recipe(
            "vasp-table1", "NEASE by loss function", "vasp", "Table I", "ml-20m", ("liang",),
            tuple(Step(name, "nease", {"loss": name.lower()}) for name in ("MSE", "Cosine", "Focal")),
            others=("vasp",),
        ),
        Recipe(
            "vasp-table2", "VASP by training approach", "vasp", "Table II", "ml-20m", ("liang",),
            (
                Step("Pretrained ensemble", "vasp", {}, {
                    "paper": ("ensemble", {}), "small": ("ensemble", {}), "tiny": ("ensemble", _TINY_ENSEMBLE),
                }),
                _scratch("Alternating", "vasp", _ALTERNATE),
                _scratch("Joint", "vasp"),
            ),
            others=("vasp",),
        ),
        Recipe(
            "vasp-table3", "VASP beside the state of the art", "vasp", "Table III", "ml-20m", ("liang", "vasp"),
            (
                Step("Mult-DAE", "multdae"), _MULTVAE, _EASE, _RECVAE, _HVAMP, Step("NEASE", "nease"),
                Step("FLVAE", "flvae"), Step("VASP", "vasp"),
            ),
        ),
        Recipe(
            "vasp-figure2", "Overfitting to the identity", "vasp", "Figure 2", "ml-20m", ("liang",),
            (
                _scratch("Halves", "flvae", {"inputs": "halves"}),
                _scratch("Full input", "flvae", {"inputs": "full"}),
                _scratch("Full input, dropout", "flvae", {"inputs": "full", "input_dropout": "0.5"}),
            ),
            ECHO, ("vasp",), ("ndcg@100", "itself@100", "without@100", "echo@100"),
        ),
        Recipe(
            "vasp-figure3", "What each part of VASP knows", "vasp", "Figure 3", "ml-20m", ("liang",),
            (Step("VASP", "vasp"),), PARTS,
        ),
        Recipe(
            "seed001-table1", "Recommenders on small data", "data_sizes", "Table 1", "ml-latest-small", ("liang",),
            (
                Step("LFM", "lfm"), _WEAK_EASE, _STRONG_EASE, Step("Mult-VAE", "multvae", _PROJECT, _IN_TINY), _RECVAE,
                Step("H+Vamp Gated", "hvamp", _SHALLOW, _IN_TINY),
                Step("H+Vamp Gated, deep", "hvamp", _DEEP, {"tiny": ("tiny", {"layers": "2", "epochs": "2"})}),
            ),
        ),
        Recipe(
            "seed001-table2", "Recommenders on large data", "data_sizes", "Table 2", "ml-20m", ("liang",),
            (
                Step("LFM", "lfm"), _WEAK_EASE, _STRONG_EASE, Step("Mult-VAE", "multvae", _PROJECT, _IN_TINY), _RECVAE,
                Step("H+Vamp Gated", "hvamp", _DEEP, _IN_TINY),
            ),
        ),
        Recipe(
            "deepcf-table2", "The framework beside CFNet", "framework", "Table II", "amusic", ("leave-one-out",),
            (
                Step("CFNet", "cfnet", {"learning_rate": "3e-4"}),
                Step("CFNet-rl", "cfnet-rl", {"learning_rate": "1e-3"}), Step("CFNet-ml", "cfnet-ml"),
                Step("Framework, dot product", "cfnet-rl", {"prediction": "linear", **_FRAMEWORK}),
                Step("Framework, MLP", "cfnet-rl", {"prediction": "mlp", "fusion": "concatenation", **_FRAMEWORK}),
                Step("Numbers, dot product", "mf", {"epochs": "60"}),
                Step("Numbers, MLP", "mlp", {"epochs": "60"}),
            ),
            metrics=("hr@10", "ndcg@10"),
        ),
        Recipe(
            "blog-ranking", "Six autoencoders: ranking", "blog", "Results", "ml-1m", ("liang",),
            (Step("CDAE", "cdae"), _MULTVAE, _EASE), MASK,
            metrics=("ndcg@100", "recall@100", LEFT_IN, MASK_GAIN),
        ),
        Recipe(
            "blog-ratings", "Six autoencoders: ratings", "blog", "Results", "ml-1m", ("ratings",),
            (
                Step("U-AutoRec", "u-autorec", {}, dict.fromkeys(SCALES, ("ratings", {}))),
                Step("DeepRec", "deeprec", {}, dict.fromkeys(SCALES, ("ratings", {}))),
            ),
            metrics=("rmse",),
        ),
    )
}  # fmt: skip


def recipe(name: str) -> Recipe:
    """The recipe of that name. Raises SettingError."""
    if name not in RECIPES:
        raise SettingError(f"Unknown recipe {name!r}: expected one of {', '.join(RECIPES)}.")
    return RECIPES[name]


def scale_of(films: int, protocol: str) -> str:
    """Which presets are taken: the paper's from 10,000 films on (its authors' under their protocol), else `small`.

    Under leave-one-out always the paper's: its data are those that the models were published on.
    """
    if protocol == "leave-one-out":
        return "paper"
    if films < LARGE:
        return "small"
    return "authors" if protocol == "vasp" else "paper"

"""Presets of the products: what is learnt (settings) and how (stages), each written once.

`paper` follows the text of Vančura and Kordík 2021 (section V-E), `authors` their public code, `small` is for data of
MovieLens-1M's size, `tiny` for the demo and the tests. Where the paper is silent the presets say what was taken.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from vasp_models.models.flvae import FLVAESettings
from vasp_models.models.hvamp import HVampSettings
from vasp_models.models.low_rank import LowRankSettings
from vasp_models.models.nease import NEASESettings
from vasp_models.models.recvae import RecVAESettings
from vasp_models.models.sparse import SparseSettings
from vasp_models.models.vasp import ProductSettings
from vasp_models.training.options import Stage, TrainOptions

_BOTH = ("nease", "flvae")

# Section V-E: 50, 20 and 20 epochs at falling rates, batches of 1,024 rows (512 users, one row per direction).
# The optimiser (Nadam), alpha .75 on negatives and the KL mean over dimensions come from the public code.
_PAPER_STAGE = Stage("first", 50, _BOTH, batch_users=512, learning_rate=5e-5)
_PAPER_STAGES = (
    _PAPER_STAGE,
    replace(_PAPER_STAGE, name="second", epochs=20, learning_rate=1e-5),
    replace(_PAPER_STAGE, name="third", epochs=20, learning_rate=1e-6),
)
# The executed third rate is 1e-5, and a step holds 2,048 rows of two groups of 1,024 users.
_AUTHORS_STAGES = tuple(
    replace(stage, batch_users=1024, learning_rate=max(stage.learning_rate, 1e-5)) for stage in _PAPER_STAGES
)
# Pretrain the deep path on full histories, start NEASE from the closed form, then a short joint stage on halves.
_PRETRAIN = Stage(
    "pretrain", 45, ("flvae",), inputs="full", input_dropout=0.5, batch_users=500, loss="softmax", kl="sum",
    kl_weight=0.03, learning_rate=1e-3, weight_decay=2.0, warmup_epochs=1.0, decay="cosine",
)  # fmt: skip
# Other deep paths are trained as they are alone: held back, or at a falling rate, they stay far below what they can.
_AS_ALONE = replace(
    _PRETRAIN, optimizer="adam", learning_rate=5e-4, weight_decay=0.0, warmup_epochs=0.0, decay="constant"
)
_JOINT = Stage(
    "joint", 4, _BOTH, inputs="halves", batch_users=250, loss="softmax", mask_inputs=True, kl="sum", kl_weight=0.03,
    learning_rate=1e-5, rate_scale={"nease": 0.1},
)  # fmt: skip
_HVAMP_ALONE = replace(_AS_ALONE, epochs=80, batch_users=200, input_dropout=0.6, kl_weight=0.3, kl_warmup_steps=1_800)
_LINEAR = Stage(
    "linear", 20, ("nease",), inputs="full", batch_users=512, loss="cosine", learning_rate=1e-3, decay="cosine",
)  # fmt: skip


def _other(part: str, stages: tuple[Stage, ...], **changes: object) -> tuple[Stage, ...]:
    """The same schedule with another deep path in FLVAE's place."""
    swapped = {"flvae": part}
    return tuple(replace(s, parts=tuple(swapped.get(name, name) for name in s.parts), **changes) for s in stages)


_WIDE = FLVAESettings()
_NARROW = FLVAESettings(hidden=600, latents=200, encoder_layers=2, decoder_layers=1, normalise_input=True)
_TINY = FLVAESettings(hidden=160, latents=48, encoder_layers=2, decoder_layers=1, normalise_input=True)
_FREE = NEASESettings()
_CLOSED = NEASESettings(start="edlae", bias=-6.0)


# For catalogues of which no items x items matrix fits: few numbers per item in both paths, and fewer rows at once.
_SLIM = FLVAESettings(hidden=256, latents=64, encoder_layers=2, decoder_layers=1, normalise_input=True)
_LARGE_PRETRAIN = replace(_PRETRAIN, batch_users=250)
_SHALLOW = Stage(
    "shallow", 10, ("low_rank",), inputs="full", batch_users=128, loss="cosine", learning_rate=1e-2, decay="cosine",
)  # fmt: skip


def _large(part: str) -> Stage:
    """The joint stage with another shallow path in NEASE's place."""
    return replace(_JOINT, parts=(part, "flvae"), rate_scale={part: 0.1})


def _only(stages: tuple[Stage, ...], part: str) -> tuple[Stage, ...]:
    """The same schedule for one part alone."""
    return tuple(replace(stage, parts=(part,)) for stage in stages)


def _product(
    stages: tuple[Stage, ...], items_share: float = 1.0, precision: str = "auto", **parts: object
) -> tuple[ProductSettings, TrainOptions]:
    return ProductSettings(parts, items_share), TrainOptions(stages, precision=precision)


# Narrow models gain little from bf16: in fp32 their figures hold on every processor.
_narrow_product = partial(_product, precision="fp32")


# Films under a rule of two tastes are learnt only where the deep path is lightly held back and has to predict what it
# does not see: with the stages of `small` it stays additive on the demo, and ranks worse.
_TINY_STAGES = (
    replace(
        _PRETRAIN, epochs=25, inputs="halves", mask_inputs=True, input_dropout=0.2, batch_users=125, kl_weight=0.003,
        learning_rate=2e-3, weight_decay=0.01,
    ),
    replace(_JOINT, epochs=6, batch_users=125, kl_weight=0.003),
)  # fmt: skip

# model -> preset -> (settings, options)
PRESETS: dict[str, dict[str, tuple[object, TrainOptions]]] = {
    "vasp": {
        "paper": _product(_PAPER_STAGES, nease=_FREE, flvae=_WIDE),
        "authors": _product(_AUTHORS_STAGES, 0.33, nease=_FREE, flvae=_WIDE),
        "small": _narrow_product((_PRETRAIN, _JOINT), nease=_CLOSED, flvae=_NARROW),
        "tiny": _narrow_product(_TINY_STAGES, nease=replace(_CLOSED, start_l2=100.0), flvae=_TINY),
        "large": _narrow_product((_LARGE_PRETRAIN, _large("sparse")), sparse=SparseSettings(), flvae=_SLIM),
        "large-low-rank": _narrow_product(
            (_LARGE_PRETRAIN, _SHALLOW, _large("low_rank")), low_rank=LowRankSettings(), flvae=_SLIM
        ),
        # The other two training approaches of Table II; joint learning from scratch is `paper`.
        "ensemble": _narrow_product(
            (_PRETRAIN, _LINEAR, Stage("ensemble", 0, _BOTH)), nease=replace(_FREE, bias=-6.0), flvae=_NARROW
        ),
        "alternating": _product(tuple(replace(s, alternate=True) for s in _PAPER_STAGES), nease=_FREE, flvae=_WIDE),
    },
    "flvae": {
        "paper": _product(_only(_PAPER_STAGES, "flvae"), flvae=_WIDE),
        "authors": _product(_only(_AUTHORS_STAGES, "flvae"), 0.33, flvae=_WIDE),
        "small": _narrow_product((_PRETRAIN,), flvae=_NARROW),
        "tiny": _narrow_product(_TINY_STAGES[:1], flvae=_TINY),
    },
    # Stand-alone NEASE sees full histories: the zero diagonal is its guard (section V-D). --set loss=mse|cosine|focal
    "nease": {
        "paper": _product(
            tuple(replace(s, inputs="full", loss="cosine") for s in _only(_PAPER_STAGES, "nease")), nease=_FREE
        ),
        "small": _narrow_product((_LINEAR,), nease=_FREE),
        "tiny": _narrow_product((replace(_LINEAR, batch_users=250),), nease=_FREE),
    },
    # The future work that the paper names (end of section VI): another autoencoder in FLVAE's place. RecVAE weighs its
    # KL by itself.
    "nease-recvae": {
        "small": _narrow_product(
            _other("recvae", (replace(_AS_ALONE, epochs=160), _JOINT), kl_weight=1.0),
            nease=_CLOSED, recvae=RecVAESettings(),
        ),
        "tiny": _narrow_product(
            _other("recvae", _TINY_STAGES, kl_weight=1.0),
            nease=replace(_CLOSED, start_l2=100.0), recvae=RecVAESettings(160, 48, 2),
        ),
    },
    "nease-hvamp": {
        "small": _narrow_product(
            _other("hvamp", (_HVAMP_ALONE, _JOINT)), nease=_CLOSED, hvamp=HVampSettings(layers=1, pseudo_inputs=200)
        ),
        "tiny": _narrow_product(
            _other("hvamp", _TINY_STAGES),
            nease=replace(_CLOSED, start_l2=100.0), hvamp=HVampSettings(96, 1, 32, 50),
        ),
    },
}  # fmt: skip

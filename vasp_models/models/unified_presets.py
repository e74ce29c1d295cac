"""Presets of the unified framework's named rows (Raziperchikolaei and Chung 2021, Table I).

`paper` follows the first publication of each model where the framework's paper names no widths; `small` is chosen on
validation users of MovieLens-1M, `tiny` is for the demo and the tests, `ratings` learns the ratings themselves.
"""

from __future__ import annotations

from dataclasses import replace

from vasp_models.models.network import NET, schedule
from vasp_models.models.unified import HEAD, SIDES, UnifiedSettings
from vasp_models.training.options import Stage, TrainOptions

# Adam and 4 negatives for each positive (He et al. 2017; Deng et al. 2019); a batch is some users with all they have,
# so that a user's row is represented once and not for each of its pairs.
_STAGE = Stage(
    "train", 20, (NET,), inputs="full", batch_users=64, loss="mse", negatives=4, optimizer="adam", learning_rate=1e-3
)

_MF = UnifiedSettings(factors=64)
_GMF = UnifiedSettings(factors=8, prediction="nonlinear", sigmoid=True)
_MLP = UnifiedSettings(factors=32, fusion="concatenation", prediction="mlp", sigmoid=True)
_RL = UnifiedSettings(
    "history", "mlp", 512, "history", "mlp", 1024, factors=64, fusion="product", prediction="nonlinear"
)
_ML = UnifiedSettings(
    "history", "linear", 0, "history", "linear", 0, factors=256, fusion="concatenation", prediction="mlp"
)
_DMF = UnifiedSettings(
    "history", "mlp", 512, "history", "mlp", 1024, factors=64, fusion="normalised-product", prediction="linear"
)
_ONCF = UnifiedSettings(factors=64, fusion="outer-product", prediction="cnn")
_U_AUTOREC = UnifiedSettings(
    "history", "mlp", 0, "id", "embedding", factors=500, activation="sigmoid", prediction="nonlinear", sigmoid=True
)
_I_AUTOREC = UnifiedSettings(
    "id", "embedding", 0, "history", "mlp", factors=500, activation="sigmoid", prediction="nonlinear", sigmoid=True
)


def _pretrained(first: int, then: int, **changes: object) -> TrainOptions:
    """Embeddings by BPR-MF first, then with the CNN on their outer product (He et al. 2018, section 3.3)."""
    stage = replace(_STAGE, loss="bpr", negatives=1, **changes)
    stages = (
        replace(stage, name="pretrain", epochs=first, parts=(SIDES,)),
        replace(stage, epochs=then, parts=(SIDES, HEAD)),
    )
    return TrainOptions(stages, precision="fp32")


PRESETS = {
    "mf": {
        "paper": (_MF, schedule(_STAGE)),
        "small": (_MF, schedule(_STAGE)),
        "tiny": (replace(_MF, factors=16), schedule(_STAGE)),
    },
    "gmf": {
        "paper": (_GMF, schedule(_STAGE)),
        "small": (_GMF, schedule(_STAGE)),
        "tiny": (replace(_GMF, factors=16), schedule(_STAGE)),
    },
    "mlp": {
        "paper": (_MLP, schedule(_STAGE)),
        "small": (_MLP, schedule(_STAGE)),
        "tiny": (replace(_MLP, factors=16), schedule(_STAGE)),
    },
    "cfnet-rl": {
        "paper": (_RL, schedule(_STAGE, loss="bce", learning_rate=1e-4)),
        "small": (replace(_RL, user_hidden=128, item_hidden=128), schedule(_STAGE, loss="bce")),
        "tiny": (replace(_RL, user_hidden=32, item_hidden=32, factors=16), schedule(_STAGE, loss="bce")),
    },
    "cfnet-ml": {
        "paper": (_ML, schedule(_STAGE, loss="bce")),
        "small": (replace(_ML, factors=64), schedule(_STAGE, loss="bce")),
        "tiny": (replace(_ML, factors=16), schedule(_STAGE, loss="bce")),
    },
    "dmf": {
        "paper": (_DMF, schedule(_STAGE, loss="normalised-bce", negatives=7, learning_rate=1e-4)),
        "small": (
            replace(_DMF, user_hidden=128, item_hidden=128),
            schedule(_STAGE, loss="normalised-bce", negatives=7),
        ),
        "tiny": (
            replace(_DMF, user_hidden=32, item_hidden=32, factors=16),
            schedule(_STAGE, loss="normalised-bce", negatives=7),
        ),
    },
    "oncf": {
        "paper": (_ONCF, _pretrained(500, 1500, optimizer="adagrad", learning_rate=0.05)),
        "small": (replace(_ONCF, factors=16, channels=16), _pretrained(20, 20)),
        "tiny": (replace(_ONCF, factors=16, channels=8), _pretrained(20, 20)),
    },
    "u-autorec": {
        "paper": (_U_AUTOREC, schedule(_STAGE)),
        "small": (replace(_U_AUTOREC, factors=200), schedule(_STAGE)),
        "tiny": (replace(_U_AUTOREC, factors=32), schedule(_STAGE)),
    },
    "i-autorec": {
        "paper": (_I_AUTOREC, schedule(_STAGE)),
        "small": (replace(_I_AUTOREC, factors=200), schedule(_STAGE)),
        "tiny": (replace(_I_AUTOREC, factors=32), schedule(_STAGE)),
    },
}

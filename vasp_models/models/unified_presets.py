"""Presets of the unified framework's named rows (Raziperchikolaei and Chung 2021, Table I).

`paper` follows the first publication of each model where the framework's paper names no widths; `small` is chosen on
validation users of MovieLens-1M, `tiny` is for the demo and the tests, `ratings` learns the ratings themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vasp_models.models.network import NET, schedule
from vasp_models.models.unified import HEAD, SIDES
from vasp_models.models.unified_settings import UnifiedSettings
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
# BPR gives its scores no zero, so that a new user is found by a softmax.
_ONCF = UnifiedSettings(factors=64, fusion="outer-product", prediction="cnn", new_user_negatives=None, new_user_l2=10.0)
_U_AUTOREC = UnifiedSettings(
    "history", "mlp", 0, "id", "embedding", factors=500, activation="sigmoid", prediction="nonlinear", sigmoid=True,
    biases=True,
)  # fmt: skip
_I_AUTOREC = UnifiedSettings(
    "id", "embedding", 0, "history", "mlp", factors=500, activation="sigmoid", prediction="nonlinear", sigmoid=True,
    biases=True,
)  # fmt: skip


def _pretrained(
    epochs: tuple[int, int], rates: tuple[float, float], then: dict[str, Any] | None = None, **changes: object
) -> TrainOptions:
    """Embeddings by BPR-MF first, `then` with the CNN on their outer product (He et al. 2018, section 3.3)."""
    stage = replace(_STAGE, **{"loss": "bpr", "negatives": 1, **changes})
    stages = (
        replace(stage, name="pretrain", parts=(SIDES,), epochs=epochs[0], learning_rate=rates[0]),
        replace(stage, parts=(SIDES, HEAD), epochs=epochs[1], learning_rate=rates[1], **(then or {})),
    )
    return TrainOptions(stages, precision="fp32")


# Where a history is the input, half of it predicts the other half: else what is to be predicted stands in the input.
_HALVES = {"inputs": "halves"}
_HALF_SEEN = replace(_STAGE, input_dropout=0.5, learning_rate=3e-3)  # does as well where it is dropped at random
_TINY = replace(_STAGE, epochs=40, batch_users=50, learning_rate=0.01)
# Of ratings: what was rated alone, its value; a row of ratings is the input (Sedhain et al. 2015, section 2).
_RATED = replace(_STAGE, epochs=30, negatives=0, batch_users=64, learning_rate=1e-3)

PRESETS = {
    "mf": {
        "paper": (_MF, schedule(_STAGE)),
        "small": (replace(_MF, new_user_negatives=1.0), schedule(_STAGE, epochs=30)),
        "tiny": (replace(_MF, factors=16), schedule(_TINY, batch_users=20)),
        "ratings": (replace(_MF, factors=32, biases=True), schedule(_RATED, epochs=40, penalty=1e-5)),
    },
    "gmf": {
        "paper": (_GMF, schedule(_STAGE)),
        "small": (
            replace(_GMF, factors=64, dropout=0.3, new_user_l2=10.0, new_user_negatives=1.0),
            schedule(_STAGE, learning_rate=1e-2),
        ),
        "tiny": (replace(_GMF, factors=32, dropout=0.3, new_user_l2=10.0), schedule(_TINY)),
    },
    "mlp": {
        "paper": (_MLP, schedule(_STAGE)),
        "small": (replace(_MLP, factors=64, layers=2), schedule(_STAGE, batch_users=16, learning_rate=1e-2)),
        "tiny": (replace(_MLP, factors=96, layers=2, dropout=0.3, new_user_l2=10.0), schedule(_TINY, epochs=60)),
    },
    "cfnet-rl": {
        "paper": (_RL, schedule(_STAGE, loss="bce", learning_rate=1e-4)),
        "small": (
            replace(_RL, user_hidden=128, item_hidden=128, normalise=True),
            schedule(_HALF_SEEN, loss="bce", negatives=None, epochs=60),
        ),
        "tiny": (
            replace(_RL, user_hidden=32, item_hidden=32, factors=16, normalise=True),
            schedule(_TINY, loss="bce", **_HALVES),
        ),
    },
    "cfnet-ml": {
        "paper": (_ML, schedule(_STAGE, loss="bce")),
        "small": (replace(_ML, factors=64, normalise=True), schedule(_HALF_SEEN, loss="bce", epochs=40)),
        "tiny": (replace(_ML, factors=32), schedule(_TINY, loss="bce", **_HALVES)),
    },
    "dmf": {
        "paper": (_DMF, schedule(_STAGE, loss="normalised-bce", negatives=7, learning_rate=1e-4)),
        "small": (
            replace(_DMF, user_hidden=0, item_hidden=0),
            schedule(_STAGE, loss="normalised-bce", negatives=7, epochs=12, learning_rate=3e-3, **_HALVES),
        ),
        "tiny": (
            replace(_DMF, user_hidden=0, item_hidden=0, factors=48),
            schedule(_TINY, loss="normalised-bce", negatives=7, **_HALVES),
        ),
    },
    "oncf": {
        "paper": (_ONCF, _pretrained((500, 1500), (0.05, 0.05), optimizer="adagrad")),
        "small": (
            replace(_ONCF, factors=16, channels=8),
            _pretrained((40, 10), (5e-3, 3e-3), then={"batch_users": 16}),
        ),
        "tiny": (
            replace(_ONCF, factors=8, channels=4),
            _pretrained((40, 24), (0.02, 0.003), negatives=4, batch_users=20),
        ),
    },
    "u-autorec": {
        "paper": (_U_AUTOREC, schedule(_STAGE)),
        "small": (replace(_U_AUTOREC, factors=200), schedule(_STAGE, epochs=30, learning_rate=3e-3, **_HALVES)),
        "tiny": (replace(_U_AUTOREC, factors=32), schedule(_TINY, **_HALVES)),
        "ratings": (
            replace(_U_AUTOREC, factors=200, prediction="linear", sigmoid=False),
            schedule(_RATED, epochs=20, penalty=1e-4),
        ),
    },
    "i-autorec": {
        "paper": (_I_AUTOREC, schedule(_STAGE)),
        # A user's weights move once an epoch. Until they differ the encoder comes to tell popularity alone: after the
        # first epoch validation NDCG@100 is .328, later .17 to .25, at every rate and width that was tried.
        "small": (
            replace(_I_AUTOREC, factors=200, new_user_negatives=1.0),
            schedule(_STAGE, epochs=3, batch_users=250, learning_rate=3e-3),
        ),
        "tiny": (replace(_I_AUTOREC, factors=32, normalise=True), schedule(_TINY)),
        "ratings": (
            replace(_I_AUTOREC, factors=200, prediction="linear", sigmoid=False),
            schedule(_RATED, epochs=60, batch_users=512, learning_rate=3e-3, penalty=1e-5),
        ),
    },
}  # fmt: skip

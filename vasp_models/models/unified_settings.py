"""What can be chosen of the unified framework (Raziperchikolaei and Chung 2021, sections III-A to III-D)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vasp_models.errors import SettingError
from vasp_models.training.options import Stage, check_ranges

Input = Literal["id", "history"]
Representation = Literal["embedding", "linear", "mlp"]


@dataclass(frozen=True)
class UnifiedSettings:
    """What each module is (sections III-A to III-D), how wide, and how a new user's vector is solved for."""

    user_input: Input = "id"
    user_representation: Representation = "embedding"
    user_hidden: int = 0  # width of a linear layer before the MLP's last one; 0 leaves it out
    item_input: Input = "id"
    item_representation: Representation = "embedding"
    item_hidden: int = 0
    factors: int = 64  # width of both representations
    activation: Literal["relu", "sigmoid"] = "relu"  # of the MLPs that represent
    normalise: bool = False  # histories and columns divided by the root of their length
    dropout: float = 0.0  # share of the values of a representation left out in training
    fusion: Literal["product", "normalised-product", "concatenation", "outer-product"] = "product"
    prediction: Literal["linear", "nonlinear", "mlp", "cnn"] = "linear"
    layers: int = 3  # of the MLP that predicts, each half as wide as the one before, but for 4 units at least
    channels: int = 32  # of the CNN
    sigmoid: bool = False  # squeezes the prediction for a loss on its square; bce has its own
    biases: bool = False  # of items, and of users who are known
    new_user_l2: float = 1.0
    new_user_negatives: float | None = 4.0  # weight of all that a new user lacks, in the history's; None: a softmax

    def __post_init__(self) -> None:
        widths = (0, 65_536)
        check_ranges(
            self, user_hidden=widths, item_hidden=widths, factors=(1, 65_536), layers=(1, 16), channels=(1, 4096),
            dropout=(0, 0.99), new_user_l2=(1e-6, 1e9),
        )  # fmt: skip
        if self.new_user_negatives is not None:
            check_ranges(self, new_user_negatives=(0, 1e6))
        for side in ("user", "item"):
            if getattr(self, f"{side}_input") == "history" and getattr(self, f"{side}_representation") == "embedding":
                raise SettingError(f"{side}_representation=embedding reads ids: expected linear or mlp for a history.")
        if self.fusion == "concatenation" and self.prediction != "mlp":
            raise SettingError(
                f"fusion=concatenation with prediction={self.prediction} gives every user the same list, as nothing "
                "joins user and item: expected prediction=mlp."
            )
        if (self.fusion == "outer-product") != (self.prediction == "cnn"):
            raise SettingError("fusion=outer-product and prediction=cnn go together: expected both or neither.")
        if self.prediction == "cnn" and self.biases:
            raise SettingError("biases are not trained beside a CNN: expected biases=false with prediction=cnn.")
        if self.prediction == "cnn" and (self.factors < 2 or self.factors & (self.factors - 1)):
            raise SettingError(f"factors={self.factors}: the CNN halves them until one is left; expected 2, 4, 8, ...")

    @property
    def is_linear(self) -> bool:
        """Whether the logit of the score, or the score where there is none, is linear in the user's representation."""
        return self.fusion == "product" and self.prediction in ("linear", "nonlinear")

    @property
    def new_user_loss(self) -> Literal["squared", "logistic", "softmax"]:
        """The loss that a new user's vector makes least: what the scores of training mean."""
        if self.new_user_negatives is None:
            return "softmax"
        return "squared" if self.is_linear and self.prediction == "linear" and not self.sigmoid else "logistic"

    def check(self, stage: Stage) -> None:
        """Raise SettingError for a stage whose loss does not go with these settings."""
        if self.sigmoid and stage.loss in ("bce", "bpr"):
            raise SettingError(
                f"The loss {stage.loss} of stage {stage.name!r} takes logits, and sigmoid=true squeezes them before: "
                f"expected --set sigmoid=false with loss={stage.loss}."
            )
        if self.user_input == "id" and self.new_user_loss == "squared" and stage.loss in ("bce", "bpr"):
            other = "prediction=nonlinear" if stage.loss == "bce" else "new_user_negatives=nothing"
            raise SettingError(
                f"The loss {stage.loss} of stage {stage.name!r} does not make scores of 0 and 1, to which a new user's "
                f"vector would be fitted here: expected --set {other} with loss={stage.loss}."
            )

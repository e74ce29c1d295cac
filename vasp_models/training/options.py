"""What can be chosen about a training run. Widths and other things that are learnt stand beside the models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Stage:
    """One stretch of training: which parts of the product take part, what they see, how they move.

    A stage of no epochs only evaluates the parts together (the pretrained ensemble of the paper's Table II).
    """

    name: str
    epochs: int
    parts: tuple[str, ...]
    # What the model sees. "halves": one half of each history predicts the other, redrawn every epoch (section III-D).
    inputs: Literal["full", "halves"] = "halves"
    input_dropout: float = 0.0
    batch_users: int = 1024  # with halves each user gives a row per direction: twice as many rows
    # What it is told.
    loss: Literal["focal", "softmax", "mse", "cosine"] = "focal"
    mask_inputs: bool = False  # leave a row's inputs out of the softmax
    kl: Literal["mean", "sum"] = "mean"  # over latent dimensions; the mean over rows always
    kl_weight: float = 1.0
    # How it moves.
    learning_rate: float = 5e-5
    rate_scale: dict[str, float] = field(default_factory=dict)  # part -> factor on the learning rate
    weight_decay: float = 0.0  # decoupled from the gradient
    warmup_epochs: float = 0.0
    decay: Literal["constant", "cosine"] = "constant"
    alternate: bool = False  # one part moves per step, in turn (Table II, "alternating training")


@dataclass(frozen=True)
class TrainOptions:
    """How a model is trained: its stages, seed, device and precision."""

    stages: tuple[Stage, ...] = ()
    seed: int = 0
    device: str = "cpu"
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the device multiplies it faster

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)


@dataclass(frozen=True)
class Epoch:
    """What is known after an epoch: mean loss per row, validation metrics, seconds, and whether it is the best yet."""

    stage: str
    number: int  # from 1, over all stages
    of: int
    loss: float | None
    metrics: dict[str, float]
    seconds: float
    best: bool

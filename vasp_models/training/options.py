"""What can be chosen about a training run. Widths and other things that are learnt stand beside the models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from vasp_models.errors import SettingError

ROW_LOSSES = ("focal", "softmax", "mse", "bce", "cosine")  # of all items of a row
PAIR_LOSSES = ("mse", "bce", "normalised-bce", "bpr")  # of pairs, with sampled negatives
LINEAR_LOSSES = ("mse", "cosine")  # on the linear output of a single factor, not on a log probability (eq. 1)


def check_ranges(values: Any, **ranges: tuple[float, float]) -> None:
    """Raise SettingError for a field of a dataclass outside its closed range, or that is no number."""
    for name, (low, high) in ranges.items():
        value = getattr(values, name)
        if not low <= value <= high:
            raise SettingError(f"The setting {name} is {value}: expected a number from {low:g} to {high:g}.")


@dataclass(frozen=True)
class Turn:
    """In an epoch of several turns: the part that moves, how often it passes over the data, and the dropout it sees."""

    part: str
    passes: int = 1
    input_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_ranges(self, passes=(1, 1_000), input_dropout=(0, 0.99))


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
    loss: Literal["focal", "softmax", "mse", "bce", "cosine", "normalised-bce", "bpr"] = "focal"
    # None: of all items. A number: of the targets alone, each beside so many items that the user does not have, drawn
    # anew every epoch; with ratings 0 of them leaves what was rated.
    negatives: int | None = None
    # None: a history is a set. A number: after each item of an ordered history, so many of those that follow it.
    following: int | None = None
    refeed: bool = False  # after each update a second one: the outputs as input and as target (training/batches.Dense)
    mask_inputs: bool = False  # leave a row's inputs out of the softmax
    kl: Literal["mean", "sum"] = "mean"  # over latent dimensions; the mean over rows always
    kl_weight: float = 1.0
    kl_warmup_steps: int = 0  # its weight rises linearly from 0 over so many updates (Liang et al. 2018, section 2.2.2)
    # How it moves.
    learning_rate: float = 5e-5
    rate_scale: dict[str, float] = field(default_factory=dict)  # part -> factor on the learning rate
    optimizer: Literal["nadam", "adam", "adagrad", "sgd"] = "nadam"  # sgd with a momentum of .9
    weight_decay: float = 0.0  # decoupled from the gradient
    penalty: float = 0.0  # times the sum of squared weights, added to the loss; not with nadam
    warmup_epochs: float = 0.0
    decay: Literal["constant", "cosine"] = "constant"
    turns: tuple[Turn, ...] = ()  # parts that move one after the other within each epoch (RecVAE); else all together
    alternate: bool = False  # one part moves per step, in turn (Table II, "alternating training")

    def __post_init__(self) -> None:
        check_ranges(
            self,
            epochs=(0, 100_000),
            input_dropout=(0, 0.99),
            batch_users=(1, 1_000_000),
            kl_weight=(0, 1e6),
            kl_warmup_steps=(0, 10**9),
            learning_rate=(1e-12, 10),
            weight_decay=(0, 1e3),
            penalty=(0, 1e3),
            warmup_epochs=(0, 100_000),
        )
        if self.negatives is not None:
            check_ranges(self, negatives=(0, 1_000))
        if self.following is not None:
            check_ranges(self, following=(1, 1_000))
            if self.inputs != "full" or self.negatives is not None or self.mask_inputs or self.input_dropout:
                raise SettingError(
                    f"The stage {self.name!r} reads whole histories in their order: expected inputs=full, all items, "
                    "no mask_inputs and no input_dropout with following."
                )
        if self.mask_inputs and self.inputs == "full":
            raise SettingError(
                f"The stage {self.name!r} would leave its own targets out of the softmax: expected inputs=halves with "
                "mask_inputs."
            )
        if self.loss == "bpr" and self.negatives == 0:
            raise SettingError(f"The stage {self.name!r} compares with nothing: expected negatives=1 or more with bpr.")
        if self.penalty and (self.optimizer == "nadam" or self.weight_decay):
            raise SettingError(
                f"The stage {self.name!r} would not use its penalty: expected another optimizer than nadam, and no "
                "weight_decay beside it."
            )
        if self.weight_decay and self.optimizer in ("sgd", "adagrad"):
            raise SettingError(
                f"The stage {self.name!r} would not use its weight_decay: expected nadam or adam, or penalty instead."
            )
        if self.refeed and (self.loss != "mse" or self.following is not None):
            raise SettingError(f"The stage {self.name!r} feeds outputs back: expected loss=mse with refeed.")
        known = ROW_LOSSES if self.negatives is None else PAIR_LOSSES
        if self.loss not in known:
            raise SettingError(
                f"The loss {self.loss} of stage {self.name!r} does not go with negatives={self.negatives}: expected "
                f"one of {', '.join(known)}."
            )


@dataclass(frozen=True)
class TrainOptions:
    """How a model is trained: its stages, seed, device and precision."""

    stages: tuple[Stage, ...] = ()
    seed: int = 0
    device: str = "cpu"
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the device multiplies it faster
    # A step's rows pass through the model so many at a time, and their gradients are summed: memory for the activations
    # of those alone. None: all at once.
    rows_at_once: int | None = None

    def __post_init__(self) -> None:
        if self.rows_at_once is not None:
            check_ranges(self, rows_at_once=(1, 1_000_000))

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

"""All that an interrupted training needs to go on: weights, optimiser moments, best weights, history."""

from __future__ import annotations

from dataclasses import dataclass, field
import json
from pathlib import Path

from safetensors.torch import load_file, save_file
import torch
from torch import Tensor, nn

from vasp_models.errors import CheckpointError
from vasp_models.places import written_whole


@dataclass
class TrainingState:
    """The last finished epoch, the best one so far, and the learning curve.

    Tensors refer to the live model between two epochs; save() writes them before the next one begins.
    """

    plan: str = ""  # fingerprint of what is being trained
    epoch: int = 0  # finished epochs, over all stages
    seconds: float = 0.0
    best_value: float | None = None
    best_epoch: int | None = None
    history: list[dict] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    moments: dict[str, Tensor] = field(default_factory=dict)

    def record(self, model: nn.Module, optimizers: dict[str, torch.optim.Optimizer], epoch: int) -> None:
        """Note a finished epoch."""
        self.epoch = epoch
        self.weights = model.state_dict()
        self.moments = {
            f"{part}.{name}.{kind}": value
            for part, optimizer in optimizers.items()
            for name, values in optimizer.state_dict()["state"].items()
            for kind, value in values.items()
        }

    def offer(self, model: nn.Module, value: float | None, epoch: int) -> bool:
        """Keep a copy of the weights if `value` is the best yet; without validation the last epoch is kept."""
        if value is not None and self.best_value is not None and value <= self.best_value:
            return False
        self.best_value, self.best_epoch = value, epoch
        self.best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        return True

    def restore(self, model: nn.Module) -> None:
        """Put the weights of the last finished epoch into the model, if there is one."""
        if self.weights:
            model.load_state_dict(self.weights)

    def restore_best(self, model: nn.Module) -> None:
        """Put the best weights into the model, if a whole epoch was finished."""
        if self.best:
            model.load_state_dict(self.best)

    def restore_optimizers(self, optimizers: dict[str, torch.optim.Optimizer]) -> None:
        """Put the moments of the last finished epoch into fresh optimisers of the same stage."""
        for part, optimizer in optimizers.items():
            values: dict[int, dict[str, Tensor]] = {}
            for key, tensor in self.moments.items():
                owner, name, kind = key.rsplit(".", 2)
                if owner == part:
                    values.setdefault(int(name), {})[kind] = tensor.clone()
            optimizer.load_state_dict({**optimizer.state_dict(), "state": values})

    def save(self, folder: Path) -> None:
        """Write the state to a folder, whole or not at all."""
        with written_whole(folder) as temporary:
            groups = {"weights": self.weights, "best": self.best, "moments": self.moments}
            for name, tensors in groups.items():
                save_file(
                    {key: tensor.contiguous() for key, tensor in tensors.items()}, temporary / f"{name}.safetensors"
                )
            names = ("plan", "epoch", "seconds", "best_value", "best_epoch", "history")
            plain = {name: getattr(self, name) for name in names}
            (temporary / "state.json").write_text(json.dumps(plain))

    @classmethod
    def load(cls, folder: Path) -> TrainingState:
        """Read a state back. Raises CheckpointError when there is none or it is damaged."""
        try:
            plain = json.loads((folder / "state.json").read_text())
            groups = {name: load_file(folder / f"{name}.safetensors") for name in ("weights", "best", "moments")}
            return cls(**plain, **groups)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise CheckpointError(
                f"No training to go on with in {folder}: expected the state of an interrupted run ({error}); "
                "start again without --resume."
            ) from error

"""All that an interrupted training needs to go on: weights, optimiser moments, best weights, history."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import shutil
import tempfile
import weakref

from safetensors.torch import load_file, save_file
import torch
from torch import Tensor, nn

from vasp_models import places
from vasp_models.errors import CheckpointError
from vasp_models.evaluation.protocol import choice
from vasp_models.training.options import Epoch

_COPIED_UP_TO = 700 * 2**20  # bytes of weights; their moments are twice as many, in a stage in which all parts move


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in tensors.items()}


class OnDisk(dict[str, Tensor]):
    """Tensors that were copied into a file in the cache, read from there as they are used; it goes with them."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="best-", dir=places.scratch()))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        _write(tensors, folder / "best.safetensors")
        super().__init__(load_file(folder / "best.safetensors"))  # by memory map


def _write(tensors: dict[str, Tensor], path: Path) -> None:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


@dataclass
class TrainingState:
    """The last finished epoch, the best one so far, and the learning curve.

    Small models are copied after each epoch, so that the state can be saved at any time (`settled`); the tensors of
    larger ones are the live model's, to be saved between two epochs. The best epoch's are a copy: of a large model on
    the processor one in a file, since weights, gradients and moments take the memory.
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
    settled: bool = False

    def is_best(self, value: float | None) -> bool:
        """Whether an epoch of that validation value is the best yet; without validation the last one is."""
        return value is None or self.best_value is None or value > self.best_value

    def close(self, model: nn.Module, optimizers: dict[str, torch.optim.Optimizer], epoch: Epoch) -> None:
        """Note a finished epoch: weights, moments, the curve, and where it is the best its weights once more."""
        weights = model.state_dict()
        moments = {
            f"{part}.{name}.{kind}": value
            for part, optimizer in optimizers.items()
            for name, values in optimizer.state_dict()["state"].items()
            for kind, value in values.items()
            if value is not None  # the momentum of what has not moved yet
        }
        settled = sum(value.nbytes for value in weights.values()) <= _COPIED_UP_TO
        if settled:
            weights, moments = _copied(weights), _copied(moments)
        best = self._kept(weights, settled) if epoch.best else self.best
        history = [*self.history, asdict(epoch)]
        # All at once: an interrupt finds the old epoch or the new one, never half of each.
        self.weights, self.moments, self.best, self.history = weights, moments, best, history
        self.epoch, self.settled = epoch.number, settled
        if epoch.best:
            self.best_value, self.best_epoch = choice(epoch.metrics), epoch.number

    @staticmethod
    def _kept(weights: dict[str, Tensor], settled: bool) -> dict[str, Tensor]:
        if settled:
            return weights
        if any(value.device.type != "cpu" for value in weights.values()):
            return _copied(weights)
        with suppress(OSError):  # a cache that cannot be written
            if shutil.disk_usage(places.scratch()).free > sum(value.nbytes for value in weights.values()):
                return OnDisk(weights)
        return _copied(weights)

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
        with places.written_whole(folder) as temporary:
            groups = {"weights": self.weights, "best": self.best, "moments": self.moments}
            for name, tensors in groups.items():
                _write(tensors, temporary / f"{name}.safetensors")
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

"""A training run before it begins: model, settings, data and protocol, every choice checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
import hashlib
import json
from typing import Any

from vasp_models import devices
from vasp_models.data import datasets
from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.data.splits import PROTOCOLS, Split, default_heldout
from vasp_models.data.stored_splits import split_of
from vasp_models.errors import SettingError
from vasp_models.evaluation.one_out import LeaveOneOut
from vasp_models.evaluation.ratings import Ratings
from vasp_models.evaluation.tasks import NewUsers, Task, train_for
from vasp_models.models import DEFAULT, MODELS, model_row, preset
from vasp_models.models.settings import options_to_json, override, settings_to_json, with_epochs
from vasp_models.training.options import TrainOptions

RATINGS, ONE_OUT = "ratings", "leave-one-out"
TASKS = (*PROTOCOLS, RATINGS, ONE_OUT)  # every protocol by name


@dataclass(frozen=True)
class Plan:
    """What is to be trained, on what, and how; all that decides the result.

    `task` says how the model is chosen and measured, `train` is what it is fitted to.
    """

    model: str
    preset: str
    settings: Any
    options: TrainOptions
    dataset: Dataset
    task: Task
    train: Interactions

    @property
    def split(self) -> Split:
        """Train, validation and test users. Raises SettingError under a protocol that holds out no users."""
        if isinstance(self.task, NewUsers):
            return self.task.split
        raise SettingError(
            f"The protocol {self.task.name} holds out pairs and no users, and checkpoints are of models whose test "
            f"users are new: expected --protocol {' or '.join(PROTOCOLS)}; `vasp-lens benchmark --protocol "
            f"{self.task.name}` measures without saving."
        )

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the result, so that only the same plan goes on with a snapshot."""
        parts = [self.model, settings_to_json(self.settings), options_to_json(self.options)]
        parts += [self.dataset.fingerprint, *self.task.key]
        if (revision := model_row(self.model).revision) > 1:
            parts.append(f"revision {revision}")
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def whole(self) -> Plan | None:
        """The same for a model that learns of the validation part too, None where its protocol keeps that out."""
        task = self.task.whole
        return None if task is None else replace(self, task=task, train=train_for(task, model_row(self.model).kind))


def plan(
    model: str,
    data: str,
    preset_name: str | None = None,
    changes: Mapping[str, str] | None = None,
    protocol: str = "liang",
    heldout: int | None = None,
    epochs: int | None = None,
    device: str = "auto",
    seed: int = 0,
    task: Task | None = None,
) -> Plan:
    """Check every choice before any time is spent; `task`, where it is given, stands for protocol and heldout.

    Under ``ratings`` a model has its preset of that name. Raises SettingError, DataError or DeviceError.
    """
    check_seed(seed)
    preset_name = _preset_for(model, preset_name, protocol if task is None else task.name)
    dataset = datasets.load(data)
    settings, options = override(*preset(model, preset_name), _of_data(model, preset_name, dataset) | (changes or {}))
    if epochs is not None:
        options = with_epochs(options, epochs)
    device = devices.resolve(device)
    precision = options.precision
    if precision == "auto":
        precision = "bf16" if devices.has_fast_bf16(device) else "fp32"
    options = replace(options, seed=seed, device=device, precision=precision)
    task = task or make_task(dataset, protocol, heldout, seed)
    kind = model_row(model).kind
    if kind.new_users == "none" and isinstance(task, NewUsers):
        raise SettingError(
            f"{model} has nothing for users whom training did not meet, and the protocol {task.name} tests on them: "
            f"expected --protocol {ONE_OUT} or {RATINGS}."
        )
    return Plan(model, preset_name, settings, options, dataset, task, train_for(task, kind))


def check_seed(seed: int) -> None:
    """Raise SettingError for a seed that random numbers cannot start from."""
    if not 0 <= seed < 2**63:
        raise SettingError(f"--seed {seed}: expected a whole number from 0 to {2**63 - 1}.")


def make_task(dataset: Dataset, protocol: str = "liang", heldout: int | None = None, seed: int = 0) -> Task:
    """A protocol on a data set; `heldout` is for those that hold out users, `seed` for the random split of ratings.

    Raises SettingError for an unknown name, DataError where the data cannot be split so.
    """
    if protocol not in TASKS:
        raise SettingError(f"Unknown protocol {protocol!r}: expected one of {', '.join(TASKS)}.")
    if protocol in PROTOCOLS:
        heldout = default_heldout(dataset) if heldout is None else heldout
        return NewUsers(split_of(dataset, protocol, heldout, ordered=True), dataset)
    if heldout is not None:
        raise SettingError(f"The protocol {protocol} holds out no users: expected no --heldout {heldout}.")
    return Ratings.of(dataset, seed) if protocol == RATINGS else LeaveOneOut.of(dataset)


def _preset_for(model: str, name: str | None, protocol: str) -> str:
    """The preset of that name; under `ratings`, and there alone, a model that predicts ratings has one so called."""
    kind = model_row(model)
    if protocol != RATINGS:
        if name == RATINGS and kind.kind.learns_from != "ratings":
            raise SettingError(f"The preset {name} of {model} predicts ratings: expected --protocol {RATINGS} with it.")
        return name or DEFAULT
    if RATINGS not in kind.presets:
        known = ", ".join(each for each, row in MODELS.items() if RATINGS in row.presets)
        raise SettingError(f"{model} predicts no ratings: expected one of {known}, or another --protocol.")
    if name not in (None, RATINGS):
        raise SettingError(f"The preset {name} of {model} predicts no ratings: expected --preset {RATINGS}.")
    return RATINGS


def _of_data(model: str, preset_name: str, dataset: Dataset) -> dict[str, str]:
    """Settings that the data set decides, where the model has them and nobody chose otherwise."""
    has = {field.name for field in fields(preset(model, preset_name)[0])}
    return {"threshold": repr(dataset.threshold)} if "threshold" in has and dataset.threshold is not None else {}

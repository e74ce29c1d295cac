"""A training run from data set to checkpoint: planned, trained, measured once on test users, saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
import hashlib
import json
from pathlib import Path
import platform
import shutil
import time
from typing import Any

from vasp_models import checkpoints, devices, places, provenance
from vasp_models.checkpoints import Checkpoint
from vasp_models.data import datasets
from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.data.splits import PROTOCOLS, Split, default_heldout, make_split
from vasp_models.errors import SettingError, StoppedEarly
from vasp_models.evaluation.one_out import LeaveOneOut
from vasp_models.evaluation.protocol import evaluate_folds
from vasp_models.evaluation.ratings import Ratings
from vasp_models.evaluation.tasks import NewUsers, Result, Task, train_for
from vasp_models.models import DEFAULT, MODELS, Recommender, create, model_row, preset
from vasp_models.models.settings import options_to_json, override, settings_to_json, with_epochs
from vasp_models.training.options import Epoch, TrainOptions
from vasp_models.training.state import TrainingState

SAVE_EVERY = 20.0  # seconds between snapshots from which an interrupted run goes on
_EASE_UP_TO = 8_000  # items; beyond, the closed form that is measured beside each model would take minutes

RATINGS, ONE_OUT = "ratings", "leave-one-out"
TASKS = (*PROTOCOLS, RATINGS, ONE_OUT)  # every protocol by name

OnEpoch = Callable[[Epoch], None]


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
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


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
    if not 0 <= seed < 2**63:
        raise SettingError(f"--seed {seed}: expected a whole number from 0 to {2**63 - 1}.")
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


def make_task(dataset: Dataset, protocol: str = "liang", heldout: int | None = None, seed: int = 0) -> Task:
    """A protocol on a data set; `heldout` is for those that hold out users, `seed` for the random split of ratings.

    Raises SettingError for an unknown name, DataError where the data cannot be split so.
    """
    if protocol not in TASKS:
        raise SettingError(f"Unknown protocol {protocol!r}: expected one of {', '.join(TASKS)}.")
    if protocol in PROTOCOLS:
        heldout = default_heldout(dataset) if heldout is None else heldout
        return NewUsers(make_split(dataset, protocol, heldout, ordered=True), dataset)
    if heldout is not None:
        raise SettingError(f"The protocol {protocol} holds out no users: expected no --heldout {heldout}.")
    return Ratings.of(dataset, seed) if protocol == RATINGS else LeaveOneOut.of(dataset)


def default_folder(plan: Plan) -> Path:
    """Where the checkpoint goes when no place is named: ``checkpoints/DATA-MODEL-PRESET``."""
    return places.checkpoint_folder(f"{plan.dataset.name}-{plan.model}-{plan.preset}")


def train(
    plan: Plan,
    out: Path,
    command: str,
    on_epoch: OnEpoch = lambda epoch: None,
    resume: bool = False,
    save_every: float = SAVE_EVERY,
) -> Checkpoint:
    """Train, keep the best epoch, measure it and save it to `out`.

    Ctrl-C ends training early and saves the best epoch so far; a snapshot stays beside `out`, from which `resume`
    goes on. Raises CheckpointError when there is nothing to resume, SettingError where no users are held out.
    """
    split = plan.split
    checkpoints.check_target(out)
    snapshot = out.with_name(f".{out.name}.training")
    state = _resumed(plan, snapshot) if resume else TrainingState(plan=plan.fingerprint)
    model = create(plan.model, plan.settings, plan.train.n_items, plan.options.seed)
    finished = _fit(model, plan, state, snapshot, on_epoch, save_every)
    metrics = measure(model, plan)
    facts = _facts(plan, model, state, command, finished)
    checkpoint = checkpoints.save(out, model, split, facts, _curve(state), metrics)
    if finished:
        shutil.rmtree(snapshot, ignore_errors=True)
    return checkpoint


def fit(plan: Plan) -> tuple[Recommender, float]:
    """Train without saving; the model and the seconds it took."""
    model = create(plan.model, plan.settings, plan.train.n_items, plan.options.seed)
    started = time.perf_counter()
    model.fit(plan.train, plan.options, plan.task.validate)
    return model, time.perf_counter() - started


def measure(model: Recommender, plan: Plan) -> dict[str, Any]:
    """Metrics of the validation and the test part; where users are held out, popularity's and EASE's beside them."""
    task = plan.task
    test = task.measure(model.score, "test")
    rows = {"val": task.measure(model.score, "val").summary(), "test": test.summary()}
    baselines = {}
    for name in ("popularity", "ease") if isinstance(task, NewUsers) else ():
        if name == plan.model or (name == "ease" and task.train.n_items > _EASE_UP_TO):
            continue
        fitted = create(name, preset(name)[0], task.train.n_items)
        fitted.fit(task.train)
        beside, val = (task.measure(fitted.score, part) for part in ("test", "val"))
        facts = {"title": MODELS[name].title, **beside.summary(), "difference": test.difference(beside)}
        baselines[name] = {**facts, "val": val.summary()}
    return {**rows, "baselines": baselines}


def evaluate_checkpoint(checkpoint: Checkpoint, split: str = "test", device: str = "cpu") -> dict[str, Any]:
    """Metrics of a saved model on its own validation or test users, as `vasp-lens evaluate --json` prints them."""
    if split not in ("val", "test"):
        raise SettingError(f"Unknown split {split!r}: expected val or test.")
    folds = checkpoint.users.folds({"val": "validation"}.get(split, split))
    result = evaluate_folds(checkpoint.model(device).score, folds)
    manifest = checkpoint.manifest
    return report_row(manifest["model"], manifest["dataset"]["name"], manifest["protocol"]["name"], split, result)


def report_row(model: str, dataset: str, protocol: str, split: str, result: Result) -> dict[str, Any]:
    """One row of a report, ready for JSON."""
    return {"model": model, "dataset": dataset, "protocol": protocol, "split": split, **result.summary()}


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


def _fit(model, plan: Plan, state: TrainingState, snapshot: Path, on_epoch: OnEpoch, save_every: float) -> bool:
    """Run all epochs; False when Ctrl-C ended them early but an epoch was finished."""
    began, before, saved = time.perf_counter(), state.seconds, float("-inf")
    try:
        with closing(model.fit_epochs(plan.train, plan.options, plan.task.validate, state)) as epochs:
            for epoch in epochs:
                state.seconds = before + time.perf_counter() - began
                if not state.weights:  # closed form: nothing to go on from
                    state.history.append(asdict(epoch))
                elif time.perf_counter() - saved >= save_every:
                    state.save(snapshot)
                    saved = time.perf_counter()
                on_epoch(epoch)
    except KeyboardInterrupt:
        if state.settled:
            state.save(snapshot)
        if not state.best:
            raise StoppedEarly(
                f"Stopped after {state.epoch} of {plan.options.epochs} epochs, before the first of the whole model: "
                "there is no checkpoint yet"
                + ("; the same command with --resume goes on." if snapshot.exists() else ", and nothing to go on from.")
            ) from None
        return False
    return True


def _resumed(plan: Plan, snapshot: Path) -> TrainingState:
    state = TrainingState.load(snapshot)
    if state.plan != plan.fingerprint:
        raise SettingError(
            f"The interrupted training in {snapshot} had other settings or data: expected the same command as before "
            "with --resume added, or start again without it."
        )
    return state


def _curve(state: TrainingState) -> list[dict[str, Any]]:
    rows = [
        {k: v for k, v in row.items() if k not in ("metrics", "best", "of")} | row["metrics"] for row in state.history
    ]
    kept = state.best_epoch if state.best_epoch is not None else len(rows)
    return [{**row, "epoch": row["number"], "kept": row["number"] == kept} for row in rows]


def _facts(plan: Plan, model: Recommender, state: TrainingState, command: str, finished: bool) -> dict[str, Any]:
    split, manifest = plan.split, plan.dataset.manifest
    kept = ("name", "title", "simulated", "threshold", "implicit", "licence", "fingerprint", "counts", "rating_counts",
            "user_mean_counts", "source", "collapsed")  # fmt: skip
    return {
        "model": plan.model,
        "title": MODELS[plan.model].title,
        "preset": plan.preset,
        "settings": settings_to_json(plan.settings),
        "options": options_to_json(plan.options),
        "parameters": int(sum(values.size for values in model.tensors().values())),
        "dataset": {name: manifest.get(name) for name in kept} | {"ordered": split.train.ordered},
        "protocol": {"name": split.protocol, "heldout": split.heldout, "stats": split.stats,
                     "preprocessing": split.preprocessing},
        "provenance": {
            "command": command,
            "created": provenance.now(),
            "versions": versions(),
            "seed": plan.options.seed,
            "device": devices.describe(plan.options.device),
            "train_seconds": round(state.seconds, 1),
            "finished": finished,
        },
    }  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = provenance.versions(("vasp-lens", "torch", "numpy", "scipy"))
    return {"python": platform.python_version(), **found}

"""A training run from data set to checkpoint: planned, trained, measured once on test users, saved."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
import platform
import shutil
import time
from typing import Any, NamedTuple

from vasp_models import checkpoints, devices, places, provenance
from vasp_models.checkpoints import Checkpoint
from vasp_models.errors import SettingError, StoppedEarly
from vasp_models.evaluation.protocol import evaluate_folds
from vasp_models.evaluation.tasks import NewUsers, Result
from vasp_models.models import MODELS, Recommender, create, preset
from vasp_models.models.settings import options_to_json, settings_to_json
from vasp_models.plans import Plan
from vasp_models.training import processes
from vasp_models.training.options import Epoch
from vasp_models.training.state import TrainingState

SAVE_EVERY = 20.0  # seconds between snapshots from which an interrupted run goes on
_EASE_UP_TO = 8_000  # items; beyond, the closed form that is measured beside each model would take minutes

OnEpoch = Callable[[Epoch], None]


class Fit(NamedTuple):
    """A trained model, the seconds it took, and which epoch was kept (None for a closed form)."""

    model: Recommender
    seconds: float
    epoch: int | None


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
) -> Checkpoint | None:
    """Train, keep the best epoch, measure it and save it to `out`; of several processes the first does the last two.

    The others return None. Each has a snapshot of its own.

    Ctrl-C ends training early and saves the best epoch so far; a snapshot stays beside `out`, from which `resume`
    goes on. Raises CheckpointError when there is nothing to resume, SettingError where no users are held out.
    """
    split = plan.split
    checkpoints.check_target(out)
    snapshot = out.with_name(f".{out.name}.training{processes.current().suffix}")
    state = _resumed(plan, snapshot) if resume else TrainingState(plan=plan.fingerprint)
    model = create(plan.model, plan.settings, plan.train.n_items, plan.options.seed)
    finished = _fit(model, plan, state, snapshot, on_epoch, save_every)
    checkpoint, group = None, processes.current()
    if group.first:
        metrics = measure(model, plan)
        facts = _facts(plan, model, state, command, finished)
        checkpoint = checkpoints.save(out, model, split, facts, _curve(state), metrics)
    group.told("saved")  # until then a run could have to go on from the snapshots
    if finished:
        shutil.rmtree(snapshot, ignore_errors=True)
    return checkpoint


def fit(plan: Plan, epochs: int | None = None) -> Fit:
    """Train without saving; `epochs` ends the schedule after so many, without changing its rates or its stages."""
    model = create(plan.model, plan.settings, plan.train.n_items, plan.options.seed)
    started, kept = time.perf_counter(), None
    with closing(model.fit_epochs(plan.train, plan.options, plan.task.validate)) as trained:
        for epoch in trained:
            if plan.options.epochs and epoch.best:
                kept = epoch.number
            if epoch.number == epochs:
                break
    return Fit(model, time.perf_counter() - started, kept)


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


def _fit(model, plan: Plan, state: TrainingState, snapshot: Path, on_epoch: OnEpoch, save_every: float) -> bool:
    """Run all epochs; False when Ctrl-C ended them early but an epoch was finished."""
    began, before, saved = time.perf_counter(), state.seconds, float("-inf")
    group = processes.current()
    try:
        with closing(model.fit_epochs(plan.train, plan.options, plan.task.validate, state)) as epochs:
            for epoch in epochs:
                state.seconds = before + time.perf_counter() - began
                if not state.weights:  # closed form: nothing to go on from
                    state.history.append(asdict(epoch))
                elif group.told(time.perf_counter() - saved >= save_every):  # all after the same epoch
                    state.save(snapshot)
                    saved = time.perf_counter()
                on_epoch(epoch)
                if group.stops():
                    raise KeyboardInterrupt
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
    if processes.current().told(state.epoch) != state.epoch:
        raise SettingError(
            f"The interrupted training in {snapshot} ended at epoch {state.epoch}, and that of the first process at "
            "another: expected snapshots of one moment; start again without --resume."
        )
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
            "processes": processes.current().size,
            "train_seconds": round(state.seconds, 1),
            "finished": finished,
        },
    }  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = provenance.versions(("vasp-lens", "torch", "numpy", "scipy"))
    return {"python": platform.python_version(), **found}

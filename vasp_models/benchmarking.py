"""Several models on one task, each measured once: one row a model, kept on disk as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
import time

import numpy as np

from vasp_models import devices, measures, plans, provenance, results, runs
from vasp_models.data import datasets
from vasp_models.data.datasets import Dataset
from vasp_models.errors import MeasureError, SettingError, StoppedEarly, VaspLensError
from vasp_models.evaluation.protocol import BATCH, DEPTH, chosen_by
from vasp_models.evaluation.tasks import NewUsers, Result, Task
from vasp_models.models import DEFAULT, MODELS, Recommender, model_row
from vasp_models.results import ERROR, Arrays, Row, Table

ALL = "all"
_ASKED, _REPEATS, _ENOUGH = 1_000, 5, 10.0  # users of a timed pass, passes at most, seconds after which none is begun

Say = Callable[[str], None]
Also = Callable[[Recommender, plans.Plan], Row]  # what is measured of a trained model beside the usual figures


@dataclass(frozen=True)
class Entry:
    """One row to be: a model by its name, its preset (the usual one for None), and changes as `--set` takes them."""

    label: str
    model: str
    preset: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)


def chosen(models: str, protocol: str = "liang", preset: str | None = None) -> list[Entry]:
    """Entries from names joined by commas, or `all`: every model that has a preset for the protocol.

    A model without the named preset has its usual one. Raises SettingError for unknown names and presets.
    """
    names = [name.strip() for name in models.split(",") if name.strip()]
    if names == [ALL]:
        wanted = plans.RATINGS if protocol == plans.RATINGS else DEFAULT
        names = [name for name, row in MODELS.items() if wanted in row.presets]
    if not names:
        raise SettingError(f"No model named: expected {ALL}, or names joined by commas, e.g. --models ease,vasp.")
    presets = {name: model_row(name).presets for name in names}
    if preset is not None and not any(preset in each for each in presets.values()):
        known = sorted({each for found in presets.values() for each in found})
        raise SettingError(f"None of {', '.join(names)} has a preset {preset!r}: expected one of {', '.join(known)}.")
    return [
        Entry(name if preset in (None, DEFAULT) else f"{name} {preset}", name, preset)
        if preset in presets[name]
        else Entry(name, name)
        for name in names
    ]


def run(
    entries: Sequence[Entry],
    data: str,
    protocol: str = "liang",
    heldout: int | None = None,
    device: str = "auto",
    seed: int = 0,
    table: Path | None = None,
    fresh: bool = False,
    say: Say = lambda text: None,
    command: str | None = None,
    also: Also | None = None,
) -> list[Row]:
    """Train and measure each entry on the same task; one row each, in their order.

    After each the whole table is written to `table` (default: that of the data set and protocol in the usual folder);
    what stands there, or in another table of that folder, of the same plan is taken from there, but with `fresh`. What
    fails is a row with `error`, a sentence, and is tried again by the next call. `difference` is the paired one to the
    first entry that succeeded; `also` is what the function of that name finds. `train_seconds` holds the measuring of
    each epoch by validation, and both fits where there are two. Raises SettingError, DataError and DeviceError for what
    concerns all entries, MeasureError for a damaged table, and StoppedEarly after Ctrl-C, when the finished rows are
    kept.
    """
    labels = [entry.label for entry in entries]
    if len(set(labels)) < len(labels):
        raise SettingError(f"Two entries have one label among {', '.join(labels)}: expected each to have its own.")
    for entry in entries:
        model_row(entry.model)
    plans.check_seed(seed)
    dataset, device = datasets.load(data), devices.resolve(device)
    task = plans.make_task(dataset, protocol, heldout, seed)
    if isinstance(task, NewUsers):
        task, heldout = replace(task, full=True), task.split.heldout
    path = table or results.default_path(dataset.name, protocol)
    say(f"The table is kept in {path}")
    typed = command or provenance.command(
        "benchmark", data=data, models=",".join(entry.model for entry in entries), protocol=protocol, heldout=heldout,
        seed=seed,
    )  # fmt: skip
    bench = _Bench(data, dataset, task, path, heldout, device, seed, fresh, typed, say, also)
    bench.check()
    for number, entry in enumerate(entries, start=1):
        say(f"{number} of {len(entries)}: {entry.label}")
        try:
            bench.add(entry)
        except KeyboardInterrupt:
            raise StoppedEarly(
                f"Stopped in {entry.label}, after {number - 1} of {len(entries)}: {path} keeps what is finished; the "
                "same command goes on."
            ) from None
    return bench.rows


@dataclass
class _Bench:
    """A task, and what was measured on it so far."""

    data: str
    dataset: Dataset
    task: Task
    path: Path
    heldout: int | None
    device: str
    seed: int
    fresh: bool
    command: str
    say: Say
    also: Also | None = None
    rows: list[Row] = field(default_factory=list)
    first: tuple[str, Result] | None = None  # label and result of the first entry that succeeded

    def check(self) -> None:
        """Raise MeasureError where the table is damaged or of something else; say so where its data are gone."""
        if self.path.exists() and not self._table().rows and (old := len(results.load(self.path).rows)):
            self.say(f"{self.dataset.name} has changed since that table was made: its {old} rows are measured again")

    def add(self, entry: Entry) -> None:
        """Measure an entry, or take it from the table, and write the table."""
        about, found = self._about(entry), None
        arrays: Arrays = {}
        try:
            plan = plans.plan(
                entry.model, self.data, entry.preset, entry.changes, self.task.name, None, None, self.device, self.seed,
                self.task,
            )  # fmt: skip
            about |= {"preset": plan.preset, "fingerprint": plan.fingerprint}
            found = None if self.fresh else self._kept(plan.fingerprint)
            if found is None:
                figures, result = self._measured(plan)
                row = about | figures
            else:
                result = found[1]
                row = found[0] | {name: about[name] for name in ("label", "model", "title")}
            row["difference"] = self._difference(result)
            arrays = results.packed(result)
        except Exception as error:  # whatever goes wrong in one model, the others are still measured
            row = about | {ERROR: _sentence(error)}
            self.say(f"   {row[ERROR]}")
        else:
            self.first = self.first or (entry.label, result)
            self.say(f"   {_headline(row)}" + (", from the table" if found else f", {row['train_seconds']:,.0f} s"))
        row = measures.plain(row)
        self.rows.append(row)
        if row not in self._table().rows:
            self._write(row, arrays)

    def _about(self, entry: Entry) -> Row:
        return {
            "label": entry.label,
            "model": entry.model,
            "title": MODELS[entry.model].title,
            "preset": entry.preset,
            "changes": dict(entry.changes),
            "seed": self.seed,
            "dataset": self.dataset.name,
            "protocol": self.task.name,
            "heldout": self.heldout,
            "made": provenance.now(),
            "command": self.command,
            "machine": {"cpu": devices.processor(), "device": devices.describe(self.device)},
            "versions": runs.versions(),
        }

    def _measured(self, plan: plans.Plan) -> tuple[Row, Result]:
        model, seconds, epoch = runs.fit(plan)
        val = self.task.measure(model.score, "val")
        if (whole := plan.whole) is not None:
            self.say(f"   {_headline({'val': val.summary()})}, fitted again with the validation part")
            model, more, _ = runs.fit(whole, epoch)
            seconds += more
        test = self.task.measure(model.score, "test")
        figures = {
            "val": val.summary(),
            "test": test.summary(),
            "parameters": int(sum(values.size for values in model.tensors().values())),
            "train_seconds": round(seconds, 2),
            "kept_epoch": epoch,
            "ms_per_1000_users": round(milliseconds(model, self.task), 2),
            "made": provenance.now(),
        }
        if self.also is not None:
            figures["also"] = self.also(model, plan)
        return figures, test

    def _difference(self, result: Result) -> Row | None:
        if self.first is None:
            return None
        label, other = self.first
        return {"to": label, "metric": chosen_by(result.summary()), **result.difference(other)}

    def _kept(self, fingerprint: str) -> tuple[Row, Result] | None:
        """The row of a plan and what it was measured at, from this table or another of the same data and protocol.

        None unless both are there.
        """
        for table in (self._table(), *self._beside()):
            row = table.finished(fingerprint)
            if row is None or (self.also is not None and "also" not in row):
                continue
            try:
                result = results.unpacked(self.task.result, results.values(table.path)[fingerprint])
            except (KeyError, TypeError):  # its values are gone, or kept by a program that measured other things
                continue
            if self.also is None:  # what a recipe asked beside the figures stays in its own table
                row = {name: value for name, value in row.items() if name != "also"}
            return row, result
        return None

    def _beside(self) -> list[Table]:
        """Other tables in the usual folder of the same data and protocol, where nothing is asked beside the figures."""
        if self.also is not None:
            return []
        same = (self.dataset.name, self.dataset.fingerprint, self.task.name)
        found = [table for table in results.tables() if table.path != self.path]
        return [table for table in found if (table.dataset, table.fingerprint, table.protocol) == same]

    def _table(self) -> Table:
        """The table as it is on disk by now; empty where it is of other data."""
        empty = Table(self.path, self.dataset.name, self.dataset.fingerprint, self.task.name)
        if not self.path.exists():
            return empty
        table = results.load(self.path)
        same = (table.dataset, table.protocol) == (empty.dataset, empty.protocol)
        if not same:
            raise MeasureError(
                f"{self.path} is of {table.dataset} under {table.protocol}, not of {empty.dataset} under "
                f"{empty.protocol}: expected another file, e.g. --out {self.dataset.name}-{self.task.name}.json."
            )
        return table if table.fingerprint == empty.fingerprint else empty

    def _write(self, row: Row, arrays: Arrays) -> None:
        # Read again each time: another process may have measured other models meanwhile.
        with results.locked(self.path):
            table = self._table().with_row(row)
            kept = results.values(self.path)
            results.save(table, kept | ({row["fingerprint"]: arrays} if arrays else {}))


def milliseconds(model: Recommender, task: Task) -> float:
    """How long it takes to score 1,000 users and to rank their first 100 unseen items, in milliseconds.

    The users are the first train users (again from the first where there are fewer), with all they have, in batches of
    500 as the evaluation takes them. The median of five passes after one that does not count; a pass is not begun
    when ten seconds have gone by, and where that first one took as long, it is what counts.
    """
    histories = task.train.take(np.arange(_ASKED) % len(task.train))
    taken: list[float] = []
    while len(taken) <= _REPEATS and sum(taken) < _ENOUGH:
        began = time.perf_counter()
        for start in range(0, _ASKED, BATCH):
            model.best(histories.take(slice(start, start + BATCH)), DEPTH)
        taken.append(time.perf_counter() - began)
    return 1e3 * median(taken[1:] or taken)


def _headline(row: Row) -> str:
    """What an entry is chosen by, of the validation part."""
    name = chosen_by(row["val"])
    return f"validation {name.upper()} {row['val'][name]['mean']:.4f}"


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, VaspLensError) else f"{type(error).__name__}: {text}".removesuffix(": ")

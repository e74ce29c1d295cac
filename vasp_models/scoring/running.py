"""Scoring from beginning to end: what is there already is kept, what is missing is made, by one process or by Ray's."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
import time
from typing import TYPE_CHECKING, Any

from vasp_models import checkpoints, provenance
from vasp_models.errors import ScoringError
from vasp_models.explanations.linear import linear_factor
from vasp_models.scoring import Scoring
from vasp_models.scoring import folder as folders
from vasp_models.scoring.folder import GATHERED, Plan
from vasp_models.scoring.lists import kind_of_reasons
from vasp_models.scoring.pairs import gather
from vasp_models.scoring.sources import Pairs, Reader, Source, of_pairs, rows
from vasp_models.scoring.tables import as_they_are, ids_of, numbered, scored

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.jobs import Report

# Makes some parts of a folder's plan and yields, of each, how many unknown ids its histories hold.
Maker = Callable[[Path, list[int]], Generator[int]]


@dataclass(frozen=True)
class Scored:
    """What became of a run: parts that were made and that were there, users of all, and seconds for the made ones.

    `unknown` counts the ids of the histories that the catalogue does not hold.
    """

    plan: Plan
    made: int
    kept: int
    unknown: int
    seconds: float
    users_made: int


class Worker:
    """A process's own model and place in the histories; what it makes depends on the folder's plan alone.

    Raises ScoringError where the checkpoint is not the one that the plan was made with.
    """

    def __init__(self, folder: Path, device: str) -> None:
        self.folder, self.plan = folder, folders.read(folder)
        checkpoint = checkpoints.load(self.plan.checkpoint_folder)
        if checkpoint.digest != self.plan.checkpoint:
            raise ScoringError(
                f"{checkpoint.folder} is not the checkpoint that {folder} was begun with: expected the same on every "
                "machine, on a shared disk."
            )
        self.model, self.ids = checkpoint.model(device), ids_of(checkpoint.catalogue)
        self.reader = Reader(self.plan.source, self.plan.settings.users_per_part)

    def make(self, number: int) -> int:
        """Make and write a part; how many unknown ids its histories hold."""
        table = self.reader.read(*self.plan.rows(number))
        read = as_they_are(table) if self.plan.source.numbers else numbered(table, self.ids)
        folders.write_part(self.folder, self.plan, number, scored(read, self.model, self.ids, self.plan.settings))
        return int(read.unknown.sum())


def in_this_process(device: str) -> Maker:
    """Make the parts one after the other."""

    def run(folder: Path, missing: list[int]) -> Generator[int]:
        worker = Worker(folder, device)
        yield from map(worker.make, missing)

    return run


def run(
    checkpoint: Checkpoint, given: Source | Pairs, folder: Path, settings: Scoring, maker: Maker,
    report: Report | None = None,
) -> Scored:  # fmt: skip
    """Score all users of a source into a folder, or what is still missing there.

    Raises ScoringError where the folder holds other scores or other things, DataError for histories that cannot be
    read, SettingError for reasons that the model does not have.
    """
    tell = report or (lambda *_: None)
    tell("Reading the histories", 0.0)
    plan = planned(checkpoint, given, folder, settings)
    found = dict(_there(folder, plan, tell))
    missing = [number for number in range(plan.parts) if number not in found]
    began, unknown = time.perf_counter(), sum(found.values())
    if missing:
        tell("Scoring", len(found) / plan.parts)
        with closing(maker(folder, missing)) as made:  # whatever happens, its processes end here
            for done, more in enumerate(made, len(found) + 1):
                unknown += more
                tell("Scoring", done / plan.parts)
    users = sum(stop - start for start, stop in map(plan.rows, missing))
    return Scored(plan, len(missing), len(found), unknown, time.perf_counter() - began, users)


def _there(folder: Path, plan: Plan, tell: Report) -> Iterator[tuple[int, int]]:
    """The parts that are there and whole, and how many unknown ids the histories of each hold."""
    for number in range(plan.parts):
        tell("Looking at what is there", number / plan.parts)
        unknown = folders.unknown_in(folder, plan, number)
        if unknown is not None:
            yield number, unknown


def planned(checkpoint: Checkpoint, given: Source | Pairs, folder: Path, settings: Scoring) -> Plan:
    """The plan of a folder: the one that it was begun with, or a new one, with which it is begun now.

    Raises as `run` does.
    """
    there = folders.begun(folder)
    model = checkpoint.model()  # mapped from its file: nearly nothing is read
    settings = replace(settings, reasons=kind_of_reasons(model, settings.reasons))
    if there is not None:
        asked = {"checkpoint": checkpoint.digest, "histories": given.digest, **vars(settings)}
        folders.check_same(folder, there, asked)
    source, left_out = given, 0
    if isinstance(given, Pairs):
        source, left_out = of_pairs(folder / GATHERED, given.digest, given.given), there.left_out if there else 0
        if there is None or not (folder / GATHERED).exists():
            threshold = checkpoint.manifest["dataset"].get("threshold")
            left_out = gather(given, checkpoint.catalogue, threshold, folder / GATHERED)
    place = str(checkpoint.folder.absolute())
    plan = Plan(place, checkpoint.digest, source, settings, rows(source), left_out)
    if plan != there:  # new, or the same checkpoint and histories at other places
        folders.begin(folder, plan, checkpoint, _about(checkpoint, model, plan, folder))
    return plan


def _about(checkpoint: Checkpoint, model: Any, plan: Plan, folder: Path) -> dict[str, Any]:
    """What a reader of the parts has to know of the model, and where they come from."""
    linear = linear_factor(model)
    command = folders.command(checkpoint, plan.source, plan.settings, folder)
    return {
        "factors": list(getattr(model, "factor_names", ())),
        "linear": None if linear is None else {"factor": linear, "bias": float(model.linear_bias)},
        "provenance": provenance.of(checkpoint, command),
    }

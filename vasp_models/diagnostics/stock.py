"""What is at hand: checkpoints and whether their files are whole, their maps and measures, the licences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vasp_models import checkpoints as core
from vasp_models import measures, provenance
from vasp_models.checkpoints import Checkpoint
from vasp_models.data.datasets import sha256_of
from vasp_models.diagnostics.checks import FINE, MISSING, NOTE, PROBLEM, Check, size
from vasp_models.errors import CheckpointError
from vasp_models.jobs import Job, Report
from vasp_models.projections import jobs as map_jobs
from vasp_models.projections import maps
from vasp_models.projections.distances import DISTANCES

_AGAIN = "Copy the folder again, or train the model anew."


@dataclass(frozen=True)
class Found:
    """A checkpoint that was looked for, None where it cannot be opened, and what is said of it."""

    checkpoint: Checkpoint | None
    check: Check


def checkpoints(names: Sequence[str]) -> list[Found]:
    """Open each checkpoint, which compares sizes of all files and digests of all but the largest."""
    if not names:
        what = "Run `vasp-lens demo`, or train one: `vasp-lens train vasp --data NAME`."
        return [Found(None, Check("Checkpoints", NOTE, "none at hand", what))]
    return [_opened(name) for name in names]


def _opened(name: str) -> Found:
    try:
        found = core.load(name)
    except CheckpointError as error:
        return Found(None, Check(name, PROBLEM, "cannot be opened", str(error)))
    held = sum(facts["bytes"] for facts in found.manifest["files"].values())
    kind = "bundle, " if found.is_bundle else ""
    return Found(found, Check(found.name, FINE, f"{found.label}: {kind}{size(held)}, digest {found.digest[:12]}"))


def verify(checkpoint: Checkpoint, report: Report) -> list[Check]:
    """Compare every file of a checkpoint with its digest, however large; `report` hears file and share of the bytes."""
    files = checkpoint.manifest["files"]
    whole, done, checks = sum(facts["bytes"] for facts in files.values()) or 1, 0, []
    for name, facts in sorted(files.items()):
        report(name, done / whole)
        checks.append(_verified(checkpoint, name, facts))
        done += facts["bytes"]
    report("Done", 1.0)
    return checks


def _verified(checkpoint: Checkpoint, name: str, facts: dict) -> Check:
    try:
        found = sha256_of(checkpoint.folder / name)
    except OSError as error:
        return Check(name, PROBLEM, f"cannot be read ({error.strerror})", _AGAIN)
    if found != facts["sha256"]:
        return Check(name, PROBLEM, f"SHA-256 {found[:12]}, {facts['sha256'][:12]} was written", _AGAIN)
    return Check(name, FINE, f"SHA-256 {found[:12]}, {size(facts['bytes'])}")


def results(found: Sequence[Found]) -> list[Check]:
    """Which maps and measures each checkpoint has, and the commands that make the missing ones."""
    checks = []
    for each in found:
        if each.checkpoint is not None:
            checks += [_maps(each.checkpoint), _measures(each.checkpoint)]
    return checks


def _maps(checkpoint: Checkpoint) -> Check:
    damaged: list[str] = []
    there, jobs = [], {}
    for distance in DISTANCES:
        if maps.find(checkpoint, distance, notice=damaged.append) is not None:
            there.append(distance)
        else:
            jobs[distance] = map_jobs.job_status(checkpoint, distance)
    commands = {distance: provenance.command("map", _asked(checkpoint), distance=distance) for distance in DISTANCES}
    return _made(f"Maps of {checkpoint.name}", there, jobs, commands, damaged, _again(checkpoint))


def _measures(checkpoint: Checkpoint) -> Check:
    damaged: list[str] = []
    there, jobs = [], {}
    for kind in measures.KINDS:
        if kind == "planted" and not checkpoint.manifest["dataset"].get("simulated"):
            continue  # nothing was planted in real viewers
        if measures.find(checkpoint, kind, damaged.append) is not None:
            there.append(kind)
        else:
            jobs[kind] = measures.job_status(checkpoint, kind)
    commands = {kind: provenance.command(kind, _asked(checkpoint)) for kind in measures.KINDS}
    return _made(f"Measures of {checkpoint.name}", there, jobs, commands, damaged, _again(checkpoint))


def _asked(checkpoint: Checkpoint) -> str:
    """What has a model to be asked: the checkpoint, or the one that a bundle was made of."""
    return checkpoint.manifest["bundle"]["checkpoint"] if checkpoint.is_bundle else checkpoint.argument


def _again(checkpoint: Checkpoint) -> str:
    """What is to be done after that: a bundle holds what there was when it was made."""
    return f" Then make the bundle again: `{checkpoint.manifest['bundle']['command']}`." if checkpoint.is_bundle else ""


def _made(
    name: str,
    there: list[str],
    jobs: dict[str, Job],
    commands: dict[str, str],
    damaged: Sequence[str] = (),
    again: str = "",
) -> Check:
    """What is there of some results, and of the rest whether it is under way, failed, or was never asked for."""
    fact = ", ".join(there) or "none yet"
    under_way = [f"{kind} ({job.fraction:.0%})" for kind, job in jobs.items() if job.state == "running"]
    fact += f"; being made: {', '.join(under_way)}" if under_way else ""
    if damaged:
        return Check(name, PROBLEM, fact, " ".join(damaged))
    failed = [f"{kind}: {job.error}" for kind, job in jobs.items() if job.state == "failed"]
    missing = [commands[kind] for kind, job in jobs.items() if job.state in {"none", "failed"}]
    run = f"Run {' and '.join(f'`{command}`' for command in missing)}.{again}" if missing else ""
    if failed:
        return Check(name, PROBLEM, f"{fact}; stopped: {'; '.join(failed)}", run)
    return Check(name, MISSING if missing else FINE, fact, run)


def licences(found: Sequence[Found]) -> list[Check]:
    """Under which terms the program and the data of each checkpoint may be used."""
    checks = [Check("VASP Lens", FINE, "MIT")]
    for each in found:
        if each.checkpoint is not None:
            data = each.checkpoint.manifest["dataset"]
            title = str(data.get("title") or data["name"])
            checks.append(Check(title, FINE, str(data.get("licence") or "its source says nothing of a licence")))
    return list(dict.fromkeys(checks))

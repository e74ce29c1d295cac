"""`vasp-lens score`: lists and reasons for all users at once, as Parquet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vasp_models.cli.training import AsJson, Device
from vasp_models.cli.using import Name
from vasp_models.errors import SettingError
from vasp_models.scoring import AUTO, Scoring

if TYPE_CHECKING:
    from vasp_models.scoring.running import Maker, Scored

LOCAL, RAY = "local", "ray"


def score(
    checkpoint: Name,
    to: Annotated[Path, typer.Option(help="Folder of the scores; one that was begun is gone on with.")],
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="Parquet file or folder: user and history (lists of ids), or user and item."),
    ] = None,
    data: Annotated[str | None, typer.Option(help="All users of this data set, instead of the checkpoint's.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items of each user.")] = Scoring.k,
    reasons: Annotated[str, typer.Option(help="auto, linear (exact shares), leave-one-out (slow) or none.")] = AUTO,
    named: Annotated[int, typer.Option(min=1, help="How many reasons of each item.")] = Scoring.named,
    users_per_part: Annotated[int, typer.Option(min=1, help="Users of one file.")] = Scoring.users_per_part,
    engine: Annotated[str, typer.Option(help="local (this process) or ray (several; needs vasp-lens[ray]).")] = LOCAL,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With ray: how many; by default one a core or card.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="With ray: join this cluster, HOST:PORT or auto.")] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Recommend to all users and say why, in a folder of Parquet files; run again, it goes on where it broke."""
    settings = Scoring(k, reasons, named, users_per_part)
    if from_ is not None and data is not None:
        raise SettingError("Both --from and --data were given: expected at most one of them.")
    from vasp_models import checkpoints
    from vasp_models.cli import progress
    from vasp_models.scoring import running, sources

    maker = _maker(engine, workers, address, device)
    loaded = checkpoints.load(checkpoint)
    if from_ is not None:
        given = sources.of_files(from_, without=to)
    else:
        given = sources.of_data(data) if data is not None else sources.of_checkpoint(loaded)
    with progress.bar() as show:
        done = running.run(loaded, given, to, settings, maker, show)
    typer.echo(json.dumps(_record(done, to), indent=1, ensure_ascii=False) if as_json else _words(done, to))


def _maker(name: str, workers: int | None, address: str | None, device: str) -> Maker:
    """Who makes the parts. Raises SettingError for an unknown name, and for options of ray without it."""
    if name not in (LOCAL, RAY):
        raise SettingError(f"Unknown engine {name!r}: expected {LOCAL} or {RAY}.")
    if name == LOCAL and not (workers is None and address is None):
        raise SettingError(f"--workers and --address are for several processes: expected --engine {RAY} beside them.")
    from vasp_models import devices

    # On a cluster the cards are on other machines than this one: what is named is taken at its word.
    resolved = device if address and device != "auto" else devices.resolve(device)
    if name == LOCAL:
        from vasp_models.scoring.running import in_this_process

        return in_this_process(resolved)
    from vasp_models.scoring.on_ray import on_ray

    return on_ray(resolved, workers, address)


def _record(done: Scored, to: Path) -> dict[str, Any]:
    plan = done.plan
    return {
        "folder": str(to), "users": plan.users, "parts": plan.parts, "made": done.made, "kept": done.kept,
        "k": plan.settings.k, "reasons": plan.settings.reasons, "unknown_items": done.unknown,
        "ratings_below_threshold": plan.left_out, "seconds": round(done.seconds, 3), "users_made": done.users_made,
    }  # fmt: skip


def _words(done: Scored, to: Path) -> str:
    plan = done.plan
    kept = f", {done.kept:,} of them there already" if done.kept else ""
    lines = [f"{plan.users:,} users in {plan.parts:,} part{'' if plan.parts == 1 else 's'}{kept}: {to / 'parts'}"]
    if done.made:
        rate = done.users_made / done.seconds
        lines.append(f"{done.users_made:,} users in {done.seconds:,.1f} s, {rate:,.0f} a second.")
    if done.unknown:
        lines.append(f"Left out, because the catalogue does not hold them: {done.unknown:,} of the histories' ids.")
    if plan.left_out:
        lines.append(f"Left out, because they are no likes: {plan.left_out:,} ratings below the model's threshold.")
    return "\n".join(lines)

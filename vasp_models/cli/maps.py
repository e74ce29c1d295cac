"""Compute the sensitivity maps: `vasp-lens map`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
import sys
from typing import Annotated, Any

import typer

from vasp_models.cli.progress import bar
from vasp_models.errors import MapError

BOTH = "both"


def map_command(
    checkpoint: Annotated[str, typer.Argument(help="Name or folder of a checkpoint.")],
    distance: Annotated[str, typer.Option(help="lift, paper or both: the reading of the distance.")] = "lift",
    seed: Annotated[int, typer.Option(help="Seed of the layout.", min=0, max=2**32 - 1)] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print the measures, or the places, as JSON.")] = False,
    onto: Annotated[
        str | None, typer.Option(help="Draw no map, but place films of CHECKPOINT on the map of this older checkpoint.")
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option(help="With --onto: id of a film to place, repeatable; all new ones without it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="With --onto: write the places as .csv or .parquet.")] = None,
) -> None:
    """Draw the sensitivity maps of a checkpoint (figure 3 of the paper), once; the dashboard finds them.

    With --onto, films that an older checkpoint's map lacks are placed there among their nearest; no film of it moves.
    """
    from vasp_models import checkpoints, devices
    from vasp_models.projections import jobs, maps

    if onto is not None:
        from vasp_models.cli.adding import place_onto

        return place_onto(checkpoint, onto, add or [], distance, seed, device, out, json)
    if add or out:
        raise MapError("--add and --out place films on another map: expected --onto OLDER_CHECKPOINT beside them.")
    readings = readings_of(distance)
    loaded = checkpoints.load(checkpoint)
    missing = [reading for reading in readings if not maps.complete(maps.find(loaded, reading, seed, notice=_tell))]
    if missing:
        chosen = devices.resolve(device)  # loads torch, which maps that are there do not need
        record = jobs.ProgressFiles([maps.key(loaded.digest, reading, seed) for reading in missing])
        with record.until_the_end(), bar() as advance:

            def progress(stage: str, fraction: float) -> None:
                record.report(stage, fraction)
                advance(stage, fraction)

            maps.obtain(loaded, missing, seed, chosen, progress)
    found = maps.obtain(loaded, readings, seed)
    rows = [_summary(loaded, found[reading], cached=reading not in missing) for reading in readings]
    print(json_module.dumps(rows, indent=1) if json else "\n".join(_words(row) for row in rows))


def readings_of(distance: str) -> tuple[str, ...]:
    """The readings that an option names. Raises MapError for an unknown one."""
    from vasp_models.projections.distances import DISTANCES

    if distance not in (*DISTANCES, BOTH):
        raise MapError(f"There is no distance {distance!r}: expected {', '.join(DISTANCES)} or {BOTH}.")
    return DISTANCES if distance == BOTH else (distance,)


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _summary(checkpoint: Any, found: Any, cached: bool) -> dict[str, Any]:
    return {
        "checkpoint": checkpoint.name,
        "distance": found.distance,
        "items": len(found),
        "items_left_out": found.settings["items_left_out"],
        "overlap@20": found.overlap,
        "quality": found.quality,
        "settings": found.settings,
        "seconds": found.seconds,
        "cached": cached,
    }


def _words(row: dict[str, Any]) -> str:
    how = "computed before" if row["cached"] else f"computed in {row['seconds']:.0f} s"
    lines = [f"{row['checkpoint']}, {row['distance']} distance: {row['items']:,} films on the map, {how}."]
    for part, about in row["quality"].items():
        purity = "no films" if about["purity"] is None else f"{about['purity']:.3f} (chance {about['chance']:.3f})"
        hub = f"{about['largest_hub']:.1%}" + (", a hub: read the map with care" if about["hub_warning"] else "")
        lines.append(
            f"  {part:8s} purity of the paper's four genres {purity}, trustworthiness {about['trustworthiness']:.3f}, "
            f"continuity {about['continuity']:.3f}, largest hub {hub}"
        )
    if row["overlap@20"] is not None:
        lines.append(f"  Of a film's 20 nearest, the parts share {row['overlap@20']:.0%} on average.")
    return "\n".join(lines)

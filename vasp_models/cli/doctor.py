"""`vasp-lens doctor`: what the Diagnostics page shows, for a terminal or a program."""

from __future__ import annotations

from importlib.util import find_spec
import json
from typing import Annotated

import typer

from vasp_models.cli.training import AsJson, Device


def doctor(
    checkpoint: Annotated[
        list[str] | None, typer.Argument(help="Names or folders of checkpoints; all that are there if none is given.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file of the checkpoints and compare its digest.")
    ] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Check program, machine, checkpoints and caches; exit code 1 where something needs attention."""
    from vasp_models import diagnostics

    done = diagnostics.examine(checkpoint or None, [_device(device)])
    if verify:
        done = diagnostics.Diagnosis({**done.sections, "Files": _verified(checkpoint)}, done.made)
    typer.echo(json.dumps(done.records(), indent=1, ensure_ascii=False) if as_json else done.text().rstrip("\n"))
    raise typer.Exit(1 if done.count(diagnostics.PROBLEM) else 0)


def _device(asked: str):
    """The device that a model would run on, as far as it can be told: without torch there is none."""
    from vasp_models import devices
    from vasp_models.diagnostics import FINE, NOTE, Check, machine
    from vasp_models.errors import DeviceError

    if find_spec("torch") is None:
        return Check("Device", FINE, f"asked for {asked}; without PyTorch only bundles can be opened")
    try:
        return machine.device(asked, devices.resolve(asked))
    except DeviceError as error:
        if asked not in devices.CHOICES:
            raise
        return Check("Device", NOTE, f"asked for {asked}", str(error))


def _verified(names: list[str] | None) -> list:
    """The files of every checkpoint that can be opened, one check each."""
    from dataclasses import replace

    from vasp_models import checkpoints
    from vasp_models.cli.progress import bar
    from vasp_models.diagnostics import stock

    found = []
    for each in stock.checkpoints(names or checkpoints.names()):
        if each.checkpoint is not None:
            with bar() as show:
                files = stock.verify(each.checkpoint, show)
            found += [replace(check, name=f"{each.checkpoint.name}/{check.name}") for check in files]
    return found

"""`vasp-lens report`: the model and one user's story in one HTML file.

The report is drawn by the dashboard's code, which runs as a program of its own, so that this package never imports it.
"""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys
from typing import Annotated

import typer

from vasp_models import devices, places
from vasp_models.cli.training import Device
from vasp_models.cli.using import Name
from vasp_models.errors import SettingError


def report(
    checkpoint: Name,
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")],
    user: Annotated[str | None, typer.Option(help="User id as in the data set; default an example.")] = None,
    film: Annotated[str | None, typer.Option(help="Film id as in the data set; default the user's first.")] = None,
    device: Device = "auto",
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file that is no report.")] = False,
) -> None:
    """Tell the model and one user's story in one HTML file that needs no network."""
    if device not in devices.CHOICES:
        raise SettingError(f"There is no device {device!r}: expected one of {', '.join(devices.CHOICES)}.")
    given = {"--user": user, "--film": film, "--device": device, "--out": str(out)}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    raise typer.Exit(subprocess.run(command(checkpoint, options, replace), env=environment()).returncode)


def command(checkpoint: str, options: list[str], replace: bool) -> list[str]:
    """The program that makes the report; `-P` keeps folders of the same name where it is started out of the way."""
    flags = ["--replace"] if replace else []
    return [sys.executable, "-P", "-m", "app.report", *options, *flags, "--", checkpoint]


def environment() -> dict[str, str]:
    """The environment in which the dashboard's code is found."""
    others = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(places.ui_root()), others]))}

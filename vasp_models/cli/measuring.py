"""What the commands that measure explanations have in common: options, the bar, keeping what was measured."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from rich.console import Console
import typer

Seed = Annotated[int, typer.Option(help="Draws users and all else that is random.", min=0, max=2**32 - 1)]
Users = Annotated[int, typer.Option(help="Test users, drawn by the seed; all where there are fewer.", min=1)]
NoSave = Annotated[
    bool, typer.Option("--no-save", help="Only print; the dashboard keeps showing what was measured before.")
]
_PIPED_WIDTH = 120  # where no terminal says how wide it is


def measured(checkpoint: str, kind: str, device: str, no_save: bool, **options: Any) -> dict[str, Any]:
    """Measure a kind on a checkpoint with a bar on the terminal; keep the result, unless it shall not be kept."""
    from vasp_models import checkpoints, devices, measures
    from vasp_models.cli import progress

    loaded, resolved = checkpoints.load(checkpoint), devices.resolve(device)

    def run(report) -> dict[str, Any]:
        from vasp_models import measuring  # takes a moment, in which the bar is there already

        return measuring.measure(loaded, kind, report, resolved, **options)

    told = {name: ",".join(value) if isinstance(value, list) else value for name, value in options.items()}
    with progress.bar() as show:
        return measures.measured(
            loaded, kind, run, measures.command(loaded, kind, **told), device=resolved, keep=not no_save, show=show
        )


def console() -> Console:
    """Where tables are printed: as wide as the terminal, or wide enough for a file."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(width=_PIPED_WIDTH, highlight=False)

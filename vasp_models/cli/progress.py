"""The bar that shows on a terminal how far a long computation is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import sys

from vasp_models.jobs import Report


@contextmanager
def bar() -> Iterator[Report]:
    """Yield what is told the stage in words and the fraction of the whole; nothing is shown where no terminal is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task("Starting", total=1.0)
        yield lambda stage, fraction: shown.update(task, description=stage, completed=fraction)

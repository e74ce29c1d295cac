"""`vasp-lens study`: experiments of the papers that take many trainings."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
import typer

from vasp_models.cli.measuring import console
from vasp_models.cli.report import environment
from vasp_models.cli.training import AsJson, Data, Device, Seed, plus_minus, set_pairs, typed_command
from vasp_models.errors import SettingError

study_app = typer.Typer(no_args_is_help=True, help="Run experiments of the papers that take many trainings.")

_CHARTS = (".svg", ".html")


@study_app.callback()
def study() -> None:
    """Run experiments of the papers that take many trainings."""


@study_app.command("modules")
def modules(
    data: Data,
    metric: Annotated[str, typer.Option(help="rmse (of held-out ratings) or hr (HR@10 of leave-one-out).")],
    sizes: Annotated[str, typer.Option(help="Widths of both representations, joined by commas.")] = "8,16,32,64",
    change: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for every training, e.g. epochs=5; may be repeated.")
    ] = None,
    device: Device = "auto",
    seed: Seed = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what the table holds already.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The table, a JSON file; default: benchmarks/studies/DATA-modules-METRIC.json.")
    ] = None,
    chart: Annotated[Path | None, typer.Option(help="Draw the figure into this file: .svg or .html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare numbers and histories as input of users and items, joined by a dot product or an MLP, over size.

    Figure 2 of Raziperchikolaei and Chung 2021. Every training is kept as soon as it is there; the same command goes
    on where it stopped. Exit code 1 where one failed.
    """
    if chart is not None and chart.suffix.lower() not in _CHARTS:
        raise SettingError(f"--chart {chart}: expected a file that ends in {' or '.join(_CHARTS)}.")
    widths, changes = _widths(sizes), set_pairs(change, "epochs=5")
    from vasp_models import studies

    shown = Console(stderr=True, highlight=False)
    rows = studies.modules(
        data, metric, widths, changes, device, seed, out, fresh,
        lambda text: shown.print(Text(text, style="dim"), soft_wrap=True), typed_command(),
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        _print(rows)
        console().print(Text(f"Saved to {out or studies.default_path(data, metric)}"), soft_wrap=True)
    if chart is not None and any("error" not in row for row in rows):
        _draw(rows, chart)
        shown.print(Text(f"Drawn in {chart}"), soft_wrap=True)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _draw(rows: list[dict[str, Any]], chart: Path) -> None:
    """The dashboard's code draws, as a program of its own, so that this package never imports it."""
    program = [sys.executable, "-P", "-m", "app.studies", f"--out={chart}"]
    done = subprocess.run(program, input=json.dumps(rows), text=True, env=environment())
    if done.returncode:
        raise typer.Exit(done.returncode)


def _widths(text: str) -> list[int]:
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise SettingError(f"--sizes {text}: expected whole numbers joined by commas, such as 8,16,32,64.") from None


def _print(rows: list[dict[str, Any]]) -> None:
    """A line for each pair of inputs, a column for each size, one table for each way to join them."""
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    by_choice = {(row["fusion"], row["user_input"], row["item_input"], row["size"]): row for row in rows}
    for fusion in dict.fromkeys(row["fusion"] for row in rows):
        columns = [f"{rows[0]['metric'].upper()}, {fusion}", *(f"width {size}" for size in sizes)]
        table = Table(*columns, box=None, padding=(0, 2, 0, 0))
        for user, item in dict.fromkeys((row["user_input"], row["item_input"]) for row in rows):
            cells = [_cell(by_choice[fusion, user, item, size]) for size in sizes]
            table.add_row(f"user {user}, item {item}", *cells)
        console().print(table)
    for text in dict.fromkeys(row["error"] for row in rows if "error" in row):
        console().print(Text(text))


def _cell(row: dict[str, Any]) -> str:
    return "failed" if "error" in row else plus_minus(row)

"""`vasp-lens benchmark`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
import typer

from vasp_models.cli.measuring import console
from vasp_models.cli.training import AsJson, Data, Device, Heldout, Preset, Seed, plus_minus, three, typed_command

_SHOWN = ("ndcg@100", "recall@20", "recall@50")  # where these are measured; else the first of what is
_COVERAGE = "coverage@100"
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def benchmark(
    data: Data,
    models: Annotated[
        str, typer.Option(help="all, or names joined by commas; the first is what the others are compared with.")
    ],
    protocol: Annotated[
        str, typer.Option(help="liang or vasp (new users), ratings (RMSE), or leave-one-out (99 sampled negatives).")
    ] = "liang",
    preset: Preset = None,
    heldout: Heldout = None,
    device: Device = "auto",
    seed: Seed = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what the table holds already.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The table, a JSON file; default: benchmarks/DATA-PROTOCOL.json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train several models on the same split, measure each once, and keep one table; goes on where it stopped.

    Exit code 1 where a model could not be measured.
    """
    from vasp_models import benchmarking

    shown = Console(stderr=True, highlight=False)
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        shown.print(Text(text, style="dim"), soft_wrap=True)

    rows = benchmarking.run(
        benchmarking.chosen(models, protocol, preset), data, protocol, heldout, device, seed, out, fresh, say,
        typed_command(),
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        _print(rows, out or _default(rows))
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _default(rows: list[dict[str, Any]]) -> Path:
    from vasp_models import results

    return results.default_path(rows[0]["dataset"], rows[0]["protocol"])


def _print(rows: list[dict[str, Any]], path: Path) -> None:
    out, finished = console(), [row for row in rows if "error" not in row]
    if finished:
        out.print(_table(finished))
    for row in rows:
        if "error" in row:
            out.print(Text(f"{row['label']}: {row['error']}"))
    out.print(Text(f"Saved to {path}"), soft_wrap=True)


def _table(rows: list[dict[str, Any]]) -> Table:
    """Test figures of the finished rows, in 120 columns."""
    test = rows[0]["test"]
    measured = [name for name, each in test.items() if isinstance(each, dict) and "se" in each and name != _COVERAGE]
    names = [name for name in _SHOWN if name in measured] or measured[:4]
    covers = _COVERAGE in test
    table = Table("Model", *map(_title, names), box=None, padding=(0, 1, 0, 0))
    for title in ([_title("coverage")] if covers else []) + ["Against first"]:
        table.add_column(title, no_wrap=True)
    for title in ("Weights", "Seconds", "ms/1,000\nusers"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        cells = [plus_minus(row["test"][name]) for name in names]
        cells += [three(row["test"][_COVERAGE]["mean"])] if covers else []
        cells.append("" if row["difference"] is None else plus_minus(row["difference"], "+.4f"))
        table.add_row(
            row["label"], *cells, _short(row["parameters"]), f"{row['train_seconds']:,.1f}",
            f"{row['ms_per_1000_users']:,.0f}",
        )  # fmt: skip
    return table


def _title(metric: str) -> str:
    """``NDCG@100``, ``HR@10``, ``RMSE``; ``Recall@20``."""
    return metric.capitalize() if metric.startswith(("recall", "precision", "coverage")) else metric.upper()


def _short(number: int) -> str:
    """A number of weights with three digits: ``803 M``."""
    size, unit = next(((size, unit) for size, unit in _UNITS if number >= size), (1, ""))
    return f"{number:,}" if size == 1 else f"{number / size:.3g} {unit}"

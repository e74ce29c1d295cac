"""`vasp-lens fidelity`: whether the films that an explanation names are those that the answer hangs on."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
import typer

from vasp_models.cli.training import AsJson, Device, three
from vasp_models.cli.using import Name

_COMPARED = ("POS-P@5", "NDCG-P", "INS-P", "DEL@4")
_PIPED_WIDTH = 120  # where no terminal says how wide it is


def fidelity(
    checkpoint: Name,
    users: Annotated[int, typer.Option(help="Test users, drawn by the seed; all where there are fewer.", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Draws users, random orders and resamples.", min=0, max=2**32 - 1)] = 0,
    methods: Annotated[
        str | None,
        typer.Option(help="Methods joined by commas; default all that fit. random and cosine are always there."),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Only print; the dashboard keeps showing what was measured before.")
    ] = False,
) -> None:
    """Measure explanations: remove or keep the reasons that they name, and see what the model answers then."""
    from vasp_models import checkpoints, devices, measures
    from vasp_models.cli import progress
    from vasp_models.explanations import fidelity as measure

    loaded, resolved = checkpoints.load(checkpoint), devices.resolve(device)
    names = None if methods is None else [name.strip() for name in methods.split(",") if name.strip()]

    def run(report) -> dict[str, Any]:
        model = loaded.model(resolved)
        histories, _ = loaded.test_folds()[0]
        train = loaded.users.histories.take(loaded.users.rows("train"))
        return measure.measure_fidelity(model, measure.sample(histories, users, seed), train, names, seed, report)

    command = measures.command(loaded, "fidelity", users=users, seed=seed, methods=names and ",".join(names))
    with progress.bar() as show:
        found = measures.measured(loaded, "fidelity", run, command, device=resolved, keep=not no_save, show=show)
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=_PIPED_WIDTH)
    left_out = sum(found["left_out"].values())
    console.print(
        f"{found['users']:,} test users, each explained by their own history: the top unseen film."
        + (f" {left_out:,} more had no history or nothing left to recommend." if left_out else "")
    )
    console.print(_means(found["methods"]))
    console.print("POS, NDCG, CDCG and DEL are better low, NEG and INS high. ms: making one order.", style="dim")
    console.print()
    console.print(_differences(found["methods"]))
    for top, row in found["removal"].items():
        console.print(_removal(top, row))
    agreement = found["shapley_agreement"]
    if agreement["integrated-gradients"] is not None:
        console.print(
            "Integrated gradients agree with Shapley values: median Spearman "
            f"{three(agreement['integrated-gradients'])} over {agreement['users']} users."
        )


def _means(methods: dict[str, Any]) -> Table:
    from vasp_models.explanations.masking import METRICS

    shown = [metric for metric in METRICS if methods["random"][metric] is not None]
    table = Table("Method", box=None, title="Means over users", title_justify="left")
    for title in [*shown, "ms"]:
        table.add_column(title, justify="right", no_wrap=True)
    for name, row in methods.items():
        table.add_row(name, *(three(row[metric]["mean"]) for metric in shown), f"{row['ms']:.1f}")
    return table


def _differences(methods: dict[str, Any]) -> Table:
    shown = [metric for metric in _COMPARED if methods["cosine"][metric] is not None]
    table = Table("Method", box=None, title="Against cosine, user by user: difference (ratio), 95 % interval below it")
    table.title_justify = "left"
    for metric in shown:
        table.add_column(metric, justify="right", no_wrap=True)
    for name, row in methods.items():
        if name != "cosine":
            table.add_row(name, *(_difference(row, methods["cosine"], metric) for metric in shown))
    return table


def _difference(row: dict[str, Any], cosine: dict[str, Any], metric: str) -> str:
    against, whole = row["against"]["cosine"][metric], cosine[metric]["mean"]
    ratio = f" (×{row[metric]['mean'] / whole:.2f})" if whole else ""
    return f"{_signed(against['mean'])}{ratio}\n{_signed(against['low'])} to {_signed(against['high'])}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:+.3f}"


def _removal(top: str, row: dict[str, Any]) -> str:
    from vasp_models.explanations.removals import CAP

    sizes = [f"more than {CAP}" if size is None else f"{size:g}" for size in (row["median"], row["median_random"])]
    return (
        f"Out of the top {top.removeprefix('top')}: removals of at most {CAP} films found for {row['found']:.1%} of "
        f"users, median {sizes[0]} (random order: {row['found_random']:.1%}, {sizes[1]})."
    )

"""`vasp-lens fidelity`: whether the films that an explanation names are those that the answer hangs on."""

from __future__ import annotations

import json
from typing import Annotated, Any

from rich.table import Table
import typer

from vasp_models.cli.measuring import NoSave, Seed, Users, console, measured
from vasp_models.cli.training import AsJson, Device, three
from vasp_models.cli.using import Name
from vasp_models.measures import USERS

_COMPARED = ("POS-P@5", "NDCG-P", "INS-P", "DEL@4")


def fidelity(
    checkpoint: Name,
    users: Users = USERS["fidelity"],
    seed: Seed = 0,
    methods: Annotated[
        str | None,
        typer.Option(help="Methods joined by commas; default all that fit. random and cosine are always there."),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: NoSave = False,
) -> None:
    """Measure explanations: remove or keep the reasons that they name, and see what the model answers then."""
    names = None if methods is None else [name.strip() for name in methods.split(",") if name.strip()]
    found = measured(checkpoint, "fidelity", device, no_save, users=users, seed=seed, methods=names)
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    out = console()
    left_out = sum(found["left_out"].values())
    out.print(
        f"{found['users']:,} test users, each explained by their own history: the top unseen film."
        + (f" {left_out:,} more had no history that the model knows, or nothing left to recommend." if left_out else "")
    )
    out.print(_means(found["methods"]))
    out.print("POS, NDCG, CDCG and DEL are better low, NEG and INS high. ms: making one order.", style="dim")
    out.print()
    out.print(_differences(found["methods"]))
    for top, row in found["removal"].items():
        out.print(_removal(top, row))
    agreement = found["shapley_agreement"]
    if agreement["integrated-gradients"] is not None:
        out.print(
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

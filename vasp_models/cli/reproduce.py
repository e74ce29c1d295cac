"""`vasp-lens reproduce`: a published table measured anew, the published figure beside each of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from vasp_models.cli.measuring import console
from vasp_models.cli.training import AsJson, Device, Heldout, Seed, three
from vasp_models.errors import SettingError
from vasp_models.published import recipes

_NOTHING = "–"
Recipe = Annotated[str | None, typer.Argument(help=f"One of {', '.join(recipes.RECIPES)}; without it they are listed.")]
Data = Annotated[str | None, typer.Option(help="Data set: a name under datasets/, a folder, or demo.")]
Protocol = Annotated[
    str | None, typer.Option(help="One protocol of the recipe; by default all that it is published for.")
]
Preset = Annotated[
    str | None,
    typer.Option(
        help=f"{', '.join(recipes.SCALES)}: the schedules. By default small, and from {recipes.LARGE:,} films on paper "
        "(authors under the protocol vasp). tiny only shows that everything runs."
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what was measured before.")]
Out = Annotated[
    Path | None, typer.Option(help="Also write the figures and their paired differences to this JSON file.")
]


def reproduce(
    recipe: Recipe = None,
    data: Data = None,
    protocol: Protocol = None,
    preset: Preset = None,
    heldout: Heldout = None,
    device: Device = "auto",
    seed: Seed = 0,
    fresh: Fresh = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Train and measure every row of a published table. It goes on where it was stopped; the Paper page shows it."""
    if recipe is None:
        _list(as_json)
        return
    chosen = recipes.recipe(recipe)
    if data is None:
        raise SettingError(f"On which data? Expected --data NAME; the published figures are on {chosen.published_on}.")
    if out is not None and protocol is None and len(chosen.protocols) > 1:
        raise SettingError(f"--out is for one protocol: expected --protocol {' or '.join(chosen.protocols)} with it.")
    from vasp_models import reproducing

    progress = Console(stderr=True)
    found = reproducing.reproduce(
        recipe, data, protocol, preset, heldout, device, seed, fresh, lambda text: progress.print(text, style="dim")
    )
    if out is not None:
        reproducing.write(found[0], out)
    if as_json:
        typer.echo(json.dumps([each.record for each in found], indent=1, ensure_ascii=False))
    else:
        for each in found:
            console().print(_table(each))
    if any("error" in row for each in found for row in each.record["rows"]):
        raise typer.Exit(1)


def _list(as_json: bool) -> None:
    """Every recipe with its rows and the data that its figures were published on."""
    rows = [
        {"name": each.name, "title": each.title, "table": each.table, "document": each.document,
         "published_on": each.published_on, "protocols": list(each.protocols), "rows": list(each.labels)}
        for each in recipes.RECIPES.values()
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table("Recipe", "What", "Source", "Published on", "Rows", box=None)
    for row in rows:
        source = f"{row['document']}, {row['table']}"
        table.add_row(row["name"], row["title"], source, row["published_on"], str(len(row["rows"])))
    Console().print(table)


def _table(measured) -> Table:
    """Our figures with their errors, and the published one beside each; a dash where there is none."""
    from vasp_models.published import verdicts

    chosen = recipes.recipe(measured.recipe)
    title = f"{chosen.title}: {measured.data}, protocol {measured.protocol}"
    heads = [head for metric in chosen.metrics for head in (metric, "published")]
    table = Table("Row", *heads, box=None, title=title, title_justify="left")
    errors = {row["label"]: row["error"] for row in measured.record["rows"] if "error" in row}
    theirs_on = set()
    for label in verdicts.row_labels(chosen):
        cells = []
        for metric in chosen.metrics:
            ours = measured.figure(label, metric)
            theirs = verdicts.published_figure(chosen, label, metric, measured.data)
            theirs_on |= {theirs.data} if theirs else set()
            cells.append(_NOTHING if ours is None else _plus_minus(ours))
            cells.append(_NOTHING if theirs is None else three(theirs.value))
        table.add_row(label, *cells)
    notes = [f"{label}: {error}" for label, error in errors.items()]
    notes += [f"Published figures are on {' and '.join(sorted(theirs_on))}."] if theirs_on else []
    table.caption, table.caption_justify = "\n".join(notes), "left"
    return table


def _plus_minus(figure) -> str:
    return three(figure.mean) if figure.se is None else f"{three(figure.mean)} ± {figure.se:.4f}"

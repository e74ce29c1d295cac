"""`vasp-lens evaluate`, `recommend` and `checkpoints`. The core is imported where it is used: --help stays quick."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text
import typer

from vasp_models import devices
from vasp_models.cli.training import AsJson, Device, three
from vasp_models.errors import CheckpointError, SettingError

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint

Name = Annotated[str, typer.Argument(help="Checkpoint: a name under checkpoints/, a folder, or demo.")]
User = Annotated[str | None, typer.Option(help="User id as in the data set.")]
History = Annotated[str | None, typer.Option(help='Item ids instead of a user: "id,id,...".')]


def evaluate(
    checkpoint: Name,
    split: Annotated[str, typer.Option(help="val or test.")] = "test",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure a checkpoint on its own held-out users."""
    from vasp_models import checkpoints, runs

    row = runs.evaluate_checkpoint(checkpoints.load(checkpoint), split, devices.resolve(device))
    if as_json:
        typer.echo(json.dumps(row, indent=1, ensure_ascii=False))
        return
    table = Table(
        "Metric",
        "Mean",
        "Standard error",
        title=f"{row['model']} on {row['dataset']}, {row['users']:,} {split} users",
        box=None,
    )
    for name in ("ndcg@100", "recall@20", "recall@50"):
        table.add_row(name, f"{row[name]['mean']:.4f}", "" if row[name]["se"] is None else f"{row[name]['se']:.4f}")
    table.add_row("coverage@100", three(row["coverage@100"]), "")
    Console().print(table)


def recommend(
    checkpoint: Name,
    user: User = None,
    history: History = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 20,
    rank_by: Annotated[str | None, typer.Option(help="Rank by this part of the model instead of its score.")] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Recommend unseen items for a user or a history, with the factors of each score."""
    from vasp_models import answering, checkpoints, provenance, recommending

    loaded = checkpoints.load(checkpoint)
    items = asked_history(loaded, user, history)
    answers = answering.open(loaded, "cpu" if loaded.is_bundle else devices.resolve(device))
    found = answers.recommend(items, k, rank_by or answering.JOINT)
    records = found.records(loaded.catalogue)
    if as_json:
        ids = None if history is None else loaded.catalogue.ids[items]
        about = provenance.of(loaded, recommending.command(loaded, user, ids, k, rank_by))
        answer = {"user": user, "checkpoint": loaded.name, "recommendations": records, "provenance": about}
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
        return
    if len(found.unmodelled):
        names = ", ".join(loaded.catalogue.titles[item] for item in found.unmodelled)
        typer.echo(f"Not seen by the model, which covers a part of the catalogue: {names}.")
    if not records:
        typer.echo("Nothing is left to recommend: the history holds every item that the model covers.")
        return
    Console().print(_list(records, {name: recommending.FACTOR_TITLES.get(name, name) for name in found.factors}))


def asked_history(loaded: Checkpoint, user: str | None, history: str | None) -> np.ndarray:
    """Item numbers of a user's history or of given ids, each once. Raises SettingError where none or both are given."""
    if (user is None) == (history is None):
        raise SettingError('Expected either --user ID or --history "id,id,...".')
    if user is not None:
        return loaded.users.find(user).history
    from vasp_models import recommending

    numbers = [loaded.catalogue.number(text) for text in recommending.ids_of(history)]
    return np.array(list(dict.fromkeys(numbers)), dtype=np.int64)


def list_checkpoints(
    as_json: AsJson = False,
) -> None:
    """List the checkpoints at hand, with their data set and test metrics."""
    from vasp_models import checkpoints

    rows = [_row(name) for name in checkpoints.names()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table("Name", "Model", "Preset", "Data", "NDCG@100", "Created", box=None)
    for row in rows:
        if "error" in row:
            table.add_row(row["name"], Text(row["error"]))
        else:
            table.add_row(
                row["name"],
                row["model"],
                f"{row['preset']}, bundle" if row["bundle"] else row["preset"],
                row["dataset"],
                three(row["ndcg@100"]),
                row["created"],
            )
    Console().print(table)


def _row(name: str) -> dict:
    from vasp_models import checkpoints

    try:
        loaded = checkpoints.load(name)
        manifest = loaded.manifest
        return {
            "name": name,
            "model": manifest["model"],
            "preset": manifest["preset"],
            "bundle": loaded.is_bundle,
            "dataset": manifest["dataset"]["name"],
            "ndcg@100": loaded.metrics["test"]["ndcg@100"]["mean"],
            "created": manifest["provenance"]["created"],
            "digest": loaded.digest,
        }
    except CheckpointError as error:
        return {"name": name, "error": str(error)}


def _list(records: list[dict], factors: dict[str, str]) -> Table:
    table = Table("#", "Item", "Title", "Genres", "Score", *factors.values(), box=None)
    for row in records:
        values = [f"{row['factors'][name]:.3f}" for name in factors]
        # Text, not markup: a title may hold square brackets.
        cells = [str(row["rank"]), Text(str(row["item"])), Text(row["title"]), Text(", ".join(row["genres"]))]
        table.add_row(*cells, f"{row['score']:.3g}", *values)
    return table

"""`vasp-lens quality`: who is served how well, by which part of the model, and with which films."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.table import Table
import typer

from vasp_models.cli.measuring import NoSave, Seed, Users, console, measured
from vasp_models.cli.training import AsJson, Device, three
from vasp_models.cli.using import Name
from vasp_models.measures import USERS

if TYPE_CHECKING:
    from vasp_models.evaluation.served import Served

_NOTHING = "–"
TITLES = {
    "history": "Films in the history",
    "taste": "Favourite genre",
    "mainstream": "Taste",
    "popularity": "Held-out films by popularity",
    "genre": "Held-out films by genre",
    "decade": "Held-out films by decade",
}
MEASURES = {
    "coverage@10": "coverage@10",
    "coverage@20": "coverage@20",
    "coverage@100": "coverage@100",
    "gini": "Gini",
    "novelty": "novelty, bits",
    "popularity": "popularity percentile",
    "tail": "share of the long tail",
    "calibration": "miscalibration of genres, KL",
    "diversity": "diversity of genres",
}


def quality(
    checkpoint: Name,
    users: Users = USERS["quality"],
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: NoSave = False,
) -> None:
    """Measure who is served how well, by which part of the model, and with which films."""
    from vasp_models import checkpoints
    from vasp_models.evaluation.served import Served

    found = measured(checkpoint, "quality", device, no_save, users=users, seed=seed)
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print(Served(found, checkpoints.load(checkpoint).catalogue))


def _print(served: Served) -> None:
    from vasp_models.evaluation import slices

    out, found = console(), served.measured
    out.print(f"{found['users']:,} test users with {found['pairs']:,} held-out films among {found['films']:,}.")
    for kind in served.slices:
        out.print(_slices(served, kind, "ndcg@100" if kind in slices.USERS else "found@50"))
    out.print(
        "Intervals are 95 %. *: differs from all others, p < .05 corrected for the number of slices.", style="dim"
    )
    out.print(_beyond(found))
    shown = found["settings"]["shown"]
    out.print(f"± standard error over users; of the first {shown} films of a list, or as many as @ says.", style="dim")


def _slices(served: Served, kind: str, metric: str) -> Table:
    from vasp_models.evaluation.quality import JOINT

    of_users = metric == "ndcg@100"
    others = [name for name in served.systems if name != JOINT]
    table = Table(TITLES[kind], box=None)
    for title in ("users" if of_users else "films", "NDCG@100" if of_users else "among the first 50", *others):
        table.add_column(title if title not in others else _title(title), justify="right", no_wrap=True)
    if served.factors:
        table.add_column(" / ".join(_title(name) for name in served.factors), justify="right")
    rest = [served.accuracy(kind, metric, name).set_index("slice")["mean"] for name in others]
    shares = served.shares(kind).set_index("slice")
    for row in served.accuracy(kind, metric).itertuples():
        cells = [row.slice, f"{row.n:,}", _interval(row), *(three(values[row.slice]) for values in rest)]
        table.add_row(*cells, *([_shares(shares, row.slice, served.factors)] if served.factors else []))
    return table


def _interval(row: Any) -> str:
    ends = "" if row.low is None or row.low != row.low else f" ({three(row.low)} to {three(row.high)})"
    return f"{three(row.mean)}{ends} {'*' if row.p < 0.05 else ' '}"


def _shares(shares: Any, name: str, factors: list[str]) -> str:
    if name not in shares.index:
        return _NOTHING
    return " / ".join(f"{100 * shares.at[name, factor]:.0f}%" for factor in factors)


def _beyond(found: dict[str, Any]) -> Table:
    table = Table("Lists", box=None)
    for name in found["beyond"]:
        table.add_column(_title(name), justify="right", no_wrap=True)
    for measure, title in MEASURES.items():
        table.add_row(title, *(_cell(row.get(measure)) for row in found["beyond"].values()))
    return table


def _cell(value: dict[str, Any] | None) -> str:
    if value is None or value["mean"] is None:
        return _NOTHING
    return three(value["mean"]) if value["se"] is None else f"{three(value['mean'])} ± {three(value['se'])}"


def _title(name: str) -> str:
    from vasp_models.recommending import FACTOR_TITLES

    return {"joint": "Joint", "flvae": "FLVAE", **FACTOR_TITLES}.get(name, name.capitalize())

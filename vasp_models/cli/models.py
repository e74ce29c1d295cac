"""`vasp-lens models`."""

from __future__ import annotations

from dataclasses import asdict
import json
from typing import Annotated, Any

from rich.table import Table
from rich.text import Text
import typer

from vasp_models.cli.measuring import console
from vasp_models.cli.training import AsJson

_NEW_USERS = {"forward": "forward pass", "solve": "solve", "none": "no"}
_SAME = "same list for everybody"


def models(
    model: Annotated[str | None, typer.Argument(help="One model: its settings, with what they are by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the models that can be trained: paper, what each can do, presets; of one model its settings."""
    from vasp_models.models import MODELS, model_row

    if model is not None:
        model_row(model)
    rows = [_facts(name) for name in MODELS if model in (None, name)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    out = console()
    out.print(_table(rows))
    if model is None:
        out.print("`vasp-lens models NAME` lists the settings of one model.")
        return
    settings = Table("Setting", "By default", "Expected", box=None, padding=(0, 2, 0, 0))
    for each in rows[0]["settings"]:
        settings.add_row(*(Text(_written(each[name])) for name in ("name", "default", "kind")))
    out.print()
    out.print(settings)


def _facts(name: str) -> dict[str, Any]:
    from vasp_models.models import MODELS, preset
    from vasp_models.models.abilities import abilities
    from vasp_models.models.settings import choices

    row = MODELS[name]
    return {
        "name": name,
        "title": row.title,
        "paper": row.paper,
        "abilities": asdict(abilities(name)),
        "settings": [asdict(choice) for choice in choices(*preset(name))],
        "presets": list(row.presets),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title, wraps in (("Name", False), ("Title", False), ("Paper", True), ("New users", True), ("Can", True)):
        table.add_column(title, no_wrap=not wraps)
    table.add_column("Presets")
    for row in rows:
        can = row["abilities"]
        new = _NEW_USERS[can["new_users"]] if can["personalised"] else _SAME
        cells = (row["name"], row["title"], row["paper"], new, ", ".join(_can(can)), ", ".join(row["presets"]))
        table.add_row(*map(Text, cells))
    return table


def _can(abilities: dict[str, Any]) -> list[str]:
    """What sets a model apart, in words."""
    found = [f"{len(abilities['factors'])} factors"] if len(abilities["factors"]) > 1 else []
    if linear := abilities["linear"]:
        found.append("linear" if linear == "score" else f"linear part {linear}")
    found += ["gradient"] if abilities["gradient"] else []
    found += ["needs order"] if abilities["ordered"] else []
    found += ["learns from ratings"] if abilities["learns_from"] == "ratings" else []
    return found + (["predicts ratings"] if abilities["ratings"] else [])


def _written(value: Any) -> str:
    """A value as `--set` takes it."""
    from vasp_models.models.settings import NOTHING

    return str(value).lower() if isinstance(value, bool) else NOTHING if value is None else str(value)

"""`vasp-lens audit`: the hard gates that a checkpoint's explanations have to keep to."""

from __future__ import annotations

import json
from typing import Any

import typer

from vasp_models.cli.measuring import NoSave, Seed, Users, measured
from vasp_models.cli.training import AsJson, Device
from vasp_models.cli.using import Name
from vasp_models.measures import USERS

_MARKS = {True: "✓", False: "✗", None: "–"}


def audit(
    checkpoint: Name,
    users: Users = USERS["audit"],
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: NoSave = False,
) -> None:
    """Check that explanations are exact where they have to be, and depend on the model: exit code 1 where not."""
    found = measured(checkpoint, "audit", device, no_save, users=users, seed=seed)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else "\n".join(lines(checkpoint, found)))
    if not found["passed"]:
        raise typer.Exit(1)


def lines(name: str, found: dict[str, Any]) -> list[str]:
    """One line a gate: mark, name, value, limit, title and note."""
    gates = found["gates"]
    widest = max(len(gate["name"]) for gate in gates)
    rows = [f"{_MARKS[gate['passed']]} {gate['name']:{widest}}  {_value(gate)}  {_words(gate)}" for gate in gates]
    count = {passed: sum(gate["passed"] is passed for gate in gates) for passed in _MARKS}
    sizes = f"{count[True]} gates passed, {count[False]} failed, {count[None]} do not apply"
    return [*rows, f"{name}: {sizes} ({found['users']:,} test users, seed {found['seed']})."]


def _value(gate: dict[str, Any]) -> str:
    value = "-" if gate["value"] is None else f"{gate['value']:.3g}"
    return f"{value:>9}  {gate['sense']:>8} {gate['limit']:<6g}"


def _words(gate: dict[str, Any]) -> str:
    return f"{gate['title']} ({gate['note']})"

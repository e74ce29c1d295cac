"""`vasp-lens audit`: the hard gates that a checkpoint's explanations have to keep to."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from vasp_models.cli.training import AsJson, Device
from vasp_models.cli.using import Name

_MARKS = {True: "✓", False: "✗", None: "–"}


def audit(
    checkpoint: Name,
    users: Annotated[int, typer.Option(help="Test users, drawn by the seed; long histories first.", min=1)] = 40,
    seed: Annotated[int, typer.Option(help="Draws users, films and random weights.", min=0, max=2**32 - 1)] = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Only print; the dashboard keeps showing what was measured before.")
    ] = False,
) -> None:
    """Check that explanations are exact where they have to be, and depend on the model: exit code 1 where not."""
    from vasp_models import checkpoints, devices, measures
    from vasp_models.cli import progress
    from vasp_models.explanations import audit as measure

    loaded, resolved = checkpoints.load(checkpoint), devices.resolve(device)

    def run(report) -> dict[str, Any]:
        histories, _ = loaded.test_folds()[0]
        train = loaded.users.histories.take(loaded.users.rows("train"))
        again = loaded.model(resolved)
        return measure.audit(loaded.model(resolved), histories, train, seed, users, report, again)

    command = measures.command(loaded, "audit", users=users, seed=seed)
    with progress.bar() as show:
        found = measures.measured(loaded, "audit", run, command, device=resolved, keep=not no_save, show=show)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else "\n".join(lines(loaded.name, found)))
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

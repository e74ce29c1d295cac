"""`vasp-lens bundle`: what the dashboard shows of a model for some users, to be opened without the model."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vasp_models.bundles import USERS, K
from vasp_models.cli.training import AsJson, Device
from vasp_models.cli.using import Name

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint


def bundle(
    checkpoint: Name,
    out: Annotated[str, typer.Option(help="Folder of the bundle; a bare name is one under checkpoints/.")],
    users: Annotated[
        int, typer.Option(min=1, help="How many users: the one the dashboard opens with, and others drawn by the seed.")
    ] = USERS,
    user: Annotated[list[str] | None, typer.Option(help="Id of a user, instead of a number; repeat it.")] = None,
    k: Annotated[int, typer.Option("-k", "--k", min=1, help="How many films of each list can be explained.")] = K,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(help="Draws the users.", min=0, max=2**32 - 1)] = 0,
    as_json: AsJson = False,
) -> None:
    """Write down what the dashboard shows for some users, so that it opens without torch and the model."""
    from vasp_models import checkpoints, devices, places, provenance
    from vasp_models.bundles import making
    from vasp_models.cli import progress

    loaded, folder = checkpoints.load(checkpoint), places.checkpoint_folder(out)
    making.check_target(folder)  # before the model is loaded
    rows = making.rows_of(loaded, users, user or (), seed)
    whose = [word for each in user or () for word in ("--user", each)]
    drawn = {} if user else {"users": users, "seed": seed}
    command = provenance.command("bundle", loaded.name, *whose, **drawn, k=k, out=folder.name)
    with progress.bar() as show:
        made = making.make(loaded, folder, rows, k, devices.resolve(device), command, show)
    row = _summary(made, making.size(made.folder))
    typer.echo(json.dumps(row, indent=1, ensure_ascii=False) if as_json else _words(row))


def _summary(made: Checkpoint, size: int) -> dict[str, Any]:
    about = made.manifest["bundle"]
    kept = {name: about[name] for name in ("checkpoint", "checkpoint_digest", "k", "seconds")}
    kept["users"] = made.users.frame["id"].tolist()
    return {"folder": str(made.folder), "bytes": size, **kept, "command": f"vasp-lens app {shlex.quote(made.argument)}"}


def _words(row: dict[str, Any]) -> str:
    users = row["users"]
    whose = f"{len(users):,} users" if len(users) > 1 else f"user {users[0]}"
    named = ", ".join(users[:5]) + (" and so on" if len(users) > 5 else "")
    return "\n".join(
        [
            f"{row['folder']}: {row['bytes'] / 1e6:.1f} MB in {row['seconds']:.0f} s, for {whose}"
            + (f" ({named})." if len(users) > 1 else "."),
            f"See it with: {row['command']}",
            "It opens without torch; its requirements.txt says what to install instead.",
        ]
    )

"""`vasp-lens bench`: how fast this machine does what the paper's size asks for."""

from __future__ import annotations

import json
from typing import Annotated

from rich.table import Table
import typer

from vasp_models.cli.measuring import Seed, console
from vasp_models.cli.training import AsJson

Items = Annotated[int, typer.Option(help="Size of the catalogue; the paper's by default.", min=500, max=200_000)]
Width = Annotated[int, typer.Option(help="Width of the deep path; the paper's by default.", min=16, max=16_384)]


def bench(items: Items = 20_108, hidden: Width = 4096, seed: Seed = 0, as_json: AsJson = False) -> None:
    """Time the parts of training, answering and mapping at paper scale on the CPU, each beside a plain way to do it."""
    from vasp_models.cli.progress import bar
    from vasp_models.speed import Scale
    from vasp_models.speed.measured import measure

    scale = Scale(items=items, hidden=hidden, latents=hidden // 2, mapped=min(Scale().mapped, items // 2))
    with bar() as show:
        measured = measure(scale, seed, show)
    if as_json:
        typer.echo(json.dumps(measured.record(), indent=1, ensure_ascii=False))
        return
    table = Table(*("What", "Seconds", "Peer", "Its seconds", "Ratio", "And"), box=None)
    for figure in measured.figures:
        other = ("", "") if figure.ratio is None else (f"{figure.peer_seconds:.3f}", f"{figure.ratio:.1f}")
        table.add_row(figure.name, f"{figure.seconds:.3f}", figure.peer, *other, figure.fact)
    console().print(table)
    words = "{processor}, {device}, {threads} threads".format(**measured.machine)
    typer.echo(f"{words}; {measured.made}; {measured.command}")

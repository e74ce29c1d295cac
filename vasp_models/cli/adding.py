"""Place films on maps that are drawn already: `vasp-lens map CHECKPOINT --onto OTHER`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
import sys
from typing import Any

from vasp_models.cli.progress import bar
from vasp_models.errors import MapError

_NAMED = 3  # nearest films that are named beside a place
_TOLD = 20  # films that are told in words


def place_onto(
    checkpoint: str, onto: str, ids: list[str], distance: str, seed: int, device: str, out: Path | None, as_json: bool
) -> None:
    """Place films of one checkpoint on the kept maps of another, and tell or write where they lie.

    Raises MapError where the other checkpoint has no maps, and as `adding.add` does.
    """
    from vasp_models import checkpoints, devices
    from vasp_models.projections import adding, maps

    if out and out.suffix not in (".csv", ".parquet"):
        raise MapError(f"Places are written as .csv or .parquet, and {out} ends in neither: give --out such a name.")
    asked, framed = checkpoints.load(checkpoint), checkpoints.load(onto)
    drawn = maps.find(framed, distance, seed, notice=lambda sentence: print(sentence, file=sys.stderr))
    if drawn is None:
        raise MapError(
            f"There are no maps of {framed.name} with the {distance} distance and seed {seed} yet: draw them first, "
            f"`vasp-lens map {onto} --distance {distance} --seed {seed}`."
        )
    if reason := maps.refusal(asked):
        raise MapError(reason)
    known = adding.known_as(drawn, framed.catalogue, asked.catalogue)
    chosen = [asked.catalogue.number(film) for film in ids] or None
    model = asked.model(devices.resolve(device))
    new = adding.unmapped(model, known, chosen)
    with bar() as advance:
        added = adding.add(model, drawn, new, known, lambda part: advance("Asking the model about new films", part))
    rows = [row for place in range(len(added)) for row in _rows(added, place, drawn, asked, framed)]
    if out:
        _write(rows, out)
    if as_json:
        print(json_module.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print("\n".join(_words(rows, asked.name, framed.name, distance)))


def _rows(added: Any, place: int, drawn: Any, asked: Any, framed: Any) -> list[dict[str, Any]]:
    """One row per part: where the film lies and its nearest films on the map."""
    item = int(added.items[place])
    return [
        {
            "id": _plain(asked.catalogue.ids[item]),
            "title": asked.catalogue.titles[item],
            "part": part,
            "x": float(added.positions[part][place, 0]),
            "y": float(added.positions[part][place, 1]),
            "nearest_ids": [_plain(framed.catalogue.ids[film]) for film in near],
            "nearest_titles": [framed.catalogue.titles[film] for film in near],
            "distances": [float(away) for away in added.distances[part][place]],
        }
        for part in added.positions
        for near in [drawn.items[added.neighbours[part][place]]]
    ]


def _plain(film: Any) -> Any:
    return film.item() if hasattr(film, "item") else film


def _write(rows: list[dict[str, Any]], out: Path) -> None:
    """As CSV, or as Parquet where the name ends so."""
    import pandas as pd

    from vasp_models import places

    frame = pd.DataFrame(rows)
    with places.file_written_whole(out) as temporary:
        if out.suffix == ".parquet":
            frame.to_parquet(temporary, index=False)
            return
        lists = {name: frame[name].map(json_module.dumps) for name in ("nearest_ids", "nearest_titles", "distances")}
        frame.assign(**lists).to_csv(temporary, index=False)


def _words(rows: list[dict[str, Any]], asked: str, framed: str, distance: str) -> list[str]:
    films, parts = len({str(row["id"]) for row in rows}), len({row["part"] for row in rows})
    lines = [f"{films:,} film{'s' if films != 1 else ''} of {asked} on the maps of {framed}, {distance} distance:"]
    for row in rows[: _TOLD * parts]:
        nearest = "; ".join(row["nearest_titles"][:_NAMED])
        lines.append(f"  {row['title']} ({row['id']}), {row['part']}: ({row['x']:.1f}, {row['y']:.1f}), near {nearest}")
    if films > _TOLD:
        lines.append(f"  and {films - _TOLD:,} more: --json or --out names all.")
    return [*lines, "The films of the map stay where they are; this command keeps nothing but what --out names."]

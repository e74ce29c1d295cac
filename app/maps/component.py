"""The maps component outside Streamlit: its script and style, and its data as JSON, for a page that runs offline."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from app.theme import ASSETS

FOLDER = ASSETS / "components"


@cache
def source(name: str) -> tuple[str, str]:
    """Style and script of a component; a script in several files is joined in the order of their names."""
    files = [FOLDER / f"{name}.js"] if (FOLDER / f"{name}.js").exists() else sorted((FOLDER / name).glob("*.js"))
    script = "\n".join(path.read_text(encoding="utf-8") for path in files)
    style = FOLDER / f"{name}.css"
    return style.read_text(encoding="utf-8") if style.exists() else "", script


def plain(data: dict) -> dict:
    """What the maps component draws (`facts.maps_data`) as JSON: the points as one list per column.

    In that form the script's default export draws it as it is: `{data, parentElement, setTriggerValue}`.
    """
    return data | {"points": {name: _listed(column) for name, column in _columns(data["points"])}}


def _columns(points: pa.Table):
    return zip(points.column_names, points.columns, strict=True)


def _listed(column: pa.ChunkedArray) -> list:
    """A column as a list; floats in the seven digits that they have."""
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if value is None or np.isnan(value) else float(f"{value:.5g}") for value in values]
    return values

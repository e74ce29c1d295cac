"""What can be taken away as a file: tables as CSV and records as JSON, each with where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import math
import re
from typing import Any
import unicodedata

import numpy as np
import pandas as pd
import streamlit as st

from app import cached, links, state
from vasp_models import provenance

KEY = "provenance"
MOST_CHARACTERS = 100  # of a file's name without its ending
# What a spreadsheet takes for the beginning of a formula, also in its wide form; a plain number is none.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"[{_SIGNS}\t\r\n]")
# The same inside a text: where a program takes a semicolon, a tab or a line break for the end of a cell.
_NEXT_CELL = re.compile(f"(?<=[;\t\r\n])(?=[\"' ]*[{_SIGNS}])")
_NUMBER = re.compile(r"[+-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s?%?")


def menu():
    """The fold at the right of a page's row of choices that holds all that can be taken away from the page."""
    return st.popover("Download", icon=":material/download:", key="download")


def download_csv(
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    name: str,
    command: str | None = None,
    label: str = "CSV",
    key: str | None = None,
    wait: str | None = None,
    **look: Any,
) -> None:
    """A button that saves a table with its provenance; the file is made when the button is pressed.

    `name` has no ending; `command` makes the table again (None: the command that opens this view); `wait` is the
    button's hint where making it takes a while; `look` are further arguments of the button.
    """
    about = _about(command)

    def made() -> bytes:
        return csv_text(frame() if callable(frame) else frame, about()).encode("utf-8-sig")  # Excel asks for the mark

    look = {"icon": ":material/download:", "help": wait} | look
    st.download_button(label, made, file_name(name, "csv"), "text/csv", key, on_click="ignore", **look)


def download_json(
    value: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    name: str,
    command: str | None = None,
    label: str = "JSON",
    key: str | None = None,
    wait: str | None = None,
    **look: Any,
) -> None:
    """A button that saves a record with its provenance, by the arguments of `download_csv`."""
    about = _about(command)

    def made() -> bytes:
        return json_text(value() if callable(value) else value, about()).encode()

    look = {"icon": ":material/data_object:", "help": wait} | look
    st.download_button(label, made, file_name(name, "json"), "application/json", key, on_click="ignore", **look)


def _about(command: str | None) -> Callable[[], dict[str, str]]:
    """The provenance of what is shown now; its time is that of the call."""
    chosen = cached.checkpoint(state.current().checkpoint)
    how = links.command(chosen) if command is None or chosen.is_bundle else command  # a bundle can only be looked at
    return lambda: provenance.of(chosen, how)


def for_browser(chosen: Any) -> dict[str, Any]:
    """Where the pictures and links come from that the browser makes; it fills in {made} and {command}."""
    about = provenance.of(chosen, "{command}") | {"made": "{made}"}
    return {
        "about": about,
        "line": provenance.line(about),
        "opens": links.opens(chosen),
        "pinned": links.pinned(),
        "name": file_name(chosen.name, "").rstrip("."),
    }


def csv_text(frame: pd.DataFrame, about: Mapping[str, str]) -> str:
    """A table as CSV, its provenance in columns at the right: ``provenance.checkpoint`` and so on.

    An index with a name becomes a column. A table without rows gets one row that holds the provenance alone.
    """
    # In columns, not in comment lines: pandas and spreadsheets read it without being told to, "#" may begin a title,
    # and rows that are cut out, sorted or put below those of another file still say where they come from.
    table = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
    if table.empty:
        table = pd.DataFrame([[None] * table.shape[1]], columns=table.columns)
    table = table.apply(_harmless_column).reset_index(drop=True)
    for name, text in about.items():
        table.insert(table.shape[1], f"{KEY}.{name}", harmless(str(text)))
    return table.set_axis([harmless(str(name)) for name in table.columns], axis=1).to_csv(index=False)


def _harmless_column(column: pd.Series) -> pd.Series:
    return column if pd.api.types.is_numeric_dtype(column) else column.astype(object).map(_harmless_cell)


def _harmless_cell(value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray):  # the genres of a film, as MovieLens writes them
        value = "|".join(map(str, value))
    return harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """Text as a spreadsheet shows it and does not run it: an apostrophe before what would begin a formula in any cell.

    After https://owasp.org/www-community/attacks/CSV_Injection; plain numbers stay as they are.
    """
    begins = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return ("'" if begins else "") + _NEXT_CELL.sub("'", text)


def json_text(value: Mapping[str, Any], about: Mapping[str, str]) -> str:
    """A record as strict JSON with its provenance; numbers that are none (NaN) become null.

    Raises ValueError where the record has a provenance of its own.
    """
    if KEY in value:
        raise ValueError(f"expected a record without the key {KEY!r}, which is what the export adds")
    return json.dumps(_plain({**value, KEY: about}), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """The same in the types that JSON has."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def file_name(name: str, ending: str) -> str:
    """A file's name of letters, digits, dots, hyphens and underscores; what else stands in a name becomes a hyphen."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^\w.-]+|\.{2,}", "-", letters, flags=re.ASCII)
    return f"{re.sub('-{2,}', '-', safe).strip('-._')[:MOST_CHARACTERS].rstrip('-._') or 'export'}.{ending}"

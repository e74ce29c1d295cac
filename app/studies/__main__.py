"""`python -m app.studies`: draws a study's rows, given as JSON, because the core does not import the dashboard."""

from __future__ import annotations

import argparse
from html import escape
import json
from pathlib import Path
import sys

import pandas as pd

from app.charts import SANS
from app.report import svg
from app.studies import charts
from app.theme import theme
from vasp_models import places
from vasp_models.errors import SettingError, VaspLensError

WIDTH = 920
_SUFFIXES = (".svg", ".html")
_COLUMNS = ["user_input", "item_input", "fusion", "size", "metric", "mean", "se"]


def drawn(rows: list[dict], suffix: str) -> str:
    """The figure as an SVG file, or as an HTML page that needs no network. Raises SettingError for another suffix."""
    if suffix not in _SUFFIXES:
        raise SettingError(
            f"A chart cannot be written as {suffix or 'a file without a suffix'}: expected .svg or .html."
        )
    frame, look = pd.DataFrame(rows).reindex(columns=_COLUMNS), theme("light")
    said = charts.words(frame)
    picture = svg.draw(charts.study_figure(frame, look), WIDTH, said)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" font-family="{escape(SANS)}" style="background: {look.background}"'
    whole = picture.replace("<svg", head, 1)
    if suffix == ".svg":
        return whole + "\n"
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Choices of modules</title><body>{whole}'
    return f"{page}<p style='font-family: sans-serif'>{escape(said)}</p></body></html>\n"


def main(arguments: list[str] | None = None) -> int:
    """Read rows from the standard input and write the chart; an error raised on purpose is one line, exit code 2."""
    parser = argparse.ArgumentParser(prog="vasp-lens study")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args(arguments)
    try:
        text = drawn(json.load(sys.stdin), asked.out.suffix.lower())
        with places.file_written_whole(asked.out) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except VaspLensError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or 'while reading or writing'}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

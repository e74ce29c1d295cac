"""What a section of a report is made of: pictures in the widths they are seen in, and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup
import pandas as pd

from app.report import markup, svg

FULL, NARROW, SHEET = 1040, 340, 700  # px: across the page, on a telephone, on an A4 sheet
LEFT, RIGHT = 568, 432  # px of two columns, as 1.32 to 1


@dataclass(frozen=True)
class Table:
    """A table of text: `numbers` are the columns that hold numbers, set to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[Markup | str]]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A figure with its head: `drawn` are the class of each width and its SVG, `twin` the table of its numbers."""

    title: str
    rule: str
    drawn: Sequence[tuple[str, Markup]]
    twin: Table | None = None


@dataclass(frozen=True)
class Missing:
    """What has not been measured or computed yet, and the command that does it."""

    sentence: str
    command: str


def picture(
    title: str, rule: str, alt: str, wide: int, figure: Callable[[bool], object], twin: Table | None = None
) -> Picture:
    """A figure drawn for each width; `figure` makes it, given whether it is for a narrow screen."""
    broad, slim = figure(False), figure(True)
    widths = {"wide": wide, "sheet": SHEET} if wide > SHEET else {"wide sheet": wide}
    drawn = [(name, Markup(svg.draw(broad, width, alt))) for name, width in widths.items()]
    return Picture(title, rule, [*drawn, ("narrow", Markup(svg.draw(slim, NARROW, alt)))], twin)


def table(frame: pd.DataFrame, decimals: int = 3) -> Table:
    """A frame as a table: numbers with so many decimals, all else as text."""
    numbers = {n for n, name in enumerate(frame) if pd.api.types.is_numeric_dtype(frame[name])}
    columns = [_cells(frame[name], f",.{decimals}f") for name in frame]
    return Table([str(name) for name in frame], list(zip(*columns, strict=True)), frozenset(numbers))


def _cells(values: pd.Series, written: str) -> list[str]:
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return ["–" if value is None or value != value else str(value) for value in values]
    whole = pd.api.types.is_integer_dtype(values)
    return [_number(value, ",d" if whole else written) for value in values]


def _number(value: float, written: str) -> str:
    return "–" if pd.isna(value) else format(value, written).replace("-", "−")


def worded(frame: pd.DataFrame) -> Table:
    """A frame of Markdown as a table."""
    return Table(
        [str(name) for name in frame], [[markup.inline(str(cell)) for cell in row] for row in frame.to_numpy()]
    )


def facts(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and values, both plain text, as a table without a head."""
    return Table((), rows)

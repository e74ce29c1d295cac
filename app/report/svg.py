"""A figure of ours as SVG that needs no script: the same plotly figure, drawn for a file that is read and printed.

plotly.js would be 4.8 MB in every report, would draw nothing where scripts are off (a preview in a mail program) and
would not fit the sheet when it is printed. The figures use little of it: scatter and bar traces on two axes, lines,
rectangles, words. What is not drawn here raises ValueError, so that a figure is whole or a test fails.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
import re

import numpy as np

from app.report import scales
from app.report.scales import Axis
from app.report.text import Pen, plain

_TRACE = {
    *("type", "mode", "x", "y", "line", "marker", "hoverinfo", "hovertemplate", "customdata", "fill", "fillcolor"),
    *("orientation", "base", "width", "text", "textposition", "insidetextanchor", "textangle", "textfont"),
    *("constraintext", "connectgaps"),
}
_FIELD = re.compile(r"%\{(\w+)(?:\[(\d+)\])?(?::([^}]+))?\}")
_TICK_ROOM = 5  # px from the plot to a tick's text


@dataclass(frozen=True)
class Frame:
    """The plot inside the picture, in pixels, with its axes."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x: Axis
    y: Axis


def draw(figure, width: int, alt: str) -> str:
    """A figure as one SVG element, `width` px wide in its own units; `alt` are its words.

    Colours are written as the figure has them: a theme of CSS variables gives a picture that follows the reader's.
    Raises ValueError for what is not drawn.
    """
    whole = _decoded(figure.to_plotly_json())
    traces, layout = whole["data"], _merged(whole["layout"]["template"]["layout"], whole["layout"])
    for trace in traces:
        if trace["type"] not in {"scatter", "bar"} or (set(trace) - _TRACE):
            raise ValueError(f"A report does not draw {trace['type']} with {', '.join(sorted(set(trace) - _TRACE))}.")
    frame, pen = _frame(traces, layout, width), Pen(layout["font"])
    shapes = layout.get("shapes") or ()
    parts = [
        *(_shape(shape, frame) for shape in shapes if shape.get("layer") == "below"),
        *_grid(frame),
        *_bars([trace for trace in traces if trace["type"] == "bar"], frame, pen, layout.get("barmode")),
        *_scatters([trace for trace in traces if trace["type"] == "scatter"], frame),
        *(_shape(shape, frame) for shape in shapes if shape.get("layer") != "below"),
        *_labels(frame, pen),
        *(_annotation(note, frame, pen) for note in layout.get("annotations") or ()),
    ]
    head = f'<svg viewBox="0 0 {width} {frame.height:g}" width="{width}" height="{frame.height:g}" role="img"'
    return f'{head} aria-label="{escape(alt)}">{"".join(parts)}</svg>'


def _decoded(value: object) -> object:
    """Plotly writes numpy's arrays in base64: arrays again."""
    if isinstance(value, Mapping):
        if "bdata" in value:
            numbers = np.frombuffer(b64decode(value["bdata"]), value["dtype"])
            return numbers.reshape([int(size) for size in value["shape"].split(",")]) if "shape" in value else numbers
        return {name: _decoded(each) for name, each in value.items()}
    return [_decoded(each) for each in value] if isinstance(value, list | tuple) else value


def _merged(below: Mapping, above: Mapping) -> dict:
    """Settings of the figure over those of its template."""
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _frame(traces: Sequence[Mapping], layout: Mapping, width: int) -> Frame:
    margin, height = layout["margin"], layout["height"]
    xs, ys = ([place for trace in traces for place in np.asarray(trace[name]).tolist()] for name in "xy")
    left, right, bottom = margin["l"], width - margin["r"], height - margin["b"]
    across = scales.axis(layout["xaxis"], xs, left, right)
    if layout["xaxis"].get("automargin") and across.crowded:  # as high as the longest name
        bottom = min(bottom, height - 16 - across.widest)
    y = scales.axis(layout["yaxis"], ys, bottom, margin["t"])
    if layout["yaxis"].get("automargin"):  # as wide as the longest name
        left = max(left, 14 + y.widest)
    return Frame(width, height, left, right, margin["t"], bottom, scales.axis(layout["xaxis"], xs, left, right), y)


def _grid(frame: Frame) -> Iterator[str]:
    if frame.x.about.get("showgrid"):
        yield from (_line(x, frame.top, x, frame.bottom, frame.x.about["gridcolor"], 1) for x, _ in frame.x.ticks())
    if frame.y.about.get("showgrid"):
        yield from (_line(frame.left, y, frame.right, y, frame.y.about["gridcolor"], 1) for y, _ in frame.y.ticks())


def _labels(frame: Frame, pen: Pen) -> Iterator[str]:
    """Ticks and titles of both axes."""
    x, y = frame.x.about, frame.y.about
    if x.get("showticklabels", True):
        yield from _tick_row(frame, pen, x["tickfont"])
    if y.get("showticklabels", True):
        at = frame.left - _TICK_ROOM - y.get("ticklabelstandoff", 0)
        for tick, text in frame.y.ticks():
            yield pen.text(at, tick, text, y["tickfont"], anchor="right")
    if title := (x.get("title") or {}).get("text"):
        yield pen.text((frame.left + frame.right) / 2, frame.bottom + 33, title, x["title"]["font"])


def _tick_row(frame: Frame, pen: Pen, font: Mapping) -> Iterator[str]:
    """The texts below the plot; names that would run into each other are turned."""
    upright, below = frame.x.crowded, frame.bottom + 12 - 3 * frame.x.crowded
    for tick, text in frame.x.ticks():
        yield pen.text(tick, below, text, font, anchor="right" if upright else "center", turned=-90 * upright)


def _bars(traces: Sequence[Mapping], frame: Frame, pen: Pen, mode: str | None) -> Iterator[str]:
    """Horizontal bars, with their texts inside; stacked ones stand on each other, to either side of zero."""
    ends: dict[tuple[float, bool], float] = {}
    for trace in traces:
        if trace.get("orientation") != "h":
            raise ValueError("A report draws horizontal bars only.")
        values, rows = np.asarray(trace["x"], float), np.asarray(trace["y"]).tolist()
        bases = np.broadcast_to(np.asarray(trace.get("base", 0.0), float), values.shape)
        for n, (value, row) in enumerate(zip(values.tolist(), rows, strict=True)):
            if value != value:
                continue
            side, start = (frame.y.value(row), value >= 0), float(bases[n])
            if mode in {"relative", "stack"}:
                start = ends.get(side, 0.0)
                ends[side] = start + value
            yield _bar(frame, (start, start + value), side[0], trace, _hover(trace, n))
            if text := _plain(trace.get("text", ()))[n : n + 1]:
                yield pen.text(frame.x.of(start + value / 2), frame.y.pixel(side[0]), text[0], trace["textfont"])


def _bar(frame: Frame, ends: tuple[float, float], row: float, trace: Mapping, hover: str) -> str:
    left, right = sorted(frame.x.of(end) for end in ends)
    half, marker = float(trace["width"]) / 2, trace["marker"]
    top, bottom = sorted((frame.y.pixel(row - half), frame.y.pixel(row + half)))
    edge = marker.get("line") or {}
    look = f'fill="{_ink(marker["color"])}" {_edge(edge.get("color", "none"), edge)}'
    place = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    return f'<rect {place} rx="{marker.get("cornerradius", 0)}" {look}>{hover}</rect>'


def _scatters(traces: Sequence[Mapping], frame: Frame) -> Iterator[str]:
    before: list[tuple[float, float]] = []
    for trace in traces:
        pairs = list(zip(*(_plain(trace[n]) for n in "xy"), strict=True))
        there = [n for n, pair in enumerate(pairs) if not any(value is None or value != value for value in pair)]
        places = [(frame.x.of(pairs[n][0]), frame.y.of(pairs[n][1])) for n in there]
        if trace.get("fill") == "tonexty":
            outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*places, *before[::-1]])
            yield f'<polygon points="{outline}" fill="{_ink(trace["fillcolor"])}"/>'
        line, mode = trace.get("line") or {}, trace["mode"]
        if "lines" in mode and line.get("width", 2):
            for run in _unbroken(there, bool(trace.get("connectgaps"))):
                yield _path([places[n] for n in run], line)
        if "markers" in mode:
            yield from _markers(dict(zip(there, places, strict=True)), trace, line, len(pairs))
        before = places


def _plain(values: object) -> list:
    return np.asarray(values).tolist()


def _path(places: Sequence[tuple[float, float]], line: Mapping) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    look = f'fill="none" stroke="{_ink(line["color"])}" stroke-width="{line.get("width", 2)}" stroke-linejoin="round"'
    return f'<polyline points="{points}" {look}{_dash(line.get("dash"))}/>'


def _unbroken(there: Sequence[int], connected: bool) -> Iterator[list[int]]:
    """Runs of points that a line joins: a missing point breaks it."""
    run: list[int] = []
    for n, number in enumerate(there):
        if run and not connected and number != there[n - 1] + 1:
            yield run
            run = []
        run.append(n)
    if run:
        yield run


def _markers(places: Mapping[int, tuple[float, float]], trace: Mapping, line: Mapping, count: int) -> Iterator[str]:
    marker = trace["marker"]
    edge = marker.get("line") or {}
    fills = _each(marker.get("color", line.get("color")), count)
    edges = _each(edge.get("color", "none"), count)
    for n, (x, y) in places.items():
        look = f'fill="{_ink(fills[n])}" {_edge(edges[n], edge)}'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{marker["size"] / 2:g}" {look}>{_hover(trace, n)}</circle>'


def _edge(colour: str, line: Mapping) -> str:
    return f'stroke="{_ink(colour)}" stroke-width="{line.get("width", 0)}"'


def _each(colours: object, count: int) -> list[str]:
    return [colours] * count if isinstance(colours, str) else list(colours)


def _hover(trace: Mapping, n: int) -> str:
    """What a mark says when it is pointed at, as its title."""
    template = trace.get("hovertemplate")
    if not template or trace.get("hoverinfo") == "skip":
        return ""

    def field(found: re.Match) -> str:
        name, column, written = found.groups()
        value = _plain(trace[name])[n]
        value = value[int(column)] if column else value
        return format(value, written) if written else f"{value}"

    said = _FIELD.sub(field, template.partition("<extra>")[0])
    return f"<title>{escape(plain(said))}</title>"


def _shape(shape: Mapping, frame: Frame) -> str:
    """A line or a rectangle, its places in values or in shares of the plot."""
    x0, x1 = (_place(frame.x, shape[f"x{n}"], shape.get("xref", "x"), frame.left, frame.right) for n in "01")
    y0, y1 = (_place(frame.y, shape[f"y{n}"], shape.get("yref", "y"), frame.bottom, frame.top) for n in "01")
    line = shape.get("line") or {}
    if shape["type"] == "line":
        return _line(x0, y0, x1, y1, line["color"], line["width"], line.get("dash"))
    if shape["type"] != "rect":
        raise ValueError(f"A report does not draw the shape {shape['type']}.")
    size = f'x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}"'
    return f'<rect {size} fill="{_ink(shape["fillcolor"])}"/>'


def _place(axis: Axis, place: object, reference: str, start: float, end: float) -> float:
    return start + float(place) * (end - start) if reference == "paper" or "domain" in reference else axis.pixel(place)


def _line(x0, y0, x1, y1, colour: str, width: float, dash: str | None = None) -> str:
    ends = f'x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"'
    return f'<line {ends} stroke="{_ink(colour)}" stroke-width="{width}"{_dash(dash)}/>'


def _dash(dash: str | None) -> str:
    return "" if dash in {None, "solid"} else f' stroke-dasharray="{dash.replace("px", "")}"'


def _annotation(note: Mapping, frame: Frame, pen: Pen) -> str:
    """Words on the figure: beside, above or below a point, or at a share of the plot."""
    if note.get("showarrow", True):
        raise ValueError("A report does not draw arrows.")
    x = _place(frame.x, note["x"], note.get("xref", "x"), frame.left, frame.right) + note.get("xshift", 0)
    y = _place(frame.y, note["y"], note.get("yref", "y"), frame.bottom, frame.top) - note.get("yshift", 0)
    return pen.text(
        x, y, note["text"], note.get("font") or {}, anchor=note.get("xanchor", "center"),
        above={"bottom": 1.0, "top": 0.0}.get(note.get("yanchor"), 0.5), halo=note.get("bgcolor"),
    )  # fmt: skip


def _ink(colour: object) -> str:
    return escape(str(colour))

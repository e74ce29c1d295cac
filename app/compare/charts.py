"""The figures of the Compare page: each checkpoint has one colour and one symbol in all. Imports no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import html
import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts import template
from app.explanation_quality.charts import round_ticks
from app.theme import Theme

ROW = 40  # px, a checkpoint
SLICE_ROW = 32  # px, a slice
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")
_PLOT = (420.0, 220.0)  # px, about what names beside symbols have, between wide and narrow windows
_MARGIN = {"l": 10, "r": 12, "t": 12, "b": 34}


@dataclass(frozen=True)
class Look:
    """How a checkpoint is named and drawn, the same in every figure of the page."""

    title: str
    colour: str
    symbol: str

    @property
    def written(self) -> str:
        """The title with its signs made plain: plotly reads some HTML."""
        return html.escape(self.title, quote=False)


Looks = Mapping[str, Look]  # by checkpoint, in the page's order


def looks(titles: Mapping[str, str], theme: Theme) -> dict[str, Look]:
    """The look of each checkpoint, by their order."""
    drawn = zip(titles.items(), theme.checkpoints, SYMBOLS, strict=False)
    return {name: Look(title, colour, symbol) for (name, title), colour, symbol in drawn}


def dots(rows: pd.DataFrame, looks: Looks, theme: Theme, zero: bool = False) -> go.Figure:
    """A symbol and its interval for each checkpoint, the first row on top; hollow where it is not `sure`.

    `rows` has the columns system, value, low, high (None: no interval), sure, text. With `zero` values are
    differences: a line stands at 0, and ticks have signs.
    """
    figure = _by_row([looks[name].written for name in rows["system"]], theme, ROW)
    ends = rows[["low", "high"]].astype(float).to_numpy()
    values = rows["value"].to_numpy(float)
    for number, row in enumerate(rows.itertuples()):
        look = looks[row.system]
        if np.isfinite(ends[number]).all():
            figure.add_scatter(
                x=ends[number],
                y=[number, number],
                mode="lines",
                line={"color": look.colour, "width": 2.4},
                hoverinfo="skip",
            )
        figure.add_scatter(
            x=[row.value], y=[number], mode="markers", marker=_marker(look, row.sure, theme),
            customdata=[[look.written, row.text, _span(*ends[number], zero)]],
            hovertemplate="%{customdata[0]}: %{customdata[1]} (%{customdata[2]})<extra></extra>",
        )  # fmt: skip
    everything = np.concatenate([values, ends[np.isfinite(ends)], [0.0] if zero else []])
    low, high = float(everything.min()), float(everything.max())
    room = max(high - low, 1e-3)
    if zero:
        line = {"color": theme.zero, "width": 1.2}
        figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="paper", layer="below", line=line)
    right = {"showarrow": False, "xanchor": "left", "xshift": 10, "font": {"size": 13, "color": theme.text}}
    places = np.where(np.isfinite(ends[:, 1]), ends[:, 1], values)
    texts = [f"<b>{row.text}</b>" if row.sure else row.text for row in rows.itertuples()]
    notes = [{"x": x, "y": n, "text": text, **right} for n, (x, text) in enumerate(zip(places, texts, strict=True))]
    figure.update_layout(annotations=notes)
    span = (low - 0.06 * room, high + 0.28 * room)
    ticks = [tick for tick in round_ticks(*span) if zero or tick >= 0]
    write = signed if zero else words.quality
    figure.update_xaxes(range=span, showgrid=True, tickvals=ticks, ticktext=[_short(write(tick)) for tick in ticks])
    return figure


def by_slice(rows: pd.DataFrame, looks: Looks, theme: Theme) -> go.Figure:
    """Every checkpoint's value in each slice, on one line; hollow where it is not `sure` to differ.

    `rows` has the columns slice, system, n, mean, sure, text; slices stand in the order of their first rows.
    """
    places = list(dict.fromkeys(rows["slice"]))
    counts = rows.drop_duplicates("slice").set_index("slice")["n"]
    labels = [f"{html.escape(name)}  <span style='color:{theme.muted}'>{int(counts[name]):,}</span>" for name in places]
    figure = _by_row(labels, theme, SLICE_ROW, room=46)
    spans = rows.groupby("slice", sort=False)["mean"].agg(["min", "max"])
    gaps = np.full(len(spans), np.nan)
    x, y = np.column_stack([spans, gaps]).ravel(), np.repeat(np.arange(len(spans), dtype=float), 3)
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": theme.zero, "width": 1.2}, hoverinfo="skip", showlegend=False
    )
    for name, look in looks.items():
        own = rows[rows["system"] == name]
        at, sure = [places.index(each) for each in own["slice"]], own["sure"].to_numpy(bool)
        fill = np.where(sure, look.colour, theme.background).tolist()
        figure.add_scatter(
            x=own["mean"], y=at, mode="markers", showlegend=False, marker=_marker(look, True, theme) | {"color": fill},
            customdata=own[["slice", "text"]].to_numpy(),
            hovertemplate=f"{look.written}, %{{customdata[0]}}: %{{customdata[1]}}<extra></extra>",
        )  # fmt: skip
        solid = _marker(look, True, theme)  # in the legend, whatever the first slice is
        figure.add_scatter(x=[None], y=[None], mode="markers", name=look.written, showlegend=True, marker=solid)
    low, high = float(rows["mean"].min()), float(rows["mean"].max())
    room = max(high - low, 1e-3)
    span = (max(low - 0.05 * room, -0.02 * room), high + 0.05 * room)
    ticks = [tick for tick in round_ticks(*span) if tick >= 0]
    figure.update_xaxes(range=span, showgrid=True, tickvals=ticks, ticktext=[_short(words.quality(t)) for t in ticks])
    return _with_legend(figure, theme)


def trade_off(rows: pd.DataFrame, looks: Looks, theme: Theme, across: str, up: str) -> go.Figure:
    """Accuracy against how wide the lists reach, with standard errors, each checkpoint named beside its symbol.

    `rows` has the columns system, x, x_se, y, y_se; `across` and `up` are the axes' titles.
    """
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=320, margin={"l": 52, "r": 20, "t": 16, "b": 48})
    for row in rows.itertuples():
        look, error = looks[row.system], {"type": "data", "thickness": 1.6, "width": 0}
        error["color"] = look.colour
        figure.add_scatter(
            x=[row.x], y=[row.y], mode="markers", marker=_marker(look, True, theme),
            error_x=error | {"array": [_zero(row.x_se)]}, error_y=error | {"array": [_zero(row.y_se)]},
            hovertemplate=f"{look.written}: {words.share(row.x)}, {words.quality(row.y)}<extra></extra>",
        )  # fmt: skip
    low, high = float(rows["x"].min()), float(rows["x"].max())
    room = max(high - low, 0.02)
    names = []
    for row, (right, above) in zip(rows.itertuples(), _beside(rows, looks), strict=True):
        at = {"x": row.x, "y": row.y, "xshift": 9 if right else -9, "yshift": 12 if above else -12}
        at |= {"text": looks[row.system].written, "showarrow": False, "xanchor": "left" if right else "right"}
        names.append(at | {"font": {"size": 13, "color": looks[row.system].colour}})
    figure.update_layout(annotations=names)
    figure.update_xaxes(range=[low - 0.12 * room, high + 0.12 * room], tickformat=".0%", showgrid=True, nticks=6)
    ups = rows["y"].to_numpy(float)
    ends = float(ups.min()), float(ups.max())
    gap = max(ends[1] - ends[0], 0.02)
    span = (max(ends[0] - 0.15 * gap, 0.0), ends[1] + 0.2 * gap)
    ticks = round_ticks(*span)
    figure.update_yaxes(range=span, showgrid=True, tickvals=ticks, ticktext=[_short(words.quality(t)) for t in ticks])
    figure.update_xaxes(title_text=across)
    figure.update_yaxes(title_text=up)
    return figure


def _by_row(labels: Sequence[str], theme: Theme, height: int, room: int = 0) -> go.Figure:
    """An empty figure with a row for each label, the first on top; `room` px above them."""
    figure, margin = go.Figure(), _MARGIN | {"t": _MARGIN["t"] + room}
    whole = height * len(labels) + margin["t"] + margin["b"]
    figure.update_layout(template=template(theme), height=whole, margin=margin)
    figure.update_yaxes(
        range=[len(labels) - 0.5, -0.5], automargin=True, ticklabelstandoff=8, tickvals=list(range(len(labels))),
        ticktext=list(labels), tickfont={"size": 13, "color": theme.text},
    )  # fmt: skip
    return figure


def _marker(look: Look, sure: bool, theme: Theme) -> dict:
    fill = look.colour if sure else theme.background
    return {"size": 11, "color": fill, "symbol": look.symbol, "line": {"color": look.colour, "width": 2}}


def _with_legend(figure: go.Figure, theme: Theme) -> go.Figure:
    """With the checkpoints named above the rows; a narrow screen takes several lines for them."""
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "itemclick": False}
    legend |= {"itemdoubleclick": False, "font": {"size": 13, "color": theme.text}, "bgcolor": "rgba(0,0,0,0)"}
    figure.update_layout(showlegend=True, legend=legend)
    return figure


def signed(value: float, write: Callable[[float], str] = words.quality) -> str:
    """A difference with its sign; one that is written as 0 has none."""
    text = write(abs(value))
    return text if text == write(0.0) else f"{'−' if value < 0 else '+'}{text}"


def _span(low: float, high: float, zero: bool) -> str:
    write = signed if zero else words.quality
    return f"{write(low)} to {write(high)}" if np.isfinite(low) and np.isfinite(high) else "no interval"


def _short(text: str) -> str:
    """A tick without the digits that say nothing: ``.4`` of ``.400``."""
    return "0" if not text.strip("+−-.0") else text.rstrip("0").rstrip(".")


def _beside(rows: pd.DataFrame, looks: Looks) -> list[tuple[bool, bool]]:
    """On which side of its symbol each name stands, (right, above): where it covers the least of what is there."""
    x, y = (_unit(rows[axis].to_numpy(float)) * size for axis, size in (("x", _PLOT[0]), ("y", _PLOT[1])))
    taken = [(at - 8, up - 8, at + 8, up + 8) for at, up in zip(x, y, strict=True)]
    sides = []
    for at, up, name in zip(x, y, rows["system"], strict=True):
        wide = 7.0 * len(looks[name].title)
        boxes = {}
        for right, above in itertools.product((True, False), repeat=2):
            left, low = at + 9 if right else at - 9 - wide, up + 4 if above else up - 20
            boxes[right, above] = (left, low, left + wide, low + 16)
        best = min(boxes, key=lambda side: sum(_common(boxes[side], each) for each in taken) + _beyond(boxes[side]))
        taken.append(boxes[best])
        sides.append(best)
    return sides


def _unit(values: np.ndarray) -> np.ndarray:
    span = np.ptp(values)
    return (values - values.min()) / span if span else np.full(len(values), 0.5)


def _common(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The area that two boxes (left, low, right, high) share."""
    wide, high = (min(one[end + 2], other[end + 2]) - max(one[end], other[end]) for end in (0, 1))
    return max(wide, 0.0) * max(high, 0.0)


def _beyond(box: tuple[float, ...]) -> float:
    """A little more than nothing for a name that reaches out of the plot."""
    return float(box[0] < 0 or box[2] > _PLOT[0])


def _zero(value: float | None) -> float:
    return 0.0 if value is None or value != value else float(value)

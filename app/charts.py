"""Figures from data frames. Imports no Streamlit: pages, the command line and reports draw the same figure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.theme import Theme

SANS = '"Source Sans", "Source Sans 3", "Source Sans Pro", sans-serif'
CONFIG = {"displayModeBar": False, "scrollZoom": False}


def template(theme: Theme) -> go.layout.Template:
    """The one look of every figure: transparent, no axis lines, grid along the value axis, labels on the data."""
    ink = {"family": SANS, "size": 13, "color": theme.text}
    small = {"size": 12, "color": theme.muted}
    axis = {
        "showline": False,
        "ticks": "",
        "zeroline": False,
        "showgrid": False,
        "fixedrange": True,
        "gridcolor": theme.grid,
        "tickfont": small,
        "title": {"font": small},
    }
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": ink,
        "xaxis": axis,
        "yaxis": axis,
        "margin": {"l": 44, "r": 20, "t": 12, "b": 40},
        "bargap": 0.42,
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"bgcolor": theme.card, "bordercolor": theme.border, "font": ink},
    }
    return go.layout.Template(layout=layout)


_LENGTHS = {"size", "height", "l", "r", "t", "b", "xshift", "yshift", "standoff", "ticklabelstandoff", "ax", "ay"}
_LENGTHS |= {"cornerradius", "borderpad", "borderwidth"}


def enlarged(figure: go.Figure, by: float) -> go.Figure:
    """The figure with all its lengths in px times `by`: type, margins, lines, markers, height."""
    return figure if by == 1 else go.Figure(_enlarged(figure.to_plotly_json(), by))


def _enlarged(value: object, by: float, name: str = "", within: str = "") -> object:
    if isinstance(value, Mapping):
        if "bdata" in value and name in _LENGTHS:  # an array, as plotly sends it
            return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]) * by
        return {key: _enlarged(each, by, key, name) for key, each in value.items()}
    # The width of a bar is in units of its axis, that of a line in px.
    if name in _LENGTHS or (name == "width" and within in ("line", "layout")):
        if isinstance(value, int):
            return round(value * by)
        if isinstance(value, (float, np.ndarray)):
            return value * by
    if isinstance(value, (list, tuple)):
        return [_enlarged(each, by, name, within) for each in value]
    return value


def _figure(theme: Theme, height: int, **margin: int) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=height)
    if margin:
        figure.update_layout(margin=margin)
    return figure


def genre_mix(mix: pd.DataFrame, theme: Theme, height: int = 232) -> go.Figure:
    """Dumbbells in genre colours: hollow is the history, solid the recommendations.

    `mix` has the columns genre, before, now (shares of the films that have the genre), in the order to be drawn.
    """
    figure = _figure(theme, height, l=44, r=12, t=14, b=34)
    colours = [theme.genre(name) for name in mix["genre"]]
    for row, colour in zip(mix.itertuples(), colours, strict=True):
        line = {"color": colour, "width": 2.2}
        figure.add_scatter(x=[row.genre] * 2, y=[row.before, row.now], mode="lines", line=line, hoverinfo="skip")
    hover = "%{x}: %{y:.0%} of the films "
    figure.add_scatter(
        x=mix["genre"], y=mix["before"], mode="markers", hovertemplate=hover + "in the history<extra></extra>",
        marker={"size": 11, "color": theme.background, "line": {"color": colours, "width": 2.2}},
    )  # fmt: skip
    figure.add_scatter(
        x=mix["genre"], y=mix["now"], mode="markers", hovertemplate=hover + "recommended<extra></extra>",
        marker={"size": 10.5, "color": colours},
    )  # fmt: skip
    top = max(float(np.nanmax(mix[["before", "now"]].to_numpy())) * 1.1, 0.25) if len(mix) else 1.0
    for name, (place, above) in _named_ends(mix, top).items():
        figure.add_annotation(
            x=mix["genre"].iloc[place], y=mix[_ENDS[name][0]].iloc[place], text=name, showarrow=False,
            yanchor="bottom" if above else "top", yshift=7 if above else -7, font={"size": 12, "color": theme.muted},
        )  # fmt: skip
    figure.update_yaxes(range=[-0.04, top], tickformat=".0%", showgrid=True, nticks=6)
    figure.update_xaxes(tickfont={"size": 13, "color": theme.text}, automargin=True)
    return figure


# Name of an end -> its column, and over how many dumbbells to either side the name reaches on a narrow screen.
_ENDS = {"recommended": ("now", 2), "before": ("before", 1)}


def _named_ends(mix: pd.DataFrame, top: float) -> dict[str, tuple[int, bool]]:
    """The two ends that are named once for the whole chart: name -> dumbbell, whether its name stands above it.

    A name stands above an upper end and below a lower one, never on the axis. Both ends of one dumbbell where nothing
    is in the way of their names, else the widest dumbbell for each name; none where no dumbbell is wide enough.
    """
    lows, highs = mix[["before", "now"]].min(axis=1).to_numpy(), mix[["before", "now"]].max(axis=1).to_numpy()
    height = 0.22 * top  # of a name, in units of the axis
    gaps = (highs - lows)[: max(len(mix) - 2, 1)]  # a name at the right edge would be cut
    widest = [int(place) for place in np.argsort(-gaps, kind="stable") if gaps[place] > 0.08]
    above, free, possible = {}, {}, {}
    for name, (column, reach) in _ENDS.items():
        above[name] = mix[column].to_numpy() == highs
        starts = np.where(above[name], highs, lows - height)  # the lower edge of the name
        possible[name] = [place for place in widest if starts[place] > 0]
        free[name] = [
            place
            for place in possible[name]
            if all(
                highs[n] <= starts[place] or lows[n] >= starts[place] + height
                for n in range(max(place - reach, 0), min(place + reach + 1, len(mix)))
                if n != place
            )
        ]
    both = [place for place in widest if all(place in places for places in free.values())]
    chosen = {name: both or free[name] or possible[name] for name in _ENDS}
    return {name: (places[0], bool(above[name][places[0]])) for name, places in chosen.items() if places}


def learning_curve(
    curve: pd.DataFrame, theme: Theme, name: str, references: Mapping[str, float] | None = None, height: int = 296
) -> go.Figure:
    """Validation NDCG@100 after each epoch, stage by stage, the kept epoch ringed and named.

    `curve` has the columns stage, epoch, ndcg@100, kept (in the order of training); `references` are other models'
    values on the same users.
    """
    figure = _figure(theme, height, l=40, r=112, t=34, b=44)
    curve = curve[curve["ndcg@100"].notna()].reset_index(drop=True)
    steps, values = np.arange(1, len(curve) + 1), curve["ndcg@100"].to_numpy(float)
    references = {other: value for other, value in (references or {}).items() if np.isfinite(value)}
    low, high = _range([*values, *references.values()])
    _stages(figure, curve, theme)
    for other, value in references.items():
        figure.add_scatter(
            x=[0, len(curve)], y=[value] * 2, mode="lines", hoverinfo="skip",
            line={"color": theme.muted, "width": 1.4, "dash": "3px,3px"},
        )  # fmt: skip
        _end_label(figure, value, f"{other} {words.quality(value)}", theme.muted)
    figure.add_scatter(
        x=steps, y=values, mode="lines", line={"color": theme.text, "width": 2.4},
        customdata=curve[["stage"]], hovertemplate="epoch %{x}, %{customdata[0]}<br>NDCG@100 %{y:.3f}<extra></extra>",
    )  # fmt: skip
    if curve["kept"].any():
        best = int(np.flatnonzero(curve["kept"])[-1])
        ring = {"size": 10, "color": theme.background, "line": {"color": theme.text, "width": 2.2}}
        figure.add_scatter(x=[steps[best]], y=[values[best]], mode="markers", marker=ring, hoverinfo="skip")
        label = f"<b>{name} {words.quality(values[best])}</b><br>epoch {steps[best]}, kept"
        _end_label(figure, values[best], label, theme.text, references.values(), (high - low) / 6)
    ticks = _quality_ticks(low, high)
    figure.update_yaxes(range=[low, high], tickvals=ticks, ticktext=[words.quality(t, 2) for t in ticks], showgrid=True)
    figure.update_xaxes(range=[0, len(curve) * 1.01], title_text="epoch", nticks=6)
    return figure


def _stages(figure: go.Figure, curve: pd.DataFrame, theme: Theme) -> None:
    """Every second stage on a band, each named above its epochs."""
    ends = np.flatnonzero(np.append(curve["stage"].to_numpy()[1:] != curve["stage"].to_numpy()[:-1], True)) + 1
    starts = np.concatenate([[0], ends[:-1]])
    if len(ends) < 2:
        return
    short = (ends - starts) / len(curve) < 0.3
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if number % 2:
            figure.add_vrect(x0=start, x1=end, fillcolor=theme.card, line_width=0, layer="below")
        if short[number] and end != len(curve):
            continue
        # A short last stage is named from its right end leftwards; the one before it makes room.
        place, anchor = ((start + end) / 2, "center")
        if short[number]:
            place, anchor = end, "right"
        elif end != len(curve) and short[number + 1]:
            place, anchor = start, "left"
        name = str(curve["stage"].iloc[start])
        figure.add_annotation(
            x=place, xanchor=anchor, y=1, yref="paper", yanchor="bottom", showarrow=False,
            text=name.replace(" together", "<br>together") if short[number] else name, align=anchor,
            font={"size": 12, "color": theme.muted},
        )  # fmt: skip


def _end_label(
    figure: go.Figure, value: float, text: str, colour: str, others: Sequence[float] = (), room: float = 0.0
) -> None:
    """A label at the right end, moved off another one that stands too near."""
    near = [other for other in others if abs(other - value) < room]
    shift = 0 if not near else 20 if value >= min(near) else -22
    figure.add_annotation(
        x=1, xref="paper", xanchor="left", xshift=8, y=value, yshift=shift, text=text, showarrow=False, align="left",
        font={"size": 12, "color": colour},
    )  # fmt: skip


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = float(np.min(values)), float(np.max(values))
    room = max(high - low, 0.02)
    return max(low - 0.06 * room, 0.0), high + 0.1 * room


def _quality_ticks(low: float, high: float) -> list[float]:
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / s <= 6), 0.5)
    return [round(t, 2) for t in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def place_on_map(positions: np.ndarray, chosen: np.ndarray, theme: Theme, height: int = 150) -> go.Figure:
    """A small picture of one map with one film on it. `positions` (items, 2), `chosen` (2,)."""
    figure = _figure(theme, height, l=4, r=4, t=4, b=4)
    # A picture of a thousand grey points says as much as one of twenty thousand, and is drawn at once.
    some = positions[:: max(len(positions) // 1200, 1)]
    figure.add_scatter(
        x=some[:, 0], y=some[:, 1], mode="markers", hoverinfo="skip",
        marker={"size": 2.4, "color": theme.neutral, "opacity": 0.35},
    )  # fmt: skip
    ring = {"size": 11, "color": theme.text, "line": {"color": theme.background, "width": 2}}
    figure.add_scatter(x=chosen[:1], y=chosen[1:], mode="markers", hoverinfo="skip", marker=ring)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure

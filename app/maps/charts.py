"""The figure beside the maps. Imports no Streamlit."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts import template
from app.theme import Theme
from vasp_models.projections.enrichment import LEVEL

HEIGHT = 290
_TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


def genre_lift(genres: pd.DataFrame, theme: Theme, height: int = HEIGHT) -> go.Figure:
    """Bars of lift on a logarithmic axis in genre colours, the number of films beside them; hollow from q = .05 on.

    `genres` has the columns Genre, Selected, Lift, q (`tables.of_selection`), in the order to be drawn.
    """
    figure = go.Figure()
    figure.update_layout(
        template=template(theme), height=height, margin={"l": 10, "r": 8, "t": 4, "b": 40}, bargap=0.42
    )
    logs = [math.log10(lift) for lift in genres["Lift"]]
    colours = [theme.genre(name) for name in genres["Genre"]]
    sure = [q < LEVEL for q in genres["q"]]
    figure.add_bar(
        orientation="h", y=genres["Genre"], x=logs, customdata=list(zip(genres["Lift"], genres["q"], strict=True)),
        hovertemplate="%{y}: ×%{customdata[0]:.2f}, q = %{customdata[1]:.2g}<extra></extra>",
        marker={
            "color": [colour if each else theme.background for colour, each in zip(colours, sure, strict=True)],
            "line": {"color": colours, "width": 1.8}, "cornerradius": 2,
        },
    )  # fmt: skip
    low, high = min([0.0, *logs]), max([math.log10(2), *logs])
    for row, at in zip(genres.itertuples(), logs, strict=True):
        figure.add_annotation(
            x=max(at, 0.0), y=row.Genre, xanchor="left", xshift=7, showarrow=False, font={"size": 12.5},
            text=f"{words.times(math.log(row.Lift))}\u2002<span style='color:{theme.muted}'>{row.Selected:,}</span>",
        )  # fmt: skip
    figure.add_shape(
        type="line", x0=0, x1=0, y0=0, y1=1, yref="paper", layer="below", line={"color": theme.zero, "width": 1.2}
    )
    span = high - low
    ends = (low - 0.04 * span, high + 0.36 * span)
    ticks = [value for value in _TICKS if ends[0] <= math.log10(value) <= ends[1]]
    figure.update_xaxes(
        range=ends, showgrid=True, tickvals=[math.log10(value) for value in ticks],
        ticktext=[words.times(math.log(value), 0) for value in ticks],
        title_text="share in the selection ÷ share on the map",
    )  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", automargin=True, ticklabelstandoff=8, tickfont={"size": 13, "color": theme.text},
        type="category",
    )  # fmt: skip
    return figure


def genre_lift_alt(genres: pd.DataFrame) -> str:
    """The figure in words."""
    told = [f"{row.Genre} {words.times(math.log(row.Lift))} ({row.Selected:,})" for row in genres.itertuples()]
    return f"Lift of each genre in the selection over all films on the map, with its films: {', '.join(told)}."

"""The figure of the Paper page. Imports no Streamlit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts import template
from app.explanation_quality.charts import round_ticks
from app.theme import Theme

ROW, MARGIN = 38, {"l": 10, "r": 12, "t": 26, "b": 30}


def beside(rows: pd.DataFrame, theme: Theme) -> go.Figure:
    """Published (hollow) and ours (solid, with its 95 % interval) for each model, the first on top.

    `rows` has the columns label, published, mean, low, high; the last three None where nothing was measured.
    """
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=ROW * len(rows) + MARGIN["t"] + MARGIN["b"], margin=MARGIN)
    ours = rows[["mean", "low", "high"]].astype(float).to_numpy()
    theirs = rows["published"].to_numpy(float)
    for label, (mean, low, high), published in zip(rows["label"], ours, theirs, strict=True):
        if np.isfinite(mean):
            line = {"color": theme.grid, "width": 1.6}
            figure.add_scatter(x=[mean, published], y=[label] * 2, mode="lines", line=line, hoverinfo="skip")
        if np.isfinite(low):
            line = {"color": theme.text, "width": 2.4}
            figure.add_scatter(x=[low, high], y=[label] * 2, mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=theirs, y=rows["label"], mode="markers", hovertemplate="%{y}: published %{x:.3f}<extra></extra>",
        marker={"size": 10, "color": theme.background, "line": {"color": theme.muted, "width": 2}},
    )  # fmt: skip
    figure.add_scatter(
        x=ours[:, 0], y=rows["label"], mode="markers", hovertemplate="%{y}: ours %{x:.3f}<extra></extra>",
        marker={"size": 10, "color": theme.text},
    )  # fmt: skip
    _named(figure, rows["label"], ours, theirs, theme)
    everything = np.concatenate([theirs, ours[np.isfinite(ours)]])
    low, high = float(everything.min()), float(everything.max())
    room = max(high - low, 0.02)
    span = (low - 0.12 * room, high + 0.12 * room)
    ticks = round_ticks(*span)
    figure.update_xaxes(range=span, showgrid=True, tickvals=ticks, ticktext=[words.quality(tick, 2) for tick in ticks])
    figure.update_yaxes(
        autorange=False, range=[len(rows) - 0.5, -0.75], automargin=True, ticklabelstandoff=8, type="category",
        tickfont={"size": 13, "color": theme.text}, categoryorder="array", categoryarray=list(rows["label"]),
    )  # fmt: skip
    return figure


def _named(figure: go.Figure, labels: pd.Series, ours: np.ndarray, theirs: np.ndarray, theme: Theme) -> None:
    """The two kinds of points named once, in the row where they are furthest apart."""
    apart = np.abs(ours[:, 0] - theirs)
    row = int(np.nanargmax(apart)) if np.isfinite(apart).any() else 0
    look = {"showarrow": False, "yshift": 15, "font": {"size": 12, "color": theme.muted}}
    for name, place in (("published", theirs[row]), ("ours", ours[row, 0])):
        if np.isfinite(place):
            figure.add_annotation(x=place, y=labels.iloc[row], text=name, **look)

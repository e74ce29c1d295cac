"""The figure of the page on explanation quality. Imports no Streamlit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts import template
from app.theme import Theme

ROW = 36  # pixels of a method
REFERENCE = "random"


def methods(compared: pd.DataFrame, theme: Theme, write: Callable[[float], str]) -> go.Figure:
    """A dot and its interval for each method, the first on top; hollow and muted where it ignores the model.

    `compared` has the columns method, model, mean, low, high (None where there is no interval), text, name; `write`
    gives the text of a value on the axis.
    """
    figure = go.Figure()
    height = ROW * len(compared) + 52
    figure.update_layout(template=template(theme), height=height, margin={"l": 10, "r": 12, "t": 20, "b": 30})
    ends = compared[["low", "high"]].astype(float).to_numpy()
    means = compared["mean"].to_numpy(float)
    low, high = float(np.nanmin([means, ends[:, 0]])), float(np.nanmax([means, ends[:, 1]]))
    room = max(high - low, 1e-3)
    _reference(figure, compared, theme)
    for row, (start, end) in zip(compared.itertuples(), ends, strict=True):
        ink = theme.text if row.model else theme.muted
        if start == start and end == end:
            line = {"color": ink, "width": 2.4 if row.model else 1.6}
            figure.add_scatter(x=[start, end], y=[row.method] * 2, mode="lines", line=line, hoverinfo="skip")
        figure.add_annotation(
            x=row.mean if end != end else end, y=row.method, text=f"<b>{row.text}</b>" if row.model else row.text,
            showarrow=False, xanchor="left", xshift=10, font={"size": 13, "color": ink},
        )  # fmt: skip
    ink = [theme.text if model else theme.muted for model in compared["model"]]
    fill = [theme.text if model else theme.background for model in compared["model"]]
    figure.add_scatter(
        x=means, y=compared["method"], mode="markers", customdata=compared[["text"]].to_numpy(),
        hovertemplate="%{y}: %{customdata[0]}<extra></extra>",
        marker={"size": 11, "color": fill, "line": {"color": ink, "width": 2}},
    )  # fmt: skip
    # The names stand in the margin, the value of the outermost one needs room inside.
    ends = (low - 0.06 * room, high + 0.2 * room)
    ticks = round_ticks(*ends)
    figure.update_xaxes(range=ends, showgrid=True, tickvals=ticks, ticktext=[write(tick) for tick in ticks])
    figure.update_yaxes(
        autorange=False, range=[len(compared) - 0.4, -0.6], automargin=True, ticklabelstandoff=8,
        tickfont={"size": 13, "color": theme.text}, type="category",
        categoryorder="array", categoryarray=list(compared["method"]),
    )  # fmt: skip
    return figure


def _reference(figure: go.Figure, compared: pd.DataFrame, theme: Theme) -> None:
    """A line at what random reasons reach."""
    for row in compared[compared["name"] == REFERENCE].itertuples():
        figure.add_shape(
            type="line", x0=row.mean, x1=row.mean, y0=0, y1=1, yref="paper", layer="below",
            line={"color": theme.zero, "width": 1.2, "dash": "3px,3px"},
        )  # fmt: skip


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round places on an axis, at most so many."""
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    places = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return [round(float(place), 12) for place in places]

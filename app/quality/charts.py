"""The figures of the Quality page. Imports no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts import template
from app.explanation_quality.charts import round_ticks
from app.theme import Theme

ROW, MARGIN = 34, {"l": 10, "r": 12, "t": 20, "b": 30}
_ROOM = 0.09  # of a bar that a share needs to be written in it


def accuracy(
    rows: pd.DataFrame, theme: Theme, overall: float, write: Callable[[float], str] = words.quality
) -> go.Figure:
    """A dot and its interval for each slice, the first on top; hollow where it may not differ from the others.

    `rows` has the columns slice, n, mean, low, high (None where there is no interval), sure, text; `overall` is the
    value over everybody, drawn as a line; `write` gives the text of a value on the axis.
    """
    figure = _rows(rows, theme)
    means, ends = rows["mean"].to_numpy(float), rows[["low", "high"]].astype(float).to_numpy()
    everything = np.concatenate([means, ends[np.isfinite(ends)], [overall]])
    low, high = float(everything.min()), float(everything.max())
    room = max(high - low, 1e-3)
    line = {"color": theme.zero, "width": 1.2, "dash": "3px,3px"}
    figure.add_shape(type="line", x0=overall, x1=overall, y0=0, y1=1, yref="paper", layer="below", line=line)
    for sure, ink, width in ((True, theme.text, 2.4), (False, theme.muted, 1.8)):
        drawn = (rows["sure"].to_numpy(bool) == sure) & np.isfinite(ends).all(axis=1)
        x = np.column_stack([ends[drawn], np.full(drawn.sum(), np.nan)]).ravel()  # a gap between two intervals
        y, line = np.repeat(rows["slice"].to_numpy()[drawn], 3), {"color": ink, "width": width}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", connectgaps=False)
    look = {"showarrow": False, "xanchor": "left", "xshift": 9, "font": {"size": 13, "color": theme.text}}
    places = np.where(np.isfinite(ends[:, 1]), ends[:, 1], means)
    texts = [f"<b>{row.text}</b>" if row.sure else row.text for row in rows.itertuples()]
    labels = zip(places, rows["slice"], texts, strict=True)
    figure.update_layout(annotations=[{"x": x, "y": y, "text": text, **look} for x, y, text in labels])
    ink = [theme.text if sure else theme.muted for sure in rows["sure"]]
    fill = [theme.text if sure else theme.background for sure in rows["sure"]]
    hover = [f"{_span(start, end)}, {n:,}" for (start, end), n in zip(ends, rows["n"], strict=True)]
    figure.add_scatter(
        x=means, y=rows["slice"], mode="markers", customdata=np.column_stack([rows["text"], hover]),
        hovertemplate="%{y}: %{customdata[0]} (%{customdata[1]})<extra></extra>",
        marker={"size": 10, "color": fill, "line": {"color": ink, "width": 2}},
    )  # fmt: skip
    span = (max(low - 0.06 * room, 0.0) if low > 0.06 * room else low - 0.03 * room, high + 0.2 * room)
    ticks = [tick for tick in round_ticks(*span) if tick >= 0]
    figure.update_xaxes(range=span, showgrid=True, tickvals=ticks, ticktext=[_tick(tick) for tick in ticks])
    return figure


def paths(rows: pd.DataFrame, theme: Theme, factors: Sequence[str]) -> go.Figure:
    """The parts' shares in each slice as stacked bars in path colours; no bar where a slice has none.

    `rows` has the columns slice, n and each factor (shares that sum to 1, or NaN).
    """
    figure = _rows(rows, theme)
    for name in factors:
        shares = rows[name].to_numpy(float)
        figure.add_bar(
            x=shares, y=rows["slice"], orientation="h", width=0.56, marker={"color": theme.path(name), "line_width": 0},
            text=[words.share(v) if v >= _ROOM else "" for v in shares],
            textposition="inside", insidetextanchor="middle", textangle=0,
            textfont={"size": 12, "color": theme.background}, constraintext="none",
            hovertemplate=f"%{{y}}: {words.factor_name(name)} %{{x:.0%}}<extra></extra>",
        )  # fmt: skip
    for row in rows[rows[list(factors)].isna().any(axis=1)].itertuples():
        figure.add_annotation(
            x=0, y=row.slice, text="hardly ever recommended", showarrow=False, xanchor="left", xshift=4,
            font={"size": 12, "color": theme.muted},
        )  # fmt: skip
    ticks = [0, 0.25, 0.5, 0.75, 1]
    figure.update_xaxes(range=[0, 1.02], showgrid=True, tickvals=ticks, ticktext=[words.share(tick) for tick in ticks])
    figure.update_layout(barmode="stack")
    return figure


def _rows(rows: pd.DataFrame, theme: Theme) -> go.Figure:
    """An empty figure with a row for each slice, its number of users or films in grey beside its name."""
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=ROW * len(rows) + MARGIN["t"] + MARGIN["b"], margin=MARGIN)
    counts = [f"{int(n):,}" if n == n else "" for n in rows["n"]]
    names = [
        f"{name}  <span style='color:{theme.muted}'>{n}</span>" for name, n in zip(rows["slice"], counts, strict=True)
    ]
    figure.update_yaxes(
        autorange=False, range=[len(rows) - 0.5, -0.5], automargin=True, ticklabelstandoff=8, type="category",
        tickfont={"size": 13, "color": theme.text}, tickvals=list(rows["slice"]), ticktext=names,
        categoryorder="array", categoryarray=list(rows["slice"]),
    )  # fmt: skip
    return figure


def _span(low: float, high: float) -> str:
    return f"{words.quality(low)} to {words.quality(high)}" if np.isfinite(low) else "no interval"


def _tick(value: float) -> str:
    text = "0" if not value else f"{value:.2f}" if round(value, 2) == value else f"{value:g}"
    return text.removeprefix("0") if text.startswith("0.") else text


def long_tail(
    curves: pd.DataFrame, names: Mapping[str, str], theme: Theme, main: str = "joint", height: int = 336
) -> go.Figure:
    """What the most popular films get of everything, cumulated; the films on a log axis, as a share of the catalogue.

    `curves` has the columns films, catalogue, and one of shares for each of `names` (column -> label); `main` is drawn
    as the model. Curves are named where they are furthest apart.
    """
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=height, margin={"l": 44, "r": 20, "t": 14, "b": 44})
    levels = np.linspace(0.34, 0.84, len(names))
    order = sorted(names, key=lambda name: -float(np.trapezoid(curves[name], np.log(curves["films"]))))
    for name in order:
        shares, ink = curves[name].to_numpy(), _ink(name, main, theme)
        line = {"color": ink, "width": 2.4 if name == main else 1.6, "dash": _DASH.get(name, "solid")}
        figure.add_scatter(
            x=curves["catalogue"], y=shares, mode="lines", line=line, customdata=curves["films"],
            hovertemplate=f"{names[name]}: the %{{customdata:,}} most popular films get %{{y:.0%}}<extra></extra>",
        )  # fmt: skip
    for name, level in zip(order, levels, strict=True):
        place = min(int(np.searchsorted(curves[name].to_numpy(), level)), len(curves) - 1)
        text = f"<b>{names[name]}</b>" if name == main else names[name]
        figure.add_annotation(
            x=float(np.log10(curves["catalogue"].iloc[place])), y=float(curves[name].iloc[place]), text=text,
            showarrow=False, font={"size": 12, "color": _ink(name, main, theme)}, bgcolor=theme.background, borderpad=2,
        )  # fmt: skip
    low = float(curves["catalogue"].iloc[0])
    ticks = [tick for tick in (0.0001, 0.001, 0.01, 0.1, 0.2, 0.5, 1.0) if tick >= low]
    texts = [words.share(tick, 0 if tick >= 0.01 else 1 if tick >= 0.001 else 2) for tick in ticks]
    figure.update_xaxes(type="log", range=[np.log10(low), 0.02], tickvals=ticks, ticktext=texts)
    figure.update_xaxes(title_text="most popular films, as a share of the catalogue")
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", showgrid=True, nticks=6)
    return figure


_DASH = {"popularity": "2px,3px", "histories": "7px,4px"}  # what is no model


def _ink(name: str, main: str, theme: Theme) -> str:
    return theme.text if name == main else theme.paths.get(name, theme.muted)

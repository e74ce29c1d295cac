"""The figures of the film page. Imports no Streamlit: pages and reports draw the same figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts import template
from app.theme import Theme
from vasp_models.data.describing import LongTail, Standing

HEIGHT = 336
MOST_GENRES = 9
CLEAR = 0.05  # the false discovery rate up to which a genre is told in full ink


def popularity(tail: LongTail, stands: Standing, place: int, theme: Theme) -> go.Figure:
    """The long tail: train users of each film by its place, with one film ringed and named.

    `place` is where the film stands on the curve (from 0); films that hold half of all likes lie on a band.
    """
    ranks = np.arange(1, len(tail.counts) + 1)
    some = np.union1d(tail.points(), [place])
    half = tail.holding(0.5)
    figure = go.Figure(
        layout={"template": template(theme), "height": HEIGHT, "margin": {"l": 52, "r": 20, "t": 24, "b": 44}}
    )
    figure.add_vrect(x0=0, x1=half, fillcolor=theme.card, line_width=0, layer="below")
    figure.add_scatter(
        x=ranks[some], y=np.maximum(tail.counts[some], 0.5), mode="lines", line={"color": theme.muted, "width": 2.4},
        customdata=tail.counts[some], hovertemplate="#%{x:,}: %{customdata:,} train users<extra></extra>",
    )  # fmt: skip
    ring = {"size": 12, "color": theme.background, "line": {"color": theme.text, "width": 2.4}}
    x, y = place + 1, max(stands.value, 0.5)
    figure.add_scatter(x=[x], y=[y], mode="markers", marker=ring, hoverinfo="skip", cliponaxis=False)
    late = x > 0.6 * len(ranks)
    figure.add_annotation(
        x=x, y=np.log10(y), text=f"<b>#{stands.rank:,}</b> · {int(stands.value):,}", showarrow=False,
        xanchor="right" if late else "left", yanchor="top" if late else "bottom",
        xshift=-9 if late else 9, yshift=-5 if late else 5,
    )  # fmt: skip
    figure.add_annotation(
        x=half, y=0, yref="paper", text=f"half of all likes: {half:,} films", showarrow=False, xanchor="left",
        yanchor="bottom", xshift=6, yshift=3, font={"size": 12, "color": theme.muted},
    )  # fmt: skip
    figure.update_xaxes(
        range=[0, len(ranks) * 1.01], title_text="films, the most popular first", tickformat=",", nticks=6
    )
    ticks = _count_ticks(max(int(tail.counts.max(initial=1)), 1))
    low = np.log10(max(float(tail.counts[-1]), 0.5)) - 0.1
    figure.update_yaxes(
        type="log", range=[low, np.log10(max(tail.counts.max(initial=1), 2)) + 0.15], tickvals=ticks,
        ticktext=[f"{tick:,}" for tick in ticks], showgrid=True, title_text="train users",
    )  # fmt: skip
    return figure


def _count_ticks(most: int) -> list[int]:
    """1, 10, 100 and so on, with 3, 30 ... between them where there are few."""
    decades = [10**n for n in range(len(str(most)))]
    ticks = decades if len(decades) > 3 else sorted({*decades, *(3 * tick for tick in decades)})
    return [tick for tick in ticks if tick <= most]


def tastes(table: pd.DataFrame, theme: Theme) -> go.Figure:
    """Dumbbells in genre colours: hollow the share of all other users with that favourite genre, solid of this film's.

    `table` as `audience.favourite_genres` gives it; the first rows of it are drawn, the largest ratio on top.
    """
    shown = drawn(table)
    rows = np.arange(len(shown))[::-1]
    colours = [theme.genre(name) for name in shown["genre"]]
    figure = go.Figure(
        layout={"template": template(theme), "height": HEIGHT, "margin": {"l": 96, "r": 76, "t": 12, "b": 44}}
    )
    for row, at, colour in zip(shown.itertuples(), rows, colours, strict=True):
        line = {"color": colour, "width": 2.2}
        figure.add_scatter(x=[row.other_share, row.fan_share], y=[at] * 2, mode="lines", line=line, hoverinfo="skip")
    for column, who, hollow in (("other_share", "others", True), ("fan_share", "its users", False)):
        outline, solid = {"color": colours, "width": 2.2}, {"size": 10.5, "color": colours}
        figure.add_scatter(
            x=shown[column], y=rows, mode="markers", customdata=shown["genre"],
            marker={"size": 11, "color": theme.background, "line": outline} if hollow else solid,
            hovertemplate=f"%{{customdata}}: %{{x:.1%}} of {who}<extra></extra>",
        )  # fmt: skip
    for row, at in zip(shown.itertuples(), rows, strict=True):
        figure.add_annotation(
            x=1, xref="paper", y=at, xanchor="left", xshift=8, text=ratio_text(row.ratio), showarrow=False,
            font={"color": theme.text if row.q < CLEAR else theme.muted},
        )  # fmt: skip
    top = max(float(shown[["fan_share", "other_share"]].to_numpy().max(initial=0)), 0.05)
    figure.update_xaxes(
        range=[-0.04 * top, 1.06 * top], tickformat=".0%", showgrid=True, nticks=6, title_text="share of users"
    )
    figure.update_yaxes(
        tickvals=rows, ticktext=list(shown["genre"]), range=[-0.6, max(len(shown), 4) - 0.4],
        tickfont={"size": 13, "color": theme.text},
    )  # fmt: skip
    return figure


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the favourite genres that are drawn: the most telling ones, by what fans have more than others."""
    shown = table.head(MOST_GENRES)
    gain = shown["fan_share"] - shown["other_share"]
    return shown.iloc[np.argsort(-gain.to_numpy(), kind="stable")]


def ratio_text(ratio: float) -> str:
    """A ratio of shares as ``×3.6`` or ``÷2.3``; a dash where a count is 0."""
    if not np.isfinite(ratio):
        return "–"
    return f"×{ratio:.1f}" if ratio >= 1 else f"÷{1 / ratio:.1f}"

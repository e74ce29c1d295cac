"""The figures of the data page. Imports no Streamlit: pages and reports draw the same figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts import template
from app.theme import Theme
from vasp_models.data.describing import LongTail, Step

HEIGHT, TALL = 260, 440
_MOST_LABELS = 12  # of bars that bear their share


def _figure(theme: Theme, height: int = HEIGHT, **margin: int) -> go.Figure:
    margin = {"l": 48, "r": 18, "t": 26, "b": 44} | margin
    return go.Figure(layout={"template": template(theme), "height": height, "margin": margin})


def _look(theme: Theme, solid: Sequence[bool] | bool = True) -> dict:
    """How bars are filled: in ink, or hollow."""
    inks = {True: theme.text, False: theme.background}
    colours = inks[solid] if isinstance(solid, bool) else [inks[bool(each)] for each in solid]
    return {"color": colours, "cornerradius": 2, "line": {"color": theme.text, "width": 1.6}}


def _small(theme: Theme) -> dict:
    return {"size": 12, "color": theme.muted}


def ratings(table: pd.DataFrame, theme: Theme) -> go.Figure:
    """How often each rating was given: solid what counts as a like, hollow what does not (columns as in the core)."""
    shares = table["ratings"] / max(int(table["ratings"].sum()), 1)
    labels = [words.share(s, 0 if s >= 0.01 else 1) if len(table) <= _MOST_LABELS else "" for s in shares]
    figure = _figure(theme)
    figure.add_bar(
        x=[f"{rating:g}" for rating in table["rating"]], y=shares, marker=_look(theme, table["liked"].to_numpy()),
        text=labels, textposition="outside", textfont=_small(theme) | {"size": 11}, cliponaxis=False,
        constraintext="none", textangle=0, customdata=table["ratings"],
        hovertemplate="rating %{x}: %{customdata:,} ratings, %{y:.1%}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(type="category", title_text="rating")
    figure.update_yaxes(tickformat=".0%", showgrid=True, nticks=5, title_text="share of ratings", rangemode="tozero")
    return figure


def user_means(table: pd.DataFrame, middle: float, theme: Theme) -> go.Figure:
    """How many users have which mean rating, with the median user named. Columns mean, users."""
    figure = _figure(theme)
    top = float(table["users"].max())
    figure.add_bar(
        x=table["mean"], y=table["users"], width=0.08, marker=_look(theme),
        hovertemplate="mean rating %{x:.1f}: %{y:,} users<extra></extra>",
    )  # fmt: skip
    _marked(figure, middle, top, f"median {middle:g}", theme)
    low, high = float(table["mean"].min()), float(table["mean"].max())
    room = 0.06 * (high - low) + 0.1
    figure.update_xaxes(range=[low - room, high + room], title_text="mean rating of a user", nticks=8)
    figure.update_yaxes(showgrid=True, nticks=5, tickformat=",", title_text="users", range=[0, 1.16 * top])
    return figure


def _marked(figure: go.Figure, x: float, top: float, text: str, theme: Theme, late: bool = False) -> None:
    """A dotted line at a place of the axis, named above the bars."""
    line = {"color": theme.muted, "width": 1.6, "dash": "3px,3px"}
    figure.add_scatter(x=[x, x], y=[0, 1.1 * top], mode="lines", line=line, hoverinfo="skip")
    figure.add_annotation(
        x=x, y=1.1 * top, text=text, showarrow=False, xanchor="right" if late else "left", yanchor="middle",
        xshift=-6 if late else 6, font=_small(theme),
    )  # fmt: skip


def long_tail(tail: LongTail, theme: Theme) -> go.Figure:
    """Which share of all likes the most popular films hold, with the films named that hold half."""
    n, half = len(tail.items), tail.holding(0.5)
    at = tail.points() + 1
    figure = _figure(theme)
    figure.add_scatter(
        x=[0, n], y=[0, 1], mode="lines", hoverinfo="skip", line={"color": theme.zero, "width": 1.4, "dash": "3px,3px"}
    )
    figure.add_scatter(
        x=[0, *at], y=[0, *tail.held[at - 1]], mode="lines", line={"color": theme.text, "width": 2.4},
        hovertemplate="the first %{x:,} films: %{y:.0%} of all likes<extra></extra>",
    )  # fmt: skip
    ring = {"size": 11, "color": theme.background, "line": {"color": theme.text, "width": 2.4}}
    figure.add_scatter(x=[half], y=[tail.held_by(half)], mode="markers", marker=ring, hoverinfo="skip")
    beside = {"showarrow": False, "xanchor": "left", "xshift": 10}
    named = f"<b>{words.count(half, 'film')}</b> hold half of all likes"
    figure.add_annotation(
        x=half, y=tail.held_by(half), text=named, yanchor="top", yshift=4, bgcolor=theme.background, **beside
    )
    figure.add_annotation(
        x=0.72 * n, y=0.72, text="if all were alike", font=_small(theme), yanchor="top", yshift=-4, **beside
    )
    figure.update_xaxes(range=[0, n * 1.01], tickformat=",", nticks=6, title_text="films, the most popular first")
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", showgrid=True, nticks=5, title_text="share of likes")
    return figure


def lengths(table: pd.DataFrame, middle: float, theme: Theme) -> go.Figure:
    """How many users have a history of how many films, the median named. Columns low, high, users."""
    figure, at, top = _figure(theme), np.arange(len(table)), float(table["users"].max())
    names = [f"{row.low:,}" if row.low == row.high else f"{row.low:,}–{row.high:,}" for row in table.itertuples()]
    figure.add_bar(
        x=at, y=table["users"], marker=_look(theme), customdata=names, width=0.78,
        hovertemplate="%{customdata} films: %{y:,} users<extra></extra>",
    )  # fmt: skip
    place = _within(table, middle)
    _marked(figure, place, top, f"median {middle:g}", theme, late=place > 0.6 * len(table))
    step = max(1, -(-len(table) // 8))
    ticks = {"tickvals": at[::step], "ticktext": [f"{low:,}" for low in table["low"][::step]]}
    figure.update_xaxes(range=[-0.7, len(table) - 0.3], title_text="films in the history", **ticks)
    figure.update_yaxes(showgrid=True, nticks=5, tickformat=",", title_text="users", range=[0, 1.18 * top])
    return figure


def _within(table: pd.DataFrame, value: float) -> float:
    """The place of a value on the axis of the bins."""
    row = int(np.clip(np.searchsorted(table["low"].to_numpy(), value, side="right") - 1, 0, len(table) - 1))
    low, high = int(table["low"].iloc[row]), int(table["high"].iloc[row]) + 1
    return row - 0.39 + 0.78 * (value - low) / (high - low)


def genres_height(table: pd.DataFrame) -> int:
    """The height in px of `genres`, and of what stands beside it."""
    return max(TALL, 23 * len(table) + 70)


def genres(table: pd.DataFrame, theme: Theme) -> go.Figure:
    """Dumbbells in genre colours: hollow the share of films with each genre, solid its share of likes."""
    at = np.arange(len(table))[::-1]
    colours = [theme.genre(name) for name in table["genre"]]
    figure = _figure(theme, genres_height(table), l=96, t=12)
    for row, y, colour in zip(table.itertuples(), at, colours, strict=True):
        line = {"color": colour, "width": 2.2}
        figure.add_scatter(
            x=[row.film_share, row.like_share], y=[y, y], mode="lines", line=line, hoverinfo="skip"
        )  # fmt: skip
    outline, solid = {"color": colours, "width": 2.2}, {"size": 10.5, "color": colours}
    for column, what, hollow in (("film_share", "films", True), ("like_share", "likes", False)):
        figure.add_scatter(
            x=table[column], y=at, mode="markers", customdata=table["genre"],
            marker={"size": 11, "color": theme.background, "line": outline} if hollow else solid,
            hovertemplate=f"%{{customdata}}: %{{x:.1%}} of all {what}<extra></extra>",
        )  # fmt: skip
    top = float(table[["film_share", "like_share"]].to_numpy().max())
    figure.update_xaxes(range=[-0.04 * top, 1.06 * top], tickformat=".0%", showgrid=True, nticks=6, title_text="share")
    look = {"tickfont": {"size": 13, "color": theme.text}, "range": [-0.7, len(table) - 0.3]}
    figure.update_yaxes(tickvals=at, ticktext=list(table["genre"]), **look)
    return figure


def decades(table: pd.DataFrame, theme: Theme, height: int = TALL) -> go.Figure:
    """Share of films (hollow) and of likes (solid) of each decade of release, as the core's `decades` gives them."""
    figure, names = _figure(theme, height, t=12), [f"{decade}s" for decade in table["decade"]]
    for column, share, solid in (("films", "film_share", False), ("likes", "like_share", True)):
        figure.add_bar(
            x=names, y=table[share], marker=_look(theme, solid), customdata=table[column], name=column,
            hovertemplate=f"%{{x}}: %{{customdata:,}} {column}, %{{y:.0%}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(bargap=0.34, bargroupgap=0.08)
    few = names[:: 1 + (len(names) > 8)]  # on a telephone there is no room for more
    figure.update_xaxes(type="category", title_text="decade of release", tickvals=few, tickangle=0)
    figure.update_yaxes(tickformat=".0%", showgrid=True, nticks=6, title_text="share")
    return figure


def preprocessing(steps: Sequence[Step], names: Sequence[str], theme: Theme, narrow: bool = False) -> go.Figure:
    """What became of every row: whole and parts solid, what was removed hollow, each beginning where the last ends.

    Where it is `narrow` the names stand above their bars.
    """
    at, bases = np.arange(len(steps))[::-1], _bases(steps)
    margin = {"l": 8, "r": 84} if narrow else {"l": 204, "r": 104}
    figure = _figure(theme, (46 if narrow else 34) * len(steps) + 40, t=10, b=28, **margin)
    figure.add_bar(
        x=[step.rows for step in steps], base=bases, y=at, orientation="h", width=0.4 if narrow else 0.56,
        marker=_look(theme, [step.kind != "removed" for step in steps]), customdata=names,
        hovertemplate="%{customdata}: %{x:,}<extra></extra>",
    )  # fmt: skip
    for step, y, base, name in zip(steps, at, bases, names, strict=True):
        ink = theme.muted if step.kind == "removed" else theme.text
        beside = {"showarrow": False, "xanchor": "left", "font": {"color": ink}}
        text = f"{'−' if step.kind == 'removed' and step.rows else ''}{step.rows:,}"
        figure.add_annotation(x=base + step.rows, y=y, text=text, xshift=6, **beside)
        if narrow:
            figure.add_annotation(x=0, y=y + 0.2, text=name, yanchor="bottom", **beside)
    whole = max((step.rows for step in steps), default=1)
    figure.update_xaxes(range=[0, whole], showgrid=True, nticks=4 if narrow else 5, tickformat="~s", tickangle=0)
    look = {"tickfont": {"size": 13, "color": theme.text}, "range": [-0.6, len(steps) - 0.2]}
    figure.update_yaxes(tickvals=at, ticktext=[f"{name}\u2002" for name in names], showticklabels=not narrow, **look)
    return figure


def _bases(steps: Sequence[Step]) -> list[int]:
    """Where each bar begins: what is removed goes from the end of what there was, the parts follow one another."""
    bases, left, parted = [], 0, 0
    for step in steps:
        if step.kind == "removed":
            left -= step.rows
            bases.append(left)
        elif step.kind == "part":
            bases.append(parted)
            parted += step.rows
        else:
            left = step.rows
            bases.append(0)
    return bases

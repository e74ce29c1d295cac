"""Where several checkpoints place the same films: columns of numbers, and each film's way between them."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts import template
from app.compare.charts import Look, Looks
from app.theme import Theme

ROW = 34  # px, a film
_BOLD = 3  # films whose ways are drawn strongly
_LEVEL = 3  # heads that fit beside each other on a narrow screen
_LONGEST = {"wide": 30, "narrow": 17}  # characters of a film's title


def moves(places: pd.DataFrame, looks: Looks, theme: Theme, k: int, screen: str) -> go.Figure:
    """The reference's first films, in the order that each checkpoint gives them; each with its place in that list.

    `places` has the column film (title) and for each checkpoint, the reference first, one of places (0: not ranked).
    Filled: among the first k. `screen` is wide or narrow.
    """
    names, wide = [name for name in places if name != "film"], screen == "wide"
    tilted = not wide and len(names) > _LEVEL
    ranks = places[names].where(places[names] != 0, np.inf).to_numpy(float)
    order = np.argsort(np.argsort(ranks, axis=0, kind="stable"), axis=0, kind="stable").astype(float)
    films, last = len(places), len(names) - 1
    first = np.arange(films) < _BOLD
    traces = [_ways(order[~first], theme.neutral, 1.2), _ways(order[first], theme.text, 2.2)]
    titles = [html.escape(_cut(title, _LONGEST[screen]), quote=False) for title in places["film"]]
    for step, name in enumerate(names):
        traces.append(_column(places["film"], step, order[:, step], ranks[:, step], k, looks[name], theme))
    notes = [
        {"x": step, "y": place, "text": title, "showarrow": False, "xanchor": anchor, "xshift": shift,
         "font": {"size": 13 if wide else 12, "color": theme.text}}
        for step, anchor, shift in [(0, "right", -20), (last, "left", 20)][: 2 if wide else 1]
        for place, title in zip(order[:, step], titles, strict=True)
    ]  # fmt: skip
    notes += [
        {"x": step, "y": 1, "yref": "paper", "text": looks[name].written, "showarrow": False, "yanchor": "bottom",
         "xanchor": "left" if tilted else "center", "xshift": -8 if tilted else 0, "textangle": -40 if tilted else 0,
         "font": {"size": 13, "color": looks[name].colour}}
        for step, name in enumerate(names)
    ]  # fmt: skip
    top, side, right = 76 if tilted else 30, 216 if wide else 128, 216 if wide else 44
    layout = {
        "template": template(theme), "height": ROW * films + top + 10, "annotations": notes,
        "margin": {"l": side, "r": right, "t": top, "b": 10},
        "xaxis": {"visible": False, "range": [0, max(last, 1)]},
        "yaxis": {"visible": False, "range": [films - 0.5, -0.5]},
    }  # fmt: skip
    return go.Figure(traces, layout)  # in one call, which plotly checks in a fraction of the time


def _ways(order: np.ndarray, colour: str, width: float) -> dict:
    """The films' ways from column to column as one trace, with a gap after each."""
    films, steps = order.shape
    x = np.tile(np.append(np.arange(steps, dtype=float), np.nan), films)
    y = np.column_stack([order, np.full(films, np.nan)]).ravel()
    return _trace(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _column(films, step: int, order: np.ndarray, ranks: np.ndarray, k: int, look: Look, theme: Theme) -> dict:
    """One checkpoint's column: the places of the films as numbers in circles."""
    inside = ranks <= k
    fill, ink = np.where(inside, look.colour, theme.background), np.where(inside, theme.background, theme.text)
    whole = [f"#{rank:,.0f}" if np.isfinite(rank) else "not ranked" for rank in ranks]
    return _trace(
        x=[step] * len(order), y=order, mode="markers+text", text=[_place(rank) for rank in ranks],
        marker={"size": 25, "color": fill.tolist(), "line": {"color": look.colour, "width": 1.6}},
        textfont={"size": 11, "color": ink.tolist()},
        customdata=[[html.escape(film), place] for film, place in zip(films, whole, strict=True)],
        hovertemplate=f"{look.written}: %{{customdata[0]}} %{{customdata[1]}}<extra></extra>",
    )  # fmt: skip


def _trace(**values: object) -> dict:
    return {"type": "scatter", "cliponaxis": False, "connectgaps": False} | values


def _cut(title: str, longest: int) -> str:
    return title if len(title) <= longest else f"{title[: longest - 1].rstrip()}…"


def _place(rank: float) -> str:
    """A place in a small circle; from 1,000 on in thousands."""
    if not np.isfinite(rank):
        return "–"
    return f"{rank:.0f}" if rank < 1000 else f"{rank / 1000:.{0 if rank >= 9950 else 1}f}k"

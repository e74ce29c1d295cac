"""The profile lab's two figures: a film's place after each change, and two lists beside each other."""

from __future__ import annotations

from collections.abc import Sequence
import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts import template
from app.theme import Theme

MOST_SLOPES = 20  # more lines cannot be told apart
LONGEST_TITLE = 30  # characters beside a slope
MOST_NAMED = 10  # labels along a way
WAY_HEIGHT = 256  # px
NOWHERE = 0


def way(places: Sequence[int], theme: Theme) -> go.Figure:
    """A film's place after each change, first place on top; a gap where it has none."""
    ranks = np.array([place or np.nan for place in places], dtype=float)
    steps, last = np.arange(len(ranks)), max(len(ranks) - 1, 1)
    line = _trace(
        x=steps, y=ranks, mode="lines+markers+text", text=_named(places), textposition=_sides(ranks),
        textfont={"size": 12, "color": theme.text}, line={"color": theme.text, "width": 2.4},
        marker={"size": 7, "color": theme.text}, hovertemplate="after change %{x}: #%{y:,}<extra></extra>",
    )  # fmt: skip
    worst = max(float(np.nanmax(ranks, initial=1.0)), 3.0)
    ticks = [tick for tick in (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000) if tick <= worst]
    vertical = {"type": "log", "range": [np.log10(worst) * 1.14 + 0.08, -0.14 * np.log10(worst)], "showgrid": True}
    vertical |= {"tickvals": ticks, "ticktext": [f"#{tick:,}" for tick in ticks]}
    across = {"range": [-0.04 * last - 0.1, last * 1.04 + 0.1], "tickvals": steps[:: max(len(steps) // 8, 1)]}
    across |= {"title": {"text": "change"}}
    return _figure([line], theme, WAY_HEIGHT, (48, 24, 20, 44), xaxis=across, yaxis=vertical)


def _named(places: Sequence[int]) -> list[str]:
    """The places as labels; of many only the first, the best and the last, which do not crowd."""
    shown = [n for n, place in enumerate(places) if place]
    if len(shown) > MOST_NAMED:
        shown = [shown[0], min(shown, key=lambda n: places[n]), shown[-1]]
    return [f"#{place:,}" if n in shown else "" for n, place in enumerate(places)]


def _sides(ranks: np.ndarray) -> list[str]:
    """Where each label stands: below a point from which the line rises, else above it."""
    around = np.pad(ranks, 1, constant_values=np.nan)
    neighbours = np.fmin(around[:-2], around[2:])
    with np.errstate(invalid="ignore"):
        return ["bottom center" if rises else "top center" for rises in neighbours < ranks * 0.8]


def slopes_height(k: int) -> int:
    """The height in px of the slopes of the first k films."""
    return 44 + 25 * (min(k, MOST_SLOPES) + 1)


def slopes(films: pd.DataFrame, k: int, theme: Theme) -> go.Figure:
    """The first k of the pinned list on the left, of the list now on the right, a line for each film of either.

    `films` has the columns title, pinned, now (places, NOWHERE: none). What stands beyond the first k, or nowhere, lies
    below both lists. Bold lines enter, dashed ones leave.
    """
    height, k = slopes_height(k), min(k, MOST_SLOPES)
    outside = k + 1.1
    was, now = (films[side].where(films[side].between(1, k), outside).to_numpy(float) for side in ("pinned", "now"))
    thin = {"color": theme.neutral, "width": 1.4}
    looks = [
        ((was < outside) & (now < outside), thin),
        ((was == outside) & (now < outside), {"color": theme.text, "width": 2.4}),
        ((was < outside) & (now == outside), thin | {"dash": "4px,3px"}),
    ]
    traces = [_lines(was[kept], now[kept], look) for kept, look in looks]
    traces += [_end(films["title"], was, 0, "left", theme), _end(films["title"], now, 1, "right", theme)]
    notes = [{"x": 0, "y": 0.25, "text": "A"}, {"x": 1, "y": 0.25, "text": "now"}]
    if looks[1][0].any() or looks[2][0].any():
        notes.append({"x": 0.5, "y": outside + 0.4, "text": "outside the list"})
    small = {"showarrow": False, "font": {"size": 12, "color": theme.muted}}
    return _figure(
        traces, theme, height, (206, 206, 6, 6), annotations=[note | small for note in notes],
        xaxis={"visible": False, "range": [-0.02, 1.02]}, yaxis={"visible": False, "range": [outside + 0.9, -0.2]},
    )  # fmt: skip


def _lines(was: np.ndarray, now: np.ndarray, look: dict) -> dict:
    """All lines of one look as one trace, with a gap after each."""
    gaps = np.full(len(was), np.nan)
    x, y = np.tile([0, 1, np.nan], len(was)), np.column_stack([was, now, gaps]).ravel()
    return _trace(x=x, y=y, mode="lines", line=look, hoverinfo="skip")


def _end(titles: pd.Series, places: np.ndarray, x: int, side: str, theme: Theme) -> dict:
    """One end of the slopes: each film's place and title."""
    shown = [(int(place), short(title)) for title, place in zip(titles, places, strict=True) if place == int(place)]
    text = [f"<b>{place}</b>  {title}" if x else f"{title}  <b>{place}</b>" for place, title in shown]
    return _trace(
        x=[x] * len(shown), y=[place for place, _ in shown], mode="markers+text", text=text, hoverinfo="skip",
        textposition=f"middle {side}", textfont={"size": 12.5, "color": theme.text},
        marker={"size": 6, "color": theme.text},
    )  # fmt: skip


def short(title: str) -> str:
    """A title that fits beside a slope, its signs made plain: plotly reads some HTML."""
    cut = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    return html.escape(cut, quote=False)


def _trace(**values: object) -> dict:
    return {"type": "scatter", "cliponaxis": False, "connectgaps": False} | values


def _figure(traces: list[dict], theme: Theme, height: int, room: tuple[int, ...], **layout: object) -> go.Figure:
    """A figure made in one call, which plotly checks in a third of the time; `room`: px left, right, top, bottom."""
    margin = dict(zip("lrtb", room, strict=True))
    return go.Figure(traces, {"template": template(theme), "height": height, "margin": margin} | layout)

"""The figures of an explanation. Imports no Streamlit: pages, the command line and reports draw the same figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
import math

import numpy as np
import plotly.graph_objects as go

from app import words
from app.charts import template
from app.explain.words import SMALLEST, Unit
from app.theme import Theme

WATERFALL_HEIGHT, REASONS_HEIGHT = 330, 336
_ABOVE = 42  # px from one film to the next where their titles stand above the bars
_ROW = 34  # px at most from one film to the next: a few films do not become a few slabs
_TITLE = 34  # characters of a film's title beside its bar
# Steps of a factor axis, from dense to wide: up to ×2, then by halves, by decades cut at 2 and 5, by decades.
_LINEAR_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_APART = 0.16  # share of the axis between two ticks, at least
_NARROWEST = {"waterfall": 150, "reasons": 260}  # px of the axis, on a telephone where the figure is shown there


def factor_ticks(low: float, high: float, width: int) -> dict[float, str]:
    """Places and texts of the ticks of a factor axis between two logs, 0 among them: ``÷1.2  ×1  ×1.2  ×1.4``.

    There are as many as have room on an axis of `width` px.
    """
    reach = math.exp(min(max(-low, high, 1e-4), 300.0))
    series = [[1 + step * n for n in range(1, 12)] for step in _LINEAR_STEPS]
    decades = int(math.log10(reach)) + 2
    series.append([cut * 10.0**n for n in range(decades) for cut in (1, 2, 5)])
    series += [[10.0**n for n in range(0, decades + skip, skip)] for skip in (1, 2, 5, 10, 25, 50)]
    for factors in series:
        if factors[-1] < reach:  # ends before the axis does
            continue
        logs = [math.log(factor) for factor in factors if factor > 1]
        ticks = {0.0: "×1"} | {log: _factor(log) for log in logs if log <= high}
        ticks = {-log: _factor(-log) for log in logs if -log >= low} | ticks
        places = sorted(ticks)
        apart = max(_APART, (6 * max(map(len, ticks.values())) + 4) / width) * (high - low)
        if all(b - a >= apart for a, b in pairwise(places)):
            return ticks
    return {0.0: "×1"}


def _factor(log: float) -> str:
    size = math.exp(abs(log))
    number = words.times(abs(log), 0)[1:] if size >= 999 else f"{size:.4g}"
    return f"{'×' if log >= 0 else '÷'}{number}"


def _value_axis(unit: Unit, low: float, high: float, title: str, width: int) -> dict:
    """The value axis: in logs with factors as ticks, or plain."""
    axis = {"range": [low, high], "showgrid": True, "title": {"text": title}}
    if not unit.factors:
        return axis
    ticks = factor_ticks(low, high, width)
    return axis | {"tickvals": list(ticks), "ticktext": list(ticks.values()), "tickangle": 0}


def _bar(value: float, colour: str, theme: Theme) -> dict:
    """How a bar is filled: solid where it lifts, hollow where it lowers."""
    if value >= 0:
        return {"color": colour, "cornerradius": 2, "line": {"color": theme.background, "width": 1}}
    return {"color": theme.background, "cornerradius": 2, "line": {"color": colour, "width": 1.8}}


def _note(x: float, y: float, text: str, colour: str, size: int = 13, **place: object) -> dict:
    """Words on the figure, by default to the right of a point."""
    beside = {"xanchor": "left", "xshift": 5, "showarrow": False, "font": {"size": size, "color": colour}}
    return {"x": x, "y": y, "text": text} | beside | place


_LEFT = {"xanchor": "right", "xshift": -5}


def _figure(theme: Theme, traces: list[dict], notes: list[dict], height: int, margin: dict, **layout) -> go.Figure:
    # At once: to add traces and words one by one takes plotly ten times as long.
    look = {"template": template(theme), "height": height, "margin": margin, "annotations": notes}
    return go.Figure(data=traces, layout=look | layout)


def waterfall(terms: Mapping[str, float], unit: Unit, theme: Theme, empty: str, now: str) -> go.Figure:
    """From an empty profile to the score: what each factor adds, one bar after the other, and their sum.

    `terms` factor -> what the history adds to it; `empty` and `now` say the film's place at both ends.
    """
    names = list(terms) if len(terms) > 1 else []
    rows = ["Empty profile", *(words.factor_name(name) for name in names), "Score"]
    total, last = sum(terms.values()), len(rows) - 1
    ends = np.cumsum([0.0, *(terms[name] for name in names)]).tolist()
    span = max(float(np.ptp([*ends, total])), 0.02)
    low, high = min(0.0, total, *ends) - 0.05 * span, max(0.0, total, *ends) + 0.02 * span
    high = max(high, low + span)  # nothing moves: the ring stands on the left
    bars = [(ends[n], terms[name], rows[n + 1], theme.path(name)) for n, name in enumerate(names)]
    thick = 0.56 * len(rows) / 5  # as thick in px with fewer parts
    drawn = [False, *(abs(value) >= SMALLEST for value in [*(terms[name] for name in names), total])]
    traces = [_connector(ends[min(n, len(ends) - 1)], n, drawn[n : n + 2], thick / 2, theme) for n in range(last)]
    traces += [
        {
            "type": "bar", "orientation": "h", "x": [value], "base": [start], "y": [n + 1],
            "width": thick,
            "marker": _bar(value, colour, theme), "hovertemplate": f"{name} {unit.text(value)}<extra></extra>",
        }
        for n, (start, value, name, colour) in enumerate([*bars, (0.0, total, "Score", theme.text)])
        if drawn[n + 1]
    ]  # fmt: skip
    ring = {"size": 11, "color": theme.background, "line": {"color": theme.text, "width": 2.4}}
    traces.append({"x": [0.0], "y": [0], "mode": "markers", "marker": ring, "hoverinfo": "skip"})
    score = f"<b>{unit.text(total)}</b>\u2002<span style='color:{theme.muted}'>{now}</span>"
    notes = [_note(0.0, 0, f"\u2002{empty}", theme.muted), _note(max(0.0, total), last, score, theme.text)]
    for n, (start, value, *_) in enumerate(bars):
        notes.append(_note(max(start, start + value), n + 1, unit.text(value), theme.text))
    title = "score ÷ score for an empty profile" if unit.factors else "score − score for an empty profile"
    return _figure(
        theme, traces, notes, WATERFALL_HEIGHT, {"l": 106, "r": 90, "t": 6, "b": 44},
        xaxis=_value_axis(unit, low, high, title, _NARROWEST["waterfall"]),
        yaxis=_names(rows, [last + 0.55, -0.45], theme),
    )  # fmt: skip


def _connector(x: float, row: int, bars: Sequence[bool], half: float, theme: Theme) -> dict:
    """From one row to the next, between the edges of those that have a bar (`bars`)."""
    line = {"color": theme.zero, "width": 1.2}
    ends = [row + half * bars[0], row + 1 - half * bars[1]]
    return {"x": [x, x], "y": ends, "mode": "lines", "line": line, "hoverinfo": "skip"}


def _names(names: Sequence[str], between: list[float], theme: Theme) -> dict:
    """The axis of names, the first on top."""
    font = {"size": 13, "color": theme.text}
    return {"range": between, "tickvals": list(range(len(names))), "ticktext": list(names), "tickfont": font}


def reasons(
    titles: Sequence[str], effects: Mapping[str, np.ndarray], unit: Unit, theme: Theme, axis: str, narrow: bool = False
) -> go.Figure:
    """What each film of the history does, split over the factors: solid parts speak for the film, hollow ones against.

    `titles` (n) in the order to be drawn, `effects` factor -> its part of each film's effect (n). Titles stand beside
    the bars, on a `narrow` screen above them.
    """
    n, values = len(titles), np.stack(list(effects.values()))
    total = values.sum(axis=0)
    ups, downs = np.where(values > 0, values, 0).sum(axis=0), np.where(values < 0, values, 0).sum(axis=0)
    low, high = float(downs.min(initial=0)), max(float(ups.max(initial=0)), 10 * SMALLEST)
    low -= (high - low) * (0.21 if (total < 0).any() else 0.03)  # room for the numbers to the left of bars
    traces = [
        _films(titles, name, value, sign, unit, theme, 0.36 if narrow else 0.6)
        for name, value in zip(effects, values, strict=True)
        for sign in (1, -1)
    ]
    notes = [
        _note(downs[row], row, unit.text(total[row]), theme.text, **_LEFT)
        if total[row] < 0
        else _note(ups[row], row, unit.text(total[row]), theme.text)
        for row in range(n)
    ]
    if narrow:
        above = {"xref": "paper", "xshift": 0, "yanchor": "bottom", "bgcolor": theme.background, "borderpad": 0}
        notes += [_note(0, row - 0.21, _plain(title), theme.text, **above) for row, title in enumerate(titles)]
    rows = n if narrow else max(n, (REASONS_HEIGHT - 50) // _ROW)
    height, left = (_ABOVE * n + 50, 8) if narrow else (REASONS_HEIGHT, 216)
    zero = {"type": "line", "x0": 0, "x1": 0, "y0": -0.6, "y1": n - 0.4, "line": {"color": theme.zero, "width": 1.2}}
    beside = _names([_short(title) for title in titles], [rows - 0.4, -0.8 if narrow else -0.6], theme)
    return _figure(
        theme, traces, notes, height, {"l": left, "r": 56, "t": 6, "b": 44}, barmode="relative", shapes=[zero],
        xaxis=_value_axis(unit, low, high, axis, _NARROWEST["reasons"]), yaxis=beside | {"showticklabels": not narrow},
    )  # fmt: skip


def _films(titles, factor: str, values: np.ndarray, sign: int, unit: Unit, theme: Theme, width: float) -> dict:
    """One factor's bars of the films for which it speaks (sign 1), or against which (-1)."""
    at = np.flatnonzero(sign * values > 0)
    name = words.factor_name(factor)
    return {
        "type": "bar", "orientation": "h", "x": values[at], "y": at, "width": width,
        "marker": _bar(sign, theme.path(factor), theme),
        "customdata": [[_plain(titles[row]), unit.text(values[row])] for row in at],
        "hovertemplate": f"%{{customdata[0]}}<br>{name} %{{customdata[1]}}<extra></extra>",
    }  # fmt: skip


def _short(title: str) -> str:
    """A title that fits beside its bar; the year stays."""
    if len(title) <= _TITLE:
        return _plain(title)
    year = title[-7:] if title.endswith(")") and title[-7:-5] == " (" else ""
    return _plain(f"{title[: _TITLE - len(year) - 1].rstrip()}…{year}")


def _plain(text: str) -> str:
    # Plotly reads a few tags in its texts: from data they stay what they are.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_LABELLED = (0, 1, 2, 3, 4, 8)  # points of the deletion curve that are named, beside the last


def deletion(curve, theme: Theme) -> go.Figure:
    """What is left of the score (else the place in the list) while the strongest reasons go, beside random orders."""
    steps = np.arange(len(curve))
    values = curve.ranks.astype(float) if curve.share is None else curve.share
    left = "" if curve.share is None else ", %{y:.0%} of the score left"
    line = {
        "x": steps, "y": values, "mode": "lines+markers", "marker": {"size": 8},
        "line": {"color": theme.text, "width": 2.4},
        "customdata": [[f"#{rank:,}", words.count(n, "film")] for n, rank in enumerate(curve.ranks)],
        "hovertemplate": f"without %{{customdata[1]}}: %{{customdata[0]}}{left}<extra></extra>",
    }  # fmt: skip
    notes = [
        _note(step, values[step], f"#{curve.ranks[step]:,}", theme.text, 12, **_beside(curve, step))
        for step in steps.tolist()
        if step in _LABELLED or step == steps[-1]
    ]
    traces = [line]
    if curve.share is None:
        worst = max(values.max(), 2.0)
        ticks = _place_ticks(worst)
        labels = {"tickvals": ticks, "ticktext": [f"#{tick:,}" for tick in ticks]}
        scale = {"range": [worst * 1.05, 1 - 0.12 * worst]} | labels
    else:
        traces = [*_band(curve, steps, theme), line]
        notes += _band_names(curve, steps, theme)
        top = _highest(curve)
        step = {"nticks": 6} if top >= 3 else {"dtick": 0.25 if top < 1.3 else 0.5}
        scale = {"range": [0, top * 1.09], "tickformat": ",.0%"} | step
    ticks = [int(step) for step in steps if not step % 2 or len(steps) < 6]
    title = {"text": "films removed from the history"}
    across = {"range": [-0.25, max(steps[-1], 1) + 0.45], "title": title, "tickvals": ticks}
    return _figure(
        theme, traces, notes, REASONS_HEIGHT, {"l": 46, "r": 22, "t": 16, "b": 44},
        xaxis=across, yaxis=scale | {"showgrid": True},
    )  # fmt: skip


def _place_ticks(worst: float) -> list[int]:
    """Round places down to the worst, the first among them."""
    step = next(n * 10**power for power in range(12) for n in (1, 2, 5) if n * 10**power * 5 >= worst)
    return [1, *range(max(step, 2), int(worst) + 1, step)]


def _highest(curve) -> float:
    """The largest share in the figure: a film that the history speaks against may gain from what goes."""
    return max(1.0, float(curve.share.max()), float(curve.random_high.max()))


def _beside(curve, step: int) -> dict:
    """Where a point's place is written: above it, or below where the random orders are just above."""
    near = curve.share is not None and step and 0 <= curve.random_high[step] - curve.share[step]
    room = 0.13 * _highest(curve) if near else 0.0
    if near and curve.random_low[step] - room < curve.share[step] > room:  # below it there is room
        return {**_LEFT, "yanchor": "top", "yshift": -1}
    return {"yanchor": "bottom", "yshift": 2}


def _band(curve, steps: np.ndarray, theme: Theme) -> list[dict]:
    """The middle 80 % of the random orders, their median dotted."""
    bare = {"x": steps, "mode": "lines", "hoverinfo": "skip"}
    dotted = {"color": theme.muted, "width": 1.6, "dash": "3px,3px"}
    return [
        bare | {"y": curve.random_low, "line": {"width": 0}},
        bare | {"y": curve.random_high, "line": {"width": 0}, "fill": "tonexty", "fillcolor": theme.band},
        bare | {"y": curve.random_median, "line": dotted},
    ]


def _band_names(curve, steps: np.ndarray, theme: Theme) -> list[dict]:
    """The names of both lines, where there is room for them."""
    if len(steps) < 4:
        return []
    middle = {"xanchor": "center", "xshift": 0, "yanchor": "middle"}
    at = round(steps[-1] * 0.7)
    low, median, high = (band[at] for band in (curve.random_low, curve.random_median, curve.random_high))
    room = 0.2 * _highest(curve)
    wide = high - low > room  # else the name stands above the band
    place = middle if wide else middle | {"yanchor": "bottom"}
    names = [_note(at, (median + high) / 2 if wide else high, "random films", theme.muted, 12, **place)]
    at = round(steps[-1] * 0.8)
    if curve.random_low[at] - curve.share[at] > room:
        y = curve.share[at] + 0.6 * (curve.random_low[at] - curve.share[at])
        names.append(_note(at, y, "strongest reasons first", theme.text, 12, **middle))
    return names

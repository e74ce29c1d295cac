"""The figures of studies. Imports no Streamlit: the command line and the Paper page draw the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts import template
from app.theme import Theme

MARGIN = {"l": 48, "r": 176, "t": 36, "b": 44}
_TITLES = {"dot product": "dot product", "concatenation": "concatenation and MLP"}
_BETWEEN = 1.7  # from the last size of one panel to the first of the next, in steps
_APART = 0.075  # of the height, from one label to the next


def study_figure(frame: pd.DataFrame, theme: Theme, height: int = 340) -> go.Figure:
    """Quality over size, a panel for each way to join user and item, a line for each pair of inputs.

    `frame` has the columns user_input, item_input (id or history), fusion, size, metric (hr@10 or rmse), mean and se;
    what failed has no mean, or no row. Dark lines read the user's history, pale ones the user's number; solid lines
    and filled dots read an item's history (who has it), dashed lines and rings its number. The labels stand beside
    the last panel. Raises ValueError where nothing was measured.
    """
    measured = frame[frame["mean"].notna()]
    if measured.empty:
        raise ValueError("nothing was measured")
    sizes = sorted(measured["size"].unique().tolist())
    panels = [name for name in _TITLES if (measured["fusion"] == name).any()]
    starts = {name: number * (len(sizes) - 1 + _BETWEEN) for number, name in enumerate(panels)}
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=height, margin=MARGIN)
    low, high = _range(measured)
    ends = {}
    for user, item in [("history", "history"), ("history", "id"), ("id", "history"), ("id", "id")]:
        chosen = measured[(measured["user_input"] == user) & (measured["item_input"] == item)]
        if chosen.empty:
            continue
        x, y, size, error = _line(chosen, sizes, starts)
        ink = theme.text if user == "history" else theme.muted
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", connectgaps=False,
            customdata=np.column_stack([size, error]),
            hovertemplate=f"user {user}, item {item}, width %{{customdata[0]:.0f}}<br>%{{y:.4f}} ± "
            "%{customdata[1]:.4f}<extra></extra>",
            line={"color": ink, "width": 2.2, "dash": "solid" if item == "history" else "5px,4px"},
            marker={
                "size": 8, "color": ink if item == "history" else theme.background,
                "line": {"color": ink, "width": 2},
            },
        )  # fmt: skip
        last = y[np.isfinite(y)][-1]
        ends[f"user {user}, item {item}"] = (float(last), ink)
    _label_ends(figure, ends, max(starts.values()) + len(sizes) - 1, (high - low) * _APART)
    metric = str(measured["metric"].iloc[0]).upper()
    for name, start in starts.items():
        figure.add_annotation(
            x=start, xanchor="left", y=1, yref="paper", yanchor="bottom", yshift=6, showarrow=False,
            text=f"<b>{metric}</b>, {_TITLES[name]}", font={"size": 13, "color": theme.text},
        )  # fmt: skip
    places = [start + step for start in starts.values() for step in range(len(sizes))]
    figure.update_xaxes(
        range=[-0.3, max(places) + 0.15], tickvals=places, ticktext=[f"{size}" for size in sizes] * len(panels),
        title_text="width of both representations",
    )  # fmt: skip
    figure.update_yaxes(range=[low, high], tickformat=".2f", nticks=6, showgrid=True)
    return figure


def words(frame: pd.DataFrame) -> str:
    """The figure in words, for those who do not see it: the best choice of each panel."""
    measured = frame[frame["mean"].notna()]
    said = []
    for fusion, rows in measured.groupby("fusion", sort=False):
        best = rows.loc[rows["mean"].idxmin() if _lower_is_better(rows) else rows["mean"].idxmax()]
        said.append(
            f"{_TITLES[fusion]}: best {str(best['metric']).upper()} {best['mean']:.4f} with user {best['user_input']}, "
            f"item {best['item_input']} at width {best['size']}"
        )
    return "; ".join(said)


def _lower_is_better(rows: pd.DataFrame) -> bool:
    return str(rows["metric"].iloc[0]) == "rmse"


def _line(chosen: pd.DataFrame, sizes: list[int], starts: dict[str, float]) -> tuple[np.ndarray, ...]:
    """x, y, size and standard error of a pair of inputs in every panel, with a gap after each."""
    rows = []
    for name, start in starts.items():
        of_panel = chosen[chosen["fusion"] == name].set_index("size")
        for step, size in enumerate(sizes):
            mean, error = of_panel.loc[size, ["mean", "se"]] if size in of_panel.index else (np.nan, np.nan)
            rows.append((start + step, mean, size, error))
        rows.append((start + len(sizes) - 1, np.nan, np.nan, np.nan))
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


def _range(measured: pd.DataFrame) -> tuple[float, float]:
    low, high = float(measured["mean"].min()), float(measured["mean"].max())
    room = max(high - low, 0.02)
    return low - 0.08 * room, high + 0.08 * room


def _label_ends(figure: go.Figure, ends: dict[str, tuple[float, str]], x: float, apart: float) -> None:
    """A label beside the end of each line, moved up where two would run into each other."""
    before = -np.inf
    for text, (value, ink) in sorted(ends.items(), key=lambda each: each[1][0]):
        before = max(value, before + apart)
        figure.add_annotation(
            x=x, xanchor="left", xshift=10, y=before, text=text, showarrow=False, font={"size": 12, "color": ink}
        )

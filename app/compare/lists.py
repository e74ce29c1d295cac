"""What the Compare page says of lists beyond their accuracy, and of accuracy against how wide they reach."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from app import words
from app.compare.facts import MARKS, Shown, twin, with_error
from app.quality import facts as quality
from app.quality.lists import MEASURES
from vasp_models.evaluation.comparison import Compared

REACH = "coverage@20"  # how wide lists reach, where that stands against accuracy
READING = "Means ± standard errors. ↑ higher, ↓ lower than {} beyond chance"


def lists_table(compared: Compared, titles: Mapping[str, str]) -> pd.DataFrame:
    """What the lists are like, a row a measure, marked where it differs from the reference; all text."""
    found = compared.lists().set_index(["measure", "system"])
    rows = []
    for measure, (label, write) in MEASURES.items():
        cells = {}
        for name in compared.served:
            if (measure, name) in found.index:
                row = found.loc[(measure, name)]
                cells[titles[name]] = with_error(row["mean"], row["se"], write) + MARKS.get(row["verdict"], "")
        if cells:
            rows.append({"": label} | cells)
    return pd.DataFrame(rows).fillna(quality.NOTHING)


def trade_rows(shown: Shown) -> pd.DataFrame:
    """Accuracy against how wide the lists reach: columns system, x, x_se, y, y_se."""
    lists = shown.compared.lists()
    wide = lists[lists["measure"] == REACH].set_index("system")
    rows = [
        (row.system, wide.at[row.system, "mean"], wide.at[row.system, "se"], row.mean, row.se)
        for row in shown.table().itertuples()
        if row.system in wide.index
    ]
    return pd.DataFrame(rows, columns=["system", "x", "x_se", "y", "y_se"])


def trade_answer(rows: pd.DataFrame, shown: Shown) -> str:
    """Whether who ranks best also reaches widest (Markdown)."""
    wide, best = rows.loc[rows["x"].idxmax()], rows.loc[rows["y"].idxmax()]
    share, name = words.share(wide["x"]), shown.title(wide["system"])
    reach = f"**{name}** reaches widest: {share} of the films stand in somebody’s first 20"
    if wide["system"] == best["system"]:
        return f"{reach}, and it stands highest in {shown.label} too."
    other = f"{shown.title(best['system'])}, which stands highest in {shown.label}"
    return f"{reach}; {other}, reaches {words.share(best['x'])}."


def trade_twin(rows: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    """The same as a table."""
    names = {"x": "Coverage@20", "x_se": "Coverage@20, standard error", "y": shown.label}
    return twin(rows, shown.titles).rename(columns=names | {"y_se": f"{shown.label}, standard error"})

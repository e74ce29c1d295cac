"""What the Compare page says of groups of users and of films: which model does better for whom."""

from __future__ import annotations

import pandas as pd

from app import words
from app.compare.facts import MARKS, Shown
from app.quality import facts as quality
from vasp_models.evaluation import slices
from vasp_models.evaluation.comparison import ALIKE, BETTER, WORSE

FILMS_DEPTH = {"ndcg@100": "found@100", "recall@20": "found@20", "recall@50": "found@50"}  # of films, for that of users
READING = "Solid: differs from {} beyond chance. Grey: number of {}s"
TABLE_READING = "↑ better, ↓ worse than {} beyond chance"


def slice_metric(kind: str, metric: str) -> str:
    """The metric of slices of a kind that goes with the page's metric."""
    return metric if kind in slices.USERS else FILMS_DEPTH[metric]


def slice_rows(rows: pd.DataFrame, reference: str, kind: str) -> pd.DataFrame:
    """Every checkpoint in every slice that is large enough, of `Compared.by_slice`: its columns, sure, text.

    Slices without an order of their own stand by the reference's value, the highest first.
    """
    rows = rows[rows["n"] >= quality.MIN].reset_index(drop=True)
    if kind in quality.UNORDERED and len(rows):
        own = rows[rows["system"] == reference].set_index("slice")["mean"]
        order = rows["slice"].map(own.sort_values(ascending=False).index.get_loc)
        rows = rows.iloc[order.argsort(kind="stable")].reset_index(drop=True)
    return rows.assign(
        sure=~rows["verdict"].isin([ALIKE]), text=[words.quality(value) for value in rows["mean"].astype(float)]
    )


def slice_answer(rows: pd.DataFrame, shown: Shown) -> str:
    """In how many groups each does better or worse than the reference (Markdown)."""
    reference, total = shown.compared.reference, rows["slice"].nunique()
    clauses = []
    for name in shown.compared.others:
        verdicts = rows[rows["system"] == name]["verdict"]
        better, worse = int((verdicts == BETTER).sum()), int((verdicts == WORSE).sum())
        told = [
            f"{what} in {'all' if count == total else count}"
            for what, count in ((BETTER, better), (WORSE, worse))
            if count
        ]
        clauses.append(f"**{shown.title(name)}** {' and '.join(told) if told else 'not told apart in any'}")
    return f"Against {shown.title(reference)}, in {words.count(total, 'group')}: {'; '.join(clauses)}."


def slice_table(rows: pd.DataFrame, shown: Shown, kind: str) -> pd.DataFrame:
    """Each slice by each checkpoint, marked where it differs from the reference; all text but the counts."""
    first = rows.drop_duplicates("slice")
    columns: dict[str, object] = {
        quality.KINDS[kind][1]: first["slice"].tolist(),
        f"{quality.unit(kind).capitalize()}s": first["n"].tolist(),
    }
    for name in shown.compared.served:
        own = rows[rows["system"] == name].set_index("slice").reindex(first["slice"])
        columns[shown.titles[name]] = [f"{row.text}{MARKS.get(row.verdict, '')}" for row in own.itertuples()]
    return pd.DataFrame(columns)


def slices_in_words(rows: pd.DataFrame, shown: Shown, kind: str) -> str:
    """The chart of slices as a sentence."""
    groups = [
        f"{place}: {', '.join(f'{shown.titles[row.system]} {row.text}' for row in each.itertuples())}"
        for place, each in rows.groupby("slice", sort=False)
    ]
    return f"By {quality.KINDS[kind][0].lower()}: {'; '.join(groups)}"

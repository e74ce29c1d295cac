"""The tables of the Paper page: one row a claim, and the rows of a recipe, published figures beside ours."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from app import words
from app.paper.facts import Shown, day
from vasp_models import published
from vasp_models.evaluation import intervals
from vasp_models.published import verdicts
from vasp_models.published.recipes import LEFT_IN, MASK_GAIN, RECIPES
from vasp_models.published.reproduced import HERE, Figure, Gap
from vasp_models.published.verdicts import FAILS, HOLDS, MISSING, OPEN, Verdict

NOTHING = "–"
USUAL = ("ndcg@100", "ml-20m")  # what a figure is where its cell does not say otherwise
MAIN = "vasp-table3"  # whose published figures are drawn beside ours
ICONS = {HOLDS: "check", FAILS: "close", OPEN: "question_mark"}
METRICS = {
    "ndcg@100": "NDCG@100", "ndcg@10": "NDCG@10", "recall@20": "Recall@20", "recall@50": "Recall@50",
    "recall@100": "Recall@100", "hr@10": "hit rate@10", "rmse": "RMSE", "echo@100": "lifted by itself",
    "itself@100": "with itself", "without@100": "without itself", LEFT_IN: "NDCG@100, no mask",
    MASK_GAIN: "gain of the mask", "purity": "same genre among the ten nearest",
    "interaction share": "share of the response that is not additive",
}  # fmt: skip
_SHARES = ("echo@100", "itself@100", "without@100", "purity", "interaction share")
_PICTURES = ("vasp-figure2", "vasp-figure3")


def number(value: float, metric: str) -> str:
    """A figure as the page writes it: a share in percent, else as a quality."""
    return words.share(value, 1) if metric in _SHARES else words.quality(value)


def plus_minus(figure: Figure | Gap, metric: str, signed: bool = False) -> str:
    """A figure with its standard error, where it has one."""
    mean = number(abs(figure.mean) if signed else figure.mean, metric)
    mean = f"{'+' if figure.mean >= 0 else '−'}{mean}" if signed else mean
    if figure.se is None:
        return mean
    error = words.share(figure.se, 1) if metric in _SHARES else words.quality(figure.se, 4)
    return f"{mean}\u00a0±\u00a0{error}"


def claim_rows(shown: Shown) -> pd.DataFrame:
    """One row a claim, as people read it (Markdown): verdict, claim, published, ours, command."""
    rows = [
        {
            "Verdict": verdict_words(each.state),
            "Claim": _told(words.markdown(each.claim.text), words.markdown(verdicts.source(each.claim))),
            "Published": _published(each),
            "Ours": _ours(shown, each),
            "Measured by": f"`{shown.command(each.claim.about)}`",
        }
        for each in shown.verdicts
    ]
    return pd.DataFrame(rows, columns=["Verdict", "Claim", "Published", "Ours", "Measured by"])


def verdict_words(state: str) -> str:
    """A verdict with its sign; never a colour."""
    if state == MISSING:
        return f":gray[{state.replace(' ', chr(160))}]"
    return f":gray-badge[:material/{ICONS[state]}: {state}]"


def _published(verdict: Verdict) -> str:
    told, recipe = verdict.told, verdict.claim.about
    if not any(told.theirs):
        return ":gray[a picture, no numbers]" if recipe.name in _PICTURES else f":gray[{NOTHING}]"
    figures = [f"{words.markdown(cell.entry)}\u00a0{cell.printed}" for cell in told.theirs if cell]
    cell = next(filter(None, told.theirs))
    unusual = [] if cell.metric == USUAL[0] else [METRICS.get(cell.metric, cell.metric)]
    unusual += [] if cell.data == USUAL[1] else [f"on {words.markdown(verdicts.title_of(cell.data))}"]
    return _told(", ".join(figures), " ".join(unusual))


def _told(text: str, about: str) -> str:
    """A cell: its text, and below it small what it is about (Markdown)."""
    return f"{text}  \n:small[:gray[{about}]]" if about else text


def _ours(shown: Shown, verdict: Verdict) -> str:
    told, metric = verdict.told, verdict.claim.metric
    if told.gap is None or verdict.state == MISSING:
        return f":gray[{NOTHING}]"
    pairs = zip((told.better, told.worse), told.ours, strict=True)
    figures = [f"{words.markdown(name)}\u00a0{plus_minus(figure, metric)}" for name, figure in pairs if name and figure]
    if told.gap.p is not None:
        apart = f"p = {told.gap.p:.3f}".replace("0.", ".", 1)
    elif told.worse is None:
        apart = METRICS.get(metric, metric)
    else:
        sign = -1 if verdict.claim.less_is_better else 1
        gap = replace(told.gap, mean=sign * told.gap.mean)
        apart = f"{'paired ' if gap.paired else ''}difference {plus_minus(gap, metric, signed=True)}"
    return _told(", ".join(figures), apart)


def records(shown: Shown) -> pd.DataFrame:
    """The same as plain columns for a file."""
    rows = []
    for each in shown.verdicts:
        told, measured = each.told, each.measured
        ours, theirs = told.ours, told.theirs
        rows.append(
            {
                "claim": each.claim.text,
                "source": verdicts.source(each.claim),
                "data": shown.data,
                "protocol": measured.protocol if measured else None,
                "metric": each.claim.metric,
                "better": told.better,
                "than": told.worse,
                "published_better": theirs[0].value if theirs[0] else None,
                "published_than": theirs[1].value if theirs[1] else None,
                "published_on": next((cell.data for cell in theirs if cell), None),
                "ours_better": ours[0].mean if ours[0] else None,
                "ours_better_se": ours[0].se if ours[0] else None,
                "ours_than": ours[1].mean if ours[1] else None,
                "ours_than_se": ours[1].se if ours[1] else None,
                "in_favour": told.gap.mean if told.gap else None,
                "in_favour_se": told.gap.se if told.gap else None,
                "paired": told.gap.paired if told.gap else None,
                "verdict": each.state,
                "whose": shown.whose(each) or None,
                "made": measured.made if measured else None,
                "command": shown.command(each.claim.about),
                "note": each.claim.note or None,
            }
        )
    return pd.DataFrame(rows)


def beside(shown: Shown) -> pd.DataFrame:
    """Table III, published and ours: columns label, published, on, mean, low, high; the best published first."""
    recipe, measured = RECIPES[MAIN], shown.measured.get(MAIN)
    rows = []
    for label in recipe.labels:
        cell = verdicts.published_figure(recipe, label, "ndcg@100", shown.data)
        ours = measured.figure(label, "ndcg@100") if measured else None
        users = measured.rows[label]["users"] if ours else 0
        ends = intervals.around(ours.mean, ours.se, users) if ours else None
        rows.append(
            {
                "label": label,
                "published": cell.value,
                "on": cell.data,
                "mean": ours.mean if ours else None,
                "low": ends.low if ends else None,
                "high": ends.high if ends else None,
            }
        )
    return pd.DataFrame(rows).sort_values("published", ascending=False, kind="stable", ignore_index=True)


def recipe_rows(shown: Shown, name: str) -> pd.DataFrame:
    """The rows of a recipe: label, then for each metric ours and the published figure; a dash where there is none."""
    recipe, measured = RECIPES[name], shown.measured.get(name)
    rows = []
    for label in verdicts.row_labels(recipe):
        row = {"Row": label}
        for metric in recipe.metrics:
            ours = measured.figure(label, metric) if measured else None
            cell = verdicts.published_figure(recipe, label, metric, shown.data)
            row[METRICS.get(metric, metric)] = plus_minus(ours, metric) if ours else NOTHING
            if name not in _PICTURES and metric not in (LEFT_IN, MASK_GAIN):
                row[f"{METRICS.get(metric, metric)}, published"] = cell.printed if cell else NOTHING
        rows.append(row)
    return pd.DataFrame(rows)


def recipe_words(shown: Shown, name: str) -> str:
    """Where the rows of a recipe come from: whose, when, on what machine, on how many users, and theirs (Markdown)."""
    recipe, measured = RECIPES[name], shown.measured.get(name)
    said = []
    if measured:
        row = next(iter(measured.rows.values()))
        whose = "Measured on this machine" if measured.whose == HERE else "Measured by the project"
        said.append(f"{whose} on {day(measured.made)}")
        said.append(words.markdown(f"{row['machine']['cpu']}, {row['machine']['device']}") if "machine" in row else "")
        said.append(words.count(row["users"], "test user") if row.get("users") else "")
        presets = dict.fromkeys(each["preset"] for each in measured.rows.values() if each.get("preset"))
        said.append(f"preset {words.joined(list(presets))}" if presets else "")
        said.append(published.PROTOCOLS[measured.protocol])
    theirs = {
        cell.data
        for label in verdicts.row_labels(recipe)
        for metric in recipe.metrics
        if (cell := verdicts.published_figure(recipe, label, metric, shown.data))
    }
    if theirs:
        said.append(f"published on {words.joined([verdicts.title_of(each) for each in sorted(theirs)])}")
    text = " · ".join(filter(None, said))
    return text[:1].upper() + text[1:]

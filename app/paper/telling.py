"""The words around the figures of the Paper page: reading rules, words for the figure, how a verdict is reached."""

from __future__ import annotations

import pandas as pd

from app import words
from app.paper import tables
from app.paper.facts import Shown, whose_words
from app.paper.tables import MAIN, METRICS, NOTHING
from vasp_models import published
from vasp_models.published import recipes, verdicts
from vasp_models.published.recipes import RECIPES


def claims_rule(shown: Shown) -> str:
    """Whose numbers stand in the table, and what they are where it says nothing else (Markdown)."""
    metric, data = tables.USUAL
    usual = f"{tables.METRICS[metric]}, published on {verdicts.title_of(data)}, where nothing else is said"
    return f"{whose_words(shown)}, on {words.markdown(verdicts.title_of(shown.data))} · {usual}"


def beside_rule(shown: Shown, rows: pd.DataFrame) -> str:
    """How to read the chart, and on what data either side is (Markdown)."""
    title = words.markdown(verdicts.title_of(shown.data))
    on = words.joined([words.markdown(verdicts.title_of(each)) for each in dict.fromkeys(rows["on"])])
    if rows["mean"].isna().all():
        return f"NDCG@100, hollow: published on {on}. Nothing was measured on {title} yet"
    text = f"NDCG@100, hollow: published on {on}, solid: ours on {title} with its 95 % interval"
    return text if set(rows["on"]) == {shown.data} else f"{text}. Other data: compare the order, not the height"


def beside_in_words(rows: pd.DataFrame) -> str:
    """The chart for those who do not see it."""
    said = [
        f"{row.label} published {words.quality(row.published)}"
        + ("" if pd.isna(row.mean) else f", ours {words.quality(row.mean)}")
        for row in rows.itertuples()
    ]
    return f"NDCG@100 of Table III: {'; '.join(said)}"


def beside_twin(shown: Shown, rows: pd.DataFrame) -> pd.DataFrame:
    """The chart's numbers with names for people."""
    measured = shown.measured.get(MAIN)
    errors = [measured.figure(label, "ndcg@100") if measured else None for label in rows["label"]]
    return pd.DataFrame(
        {
            "Model": rows["label"],
            "Published": rows["published"],
            "Published on": [verdicts.title_of(each) for each in rows["on"]],
            "Ours": rows["mean"].astype(float),
            "Standard error": [each.se if each else None for each in errors],
            "Ours on": verdicts.title_of(shown.data),
        }
    )


def note(name: str) -> str:
    """What has to be known before the published figures of a recipe are compared."""
    recipe = RECIPES[name]
    notes = [each.note for each in published.tables(recipe.document) if each.name == recipe.table and each.note]
    return words.markdown(" ".join(notes))


def how(shown: Shown) -> str:
    """How a verdict is reached, and what stands in the way of comparing (Markdown)."""
    blog = "\n".join(f"* {words.markdown(reason)}" for reason in published.document("blog").no_baseline)
    notes = [each.claim for each in shown.verdicts if each.claim.note]
    told = "\n".join(f"* **{words.markdown(each.text)}**: {words.markdown(each.note)}" for each in notes)
    further = "\n".join(_further())
    return _HOW.format(blog=blog, notes=told or NOTHING, further=further, films=f"{recipes.LARGE:,}")


def _further() -> list[str]:
    found = []
    for table in published.tables("further"):
        figures = ", ".join(f"{METRICS[cell.metric]} {cell.printed}" for cell in table.cells)
        text = f"{table.title} ({table.name}): {figures}. {table.note}"
        found.append(f"* {words.markdown(text.strip())}")
    return found


_HOW = """
**The verdict.** Every row is trained on the same train users, chosen on the same validation users and measured once on
the same test users. A claim says that some rows are better than others; for each such pair the difference is taken user
by user, with its standard error. The claim *holds* where every difference is in its favour by more than two standard
errors; it *does not hold* where one is against it by as much; else it is *not resolved*: there are too few users to
tell. Shown is the pair that decides, the one least in favour of the claim. What is tested on other data than it was
claimed on is tested there, no more.

**Presets.** Below {films} films every model takes its `small` preset, and what is trained as the paper trains is
narrower; from there on the presets `paper` and, under the authors’ protocol, `authors`.

**Repeating the input.** For up to 300 test users and 20 films of each history: is the film among the first 100 of the
whole catalogue when it is in the input, and when it alone is taken out? The share that is there only by itself is how
much the model repeats its input: exactly 0 for EASE, whose diagonal is zero, and nearly 1 for a copy of the input.

**Figure 3.** Genres: of a film’s ten nearest in the joint model, in the lift distance, how many share its genre,
against genres dealt anew among equally popular films. Non-linearity: the share of a part’s response to a history that
no sum of single films explains.

**Why the blog’s table is no baseline.**

{blog}

**Notes to single claims.**

{notes}

**Figures of other publications.**

{further}
"""

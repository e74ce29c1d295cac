"""What the Compare page says of several checkpoints: answer, frames and reading rules, from measured numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from app import words
from app.compare.charts import signed
from app.quality import facts as quality
from vasp_models import provenance
from vasp_models.comparing import KIND, MOST, Measured, all_slices
from vasp_models.evaluation.comparison import ALIKE, BETTER, HIGHER, LOWER, REFERENCE, WORSE, Compared
from vasp_models.evaluation.found import USER_METRICS

QUESTION = "Which model ranks best on these data?"
ALONE = "There is **nothing to compare with** yet: no other checkpoint here was trained and measured on the same data."
HOW_TO = "A second model on the same data is trained in a moment; these commands make one, and measure both:"
OF_BUNDLE = (
    "This bundle was opened alone. `vasp-lens app {} OTHER` opens it beside another checkpoint of the same data."
)
NOT_BY = "Fewer than two of these were **measured by {}**, so there is nothing to put in order by it."
CHOOSE = "Choose **at least one other checkpoint** to compare with."
MISSING = "**{}** has not been measured on single users yet; its differences and slices show once it is."
ONE_LEFT = "At least two have to be measured on the same users before their differences and slices can be shown."
FILMS_DEPTH = {
    "ndcg@100": "found@100",
    "recall@20": "found@20",
    "recall@50": "found@50",
}  # the metric of slices of films
REACH = "coverage@20"  # how wide lists reach, where that stands against accuracy
MARKS = {BETTER: "\u00a0↑", WORSE: "\u00a0↓", HIGHER: "\u00a0↑", LOWER: "\u00a0↓"}
READING = "Lines: 95% intervals. The same users for all"
APART_READING = "Less that by {}, user by user. Solid: beyond chance"


@dataclass(frozen=True)
class Shown:
    """What is compared: `titles` of all that were chosen, in their order; what was measured of them; by what.

    `stored` is what each was measured at when it was trained (`comparing.stored`), for those without more.
    """

    titles: Mapping[str, str]
    measured: Measured
    stored: pd.DataFrame
    metric: str

    @property
    def compared(self) -> Compared | None:
        """What can be compared user by user."""
        return self.measured.compared

    @property
    def label(self) -> str:
        """The metric's name."""
        return quality.METRICS[self.metric][0]

    def table(self, metric: str | None = None) -> pd.DataFrame:
        """Every checkpoint by a metric, the best first: columns of `Compared.overall`, or of `comparing.stored`."""
        metric = metric or self.metric
        if self.compared is not None:
            table = self.compared.overall(metric)
        else:
            table = self.stored[self.stored["metric"] == metric].drop(columns="metric")
        return table.sort_values("mean", ascending=False, kind="stable", ignore_index=True)

    def title(self, name: str) -> str:
        """A checkpoint's title in Markdown."""
        return words.markdown(self.titles[name])


def answer(shown: Shown) -> str:
    """The page's answer: which ranks best, by how much, and whether that is beyond chance (Markdown)."""
    rows = shown.table()
    if len(rows) < 2:
        return NOT_BY.format(shown.label)
    best, second = rows.iloc[0], rows.iloc[1]
    head, value = f"**{shown.title(best['system'])}", f"{shown.label} **{words.quality(best['mean'])}**"
    if shown.compared is None:
        return (
            f"{head}** stands highest with {value}, {shown.title(second['system'])} has "
            f"{words.quality(second['mean'])}; whether that is beyond chance shows once both are measured user by user."
        )
    pairs = Compared(shown.compared.served, best["system"]).overall(shown.metric).set_index("system")
    alike = [name for name in rows["system"][1:] if pairs.at[name, "verdict"] == ALIKE]
    if not alike:
        gap, low, high = (
            -pairs.at[second["system"], name] for name in ("difference", "difference_high", "difference_low")
        )
        between = f"({words.quality(low)} to {words.quality(high)})"
        return (
            f"{head} ranks best**: {value}, **{words.quality(gap)}** {between} more than "
            f"{shown.title(second['system'])}, the next; the difference is clear."
        )
    near = words.joined([f"{shown.title(n)} ({words.quality(rows.set_index('system').at[n, 'mean'])})" for n in alike])
    verb = "is" if len(alike) == 1 else "are"
    return f"{head}** stands highest with {value}, but **{near}** {verb} not told apart from it."


def accuracy_rows(shown: Shown) -> pd.DataFrame:
    """The rows of the chart of accuracy: columns system, value, low, high, sure, text."""
    rows = shown.table().rename(columns={"mean": "value"})
    return rows.assign(sure=True, text=[words.quality(value) for value in rows["value"]])


def apart_rows(shown: Shown) -> pd.DataFrame:
    """The rows of the chart of differences: the same columns, the reference at 0 among them."""
    rows = shown.table()
    text = ["reference" if row.verdict == REFERENCE else signed(row.difference) for row in rows.itertuples()]
    table = pd.DataFrame({"system": rows["system"], "value": rows["difference"].astype(float).fillna(0.0)})
    return table.assign(
        low=rows["difference_low"],
        high=rows["difference_high"],
        text=text,
        sure=~rows["verdict"].isin([ALIKE, REFERENCE]),
    )


def accuracy_table(shown: Shown) -> pd.DataFrame:
    """Every checkpoint by every metric, and its difference to the reference; all text."""
    rows = shown.table()
    rest = [name for name in shown.titles if name not in set(rows["system"]) and name in set(shown.stored["system"])]
    names = [*rows["system"], *rest]  # the rest was measured when it was trained, and not user by user
    columns: dict[str, object] = {"Checkpoint": [shown.titles[name] for name in names]}
    for metric in USER_METRICS:
        trained = shown.stored[shown.stored["metric"] == metric]
        own = pd.concat([shown.table(metric), trained[trained["system"].isin(rest)]]).set_index("system").reindex(names)
        columns[quality.METRICS[metric][0]] = [with_error(row.mean, row.se) for row in own.itertuples()]
    if shown.compared is not None:
        head = f"Against {shown.titles[shown.compared.reference]}, {shown.label}"
        columns[head] = [*(_apart(row) for row in rows.itertuples()), *(quality.NOTHING for _ in rest)]
        columns["In words"] = [*rows["verdict"], *("not measured user by user" for _ in rest)]
    return pd.DataFrame(columns)


def with_error(mean: float | None, se: float | None, write=words.quality) -> str:
    """A mean with its standard error, where there are any."""
    if mean is None or mean != mean:
        return quality.NOTHING
    return write(mean) if se is None or se != se else f"{write(mean)}\u00a0±\u00a0{write(se)}"


def _apart(row) -> str:
    if row.verdict == REFERENCE or row.difference is None or row.difference != row.difference:
        return quality.NOTHING
    if row.difference_low is None or row.difference_low != row.difference_low:
        return signed(row.difference)
    return f"{signed(row.difference)} ({signed(row.difference_low)} to {signed(row.difference_high)})"


_HEADS = {"mean": "Mean", "se": "Standard error", "low": "95% from", "high": "95% to", "difference": "Difference"}
_HEADS |= {"difference_low": "Difference from", "difference_high": "Difference to", "p": "p (Holm)"}
_HEADS |= {"n": "Users", "verdict": "In words", "slice": "Slice", "measure": "Measure"}


def twin(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """A table of the comparison for people: checkpoints by their titles and by their names, heads in words."""
    table = table.drop(columns=[name for name in ("text", "sure") if name in table])
    place = list(table.columns).index("system")
    table = table.rename(columns=_HEADS)
    table.insert(place, "Checkpoint", [titles[name] for name in table["system"]])
    return table.rename(columns={"system": "Name"})


def in_words(rows: pd.DataFrame, titles: Mapping[str, str], what: str) -> str:
    """A chart of one value a checkpoint as a sentence, for those who do not see it."""
    return f"{what}: {'; '.join(f'{titles[row.system]} {row.text}' for row in rows.itertuples())}"


def rows(measured: Measured, stored: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Every number of the page in long form.

    Columns part (accuracy, slices, lists; after training, where nothing was measured user by user), by, metric, slice,
    checkpoint, title, n, value, se, low, high, difference with its ends, p and verdict.
    """
    columns = ["part", "by", "metric", "slice", "checkpoint", "title", "n", "value", "se", "low", "high"]
    columns += ["difference", "difference_low", "difference_high", "p", "verdict"]
    table = [stored.assign(part="after training")]
    if (both := measured.compared) is not None:
        table = [both.overall(metric).assign(part="accuracy", metric=metric) for metric in USER_METRICS]
        table += [all_slices(both).assign(part="slices"), both.lists().assign(part="lists")]
    whole = pd.concat([each.astype(object) for each in table], ignore_index=True)
    if "measure" in whole:
        whole["metric"] = whole["metric"].fillna(whole["measure"])
    whole = whole.rename(columns={"system": "checkpoint", "mean": "value"})
    return whole.assign(title=whole["checkpoint"].map(dict(titles))).reindex(columns=columns)


def commands(chosen) -> str:
    """What makes a second checkpoint to compare with, and the comparison."""
    data, name = chosen.manifest["dataset"]["name"], f"{chosen.name}-ease"
    protocol, heldout = chosen.manifest["protocol"]["name"], chosen.manifest["protocol"].get("heldout")
    made = provenance.command("train", "ease", data=data, protocol=protocol, heldout=heldout, out=name)
    measured = [provenance.command(KIND, each) for each in (chosen.argument, name)]
    return "\n".join([made, *measured])


def left_out(wanted: tuple[str, ...] | None, own: str, fitting: Sequence[str], refused: Mapping[str, str]) -> list[str]:
    """Why checkpoints that the viewer or a link named are not compared, a sentence each (Markdown)."""
    names = [name for name in wanted or () if name != own and (name in refused or name not in fitting)]
    return refused_words({name: refused.get(name, "there is no such checkpoint here") for name in names})


def refused_words(refused: Mapping[str, str]) -> list[str]:
    """Why checkpoints are not offered, a sentence each (Markdown)."""
    return [f"**{words.markdown(name)}**: {words.markdown(why)}." for name, why in refused.items()]


HOW = f"""
Up to {MOST} checkpoints on the same data set, protocol, held-out users and catalogue; others are refused, by what their
manifests say. All numbers are of the same test users with the same hold-out, read from what `vasp-lens quality` keeps
beside each checkpoint.

- **Accuracy**: means over users with Student’s 95% intervals. These intervals overlap long before a difference is
  chance, because the same users are easy or hard for all: look at the **differences**, which are taken user by user.
  `p` is corrected after Holm for the number of checkpoints; “better” and “worse” stand where it is below .05, “not told
  apart” elsewhere, which does not say that they are equal.
- **Slices**: those of the page Quality. Users by their own metric; films by the share of held-out films among the first
  20, 50 or 100. Differences are paired; `p` is corrected after Holm for the slices and once more (Bonferroni) for
  the number of checkpoints.
- **What the lists are like**: differences are taken user by user here too; `p` is corrected after Holm for all cells of
  the table. Coverage and Gini are of all lists together: what each user adds to them is the jackknife’s.
- **Lists of one user**: the first 20 unseen films by each model’s joint score. The chart has the reference’s first ten
  in the order that each model gives them; the numbers are places among all unseen films.
"""

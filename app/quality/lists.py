"""What the Quality page says of lists beyond their accuracy, and of a group of users that was put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from app import words
from app.quality import facts
from vasp_models.evaluation import slices
from vasp_models.evaluation.quality import HISTORIES, JOINT
from vasp_models.evaluation.served import Group, Served

ANY = ""  # no choice of the slice builder


def _share(value: float) -> str:
    return words.share(value, 1)


def _bits(value: float) -> str:
    return f"{value:.2f}"


# Measure -> what it says, how its value is written, and what of the users' own histories is comparable.
MEASURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "ndcg@100": ("Ranking quality · NDCG@100", words.quality),
    "coverage@10": ("Films that are in anybody’s first 10", _share),
    "coverage@20": ("Films that are in anybody’s first 20", _share),
    "coverage@100": ("Films that are in anybody’s first 100", _share),
    "gini": ("Inequality of the films’ appearances · Gini", words.quality),
    "novelty": ("Novelty: self-information, in bits", _bits),
    "popularity": ("Popularity: share of films that are less popular", _share),
    "tail": ("From the long tail: the less popular 80% of the films", _share),
    "calibration": ("Distance from the history’s mix of genres · KL", words.quality),
    "diversity": ("Diversity of genres within a list", words.quality),
}
READING = "Means ± standard errors over {}; the first {} films of a list unless another number stands there"


def beyond(served: Served) -> pd.DataFrame:
    """One row a measure, one column a kind of lists: numbers, for downloads; columns measure, lists, mean, se."""
    rows = []
    for name in [*served.systems, HISTORIES]:
        values = dict(served.measured["beyond"][name])
        if name != HISTORIES:
            found = served.overall("ndcg@100", name)
            values = {"ndcg@100": {"mean": found.mean, "se": found.se}} | values
        rows += [{"measure": measure, "lists": name, **values[measure]} for measure in MEASURES if values.get(measure)]
    return pd.DataFrame(rows, columns=["measure", "lists", "mean", "se"])


def beyond_table(served: Served) -> pd.DataFrame:
    """The same for people: all text; a measure that no list has (genres, where there are none) is left out."""
    found = beyond(served).set_index(["measure", "lists"])
    rows = []
    for measure, (label, write) in MEASURES.items():
        cells = {name: _cell(found, (measure, name), write) for name in [*served.systems, HISTORIES]}
        if set(cells.values()) != {facts.NOTHING}:
            rows.append({"": label} | {facts.system_title(name, served): text for name, text in cells.items()})
    return pd.DataFrame(rows)


def _cell(found: pd.DataFrame, place: tuple[str, str], write: Callable[[float], str]) -> str:
    if place not in found.index or pd.isna(found.at[place, "mean"]):
        return facts.NOTHING
    error = found.at[place, "se"]
    return write(found.at[place, "mean"]) + ("" if pd.isna(error) else f"\u00a0±\u00a0{write(error)}")


def beyond_answer(served: Served) -> str | None:
    """What the lists do to what people watch, in a sentence (Markdown)."""
    found = beyond(served).set_index(["measure", "lists"])["mean"]
    if ("tail", JOINT) not in found.index or ("tail", HISTORIES) not in found.index:
        return None
    listed, watched = (words.share(found["tail", name]) for name in (JOINT, HISTORIES))
    return f"On average **{listed}** of a list comes from the long tail, and **{watched}** of a history."


def tail_answer(served: Served) -> str:
    """How few films get half of everything, as the long-tail curve's subtitle."""
    listed, watched = (served.measured["long_tail"]["half"][name] for name in (JOINT, HISTORIES))
    films = words.count(listed or watched or 0, "most popular film", "most popular films")
    if not listed:
        return f"Half of what these users watched goes to the {films}" if watched else ""
    text = f"Half of all recommendations go to the {films}"
    return f"{text}, half of what these users watched to {watched:,}" if watched else text


def tail_names(served: Served) -> dict[str, str]:
    """The curves and their labels, in the order to be drawn."""
    return {name: facts.system_title(name, served) for name in [*served.systems, HISTORIES]}


def tail_twin(served: Served) -> pd.DataFrame:
    """The curves as a table."""
    names = {"films": "Most popular films", "catalogue": "Share of the catalogue"} | tail_names(served)
    return served.long_tail.rename(columns=names)


def tail_in_words(served: Served) -> str:
    """The curves as a sentence."""
    half = served.measured["long_tail"]["half"]
    values = "; ".join(f"{label} {half[name]:,}" for name, label in tail_names(served).items() if half[name])
    return f"Number of most popular films that get half of everything: {values}"


def group_words(taste: str, mainstream: str, shortest: int, longest: int) -> str:
    """A group of users as it was put together (Markdown)."""
    parts = ["Users"]
    if shortest or longest:
        ends = f"{shortest:,} to {longest:,}" if shortest and longest else ""
        parts.append(f"with {ends or (f'{shortest:,} films or more' if shortest else f'at most {longest:,}')}")
        parts[-1] += "" if parts[-1].endswith("more") else " films"
    if taste:
        parts.append(f"who like {words.markdown(taste)} most")
    if mainstream:
        parts.append(f"of {facts.slice_words('mainstream', mainstream).removeprefix('users of ')}")
    return " ".join(parts) if len(parts) > 1 else "All users"


def group_answer(name: str, group: Group, metric: str) -> str:
    """How a group is served beside everybody else (Markdown)."""
    inside, outside, apart = group.inside, group.outside, group.apart
    label = facts.METRICS[metric][2]
    if not inside.n:
        return f"**{name}**: there is none among the test users. Widen the choice."
    ends = "" if inside.low is None else f" ({words.quality(inside.low)} to {words.quality(inside.high)})"
    text = f"**{name}** ({inside.n:,}): {label} **{words.quality(inside.mean)}**{ends}"
    if not outside.n:
        return f"{text}. Choose a genre, a length or a taste to look at some of them."
    others = f"the other {outside.n:,} have {words.quality(outside.mean)}"
    if apart.p is None:
        return f"{text}; {others}. These are too few for an interval."
    between = f"{facts.signed(apart.mean)}, {facts.signed(apart.low)} to {facts.signed(apart.high)}"
    verdict = "that is beyond chance" if apart.p < facts.SURE else "that may be chance"
    return f"{text}; {others} ({between}): {verdict}."


def group_rows(group: Group) -> pd.DataFrame:
    """The group and everybody else as rows of the chart of accuracy."""
    sure = group.apart.p is not None and group.apart.p < facts.SURE
    named = {"This group": group.inside, "All others": group.outside}
    rows = [
        (name, each.n, each.mean, each.low, each.high, sure, words.quality(each.mean))
        for name, each in named.items()
        if each.n
    ]
    return pd.DataFrame(rows, columns=["slice", "n", "mean", "low", "high", "sure", "text"])


def group_shares(served: Served, members: np.ndarray) -> pd.DataFrame:
    """The parts' shares for the group and for everybody else."""
    both = {"This group": members, "All others": ~members}
    rows = [{"slice": name, **served.share_of(each)} for name, each in both.items() if each.any()]
    return pd.DataFrame(rows)


def group_twin(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The group and everybody else as a table."""
    names = {"slice": "Group", "n": "Users", "mean": facts.METRICS[metric][0], "low": "95% from", "high": "95% to"}
    return rows[list(names)].rename(columns=names)


def group_in_words(rows: pd.DataFrame, metric: str) -> str:
    """The chart of the group as a sentence."""
    values = "; ".join(f"{row.slice} {row.text}" for row in rows.itertuples())
    return f"{facts.METRICS[metric][1]}: {values}"


def tastes(served: Served) -> list[str]:
    """The favourite genres to choose from, in alphabetical order."""
    return sorted(each.name for each in served.slices.get("taste", []))


def mainstreams(served: Served) -> list[str]:
    """The kinds of taste to choose from."""
    return [each.name for each in served.slices.get("mainstream", [])]


def lengths(steps: list[int], shortest: int, longest: int, field: str) -> list[int]:
    """The lengths to choose from as one end of a range: no end (0), the steps on its side of the other end, its own."""
    if field == "slice_shortest":
        return sorted({0, shortest, *(step for step in steps if step <= (longest or step))})
    return sorted({0, longest, *(step for step in steps if step >= shortest)})


def rows(served: Served, found: Mapping) -> pd.DataFrame:
    """Every number of the page in long form, each with how it was measured.

    Columns part (slices, path share, lists), by, metric, slice, lists, n, value, se, low, high, p; when and on which
    device it was measured.
    """
    table = []
    for kind in served.slices:
        for metric in facts.metrics_of(kind):
            for system in served.systems:
                about = {"part": "slices", "by": kind, "metric": metric, "lists": system}
                frame = served.accuracy(kind, metric, system)[["slice", "n", "mean", "se", "low", "high", "p"]]
                table.append(frame.rename(columns={"mean": "value"}).assign(**about))
        shares = served.shares(kind)
        for name in served.factors:
            frame = shares[["slice", "n", name, f"{name}_se"]].set_axis(["slice", "n", "value", "se"], axis=1)
            table.append(frame.assign(part="path share", by=kind, metric=name, lists=JOINT))
    listed = beyond(served).rename(columns={"measure": "metric", "mean": "value"})
    table.append(listed.assign(part="lists", n=served.measured["users"]))
    columns = ["part", "by", "metric", "slice", "lists", "n", "value", "se", "low", "high", "p"]
    whole = pd.concat([each.astype(object) for each in table if len(each)], ignore_index=True).reindex(columns=columns)
    return whole.assign(measured=found["provenance"]["made"], device=found["provenance"]["device"])


HOW = """
Test users whom the model never saw; four fifths of a history is shown to it, the rest is held out. **Users** are
compared by NDCG@100, Recall@20 or Recall@50, as everywhere else. **Films** are compared by the share of held-out
films of a slice that stand among the first 20, 50 or 100 of their user’s list; a film of several genres counts in
each.

- **Intervals** are 95%. Means over users: Student’s t. Shares of films: a ratio of sums over users, so that films
  of one user are not taken for independent (Cochran 1977), with Wilson’s interval at the effective number of films
  (Korn and Graubard 1998). Solid dots differ from all others: Welch’s test, for films a score test of the two shares
  with those effective numbers (their interval: Newcombe 1998, Zou and Donner 2008); p < .05 after Holm’s correction
  for the number of slices. The slice builder corrects for nothing: who tries many groups finds
  some by chance.
- **Share of a part**: over the first 20 films of a list, the sum of the sizes of the part’s log lifts divided by
  that sum over all parts, as in the Profile lab; a log lift is a log factor for this history minus the same for an
  empty one. Lowering counts as much as lifting. Shown are means over users; by films, over the users who get such
  films, of these films alone.
- **History length**: the films shown to the model, in fifths of the users with edges rounded. **Favourite genre**:
  the one that stands out most from what everybody watches. **Mainstream**: users in thirds by the mean
  popularity of their films. **Film popularity**: tenths of the catalogue by train users.
- **Coverage** is the share of the catalogue that appears in anybody’s list, **Gini** the inequality of how often
  films appear (0: all equally often). Their errors are jackknifed over users. **Novelty** is the mean of −log₂ of
  the share of train users who have a film (Zhou et al. 2010). **Distance from the history’s mix of genres** is the
  Kullback–Leibler divergence of calibration (Steck 2018, α = .01, in nats; 0 keeps the mix). **Diversity** is the
  mean over pairs of films of 1 − Jaccard similarity of their genres.
"""


def how(found: Mapping) -> str:
    """How everything on the page is computed (Markdown)."""
    about = found["provenance"]
    versions = ", ".join(f"{words.markdown(name)} {number}" for name, number in about["versions"].items())
    took = f"{words.seconds(about['seconds'])} on {words.markdown(about['device'])}"
    command = about["command"].replace("`", "")
    return f"{HOW}\n`{command}`: measured on {about['made'].partition('T')[0]} in {took}, with {versions}"


def kinds(served: Served) -> list[str]:
    """The ways of slicing that these data know, in the order of the control."""
    return [kind for kind in slices.KINDS if kind in served.slices]

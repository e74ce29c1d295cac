"""What the page on explanation quality says of the fidelity of each method, from its JSON alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from app import words

QUESTION = "Are the reasons real?"
NOT_YET = "This has **not been measured yet** on this checkpoint: each part below says how."
NOTHING = "–"
REMOVAL_RULE = "The smallest set of films whose removal suffices, beside films removed in random order"
NO_METHOD = "No user of this checkpoint has a history to explain, so there is nothing to compare."
NO_RATIOS = "This model’s scores are not positive, so shares of a score mean nothing and DEL and INS do not exist."

# Name in the JSON -> title, and whether its order comes from the model. As in `vasp_models.explanations.explainers`.
METHODS = {
    "random": ("Random", False),
    "popularity": ("Popularity", False),
    "cosine": ("Cosine", False),
    "jaccard": ("Jaccard", False),
    "nease": ("Linear part", True),
    "leave-one-out": ("Leave-one-out", True),
    "integrated-gradients": ("Integrated gradients", True),
    "greedy": ("Greedy deletion", True),
    "shapley": ("Shapley values", True),
}
MAIN = "leave-one-out"  # named in the answer: the one method that every model has


def short(value: float) -> str:
    """A round number without its leading zero: ``.15``."""
    text = f"{value:g}"
    return text.removeprefix("0") if text.startswith("0.") else text


@dataclass(frozen=True)
class Metric:
    """A measure of reasons: what it says in plain words, whether high is good, and whether it is a share."""

    text: str
    high_is_good: bool = False
    is_share: bool = True

    @property
    def sense(self) -> str:
        """Which end is good, in words."""
        return "High is good" if self.high_is_good else "Low is good"

    def shown(self, value: float, decimals: int = 0) -> str:
        """A value as people read it; `decimals` are those of a share."""
        if self.is_share:
            return words.share(value, decimals)
        return words.quality(value) if not value or abs(value) >= 0.001 else words.plain_score(value)

    def tick(self, value: float) -> str:
        """A round value on an axis."""
        return f"{100 * value:g}%" if self.is_share else short(value)

    def change(self, value: float) -> str:
        """A difference of two values with its sign; of shares in percentage points."""
        text = f"{100 * abs(value):.1f}" if self.is_share else self.shown(abs(value))
        sign = "" if not any(digit in text for digit in "123456789") else "−" if value < 0 else "+"
        return f"{sign}{text}"


METRICS = {
    "DEL@4": Metric("Score that is left without the four strongest reasons"),
    "DEL@5": Metric("Score that is left without the five strongest reasons"),
    "POS@5,4": Metric("Users whose film is still among the first 5 without its four strongest reasons"),
    "CDCG@4": Metric(
        "Place without the four strongest reasons, as 1 / log₂(1 + place): 1 is the first place", is_share=False
    ),
    "INS@4": Metric("Score that the four strongest reasons reach alone, against the whole history", True),
    "POS-P@5": Metric("How long the film stays among the first 5 while the strongest reasons are removed first"),
    "NEG-P@5": Metric("How long the film stays among the first 5 while the weakest reasons are removed first", True),
    "NDCG-P": Metric("Place while the strongest reasons are removed first, as 1 / log₂(1 + place)", is_share=False),
    "DEL-P": Metric("Score while the strongest reasons are removed first", is_share=False),
    "INS-P": Metric("Score while the strongest reasons are added first to nothing", True, False),
}


def title(method: str) -> str:
    """A method as people read it."""
    return METHODS[method][0] if method in METHODS else method.replace("-", " ").capitalize()


def looks_at_model(method: str) -> bool:
    """Whether a method's order comes from the model rather than from the data alone."""
    return METHODS.get(method, ("", True))[1]


def answer(fidelity: Mapping | None) -> str:
    """The page's answer, from leave-one-out and random removals on the same users."""
    if fidelity is None:
        return NOT_YET
    users = f"over {words.count(fidelity['users'], 'test user')}"
    found = _both(fidelity, "DEL@4")
    if found is not None:
        (first, other), doubt = found
        one = f"costs a film {_loss(first)} of its score" if first <= 1 else f"raises a film’s score by {_loss(first)}"
        four = f"four random films {'cost' if other <= 1 else 'raise it by'} {_loss(other)}"
        return f"Removing the four strongest reasons by leave-one-out {one}; {four}, {users}.{doubt}"
    found = _both(fidelity, "POS@5,4")
    if found is None:
        return f"The reasons were tested {users}."
    (first, other), doubt = found
    return (
        f"Without its four strongest reasons by leave-one-out, a first film stays among the first five for "
        f"**{words.share(first)}** of users, without four random films for **{words.share(other)}**, {users}.{doubt}"
    )


def _both(fidelity: Mapping, metric: str) -> tuple[tuple[float, float], str] | None:
    """The means of leave-one-out and of random, and a word of doubt where their difference may be chance."""
    methods = fidelity["methods"]
    values = [mean(methods.get(name, {}).get(metric)) for name in (MAIN, "random")]
    if None in values:
        return None
    apart = methods[MAIN].get("against", {}).get("random", {}).get(metric)
    chance = apart is not None and None not in (apart["low"], apart["high"]) and apart["low"] <= 0 <= apart["high"]
    return tuple(values), " The difference may be chance: its interval holds zero." if chance else ""


def _loss(left: float) -> str:
    return f"**{words.share(abs(1 - left))}**"


def mean(value: Mapping | None) -> float | None:
    """The mean of a measured value; None where it does not exist."""
    return None if value is None else value["mean"]


def offered(fidelity: Mapping) -> list[str]:
    """The measures that at least one method has."""
    return [name for name in METRICS if any(mean(row.get(name)) is not None for row in fidelity["methods"].values())]


def comparison(fidelity: Mapping, metric: str) -> pd.DataFrame:
    """The methods by one measure, the best first: title, model (whether it looks at it), mean, low, high, text, row.

    `row` is the method's place in the JSON; methods without a value are left out.
    """
    about = METRICS[metric]
    rows = [
        {
            "method": title(name),
            "model": looks_at_model(name),
            **{end: row[metric][end] for end in ("mean", "low", "high")},
            "text": about.shown(row[metric]["mean"]),
            "name": name,
        }
        for name, row in fidelity["methods"].items()
        if mean(row.get(metric)) is not None
    ]
    table = pd.DataFrame(rows, columns=["method", "model", "mean", "low", "high", "text", "name"])
    return table.sort_values("mean", ascending=not about.high_is_good, kind="stable", ignore_index=True)


def reading(fidelity: Mapping, metric: str) -> str:
    """The rule for reading the chart: which end is good, what dots and lines are."""
    text = (
        f"{METRICS[metric].sense}. Dots are means over {words.count(fidelity['users'], 'test user')}, lines 95% "
        "intervals. Solid: the order comes from the model; hollow: from the data alone. Dashed: random order"
    )
    return text if "DEL@4" in offered(fidelity) else f"{text}. {NO_RATIOS}"


def in_words(compared: pd.DataFrame, metric: str) -> str:
    """The chart as a sentence, for those who do not see it."""
    values = "; ".join(f"{row.method} {row.text}" for row in compared.itertuples())
    return f"{METRICS[metric].text}: {values}"


def comparison_table(compared: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The numbers of the chart, unrounded; shares as fractions of 1."""
    table = compared.assign(model=["the model" if model else "the data alone" for model in compared["model"]])
    named = {"method": "Method", "mean": metric, "low": "95% interval from", "high": "to", "model": "Order from"}
    return table[list(named)].rename(columns=named)


def methods_table(fidelity: Mapping, metric: str) -> pd.DataFrame:
    """The table behind the chart, all values as text but the milliseconds; differences of shares in points."""
    about, rows = METRICS[metric], []
    exactly = partial(about.shown, decimals=1)
    unit = ", points" if about.is_share else ""
    for row in comparison(fidelity, metric).itertuples():
        method = fidelity["methods"][row.name]
        against = {
            f"Against {other}{unit}": _difference(about, method, other, metric) if row.name != other else NOTHING
            for other in ("random", "cosine")
        }
        rows.append(
            {"Method": row.method, metric: exactly(row.mean), "95% interval": _interval(exactly, method[metric])}
            | against
            | {"ms per explanation": method.get("ms"), "Order from": "the model" if row.model else "the data alone"}
        )
    return pd.DataFrame(rows)


def _interval(write: Callable[[float], str], value: Mapping) -> str:
    if None in (value.get("low"), value.get("high")):
        return NOTHING
    return f"{write(value['low'])} to {write(value['high'])}"


def _difference(about: Metric, method: Mapping, other: str, metric: str) -> str:
    value = ((method.get("against") or {}).get(other) or {}).get(metric)
    if mean(value) is None:
        return NOTHING
    return f"{about.change(value['mean'])} ({_interval(about.change, value)})"


def removal_rows(fidelity: Mapping) -> pd.DataFrame:
    """Smallest removal sets: how often found, and how many films they take beside a random order."""
    names = {"top1": "Out of the first place", "top10": "Out of the first ten"}
    rows = []
    for name, label in names.items():
        if (found := (fidelity.get("removal") or {}).get(name)) is not None:
            rows.append(
                {
                    "To bring the film": label,
                    "Found for": _share(found.get("found")),
                    "Median size": _films(found.get("median")),
                    "Found, random order": _share(found.get("found_random")),
                    "Median, random order": _films(found.get("median_random")),
                }
            )
    return pd.DataFrame(rows)


def _share(value: float | None) -> str:
    return NOTHING if value is None else words.share(value)


def _films(number: float | None) -> str:
    return "none for half of the users" if number is None else f"{number:g} {'film' if number == 1 else 'films'}"


def agreement(fidelity: Mapping) -> str | None:
    """How far integrated gradients agree with Shapley values, as a sentence; None where that was not measured."""
    found = fidelity.get("shapley_agreement") or {}
    value = found.get("integrated-gradients")
    if value is None:
        return None
    rank = words.quality(value, 2)
    users = words.count(found["users"], "user")
    return f"Integrated gradients beside Shapley values: their orders of a history correlate at {rank} ({users})."

"""What the page on explanation quality says of every kind of measure: its section, the downloads, how it was made."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from app import words
from app.explanation_quality.facts import METRICS

# Kind -> the section's question, its subtitle and the notice while nothing was measured.
SECTIONS = {
    "fidelity": (
        "Do the films that are named carry the recommendation?",
        "They are removed from the history, or kept alone, and the model is asked anew",
        "How well each kind of reason does has **not been measured** on this checkpoint yet.",
    ),
    "audit": (
        "Does the arithmetic hold?",
        "Hard limits that every explanation has to keep",
        "The **audit** has not been run on this checkpoint yet.",
    ),
    "planted": (
        "Are the planted reasons found?",
        "The viewers are simulated, with reasons planted in them",
        "The planted reasons have **not been looked for** in this checkpoint yet.",
    ),
    "parts": (
        "What does each part of the model do?",
        "The claim of the paper’s figure 3 in numbers",
        "What **each part of the model** does has not been measured on this checkpoint yet.",
    ),
}
HOW = """
The film explained is the first of a user’s unseen films. A method puts the films of the history in the order of how
strongly they speak for it; films are taken out in that order, the model is asked anew each time, and places are counted
among the films that the whole history leaves unseen. Measures with a number of films (`@4`) look after that many
removals. Those ending in `-P` are means over eleven levels, from nothing to the whole history in tenths. Intervals are
95% bootstrap intervals over users; differences are paired user by user.

"""

_ENDS = ("low", "high", "se")


def rows(measured: Mapping[str, Mapping]) -> pd.DataFrame:
    """Every number that was measured in long form, each with the checkpoint, command and date it belongs to.

    Columns kind, figure (its place in the JSON), value, low, high, se, checkpoint_digest, command, device, made. True
    counts 1, false 0; words stand in the JSON alone.
    """
    table = []
    for kind, found in measured.items():
        about = {name: found["provenance"][name] for name in ("checkpoint_digest", "command", "device", "made")}
        table += [{"kind": kind, **figure, **about} for figure in _figures(found, "")]
    columns = ["kind", "figure", "value", "low", "high", "se", "checkpoint_digest", "command", "device", "made"]
    return pd.DataFrame(table, columns=columns)


def _figures(value: object, place: str) -> list[dict]:
    if isinstance(value, Mapping):
        ends = {name: value[name] for name in _ENDS if name in value}
        named = [(name, each) for name, each in value.items() if name not in (*ends, "provenance")]
        # What the interval belongs to: the AUC where there is one.
        owner = next((name for name in ("auc", "mean") if ends and name in value), None)
        if owner is not None:
            own = [
                {**row, **ends} for row in _figures(value[owner], place if owner == "mean" else f"{place} / {owner}")
            ]
            return own + _all([(name, each) for name, each in named if name != owner], place)
    elif isinstance(value, list):
        named = [(each.get("name", n) if isinstance(each, Mapping) else n, each) for n, each in enumerate(value)]
    else:
        return [{"figure": place, "value": float(value)}] if isinstance(value, int | float) else []
    return _all(named, place)


def _all(named: list[tuple], place: str) -> list[dict]:
    return [figure for name, each in named for figure in _figures(each, f"{place} / {name}" if place else str(name))]


def how(measured: Mapping[str, Mapping]) -> str:
    """How everything on the page was measured (Markdown)."""
    lines = [HOW, *(words.markdown(found["how"]) + "\n" for found in measured.values() if found.get("how"))]
    lines += [*(f"- **{name}**: {about.text.lower()}. {about.sense}." for name, about in METRICS.items()), ""]
    for found in measured.values():
        about = found["provenance"]
        versions = ", ".join(f"{words.markdown(name)} {number}" for name, number in about["versions"].items())
        day = about["made"].partition("T")[0]
        took = f"{words.seconds(about['seconds'])} on {words.markdown(about['device'])}"
        command = about["command"].replace("`", "")
        lines.append(f"- `{command}`: measured on {day} in {took}, with {versions}")
    return "\n".join(lines)

"""What the page on explanation quality says of the audit and of the planted truth, from their JSON alone."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from app import words
from app.explanation_quality.facts import NOTHING, short

MARKS = {True: (":material/check:", "passed"), False: (":material/close:", "failed"), None: (":material/remove:", "")}


def audit_answer(audit: Mapping) -> str:
    """How many gates pass."""
    applied = [gate for gate in audit["gates"] if gate["passed"] is not None]
    passed = sum(gate["passed"] for gate in applied)
    count = "All" if passed == len(applied) else f"{passed} of"
    rest = len(audit["gates"]) - len(applied)
    other = f"; {rest} {'does' if rest == 1 else 'do'} not apply to this model" if rest else ""
    return f"{count} {words.count(len(applied), 'gate')} {'pass' if passed != 1 else 'passes'}{other}"


def audit_rows(audit: Mapping) -> pd.DataFrame:
    """One line a gate, as Markdown: what it asks, what was measured, the limit, whether it passed and why if not."""
    rows = []
    for gate in audit["gates"]:
        mark, verdict = MARKS[gate["passed"]]
        note = gate.get("note") or ("does not apply" if gate["passed"] is None else "")
        text = ": ".join(filter(None, [verdict, note])) if gate["passed"] is not True else verdict
        rows.append(
            {
                "Gate": words.markdown(gate["title"]),
                "Measured": NOTHING if gate["value"] is None else number(gate["value"]),
                "Limit": f"{gate['sense']} {limit(gate['limit'])}" if gate["limit"] is not None else NOTHING,
                "": f"{mark} {words.markdown(text)}",
            }
        )
    return pd.DataFrame(rows)


def notes(audit: Mapping) -> pd.DataFrame:
    """What each gate looks at, as Markdown."""
    rows = [(words.markdown(gate["title"]), words.markdown(gate.get("note") or NOTHING)) for gate in audit["gates"]]
    return pd.DataFrame(rows, columns=["Gate", "Note"])


def number(value: float) -> str:
    """A measured number of any size: small ones in scientific form, whole ones plain."""
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    text = words.scientific(value) if abs(value) < 1e-3 else words.quality(value) if abs(value) < 1 else f"{value:,.3g}"
    return text.replace("-", "−")


def limit(value: float) -> str:
    """A round number that something is held against."""
    return words.scientific(value) if 0 < abs(value) < 1e-4 else short(value)


def planted_answer(planted: Mapping) -> str:
    """Whether the model's explanations find what was planted in the viewers."""
    values = [(planted["links"]["share"], planted["links"]["demand"])]
    values.append((planted["conjunctions"]["auc"], planted["conjunctions"]["demand"]))
    asked = [value >= demand for value, demand in values if value is not None]
    if not asked:
        return "This model has neither a linear nor a deep path in which to look"
    if len(asked) == 1:
        return f"The one demand that applies to this model is {'met' if asked[0] else 'not met'}"
    return {2: "Both demands are met", 1: "One of two demands is met", 0: "Neither demand is met"}[sum(asked)]


def planted_rows(planted: Mapping) -> pd.DataFrame:
    """What was planted and how much of it is found, beside the demand; what is no evidence stands last."""
    links, pairs = planted["links"], planted["conjunctions"]
    rows = [
        (
            f"{words.count(links['planted'], 'link')} from film to film",
            _found(links, f", partner among the first {links['top']} in the linear weights"),
            f"at least {words.share(links['demand'])}",
            _met(links["share"], links["demand"]),
        ),
        *((f"of these, {_kind(kind)}", _found(row), "", "") for kind, row in (links.get("by_kind") or {}).items()),
        (
            f"{words.count(pairs['planted'], 'conjunction')} of two tastes",
            _auc(pairs, f", against {words.count(pairs['unplanted'], 'unplanted one')}"),
            f"at least {words.quality(pairs['demand'], 2)}",
            _met(pairs["auc"], pairs["demand"]),
        ),
        *((f"of these, {_kind(kind)}", _auc(row), "", "") for kind, row in (pairs.get("by_kind") or {}).items()),
        *((CONTROLS[name], _auc(row), "", "") for name, row in (pairs.get("controls") or {}).items()),
    ]
    return pd.DataFrame(rows, columns=["Planted", "Found", "Demand", ""])


# What an AUC reaches without any understanding of the rule that was planted.
CONTROLS = {
    "size": "for comparison, by size whatever the direction",
    "linear": "for comparison, in the linear path",
    "linear_size": "for comparison, in the linear path by size",
}


def _kind(kind: str) -> str:
    names = {
        "and": "both needed (and)",
        "xor": "either but not both (xor)",
        "series": "within a series",
        "director": "by one director",
    }
    return names.get(kind, words.markdown(kind))


def _found(links: Mapping, what: str = "") -> str:
    if links["share"] is None:
        return NOTHING
    return f"{words.share(links['share'])} ({links['found']} of {links['planted']}){what}"


def _auc(found: Mapping, beside: str = "") -> str:
    if found.get("auc") is None:
        return NOTHING
    ends = (found.get("low"), found.get("high"))
    text = f"AUC {words.quality(found['auc'], 2)}"
    ends_text = "" if None in ends else f" ({words.quality(ends[0], 2)} to {words.quality(ends[1], 2)})"
    return f"{text}{ends_text}{beside}"


def _met(value: float | None, demand: float) -> str:
    if value is None:
        return f"{MARKS[None][0]} does not apply"
    return f"{MARKS[value >= demand][0]} {'reached' if value >= demand else 'missed'}"

"""The checks in words and frames, for the page and for the text that is copied."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from app import shortcuts, timings, words
from vasp_models.diagnostics import FINE, MISSING, NOTE, PROBLEM, TOLD, Check, Diagnosis

QUESTION = "Is everything in order here?"
ICONS = {FINE: "check_circle", MISSING: "radio_button_unchecked", NOTE: "info", PROBLEM: "error", TOLD: "timer"}
SESSION = "Answers of the model"


def answer(found: Diagnosis) -> str:
    """The page's answer, as Markdown, its first words bold."""
    first, mark, rest = found.answer.partition(":")
    return f"**{first}**{words.markdown(mark + rest)}"


def state(check: Check) -> str:
    """A check's state as an icon and a word (Markdown)."""
    return f":material/{ICONS[check.state]}: {check.state}".replace(" ", "\u00a0")


def urgent(found: Diagnosis) -> list[Check]:
    """What needs attention, then what is worth knowing."""
    checks = [check for check in found if check.state in (PROBLEM, NOTE)]
    return sorted(checks, key=lambda check: check.state != PROBLEM)


def line(check: Check) -> str:
    """A check that is not in order, in Markdown: what it is, and below it what to do."""
    mend = f"\n\n:gray[{words.sentence(check.mend)}]" if check.mend else ""
    return f":material/{ICONS[check.state]}: **{words.markdown(check.name)}** · {words.markdown(check.fact)}{mend}"


def table(checks: Iterable[Check], mends: bool = False) -> pd.DataFrame:
    """Checks as a table of Markdown: name, what was found, state and, if asked for, what to do."""
    rows = []
    for check in checks:
        row = {"Check": words.markdown(check.name), "State": state(check), "Found": words.markdown(check.fact)}
        rows.append(row | ({"What to do": words.sentence(check.mend)} if mends else {}))
    return pd.DataFrame(rows)


def times(seconds: float) -> str:
    """A duration as ``12 ms`` or ``1.4 s``."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def session(known: Iterable[timings.Timing]) -> list[Check]:
    """How long the model took for its answers."""
    checks = []
    for each in known:
        fact = times(each.last)
        if each.answers > 1:
            fact = f"last {times(each.last)}, median {times(each.median)} of the last {each.answers}"
        checks.append(Check(each.name, TOLD, fact))
    return checks


def keys() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every shortcut as a table of Markdown: those of the pages, and those of lists and maps that have the keyboard."""
    tables = []
    for inside in (False, True):
        rows = [
            (f"`{each.shown}`", words.markdown(each.does), each.where)
            for each in shortcuts.TABLE
            if (each in shortcuts.IN_COMPONENTS) == inside
        ]
        tables.append(pd.DataFrame(rows, columns=["Key", "What it does", "Where"]))
    return tables[0], tables[1]


KEYS = (
    "Letters do nothing while you type in a field. Tab and Shift + Tab go from control to control; what has the "
    "keyboard has a ring around it."
)
NO_TIMES = "The model has not been asked anything since this program was started."
CLEARED = "The dashboard’s memory is empty again, and {freed} of logs, posters and splits are gone. Results stay."
CLEARS = "Forgets computed answers, logs of ended jobs, posters and the splits of large data. Maps and measures stay."
PATHS = "The text names folders of this machine; look it through before you send it on."

"""The section on trust: whether removing the named films changes the answer, and whether the arithmetic holds."""

from __future__ import annotations

from collections.abc import Mapping

from app import words
from app.explanation_quality import audit, charts, facts, measured, parts
from app.report import look, pieces
from app.report.gathering import Gathered, command
from app.report.pieces import FULL, Missing


def answer(gathered: Gathered) -> str:
    """Whether the reasons are real, in a sentence (Markdown)."""
    return facts.answer(gathered.measured.get("fidelity"))


def section(gathered: Gathered) -> dict:
    """What the section shows; what was not measured is named with its command."""
    found, simulated = gathered.measured, gathered.checkpoint.manifest["dataset"].get("simulated")
    kinds = [kind for kind in measured.SECTIONS if simulated or kind != "planted"]
    shown = {"fidelity": _fidelity, "audit": _audit, "planted": _planted, "parts": _parts}
    return {
        "answer": answer(gathered),
        "parts": [
            {"title": measured.SECTIONS[kind][0], "rule": measured.SECTIONS[kind][1]}
            | (shown[kind](found[kind]) if kind in found else {"missing": missing(gathered, kind)})
            for kind in kinds
        ],
        "how": measured.how({kind: found[kind] for kind in measured.SECTIONS if kind in found}) if found else None,
    }


def missing(gathered: Gathered, kind: str) -> Missing:
    """What is not measured yet, and the command that measures it."""
    return Missing(measured.SECTIONS[kind][2], command(gathered.checkpoint, kind))


def _fidelity(found: Mapping) -> dict:
    offered = facts.offered(found)
    if not offered:
        return {"sentences": [facts.NO_METHOD]}
    metric = offered[0]
    compared = facts.comparison(found, metric)
    figure = charts.methods(compared, look.ink(), facts.METRICS[metric].tick)
    twin = pieces.table(facts.methods_table(found, metric), decimals=1)
    picture = pieces.picture(
        words.markdown(facts.METRICS[metric].text), facts.reading(found, metric), facts.in_words(compared, metric),
        FULL, lambda narrow: figure, twin,
    )  # fmt: skip
    return {"picture": picture, **_removals(found)}


def _removals(found: Mapping) -> dict:
    rows, sentence = facts.removal_rows(found), facts.agreement(found)
    note = {"note": sentence}
    return note if rows.empty else note | {"table": pieces.worded(rows), "table_rule": facts.REMOVAL_RULE}


def _audit(found: Mapping) -> dict:
    """The answer, the gates folded away where all pass."""
    rows = pieces.worded(audit.audit_rows(found))
    return {"rule": audit.audit_answer(found)} | ({"folded": rows} if found["passed"] else {"table": rows})


def _planted(found: Mapping) -> dict:
    return {"rule": audit.planted_answer(found), "table": pieces.worded(audit.planted_rows(found))}


def _parts(found: Mapping) -> dict:
    sentences = list(filter(None, [parts.sentence(found), *parts.overlaps(found)]))
    return {"rule": parts.reading(found), "sentences": sentences, "table": pieces.worded(parts.table(found))}

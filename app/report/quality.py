"""The section on who is served well: accuracy and the parts' shares by slice, and what the lists are like."""

from __future__ import annotations

from app.quality import charts, facts, lists
from app.report import look, pieces
from app.report.gathering import Gathered, command
from app.report.pieces import FULL, LEFT, RIGHT, Missing, Picture
from vasp_models.evaluation import slices
from vasp_models.evaluation.served import Served

KINDS = ("history", "popularity")  # ways of slicing users and films; the page has more


def section(gathered: Gathered) -> dict:
    """What the section shows; what was not measured is named with its command."""
    found = gathered.measured.get("quality")
    if found is None:
        missing = Missing(facts.MISSING, command(gathered.checkpoint, "quality"))
        return {"question": facts.QUESTION, "missing": missing, "parts": []}
    served = Served(found, gathered.checkpoint.catalogue)
    kinds = [kind for kind in KINDS if kind in lists.kinds(served)]
    shown = [facts.compared(served, kind, facts.metrics_of(kind)[0]) for kind in kinds]
    return {
        "question": facts.QUESTION,
        "answer": facts.answer(served, shown[0]) if shown else None,
        "parts": [_slices(served, each) for each in shown],
        "beyond": _beyond(served, found),
        "tail": _tail(served),
        "how": lists.how(found),
    }


def _slices(served: Served, shown) -> dict:
    """How well each slice is served, and by which part of the model."""
    wide = LEFT if served.factors else FULL
    accuracy = charts.accuracy(shown.drawn, look.ink(), shown.overall)
    pictures = [
        pieces.picture(
            facts.METRICS[shown.metric][1], facts.reading(shown), facts.in_words(shown), wide,
            lambda narrow: accuracy, pieces.table(facts.accuracy_twin(shown)),
        )
    ]  # fmt: skip
    if served.factors:
        pictures.append(_shares(served, shown))
    return {"pictures": pictures, "sentence": facts.alone(served, shown)}


def _shares(served: Served, shown) -> Picture:
    figure = charts.paths(shown.drawn_shares, look.ink(), served.factors)
    name, head, _ = facts.KINDS[shown.kind]
    alt = facts.shares_in_words(served, shown.drawn_shares, name.lower())
    return pieces.picture(
        facts.SHARES[shown.kind in slices.USERS], facts.share_reading(served), alt, RIGHT,
        lambda narrow: figure, pieces.table(facts.share_twin(served, shown.shares, head)),
    )  # fmt: skip


def _beyond(served: Served, found) -> dict:
    rule = lists.READING.format(f"{found['users']:,} users", found["settings"]["shown"])
    return {"rule": rule, "sentence": lists.beyond_answer(served), "table": pieces.worded(lists.beyond_table(served))}


def _tail(served: Served) -> Picture:
    figure = charts.long_tail(served.long_tail, lists.tail_names(served), look.ink())
    return pieces.picture(
        "What do the most popular films get?", lists.tail_answer(served), lists.tail_in_words(served), FULL,
        lambda narrow: figure, pieces.table(lists.tail_twin(served)),
    )  # fmt: skip

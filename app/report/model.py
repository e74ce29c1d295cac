"""The section on the model in brief: what it is, how good it is beside simpler ones, how it learned."""

from __future__ import annotations

from collections.abc import Mapping

from app import charts, words
from app import overview_facts as facts
from app.report import look, pieces
from app.report.gathering import Gathered, command
from app.report.pieces import LEFT, Missing, Picture, Table

SIMULATED = (
    "The films are real, **the viewers are simulated**, with reasons planted in them that an explanation has to find "
    "again. What the figures below say of this model, they do not say of real viewers."
)
MEASURES = {"ndcg@100": "NDCG@100", "recall@20": "Recall@20", "recall@50": "Recall@50"}
HOW_MEASURED = (
    "Whole users are held out of the training. Four fifths of such a user’s history is shown to the model, which then "
    "has to find the rest among all films that the user has not seen. **NDCG@100** is 1 where all held-out films stand "
    "first; **Recall@20** is the share of them among the first twenty; **Coverage@100** the share of the catalogue "
    "that is in anybody’s first hundred. ± is a standard error over users."
)
NO_EPOCHS = "This model is computed in one step, so it has no epochs."


def measured(gathered: Gathered) -> Mapping | None:
    """The figures on the test users, else those on the validation users."""
    metrics = gathered.checkpoint.metrics
    return metrics.get("test") or metrics.get("val")


def answer(gathered: Gathered) -> str:
    """How good the model is, in a sentence (Markdown)."""
    return facts.answer(gathered.checkpoint, measured(gathered))


def section(gathered: Gathered) -> dict:
    """What the section shows."""
    checkpoint, figures = gathered.checkpoint, measured(gathered)
    maps = [words.DISTANCE_NAMES[gathered.maps.distance]] if gathered.maps is not None else []
    missing = Missing("The model has **not been measured** yet.", command(checkpoint, "evaluate"))
    return {
        "answer": answer(gathered),
        "simulated": SIMULATED if checkpoint.manifest["dataset"].get("simulated") else None,
        "metrics": facts.metrics(checkpoint, figures) if figures else [],
        "missing": None if figures else missing,
        "compared": compared(checkpoint, figures) if figures else None,
        "how": HOW_MEASURED,
        "curve": _curve(checkpoint),
        "no_curve": NO_EPOCHS,
        "facts": pieces.facts(facts.rows(checkpoint, maps, gathered.measured.get("audit"))),
    }


def compared(checkpoint, figures: Mapping) -> Table | None:
    """The model beside the others that were measured on the same users; None where there are none."""
    others = checkpoint.metrics.get("baselines") or {}
    if not others:
        return None
    rows = [_row(facts.model_title(checkpoint), figures, "")]
    for other in sorted(others.values(), key=lambda row: -row["ndcg@100"]["mean"]):
        rows.append(_row(other["title"], other, _lead(other.get("difference"))))
    head = ["Model", *MEASURES.values(), "Coverage@100", "The model’s lead in NDCG@100"]
    return Table(head, rows, frozenset(range(1, len(head))))


def _row(title: str, figures: Mapping, lead: str) -> list[str]:
    values = [_with_error(figures[name]["mean"], figures[name]["se"]) for name in MEASURES]
    return [title, *values, words.share(figures["coverage@100"]), lead]


def _lead(difference: Mapping | None) -> str:
    if not difference:
        return "–"
    sign = "+" if difference["mean"] >= 0 else "−"
    return sign + _with_error(abs(difference["mean"]), difference["se"])


def _with_error(mean: float, se: float | None) -> str:
    return words.quality(mean) if se is None else f"{words.quality(mean)} ± {words.quality(se)}"


def _curve(checkpoint) -> Picture | None:
    learned, model = facts.curve(checkpoint), checkpoint.manifest["title"]
    if not facts.has_curve(learned):
        return None
    drawn = charts.learning_curve(learned, look.ink(), model, facts.references(checkpoint))
    twin = facts.curve_table(learned, facts.references(checkpoint))
    return pieces.picture(
        "How it learned", "Validation NDCG@100 after each epoch; the best epoch is kept",
        facts.in_words(learned, model), LEFT, lambda narrow: drawn, pieces.table(twin),
    )  # fmt: skip

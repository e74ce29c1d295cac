"""The steps of the guided tour and what is told at each, from plain values: each sentence is of this checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from app import overview_facts, words
from app.explain import words as explain_words
from app.explanation_quality import audit as audit_facts
from app.explanation_quality import facts as trust_facts
from vasp_models.data.catalogue import PAPER_GENRES
from vasp_models.evaluation import intervals

MAIN_METRIC = "DEL@4"
NAMED = 3  # films of a removal that a sentence names
MOST_FOR, MOST_AGAINST = 6, 2  # films of the history in the picture
# The choices that all steps have in common; each step sets every choice that its view depends on.
_SET = {"k": 10, "rank_by": "joint", "order": "influence", "method": "joint", "as_if": "seen", "search": ""}


@dataclass(frozen=True)
class Step:
    """One step of the tour: its name, the page it is about, what it asks, and the choices that it sets."""

    name: str
    page: str
    title: str
    choices: Mapping = field(default_factory=dict)


def steps(film: str | None, distance: str | None, measured: bool) -> tuple[Step, ...]:
    """The steps that this checkpoint has something to show for.

    `film` (an id) is what the user gets first, None where there is nothing left to recommend; `distance` is one that
    has maps, None without any; `measured`: the explanations were tested.
    """
    tour = [Step("quality", "overview", "How good is it, and against what?", {"film": film})]
    if film is not None:
        tour.append(Step("list", "recommend", "What one person gets, and what each part adds", {"film": film}))
        tour.append(Step("reason", "explain", "Why this film?", {"film": film}))
    if distance is not None:
        colours = {"colouring": "focus", "focus": PAPER_GENRES, "distance": distance}
        tour.append(Step("maps", "sensitivity_maps", "What the model knows about films", {"film": None} | colours))
    if measured:
        tour.append(Step("trust", "explanation_quality", "Can the reasons be trusted?", {"film": film}))
    return tuple(Step(each.name, each.page, each.title, _SET | dict(each.choices)) for each in tour)


def step_on(tour: Sequence[Step], page: str) -> int | None:
    """The place (from 1) of the step that is about a page; None where no step is."""
    return next((place for place, step in enumerate(tour, 1) if step.page == page), None)


def compared(chosen) -> pd.DataFrame:
    """The model beside those that were measured on the same users, the best first: means with 95 % intervals.

    Columns method, name, model (whether it is this one), mean, low, high, text; no rows where nothing was compared.
    """
    measured, beside = chosen.metrics.get("test"), chosen.metrics.get("baselines") or {}
    if not measured or not beside:
        return pd.DataFrame(columns=["method", "name", "model", "mean", "low", "high", "text"])
    mine = overview_facts.model_title(chosen)
    rows = [_measured(mine, chosen.name, True, measured)]
    rows += [_measured(row["title"], name, False, row) for name, row in beside.items()]
    return pd.DataFrame(rows).sort_values("mean", ascending=False, ignore_index=True)


def _measured(title: str, name: str, is_this: bool, metrics: Mapping) -> dict:
    found = intervals.around(metrics["ndcg@100"]["mean"], metrics["ndcg@100"]["se"], metrics["users"])
    ends = {"low": found.low, "high": found.high}
    return {
        "method": title,
        "name": name,
        "model": is_this,
        "mean": found.mean,
        "text": words.quality(found.mean),
    } | ends


def compared_in_words(table: pd.DataFrame) -> str:
    """The comparison as a sentence, for those who do not see it."""
    return "NDCG@100: " + "; ".join(f"{row.method} {row.text}" for row in table.itertuples())


def change(case, removals: Mapping, titles: Sequence[str]) -> str:
    """What would change the answer: the films whose removal takes the film off its place, and what comes instead.

    `titles` are those of all items. Empty where nothing was found (Markdown).
    """
    k = next((k for k, found in sorted(removals.items()) if found is not None and case.rank <= k), None)
    if k is None:
        return ""
    found = removals[k]
    gone = [words.markdown(titles[item]) for item in found.items]
    if len(gone) > NAMED:
        gone = [*gone[: NAMED - 1], f"{len(gone) - NAMED + 1} more films"]
    falls = f"Without {words.joined(gone)} it falls to **#{found.rank_after:,}**"
    instead = [titles[item] for item in found.entered]
    return f"{falls}. {explain_words.replacement(k, instead)}." if instead else f"{falls}."


def waterfall_rule(case) -> str:
    """The waterfall's unit, in one line."""
    together = "; the parts multiply exactly" if case.unit.factors and len(case.terms) > 1 else ""
    return f"Score relative to an empty profile{together}"


def strongest(effects: np.ndarray) -> np.ndarray:
    """Positions in the history of the films to show: those that speak most for the film, then most against it."""
    order = np.argsort(-effects, kind="stable")
    speaks_for, against = (
        order[effects[order] >= explain_words.SMALLEST],
        order[effects[order] <= -explain_words.SMALLEST],
    )
    return np.concatenate([speaks_for[:MOST_FOR], against[-MOST_AGAINST:]])


def maps_question(parts: Sequence[str]) -> str:
    """What the step on the maps asks, for the parts on them."""
    halves = [part for part in parts if part != "joint"]
    return "Do the two halves know the same films?" if len(halves) == 2 else "Does the model know genres?"


def maps_told(answer: str | None, parts: Sequence[str], overlap: float | None) -> str | None:
    """The maps' answer, and how many neighbours the two halves have in common."""
    if overlap is None or len(shown_parts(parts)) != 2:
        return answer
    shared = f"Of a film’s 20 nearest, the two share **{words.share(overlap)}** on average."
    return f"{shared} {answer}" if answer else shared


def shown_parts(parts: Sequence[str]) -> list[str]:
    """The maps to show: the halves without their product, so that each has room; all where there are no two halves."""
    halves = [part for part in parts if part != "joint"]
    return halves if len(halves) == 2 else list(parts)


def trusted(fidelity: Mapping, audit: Mapping | None) -> str:
    """Whether the reasons are real, and how the gates went (Markdown)."""
    text = trust_facts.answer(fidelity)
    return f"{text} {audit_facts.audit_answer(audit)}." if audit else text


def trust_metric(fidelity: Mapping) -> str | None:
    """The measure to show: DEL@4 where the model's scores have shares, else the first that exists."""
    offered = trust_facts.offered(fidelity)
    return MAIN_METRIC if MAIN_METRIC in offered else next(iter(offered), None)

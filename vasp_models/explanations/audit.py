"""The audit: hard gates that the explanations of any model have to keep to, on a sample of its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.errors import ExplanationError
from vasp_models.evaluation.ranking import mask_seen, top_k
from vasp_models.explanations import dependence, identities, reruns
from vasp_models.explanations.answers import total
from vasp_models.explanations.gates import Gate, Sample
from vasp_models.jobs import Report
from vasp_models.measures import USERS

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

TARGETS = 10  # films explained to each user
_LONG = 15  # films of a history that is preferred, since orders are compared
CHECKS = (*identities.CHECKS, *dependence.CHECKS)
_SHARES = {"users": 0.6, "draws": 0.9}  # of the whole, when each stage ends


def audit(
    model: Recommender,
    histories: Interactions,
    train: Interactions,
    seed: int = 0,
    users: int = USERS["audit"],
    report: Report | None = None,
    again: Recommender | None = None,
) -> dict[str, Any]:
    """Every gate on a sample of `histories`, as plain JSON: {"users", "seed", "passed", "gates"}.

    `train` are the histories that the model was fitted to, `again` is the same model read from disk once more. Of the
    histories those of at least 15 films are taken first. A gate that does not apply to the model does not fail it.
    Raises ExplanationError where nothing can be explained to anybody.
    """
    report = report or (lambda stage, fraction: None)
    sample = sample_of(model, histories, train, seed, users)
    by_user = _by_user(sample, report)

    def progress(fraction: float) -> None:
        report("Drawing weights anew", _SHARES["users"] + fraction * (_SHARES["draws"] - _SHARES["users"]))

    gates = by_user[: len(identities.CHECKS)] + dependence.randomisation_gates(sample, progress)
    report("Explaining again", _SHARES["draws"])
    gates += [dependence.explainer_gate(sample), *by_user[len(identities.CHECKS) :]]
    gates += reruns.repeat_gates(sample, again)
    return {
        "users": len(sample.histories),
        "seed": seed,
        "passed": all(gate.passed is not False for gate in gates),
        "gates": [gate.record() for gate in gates],
    }


def sample_of(
    model: Recommender, histories: Interactions, train: Interactions, seed: int = 0, users: int = USERS["audit"]
) -> Sample:
    """At most `users` of the histories, drawn by seed, with the best unseen films of each.

    Raises ExplanationError where no history leaves anything to recommend.
    """
    chosen = [histories.row(row).astype(np.int64) for row in _drawn(histories.lengths, users, seed)]
    rows = model.histories(chosen)
    ranking = mask_seen(total(model, rows), rows)
    targets = [best[np.isfinite(ranking[row, best])] for row, best in enumerate(top_k(ranking, TARGETS))]
    kept = [row for row, films in enumerate(targets) if len(films) and len(chosen[row])]
    if not kept:
        raise ExplanationError(
            "None of the test users has a history that leaves a film to recommend: expected at least one to audit; "
            "train on more data."
        )
    return Sample(model, [chosen[row] for row in kept], [targets[row] for row in kept], train, seed)


def _drawn(lengths: np.ndarray, users: int, seed: int) -> np.ndarray:
    """Rows: long histories in random order, then the others from the longest down."""
    rng = np.random.default_rng(seed)
    long = rng.permutation(np.flatnonzero(lengths >= _LONG))
    short = np.flatnonzero((lengths > 0) & (lengths < _LONG))
    return np.sort(np.concatenate([long, short[np.argsort(-lengths[short], kind="stable")]])[:users])


def _by_user(sample: Sample, report: Report) -> list[Gate]:
    """The gates that are measured user by user; one user's explanations are held at a time."""
    values: dict[str, list[float | None]] = {check.name: [] for check in CHECKS}
    removals: list[list[bool | None]] = []
    for number, case in enumerate(sample.cases()):
        share = number / len(sample.histories)
        report(f"Checking user {number + 1} of {len(sample.histories)}", _SHARES["users"] * share)
        for check in CHECKS:
            values[check.name].append(check.measure(case))
        removals.append(reruns.removals_again(case))
    return [*(check.gate(values[check.name]) for check in CHECKS), reruns.removal_gate(removals)]

"""The measures of a checkpoint, each on its own test users: one function for commands and the demo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vasp_models.evaluation.quality import measure_quality
from vasp_models.explanations import audit, fidelity, parts, planted
from vasp_models.explanations.answers import answers
from vasp_models.explanations.components import components, factors
from vasp_models.measures import USERS

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.jobs import Report


def measure(
    checkpoint: Checkpoint,
    kind: str,
    report: Report,
    device: str = "cpu",
    seed: int = 0,
    users: int | None = None,
    methods: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure a kind of `measures.KINDS` on a checkpoint: plain JSON.

    `users` test users, by default as many as `measures.USERS` says, are drawn by the seed; `methods` are for fidelity
    alone. Raises what the measure itself raises.
    """
    users = USERS.get(kind) if users is None else users
    model, (fold_in, held_out) = checkpoint.model(device), checkpoint.test_folds()[0]
    if kind == "planted":
        return planted.planted_truth(model, planted.embedded(), checkpoint.catalogue, fold_in, seed, report)
    if kind == "parts":
        chosen = parts.sample(fold_in, held_out, users, seed)
        return parts.compare_parts(model, checkpoint.catalogue, *chosen, seed, report)
    if kind == "quality":
        chosen, names = parts.sample(fold_in, held_out, users, seed), tuple(factors(model))
        n_train = len(checkpoint.users.rows("train"))
        common = components(model), names, checkpoint.catalogue, n_train
        return measure_quality(partial(answers, model), *common, *chosen, seed, report)
    train = checkpoint.users.histories.take(checkpoint.users.rows("train"))
    if kind == "audit":  # the second model, read again, has to give the same bits
        return audit.audit(model, fold_in, train, seed, users, report, checkpoint.model(device))
    return fidelity.measure_fidelity(model, fidelity.sample(fold_in, users, seed), train, methods, seed, report)

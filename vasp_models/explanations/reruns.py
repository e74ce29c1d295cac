"""Gates that ask again: removals run afresh, and everything explained a second time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.explanations import explainers
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.gates import Case, Gate, Sample, users
from vasp_models.explanations.interactions import pair_interactions, strongest
from vasp_models.explanations.removals import TOPS, Removal, removals

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

_TWICE = 6  # users for whom everything is explained again


def removals_again(case: Case) -> list[bool | None]:
    """For each top k: whether the removal holds in a run of its own; None where no set was found."""
    item = int(case.targets[0])
    found = removals(case.model, case.history, item, TOPS, found=case.explained.answers)
    return [None if found[k] is None else holds(case.model, case.history, item, k, found[k]) for k in TOPS]


def holds(model: Recommender, history: np.ndarray, item: int, k: int, removal: Removal) -> bool:
    """Whether the film leaves the top k by a removal, which needs all its members, and the named films enter."""
    members = np.asarray(removal.items)
    if not len(members) or len(np.unique(members)) != len(members) or not np.isin(members, history).all():
        return False
    (before, before_last), (after, _) = (_places(model, history, gone) for gone in (members[:0], members))
    back = [_places(model, history, np.delete(members, place))[0][item] for place in range(len(members))]
    return (
        before[item] == removal.rank_before <= k < removal.rank_after == after[item]
        and max(back) <= k
        and len(removal.entered) > 0
        and not np.isin(removal.entered, history).any()
        and (after[removal.entered] <= k).all()
        and (before_last[removal.entered] > k).all()
    )


def removal_gate(found: list[list[bool | None]]) -> Gate:
    """How many of the removals do not hold, from `removals_again` of each user."""
    name, title = "removals", "Removals hold when they are run afresh"
    answers = [answer for user in found for answer in user]
    checked = [answer for answer in answers if answer is not None]
    about = f"{users(len(found))}, out of the top {' and '.join(map(str, TOPS))}"
    if not checked:
        return Gate(name, title, None, 0.0, "at most", f"{about}: no set was found")
    note = f"sets that fail, of {len(checked)}; {about}; no set was found {len(answers) - len(checked)} times"
    return Gate(name, title, float(checked.count(False)), 0.0, "at most", note)


def repeat_gates(sample: Sample, again: Recommender | None) -> list[Gate]:
    """Everything explained twice, and by the model read `again`, bit by bit; on the CPU alone."""
    twice, reloaded = ("repeatable", "Explained twice: the same bits"), ("reloaded", "Read again from disk: the same")
    device = getattr(sample.model, "device", None)
    if device is not None and device.type != "cpu":
        why = f"bits are promised on the CPU alone, and this ran on {device.type}"
        return [Gate(*names, None, 0.0, "at most", why) for names in (twice, reloaded)]
    cases = list(islice(sample.cases(), _TWICE))
    first = [list(_everything(sample.model, case)) for case in cases]
    gates = [_same(*twice, first, sample.model, cases)]
    if again is None:
        return [*gates, Gate(*reloaded, None, 0.0, "at most", "this model was not read from disk")]
    return [*gates, _same(*reloaded, first, again, cases)]


def _same(name: str, title: str, first: list, model: Recommender, cases: list[Case]) -> Gate:
    second = [list(_everything(model, case)) for case in cases]
    n = sum(map(len, first))
    wrong = sum(
        len(one) != len(two) or sum(not np.array_equal(a, b, equal_nan=True) for a, b in zip(one, two, strict=False))
        for one, two in zip(first, second, strict=True)
    )
    note = f"answers that differ, of {n}; {users(len(cases))}; explanations, removals, pairs and every explainer"
    return Gate(name, title, float(wrong), 0.0, "at most", note)


def _everything(model: Recommender, case: Case) -> Iterator[np.ndarray]:
    """All that is said of a user's films, as arrays."""
    found, item = explain(model, case.history, case.targets), int(case.targets[0])
    yield from (found.scores, found.answers.full, found.answers.empty, found.answers.without, found.ranks)
    if found.linear is not None:
        yield found.linear.contributions
    if found.gradients is not None:
        yield from found.gradients.values.values()
    for removal in removals(model, case.history, item, TOPS, found=found.answers).values():
        yield np.empty(0) if removal is None else np.append(removal.items, [removal.rank_after, removal.replacement])
    positions = strongest(found.leave_one_out[:, :, 0].sum(axis=0))
    yield pair_interactions(model, case.history, item, positions).joint
    for explainer in explainers.EXPLAINERS.values():
        if explainer.fits(model):
            situation = explainers.Situation(model, case.history, item, case.sample.statistics, case.sample.seed)
            yield np.asarray(explainer.contributions(situation))


def _places(model: Recommender, history: np.ndarray, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of all films without some of the history, among the films that it lacks, int64 (items).

    They differ where films have the same score. Written without the program's own ranking.
    """
    scores = model.score(model.histories([history[~np.isin(history, gone)]]))[0]
    others = np.sort(np.delete(scores, history))
    return tuple(len(others) - np.searchsorted(others, scores, side) + (side == "right") for side in ("right", "left"))

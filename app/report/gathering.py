"""What a report tells, asked of a checkpoint once: the user's list and its reasons, the maps, what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np

from app.explain import facts
from app.explain.words import Case
from vasp_models import measures, provenance
from vasp_models.data import choosing
from vasp_models.errors import ExplanationError, SettingError
from vasp_models.projections import maps

if TYPE_CHECKING:
    from vasp_models.answering import Answers, Reasons
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.data.users import User
    from vasp_models.explanations.curves import DeletionCurve
    from vasp_models.projections.drawing import SensitivityMaps
    from vasp_models.recommending import Recommendations

SHOWN, TOLD = 10, 5  # films of the list in the table, and those whose reasons are told one by one
PACKAGES = ("vasp-lens", "torch", "numpy", "scipy", "pandas", "plotly")


@dataclass(frozen=True)
class Told:
    """One film with its reasons: its place in them, the values of its sentence, the smallest removals by top k."""

    item: int
    reasons: Reasons
    place: int
    case: Case
    removals: Mapping[int, Any]


@dataclass(frozen=True)
class Story:
    """One user: the list, the film that is explained in full, the first of the list.

    `effects` are what each film of the history does to the list (h); `film` None where nothing is left to recommend;
    `curve` None where nothing in the history moves the film; `remark` what is unusual (Markdown).
    """

    user: User
    found: Recommendations
    effects: np.ndarray
    film: Told | None = None
    first: list[Told] = field(default_factory=list)
    curve: DeletionCurve | None = None
    remark: str | None = None


@dataclass(frozen=True)
class Gathered:
    """All that a report tells; `story` None where the checkpoint holds no user, `maps` where none were computed."""

    checkpoint: Checkpoint
    about: dict[str, Any]
    story: Story | None
    maps: SensitivityMaps | None
    measured: dict[str, dict]
    damaged: list[str]


def argument(checkpoint: Checkpoint) -> str:
    """What a command takes for a checkpoint; for a bundle the checkpoint that it was made of."""
    return checkpoint.manifest["bundle"]["checkpoint"] if checkpoint.is_bundle else checkpoint.argument


def command(checkpoint: Checkpoint, *given: str) -> str:
    """A command on a checkpoint, as a user types it: its name, then the options."""
    name, *options = given
    return shlex.join(["vasp-lens", name, argument(checkpoint), *options])


def gather(
    checkpoint: Checkpoint, answers: Answers, made_by: str, user: str | None = None, film: str | None = None
) -> Gathered:
    """Ask for all that a report tells; `user` and `film` are ids, by default the example user and the list's first.

    `made_by` is the command that makes the report again.
    Raises UnknownUserError, UnknownItemError, SettingError for a film that has no explanation, BundleError.
    """
    damaged: list[str] = []
    wanted = choosing.example_user(checkpoint) if user is None else user
    story = None if wanted is None else _story(checkpoint, answers, wanted, film)
    found = {kind: measures.find(checkpoint, kind, damaged.append) for kind in measures.KINDS}
    about = provenance.of(checkpoint, made_by) | {"versions": provenance.versions(PACKAGES)}
    drawn = maps.find(checkpoint, notice=damaged.append)
    return Gathered(checkpoint, about, story, drawn, {k: v for k, v in found.items() if v is not None}, damaged)


def _story(checkpoint: Checkpoint, answers: Answers, wanted: str, film: str | None) -> Story:
    user = checkpoint.users.find(wanted)
    found = answers.recommend(user.history, SHOWN)
    listed = answers.recommend(user.history, facts.LISTED).items
    effects = answers.effects(user.history, found.items) if len(user.history) else np.zeros(0)
    if not len(listed) and film is None:
        return Story(user, found, effects, remark=facts.NONE_LEFT)
    asked = int(listed[0]) if film is None else checkpoint.catalogue.number(film)
    # The same questions as the page Explain asks: a bundle holds the answers to those.
    together = answers.reasons(user.history, listed) if len(listed) else None
    first = [_told(checkpoint, answers, user.history, together, n) for n in range(min(TOLD, len(listed)))]
    history, remark = user.history, None
    if asked in user.history:
        history = user.history[user.history != asked]
        remark = facts.as_if_unseen(checkpoint, user, asked)
    reasons = together if asked in listed else _alone(checkpoint, answers, history, asked)
    place = int(np.flatnonzero(listed == asked)[0]) if asked in listed else 0
    told = first[place] if reasons is together and place < len(first) else None
    told = told or _told(checkpoint, answers, history, reasons, place)
    curve = answers.curve(history, asked) if told.case.moves and len(history) else None
    return Story(user, found, effects, told, first, curve, remark)


def _alone(checkpoint: Checkpoint, answers: Answers, history: np.ndarray, item: int) -> Reasons:
    try:
        return answers.reasons(history, np.array([item]))
    except ExplanationError as error:
        title = checkpoint.catalogue.titles[item]
        raise SettingError(f"{title} cannot be explained ({error}): choose another --film.") from None


def _told(checkpoint: Checkpoint, answers: Answers, history: np.ndarray, reasons: Reasons, place: int) -> Told:
    item = int(reasons.found.items[place])
    removals = answers.removals(history, item) if len(history) else {}
    return Told(item, reasons, place, facts.case(checkpoint, reasons, place), removals)

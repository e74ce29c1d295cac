"""Which film is explained, by which history, and where it cannot be: why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app import cached, widgets, words
from app.explain import cached as explain_cached
from app.explain import facts
from app.explain.cached import Reasons
from app.explain.facts import LISTED, NONE_LEFT
from app.maps.facts import item_of
from vasp_models.errors import BundleError, ExplanationError


@dataclass(frozen=True)
class Subject:
    """One film for one user.

    `listed` the user's list; `item` the film's number, None where there is no film; `history` item numbers (h) by which
    it is explained, without the film itself where it is `seen`; `reasons` None where there are none, and `place` the
    film's place in them; `remark` says why, or what is unusual (Markdown).
    """

    listed: object
    item: int | None
    history: np.ndarray
    seen: bool = False
    reasons: Reasons | None = None
    place: int = 0
    remark: str | None = None


def subject(chosen, user, now) -> Subject:
    """The film in the state, by default the first of the user's list, with its reasons where there are some."""
    listed = cached.recommendations(chosen, user.history, LISTED, "joint")
    item = item_of(chosen.catalogue, now.film) if now.film else int(listed.items[0]) if len(listed) else None
    if item is None:
        return Subject(listed, None, user.history, remark=_no_film(chosen, now.film))
    seen = bool((user.history == item).any())
    history = user.history[user.history != item]
    if seen and (now.as_if == "seen" or chosen.is_bundle):
        return Subject(listed, item, user.history, seen, remark=_in_history(chosen, user, item))
    items = listed.items if item in listed.items else np.array([item])
    try:
        reasons = explain_cached.reasons(chosen, history, items)
    except BundleError as error:
        return Subject(listed, item, history, seen, remark=widgets.sentence(str(error)))
    except ExplanationError:  # of all that can be wrong with a film, this is left
        return Subject(listed, item, history, seen, remark=facts.not_covered(chosen, item))
    remark = facts.as_if_unseen(chosen, user, item) if seen else None
    return Subject(listed, item, history, seen, reasons, int(np.flatnonzero(items == item)[0]), remark)


def _no_film(chosen, film: str | None) -> str:
    if film is None:
        return NONE_LEFT
    count = words.count(len(chosen.catalogue), "film")
    return (
        f"The film with the id {words.markdown(film)} is not among the {count} of this checkpoint: ids are those of "
        "the data set, and films that no train user has are left out. Choose one of the list, or look for a title."
    )


def _in_history(chosen, user, item: int) -> str:
    film = words.markdown(chosen.catalogue.titles[item])
    seen = f"{film} is in the history of user {words.markdown(user.id)}, so it is not recommended again."
    if chosen.is_bundle:
        return f"{seen} As if it were unseen it is explained by `{chosen.manifest['bundle']['open']}`, not in a bundle."
    return f"{seen} It can be explained as if it were unseen: by the other films of the history alone."

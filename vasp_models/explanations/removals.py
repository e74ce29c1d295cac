"""Counterfactuals: the fewest films of a history without which another film leaves the top of the list.

The claim is about the model as it stands: had these films not been in the history, it would have ranked that film
lower. Places are among the items outside the original history, so that removed films do not become candidates, and a
film's place is 1 + the number of films with a higher score: films with an equal score do not push each other down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.evaluation.ranking import mask_seen, places_of, top_k
from vasp_models.explanations.film import check_unseen, uncovered
from vasp_models.explanations.leave_one_out import Influence
from vasp_models.explanations.sets import Contest, sets_that_push_out

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

CAP = 60  # films that a removal may hold
TOPS = (1, 10)  # a removal is looked for out of each of these


@dataclass(frozen=True)
class Removal:
    """The films to leave out, in the order of the history, int64 (n), and what comes of it.

    `rank_before` and `rank_after` are the explained film's places, `entered` int64 (>= 1) are the films that are in the
    top K only then, best first; where nothing enters, those that had an equal score and shared its place.
    """

    items: np.ndarray
    rank_before: int
    rank_after: int
    entered: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    @property
    def replacement(self) -> int:
        """The film that takes the place: the best of those that entered."""
        return int(self.entered[0])


def removals(
    model: Recommender,
    history: np.ndarray,
    item: int,
    ks: Sequence[int] = TOPS,
    cap: int = CAP,
    found: Influence | None = None,
) -> dict[int, Removal | None]:
    """The smallest removal for the top k of each of `ks`; None where the film is out already, or no set is found.

    A set holds at most `cap` films and is the smallest of several searches, not proven to be the smallest of all. Every
    set returned was run again, by `model.score` and over all items: in that run each of its films is necessary, since
    with any one of them back the film is back. `found` is the history's influence over all items, where it is at hand.
    Raises ExplanationError for a film of the history and for one that the model does not cover, SettingError for a k
    below 1.
    """
    if min(ks) < 1:
        raise SettingError(f"There is no top {min(ks)}: expected 1 or more.")
    check_unseen(model, history, item)
    contest = Contest.of(model, np.asarray(history, dtype=np.int64), item, found, max(ks))
    if contest is None:
        raise uncovered(item)
    return {k: _first_verified(contest, k, cap) for k in ks}


def random_prefix(
    model: Recommender, history: np.ndarray, item: int, k: int, rng: np.random.Generator, cap: int = CAP
) -> int | None:
    """How many films of a random order have to go until `item` is out of the top `k`: what chance needs.

    None where it is out already, or still in after `cap` films. Raises ExplanationError for a film of the history.
    """
    check_unseen(model, history, item)
    order = rng.permutation(len(history))
    kept = [np.delete(history, order[:size]) for size in range(min(cap, len(history)) + 1)]
    out = np.flatnonzero(places_of(_scores(model, history, kept), item) > k)
    return int(out[0]) if len(out) and out[0] else None


def _first_verified(contest: Contest, k: int, cap: int) -> Removal | None:
    verified = (_verified(contest, k, members) for members in sets_that_push_out(contest, k, cap))
    return next((removal for removal in verified if removal is not None), None)


def _verified(contest: Contest, k: int, members: np.ndarray) -> Removal | None:
    """Run the model afresh without the members, and with each of them back; leave out those that are not needed."""
    model, history, item = contest.model, contest.history, contest.item
    before = _scores(model, history, [history])
    while len(members):
        # A history alone gives the same bits whenever it is asked for; in a batch the last ones may differ.
        after = _scores(model, history, [np.delete(history, members)])
        rank_before, rank_after = int(places_of(before, item)[0]), int(places_of(after, item)[0])
        if rank_before > k or rank_after <= k:
            return None
        back = [np.delete(history, np.delete(members, place)) for place in range(len(members))]
        places = places_of(_scores(model, history, back), item)
        if (places <= k).all():
            entered = _entered(before, after, item, k)
            return Removal(history[np.sort(members)], rank_before, rank_after, entered)
        members = np.delete(members, places.argmax())
    return None


def _entered(before: np.ndarray, after: np.ndarray, item: int, k: int) -> np.ndarray:
    """The films that come into the top k, best first, from scores (1, items) before and after."""
    old, new = top_k(before, k)[0], top_k(after, k)[0]
    entered = new[~np.isin(new, old)]
    return entered if len(entered) else new[before[0, new] == before[0, item]]


def _scores(model: Recommender, history: np.ndarray, rows: Sequence[np.ndarray]) -> np.ndarray:
    """Scores for each of some histories, float32 (rows, items), -inf for the items of the original one."""
    scores = model.score(model.histories(rows))
    return mask_seen(scores, Interactions.from_lists([history] * len(rows), model.n_items))

"""Searches for small sets of history items whose removal pushes one film out of the top of the list.

A set is an int64 array of history positions. Whether it pushes the film out is always asked of the model, many sets
in a batch, and for a few hundred rivals instead of the whole catalogue: a set that lets enough of these past is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.evaluation.ranking import top_k
from vasp_models.explanations.answers import subset_answers
from vasp_models.explanations.leave_one_out import Influence

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

_RIVALS, _BASE_RIVALS = 200, 100  # films that may overtake: the best for the history, and for the empty profile
_PORTIONS = (6, 18)  # prefixes are asked for up to these sizes first
# The beam search: history items it chooses from, items whose pairs it starts from, sets tested of a size, largest size.
_AMONG, _PAIRS_AMONG, _TESTED, _DEPTH = 40, 20, 190, 20

Set = np.ndarray


@dataclass(frozen=True)
class Contest:
    """One film against its rivals while history items go.

    `rivals` int64 (r) has the film itself in front. `full` float64 (r) are their F at the whole history, and `delta`
    float64 (h, r) what each item adds to them there: F(x) - F(x - j).
    """

    model: Recommender
    history: np.ndarray
    item: int
    rivals: np.ndarray
    full: np.ndarray
    delta: np.ndarray

    @classmethod
    def of(
        cls, model: Recommender, history: np.ndarray, item: int, found: Influence | None = None, k: int = 10
    ) -> Contest | None:
        """The film and its rivals for places up to `k`; None for a film that the model does not cover."""
        whole = np.ones((1, len(history)), dtype=bool)
        if found is None:
            ends = _joint(subset_answers(model, history, np.concatenate([whole, ~whole])))
        else:
            ends = _joint(np.stack([found.full, found.empty], axis=1))
        if not np.isfinite(ends[:, item]).all():
            return None
        rivals = np.concatenate([[item], _rivals(ends, history, item, max(_RIVALS, 2 * k))])
        if found is None:
            without = _joint(subset_answers(model, history, ~np.eye(len(history), dtype=bool), rivals))
        else:
            without = _joint(found.without[:, :, found.places(rivals)])
        return cls(model, history, item, rivals, ends[0, rivals], ends[0, rivals] - without)

    def scores(self, sets: Sequence[Set]) -> np.ndarray:
        """F of the rivals without each set, float64 (sets, r), from one batch."""
        included = np.ones((len(sets), len(self.history)), dtype=bool)
        for row, members in zip(included, sets, strict=True):
            row[members] = False
        return _joint(subset_answers(self.model, self.history, included, self.rivals))

    def margins(self, sets: Sequence[Set], k: int) -> np.ndarray:
        """`margin` without each set, float64 (sets)."""
        return margin(self.scores(sets), k)


def margin(scores: np.ndarray, k: int) -> np.ndarray:
    """The film's score minus the k-th best of the others: it is out of the top k where this is negative.

    `scores` float (..., r) have the film in front; the result is float (...), inf where it has fewer than k rivals.
    """
    others = scores[..., 1:]
    if others.shape[-1] < k:
        return np.full(scores.shape[:-1], np.inf)
    place = others.shape[-1] - k
    return scores[..., 0] - np.partition(others, place, axis=-1)[..., place]


def sets_that_push_out(contest: Contest, k: int, cap: int) -> list[Set]:
    """Sets of at most `cap` items found to push the film out of the top k, smallest first.

    Single items are all tried. Then the shortest prefixes of two orders are pruned, and a beam search looks for a set
    that is smaller still; of histories of up to 9 items it tests every subset.
    """
    if cap < 1 or not len(contest.history) or not 0 <= margin(contest.full, k) < np.inf:
        return []
    single = margin(contest.full - contest.delta, k)
    if single.min() < 0:
        return [np.array([single.argmin()])]
    orders = _orders(contest, k)
    found = [pruned(contest, members, k) for members in _shortest_prefixes(contest, [o[:cap] for o in orders], k)]
    among = list(dict.fromkeys(np.stack(orders, axis=1).ravel().tolist()))[:_AMONG]  # the strongest of both orders
    found += _beam(contest, among, k, min(cap, _DEPTH, *(len(members) - 1 for members in found)))
    return sorted(found, key=len)


def pruned(contest: Contest, members: Set, k: int) -> Set:
    """The set without its unnecessary members: one at a time goes the one without which the film stays lowest."""
    while len(members) > 1:
        margins = contest.margins([np.delete(members, place) for place in range(len(members))], k)
        if margins.min() >= 0:
            break
        members = np.delete(members, margins.argmin())
    return members


def _orders(contest: Contest, k: int) -> list[np.ndarray]:
    """Two orders of removal: by what an item adds to the film, and to its lead over the k-th best other film."""
    rival = 1 + np.argsort(-contest.full[1:], kind="stable")[k - 1]
    film = contest.delta[:, 0]
    return [np.argsort(-values, kind="stable") for values in (film, film - contest.delta[:, rival])]


def _shortest_prefixes(contest: Contest, orders: list[np.ndarray], k: int) -> list[Set]:
    """The shortest prefix of each order that pushes the film out, looking no further once one order has one."""
    start = 1
    longest = max(map(len, orders))
    for end in (*(size for size in _PORTIONS if size < longest), longest):
        prefixes = [[order[:size] for size in range(start, min(end, len(order)) + 1)] for order in orders]
        margins = contest.margins([each for group in prefixes for each in group], k)
        found = []
        for group in prefixes:
            out, margins = np.flatnonzero(margins[: len(group)] < 0), margins[len(group) :]
            found += [group[out[0]]] if len(out) else []
        if found:
            return found
        start = end + 1
    return []


def _beam(contest: Contest, among: list[int], k: int, largest: int) -> list[Set]:
    """The first set of 2 to `largest` items among some that pushes the film out, or none.

    Starts from all pairs of the strongest. Of larger sizes all sets are tested where they are few, else those that
    carry on the best of the size before by one item: the sets that leave the film the least lead, or the least score.
    """
    sets = sorted(tuple(sorted(pair)) for pair in combinations(among[:_PAIRS_AMONG], 2))
    for size in range(3, largest + 2):
        if not sets:
            break
        scores = contest.scores([np.array(each) for each in sets])
        lead = margin(scores, k)
        if lead.min() < 0:
            return [np.array(sets[lead.argmin()])]
        if comb(len(among), size) <= _TESTED:
            sets = list(combinations(sorted(among), size))
        else:
            best = np.stack([np.argsort(lead, kind="stable"), np.argsort(scores[:, 0], kind="stable")], axis=1)
            kept = [sets[place] for place in dict.fromkeys(best.ravel().tolist())][: _TESTED // len(among)]
            sets = sorted({tuple(sorted((*each, more))) for each in kept for more in among if more not in each})
    return []


def _rivals(ends: np.ndarray, history: np.ndarray, item: int, n: int) -> np.ndarray:
    """The films best placed for the history and for the empty profile (2, items), but for the history and the film."""
    free = np.isfinite(ends).all(axis=0)
    free[history] = free[item] = False
    masked = np.where(free, ends, -np.inf)
    chosen = np.union1d(top_k(masked[:1], n)[0], top_k(masked[1:], _BASE_RIVALS)[0])
    return chosen[free[chosen]]


def _joint(factors: np.ndarray) -> np.ndarray:
    return factors.sum(axis=0, dtype=np.float64)

"""What each part of a model ranks: its lists beside the joint model's, and how much of the joint score it decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.beyond import gini
from vasp_models.evaluation.protocol import CHOICE, Evaluation, evaluate
from vasp_models.evaluation.ranking import mask_seen, top_k
from vasp_models.explanations.answers import answers
from vasp_models.explanations.components import JOINT, components, factors, summed
from vasp_models.explanations.overlap import PERSISTENCE, covariance_shares, rank_biased_overlap

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

SHOWN = 20  # the list that a user sees
DEPTH = 100  # of the lists whose overlap is measured, and of the head whose variance is shared out
_BATCH = 100  # histories answered at once

Tell = Callable[[float], None]  # told the fraction that is done


@dataclass
class Rankings:
    """What was ranked for each user: `lists` component -> item numbers (<= DEPTH), best first, a list of users.

    `head` and `everything` are the covariance shares of each user over the joint model's first 100 films and over all
    unseen films, component or factor -> list.
    """

    lists: dict[str, list[np.ndarray]]
    head: dict[str, list[float]] = field(default_factory=dict)
    everything: dict[str, list[float]] = field(default_factory=dict)

    def covariance(self, name: str) -> dict[str, float | None]:
        """A component's or factor's share of the variance of the joint log score, mean over users."""
        return {"top100": _mean(self.head.get(name)), "all": _mean(self.everything.get(name))}

    def overlaps(self) -> list[dict[str, Any]]:
        """Mean rank-biased overlap of every two components' lists."""
        rows = []
        for first, second in combinations(self.lists, 2):
            both = zip(self.lists[first], self.lists[second], strict=True)
            found = [rank_biased_overlap(a, b) for a, b in both if len(a)]
            rows.append({"first": first, "second": second, "mean": _mean(found), "p": PERSISTENCE, "depth": DEPTH})
        return rows

    def gate(self) -> dict[str, float | None] | None:
        """Of the joint model's list, the shares that stand in the list of one part only, of both, of neither.

        None unless the model has two parts.
        """
        parts = [name for name in self.lists if name != JOINT]
        if len(parts) != 2:
            return None
        inside = [[np.isin(a[:SHOWN], b[:SHOWN]) for a, b in zip(self.lists[JOINT], self.lists[part], strict=True)]
                  for part in parts]  # fmt: skip
        one, two = (np.concatenate(rows) for rows in inside)
        shares = {f"{parts[0]}_only": one & ~two, f"{parts[1]}_only": two & ~one, "both": one & two}
        shares["neither"] = ~one & ~two
        return {name: float(found.mean()) if len(found) else None for name, found in shares.items()}

    def shown(self, name: str, popularity: np.ndarray, covered: np.ndarray) -> dict[str, float | None]:
        """Of a component's first 20: mean popularity rank (1 is the most popular), coverage and Gini.

        `popularity` (items) are train users; `covered` bool (items) says which films the model can recommend.
        """
        items = np.concatenate([items[:SHOWN] for items in self.lists[name]])
        rank = np.empty(len(popularity), dtype=np.int64)
        rank[np.argsort(-popularity, kind="stable")] = np.arange(1, len(popularity) + 1)
        counts = np.bincount(items, minlength=len(popularity))[covered]
        return {
            "popularity_rank": float(rank[items].mean()) if len(items) else None,
            "coverage": float((counts > 0).mean()),
            "gini": gini(counts),
        }


def rank(model: Recommender, histories: Interactions, tell: Tell | None = None) -> Rankings:
    """Rank the unseen films of each user by the joint model and by each of its parts alone."""
    groups = components(model)
    shared = {name: places for name, places in (groups | factors(model)).items() if name != JOINT}
    found = Rankings({name: [] for name in groups})
    for start in range(0, len(histories), _BATCH):
        rows = histories.take(slice(start, start + _BATCH))
        given = answers(model, rows)
        for name, places in groups.items():
            ranking = mask_seen(summed(given, places), rows)
            best = top_k(ranking, DEPTH)
            found.lists[name] += [i[np.isfinite(ranking[row, i])].astype(np.int64) for row, i in enumerate(best)]
        _share_out(found, given, rows, start, shared)
        if tell:
            tell((start + len(rows)) / len(histories))
    return found


def _share_out(
    found: Rankings, given: np.ndarray, rows: Interactions, start: int, shared: dict[str, list[int]]
) -> None:
    """Add the covariance shares of a batch of users, whose first row is user `start`."""
    for row in range(len(rows)):
        values = given[:, row].astype(np.float64)
        unseen = np.isfinite(values).all(axis=0)
        unseen[rows.row(row)] = False
        for items, kept in ((found.lists[JOINT][start + row], found.head), (np.flatnonzero(unseen), found.everything)):
            shares = covariance_shares(values[:, items]) if len(items) else None
            if shares is not None:
                for name, places in shared.items():
                    kept.setdefault(name, []).append(float(shares[places].sum()))


def without_parts(
    model: Recommender, fold_in: Interactions, held_out: Interactions, tell: Tell | None = None
) -> tuple[Evaluation, dict[str, Evaluation]]:
    """How well the whole model ranks the held-out items, and how well with each part at its empty-profile value."""
    groups = components(model)
    empty = answers(model, Interactions.from_lists([[]], model.n_items))
    steps = len(groups)

    def scored(part: str):
        def score(rows: Interactions) -> np.ndarray:
            given = answers(model, rows)
            if part != JOINT:
                given[groups[part]] = empty[groups[part]]
            return summed(given, list(range(len(given)))).astype(np.float32)

        return score

    found = {}
    for number, part in enumerate(groups):
        found[part] = evaluate(scored(part), fold_in, held_out)
        if tell:
            tell((number + 1) / steps)
    return found.pop(JOINT), found


def ablated(whole: Evaluation, without: Evaluation) -> dict[str, float | None]:
    """NDCG@100 without a part, and how far it is from the whole model's, user by user."""
    row, difference = without.summary()[CHOICE], without.difference(whole)
    return {**row, "difference": difference["mean"], "difference_se": difference["se"]}


def _mean(values: list[float] | None) -> float | None:
    return float(np.mean(values)) if values else None

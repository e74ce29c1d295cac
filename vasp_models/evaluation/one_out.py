"""Leave-one-out: one item of every user must be found among 99 others (He et al. 2017, section 4.1; Deng et al. 2019).

What decides a figure, and is left open where the protocol is described:

- **Ties count against the model**: the place of the held-out item is 1 plus the others that do not score below it. A
  model that scores everything alike finds nothing; the code of the two papers, which asks for the held-out item last
  and keeps the first of equals, does the same. What is no number is never below and never found.
- **The test** is the one that came with the data, as it was published: some of its negatives are liked by the user,
  which harms good models, and where one is the held-out item itself it is left out. Data without a test of their own
  have the last like of every user held out (where there are times; at random among equal or no times) beside 99 items
  that the user has not liked, drawn with equal chances.
- **Epochs are chosen by one more like** of every user who has two or more, held out of `train` in the same way. The
  test item is not among its negatives: it is a like. Users with a single like keep it and are not asked.
- **What is known when the test is asked** is all but the test item, so the histories hold the validation item again.
  `train_all` holds it too: published figures come from models that learnt of it, and compare with models that are
  fitted again to `train_all` (`whole`), for as many epochs as the validation chose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import hashlib

import numpy as np

from vasp_models.data.binarising import binarised, numbered
from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.evaluation import protocol
from vasp_models.evaluation.intervals import mean_se
from vasp_models.evaluation.ratings import ScoreAt
from vasp_models.evaluation.tasks import Part

HR, NDCG = "hr@10", "ndcg@10"
DEPTH = 10
NEGATIVES = 99


@dataclass(frozen=True)
class Places:
    """The place of each held-out item among its candidates, from 1, int64 (users), and the user numbers, int64."""

    users: np.ndarray
    places: np.ndarray

    @property
    def per_user(self) -> dict[str, np.ndarray]:
        """hr@10 (1 among the first ten, else 0) and ndcg@10 (1 / log2(place + 1) there, else 0), float64 (users)."""
        hit = self.places <= DEPTH
        return {HR: hit.astype(np.float64), NDCG: np.where(hit, 1 / np.log2(self.places + 1.0), 0.0)}

    def __len__(self) -> int:
        return len(self.users)

    def summary(self) -> dict[str, object]:
        """Users, and mean and standard error (ddof 1) of each metric, ready for JSON."""
        return {"users": len(self)} | {name: mean_se(values) for name, values in self.per_user.items()}

    def difference(self, other: Places, metric: str = NDCG) -> dict[str, float | None]:
        """Mean and standard error of the paired per-user difference to `other` on the same users."""
        return mean_se(self.per_user[metric] - other.per_user[metric])


@dataclass(frozen=True)
class Questions:
    """What is known of some users, (rows), and their candidates, int64 (rows, 1 + negatives), the held-out one first.

    `known.users` are the user numbers.
    """

    known: Interactions
    candidates: np.ndarray

    @classmethod
    def of(cls, known: Interactions, users: np.ndarray, candidates: np.ndarray) -> Questions:
        """Questions about some users, of whom the rows of `known` are known."""
        return cls(known.take(users), candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def asked(self, score: ScoreAt) -> Places:
        """The place of each held-out item: 1 plus the others that do not score below it.

        `score(histories, candidates)` gives the scores of the candidates alone, (rows, c).
        """
        places = np.empty(len(self), dtype=np.int64)
        for start in range(0, len(self), protocol.BATCH):
            rows = np.arange(start, min(start + protocol.BATCH, len(self)))
            candidates = self.candidates[rows]
            scores = score(self.known.take(rows), candidates)
            others = candidates[:, 1:] != candidates[:, :1]
            places[rows] = 1 + (others & ~(scores[:, 1:] < scores[:, :1])).sum(axis=1)
        return Places(self.known.users, places)


@dataclass(frozen=True)
class LeaveOneOut:
    """One like of every user is found again among 99 other items: HR@10 and NDCG@10.

    `train` has a row per user over all items, without what is held out for validation and test; `train_all` has what
    is held out for validation too. `final` tells that models are fitted to `train_all` and nothing is left to choose
    by. `user_ids` and `item_ids` ascend.
    """

    train: Interactions
    train_all: Interactions
    val: Questions
    test: Questions
    user_ids: np.ndarray
    item_ids: np.ndarray
    published: bool  # whether the test came with the data
    final: bool = False
    name = "leave-one-out"
    result = Places

    @classmethod
    def of(cls, dataset: Dataset, seed: int = 0, negatives: int = NEGATIVES) -> LeaveOneOut:
        """The protocol on a data set; the seed draws all that is drawn.

        Raises DataError where a user has liked so much that there are not enough others.
        """
        generator = np.random.default_rng(seed)
        published = dataset.one_out()
        likes = _drawn_test(dataset, generator) if published is None else _all_rows(dataset, published)
        chosen_by = _last(likes, ~likes.tested, generator)
        train, train_all = likes.interactions(~likes.tested & ~chosen_by), likes.interactions(~likes.tested)
        draw = _Draw(likes, generator, negatives, dataset.name)
        val = Questions.of(train, *draw.candidates(chosen_by))
        asked = draw.candidates(likes.tested) if published is None else _published(likes, published)
        ids = likes.user_ids, likes.item_ids
        return cls(train, train_all, val, Questions.of(train_all, *asked), *ids, published is not None)

    @property
    def key(self) -> tuple[str, str, bool]:
        """The protocol, a hash of all that was held out and drawn, and whether validation items are trained on."""
        drawn = hashlib.sha256()
        for questions in (self.val, self.test):
            drawn.update(np.ascontiguousarray(questions.candidates, dtype=np.int64))
        return self.name, drawn.hexdigest(), self.final

    @property
    def whole(self) -> LeaveOneOut | None:
        """The same test for models that are fitted to all but the test, with nothing left to choose by; None of it."""
        return None if self.final else replace(self, train=self.train_all, final=True)

    def validate(self, score: ScoreAt) -> dict[str, float]:
        """Means over the validation part; none where that is trained on."""
        if self.final:
            return {}
        return {name: float(values.mean()) for name, values in self.val.asked(score).per_user.items()}

    def measure(self, score: ScoreAt, part: Part) -> Places:
        """The places of the held-out items. Raises DataError for a validation part that is trained on."""
        if part == "val" and self.final:
            raise DataError("The validation part is among what this model is fitted to: expected the test part.")
        return (self.val if part == "val" else self.test).asked(score)


@dataclass(frozen=True)
class _Likes:
    """Likes as user and item numbers, and times or None (pairs); `tested` marks the pairs of the test."""

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray | None
    tested: np.ndarray
    user_ids: np.ndarray
    item_ids: np.ndarray

    def interactions(self, mask: np.ndarray) -> Interactions:
        """The pairs under the mask, a row per user, in the order of time where there are times."""
        users, items = self.users[mask], self.items[mask]
        order = np.lexsort((items, users) if self.times is None else (items, self.times[mask], users))
        lengths = np.bincount(users, minlength=len(self.user_ids))
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = np.arange(len(self.user_ids))
        return Interactions(indptr, items[order].astype(np.int32), len(self.item_ids), self.times is not None, rows)


def _all_rows(dataset: Dataset, published: tuple[np.ndarray, np.ndarray, np.ndarray]) -> _Likes:
    """All rows as likes, over all items; tested are the pairs that came as a test."""
    table = dataset.table([name for name in dataset.columns if name != "rating"])
    users, user_ids = numbered(table.column("user"))
    item_ids = np.sort(dataset.items()["id"].to_numpy())
    items = np.searchsorted(item_ids, table.column("item").to_numpy())
    times = table.column("timestamp").to_numpy() if "timestamp" in dataset.columns else None
    likes = _Likes(users, items, _real(times), np.zeros(len(users), dtype=bool), user_ids, item_ids)
    of, candidates = _published(likes, published)
    pairs = users.astype(np.int64) * len(item_ids) + items
    return replace(likes, tested=np.isin(pairs, of * len(item_ids) + candidates[:, 0]))


def _published(likes: _Likes, published: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Users and candidates of a test, in the numbers of the likes."""
    users, held_out, others = published
    candidates = np.searchsorted(likes.item_ids, np.column_stack([held_out, others]))
    return np.searchsorted(likes.user_ids, users), candidates


def _drawn_test(dataset: Dataset, generator: np.random.Generator) -> _Likes:
    """The likes of users with five or more; the last of each is the test."""
    found = binarised(dataset)
    none = np.zeros(found.likes.n_pairs, dtype=bool)
    pairs = found.likes.row_numbers, found.likes.indices
    likes = _Likes(*pairs, _real(found.times), none, found.user_ids, found.item_ids)
    return replace(likes, tested=_last(likes, ~none, generator))


def _real(times: np.ndarray | None) -> np.ndarray | None:
    """Times, unless they are all equal: then they are none."""
    return None if times is None or (times == times[:1]).all() else times


def _last(likes: _Likes, among: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Marks the last of the pairs `among` of each user who has two or more; of equal times any, bool (pairs)."""
    places = np.flatnonzero(among)
    users, chance = likes.users[places], generator.random(len(places))
    order = np.lexsort((chance, users) if likes.times is None else (chance, likes.times[places], users))
    ends = np.append(users[order][1:] != users[order][:-1], True)
    last = places[order[ends]]
    marked = np.zeros(len(among), dtype=bool)
    marked[last[np.bincount(users, minlength=len(likes.user_ids))[likes.users[last]] > 1]] = True
    return marked


@dataclass(frozen=True)
class _Draw:
    """Draws items that a user has not liked, each with equal chances."""

    likes: _Likes
    generator: np.random.Generator
    negatives: int
    name: str  # of the data set

    def candidates(self, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Users of the held-out pairs, ascending, and those items, each before the others it must be found among."""
        likes = self.likes
        pairs = np.flatnonzero(held_out)
        pairs = pairs[np.argsort(likes.users[pairs])]
        all_of_user = likes.interactions(np.ones(len(held_out), dtype=bool))
        candidates = np.empty((len(pairs), 1 + self.negatives), dtype=np.int64)
        candidates[:, 0] = likes.items[pairs]
        free = np.ones(all_of_user.n_items, dtype=bool)
        for row, user in enumerate(likes.users[pairs]):
            free[all_of_user.row(user)] = False
            others = np.flatnonzero(free)
            free[all_of_user.row(user)] = True
            if len(others) < self.negatives:
                raise DataError(
                    f"{self.name}: the user {likes.user_ids[user]} has liked all items but {len(others):,}: expected "
                    f"{self.negatives} others or more, among which a held-out item must be found; bring in more data."
                )
            candidates[row, 1:] = others[self.generator.choice(len(others), self.negatives, replace=False)]
        return likes.users[pairs].astype(np.int64), candidates

"""Made-up data: small data with known answers, and data of MovieLens-20M's shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
import pyarrow.parquet as pq

from vasp_models import places
from vasp_models.data.interactions import Interactions

ML20M = (136_677, 20_108, 10_000_000)  # users, items, pairs after Liang et al. 2018
MIN_HISTORY, MAX_HISTORY = 5, 3_000
_GROUPS = 20  # kinds of items, and of users who prefer them
_HOLD = 0.5  # share of draws that stay with a user's own kind
_USERS_AT_ONCE = 16_384


def checkerboard(users: int = 60, items: int = 20) -> tuple[Interactions, np.ndarray]:
    """Even users like all even items and odd users all odd ones, but for one like each, which is withheld.

    Returns the histories and the withheld item of each user, int64 (users). Each item is withheld equally often.
    """
    user = np.arange(users)
    withheld = 2 * ((user // 2) % (items // 2)) + user % 2
    likes = (user[:, None] % 2) == (np.arange(items)[None, :] % 2)
    likes[user, withheld] = False
    return _of_matrix(likes), withheld


@dataclass(frozen=True)
class PlantedLikes:
    """Likes with planted structure, in item numbers.

    `pairs` (n, 2): who likes the first mostly likes the second. `both` (n, 3): the third is liked by those who like
    the first and the second. `either` (n, 3): by those who like exactly one of the two, which no linear model can say.
    """

    likes: Interactions
    pairs: np.ndarray
    both: np.ndarray
    either: np.ndarray


def planted(
    users: int = 2_000, pairs: int = 6, both: int = 4, either: int = 4, background: int = 60, seed: int = 0
) -> PlantedLikes:
    """Small data with planted pairs and conjunctions among `background` items that mean nothing."""
    generator = np.random.default_rng(seed)
    numbers = np.arange(2 * pairs + 3 * (both + either))
    pair_items, triples = numbers[: 2 * pairs].reshape(-1, 2), numbers[2 * pairs :].reshape(-1, 3)
    likes = np.zeros((users, len(numbers) + background), dtype=bool)
    first, second = _coins(generator, users, pairs, 0.3), _coins(generator, users, pairs, 0.03)
    likes[:, pair_items[:, 0]] = first
    likes[:, pair_items[:, 1]] = np.where(first, _coins(generator, users, pairs, 0.85), second)
    one, two = _coins(generator, users, len(triples), 0.5), _coins(generator, users, len(triples), 0.5)
    rule = np.concatenate([(one & two)[:, :both], (one ^ two)[:, both:]], axis=1)
    third = np.where(rule, _coins(generator, users, len(triples), 0.85), _coins(generator, users, len(triples), 0.02))
    for column, liked in enumerate((one, two, third)):
        likes[:, triples[:, column]] = liked
    popularity = 0.5 / np.sqrt(1 + np.arange(background))
    likes[:, len(numbers) :] = generator.random((users, background)) < popularity
    likes[:, -MIN_HISTORY:] |= (likes.sum(axis=1) < MIN_HISTORY)[:, None]  # so that no user is filtered out
    return PlantedLikes(_of_matrix(likes), pair_items, triples[:both], triples[both:])


def paper_scale(seed: int = 0, users: int = ML20M[0], items: int = ML20M[1], pairs: int = ML20M[2]) -> Interactions:
    """Likes of ML-20M's shape: long-tailed, users of twenty tastes, at least five likes each, every item liked.

    The same seed gives the same likes.
    """
    generator = np.random.default_rng(seed)
    lengths = _history_lengths(users, items, pairs, generator)
    shop = _Shop(items, generator)
    tastes = generator.integers(0, _GROUPS, users)
    # Every item is somebody's first like, as far as there are users for that.
    firsts = np.full(users, -1, dtype=np.int32)
    buyers = generator.permutation(users)[:items]
    firsts[buyers] = np.arange(len(buyers))
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    indices = np.empty(indptr[-1], dtype=np.int32)
    for start in range(0, users, _USERS_AT_ONCE):
        part = slice(start, min(start + _USERS_AT_ONCE, users))
        first = np.flatnonzero(firsts[part] >= 0)
        bought = shop.distinct(first, firsts[part][first], lengths[part], tastes[part], generator)
        indices[indptr[part.start] : indptr[part.stop]] = bought[1]
    return Interactions(indptr, indices, items)


def as_ratings(likes: Interactions, seed: int = 0, low_share: float = 1.0) -> Iterator[pa.Table]:
    """Half-star ratings whose likes are `likes`: each rated 4 to 5, and `low_share` as many other items rated lower.

    Yields tables with userId and movieId (from 1, ascending), rating and timestamp, some thousand users at a time.
    """
    generator = np.random.default_rng(seed)
    shop = _Shop(likes.n_items, generator)
    for start in range(0, len(likes), _USERS_AT_ONCE):
        part = likes.take(slice(start, start + _USERS_AT_ONCE))
        wanted = np.minimum(part.lengths + np.round(part.lengths * low_share).astype(np.int64), likes.n_items)
        tastes = generator.integers(0, _GROUPS, len(part))
        users, items = shop.distinct(part.row_numbers, part.indices, wanted, tastes, generator)
        keys = users.astype(np.int64) * likes.n_items + items
        liked = np.isin(keys, part.row_numbers * likes.n_items + part.indices, assume_unique=True)
        stars = np.where(liked, generator.integers(8, 11, len(keys)), generator.integers(1, 8, len(keys))) / 2
        begun = generator.integers(820_000_000, 1_420_000_000, len(part))
        times = begun[users] + generator.integers(0, 30 * 86_400, len(keys))
        yield pa.table({"userId": users + (start + 1), "movieId": items + 1, "rating": stars, "timestamp": times})


def write_ratings(path: Path, likes: Interactions, seed: int = 0, low_share: float = 1.0) -> Path:
    """Write `as_ratings` as Parquet or, whatever else the suffix, as a CSV like MovieLens' ``ratings.csv``."""
    tables = as_ratings(likes, seed, low_share)
    first = next(tables)
    kind = pq.ParquetWriter if path.suffix == ".parquet" else arrow_csv.CSVWriter
    with places.file_written_whole(path) as temporary, kind(str(temporary), first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
    return path


class _Shop:
    """Long-tailed items, of `_GROUPS` kinds, from which users draw."""

    def __init__(self, items: int, generator: np.random.Generator) -> None:
        weights = (np.arange(items) + 130.0) ** -1.8  # the head and the tail of ML-20M, roughly
        self.upto = np.cumsum(weights) / weights.sum()
        self.item_of_rank = generator.permutation(items).astype(np.int32)

    def distinct(
        self,
        users: np.ndarray,
        items: np.ndarray,
        wanted: np.ndarray,
        tastes: np.ndarray,
        generator: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """`wanted` distinct items for each user, those given in (users, items) first; ascending (users, items)."""
        n_items = len(self.upto)
        keys = users.astype(np.int64) * n_items + items
        have, done, generous = np.bincount(users, minlength=len(wanted)), [], 1.5
        while (short := have < wanted).any():
            # More draws than are missing, as many of them hit what the user has already; ever more for the last users.
            n_draws = np.where(short, np.ceil(generous * (wanted - have)), 0).astype(np.int64)
            drawn_by = np.repeat(np.arange(len(wanted)), n_draws)
            drawn = drawn_by * n_items + self._draw(tastes[drawn_by], generator)
            unfinished = short[keys // n_items]
            done.append(keys[~unfinished])
            keys = self._first(np.concatenate([keys[unfinished], drawn]), wanted)
            have = np.where(short, np.bincount(keys // n_items, minlength=len(wanted)), have)
            generous *= 1.5
        keys = np.sort(np.concatenate([*done, keys]))
        return keys // n_items, (keys % n_items).astype(np.int32)

    def _draw(self, tastes: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        ranks = np.searchsorted(self.upto, generator.random(len(tastes)), side="right")
        own = ranks - ranks % _GROUPS + tastes
        stays = (generator.random(len(tastes)) < _HOLD) & (own < len(self.upto))
        return self.item_of_rank[np.minimum(np.where(stays, own, ranks), len(self.upto) - 1)]

    def _first(self, keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Each key once, in the order of its first draw, no more of a user's than wanted."""
        _, first = np.unique(keys, return_index=True)
        keys = keys[np.sort(first)]
        users = keys // len(self.upto)
        by_user = np.argsort(users, kind="stable")
        counts = np.bincount(users, minlength=len(wanted))
        place = np.arange(len(keys)) - np.repeat(np.cumsum(counts) - counts, counts)
        return keys[by_user][place < np.repeat(wanted, counts)]


def _history_lengths(users: int, items: int, pairs: int, generator: np.random.Generator) -> np.ndarray:
    """Long-tailed history lengths that sum to `pairs`."""
    most = min(MAX_HISTORY, items // 2)
    weights = np.minimum(generator.lognormal(0, 1.1, users), 40)
    lengths = MIN_HISTORY + np.floor(weights * (pairs - MIN_HISTORY * users) / weights.sum()).astype(np.int64)
    lengths = np.minimum(lengths, most)
    while (missing := pairs - lengths.sum()) > 0:
        free = np.flatnonzero(lengths < most)
        lengths[generator.permutation(free)[:missing]] += 1
    return lengths


def _coins(generator: np.random.Generator, users: int, items: int, chance: float) -> np.ndarray:
    return generator.random((users, items)) < chance


def _of_matrix(likes: np.ndarray) -> Interactions:
    indptr = np.concatenate([[0], np.cumsum(likes.sum(axis=1))]).astype(np.int64)
    return Interactions(indptr, np.nonzero(likes)[1].astype(np.int32), likes.shape[1])

"""Weak generalisation: of every user's ratings some are held out at random, and their values must be predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vasp_models.data.binarising import numbered
from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.data.ratings import Ratings, collapsed
from vasp_models.errors import DataError

TEST_SHARE, VALIDATION_SHARE = 0.1, 0.1  # of all ratings, and of those that are left
_FEWEST = 20  # ratings: with fewer there is hardly one to choose by


@dataclass(frozen=True)
class RatingSplit:
    """Ratings in three parts, each pair of user and item in one of them.

    `train`, `val` and `test` have one row per user (`user_ids`, ascending; `users` counts them) over the rated items
    (`item_ids`, ascending), item numbers ascending within a row, and the ratings as `values`. `scale` is the lowest
    and the highest rating there can be. `stats` counts ratings, and the users, items and test ratings that no rating
    of `train` tells of: a model predicts those by whatever it says of new users and items.
    """

    seed: int
    train: Interactions
    val: Interactions
    test: Interactions
    user_ids: np.ndarray
    item_ids: np.ndarray
    scale: tuple[float, float]
    stats: dict[str, int]


def split_ratings(dataset: Dataset, seed: int = 0) -> RatingSplit:
    """A random tenth of all ratings to test on, a tenth of the others to choose by (Sedhain et al. 2015, section 4).

    Raises DataError where the data have no ratings, or too few.
    """
    ratings = _rated(dataset)
    n = len(ratings)
    if n < _FEWEST:
        raise DataError(
            f"{dataset.name} has {n:,} ratings: expected at least {_FEWEST}, to train on, to choose by and to test on; "
            "bring in more data with `vasp-lens data import`."
        )
    shuffled = np.random.default_rng(seed).permutation(n)
    n_test = round(TEST_SHARE * n)
    n_val = round(VALIDATION_SHARE * (n - n_test))
    pieces = (shuffled[n_test + n_val :], shuffled[n_test : n_test + n_val], shuffled[:n_test])
    rows = np.arange(len(ratings.user_ids))
    train, val, test = (_interactions(ratings.where(np.sort(piece)), rows) for piece in pieces)
    scale = dataset.manifest.get("scale") or (float(ratings.values.min()), float(ratings.values.max()))
    ids = ratings.user_ids, ratings.item_ids
    return RatingSplit(seed, train, val, test, *ids, (float(scale[0]), float(scale[1])), _stats(train, val, test))


def rated_by(dataset: Dataset, user_ids: np.ndarray, item_ids: np.ndarray) -> Interactions:
    """All ratings that some users gave to some items: a row per user, item numbers ascending, ratings as `values`.

    Both ids ascend. Raises DataError where the data have no ratings.
    """
    ratings = _rated(dataset)
    user, item = _places(ratings.user_ids, user_ids), _places(ratings.item_ids, item_ids)
    users, items = user[ratings.users], item[ratings.items]
    kept = (users >= 0) & (items >= 0)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(users[kept], minlength=len(user_ids)))]).astype(np.int64)
    return Interactions(indptr, items[kept].astype(np.int32), len(item_ids), values=_values(ratings)[kept])


def _rated(dataset: Dataset) -> Ratings:
    """All ratings, each pair once, by user and item."""
    if dataset.threshold is None or "rating" not in dataset.columns:
        raise DataError(
            f"{dataset.name} has likes and no ratings: expected a data set whose ratings have values, such as ml-1m; "
            "`vasp-lens data import` without --implicit reads them."
        )
    table = dataset.table(["user", "item", "rating", *(["timestamp"] if "timestamp" in dataset.columns else [])])
    users, user_ids = numbered(table.column("user"))
    items, item_ids = numbered(table.column("item"))
    values = table.column("rating").to_numpy().astype(np.float64)
    times = table.column("timestamp").to_numpy() if "timestamp" in table.column_names else None
    ratings, _ = collapsed(Ratings(users, items, user_ids, item_ids, values, times))
    return ratings.where(np.argsort(ratings.users.astype(np.int64) * len(item_ids) + ratings.items))


def _interactions(ratings: Ratings, rows: np.ndarray) -> Interactions:
    lengths = np.bincount(ratings.users, minlength=len(rows))
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Interactions(indptr, ratings.items, len(ratings.item_ids), users=rows, values=_values(ratings))


def _values(ratings: Ratings) -> np.ndarray:
    return ratings.values.astype(np.float32)


def _places(ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The place of each id in `wanted`, both ascending, int64 (ids); -1 where it does not stand there."""
    if not len(wanted):
        return np.full(len(ids), -1)
    places = np.minimum(np.searchsorted(wanted, ids), len(wanted) - 1)
    return np.where(wanted[places] == ids, places, -1)


def _stats(train: Interactions, val: Interactions, test: Interactions) -> dict[str, int]:
    new_user, new_item = train.lengths == 0, train.item_counts == 0
    untold = new_user[test.row_numbers] | new_item[test.indices]
    return {
        "users": len(train),
        "items": train.n_items,
        "train": train.n_pairs,
        "val": val.n_pairs,
        "test": test.n_pairs,
        "users_without_train": int(new_user.sum()),
        "items_without_train": int(new_item.sum()),
        "test_without_train": int(untold.sum()),
    }

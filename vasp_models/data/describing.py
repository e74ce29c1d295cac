"""What a model was trained on, in numbers: from manifest, catalogue and histories of its checkpoint alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vasp_models.data.catalogue import Catalogue

_LINEAR_UP_TO = 20  # times the shortest history: a wider range is cut into bins of equal ratio
_BINS = 20
_RATIO = 10 ** (1 / 8)


@dataclass(frozen=True)
class Standing:
    """Where one value stands among many: `rank` from the largest, how many others `tied` with it, of how many `n`,
    and `below`, the share of the others that are smaller."""

    value: float
    rank: int
    tied: int
    n: int
    below: float


def standing(values: np.ndarray, place: int) -> Standing:
    """Where the value at a place stands among all; what is equal shares the better rank."""
    value = values[place]
    larger, equal = int((values > value).sum()), int((values == value).sum()) - 1
    smaller = len(values) - larger - equal - 1
    return Standing(float(value), 1 + larger, equal, len(values), smaller / max(len(values) - 1, 1))


@dataclass(frozen=True)
class LongTail:
    """How unevenly interactions fall on items: `items` int64 (n), the most frequent first, and their `counts` (n)."""

    items: np.ndarray
    counts: np.ndarray

    @property
    def held(self) -> np.ndarray:
        """Share of all interactions that the first 1 to n items hold, float64 (n); zeros where there are none."""
        return np.cumsum(self.counts) / max(int(self.counts.sum()), 1)

    def points(self, most: int = 2000) -> np.ndarray:
        """Places (from 0) through which the curve can be drawn, int64: all of them, or about `most` by their ratio."""
        n = len(self.items)
        return np.arange(n) if n <= most else np.unique(np.geomspace(1, n, most).astype(np.int64)) - 1

    def holding(self, share: float) -> int:
        """The fewest items that hold so large a share of all interactions."""
        reached = np.cumsum(self.counts) >= share * self.counts.sum()
        return int(reached.argmax()) + 1 if len(reached) and self.counts.sum() else 0

    def held_by(self, items: int) -> float:
        """Share of all interactions that so many of the most frequent items hold."""
        return float(self.held[min(items, len(self.items)) - 1]) if items and len(self.items) else 0.0


def long_tail(counts: np.ndarray) -> LongTail:
    """The long tail of interaction counts (n), equal counts in the order of the items."""
    order = np.argsort(-counts, kind="stable")
    return LongTail(order, counts[order])


def length_histogram(lengths: np.ndarray) -> pd.DataFrame:
    """How many users have a history of how many films: low, high (both included), users.

    Bins of equal width, or of equal ratio where the longest history is more than 20 times the shortest.
    """
    if not len(lengths):
        return pd.DataFrame({"low": [], "high": [], "users": []}).astype(int)
    shortest, longest = max(int(lengths.min()), 1), int(lengths.max())
    if longest > _LINEAR_UP_TO * shortest:
        steps = int(np.ceil(np.log((longest + 1) / shortest) / np.log(_RATIO)))
        edges = np.unique(np.ceil(shortest * _RATIO ** np.arange(steps + 1) - 1e-9).astype(int))
    else:
        width = max(-(-(longest - shortest + 1) // _BINS), 1)
        edges = np.arange(shortest, longest + width + 1, width)
    users = np.histogram(lengths, bins=edges)[0]
    edges = edges.astype(int)
    high = np.minimum(edges[1:] - 1, longest)
    return pd.DataFrame({"low": edges[:-1], "high": high, "users": users})


def spread(lengths: np.ndarray) -> tuple[float, float, float]:
    """The length that a tenth, a half and nine tenths of the histories do not exceed; zeros where there is none."""
    return tuple(np.quantile(lengths, [0.1, 0.5, 0.9]).tolist()) if len(lengths) else (0.0, 0.0, 0.0)


def genre_shares(catalogue: Catalogue) -> pd.DataFrame:
    """Films and interactions of each genre, the most interactions first: genre, films, film_share, likes, like_share.

    A film counts in each of its genres; the shares are of all films and of all interactions.
    """
    counts = _train_users(catalogue)
    films, likes = catalogue.genre_matrix.sum(axis=0), counts @ catalogue.genre_matrix
    table = pd.DataFrame({"genre": catalogue.genre_names, "films": films, "likes": likes})
    table["film_share"] = table["films"] / max(len(catalogue), 1)
    table["like_share"] = table["likes"] / max(int(counts.sum()), 1)
    order = ["genre", "films", "film_share", "likes", "like_share"]
    return table[order].sort_values(["likes", "films"], ascending=False, kind="stable", ignore_index=True)


def decades(catalogue: Catalogue) -> pd.DataFrame:
    """Films and interactions of each decade of release, in order, none left out between.

    Columns decade, films, likes, film_share, like_share. Films without a year are counted nowhere, and the shares are
    of the others.
    """
    year = catalogue.frame["year"]
    known = year.notna().to_numpy()
    decade = year[known].to_numpy(dtype=np.int64) // 10 * 10
    if not len(decade):
        return pd.DataFrame({"decade": [], "films": [], "likes": [], "film_share": [], "like_share": []})
    names = np.arange(decade.min(), decade.max() + 1, 10)
    place = (decade - names[0]) // 10
    likes = np.bincount(place, weights=_train_users(catalogue)[known], minlength=len(names)).astype(int)
    found = np.bincount(place, minlength=len(names))
    shares = {"film_share": found / found.sum(), "like_share": likes / max(int(likes.sum()), 1)}
    return pd.DataFrame({"decade": names, "films": found, "likes": likes} | shares)


def _train_users(catalogue: Catalogue) -> np.ndarray:
    if "train_users" not in catalogue.frame:
        return np.zeros(len(catalogue), dtype=np.int64)
    return catalogue.frame["train_users"].to_numpy()


def rating_histogram(dataset: Mapping[str, Any]) -> pd.DataFrame:
    """How often each rating was given, ascending: rating, ratings, liked (at or above the threshold).

    `dataset` is a manifest's account of its data. Empty for implicit data, and where it has no such account.
    """
    table = _counted(dataset.get("rating_counts"), "rating", "ratings")
    threshold = dataset.get("threshold")
    return table.assign(liked=table["rating"] >= (np.inf if threshold is None else threshold))


def user_means(dataset: Mapping[str, Any]) -> pd.DataFrame:
    """How many users have which mean rating, to a tenth, ascending: mean, users. Empty as for `rating_histogram`."""
    return _counted(dataset.get("user_mean_counts"), "mean", "users")


def middle(values: np.ndarray, counts: np.ndarray, share: float = 0.5) -> float:
    """The smallest of ascending values at or below which so large a share of all counted lies."""
    return float(values[np.searchsorted(np.cumsum(counts), share * np.sum(counts))])


def _counted(counts: Mapping[str, int] | None, value: str, number: str) -> pd.DataFrame:
    pairs = sorted((float(key), int(count)) for key, count in (counts or {}).items())
    return pd.DataFrame({value: [v for v, _ in pairs], number: np.array([n for _, n in pairs], dtype=np.int64)})


@dataclass(frozen=True)
class Step:
    """One step from the rows as they came to the parts of the split.

    `kind` is whole (all rows at this stage), removed, or part (of the split); `rows` how many they are.
    """

    name: str
    kind: str
    rows: int


def preprocessing(manifest: Mapping[str, Any]) -> list[Step]:
    """What became of every row: what was removed and why, then the parts of the split; the parts and the removed sum
    to the rows as they came.

    Empty where a manifest lacks the counts.
    """
    counts, protocol = manifest["dataset"].get("counts"), manifest["protocol"]
    dropped, stats = protocol.get("preprocessing"), protocol.get("stats")
    if not counts or not dropped or not stats:
        return []
    events = stats["events"]
    steps = [Step("rows", "whole", counts["rows"]), Step("repeated", "removed", dropped["duplicates"])]
    if manifest["dataset"].get("threshold") is not None:
        steps.append(Step("below_threshold", "removed", dropped["ratings_below_threshold"]))
    steps += [Step("short", "removed", dropped["pairs_of_those_users"]), Step("likes", "whole", events)]
    held = {kind: stats[kind]["foldin"] + stats[kind]["target"] for kind in ("val", "test")}
    unknown = sum(stats[kind]["events_dropped_item"] for kind in held)
    left = events - stats["train_events"] - sum(held.values()) - unknown
    steps += [Step("unknown", "removed", unknown), Step("too_few_left", "removed", left)]
    steps += [Step("train", "part", stats["train_events"])]
    return steps + [Step(name, "part", held[kind]) for name, kind in (("validation", "val"), ("test", "test"))]

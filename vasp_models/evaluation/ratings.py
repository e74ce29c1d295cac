"""Ratings that were held out are predicted; root mean squared and mean absolute error over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.data.rating_splits import RatingSplit, split_ratings
from vasp_models.errors import DataError
from vasp_models.evaluation.tasks import Part

BATCH = 250  # rows scored at once: bounds the memory at BATCH x items

ScoreAt = Callable[[Interactions, np.ndarray], np.ndarray]  # of histories (rows), of candidates (rows, c)


@dataclass(frozen=True)
class RatingErrors:
    """Errors of predicted ratings, summed over each user, all float64 (users).

    `counts` ratings were predicted, `truth` is their sum, `squared` and `absolute` the sums of the errors.
    `replaced` counts those for which the model had no number, so that the global mean of the train ratings stands
    there; `mean_squared` and `mean_absolute` are the errors of that mean for every rating.
    """

    counts: np.ndarray
    truth: np.ndarray
    squared: np.ndarray
    absolute: np.ndarray
    replaced: np.ndarray
    mean_squared: np.ndarray
    mean_absolute: np.ndarray

    @property
    def rmse(self) -> float:
        """Root mean squared error."""
        return _rmse(self.squared, self.counts)["mean"]

    def summary(self) -> dict[str, Any]:
        """RMSE and MAE with standard errors; the same of the global mean, as every figure needs it, ready for JSON."""
        beside = {"rmse": _rmse(self.mean_squared, self.counts), "mae": _mae(self.mean_absolute, self.counts)}
        return {
            "ratings": int(self.counts.sum()),
            "users": int((self.counts > 0).sum()),
            "rmse": _rmse(self.squared, self.counts),
            "mae": _mae(self.absolute, self.counts),
            "replaced": int(self.replaced.sum()),
            "global_mean": beside,
        }

    def difference(self, other: RatingErrors) -> dict[str, float | None]:
        """Difference of the two RMSE on the same ratings (negative: smaller than that of `other`) and its error.

        Users are drawn and not ratings: the delta method with users as clusters (Cochran 1977, chapter 6). Raises
        DataError where the ratings are not the same.
        """
        if not (np.array_equal(self.counts, other.counts) and np.allclose(self.truth, other.truth)):
            raise DataError(
                "The two errors are of different ratings, so no difference of them means anything: expected one data "
                "set, one --seed and one part."
            )
        apart = _of_root(self.squared, self.counts) - _of_root(other.squared, other.counts)
        return {"mean": self.rmse - other.rmse, "se": _standard_error(apart)}


@dataclass(frozen=True)
class Ratings:
    """Every user is known by nine tenths of the ratings, and the values of the others are predicted.

    A model reads a user's train ratings as the history, validation and test alike. Predictions are clipped to the
    scale of the data.
    """

    split: RatingSplit
    name = "ratings"
    result = RatingErrors
    whole = None

    @classmethod
    def of(cls, dataset: Dataset, seed: int = 0) -> Ratings:
        """The random split of a data set. Raises DataError where it has no ratings."""
        return cls(split_ratings(dataset, seed))

    @property
    def key(self) -> tuple[str, int]:
        """The protocol and the seed of the split."""
        return self.name, self.split.seed

    @property
    def train(self) -> Interactions:
        """Ratings to train on, with their values and user numbers."""
        return self.split.train

    def rated(self) -> Interactions:
        """The same: every pair here is a rating."""
        return self.split.train

    def validate(self, score: ScoreAt) -> dict[str, float]:
        """RMSE of the validation ratings, the less the better."""
        return {"rmse": self.measure(score, "val").rmse}

    def measure(self, score: ScoreAt, part: Part) -> RatingErrors:
        """Errors of the part's ratings, and those of the global mean beside them."""
        held_out = self.split.val if part == "val" else self.split.test
        predicted = np.empty(held_out.n_pairs)
        for rows in _batches(held_out.lengths):
            wanted = held_out.take(rows)
            place = np.arange(wanted.n_pairs) - np.repeat(wanted.indptr[:-1], wanted.lengths)
            candidates = np.zeros((len(rows), int(wanted.lengths.max())), dtype=np.int64)  # padded with item 0
            candidates[wanted.row_numbers, place] = wanted.indices
            scores = score(self.split.train.take(rows), candidates)[wanted.row_numbers, place]
            predicted[np.repeat(held_out.indptr[rows], wanted.lengths) + place] = scores
        mean = float(self.split.train.values.mean(dtype=np.float64))
        known = np.isfinite(predicted)
        predicted = np.clip(np.where(known, predicted, mean), *self.split.scale)
        truth = held_out.values.astype(np.float64)
        rows, n = held_out.row_numbers, len(held_out)
        squared, absolute, beside = (predicted - truth) ** 2, np.abs(predicted - truth), mean - truth
        sums = (truth, squared, absolute, ~known, beside**2, np.abs(beside))
        return RatingErrors(
            held_out.lengths.astype(np.float64), *(np.bincount(rows, weights=each, minlength=n) for each in sums)
        )


def _batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Rows that have something held out, of similar lengths together, so that padding stays small."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    yield from (order[start : start + BATCH] for start in range(0, len(order), BATCH))


def _rmse(squared: np.ndarray, counts: np.ndarray) -> dict[str, float | None]:
    """Root of the mean over all ratings, and its standard error."""
    mean = float(np.sqrt(squared.sum() / counts.sum()))
    return {"mean": mean, "se": _standard_error(_of_root(squared, counts))}


def _mae(absolute: np.ndarray, counts: np.ndarray) -> dict[str, float | None]:
    """Mean over all ratings, and its standard error."""
    return {"mean": float(absolute.sum() / counts.sum()), "se": _standard_error(_linearised(absolute, counts))}


def _of_root(squared: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """What each user adds to the error of the RMSE: that of the mean square, by the root's slope."""
    root = float(np.sqrt(squared.sum() / counts.sum()))
    return _linearised(squared, counts) / max(2 * root, 1e-12)  # 0 where every prediction is right


def _linearised(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """What each user adds to the error of sums.sum() / counts.sum(), (users that have ratings)."""
    some = counts > 0
    return (sums[some] - sums.sum() / counts.sum() * counts[some]) / counts.sum()


def _standard_error(deviations: np.ndarray) -> float | None:
    """Of a sum of users' deviations, which add up to 0; one user alone has none."""
    users = len(deviations)
    return float(np.sqrt(users / (users - 1) * (deviations**2).sum())) if users > 1 else None

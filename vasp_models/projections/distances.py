"""From a model's answers to distances between films, in the two readings that the pages name.

``paper``: the literal reading of VASP section IV: the scores p[j, i] of film i when only film j is in the profile,
scaled linearly over the whole part (off-diagonal minimum to 0, maximum to .99), made symmetric, d = 1 - that.
``lift``: the same on log p[j, i] - log p[empty, i]. Where a film's score is mostly its popularity, the literal reading
puts the popular films near to everything; the lift reading subtracts what the film scores without any history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vasp_models.errors import MapError
from vasp_models.projections.sensitivity import Answers, Tiles

DISTANCES = ("lift", "paper")
CEILING = 0.99  # of the scaled similarity: only a film itself is at distance 0 (models.md A14, the authors' code)


@dataclass(frozen=True)
class Similarities:
    """Symmetric similarities of one part in one reading, read by blocks of rows; the distance is 1 - similarity."""

    tiles: Tiles
    base: np.ndarray  # float32 (n)
    distance: str
    logarithmic: bool
    low: float
    high: float

    @property
    def n(self) -> int:
        """Number of films."""
        return self.tiles.n

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Places of a block and its similarities, float32 (places, n) in [0, .99]; 1 for a film with itself."""
        for block in range(self.tiles.n_blocks):
            span = self.tiles.span(block)
            there = self._scaled(self.tiles.rows(block), self.base)  # entry [j, i]: j leads to i
            back = self._scaled(self.tiles.columns(block), self.base[span, None])  # entry [j, i]: i leads to j
            there += back
            there *= 0.5
            there[np.arange(len(there)), np.arange(span.start, span.stop)] = 1.0
            yield span, there

    def nearest(self, k: int, report: Callable[[float], None] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest films of each film (see `nearest`)."""
        return nearest(self, k, report)

    def _scaled(self, answers: np.ndarray, base: np.ndarray) -> np.ndarray:
        return scaled(values_of(answers, base, self.distance, self.logarithmic), self.low, self.high)


def similarities(answered: Answers, part: str, distance: str) -> Similarities:
    """The similarities of one part in one reading, one of DISTANCES.

    Raises MapError where the part gives every pair of films the same value, or ignores the profile.
    """
    check_distance(distance)
    tiles, base = answered.tiles[part], answered.base[part]
    # Asked first in any case: scores that ignore the profile differ between films and yet hold no distance.
    lift = _extent(tiles, base, "lift", answered.logarithmic)
    low, high = lift if distance == "lift" else _extent(tiles, base, distance, answered.logarithmic)
    check_varied(part, lift, (low, high))
    return Similarities(tiles, base, distance, answered.logarithmic, low, high)


def check_distance(distance: str) -> None:
    """Raise MapError unless `distance` is one of DISTANCES."""
    if distance not in DISTANCES:
        raise MapError(f"There is no distance {distance!r}: expected one of {', '.join(DISTANCES)}.")


def check_varied(part: str, *extents: tuple[float, float]) -> None:
    """Raise MapError where the smallest and the largest value of a part are the same."""
    if not all(high > low for low, high in extents):
        raise MapError(
            f"The model's part {part!r} answers every one-film profile alike, so its films have no distances: "
            "a map needs a personalised model, after training."
        )


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as similarities, float32 of the same shape: `low` is 0 and `high` .99."""
    return (values - np.float32(low)) * np.float32(CEILING / (high - low))


def values_of(answers: np.ndarray, base: np.ndarray, distance: str, logarithmic: bool) -> np.ndarray:
    """What a reading of the distance takes from answers and from those to the empty profile, `base`."""
    if distance == "lift":
        return answers - base
    return np.exp(answers) if logarithmic else answers


def _extent(tiles: Tiles, base: np.ndarray, distance: str, logarithmic: bool) -> tuple[float, float]:
    """Smallest and largest value off the diagonal, over the whole part."""
    low, high = np.inf, -np.inf
    for block in range(tiles.n_blocks):
        values = values_of(tiles.rows(block), base, distance, logarithmic)
        span = tiles.span(block)
        off_diagonal = np.ones(values.shape, dtype=bool)
        off_diagonal[np.arange(len(values)), np.arange(span.start, span.stop)] = False
        low = min(low, float(values.min(where=off_diagonal, initial=np.inf)))
        high = max(high, float(values.max(where=off_diagonal, initial=-np.inf)))
    return low, high


def nearest(
    found: Similarities, k: int, report: Callable[[float], None] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest films of each film: their places, int32 (n, k), nearest first, and distances, float64 (n, k)."""
    places = np.empty((found.n, k), dtype=np.int32)
    distances = np.empty((found.n, k), dtype=np.float64)
    for span, block in found.blocks():
        places[span], distances[span] = _nearest_in(block, span.start, k)
        if report:
            report(span.stop / found.n)
    return places, distances


def _nearest_in(block: np.ndarray, start: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    away = -block
    away[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf  # a film is no neighbour of itself
    return nearest_of(away, k)


def nearest_of(away: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each row of -similarity, float32 (rows, n): places, int64 (rows, k), and distances, float64."""
    chosen = np.argpartition(away, k - 1, axis=1)[:, :k] if k < away.shape[1] else np.argsort(away, axis=1)[:, :k]
    kept = np.take_along_axis(away, chosen, axis=1)
    order = np.lexsort((chosen, kept), axis=1)  # equal distances in the order of the catalogue
    # Similarities near 0 differ in bits that 1 - s no longer has in float32.
    return np.take_along_axis(chosen, order, axis=1), 1.0 + np.take_along_axis(kept, order, axis=1).astype(np.float64)

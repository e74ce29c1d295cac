"""How far a map can be trusted, and what it shows: measured between films in distance space, never in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from vasp_models.projections.distances import Similarities
from vasp_models.projections.neighbours import Similar

PURITY_NEIGHBOURS = 10
SHARED_NEIGHBOURS = 20
HUB_WARNING = 0.10  # of all films name the same film as one of their ten nearest
TRUST_SAMPLE = 5_000
_PERMUTATIONS = 200
_STRATA = 10


@dataclass(frozen=True)
class Purity:
    """How often neighbours share a genre.

    `items` films that carry one of the genres; `purity` mean share of their nearest films with a genre in common;
    `chance` the same for films drawn at random; `chance_popular` the same for films drawn among equally popular ones;
    `p` how often genres dealt anew among equally popular films reach the purity (one-sided).
    """

    items: int
    purity: float
    chance: float
    chance_popular: float | None = None
    p: float | None = None


def purity(
    neighbours: np.ndarray, genre_matrix: np.ndarray, columns: Sequence[int] | None = None, k: int = PURITY_NEIGHBOURS
) -> Purity | None:
    """Share of the k nearest films with a common genre among `columns` (all by default), in distance space.

    `neighbours` int (n, >= k) rows of the map; `genre_matrix` bool (n, genres) of the films on the map in the same
    order. None where no film carries one of the genres.
    """
    codes = _codes(genre_matrix, columns)
    carries = codes.any(axis=1)
    if not carries.any() or len(codes) < 2:
        return None
    return Purity(int(carries.sum()), _share(codes, neighbours[:, :k], carries), _chance(codes))


def purity_tested(
    neighbours: np.ndarray,
    genre_matrix: np.ndarray,
    columns: Sequence[int] | None = None,
    popularity: np.ndarray | None = None,
    seed: int = 0,
    k: int = PURITY_NEIGHBOURS,
) -> Purity | None:
    """The purity with a permutation test: genres are dealt anew within each tenth of `popularity` (n), if given."""
    plain = purity(neighbours, genre_matrix, columns, k)
    if plain is None:
        return None
    codes, generator = _codes(genre_matrix, columns), np.random.default_rng(seed)
    strata = _strata(popularity, len(codes))
    dealt = []
    for _ in range(_PERMUTATIONS):
        order = _dealt(strata, generator)
        dealt.append(_share(codes[order], neighbours[:, :k], codes[order].any(axis=1)))
    reached = sum(share >= plain.purity for share in dealt)
    p = (1 + reached) / (1 + _PERMUTATIONS)
    return Purity(plain.items, plain.purity, plain.chance, float(np.mean(dealt)), float(p))


def _codes(genre_matrix: np.ndarray, columns: Sequence[int] | None) -> np.ndarray:
    """Genres as bits, uint8 (n, bytes): two films share a genre where the bits do."""
    chosen = genre_matrix if columns is None else genre_matrix[:, list(columns)]
    return np.packbits(np.asarray(chosen, dtype=bool), axis=1)


def _share(codes: np.ndarray, neighbours: np.ndarray, carries: np.ndarray) -> float:
    common = (codes[carries][:, None, :] & codes[neighbours[carries]]).any(axis=2)  # (films, k)
    return float(common.mean())


def _chance(codes: np.ndarray) -> float:
    """Expected share for neighbours drawn at random, exactly: over the kinds of films with the same genres."""
    kinds, counts = np.unique(codes, axis=0, return_counts=True)
    carries = kinds.any(axis=1)
    shared = (kinds[carries][:, None, :] & kinds[None, :, :]).any(axis=2)  # (kinds that carry, kinds)
    others = shared @ counts - 1  # a film is no neighbour of itself
    return float(np.average(others, weights=counts[carries]) / (counts.sum() - 1))


def _strata(popularity: np.ndarray | None, n: int) -> list[np.ndarray]:
    order = np.arange(n) if popularity is None else np.argsort(popularity, kind="stable")
    return [order] if popularity is None else [part for part in np.array_split(order, _STRATA) if len(part)]


def _dealt(strata: list[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    order = np.empty(sum(map(len, strata)), dtype=np.int64)
    for stratum in strata:
        order[stratum] = generator.permutation(stratum)
    return order


def largest_hub(neighbours: np.ndarray, k: int = PURITY_NEIGHBOURS) -> tuple[float, int]:
    """The largest share of films that name one film among their k nearest, and that film's row."""
    named = np.bincount(neighbours[:, :k].ravel(), minlength=len(neighbours))
    return float(named.max() / len(neighbours)), int(named.argmax())


def shared_neighbours(first: np.ndarray, second: np.ndarray, k: int = SHARED_NEIGHBOURS) -> np.ndarray:
    """Share of each film's k nearest that two parts have in common, float32 (n); 1 minus it is the film's drift."""
    k = min(k, first.shape[1], second.shape[1])
    return (first[:, :k, None] == second[:, None, :k]).any(axis=2).mean(axis=1).astype(np.float32)


def focus_genre(genre_matrix: np.ndarray, genre_names: Sequence[str], focus: Sequence[str]) -> np.ndarray:
    """Which genre of `focus` colours each film, int64 (n), -1 for none: of several, the rarest in `genre_matrix`."""
    known = [genre for genre in focus if genre in genre_names]
    columns = [list(genre_names).index(genre) for genre in known]
    counts = genre_matrix[:, columns].sum(axis=0)
    colour = np.full(len(genre_matrix), -1, dtype=np.int64)
    for place in np.argsort(-counts, kind="stable"):  # the rarest last: it overwrites
        colour[genre_matrix[:, columns[place]]] = list(focus).index(known[place])
    return colour


def neighbourhood_for(n: int) -> int:
    """Neighbours over which a layout is judged: 10, fewer where they would be half of all films."""
    return min(PURITY_NEIGHBOURS, (n - 1) // 2)


def faithfulness(
    found: Similarities | Similar, neighbours: np.ndarray, places: np.ndarray, seed: int = 0, sample: int = TRUST_SAMPLE
) -> tuple[float, float]:
    """Trustworthiness and continuity of a layout at k = 10 (Venna and Kaski 2001), on at most `sample` films.

    `neighbours` int (n, >= k) in distance space, `places` float (n, 2). The ranks are among all films.
    """
    n, k = len(places), neighbourhood_for(len(places))
    chosen = np.arange(n)
    if n > sample:
        chosen = np.sort(np.random.default_rng(seed).choice(n, sample, replace=False))
    intruders = missing = 0.0
    for span, block in found.blocks():
        rows = chosen[(chosen >= span.start) & (chosen < span.stop)]
        if len(rows):
            seen = cdist(places[rows], places, "sqeuclidean")
            seen[np.arange(len(rows)), rows] = np.inf
            away = -block[rows - span.start]
            away[np.arange(len(rows)), rows] = np.inf
            drawn_near = np.argpartition(seen, k - 1, axis=1)[:, :k]
            intruders += _excess_ranks(away, drawn_near, k)
            missing += _excess_ranks(seen, neighbours[rows, :k], k)
    norm = 2.0 / (len(chosen) * k * (2 * n - 3 * k - 1))
    return 1.0 - norm * intruders, 1.0 - norm * missing


def _excess_ranks(away: np.ndarray, named: np.ndarray, k: int) -> float:
    """Sum of max(0, rank - k) of the films `named`, int (rows, k), by the distances `away`, (rows, n)."""
    total = 0
    for column in range(named.shape[1]):
        nearer = (away < np.take_along_axis(away, named[:, column, None], axis=1)).sum(axis=1)
        total += int(np.maximum(nearer + 1 - k, 0).sum())
    return float(total)

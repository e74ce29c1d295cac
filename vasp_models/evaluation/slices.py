"""Groups of users and groups of films between which a model's quality may differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vasp_models.data.catalogue import Catalogue
from vasp_models.evaluation.beyond import popularity_percentile

# Way of slicing -> what is in a slice: users, or films (those that users had held out).
USERS = ("history", "taste", "mainstream")
FILMS = ("popularity", "genre", "decade")
KINDS = (*USERS, *FILMS)
NICHE, MIXED, MAINSTREAM = "niche", "mixed", "mainstream"
# Numbers that are easy to read: these times a power of ten.
_GRID = np.unique((np.array([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]) * 10.0 ** np.arange(5)[:, None]).astype(int))


@dataclass(frozen=True)
class Slice:
    """A name for people, and which users or films belong to it, bool (users or items)."""

    name: str
    members: np.ndarray


def history_lengths(lengths: np.ndarray, bins: int = 5) -> list[Slice]:
    """Users by the length of their history: about equally many in each slice, between edges that are easy to read."""
    if not len(lengths):
        return []
    shortest, longest = int(lengths.min()), int(lengths.max())
    edges = [edge for edge in _readable(np.quantile(lengths, np.arange(1, bins) / bins)) if shortest < edge <= longest]
    spans = zip([shortest, *edges], [*(edge - 1 for edge in edges), longest], strict=True)
    slices = [(start, end, (lengths >= start) & (lengths <= end)) for start, end in spans]
    return [Slice(_span(start, end, longest), members) for start, end, members in slices if members.any()]


def length_steps(lengths: np.ndarray) -> list[int]:
    """The lengths between which a range is chosen: the shortest, round numbers, the longest."""
    shortest, longest = int(lengths.min()), int(lengths.max())
    return sorted({shortest, *(int(each) for each in _GRID if shortest < each < longest), longest})


def _readable(edges: np.ndarray) -> list[int]:
    """The round numbers nearest to some edges (in their ratio), ascending, each once."""
    nearest = [int(_GRID[np.abs(np.log(_GRID / max(edge, 1))).argmin()]) for edge in edges]
    return sorted(set(nearest))


def _span(start: int, end: int, longest: int) -> str:
    return f"{start:,}" if start == end else f"{start:,} and more" if end == longest else f"{start:,}–{end:,}"


def favourite_genres(taste: np.ndarray, names: Sequence[str]) -> list[Slice]:
    """Users by their favourite genre, its place in `names` (users), negative without one; the most users first."""
    slices = [Slice(name, taste == place) for place, name in enumerate(names)]
    return sorted((each for each in slices if each.members.any()), key=lambda each: -each.members.sum())


def mainstream_tastes(popularity: np.ndarray) -> list[Slice]:
    """Users in thirds by the mean popularity of their films (users): niche, mixed and mainstream tastes.

    Users without films (NaN) are in none; where all are alike there are no thirds.
    """
    if len(np.unique(popularity[np.isfinite(popularity)])) < 2:
        return []
    low, high = np.nanquantile(popularity, [1 / 3, 2 / 3])
    parts = (popularity <= low, (popularity > low) & (popularity < high), (popularity >= high) & (popularity > low))
    named = zip((NICHE, MIXED, MAINSTREAM), parts, strict=True)
    return [Slice(name, members) for name, members in named if members.any()]


def popularity_deciles(holders: np.ndarray) -> list[Slice]:
    """Films in tenths of the catalogue by train users, the most popular tenth first; equal films stay together."""
    tenth = np.minimum((10 * (1 - popularity_percentile(holders))).astype(int), 9)
    names = ["top 10%", *(f"{10 * n}–{10 * n + 10}%" for n in range(1, 9)), "last 10%"]
    return [Slice(name, tenth == n) for n, name in enumerate(names) if (tenth == n).any()]


def genres(catalogue: Catalogue) -> list[Slice]:
    """Films by genre; a film is in the slice of each of its genres."""
    columns = zip(catalogue.genre_names, catalogue.genre_matrix.T, strict=True)
    return [Slice(name, members) for name, members in columns]


def decades(catalogue: Catalogue) -> list[Slice]:
    """Films by the decade they came out in, the latest first; films without a year are in none."""
    year = catalogue.frame["year"].to_numpy(dtype=float, na_value=np.nan)
    decade = 10 * np.floor(year / 10)
    return [Slice(f"{int(each)}s", decade == each) for each in np.unique(decade[np.isfinite(decade)])[::-1]]


def of_films(kind: str, catalogue: Catalogue) -> list[Slice]:
    """The slices of a kind of FILMS."""
    if kind == "popularity":
        return popularity_deciles(catalogue.frame["train_users"].to_numpy())
    return genres(catalogue) if kind == "genre" else decades(catalogue)

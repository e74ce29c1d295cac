"""What one film alone says of the others, part by part: genre purity of its neighbours, and whether it holds in use.

A profile of one film is the paper's sensitivity analysis, and rare among people; the same effect in real histories is
put beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata

from vasp_models.data.catalogue import PAPER_GENRES, Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MapError
from vasp_models.explanations.answers import answers
from vasp_models.explanations.components import components, summed
from vasp_models.projections import distances, quality, sensitivity
from vasp_models.projections.sensitivity import Answers

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

SOURCES = 200  # films whose effect alone and in real histories is compared
HOLDERS = 10  # users whose histories hold such a film
FEWEST_HOLDERS = 3
_BATCH = 500  # histories answered at once

Tell = Callable[[float], None]  # told the fraction that is done
Purities = dict[str, dict[str, dict[str, Any] | None]]  # component -> distance -> what was measured


def compared(
    model: Recommender, catalogue: Catalogue, histories: Interactions, seed: int = 0, tell: Tell | None = None
) -> dict[str, dict[str, Any]]:
    """By component: "purity" of the paper's genres and "purity_all_genres" by distance, and "agreement".

    The agreement is the rank correlation over all films i of what film j adds to them alone, L_i(j) - L_i(0), and in
    real histories, the mean over users of L_i(x) - L_i(x - j) where i is unseen; mean over films j. None where a part
    ignores the profile, or where nobody has enough films.
    """
    told = tell or (lambda fraction: None)
    sources = _sources(model, histories, seed)
    with sensitivity.answers(model, lambda fraction: told(0.4 * fraction)) as answered:
        purities = {part: _purities(answered, part, catalogue, seed) for part in answered.parts}
        told(0.6)
        alone = {part: _lifts(answered, part, sources, model.n_items) for part in answered.parts}
    within = _in_context(model, histories, sources, seed, lambda fraction: told(0.6 + 0.4 * fraction))
    return {part: {**purities[part], "agreement": _agreement(alone[part], within[part])} for part in purities}


def _purities(answered: Answers, part: str, catalogue: Catalogue, seed: int) -> Purities:
    genres, names = catalogue.genre_matrix[answered.items], catalogue.genre_names
    popularity = catalogue.frame["train_users"].to_numpy()[answered.items]
    paper = [names.index(genre) for genre in PAPER_GENRES if genre in names]
    rows: Purities = {"purity": {}, "purity_all_genres": {}}
    for distance in distances.DISTANCES:
        neighbours = _neighbours(answered, part, distance)
        for key, columns in (("purity", paper), ("purity_all_genres", None)):
            found = None
            if neighbours is not None:
                found = quality.purity_tested(neighbours, genres, columns, popularity, seed)
            rows[key][distance] = None if found is None else _plain(found)
    return rows


def _plain(found: quality.Purity) -> dict[str, Any]:
    names = ("purity", "chance", "chance_popular", "p", "items")
    return {name: getattr(found, name) for name in names}


def _neighbours(answered: Answers, part: str, distance: str) -> np.ndarray | None:
    """The ten nearest films of each in a part, None where the part holds no distances."""
    k = min(quality.PURITY_NEIGHBOURS, len(answered.items) - 1)
    if k < 1:
        return None
    try:
        return distances.nearest(distances.similarities(answered, part, distance), k)[0]
    except MapError:
        return None


def _sources(model: Recommender, histories: Interactions, seed: int) -> np.ndarray:
    """Films that the model covers and some users hold beside others, drawn without replacement, ascending."""
    held = histories.take(np.flatnonzero(histories.lengths > 1)).item_counts
    items = np.flatnonzero((held >= FEWEST_HOLDERS) & model.covers(np.arange(model.n_items)))
    return np.sort(np.random.default_rng([seed, 0]).permutation(items)[:SOURCES])


def _lifts(answered: Answers, part: str, sources: np.ndarray, n_items: int) -> np.ndarray:
    """What each source alone adds to every film, float32 (sources, items); NaN to itself and to films not covered."""
    lifts = np.full((len(sources), n_items), np.nan, dtype=np.float32)
    tiles, base = answered.tiles[part], answered.base[part]
    places = np.searchsorted(answered.items, sources)
    for block in range(tiles.n_blocks):
        span = tiles.span(block)
        asked = np.flatnonzero((places >= span.start) & (places < span.stop))
        if len(asked):
            rows = tiles.rows(block)[places[asked] - span.start] - base
            lifts[asked[:, None], answered.items] = rows
    lifts[np.arange(len(sources)), sources] = np.nan
    return lifts


def _in_context(
    model: Recommender, histories: Interactions, sources: np.ndarray, seed: int, tell: Tell
) -> dict[str, np.ndarray]:
    """What each source adds to every unseen film in real histories, by component, float64 (sources, items)."""
    groups = components(model)
    effects = {name: np.full((len(sources), model.n_items), np.nan) for name in groups}
    holders = _holders(histories, sources, seed)
    step = max(1, _BATCH // (2 * HOLDERS))
    for start in range(0, len(sources), step):
        block = range(start, min(start + step, len(sources)))
        users = np.concatenate([holders[place] for place in block])
        rows = [histories.row(user) for user in users]
        removed = np.repeat(sources[start : block.stop], [len(holders[place]) for place in block])
        without = [row[row != item] for row, item in zip(rows, removed, strict=True)]
        given = answers(model, Interactions.from_lists(rows + without, model.n_items, histories.ordered))
        unseen = ~histories.take(users).csr(bool).toarray()
        ends = np.cumsum([0, *(len(holders[place]) for place in block)])
        for name, places in groups.items():
            values = summed(given, places)
            with np.errstate(invalid="ignore"):  # -inf minus -inf, where a film is not covered
                added = np.where(unseen, values[: len(users)] - values[len(users) :], np.nan)
            for place, low, high in zip(block, ends, ends[1:], strict=False):
                effects[name][place] = _means(added[low:high])
        tell(block.stop / len(sources))
    return effects


def _holders(histories: Interactions, sources: np.ndarray, seed: int) -> list[np.ndarray]:
    """For each source, users who hold it beside other films, drawn without replacement."""
    generator = np.random.default_rng([seed, 1])
    by_item = histories.csr().tocsc()
    found = []
    for item in sources:
        users = np.sort(by_item.indices[by_item.indptr[item] : by_item.indptr[item + 1]])
        found.append(generator.permutation(users[histories.lengths[users] > 1])[:HOLDERS])
    return found


def _means(values: np.ndarray) -> np.ndarray:
    """Mean of each column over the rows that have a value, NaN where none has."""
    there = np.isfinite(values)
    counts = there.sum(axis=0)
    sums = np.where(there, values, 0.0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(values.shape[1], np.nan), where=counts > 0)


def _agreement(alone: Sequence[np.ndarray], within: Sequence[np.ndarray]) -> float | None:
    """Mean over the sources of Spearman's correlation over the films; None where it exists for no source."""
    found = []
    for one, other in zip(alone, within, strict=True):
        there = np.isfinite(one) & np.isfinite(other)
        if there.sum() > 2 and np.ptp(one[there]) > 0 and np.ptp(other[there]) > 0:
            found.append(np.corrcoef(rankdata(one[there]), rankdata(other[there]))[0, 1])
    return float(np.mean(found)) if found else None

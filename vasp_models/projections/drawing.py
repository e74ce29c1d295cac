"""Drawing the sensitivity maps of a model (VASP figure 3): answers, distances, neighbours, t-SNE, quality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import combinations
import math
import time
from typing import Any

import numpy as np

from vasp_models.data.catalogue import PAPER_GENRES, Catalogue
from vasp_models.errors import MapError
from vasp_models.projections import distances, layout, neighbours, quality
from vasp_models.projections.distances import DISTANCES, check_distance
from vasp_models.projections.neighbours import OnDevice, Similar
from vasp_models.projections.sensitivity import JOINT, TILE, Answers, answers

MINIMUM_ITEMS = 10
KEPT_NEIGHBOURS = 30  # of each film, for purity, drift and the neighbours that a page shows
DEFAULT_DISTANCE = "lift"

Progress = Callable[[str, float], None]  # told what is being done, in words, and the fraction of the whole


@dataclass(frozen=True)
class Frame:
    """What a film needs to join one part's map later: the values that are similarity 0 and .99, and the map's scale.

    `stretch` is what t-SNE's places were multiplied by when the map was laid onto the joint one.
    """

    low: float
    high: float
    stretch: float


@dataclass(frozen=True)
class SensitivityMaps:
    """The maps of the joint model and of its parts, in one reading of the distance.

    `items` int64 (n), the item numbers on the map, ascending; `positions` part -> float32 (n, 2); `neighbours` part ->
    int32 (n, k), *rows of the map* (places in `items`), nearest first; `quality` part -> numbers; `overlap` mean share
    of the 20 nearest that the parts have in common (None for a model in one part); `settings` what was computed and
    how; `digest` of the checkpoint; `seconds` it took; `shares` component -> float32 (n), the share of each path
    (`projections.shares`), empty for a model in one, None on maps that were drawn before it was measured;
    `frames` part -> Frame, None on maps that were drawn before they were kept.
    """

    positions: dict[str, np.ndarray]
    items: np.ndarray
    neighbours: dict[str, np.ndarray]
    quality: dict[str, dict[str, Any]]
    overlap: float | None
    settings: dict[str, Any]
    digest: str
    seconds: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)
    shares: dict[str, np.ndarray] | None = None
    frames: dict[str, Frame] | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def parts(self) -> tuple[str, ...]:
        """``joint`` and the model's parts."""
        return tuple(self.positions)

    @property
    def distance(self) -> str:
        """The reading of the distance, one of DISTANCES."""
        return str(self.settings["distance"])

    @cached_property
    def shared(self) -> np.ndarray | None:
        """Share of each film's 20 nearest that the parts have in common, float32 (n); None for one part."""
        return _shared(self.neighbours)

    def middle(self, part: str) -> np.ndarray:
        """Ends of the middle half of all films on one part's map, (2 ends, 2 axes)."""
        return np.quantile(self.positions[part], [0.25, 0.75], axis=0)

    def row(self, item: int) -> int | None:
        """The row of an item number on the map, or None where the model does not cover it."""
        place = int(np.searchsorted(self.items, item))
        return place if place < len(self.items) and self.items[place] == item else None

    def nearest(self, item: int, part: str, k: int = 20) -> np.ndarray:
        """Item numbers of a film's nearest in one part, int64 (k), nearest first. Raises MapError off the map."""
        row = self.row(item)
        if row is None:
            raise MapError(f"Film number {item} is not on the map: the model does not cover it.")
        return self.items[self.neighbours[part][row, :k]]

    def purity(
        self, part: str, genre_matrix: np.ndarray, columns: Sequence[int] | None = None
    ) -> quality.Purity | None:
        """Genre purity@10 for any choice of genres; `genre_matrix` bool (all items of the catalogue, genres)."""
        return quality.purity(self.neighbours[part], genre_matrix[self.items], columns)


def compute(
    model: Any,
    catalogue: Catalogue,
    distance: str = DEFAULT_DISTANCE,
    seed: int = 0,
    progress: Progress | None = None,
    digest: str = "",
) -> SensitivityMaps:
    """The maps of a model in one reading of the distance.

    Raises MapError for an unknown distance, fewer than 10 films, or a model that ignores the profile.
    """
    return compute_all(model, catalogue, (distance,), seed, progress, digest)[distance]


def compute_all(
    model: Any,
    catalogue: Catalogue,
    readings: Iterable[str] = DISTANCES,
    seed: int = 0,
    progress: Progress | None = None,
    digest: str = "",
) -> dict[str, SensitivityMaps]:
    """The maps in several readings; the model is asked only once. Raises MapError as `compute` does."""
    readings = tuple(readings)
    for distance in readings:
        check_distance(distance)
    bar, began = _Bar(progress), time.perf_counter()
    with _asked(model, bar.within("Asking the model about each film", 0.0, 0.12)) as answered:
        if len(answered.items) < MINIMUM_ITEMS:
            raise MapError(
                f"The model covers {len(answered.items)} films: a map needs at least {MINIMUM_ITEMS}, "
                "so train on a data set with more films."
            )
        made, width = {}, 0.88 / len(readings)
        for number, distance in enumerate(readings):
            bar.offset, bar.scale = 0.12 + number * width, width
            maps = _one_reading(answered, catalogue, distance, seed, bar, digest)
            made[distance] = replace(maps, seconds=round(time.perf_counter() - began, 2))
            began = time.perf_counter()
        return made


def _asked(model: Any, report: Callable[[float], None]) -> AbstractContextManager[Answers | OnDevice]:
    """What the model answers to each film alone: on a card the answers stay there, else they go to a file."""
    return nullcontext(OnDevice(model, report)) if neighbours.possible(model) else answers(model, report)


def _alike(answered: Answers | OnDevice, distance: str, k: int) -> dict[str, distances.Similarities | Similar]:
    """Each part's similarities in one reading, of which the k nearest are wanted."""
    if isinstance(answered, OnDevice):
        return answered.similarities(distance, k)
    return {part: distances.similarities(answered, part, distance) for part in answered.parts}


def _one_reading(
    answered: Answers | OnDevice, catalogue: Catalogue, distance: str, seed: int, bar: _Bar, digest: str
) -> SensitivityMaps:
    parts, n = answered.parts, len(answered.items)
    k = layout.neighbours_for(n)
    found = _alike(answered, distance, k)
    positions, nearest, measured, frames = {}, {}, {}, {}
    first = onto = None
    for number, part in enumerate(parts):
        low, width = number / len(parts), 1 / len(parts)
        near, away = found[part].nearest(k, bar.within(f"Finding neighbours: {part}", low, low + 0.15 * width))
        weights = layout.affinities(near, away)
        first = layout.start(weights.P, seed) if first is None else first  # the joint map's, for all
        step = bar.within(f"Drawing the map: {part}", low + 0.15 * width, low + 0.9 * width)
        places, kl = layout.embed(weights, first, seed, step)
        onto = places if onto is None else onto
        drawn, (places, disparity) = places, layout.aligned(places, onto)
        bar.within(f"Measuring the map: {part}", low + 0.9 * width, low + width)
        positions[part] = places.astype(np.float32)
        frames[part] = Frame(found[part].low, found[part].high, layout.radius(places) / layout.radius(drawn))
        nearest[part] = near[:, :KEPT_NEIGHBOURS]
        trust, continuity = quality.faithfulness(found[part], near, places, seed)
        about = {"trustworthiness": trust, "continuity": continuity, "kl": kl, "disparity": disparity}
        measured[part] = about | _shown(near, answered.items, catalogue, seed)
    shared = _shared(nearest)
    overlap = None if shared is None else float(shared.mean())
    settings = settings_for(distance, seed) | {
        "items": n,
        "items_left_out": len(catalogue) - n,
        "perplexity": layout.perplexity_for(n),
        "neighbours": k,
    }
    return SensitivityMaps(positions, answered.items, nearest, measured, overlap, settings, digest, frames=frames)


def expected_seconds(n_items: int) -> float:
    """How long one reading of three maps takes in a process of its own, roughly: seconds on one core.

    Fitted to processor seconds on a 2-core AMD EPYC virtual machine with one thread. One t-SNE of 750 steps: 1.9, 13.0
    and 29.8 s at 600, 3,483 and 7,000 films (Barnes-Hut), 43.3 and 51.5 s at 10,000 and 20,108 (openTSNE changes to
    interpolation at 10,000). Neighbours and measures of three maps: 3.7 s at 3,483 and 58 s at 20,108 films; asking a
    model of two small factors: 72 s at 20,108; start of the process 6 s.
    """
    barnes_hut = n_items < 10_000
    drawing = 3.3e-4 * n_items * math.log2(max(n_items, 2)) if barnes_hut else 36 + 8.4e-4 * n_items
    return 6 + 3 * drawing + 3.3e-7 * n_items**2


def settings_for(distance: str, seed: int) -> dict[str, Any]:
    """What decides a map besides the checkpoint; part of the name under which it is kept."""
    return {
        "distance": distance,
        "seed": seed,
        "most_perplexity": layout.PERPLEXITY,
        "steps": [layout.EXAGGERATED_STEPS, layout.STEPS],
        "batch": TILE,
    }


def _shown(near: np.ndarray, items: np.ndarray, catalogue: Catalogue, seed: int) -> dict[str, Any]:
    """What the neighbours show: purity for the paper's genres, for all, and for each; the largest hub."""
    genres, names = catalogue.genre_matrix[items], catalogue.genre_names
    popularity = catalogue.frame["train_users"].to_numpy()[items] if "train_users" in catalogue.frame else None
    paper = [names.index(genre) for genre in PAPER_GENRES if genre in names]
    of_paper = quality.purity_tested(near, genres, paper, popularity, seed)
    of_all = quality.purity_tested(near, genres, None, popularity, seed)
    hub, hub_row = quality.largest_hub(near)
    each = {name: quality.purity(near, genres, [column]) for column, name in enumerate(names)}
    return {
        "purity": None if of_paper is None else of_paper.purity,
        "chance": None if of_paper is None else of_paper.chance,
        "paper_genres": None if of_paper is None else asdict(of_paper),
        "all_genres": None if of_all is None else asdict(of_all),
        "genres": {
            name: {"items": one.items, "purity": one.purity, "chance": one.chance} for name, one in each.items() if one
        },
        "largest_hub": hub,
        "hub_item": int(items[hub_row]),
        "hub_warning": hub >= quality.HUB_WARNING,
    }


def _shared(neighbours: dict[str, np.ndarray]) -> np.ndarray | None:
    """Per film, over the pairs of parts."""
    parts = [part for part in neighbours if part != JOINT]
    pairs = [quality.shared_neighbours(neighbours[a], neighbours[b]) for a, b in combinations(parts, 2)]
    return np.mean(pairs, axis=0, dtype=np.float32) if pairs else None


class _Bar:
    """Turns the fraction of one step into the fraction of the whole."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.offset, self.scale = 0.0, 1.0

    def within(self, words: str, low: float, high: float) -> Callable[[float], None]:
        """A report for a step that takes from `low` to `high` of the present section."""
        offset, scale = self.offset, self.scale

        def report(fraction: float) -> None:
            if self._progress:
                self._progress(words, offset + scale * (low + (high - low) * fraction))

        report(0.0)
        return report

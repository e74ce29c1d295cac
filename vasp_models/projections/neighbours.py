"""The nearest films of every film, found where the model is: block by block, never as an items x items matrix.

What a model makes of a film alone is a few thousand numbers, and from them come its answers about any films. These
numbers are kept for all films, and two blocks of films are compared at a time, in both directions at once. A film's
nearest are those with the largest v_ji + v_ij: the scale of the similarities is one for both directions, so that it
need not be known before the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vasp_models.projections.distances import CEILING, check_distance, check_varied, scaled
from vasp_models.projections.sensitivity import answers_to_nothing, covered, not_finite, part_factors

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 2048  # films of a block: a tile of answers takes 17 MB
Precision = Literal["fp32", "bf16"]
Report = Callable[[float], None]  # told the fraction that is done


def possible(model: Any) -> bool:
    """Whether neighbours are found on the model's device: it says so (AnswersAlone), and is on a card.

    On the CPU the tiles in a file stay: a map's bits depend on them.
    """
    return hasattr(model, "alone") and hasattr(model, "among") and model.device.type == "cuda"


@dataclass(frozen=True)
class Lists:
    """The k nearest films of each film in one part and reading, and the values that are similarity 0 and .99.

    `places` int32 (n, k), nearest first; `distances` float64 (n, k), as `projections.distances.nearest` gives them.
    Which of equally near films take the last places is the device's choice.
    """

    places: np.ndarray
    distances: np.ndarray
    low: float
    high: float


class OnDevice:
    """What a model on its device makes of each film alone, and the comparisons that come from it.

    `items` int64 (n), the item numbers that the model covers; `base` part -> float32 (n), its answers to nothing.
    Held on the device beside the weights: the films' features, n times the widths of the last layers (of the paper's
    VASP on MovieLens-20M 494 MB); 8 bytes for each place of a list (44 MB for three parts); while two blocks are
    compared, a dozen tiles of `side` x `side` numbers (200 MB). Raises MapError when the model covers no film.
    """

    def __init__(
        self, model: Any, report: Report | None = None, side: int = SIDE, precision: Precision = "fp32"
    ) -> None:
        self._model, self._precision = model, precision
        self.base, self.items = covered(answers_to_nothing(model))
        self._factors = part_factors(model)
        self._logarithmic = hasattr(model, "log_factors")
        self.spans = [slice(start, min(start + side, self.n)) for start in range(0, self.n, side)]
        self._alone = []
        with self._computing() as torch:
            self._base = {part: torch.from_numpy(values).to(model.device) for part, values in self.base.items()}
            for span in self.spans:
                self._alone.append(model.alone(self.items[span]))
                if report:
                    report(span.stop / self.n)

    @property
    def n(self) -> int:
        """Number of films."""
        return len(self.items)

    @property
    def parts(self) -> tuple[str, ...]:
        """``joint`` and the model's parts."""
        return tuple(self.base)

    def lists(self, readings: Iterable[str], k: int) -> dict[tuple[str, str], Lists]:
        """The k nearest of every film by part and reading of the distance, in one pass over all pairs of blocks.

        Raises MapError for an unknown reading, a part that answers no number, or one that ignores the profile.
        """
        readings = tuple(readings)
        for distance in readings:
            check_distance(distance)
        wanted = [(part, distance) for part in self.parts for distance in readings]
        # The extent of the lift is asked in any case: scores that ignore the profile hold no distance.
        extents = {name: _Extent() for name in [*wanted, *((part, "lift") for part in self.parts)]}
        with self._computing():
            largest = {name: _Largest(self.n, min(k, self.n - 1), self._model.device) for name in wanted}
            for a, b in combinations_with_replacement(range(len(self.spans)), 2):
                self._compare(a, b, extents, largest)
        ends = {name: extent.ends() for name, extent in extents.items()}
        for part, distance in wanted:
            if not np.isfinite(ends[part, "lift"]).all():
                raise not_finite(part)
            check_varied(part, ends[part, "lift"], ends[part, distance])
        return {name: found.lists(*ends[name]) for name, found in largest.items()}

    def similarities(self, distance: str, k: int) -> dict[str, Similar]:
        """Each part's similarities in one reading, with the k nearest of every film. Raises MapError as `lists`."""
        found = self.lists((distance,), k)
        return {part: Similar(self, part, distance, found[part, distance]) for part in self.parts}

    def rows(self, block: int, part: str, distance: str, low: float, high: float) -> np.ndarray:
        """The similarities of a block's films to all, float32 (films of the block, n); of no meaning to themselves."""
        with self._computing() as torch:
            span = self.spans[block]
            found = torch.empty(span.stop - span.start, self.n, device=self._model.device)
            for other, targets in enumerate(self.spans):
                there = self._values(self._asked(block, other), part, distance, targets)
                back = self._values(self._asked(other, block), part, distance, span)
                found[:, targets] = (scaled(there, low, high) + scaled(back, low, high).T) * 0.5
            return found.cpu().numpy()

    def _compare(self, a: int, b: int, extents: dict, largest: dict) -> None:
        """Take two blocks' answers about each other into all extents and lists."""
        rows, columns = self.spans[a], self.spans[b]
        there = self._asked(a, b)
        back = there if a == b else self._asked(b, a)
        for (part, distance), extent in extents.items():
            leads = self._values(there, part, distance, columns)
            returns = leads if a == b else self._values(back, part, distance, rows)
            extent.take(leads, a == b)
            extent.take(returns, a == b)
            if (part, distance) in largest:
                together = leads + returns.T
                if a == b:
                    together.fill_diagonal_(-np.inf)  # a film is no neighbour of itself
                largest[part, distance].take(rows, together, columns.start)
                if a != b:
                    largest[part, distance].take(columns, together.T, rows.start)

    def _asked(self, a: int, b: int) -> list[Tensor]:
        """What the films of block a, each alone, lead to in block b: log factors in their order, or the one score."""
        found = self._model.among(self._alone[a], self._alone[b])
        return [found[name] for name in self._model.factor_names] if self._logarithmic else list(found.values())

    def _values(self, factors: list[Tensor], part: str, distance: str, targets: slice) -> Tensor:
        """As `distances.values_of`: what a reading takes from the answers of a part, fp32 (asked, targets)."""
        first, *others = [factors[place] for place in self._factors[part] or (0,)]
        total = first.clone()
        for factor in others:
            total += factor
        if distance == "lift":
            return total.sub_(self._base[part][targets])
        return total.exp_() if self._logarithmic else total

    @contextmanager
    def _computing(self) -> Iterator[Any]:
        """Without gradients, dense layers in the precision that was chosen; gives torch."""
        import torch  # a model that can be asked so is one of torch

        low = torch.autocast(self._model.device.type, dtype=torch.bfloat16, enabled=self._precision == "bf16")
        with torch.inference_mode(), low:
            yield torch


@dataclass(frozen=True)
class Similar:
    """The similarities of one part in one reading, as `distances.Similarities`, computed where they are read."""

    films: OnDevice
    part: str
    distance: str
    found: Lists

    @property
    def n(self) -> int:
        """Number of films."""
        return self.films.n

    @property
    def low(self) -> float:
        """The value that is similarity 0."""
        return self.found.low

    @property
    def high(self) -> float:
        """The value that is similarity .99."""
        return self.found.high

    def nearest(self, k: int, report: Report | None = None) -> tuple[np.ndarray, np.ndarray]:
        """As `distances.nearest`, of at most the k that were asked for."""
        if report:
            report(1.0)
        return self.found.places[:, :k], self.found.distances[:, :k]

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Places of a block and its similarities, float32 (places, n) in [0, .99]; 1 for a film with itself."""
        for block, span in enumerate(self.films.spans):
            similar = self.films.rows(block, self.part, self.distance, self.low, self.high)
            similar[np.arange(len(similar)), np.arange(span.start, span.stop)] = 1.0
            yield span, similar


class _Extent:
    """The smallest and the largest value off the diagonal so far; NaN once a value is none."""

    def __init__(self) -> None:
        self._ends: tuple[Tensor, Tensor] | None = None

    def take(self, values: Tensor, on_diagonal: bool) -> None:
        """Look at one tile."""
        above = values.clone().fill_diagonal_(np.inf) if on_diagonal else values
        low = above.amin()
        high = (above.fill_diagonal_(-np.inf) if on_diagonal else values).amax()
        self._ends = (low, high) if self._ends is None else (self._ends[0].minimum(low), self._ends[1].maximum(high))

    def ends(self) -> tuple[float, float]:
        """What was found."""
        low, high = self._ends
        return float(low), float(high)


class _Largest:
    """The k largest sums of each film so far and the places of their films, (n, k) each on the device."""

    def __init__(self, n: int, k: int, device: Any) -> None:
        import torch

        self._k = k
        self._sums = torch.full((n, k), -torch.inf, device=device)
        self._places = torch.zeros((n, k), dtype=torch.int32, device=device)

    def take(self, rows: slice, sums: Tensor, first: int) -> None:
        """Look at the sums of some films with those from place `first` on, (rows, films)."""
        import torch

        kept, at = torch.cat([self._sums[rows], sums], dim=1).topk(self._k, dim=1, sorted=False)
        before = self._places[rows].gather(1, at.clamp(max=self._k - 1))
        self._places[rows] = torch.where(at < self._k, before, at - self._k + first)
        self._sums[rows] = kept

    def lists(self, low: float, high: float) -> Lists:
        """Nearest first, equally near films in the order of the catalogue."""
        sums, places = self._sums.cpu().numpy(), self._places.cpu().numpy()
        order = np.lexsort((places, -sums), axis=1)
        sums, places = (np.take_along_axis(each, order, axis=1) for each in (sums, places))
        similar = (sums.astype(np.float64) - 2 * low) * (CEILING / (high - low) / 2)
        return Lists(places, 1.0 - similar, low, high)

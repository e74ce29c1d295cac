"""An axis of a figure: where its values lie in pixels, its ticks and their texts, as plotly.js lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from app.report.text import plain

ADVANCE = 0.5  # of the font size: how wide a letter of the text face is on average
_KNOWN = {
    *("range", "tickvals", "ticktext", "tickangle", "nticks", "dtick", "tickformat", "tickfont", "showgrid"),
    *("gridcolor", "title", "automargin", "ticklabelstandoff", "type", "categoryorder", "categoryarray", "autorange"),
    *("showticklabels", "showline", "ticks", "zeroline", "fixedrange", "anchor", "domain"),
}


_MARK = 5.5  # px: the radius of a mark at the edge
_EDGE = 0.05  # of an axis, left free at both ends


def _around(categories: int, length: float) -> tuple[float, float]:
    """The ends of an axis of categories: plotly.js leaves a twentieth of it free beyond the outermost marks."""
    if categories == 1:
        return -1.0, 1.0
    free = _EDGE * length + _MARK
    beyond = free * (categories - 1) / (length - 2 * free)
    return -beyond, categories - 1 + beyond


@dataclass(frozen=True)
class Axis:
    """One axis: its settings as plotly names them, its values from `low` to `high` between two pixels."""

    about: Mapping
    low: float
    high: float
    start: float
    end: float
    categories: Sequence[str] = ()

    def value(self, place: object) -> float:
        """A place on the axis as a number: a category is its number."""
        return float(self.categories.index(place)) if self.categories and isinstance(place, str) else float(place)

    def pixel(self, place: object) -> float:
        """Where a category or a place in the axis' own unit lies: on a log axis that is the logarithm."""
        return self.start + (self.value(place) - self.low) / (self.high - self.low) * (self.end - self.start)

    def of(self, value: object) -> float:
        """Where a value of the data lies."""
        return self.pixel(math.log10(float(value)) if self.about.get("type") == "log" else value)

    def ticks(self) -> list[tuple[float, str]]:
        """Pixel and text of each tick inside the axis."""
        places, texts = self.about.get("tickvals"), self.about.get("ticktext")
        if places is None:
            places = self.categories or self._round_places()
        if texts is None:
            texts = [place if isinstance(place, str) else self._text(place) for place in places]
        named = [(self.of(place), text) for place, text in zip(places, texts, strict=True)]
        low, high = sorted((self.start, self.end))
        return [(at, text) for at, text in named if low - 0.01 <= at <= high + 0.01]

    @property
    def widest(self) -> float:
        """Roughly the width of the longest tick text, in pixels."""
        size, texts = self.about["tickfont"]["size"], [plain(text) for _, text in self.ticks()]
        return max((ADVANCE * size * len(text) for text in texts), default=0.0)

    @property
    def crowded(self) -> bool:
        """Whether names beside each other would run into each other."""
        apart = abs(self.end - self.start) / max(len(self.categories), 1)
        return bool(self.categories) and self.widest + 6 > apart

    def _round_places(self) -> list[float]:
        low, high = sorted((self.low, self.high))
        step = self.about.get("dtick") or _round_step((high - low) / self._most_ticks())
        numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        return [round(number * step, 12) for number in numbers]

    def _most_ticks(self) -> float:
        if self.about.get("nticks"):
            return self.about["nticks"]
        apart = 80 if self.end > self.start else 40  # across, upwards
        return min(max(abs(self.end - self.start) / apart, 4), 9) + 1

    def _text(self, place: float) -> str:
        # d3 and Python write the formats in use alike: .0% and ,.0%.
        written = format(place, self.about["tickformat"]) if self.about.get("tickformat") else f"{place:.12g}"
        return written.replace("-", "−")


def _round_step(rough: float) -> float:
    """The next step of 2, 5 or 10 times a power of ten: plotly.js' `roundDTick`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * n for n in (2, 5, 10) if power * n >= rough * (1 - 1e-9))


def axis(about: Mapping, values: Sequence, start: float, end: float) -> Axis:
    """The axis of these values between two pixels. Raises ValueError for a setting that is not drawn."""
    if unknown := set(about) - _KNOWN:
        raise ValueError(f"A report does not draw the axis setting {', '.join(sorted(unknown))}.")
    values = [value for value in values if value is not None]
    categories = list(about.get("categoryarray") or ())
    if not categories and any(isinstance(value, str) for value in values):
        categories = list(dict.fromkeys(values))
    if about.get("range") is not None:
        low, high = map(float, about["range"])
    elif categories:
        low, high = _around(len(categories), abs(end - start))
    else:
        low, high = min(map(float, values)), max(map(float, values))
    return Axis(about, low, high, start, end, categories)

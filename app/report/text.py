"""Words in a picture: the few tags that plotly reads in its texts, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
import re

LINE = 1.3  # from one line to the next, in font sizes
_PAD = 2  # px that plotly keeps around an annotation
_TAG = re.compile(r"<(/?)(b|span)(?: style='color:([^'\"<>]+)')?>")
_ANCHORS = {"left": ("start", _PAD), "right": ("end", -_PAD)}

Run = tuple[str, Mapping[str, str]]  # a piece of text, and the attributes it is written with


def lines_of(text: str) -> list[list[Run]]:
    """A text's lines, each as its runs; all that is no tag of plotly's stays text."""
    return [_runs(line) for line in text.split("<br>")]


def plain(text: str) -> str:
    """A text without its tags, in one line."""
    return " ".join("".join(words for words, _ in line) for line in lines_of(text))


def _runs(line: str) -> list[Run]:
    runs, look, start = [], {}, 0
    for tag in _TAG.finditer(line):
        runs.append((line[start : tag.start()], dict(look)))
        name = {"b": "font-weight", "span": "fill"}[tag[2]]
        look = {key: value for key, value in look.items() if key != name}
        if not tag[1]:
            look[name] = "600" if name == "font-weight" else tag[3] or "inherit"
        start = tag.end()
    runs.append((line[start:], dict(look)))
    return [(unescape(words), look) for words, look in runs if words]


@dataclass(frozen=True)
class Pen:
    """Writes in the figure's font where a text has none of its own."""

    font: Mapping

    def text(
        self, x: float, y: float, text: str, font: Mapping, *, anchor: str = "center", above: float = 0.5,
        halo: str | None = None, turned: int = 0,
    ) -> str:  # fmt: skip
        """A text at a point: `anchor` is the side of it that stands there, `above` the share of its height above."""
        size, colour = font.get("size", self.font["size"]), font.get("color", self.font["color"])
        lines = lines_of(str(text))
        side, pad = _ANCHORS.get(anchor, ("middle", 0))
        height = LINE * size * len(lines)
        first = y - above * height + (LINE / 2 + 0.36) * size
        rows = "".join(self._line(line, x + pad, first + n * LINE * size) for n, line in enumerate(lines))
        look = f'font-size="{size}" fill="{escape(str(colour))}" text-anchor="{side}"'
        look += f' stroke="{escape(halo)}" stroke-width="5" paint-order="stroke"' if halo else ""
        look += f' transform="rotate({turned} {x:.1f} {y:.1f})"' if turned else ""
        return f"<text {look}>{rows}</text>"

    @staticmethod
    def _line(runs: list[Run], x: float, y: float) -> str:
        spans = []
        for words, look in runs:
            attributes = "".join(f' {name}="{escape(value)}"' for name, value in look.items())
            spans.append(f"<tspan{attributes}>{escape(words)}</tspan>" if attributes else escape(words))
        return f'<tspan x="{x:.1f}" y="{y:.1f}">{"".join(spans)}</tspan>'

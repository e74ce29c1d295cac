"""Colours and sizes of both themes, each written once: Streamlit's in its config file, the data's in the palette."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
import tomllib

ASSETS = Path(__file__).resolve().parents[1] / "assets"
CONFIG = Path(__file__).parent / ".streamlit" / "config.toml"
MAX_FOCUS = 6

# What Streamlit has no key for: grid, zero line, band of a random baseline.
_EXTRA = {
    "light": {"grid": "#e9ebf1", "zero": "#aab0be", "band": "#dfe2ea"},
    "dark": {"grid": "#222838", "zero": "#4b546a", "band": "#262d3d"},
}


@dataclass(frozen=True)
class Theme:
    """One theme's colours as hex: the page's inks, the model's paths, the genres."""

    name: str
    background: str
    card: str
    text: str
    muted: str
    border: str
    grid: str
    zero: str
    band: str
    neutral: str
    paths: dict[str, str]
    genres: dict[str, str]

    def path(self, factor: str) -> str:
        """Colour of a factor of the model; the text colour for one that the palette does not know."""
        return self.paths.get(factor, self.text)

    def genre(self, name: str) -> str:
        """Colour of a genre; neutral for one that the palette does not know."""
        return self.genres.get(name, self.neutral)


@cache
def theme(name: str) -> Theme:
    """The theme called `light` or `dark`."""
    keys = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][name]
    palette = json.loads((ASSETS / "palette.json").read_text(encoding="utf-8"))
    return Theme(
        name=name,
        background=keys["backgroundColor"],
        card=keys["dataframeHeaderBackgroundColor"],
        text=keys["textColor"],
        muted=keys["grayTextColor"],
        border=keys["borderColor"],
        neutral=palette[name]["neutral"],
        paths={path: colours[name] for path, colours in palette["paths"].items()},
        genres={genre: colours[name] for genre, colours in palette["genres"].items()},
        **_EXTRA[name],
    )


# Streamlit gives no other hold for the width of the page and of the answer; only stable names are used.
PAGE_CSS = """<style>
[data-testid="stMainBlockContainer"] {max-width: 1240px; padding-left: 2.4rem; padding-right: 2.4rem}
.st-key-answer {max-width: 62rem; margin-top: -0.7rem} .st-key-answer p {font-size: 1.08rem; line-height: 1.6}
[data-testid="stMarkdownContainer"] h5 {padding-bottom: 0.15rem}
[data-testid="stMarkdownContainer"] h5 + p {line-height: 1.3}
@media (min-width: 641px) {
  .st-key-history_list, .st-key-recommendation_list {min-height: 568px} .st-key-maps {min-height: 486px}
  .st-key-lab_list {min-height: 568px} [class*="st-key-narrow_"] {display: none}
  .st-key-lab_answer .st-key-answer {min-height: 3.5rem}
}
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem}
  .st-key-lab_slopes, [class*="st-key-wide_"] {display: none}
}
@media (prefers-reduced-motion: reduce) {* {transition: none !important; animation: none !important}}
</style>"""

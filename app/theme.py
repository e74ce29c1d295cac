"""Colours and sizes of both themes, each written once: Streamlit's in its config file, the data's in the palette."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
import tomllib

from app import words

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
    checkpoints: tuple[str, ...]  # of those that are compared, in their order

    def path(self, factor: str) -> str:
        """Colour of a factor of the model, one for all linear ones; the text colour where the palette knows none."""
        return self.paths.get("nease" if factor in words.LINEAR else factor, self.text)

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
        checkpoints=tuple(colours[name] for colours in palette["checkpoints"]),
        **_EXTRA[name],
    )


# The tour: type, and with it all that is measured in rem, grows with the screen; 18 px at 1280 x 720.
PRESENTER_CSS = """<style>
:root {font-size: clamp(15px, min(1.40625vw, 2.5vh), 60px) !important}
[data-testid="stHeader"] {left: auto; right: 0; width: auto; background: none}
div[data-testid="stMainBlockContainer"] {max-width: none; padding: 0.9rem 2.2rem 0}
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] {gap: 0}
[data-testid="stHeaderLogo"] {display: none}
.st-key-slide h1 {padding: 0 0 0.3rem 0}
.st-key-answer {max-width: none; min-height: 3.2rem} .st-key-answer p {font-size: 1.08rem; line-height: 1.45}
.st-key-zoomed_slide_list, .st-key-zoomed_slide_history {zoom: calc(0.95 * var(--presenter-scale, 1.2))}
.st-key-zoomed_slide_maps {zoom: var(--presenter-scale, 1.2)}
.st-key-screen {display: none}
[data-testid="stBottomBlockContainer"] {max-width: none; padding: 0.5rem 2.2rem 0.6rem}
.st-key-presenter_bar kbd {color: inherit; opacity: 0.75}
.st-key-presenter_bar p {white-space: nowrap; overflow: hidden; text-overflow: ellipsis}
</style>"""

# Streamlit gives no other hold for the width of the page and of the answer; only stable names are used.
PAGE_CSS = """<style>
div[data-testid="stMainBlockContainer"] {max-width: 1240px; padding-left: 2.4rem; padding-right: 2.4rem}
[data-testid="stLayoutWrapper"]:has(> .st-key-notices):not(:has(button)) {display: none}
.st-key-user_row {min-height: 69.75px} .st-key-user_row button {padding: 0; min-width: 2.1rem}
.st-key-user_row kbd, .st-key-next_film kbd, .st-key-previous_film kbd {display: none}
:is(.st-key-user_row, .st-key-next_film, .st-key-previous_film, .st-key-random_film)
  button [data-testid="stMarkdownContainer"] {
  position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden}
[class*="st-key-bound_"]:not(.st-key-bound_method):not(.st-key-bound_film):not(.st-key-bound_posters) {min-height: 59px}
[class*="_search "], .st-key-listed_film {min-height: 63.75px}
[class*="st-key-poster_"] img {aspect-ratio: 2 / 3; border-radius: 0.5rem}
.st-key-address, .st-key-find_key, .st-key-take_away, .st-key-maps_view {display: none}
[class*="st-key-tools_"] {max-height: 30.5px}
[class*="st-key-tools_"] button {min-height: 24px; padding: 0 4px}
[class*="st-key-tools_"] button p, .st-key-copy_link button p {font-size: 0.8rem}
[data-testid="stWidgetLabel"][disabled] {color: inherit}
[data-testid="stMultiSelect"] button {min-width: 24px; min-height: 24px}
[data-testid="stMultiSelectTagsContainer"] [data-tag] {
  background: none; color: inherit; box-shadow: inset 0 0 0 1px color-mix(in srgb, currentColor 35%, transparent)}
[data-done] > * {display: none !important} [data-done]::after {content: attr(data-done); font-size: 0.8rem}
.st-key-answer {max-width: 62rem; margin-top: -0.7rem} .st-key-answer p {font-size: 1.08rem; line-height: 1.6}
[data-testid="stMarkdownContainer"] h5 {padding-bottom: 0.15rem}
[data-testid="stMarkdownContainer"] h5 + p {line-height: 1.3}
@media (min-width: 641px) {
  .st-key-history_list, .st-key-recommendation_list {min-height: 568px} .st-key-maps {min-height: 518px}
  .st-key-lab_list, .st-key-one_film_list {min-height: 568px}
  .st-key-lab_answer .st-key-answer {min-height: 3.5rem}
}
@media (max-width: 640px) {
  div[data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem}
  [data-testid="stHorizontalBlock"] {row-gap: 1rem}
  .st-key-copy_link button {min-width: 1.8rem} .st-key-copy_link button p {font-size: 0}
  .st-key-copy_link [role="img"] {font-size: 1.3rem}
  .st-key-lab_slopes {display: none}
  .st-key-claims thead {display: none} .st-key-claims :is(table, tbody, tr, td) {display: block}
  .st-key-claims tr {padding: 0.6rem 0} .st-key-claims tbody td {border: 0; padding: 0.1rem 0}
  .st-key-claims td:nth-of-type(3) p:first-child::before {content: "Published: "}
  .st-key-claims td:nth-of-type(4) p:first-child::before {content: "Ours: "}
}
@media (min-width: 1400px) {.st-key-claims td code {white-space: nowrap}}
@media (min-width: 1241px) {[class*="st-key-narrow_"] {display: none}}
@media (max-width: 1240px) {[class*="st-key-wide_"] {display: none}}
@media (prefers-reduced-motion: reduce) {* {transition: none !important; animation: none !important}}
</style>"""

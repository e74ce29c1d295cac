"""What the films on the maps can be coloured by: which ways there are for a map, and what each draws."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from app import words
from app.theme import Theme
from vasp_models.data.catalogue import Catalogue
from vasp_models.projections.quality import focus_genre

NAMES = {
    "focus": "Genre focus",
    "genres": "All genres",
    "popularity": "Popularity",
    "year": "Year",
    "drift": "Drift",
    "share": "Path share",
}
STEPS = 33  # colours of a scale
_OUTER = 0.01  # films beyond the ends of a scale that is cut, on each side


def measured(maps, catalogue: Catalogue) -> dict[str, np.ndarray]:
    """The numbers of each film that colours and tables tell, by colouring: float64 (n), NaN where there is none.

    Popularity is the number of train users with the film; drift is 1 minus the share of its 20 nearest that the parts
    have in common; the share is that of the first of the two paths.
    """
    found = {}
    if "train_users" in catalogue.frame:
        found["popularity"] = catalogue.frame["train_users"].to_numpy(float)[maps.items]
    years = catalogue.frame["year"].to_numpy(float, na_value=np.nan)[maps.items]
    if np.isfinite(years).any():
        found["year"] = years
    if maps.shared is not None:
        found["drift"] = 1.0 - maps.shared.astype(float)
    if maps.shares and len(maps.shares) == 2:
        found["share"] = next(iter(maps.shares.values())).astype(float)
    return found


def offered(maps, catalogue: Catalogue) -> dict[str, str]:
    """The colourings that these maps have numbers for: name -> what people read."""
    there = {"focus", "genres", *measured(maps, catalogue)}
    return {name: text for name, text in NAMES.items() if name in there}


def coloured(maps, catalogue: Catalogue, colouring: str, focus: Sequence[str], theme: Theme) -> dict:
    """Colours and legend of one colouring, as the component takes them: groups with a code per film, or a scale."""
    if colouring in ("focus", "genres"):
        return by_genre(maps, catalogue, focus if colouring == "focus" else None, theme)
    values = measured(maps, catalogue)[colouring]
    missing = int(np.isnan(values).sum())
    rest = _rest("unknown", missing, theme)
    known = {"column": colouring, "counted": len(values) - missing, "missing": missing, "missingName": "unknown"}
    return {"groups": [], "rest": rest, "scale": known | _scale(maps, values, colouring, theme)}


def by_genre(maps, catalogue: Catalogue, focus: Sequence[str] | None, theme: Theme) -> dict:
    """Films in the colour of a genre of `focus` (None for all); a film of several takes the rarest of them."""
    matrix, names = catalogue.genre_matrix[maps.items], catalogue.genre_names
    known = [*theme.genres, *(name for name in names if name not in theme.genres)]
    shown = [name for name in (known if focus is None else focus) if name in names]
    group = focus_genre(matrix, names, shown)
    counts = np.bincount(group[group >= 0], minlength=len(shown))
    codes = base64.b64encode((group + 1).astype(np.uint8).tobytes()).decode()
    pairs = zip(shown, counts, strict=True)
    legend = [{"name": name, "colour": theme.genre(name), "count": int(count)} for name, count in pairs]
    return {
        "groups": legend,
        "rest": _rest("other genres", int((group < 0).sum()), theme),
        "codes": codes,
        "scale": None,
    }


def _rest(name: str, count: int, theme: Theme) -> dict:
    opacity = 0.30 if theme.name == "light" else 0.34
    return {"name": name, "rest": True, "colour": theme.neutral, "count": count, "opacity": opacity}


def _scale(maps, values: np.ndarray, colouring: str, theme: Theme) -> dict:
    """The ends of a scale, what stands at them, and its colours."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    ramp = sequential(theme)
    if colouring == "popularity":
        ends = [f"{int(low):,}", f"{int(high):,} users"]
        title, about = "Liked by, log scale", {"short": "Liked by", "format": "count", "log": True}
    elif colouring == "year":
        ends, low, high = _cut(values, lambda year: str(int(year)))
        title, about = "Year", {"short": "Year", "format": "year", "log": False}
    elif colouring == "drift":
        ends, low, high = _cut(values, words.share)
        ends[1] += " of the 20 nearest differ"
        title, about = "Drift between the paths", {"short": "Drift", "format": "share", "log": False}
    else:
        first, second = maps.shares
        (low, high), ramp = (0.0, 1.0), diverging(theme, first, second)
        title = "Share of each path"
        ends = [f"all {path_name(second)}", f"all {path_name(first)}"]
        about = {"short": f"Share of {path_name(first)}", "format": "share", "log": False}
    return about | {"title": title, "ends": ends, "low": low, "high": high, "stops": ramp}


def path_name(name: str) -> str:
    """A path as people read it: a part of the model, or one of its factors."""
    return words.part_name(name) if name in words.PART_NAMES else words.factor_name(name)


def _cut(values: np.ndarray, write) -> tuple[list[str], float, float]:
    """A scale without its outermost films: a few early years would else take half of the colours."""
    low, high = (float(v) for v in np.nanquantile(values, [_OUTER, 1 - _OUTER], method="nearest"))
    low_text = f"up to {write(low)}" if low > np.nanmin(values) else write(low)
    high_text = f"{write(high)} and later" if high < np.nanmax(values) and high > 1 else write(high)
    return [low_text, high_text], low, high


def sequential(theme: Theme) -> list[str]:
    """Cividis, which reads alike with every kind of colour vision; more is darker on paper and brighter on black."""
    from plotly.colors import sample_colorscale, sequential

    ends = (0.86, 0.0) if theme.name == "light" else (0.22, 1.0)
    return [
        _hex(colour) for colour in sample_colorscale(sequential.Cividis, np.linspace(*ends, STEPS), colortype="tuple")
    ]


def diverging(theme: Theme, first: str, second: str) -> list[str]:
    """From the colour of the second path over grey to that of the first."""
    inks = {"flvae": "flvae_residual"}
    ends = [theme.path(inks.get(name, name)) for name in (second, first)]
    low, middle, high = (np.array(_channels(colour)) for colour in (ends[0], _middle(theme), ends[1]))
    there = np.linspace(-1, 1, STEPS)[:, None]
    return [
        _hex(row) for row in np.where(there < 0, middle + (low - middle) * -there, middle + (high - middle) * there)
    ]


def _middle(theme: Theme) -> str:
    return "#b9bcc4" if theme.name == "light" else "#5b6170"


def _channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def _hex(channels) -> str:
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in channels)

"""What the maps page says and draws, from the maps and the catalogue alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from app import words
from app.theme import Theme
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import UnknownItemError
from vasp_models.projections.quality import focus_genre

MAP_HEIGHT = 356
MOST_MATCHES = 6
_NUMBERS = ("none of the", "this", "these two", "these three", "these four", "these five", "these six")
_RULE = (
    "A film with several of the coloured genres takes the colour of the rarest. "
    "Places are comparable within a map, never between maps."
)
_HOW = """
Each film is asked for alone: for a profile with that one film (one-hot), every other film's score from each part of the
model (the paper's sensitivity analysis, section IV). Scores become distances by linear scaling off the diagonal, made
symmetric; distances become a map by t-SNE from each film's neighbours.

- **Paper**: the literal reading, scores as they are. What everybody likes then lies near everything.
- **Lift**: the same on log score minus log score for an empty profile, so that popularity cancels.

All maps start from the joint map's layout and are turned to lie alike; that does not make their places comparable.
**Genre purity** is measured between films by distance, not in the picture. **Trustworthiness** says how many of a
film's neighbours on the map are neighbours indeed. A **hub** is a film among the nearest of very many others.
Profiles of one film are shorter than any the model was trained on.
"""


def question(parts: Sequence[str] | None) -> str:
    """The page's question, for the parts on the maps (None before there are any)."""
    halves = None if parts is None else len([part for part in parts if part != "joint"])
    subject = {0: "model", 2: "two halves of the model"}.get(halves, "parts of the model")
    return f"{'Does' if halves == 0 else 'Do'} the {subject} know genres?"


def answer(maps, catalogue: Catalogue, now) -> str | None:
    """The answer for the genres in colour; None where no film has them."""
    focus = now.focus if now.colouring == "focus" else None
    found = {part: purity(maps, part, catalogue, focus) for part in maps.parts}
    if any(pure is None for pure in found.values()):
        return None
    coloured = "any genre"
    if focus is not None:
        coloured = f"{_NUMBERS[len(focus)]} genre{'s' if len(focus) != 1 else ''}"
    chance = next(iter(found.values())).chance
    return words.maps_answer({part: pure.purity for part, pure in found.items()}, chance, coloured)


def purity(maps, part: str, catalogue: Catalogue, focus: Sequence[str] | None):
    """Genre purity of a part for the genres in focus, or for all; None where no film has them."""
    names = catalogue.genre_names
    columns = None if focus is None else [names.index(name) for name in focus if name in names]
    return maps.purity(part, catalogue.genre_matrix, columns)


def groups(
    catalogue: Catalogue, items: np.ndarray, focus: Sequence[str] | None, theme: Theme
) -> tuple[np.ndarray, list[dict]]:
    """The colour of each film and the legend; a film of several genres takes the rarest of them.

    `focus` the genres to colour, None for all. Returns int8 (n), -1 for the rest, and name, colour, count of each.
    """
    matrix, names = catalogue.genre_matrix[items], catalogue.genre_names
    shown = [name for name in (theme.genres if focus is None else focus) if name in names]
    group = focus_genre(matrix, names, shown).astype(np.int8)
    counts = np.bincount(group[group >= 0], minlength=len(shown))
    pairs = zip(shown, counts, strict=True)
    return group, [{"name": name, "colour": theme.genre(name), "count": int(count)} for name, count in pairs]


def maps_data(maps, catalogue: Catalogue, focus: Sequence[str] | None, film: int | None, theme: Theme) -> dict:
    """What the maps component draws; the points travel as one Arrow table. `film` is an item number."""
    group, legend = groups(catalogue, maps.items, focus, theme)
    points = {
        "title": [catalogue.titles[item] for item in maps.items],
        "genres": [", ".join(catalogue.genres[item]) for item in maps.items],
        "group": group,
    }
    for part, places in maps.positions.items():
        points |= {f"x_{part}": places[:, 0], f"y_{part}": places[:, 1]}
    rest = {"name": "other genres", "rest": True, "colour": theme.neutral, "count": int((group < 0).sum())}
    return {
        "points": pd.DataFrame(points),
        "maps": [_one_map(maps, part, catalogue, focus) for part in maps.parts],
        "groups": legend,
        "rest": rest | {"opacity": 0.30 if theme.name == "light" else 0.34},
        "film": None if film is None else maps.row(film),
        "height": MAP_HEIGHT,
        "muted": theme.muted,
        "layout": f"{maps.digest}/{maps.distance}/{theme.name}",
    }


def _one_map(maps, part: str, catalogue: Catalogue, focus: Sequence[str] | None) -> dict:
    """Head and honesty line of a map: name, value, what it means."""
    measured, pure = maps.quality[part], purity(maps, part, catalogue, focus)
    hub = catalogue.titles[measured["hub_item"]]
    trust = words.quality(measured["trustworthiness"], 2)
    figures = [
        [
            "Genre purity",
            words.quality(pure.purity, 2) if pure else "–",
            "Share of a film’s ten nearest with its genre",
        ],
        ["Trustworthiness", trust, "1 where every neighbour on the map is a true neighbour"],
        ["Largest hub", words.share(measured["largest_hub"], 1), f"{hub} is among the ten nearest of so many films"],
    ]
    parts = [words.part_name(name) for name in maps.parts if name != "joint"]
    note = " × ".join(parts) if part == "joint" else words.PART_NOTES.get(part, "")
    return {"key": part, "name": words.part_name(part), "note": note, "figures": figures}


def reading_rule(maps, catalogue: Catalogue) -> str:
    """What to heed in reading the maps: colours, places, shared neighbours, hubs (Markdown)."""
    text = _RULE
    if maps.overlap is not None:
        text += f" Of a film’s 20 nearest, the parts share {words.share(maps.overlap)} on average."
    if hubs := hub_warning(maps, catalogue):
        text += f" {hubs}"
    return text


def hub_warning(maps, catalogue: Catalogue) -> str | None:
    """A sentence on the parts in which one film is among the nearest of very many others; None where there is none."""
    large = [part for part in maps.parts if maps.quality[part]["hub_warning"]]
    if not large:
        return None
    hubs = []
    for part in large:
        film = words.markdown(catalogue.titles[maps.quality[part]["hub_item"]])
        size = words.share(maps.quality[part]["largest_hub"])
        hubs.append(f"{words.part_name(part)}, where {film} is among the ten nearest of {size} of all films")
    return f"A large hub distorts {words.joined(hubs)}."


def item_of(catalogue: Catalogue, film: str | None) -> int | None:
    """The item number of a film's id, where this catalogue has it."""
    try:
        return catalogue.number(film) if film else None
    except UnknownItemError:
        return None


def found(catalogue: Catalogue, text: str) -> dict[str, str]:
    """What a search finds: id -> title as Markdown, best first."""
    return {str(catalogue.ids[item]): words.markdown(catalogue.titles[item]) for item in catalogue.search(text)}


def nearest_films(maps, catalogue: Catalogue, item: int, k: int = 10) -> pd.DataFrame:
    """Titles of the films nearest to a film, one column for each map."""
    columns = {part: maps.nearest(item, part, k) for part in maps.parts}
    return pd.DataFrame({words.part_name(part): [catalogue.titles[n] for n in near] for part, near in columns.items()})


def all_films(maps, catalogue: Catalogue) -> pd.DataFrame:
    """All films on the maps: title, genres, popularity, share of neighbours that the parts have in common."""
    table = pd.DataFrame({"Film": [catalogue.titles[n] for n in maps.items]})
    table["Genres"] = [catalogue.genres[n] for n in maps.items]
    if "train_users" in catalogue.frame:
        table["Liked by"] = catalogue.frame["train_users"].to_numpy()[maps.items]
    if maps.shared is not None:
        table["Shared nearest"] = maps.shared
    return table


def how(maps) -> str:
    """How the maps are computed, with their settings and what was measured (Markdown)."""
    about = maps.settings
    settings = f"{about['items']:,} films, perplexity {about['perplexity']:g}, seed {about['seed']}"
    lines = [_HOW, f"{settings}, computed in {words.seconds(maps.seconds)}.\n"]
    for part in maps.parts:
        measured = maps.quality[part]
        continuity = words.quality(measured["continuity"], 2)
        lines.append(f"- {words.part_name(part)}: continuity {continuity}, KL divergence {measured['kl']:.2f}")
    return "\n".join(lines)

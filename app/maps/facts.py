"""What the maps page says and draws, from the maps and the catalogue alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from app import words
from app.maps import colours, selection
from app.theme import MAX_FOCUS, Theme
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import UnknownItemError
from vasp_models.projections.peaks import density_peaks
from vasp_models.projections.shares import USERS

MAP_HEIGHT = 356
SHOWN_NEIGHBOURS = 10
LEAST_NAMED = 4  # films that a genre needs for a name on the map
MOST_MATCHES = 6
_NUMBERS = ("none of the", "this", "these two", "these three", "these four", "these five", "these six")
_RAREST = "A film with several of the coloured genres takes the colour of the rarest. "
_PLACES = "Places are comparable within a map, never between maps."
_HOW = """
Each film is asked for alone: for a profile with that one film (one-hot), every other film's score from each part of the
model (the paper's sensitivity analysis, section IV). Scores become distances by linear scaling off the diagonal, made
symmetric; distances become a map by t-SNE from each film's neighbours.

- **Paper**: the literal reading, scores as they are. What everybody likes then lies near everything.
- **Lift**: the same on log score minus log score for an empty profile, so that popularity cancels.

**Drift** is the share of a film’s 20 nearest that the paths do not have in common. The **share of a path** says whose
doing it is that users differ in a film: over {users} train users who have not seen it, the covariance of what their
history adds to the path’s log score with what it adds to the whole, over the variance of the latter; over the paths
these shares sum to 1. **Genres in the selection**: lift is a genre’s share in the selection over its share on the map;
q is Fisher’s exact test for more than by chance, corrected over the genres after Benjamini and Hochberg.

All maps start from the joint map's layout and are turned to lie alike; that does not make their places comparable.
**Genre purity** is measured between films by distance, not in the picture. **Trustworthiness** says how many of a
film's neighbours on the map are neighbours indeed. A **hub** is a film among the nearest of very many others.
Profiles of one film are shorter than any the model was trained on.

On a map: drag to move, wheel to zoom after a click, click a film for its ten nearest in each map. **Lasso** and **Box**
select; Shift or Ctrl adds, Alt takes away, and Shift-drag is a lasso at any time. Keys: arrows move, `+` `-` zoom, `0`
shows all, `Enter` takes the film nearest the centre, `[` `]` size a box around the centre that `Enter` selects, `Space`
selects the film with its nearest, `M` `L` `B` choose the tool, `Escape` clears.
"""
NO_FOCUS = f"No genre of these films is in colour: choose up to {MAX_FOCUS} in the menu of genres."
NO_GENRES = "The films of this data set have no genres: colour them by popularity, or choose a film to see its nearest."
_RULES = {
    "popularity": "Colour tells how many train users have the film among those they rated well. ",
    "year": "Colour tells the year of release. ",
    "drift": "Colour tells how much of a film’s 20 nearest differs between the paths. ",
    "share": "Colour tells whose doing it is that users differ in a film. ",
}


def question(parts: Sequence[str] | None) -> str:
    """The page's question, for the parts on the maps (None before there are any)."""
    halves = None if parts is None else len([part for part in parts if part != "joint"])
    subject = {0: "model", 2: "two halves of the model"}.get(halves, "parts of the model")
    return f"{'Does' if halves == 0 else 'Do'} the {subject} know genres?"


def answer(maps, catalogue: Catalogue, now, found: Mapping | None = None) -> str | None:
    """The answer for the genres in colour; None where no film has them. `found` as `purities` gives it."""
    focus = [name for name in now.focus if name in catalogue.genre_names] if now.colouring == "focus" else None
    found = purities(maps, catalogue, focus) if found is None else found
    if any(pure is None for pure in found.values()):
        return None
    coloured = "any genre"
    if focus is not None:
        coloured = f"{_NUMBERS[len(focus)]} genre{'s' if len(focus) != 1 else ''}"
    chance = next(iter(found.values())).chance
    return words.maps_answer({part: pure.purity for part, pure in found.items()}, chance, coloured)


def focus_or_all(catalogue: Catalogue, focus: Sequence[str]) -> tuple[str, ...] | None:
    """The genres of a focus that these films have; None, which stands for all genres, where they have none of them."""
    return tuple(name for name in focus if name in catalogue.genre_names) or None


def no_answer(catalogue: Catalogue) -> str:
    """What stands in the answer's place where no film on the maps has a genre in colour."""
    return NO_FOCUS if catalogue.genre_names else NO_GENRES


def purities(maps, catalogue: Catalogue, focus: Sequence[str] | None) -> dict:
    """Genre purity of each part for the genres in focus, or for all; None where no film has them."""
    names = catalogue.genre_names
    columns = None if focus is None else [names.index(name) for name in focus if name in names]
    return {part: maps.purity(part, catalogue.genre_matrix, columns) for part in maps.parts}


def points(maps, catalogue: Catalogue) -> pa.Table:
    """The films as the component holds them: titles, places, nearest films of each map, and what colours tell."""
    columns = {
        "title": pa.array([catalogue.titles[item] for item in maps.items]),
        "genres": pa.array([", ".join(catalogue.genres[item]) for item in maps.items]),
    }
    for part, places in maps.positions.items():
        columns |= {f"x_{part}": pa.array(places[:, 0]), f"y_{part}": pa.array(places[:, 1])}
        near = maps.neighbours[part][:, :SHOWN_NEIGHBOURS].astype(np.uint16 if len(maps) <= 2**16 else np.int32)
        columns[f"near_{part}"] = pa.ListArray.from_arrays(
            np.arange(0, near.size + 1, near.shape[1], dtype=np.int32), near.ravel()
        )
    whole = {"popularity", "year"}
    for name, values in colours.measured(maps, catalogue).items():
        kind = pa.int32() if name in whole else pa.float32()
        columns[name] = pa.array(np.nan_to_num(values), kind, mask=np.isnan(values))
    return pa.table(columns)


def labels(maps, catalogue: Catalogue) -> list[dict]:
    """Where each genre's name stands on each map, the genres that lie closest together first; without colours."""
    found = []
    for column, name in enumerate(catalogue.genre_names):
        carries = catalogue.genre_matrix[maps.items, column]
        if carries.sum() >= LEAST_NAMED:
            peaks = {part: density_peaks(places, carries) for part, places in maps.positions.items()}
            places = {part: np.round(centres, 3).tolist() for part, (centres, _) in peaks.items()}
            found.append((float(np.mean([weight for _, weight in peaks.values()])), {"name": name, "places": places}))
    return [label for _, label in sorted(found, key=lambda pair: -pair[0])]


def maps_data(
    maps,
    catalogue: Catalogue,
    focus: Sequence[str] | None,
    film: int | None,
    theme: Theme,
    colouring: str | None = None,
    selected: np.ndarray | None = None,
    about: Mapping[str, object] | None = None,
) -> dict:
    """What the maps component draws. `film` is an item number, `selected` are item numbers.

    `colouring` is one of `colours.NAMES` (by default the genres in focus, or all of them where `focus` is None);
    `about` holds what was made before (`points`, `labels`, `purities`), and overwrites entries: the `provenance` line.
    """
    colouring = colouring or ("genres" if focus is None else "focus")
    given = dict(about or {})
    made, marks, found = (given.pop(name, None) for name in ("points", "labels", "purities"))
    found = purities(maps, catalogue, focus if colouring == "focus" else None) if found is None else found
    drawn = {
        "points": points(maps, catalogue) if made is None else made,
        "layout": f"{maps.digest}/{maps.distance}",
        "maps": [_one_map(maps, part, catalogue, found[part]) for part in maps.parts],
        "labels": [
            label | {"colour": theme.genre(label["name"])}
            for label in (labels(maps, catalogue) if marks is None else marks)
        ],
        "colouring": colouring,
        "film": None if film is None else maps.row(film),
        "selected": "" if selected is None else selection.to_rows(selected, maps.items),
        "height": MAP_HEIGHT,
        "muted": theme.muted,
        "title": question(maps.parts),
        "caption": plain_rule(maps),
        "provenance": "",
        "file": f"maps-{maps.distance}",
    }
    return drawn | colours.coloured(maps, catalogue, colouring, focus or (), theme) | given


def _one_map(maps, part: str, catalogue: Catalogue, pure) -> dict:
    """Head and honesty line of a map, with its genre purity: name, value, what it means."""
    measured = maps.quality[part]
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


def plain_rule(maps) -> str:
    """What to heed in comparing the maps: places, and shared neighbours instead (plain text)."""
    if maps.overlap is None:
        return _PLACES
    return f"{_PLACES} Of a film’s 20 nearest, the parts share {words.share(maps.overlap)} on average."


def reading_rule(maps, catalogue: Catalogue, colouring: str = "focus") -> str:
    """What to heed in reading the maps: colours, places, shared neighbours, hubs (Markdown)."""
    text = _RULES.get(colouring, _RAREST) + plain_rule(maps)
    if hubs := hub_warning(maps, catalogue):
        text += f" {hubs}"
    return text


def hub_warning(maps, catalogue: Catalogue) -> str | None:
    """A sentence on each film that is among the nearest of very many others, by part; None where there is none."""
    hubs: dict[int, dict[str, str]] = {}  # the film -> the parts that it distorts, and how much of all films is near it
    for part in maps.parts:
        measured = maps.quality[part]
        if measured["hub_warning"]:
            near = hubs.setdefault(measured["hub_item"], {})
            near[words.part_name(part)] = words.share(measured["largest_hub"], 1)
    told = [
        f"A large hub distorts {words.joined(list(near))}: {words.markdown(catalogue.titles[film])}, among the ten "
        f"nearest of {words.joined(list(near.values()))} of all films."
        for film, near in hubs.items()
    ]
    return " ".join(told) or None


def item_of(catalogue: Catalogue, film: str | None) -> int | None:
    """The item number of a film's id, where this catalogue has it."""
    try:
        return catalogue.number(film) if film else None
    except UnknownItemError:
        return None


def found(catalogue: Catalogue, text: str) -> dict[str, str]:
    """What a search finds: id -> title as Markdown, best first."""
    return {str(catalogue.ids[item]): words.markdown(catalogue.titles[item]) for item in catalogue.search(text)}


def without_shares(maps, argument: str) -> str | None:
    """How maps that were drawn before the share of each path was measured get it; None where nothing is missing."""
    if maps.shares is not None or len(maps.parts) < 3:
        return None
    return (
        "These maps were drawn before the share of each path was measured: "
        f"`vasp-lens map {argument} --distance {maps.distance}` adds it and leaves every place as it is."
    )


def how(maps) -> str:
    """How the maps are computed, with their settings and what was measured (Markdown)."""
    about = maps.settings
    settings = f"{about['items']:,} films, perplexity {about['perplexity']:g}, seed {about['seed']}"
    lines = [_HOW.format(users=USERS), f"{settings}, computed in {words.seconds(maps.seconds)}.\n"]
    for part in maps.parts:
        measured = maps.quality[part]
        continuity = words.quality(measured["continuity"], 2)
        lines.append(f"- {words.part_name(part)}: continuity {continuity}, KL divergence {measured['kl']:.2f}")
    return "\n".join(lines)

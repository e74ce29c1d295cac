"""The two hand-made components, as plain functions of what they show; their scripts stand in assets/components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import streamlit as st

from app import words
from app.theme import ASSETS, Theme
from vasp_models.data.catalogue import Catalogue
from vasp_models.projections.quality import focus_genre

LIST_HEIGHT = 569  # head and ten rows
MAP_HEIGHT = 356


@cache
def _source(name: str) -> tuple[str, str]:
    folder = ASSETS / "components"
    return tuple((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))


@cache
def _component(name: str, body: str):
    css, js = _source(name)
    return st.components.v2.component(f"vasp_lens_{name}", html=body, css=css, js=js)


def film_list(data: dict, key: str) -> int | None:
    """Draw a list of films; the item number of the film that was just opened."""
    shown = _component("film_list", '<div class="list"></div>')(key=key, data=data, on_opened_change=lambda: None)
    return shown.opened


def film_row(catalogue: Catalogue, item: int) -> dict:
    """What every row says of its film."""
    year = catalogue.frame["year"].iloc[item]
    return {
        "item": int(item),
        "title": str(catalogue.frame["title"].iloc[item]),
        "year": "" if pd.isna(year) else f"({int(year)})",
        "genres": catalogue.genres[item],
        "label": catalogue.titles[item],
        "bars": [],
    }


def history_list(catalogue: Catalogue, history: Sequence[int], theme: Theme) -> dict:
    """The list of films rated well before."""
    rows = [film_row(catalogue, item) for item in history]
    return _list_data(rows, [], theme, label="Films rated well before", none="No film yet: the history is empty.")


def recommendation_list(
    catalogue: Catalogue, found, lifts: Mapping[str, np.ndarray], hits: set[int] | None, theme: Theme
) -> dict:
    """The list of recommended films: one diverging bar per factor, or one bar for the score of a model without factors.

    `lifts` factor -> log factor minus its value for an empty profile (k); `hits` item numbers, None where nothing was
    held out.
    """
    if lifts:
        bars = [{"name": words.factor_name(name), "colour": theme.path(name), "plain": False} for name in lifts]
        values = np.stack([lifts[name] for name in lifts], axis=1)
    else:
        positive = bool(len(found.scores)) and float(np.min(found.scores)) >= 0
        bars = [{"name": "Score", "colour": theme.text, "plain": True}]
        values = (found.scores if positive else np.zeros(len(found)))[:, None]
    rows = []
    for place, item in enumerate(found.items):
        row = film_row(catalogue, item) | {"place": place + 1, "liked": bool(hits) and int(item) in hits}
        texts = (
            [words.times(value) for value in values[place]]
            if lifts
            else [words.plain_score(float(found.scores[place]))]
        )
        row["bars"] = [{"value": float(v), "text": text} for v, text in zip(values[place], texts, strict=True)]
        if lifts:
            row |= {"total": words.times(float(values[place].sum())), "from": f"from #{int(found.base_ranks[place]):,}"}
        row["label"] = _spoken(row, bars)
        rows.append(row)
    return _list_data(
        rows, bars, theme, label="Recommended films", none="There is no unseen film left to recommend.", wide=True,
        total="Together" if lifts else "", held=hits is not None,
    )  # fmt: skip


def _spoken(row: dict, bars: Sequence[Mapping]) -> str:
    """A row as a screen reader says it."""
    parts = ", ".join(f"{bar['name']} {value['text']}" for bar, value in zip(bars, row["bars"], strict=True))
    together = f", together {row['total']}, {row['from']}" if "total" in row else ""
    return f"{row['place']}. {row['label']}: {parts}{together}{', held out and liked' if row['liked'] else ''}. Open."


def _list_data(rows: list[dict], bars: list[dict], theme: Theme, *, label: str, none: str, **columns: object) -> dict:
    plain = {"wide": False, "total": "", "held": False}
    look = {"muted": theme.muted, "rule": theme.zero, "height": LIST_HEIGHT}
    return {"rows": rows, "bars": bars, "label": label, "none": none} | plain | columns | look


def linked_maps(data: dict, key: str, on_chosen) -> None:
    """Draw the maps; `on_chosen` is called when a film was chosen in one of them, whose row is then `st.session_state[key].chosen`."""
    _component("linked_maps", '<div class="maps"></div>')(key=key, data=data, on_chosen_change=on_chosen)


def map_groups(
    catalogue: Catalogue, items: np.ndarray, focus: Sequence[str] | None, theme: Theme
) -> tuple[np.ndarray, list[dict]]:
    """The colour of each film on the maps and the legend. A film of several genres takes the rarest of them.

    `focus` the genres to colour, None for all. Returns int8 (n), -1 for the rest, and name, colour, count of each group.
    """
    matrix, names = catalogue.genre_matrix[items], catalogue.genre_names
    shown = (
        [name for name in names if name in theme.genres] if focus is None else [name for name in focus if name in names]
    )
    group = focus_genre(matrix, names, shown).astype(np.int8)
    counts = np.bincount(group[group >= 0], minlength=len(shown))
    legend = [
        {"name": name, "colour": theme.genre(name), "count": int(n)} for name, n in zip(shown, counts, strict=True)
    ]
    return group, legend


def maps_data(maps, catalogue: Catalogue, focus: Sequence[str] | None, film: int | None, theme: Theme) -> dict:
    """What the maps component draws; points travel as one Arrow table. `film` is an item number."""
    group, legend = map_groups(catalogue, maps.items, focus, theme)
    points = {
        "title": [catalogue.titles[item] for item in maps.items],
        "genres": [", ".join(catalogue.genres[item]) for item in maps.items],
        "group": group,
    }
    for part, places in maps.positions.items():
        points |= {f"x_{part}": places[:, 0], f"y_{part}": places[:, 1]}
    row = maps.row(film) if film is not None else None
    rest = {
        "name": "other genres",
        "colour": theme.neutral,
        "count": int((group < 0).sum()),
        "opacity": 0.30 if theme.name == "light" else 0.34,
    }
    return {
        "points": pd.DataFrame(points),
        "maps": [_map_spec(maps, part, catalogue, focus) for part in maps.parts],
        "groups": legend, "rest": rest, "film": row, "height": MAP_HEIGHT, "muted": theme.muted,
        "layout": f"{maps.digest}/{maps.distance}/{theme.name}",
    }  # fmt: skip


def focus_purity(maps, part: str, catalogue: Catalogue, focus: Sequence[str] | None):
    """Genre purity of a part for the genres in focus, or for all."""
    names = catalogue.genre_names
    columns = None if focus is None else [names.index(name) for name in focus if name in names]
    return maps.purity(part, catalogue.genre_matrix, columns)


def _map_spec(maps, part: str, catalogue: Catalogue, focus: Sequence[str] | None) -> dict:
    measured, pure = maps.quality[part], focus_purity(maps, part, catalogue, focus)
    hub = catalogue.titles[measured["hub_item"]]
    warned = " ⚠" if measured["hub_warning"] else ""
    parts = [words.part_name(name) for name in maps.parts if name != "joint"]
    figures = [
        ["Genre purity", words.quality(pure.purity, 2) if pure else "–", "Of a film's ten nearest, the share with one of its coloured genres"],
        ["Trustworthiness", words.quality(measured["trustworthiness"], 2), "1 where every neighbour on the map is a true neighbour"],
        ["Largest hub", words.share(measured["largest_hub"], 1) + warned, f"{hub} is among the ten nearest of that share of all films"],
    ]  # fmt: skip
    note = " × ".join(parts) if part == "joint" else words.PART_NOTES.get(part, "")
    return {"key": part, "name": words.part_name(part), "note": note, "figures": figures}


HOW_MAPS = """
Each film is asked for alone: a profile with that one film (one-hot), every other film's score from each part of the model (the paper's sensitivity
analysis, section IV). Scores become distances by linear scaling off the diagonal, made symmetric; distances become a map by t-SNE from their neighbours.

- **Paper**: the literal reading, scores as they are. What everybody likes then lies near everything.
- **Lift** (logarithms): each score divided by the same film's score for an empty profile, so that popularity cancels.

All three maps start from the joint map's layout and are turned to lie alike; that does not make their places comparable.
**Genre purity** is measured between films by distance, not in the picture. **Trustworthiness** says how many of a film's neighbours on the map are
neighbours indeed. A **hub** is a film that is among the nearest of very many others; from 10% on it is marked ⚠. One-film profiles are rarer than any in training.
"""


def maps_answer(maps, catalogue: Catalogue, now) -> str | None:
    """The answer over the maps for the genres in colour; None for genres that no film has."""
    focus = now.focus if now.colouring == "focus" else None
    found = {part: focus_purity(maps, part, catalogue, focus) for part in maps.parts}
    if any(pure is None for pure in found.values()) or len(found) < 2:
        return None
    coloured = (
        "any genre" if focus is None else f"these {len(focus)} genres" if len(focus) > 1 else words.markdown(focus[0])
    )
    chance = next(iter(found.values())).chance
    return words.maps_answer({part: pure.purity for part, pure in found.items()}, chance, coloured)

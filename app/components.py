"""The two hand-made components, as plain functions of what they show; their scripts stand in assets/components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import streamlit as st

from app import words
from app.theme import ASSETS, Theme
from vasp_models.data.catalogue import Catalogue

LIST_HEIGHT = 568  # head and ten rows


@cache
def _source(name: str) -> tuple[str, str]:
    folder = ASSETS / "components"
    return tuple((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))


@cache
def _component(name: str, body: str):
    css, js = _source(name)
    return st.components.v2.component(f"vasp_lens_{name}", html=body, css=css, js=js)


def film_list(
    data: dict, key: str, on_opened: Callable[[], None] = lambda: None, on_acted: Callable[[], None] = lambda: None
) -> int | None:
    """Draw a list of films; the item number of the film that was just opened.

    The callbacks find the item in the state's `opened` and `acted`: the film of a row, and of a row's action button.
    """
    draw = _component("film_list", '<div class="list"></div>')
    return draw(key=key, data=data, on_opened_change=on_opened, on_acted_change=on_acted).opened


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


# What a row of a list can do besides being opened: what is said, and the sign that is drawn (see film_list.js).
ADD = {"name": "Add to the profile", "sign": "add"}
REMOVE = {"name": "Remove from the profile", "sign": "remove"}


def history_list(catalogue: Catalogue, history: Sequence[int], unmodelled: set[int], theme: Theme) -> dict:
    """The list of films rated well before; `unmodelled` are the items of it that the model does not know."""
    rows = [film_row(catalogue, item) for item in history]
    for row in rows:
        if row["item"] in unmodelled:
            row |= {"unmodelled": words.NOT_SEEN, "label": f"{row['label']}, {words.NOT_SEEN}"}
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


def changing(data: dict, moves: Sequence[tuple[str, str]]) -> dict:
    """A list of recommendations that is changed in place: how each film moved (drawn, said), and a button to add it."""
    rows = [
        row | {"move": drawn, "label": f"{row['label'].removesuffix('Open.')}{said} Watch."}
        for row, (drawn, said) in zip(data["rows"], moves, strict=True)
    ]
    return data | {"rows": rows, "action": ADD}


def _spoken(row: dict, bars: Sequence[Mapping]) -> str:
    """A row as a screen reader says it."""
    parts = ", ".join(f"{bar['name']} {value['text']}" for bar, value in zip(bars, row["bars"], strict=True))
    together = f", together {row['total']}, {row['from']}" if "total" in row else ""
    return f"{row['place']}. {row['label']}: {parts}{together}{', held out and liked' if row['liked'] else ''}. Open."


def _list_data(rows: list[dict], bars: list[dict], theme: Theme, *, label: str, none: str, **columns: object) -> dict:
    plain = {"wide": False, "total": "", "held": False}
    look = {"muted": theme.muted, "rule": theme.zero, "height": LIST_HEIGHT}
    return {"rows": rows, "bars": bars, "label": label, "none": none} | plain | columns | look


def linked_maps(data: dict, key: str, on_chosen: Callable[[], None]) -> None:
    """Draw the maps; `on_chosen` is called when a film was chosen: its row (-1 for none) is in the state's `chosen`."""
    _component("linked_maps", '<div class="maps"></div>')(key=key, data=data, on_chosen_change=on_chosen)

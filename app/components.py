"""The two hand-made components, as plain functions of what they show; their scripts stand in assets/components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import streamlit as st

from app import words
from app.maps.component import source
from app.theme import Theme
from vasp_models.data.catalogue import Catalogue

LIST_HEIGHT = 568  # head and ten rows


@cache
def _component(name: str, body: str):
    css, js = source(name)
    return st.components.v2.component(f"vasp_lens_{name}", html=body, css=css, js=js)


def film_list(
    data: dict, key: str, on_opened: Callable[[], None] = lambda: None, on_acted: Callable[[], None] = lambda: None
) -> int | None:
    """Draw a list of films; the item number of the film that was just opened, never one where `data` is `still`.

    The callbacks find the item in the state's `opened` and `acted`: the film of a row, and of a row's action button.
    """
    draw = _component("film_list", '<div class="list"></div>')
    return draw(key=key, data=data, on_opened_change=on_opened, on_acted_change=on_acted).opened


def address(query: str, first: bool) -> None:
    """Keep the browser's history: one entry for each thing the viewer does, the `first` with its address in full."""
    with st.container(key="address"):
        _component("address", "")(key="kept_address", data={"query": query, "first": first})


def find_key(key: str, label: str) -> None:
    """Let a key go to the field with that label, where the page has one."""
    with st.container(key="find_key"):
        _component("find_key", "")(key="found_key", data={"key": key, "label": label})


def take_away(data: dict) -> None:
    """Answer the buttons Link and PNG of all pages in the browser; `data` as of `exports.for_browser`."""
    with st.container(key="take_away"):
        _component("take_away", "")(key="taken_away", data=data)


PRESENTER = "presenter"
_SCALE = 1.2  # of type and figures on a screen of 1280 x 720


def presenter() -> None:
    """Let the browser tell how large type and figures are to be on its screen."""
    with st.container(key="screen"):
        draw = _component("presenter", "")
        draw(key=PRESENTER, data={"scale": presenter_scale()}, on_scale_change=lambda: None)


def presenter_scale() -> float:
    """How much larger than on a page type and figures are, as the browser told; as on a small projector before."""
    told = st.session_state.get(PRESENTER, {}).get("scale")
    return min(max(float(told), 1.0), 4.0) if told else _SCALE


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


def noted(data: dict, notes: Mapping[int, str], head: str) -> dict:
    """A list with one more column: `notes` item -> a word beside a tick; without it where there are none."""
    if not notes:
        return data
    rows = [row | {"note": notes.get(row["item"], "")} for row in data["rows"]]
    return data | {"rows": [row | {"label": _noted(row, head)} for row in rows], "noted": head}


def _noted(row: dict, head: str) -> str:
    label = row["label"].removesuffix(" Open.").removesuffix(".")
    return f"{label}, {head.lower()} {row['note']}. Open." if row["note"] else row["label"]


def plain_list(
    catalogue: Catalogue, items: Sequence[int], notes: Mapping[int, str], head: str, theme: Theme, label: str
) -> dict:
    """A short list of films with their places, one line each; `notes` and `head` as in `noted`."""
    rows = [film_row(catalogue, item) | {"place": place + 1} for place, item in enumerate(items)]
    rows = [row | {"label": f"{row['place']}. {row['label']}. Open."} for row in rows]
    data = _list_data(rows, [], theme, label=label, none="No film.", places=True, compact=True)
    return noted(data, notes, head)


def shared_list(catalogue: Catalogue, together: pd.DataFrame, theme: Theme) -> dict:
    """The films that a film's users share: one bar for the lift, and the users behind it.

    `together` has the columns item, both, users, lift (1 or more), in the order to be drawn.
    """
    bars = [{"name": "Lift", "colour": theme.text, "plain": True}]
    rows = []
    for place, each in enumerate(together.itertuples()):
        row = film_row(catalogue, each.item) | {"place": place + 1}
        row |= {"bars": [{"value": float(np.log(each.lift)), "text": words.times(float(np.log(each.lift)))}]}
        row |= {"total": f"{each.both:,}", "from": f"of its {each.users:,}"}
        rows.append(row | {"label": f"{place + 1}. {row['label']}: lift {each.lift:.1f}, {each.both:,} users. Open."})
    none = "No film is shared by enough of its users."
    look = {"wide": True, "compact": True, "total": "Users"}
    return _list_data(rows, bars, theme, label="Films that its users share", none=none, **look)


def _spoken(row: dict, bars: Sequence[Mapping]) -> str:
    """A row as a screen reader says it."""
    parts = ", ".join(f"{bar['name']} {value['text']}" for bar, value in zip(bars, row["bars"], strict=True))
    together = f", together {row['total']}, {row['from']}" if "total" in row else ""
    return f"{row['place']}. {row['label']}: {parts}{together}{', held out and liked' if row['liked'] else ''}. Open."


def _list_data(rows: list[dict], bars: list[dict], theme: Theme, *, label: str, none: str, **columns: object) -> dict:
    plain = {"wide": False, "total": "", "held": False}
    look = {"muted": theme.muted, "rule": theme.zero, "height": LIST_HEIGHT}
    return {"rows": rows, "bars": bars, "label": label, "none": none} | plain | columns | look


def linked_maps(data: dict, key: str, on_picked: Callable[[], None]) -> None:
    """Draw the maps (`facts.maps_data`); `on_picked` is called when a film was chosen or a selection was finished.

    The state's `picked` then holds the row of the film (-1 for none) and the selected rows (app.maps.selection).
    """
    # Streamlit sends a component's data whenever any of it changes: the films go to one that stays as it is, and what
    # changes from run to run to a small one without a picture, which hands it on.
    held = {name: data[name] for name in ("points", "layout")} | {"channel": key}
    _component("linked_maps", '<div class="maps"></div>')(key=key, data=held, on_picked_change=on_picked)
    shown = {name: value for name, value in data.items() if name != "points"} | {"channel": key}
    _component("linked_maps_view", "<div></div>")(key=f"{key}_view", data=shown)

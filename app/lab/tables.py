"""The profile lab's tables: a watched film's way through the steps, and two profiles' lists beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from app import words
from app.lab.facts import NOWHERE, Scene, changed_item, top
from app.recommend_facts import lifts
from app.state import Step
from vasp_models.data.catalogue import Catalogue

WAY_RULE = "Its place among the films outside the profile"
WAY_PARTS = f"{WAY_RULE}, and what each part adds to it against an empty profile"


def step_words(catalogue: Catalogue, step: Step) -> str:
    """A step in a few plain words."""
    if step.done in ("add", "remove"):
        item = changed_item(catalogue, step)
        return f"{'+' if step.done == 'add' else '−'} {step.what if item is None else catalogue.titles[item]}"
    return (step.what[0].upper() + step.what[1:]) if step.what else "Opened by a link"


def track(catalogue: Catalogue, rankings: Sequence[tuple[Step, object]], item: int) -> pd.DataFrame:
    """A film's way through the steps: columns change, place (NOWHERE where it has none), its lift by each factor."""
    rows = []
    for step, found in rankings:
        at = np.flatnonzero(found.items == item)
        row: dict[str, object] = {"change": step_words(catalogue, step), "place": NOWHERE}
        if len(at):
            row |= {"place": int(at[0]) + 1} | {name: float(v[at[0]]) for name, v in lifts(found).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def track_table(steps: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """The steps as people read them, numbered as in the chart, the last one first."""
    texts = {"Change": [f"{n} · {text}" for n, text in enumerate(steps["change"])]}
    texts["Place"] = [f"#{place:,}" if place else "none" for place in steps["place"]]
    if factors and set(factors) <= set(steps):
        values = steps[list(factors)].to_numpy()
        columns = [(words.factor_name(name), values[:, n]) for n, name in enumerate(factors)]
        for name, column in [*columns, ("Together", values.sum(axis=1))]:
            texts[name] = ["" if np.isnan(value) else words.times(value) for value in column]
    return pd.DataFrame(texts).iloc[::-1]


def track_numbers(steps: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """The numbers of the way: places, and the log lift by each factor, empty where the film has no place."""
    table = {"Change": range(len(steps)), "What changed": steps["change"]}
    table["Place"] = steps["place"].where(steps["place"] != NOWHERE).astype("Int64")
    if factors and set(factors) <= set(steps):
        table |= {f"{words.factor_name(name)}, log": steps[name] for name in factors}
    return pd.DataFrame(table)


def comparison(pinned: Scene, scene: Scene, k: int) -> pd.DataFrame:
    """The films in the first k of either list: columns title, pinned and now (places, NOWHERE: none), change.

    In the order of the list now, then those that left in the order of the pinned list.
    """
    shown = list(dict.fromkeys([*scene.found.items[:k].tolist(), *pinned.found.items[:k].tolist()]))
    rows = [(item, int(pinned.places[item]), int(scene.places[item])) for item in shown]
    return pd.DataFrame(
        [(scene.catalogue.titles[item], was, now, change(was, now, k)) for item, was, now in rows],
        columns=["title", "pinned", "now", "change"],
    )


def comparison_table(films: pd.DataFrame) -> pd.DataFrame:
    """The comparison as people read it."""
    texts = {name: [f"#{place:,}" if place else "none" for place in films[name]] for name in ("pinned", "now")}
    return pd.DataFrame(
        {"Film": films["title"], "In A": texts["pinned"], "Now": texts["now"], "Change": films["change"]}
    )


def comparison_numbers(films: pd.DataFrame) -> pd.DataFrame:
    """The numbers of the comparison, empty where a film has no place."""
    places = films[["pinned", "now"]].where(films[["pinned", "now"]] != NOWHERE).astype("Int64")
    named = {"title": "Film", "pinned": "Place in A", "now": "Place now", "change": "Change"}
    return films.assign(**places).rename(columns=named)


def compared_words(pinned: Scene, scene: Scene, k: int) -> str:
    """What two lists share, and whose work they are (Markdown)."""
    films = comparison(pinned, scene, k)
    both = int((films["pinned"].between(1, k) & films["now"].between(1, k)).sum())
    text = (
        f"A has {words.count(len(pinned.profile), 'film')}, the profile {len(scene.profile):,}; "
        f"{both} of the {min(k, len(scene.found))} shown are in both lists"
    )
    parts = share_words(shares(pinned.found, k), shares(scene.found, k))
    return f"{text}. Shares of the parts: {parts}" if parts else text


def way_words(title: str, places: Sequence[int]) -> str:
    """A film's places, for those who do not see the chart."""
    return f"{title} after each change: {', '.join(f'#{place:,}' if place else 'no place' for place in places)}"


def change(was: int, now: int, k: int) -> str:
    """What became of a film that stands in the first k of one list or of both."""
    if now == NOWHERE:
        return "in the profile"
    if was == NOWHERE:
        return "in A’s profile"
    if now > k:
        return "leaves"
    return "enters" if was > k else "stays" if was == now else f"{'▲' if was > now else '▼'} {abs(was - now)}"


def shares(found, k: int) -> dict[str, float]:
    """The share of each factor in the sizes of the log lifts of the first k films; empty without factors or lifts."""
    sizes = {name: float(np.abs(values).sum()) for name, values in lifts(top(found, k)).items()}
    whole = sum(sizes.values())
    return {name: size / whole for name, size in sizes.items()} if whole else {}


def share_words(pinned: Mapping[str, float], now: Mapping[str, float]) -> str:
    """The shares of the parts in both lists."""
    names = [name for name in now or pinned]
    texts = {name: [words.share(s[name]) if s else "none" for s in (pinned, now)] for name in names}
    return "\u2002".join(
        f"{words.inked(name)}\u00a0{was}\u00a0→\u00a0{is_now}" for name, (was, is_now) in texts.items()
    )

"""What the Compare page says of one user's lists: how alike they are, and where each model has the same films."""

from __future__ import annotations

from collections.abc import Mapping
import itertools

import pandas as pd

from app import words
from vasp_models.comparing import NOWHERE, Lists
from vasp_models.data.catalogue import Catalogue

DRAWN = 10  # films whose places are drawn
READING = "{}’s first {} in the order of each model. Numbers: places among all unseen films. Filled: among the first {}"


def answer(lists: Lists, titles: Mapping[str, str], user: str) -> str:
    """How alike the lists are (Markdown)."""
    shared, k, names = lists.shared(), lists.k, list(lists.ranked)
    together = len(lists.by_all())
    everyone = "Both" if len(names) == 2 else f"All {len(names)}"
    first = f"{everyone} lists of user {words.markdown(user)} share **{together} of their first {k} films**"
    pairs = list(itertools.combinations(names, 2))
    if len(pairs) < 2:
        return f"{first}."
    most, least = (choose(pairs, key=lambda pair: shared.at[pair]) for choose in (max, min))
    if shared.at[most] == shared.at[least]:
        return f"{first}, any two {shared.at[most]}."
    named = {pair: words.joined([words.markdown(titles[name]) for name in pair]) for pair in (least, most)}
    ends = [f"{shared.at[pair]} ({both})" for pair, both in named.items()]
    return f"{first}; two of them share from {ends[0]} to {ends[1]}."


def shared_table(lists: Lists, titles: Mapping[str, str]) -> pd.DataFrame:
    """How many films two lists share, names by names; all text."""
    shared = lists.shared()
    rows = [
        {"": titles[name]} | {titles[other]: "–" if name == other else str(shared.at[name, other]) for other in shared}
        for name in shared
    ]
    return pd.DataFrame(rows)


def moves(lists: Lists, catalogue: Catalogue, most: int = DRAWN) -> pd.DataFrame:
    """The reference's first films and their places: columns film, then the names, the reference first."""
    places = lists.places(most)
    names = [lists.reference, *(name for name in lists.ranked if name != lists.reference)]
    return pd.DataFrame({"film": [catalogue.titles[item] for item in places["item"]]}).join(places[names])


def moves_table(lists: Lists, catalogue: Catalogue, titles: Mapping[str, str]) -> pd.DataFrame:
    """The reference's whole list with the place of each film in the others; None where it is not ranked."""
    table = moves(lists, catalogue, lists.k).rename(columns=dict(titles)).rename(columns={"film": "Film"})
    return table.replace(NOWHERE, pd.NA)


def in_words(places: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """The chart of moves as a sentence."""
    names = [name for name in places if name != "film"]
    films = [
        f"{row['film']} {', '.join(f'{titles[name]} #{row[name]}' for name in names)}" for _, row in places.iterrows()
    ]
    return f"Places of the same films: {'; '.join(films)}"

"""What can be taken from the film page as a table: the twins of its charts and its downloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd

from app import words
from app.film.subject import Answers, ForUser
from vasp_models.data.audience import Audience
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.describing import Standing

NEAREST = 20


def nearest(maps, item: int, k: int = NEAREST) -> dict[str, np.ndarray]:
    """The item numbers of the films nearest to one, by part."""
    return {part: maps.nearest(item, part, k) for part in maps.parts}


def on_map(maps, part: str, row: int) -> pd.DataFrame:
    """The twin of a small map: where the film lies, and where the middle half of all films does."""
    ends = maps.middle(part)
    columns = {"x, map units": [maps.positions[part][row, 0], *ends[:, 0]]}
    columns["y, map units"] = [maps.positions[part][row, 1], *ends[:, 1]]
    return pd.DataFrame({"": ["This film", "A quarter of all films below", "A quarter above"]} | columns)


def tastes(table: pd.DataFrame) -> pd.DataFrame:
    """The twin of the favourite genres."""
    return table.rename(
        columns={
            "genre": "Favourite genre",
            "fans": "Its users",
            "fan_share": "Share of its users",
            "others": "Others",
            "other_share": "Share of others",
            "ratio": "Ratio",
            "low": "95% from",
            "high": "95% to",
            "p": "p (Fisher)",
            "q": "q (Benjamini-Hochberg)",
        }
    )


def together(catalogue: Catalogue, table: pd.DataFrame) -> pd.DataFrame:
    """The films that its users share, with the log-likelihood ratio."""
    shown = table.assign(film=[catalogue.titles[item] for item in table["item"]])
    names = {
        "film": "Film",
        "lift": "Lift",
        "both": "Users of both",
        "share": "Share of its users",
        "users": "Users of the film",
        "llr": "Log-likelihood ratio",
    }
    return shown[list(names)].rename(columns=names)


def lists(catalogue: Catalogue, found: Answers, near: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Every list of the page in rows; for the films of the joint list what each factor adds."""
    kinds = {"recommended": {name: each.items for name, each in found.lists.items()}, "nearest": near}
    rows = [
        {"list": kind, "part": part, "place": place + 1, "id": catalogue.ids[item], "title": catalogue.titles[item]}
        for kind, parts in kinds.items()
        for part, items in parts.items()
        for place, item in enumerate(items)
    ]
    table = pd.DataFrame(rows, columns=["list", "part", "place", "id", "title"])
    for name in found.joint.factors:
        table.loc[: len(found.joint) - 1, f"lift_{name}"] = np.exp(found.joint.lift(name)).astype(float)
    return table


def record(
    catalogue: Catalogue,
    item: int,
    found: Answers,
    near: Mapping[str, np.ndarray],
    who: Audience,
    stands: Standing,
    user: ForUser | None,
) -> dict:
    """Everything that the page says of a film, as plain values."""

    def films(items) -> list[dict]:
        return [{"id": catalogue.ids[n], "title": catalogue.titles[n]} for n in items]

    shared = who.together.assign(id=catalogue.ids[who.together["item"]]).drop(columns="item")
    return {
        "id": catalogue.ids[item],
        "title": catalogue.titles[item],
        "genres": catalogue.genres[item],
        "covered": found.covered,
        "popularity": asdict(stands),
        "recommended": {words.part_name(name): films(each.items) for name, each in found.lists.items()},
        "nearest": {words.part_name(part): films(items) for part, items in near.items()},
        "audience": {
            "users": who.fans,
            "train_users": who.users,
            "median_other_films": who.length,
            "median_history": who.usual_length,
            "median_history_by_chance": who.chance_length,
            "lift_by_length": who.by_length,
        },
        "favourite_genres": who.tastes.to_dict("records"),
        "liked_together": shared.to_dict("records"),
        "user": None if user is None else asdict(user),
    }

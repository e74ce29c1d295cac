"""A small made-up data set in the layout of DeepCF: train, test and negative file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

N_USERS, N_ITEMS, N_LIKED, NEGATIVES = 12, 130, 25, 99  # the other items are only among the negatives


def lines(times: bool = True) -> dict[str, list[str]]:
    """Lines of the three files by the end of their names; the last item of each user, by time, is the test."""
    generator = np.random.default_rng(5)
    found: dict[str, list[str]] = {"train.rating": [], "test.rating": [], "test.negative": []}
    for user in range(N_USERS):
        *train, test = generator.choice(N_LIKED, 8, replace=False).tolist()
        for place, item in enumerate(train):
            found["train.rating"].append(row(user, item, 1 + place % 5, 1000 + place, times))
        found["test.rating"].append(row(user, test, 5, 2000, times))
        others = sorted(set(range(N_ITEMS)) - {*train, test}, reverse=True)[:NEGATIVES]
        found["test.negative"].append("\t".join([f"({user},{test})", *map(str, others)]))
    return found


def row(user: int, item: int, rating: int, time: int, times: bool) -> str:
    return "\t".join(map(str, (user, item, rating, *((time,) if times else ()))))


def written(folder: Path, found: dict[str, list[str]], prefix: str = "made-up") -> Path:
    """The files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending, each in found.items():
        (folder / f"{prefix}.{ending}").write_text("".join(f"{line}\n" for line in each))
    return folder

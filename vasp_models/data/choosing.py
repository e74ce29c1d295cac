"""Choosing a user among thousands: by taste and length of the history, at random or as an example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from vasp_models.data.tastes import tastes

SPLITS = ("test", "validation", "train")


def splits(checkpoint) -> list[str]:
    """The parts of a checkpoint's split that have users, test users first."""
    return [split for split in SPLITS if len(checkpoint.users.rows(split))]


def users(checkpoint, split: str) -> pd.DataFrame:
    """The users of a split with their tastes: columns id, n_history, taste, films, clarity."""
    rows = checkpoint.users.rows(split)
    found = tastes(checkpoint.users.histories.take(rows), checkpoint.catalogue)
    return pd.concat([checkpoint.users.frame.iloc[rows][["id", "n_history"]].reset_index(drop=True), found], axis=1)


def example_user(checkpoint, users_of: Callable[[object, str], pd.DataFrame] = users) -> str | None:
    """The user whose taste is easiest to read, a test user where there are some; `users_of` may remember the users."""
    for split in splits(checkpoint):
        if (found := easy_to_read(users_of(checkpoint, split))) is not None:
            return str(found["id"])
    return None


def matching(
    users: pd.DataFrame, shortest: int = 1, longest: int | None = None, taste: str | None = None
) -> pd.DataFrame:
    """The users whose history is long enough, short enough, and of that taste. Columns id, n_history, taste."""
    kept = users["n_history"].between(shortest, longest if longest is not None else np.inf)
    return users[kept & (users["taste"] == taste)] if taste else users[kept]


def easy_to_read(users: pd.DataFrame) -> pd.Series | None:
    """The user whose taste stands out most among those with a history of 12 to 60 films (else of any length)."""
    if users.empty:
        return None
    middling = users[users["n_history"].between(12, 60)]
    pool = middling if len(middling) else users
    return pool.loc[pool["clarity"].fillna(-np.inf).idxmax()]

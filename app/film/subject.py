"""Which film the page is about, what the model makes of it alone, and where it stands for the user in the sidebar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import cached, state
from app.maps.facts import item_of
from vasp_models.data.describing import Standing, standing
from vasp_models.data.users import User
from vasp_models.errors import BundleError, UnknownUserError
from vasp_models.evaluation.ranking import rank_of
from vasp_models.projections.sensitivity import JOINT

DEPTH, SHOWN = 20, 10  # films of a list that are asked for, and those that are drawn
_LAST = "film_page_last"  # user and film that were shown last


@dataclass(frozen=True)
class Answers:
    """What the model recommends to somebody who has nothing but one film.

    `lists` ``joint`` and, where there are several, each part -> recommendations, DEPTH long; `covered`: the model knows
    the film; `moved`: the film changes what a stranger is recommended.
    """

    lists: dict[str, object]
    covered: bool
    moved: bool

    @property
    def joint(self):
        """The recommendations by the joint score."""
        return self.lists[JOINT]

    @property
    def parts(self) -> list[str]:
        """The parts that have a list of their own."""
        return [name for name in self.lists if name != JOINT]


@dataclass(frozen=True)
class ForUser:
    """Where a film stands for a user: its place among `candidates` unseen films (None where it has none), whether it is
    in the history, and whether it was held out."""

    id: str
    place: int | None
    candidates: int
    in_history: bool
    held_out: bool


def user_of(chosen) -> User | None:
    """The user in the state, None where this checkpoint has none of that id."""
    try:
        return chosen.users.find(state.current().user)
    except UnknownUserError:
        return None


def film_of(chosen, user: User | None) -> int | None:
    """The item number of the film in the state; None where there is no such film.

    Where none is chosen: the film that was shown to the user before, else the first of the user's list.
    """
    now, last = state.current(), st.session_state.get(_LAST)
    if now.film is None and last is not None and last[0] == now.checkpoint and last[1] != now.user:
        now = state.settle(film=last[2])  # another user was chosen: the page stays with its film
    item = item_of(chosen.catalogue, now.film) if now.film else _example(chosen, user)
    if item is not None:
        st.session_state[_LAST] = (now.checkpoint, now.user, str(chosen.catalogue.ids[item]))
    return item


def _example(chosen, user: User | None) -> int:
    """The first film of the user's list, the most popular film where there is no user or no list."""
    listed = [] if user is None else cached.recommendations(chosen, user.history, DEPTH, JOINT).items
    if len(listed):
        return int(listed[0])
    return int(popularity(chosen).argmax())


def popularity(chosen) -> np.ndarray:
    """Train users of each film, int64 (items)."""
    frame = chosen.catalogue.frame
    return frame["train_users"].to_numpy() if "train_users" in frame else np.zeros(len(frame), dtype=np.int64)


def answers(chosen, item: int) -> Answers:
    """What the model and its parts recommend to somebody who has nothing but this film."""
    parts = cached.parts(chosen)
    names = (JOINT, *parts) if len(parts) > 1 else (JOINT,)
    lists = {name: cached.recommendations(chosen, np.array([item]), DEPTH, name) for name in names}
    joint = lists[JOINT]
    same = np.array_equal(joint.base_ranks, rank_of(joint.scores, np.arange(len(joint))))
    moved = bool(joint.factors) or not same
    return Answers(lists, not len(joint.unmodelled), moved)


def for_user(chosen, user: User | None, item: int) -> ForUser | None:
    """Where a film stands for a user; None without a user, and where a bundle does not say."""
    if user is None:
        return None
    in_history, held_out = bool((user.history == item).any()), bool((user.held_out == item).any())
    try:
        ranked = cached.ranking(chosen, user.history, JOINT)
    except BundleError:
        return None
    place = np.flatnonzero(ranked.items == item)
    return ForUser(user.id, int(place[0]) + 1 if len(place) else None, ranked.n_candidates, in_history, held_out)


def drift(maps, item: int) -> Standing | None:
    """Where the share of nearest films that the parts have in common stands among all films; None where there is none.

    `value` is the share; `below` of the other films have a smaller one.
    """
    row = None if maps is None else maps.row(item)
    return None if row is None or maps.shared is None else standing(maps.shared, row)

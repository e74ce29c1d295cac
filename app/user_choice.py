"""The choice of a user: by id, or drawn at random among those that a filter lets through. Never a list of thousands."""

from __future__ import annotations

import random

import streamlit as st

from app import cached, choosing, state, widgets, words
from vasp_models.errors import UnknownUserError

_ID = "user_id"


def user_field(chosen) -> None:
    """The user's id as text, and a button that draws another one."""
    st.session_state[_ID] = state.current().user or ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
        st.text_input("User", key=_ID, on_change=_take_id, placeholder="id")
        draw = {"on_click": draw_user, "args": (chosen,), "help": filter_words()}
        st.button("", icon=":material/shuffle:", key="random_user", **draw)


def _take_id() -> None:
    state.change(user=st.session_state[_ID].strip() or None)


def filter_words() -> str:
    """What the random button draws, in words."""
    wanted = state.current().users
    length = f" with {wanted.shortest} to {wanted.longest} films" if wanted.longest else ""
    return f"Random {wanted.split} user{length}{f' who likes {wanted.taste}' if wanted.taste else ''}"


def draw_user(chosen) -> None:
    """Choose a random user among those that the filter lets through."""
    wanted, now = state.current().users, state.current().user
    pool = choosing.matching(cached.users(chosen, wanted.split), wanted.shortest, wanted.longest, wanted.taste)
    others = [user for user in pool["id"] if user != now]
    if others:
        state.change(user=random.choice(others))


def filter_popover(chosen) -> None:
    """What narrows the draw: part of the split, favourite genre, length of the history."""
    now = state.current().users
    everyone = cached.users(chosen, now.split)
    with st.popover("Another user", icon=":material/tune:", key="user_filter"):
        st.segmented_control("Who", splits(chosen), format_func=str.capitalize, required=True, **_bound("split"))
        tastes = sorted(everyone["taste"].dropna().unique())
        st.selectbox("Favourite genre", tastes, placeholder="any", **_bound("taste"))
        _length_slider(everyone["n_history"])
        found = choosing.matching(everyone, now.shortest, now.longest, now.taste)
        st.markdown(f":small[:gray[{words.count(len(found), 'user')} to draw from]]")
        draw = {"on_click": draw_user, "args": (chosen,), "disabled": found.empty, "width": "stretch"}
        st.button("Random user", icon=":material/shuffle:", key="random_filtered", **draw)


def _length_slider(lengths) -> None:
    low, high = int(lengths.min()), int(lengths.max())
    if low == high:
        return
    now = state.current().users
    asked = (min(max(now.shortest, low), high), max(min(now.longest or high, high), low))
    st.slider("Films in the history", low, high, **_bound("length", asked))


def _bound(field: str, value: object = None) -> dict:
    """Arguments that bind a widget to a field of the filter."""
    key = f"filter_{field}"
    st.session_state[key] = getattr(state.current().users, field) if value is None else value
    return {"key": key, "on_change": _take_filter, "args": (field, key)}


def _take_filter(field: str, key: str) -> None:
    value, now = st.session_state[key], state.current().users
    if field == "split":  # lengths and tastes of another part of the split are others
        changed = state.UserFilter(split=value)
    elif field == "length":
        changed = state.UserFilter(now.split, *value, now.taste)
    else:
        changed = state.UserFilter(now.split, now.shortest, now.longest, value)
    state.change(users=changed)


def splits(chosen) -> list[str]:
    """The parts of the split that have users, test users first."""
    return [split for split in state.SPLITS if len(chosen.users.rows(split))]


def example_user(chosen) -> str | None:
    """The user a page opens with: the test user whose taste is easiest to read."""
    for split in splits(chosen):
        if (found := choosing.easy_to_read(cached.users(chosen, split))) is not None:
            return str(found["id"])
    return None


def chosen_user(chosen):
    """The user in the state, or None after saying in place that there is no such user."""
    wanted = state.current().user
    try:
        return chosen.users.find(wanted)
    except UnknownUserError:
        widgets.title(f"There is no user {words.markdown(str(wanted))} here")
        ids = chosen.users.frame["id"]
        some = [words.markdown(user) for user in ids.iloc[chosen.users.rows("test")[:3]]] or ["none"]
        count = words.count(len(ids), "user")
        widgets.notice(f"This checkpoint holds {count}; test users are {', '.join(some)} and so on.", icon="person_off")
        if (example := example_user(chosen)) is not None:
            st.button(f"Open user {example}", key="example_user", on_click=state.change, kwargs={"user": example})
        return None

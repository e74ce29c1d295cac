"""The choice of a user: by id, or drawn at random among those that a filter lets through. Never a list of thousands."""

from __future__ import annotations

import random

import streamlit as st

from app import cached, shortcuts, state, widgets, words
from vasp_models.data import choosing
from vasp_models.errors import UnknownUserError

_ID = "user_id"
MOST_NAMED = 30  # users of a bundle in a sentence


def user_field(chosen) -> None:
    """The user's id as text, and buttons to the user before, the next, and any other.

    Of these buttons the page's style shows the icons alone; their words are what a screen reader says.
    """
    st.session_state[_ID] = state.current().user or ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", wrap=False, key="user_row"):
        if chosen.is_bundle:
            _listed_users(chosen)
        else:
            st.text_input("User", key=_ID, on_change=_take_id, placeholder="id")
        said = filter_words()
        steps = (
            ("previous_user", "chevron_left", -1, shortcuts.PREVIOUS_USER, "The user before"),
            ("next_user", "chevron_right", 1, shortcuts.NEXT_USER, "The next user"),
        )
        for key, icon, step, shortcut, text in steps:
            look = {"key": key, "shortcut": shortcut.key, "help": shortcut.hint(f"{text} · {said}")}
            st.button(text, icon=f":material/{icon}:", on_click=step_user, args=(chosen, step), **look)
        draw = {"on_click": draw_user, "args": (chosen,), "help": shortcuts.RANDOM_USER.hint(f"Random {said}")}
        draw |= {"key": "random_user", "shortcut": shortcuts.RANDOM_USER.key}
        st.button("Random user", icon=":material/shuffle:", **draw)


def _listed_users(chosen) -> None:
    """The users of a bundle: the few whose answers it holds."""
    ids, now = chosen.users.frame["id"].tolist(), state.current().user
    st.selectbox("User", ids if now in ids or not now else [*ids, now], key=_ID, on_change=_take_id)


def _take_id() -> None:
    state.change(user=st.session_state[_ID].strip() or None)


def settle_filter(chosen) -> None:
    """Choose among a part of the split that has users: a bundle may hold users of another part alone."""
    parts, wanted = splits(chosen), state.current().users
    if parts and wanted.split not in parts:
        state.settle(users=state.UserFilter(split=parts[0]))


def filter_words() -> str:
    """Whom the buttons choose among, in words."""
    wanted = state.current().users
    length = f" with {wanted.shortest} to {wanted.longest} films" if wanted.longest else ""
    return f"{wanted.split} user{length}{f' who likes {wanted.taste}' if wanted.taste else ''}"


def _pool(chosen) -> list[str]:
    """Ids of the users that the filter lets through, in the order of the data set."""
    wanted = state.current().users
    pool = choosing.matching(cached.users(chosen, wanted.split), wanted.shortest, wanted.longest, wanted.taste)
    return [str(user) for user in pool["id"]]


def step_user(chosen, step: int) -> None:
    """Choose the user so many places further among those that the filter lets through, round and round."""
    pool, now = _pool(chosen), state.current().user
    if pool:
        start = pool.index(now) if now in pool else -1 if step > 0 else 0
        state.change(user=pool[(start + step) % len(pool)])


def draw_user(chosen) -> None:
    """Choose a random user among those that the filter lets through."""
    others = [user for user in _pool(chosen) if user != state.current().user]
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
    return choosing.splits(chosen)


def example_user(chosen) -> str | None:
    """The user a page opens with: the test user whose taste is easiest to read."""
    return choosing.example_user(chosen, cached.users)


def chosen_user(chosen):
    """The user in the state, or None after saying in place that there is no such user."""
    wanted = state.current().user
    try:
        return chosen.users.find(wanted)
    except UnknownUserError:
        widgets.title(f"There is no user {words.markdown(str(wanted))} here")
        ids = chosen.users.frame["id"]
        widgets.notice(_who_is_there(chosen, ids), icon="person_off")
        if (example := example_user(chosen)) is not None:
            label = words.markdown(f"Open user {example}")
            st.button(label, key="example_user", on_click=state.change, kwargs={"user": example})
        return None


def _who_is_there(chosen, ids) -> str:
    """Whom a checkpoint or a bundle holds, in words (Markdown)."""
    count = words.count(len(ids), "user")
    if chosen.is_bundle:
        named = [words.markdown(user) for user in ids.iloc[:MOST_NAMED]]
        rest = [f"{len(ids) - MOST_NAMED:,} more"] if len(ids) > MOST_NAMED else []
        everyone = chosen.manifest["bundle"]["open"]
        return f"This bundle holds {count}: {words.joined(named + rest)}. `{everyone}` opens all of its checkpoint."
    some = [words.markdown(user) for user in ids.iloc[chosen.users.rows("test")[:3]]] or ["none"]
    return f"This checkpoint holds {count}; test users are {', '.join(some)} and so on."

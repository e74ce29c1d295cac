"""Pieces that several pages are made of: titles, answers, calm errors, bound controls, the choice of a user."""

from __future__ import annotations

from collections.abc import Callable
import random

import streamlit as st

from app import cached, choosing, state, theme as themes, words
from vasp_models.errors import UnknownUserError, VaspLensError


def theme() -> themes.Theme:
    """The theme the browser shows; light until it has told."""
    return themes.theme("dark" if st.context.theme.type == "dark" else "light")


def title(question: str, answer: str | None = None) -> None:
    """A page's question, and its answer in one sentence."""
    st.title(question, anchor=False)
    if answer:
        with st.container(key="answer"):
            st.markdown(answer)


def section(name: str, subtitle: str = "") -> None:
    """A section's head; the subtitle carries unit, legend and reading rule. Both are Markdown."""
    st.markdown(f"##### {name}\n:small[:gray[{subtitle}]]" if subtitle else f"##### {name}")


def fold(label: str = "How this is computed"):
    """The fold at a page's end."""
    return st.expander(label, icon=":material/function:")


def notice(sentence: str, icon: str = "info") -> None:
    """A calm remark in place: an icon and a sentence (Markdown)."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":gray[:material/{icon}:]", width="content")
        st.markdown(sentence)


def problem(error: VaspLensError | str) -> None:
    """An error in place: its one sentence, commands in code as they were written."""
    notice(sentence(str(error)), icon="error")


def sentence(text: str) -> str:
    """A plain sentence as Markdown: what stands between backticks stays code, everything else is text."""
    pieces = text.split("`")
    return "".join(f"`{piece}`" if n % 2 else words.markdown(piece) for n, piece in enumerate(pieces))


def bound(field: str) -> dict:
    """Arguments that bind a widget to a field of the state: it shows the field, and a change sets it."""
    key = f"bound_{field}"
    st.session_state[key] = getattr(state.current(), field)
    return {"key": key, "on_change": _take, "args": (field, key)}


def _take(field: str, key: str) -> None:
    value = st.session_state[key]
    state.change(**{field: tuple(value) if isinstance(value, list) else value})


def checkpoint_label(name: str) -> str:
    """A checkpoint in the list: its data and model, or its bare name where it cannot be read."""
    if not cached.readable(name):
        return name
    return cached.checkpoint(name).label


def checkpoint_choice(names: list[str]) -> None:
    """The choice of a checkpoint; two that would read the same are told apart by their names."""
    labels = {name: checkpoint_label(name) for name in names}
    twice = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    text = {name: f"{label} ({name})" if label in twice and label != name else label for name, label in labels.items()}
    st.selectbox("Checkpoint", names, format_func=lambda name: text.get(name, str(name)), **bound("checkpoint"))


def user_choice(chosen) -> None:
    """The user's id as text, and a button that draws another one."""
    text, button = st.columns([1, 0.3], vertical_alignment="bottom", gap="small", wrap=False)
    key = "bound_user"
    st.session_state[key] = state.current().user or ""
    text.text_input("User", key=key, on_change=_take_user, args=(key,), placeholder="id")
    button.button(
        "",
        icon=":material/shuffle:",
        key="random_user",
        help=filter_words(),
        on_click=draw_user,
        args=(chosen,),
        width="stretch",
    )


def _take_user(key: str) -> None:
    state.change(user=st.session_state[key].strip() or None)


def filter_words() -> str:
    """The random button's filters in words."""
    wanted = state.current().users
    length = f" with {wanted.shortest} to {wanted.longest} films" if wanted.longest else ""
    return f"Random {wanted.split} user{length}{f' who likes {wanted.taste}' if wanted.taste else ''}"


def draw_user(chosen) -> None:
    """Choose a random user among those that the filters let through."""
    wanted, now = state.current().users, state.current().user
    pool = choosing.matching(cached.users(chosen, wanted.split), wanted.shortest, wanted.longest, wanted.taste)
    others = [user for user in pool["id"] if user != now]
    if others:
        state.change(user=random.choice(others))


def user_filters(chosen) -> None:
    """The popover that narrows the random button's draw: split, favourite genre, length of the history."""
    now = state.current().users
    everyone = cached.users(chosen, now.split)
    with st.popover("Another user", icon=":material/tune:", key="user_filters"):
        _filter(
            "split",
            st.segmented_control,
            "Who",
            _splits(chosen),
            format_func=str.capitalize,
            required=True,
            value=now.split,
        )
        tastes = sorted(everyone["taste"].dropna().unique())
        _filter(
            "taste",
            st.selectbox,
            "Favourite genre",
            [None, *tastes],
            format_func=lambda t: t or "any",
            value=now.taste if now.taste in tastes else None,
        )
        low, high = (int(everyone["n_history"].min()), int(everyone["n_history"].max())) if len(everyone) else (0, 1)
        if low < high:
            asked = (max(low, min(now.shortest, high)), min(high, max(now.longest or high, low)))
            _filter("length", st.slider, "Films in the history", low, high, value=asked)
        found = choosing.matching(everyone, now.shortest, now.longest, now.taste)
        st.markdown(f":small[:gray[{words.count(len(found), 'user')} to draw from]]")
        st.button(
            "Random user",
            icon=":material/shuffle:",
            key="random_filtered",
            on_click=draw_user,
            args=(chosen,),
            disabled=found.empty,
            width="stretch",
        )


def _splits(chosen) -> list[str]:
    return [split for split in state.SPLITS if len(chosen.users.rows(split))]


def _filter(field: str, widget: Callable, label: str, *options: object, value: object, **settings: object) -> None:
    key = f"filter_{field}"
    st.session_state[key] = value
    widget(label, *options, key=key, on_change=_take_filter, args=(field, key), **settings)


def _take_filter(field: str, key: str) -> None:
    value, now = st.session_state[key], state.current().users
    if field == "split":
        changed = state.UserFilter(split=value)
    elif field == "length":
        changed = state.UserFilter(now.split, value[0], value[1], now.taste)
    else:
        changed = state.UserFilter(now.split, now.shortest, now.longest, value)
    state.change(users=changed)


def example_user(chosen) -> str | None:
    """The user a page opens with: the test user whose taste is easiest to read."""
    for split in _splits(chosen):
        if (found := choosing.easy_to_read(cached.users(chosen, split))) is not None:
            return str(found["id"])
    return None


def chosen_checkpoint():
    """The checkpoint in the state, or None after saying in place why there is none."""
    name = state.current().checkpoint
    if name is None:
        no_checkpoint()
        return None
    try:
        return cached.checkpoint(name)
    except VaspLensError as error:
        title("This checkpoint cannot be opened")
        problem(error)
        others = [other for other in cached.checkpoint_names() if other != name and cached.readable(other)]
        if others:
            st.button(f"Open {checkpoint_label(others[0])}", on_click=state.change, kwargs={"checkpoint": others[0]})
        return None


def no_checkpoint() -> None:
    """The page where there is nothing to show yet."""
    title("No model yet", "Train one, or open the embedded demo; the page finds it by itself when it is loaded again.")
    st.code(
        "vasp-lens demo\nvasp-lens data get ml-latest-small\nvasp-lens train vasp --data ml-latest-small --preset small",
        language="bash",
    )


def chosen_user(chosen):
    """The user in the state, or None after saying in place that there is no such user."""
    try:
        return chosen.users.find(state.current().user)
    except UnknownUserError as error:
        title(f"There is no user {words.markdown(str(state.current().user))} here")
        problem(error)
        if state.current().user != (example := example_user(chosen)):
            st.button(f"Open user {example}", key="example_user", on_click=state.change, kwargs={"user": example})
        return None


def device_note(chosen) -> None:
    """Why the model does not run where it was asked to, if so; after the model was loaded."""
    if note := cached.loaded(chosen).note:
        notice(sentence(note), icon="memory")


def missing_map(chosen, distance: str, seconds: float) -> None:
    """Where no map exists yet: the command, a button with the expected time, and the progress once it runs."""
    if cached.map_job(chosen, distance).state == "running":
        st.fragment(_map_progress, run_every=1.0)(chosen, distance)
        return
    name = words.DISTANCE_NAMES[distance]
    notice(
        f"The **{name}** maps of this checkpoint have not been computed yet. They are drawn once and kept.",
        icon="scatter_plot",
    )
    failed = cached.map_job(chosen, distance)
    if failed.state == "failed":
        problem(f"The last attempt stopped: {failed.error}")
    st.code(f"vasp-lens map {chosen.argument} --distance {distance}", language="bash")
    label = f"Compute them now · about {words.seconds(seconds)}"
    st.button(
        label, icon=":material/play_arrow:", key="compute_maps", on_click=cached.start_maps, args=(chosen, distance)
    )


def _map_progress(chosen, distance: str) -> None:
    job = cached.map_job(chosen, distance)
    if job.state != "running":
        st.rerun()  # the whole page: the maps are there, or the reason why not
    st.markdown("The maps are being computed in the background; you can go on to other pages meanwhile.")
    st.progress(min(max(job.fraction, 0.0), 1.0), f"{job.stage} · {words.seconds(job.seconds)}")


def page_file(name: str) -> str:
    """The file of a page, for links and switches."""
    return str(themes.ASSETS.parent / "pages" / f"{name}.py")

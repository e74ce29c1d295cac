"""The profile lab's controls: where to start from, finding a film, saving and sharing."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

import streamlit as st

from app import address, cached, exports, state, widgets, words
from app.lab import actions, facts
from app.lab import files as lab_files
from vasp_models.errors import UnknownUserError

PERSONA, SEARCH, MATCH = "lab_persona", "lab_search", "lab_match"
MOST_MATCHES = 50
TOO_LONG = "is too long for a link, which leaves it out: save it as JSON instead."


def starts(chosen, scene) -> None:
    """Where to start from, and what can be done with the profile as a whole."""
    catalogue = chosen.catalogue
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("Start empty", on_click=actions.start, args=(actions.EMPTY, ()), key="lab_empty")
        _user_button(chosen)
        films = {
            genre: words.markdown(f"Watches {genre} · {what}") for genre, what in facts.personas(catalogue).items()
        }
        menu = {"on_click": actions.start_from_persona, "args": (catalogue, PERSONA), "key": PERSONA}
        st.menu_button("From a persona", list(films), format_func=films.get, icon=":material/face:", **menu)
        st.space("stretch")
        undo = {"on_click": actions.undo, "disabled": len(actions.steps()) < 2, "key": "lab_undo"}
        st.button("Undo", icon=":material/undo:", **undo)
        pinned = state.current().pinned == facts.ids_of(catalogue, scene.profile)
        pin = {"on_click": actions.pin, "args": (catalogue,), "key": "lab_pin", "disabled": pinned}
        st.button("Pinned as A" if pinned else "Pin as A", icon=":material/keep:", **pin)
        with st.popover("Save and share", icon=":material/ios_share:", key="lab_share"):
            share(chosen, scene)


def _user_button(chosen) -> None:
    try:
        user = chosen.users.find(state.current().user)
    except UnknownUserError:
        user = None
    label = f"From user {words.markdown(user.id)}" if user else "From a user"
    take = {"on_click": actions.start_from_user, "args": (chosen, user), "disabled": user is None}
    st.button(label, icon=":material/person:", key="lab_user", **take)


def share(chosen, scene) -> None:
    """The link, the file, and where a file is loaded."""
    now = state.current()
    if st.context.url is not None:  # the browser may not tell its own address
        st.markdown("The address of this page holds the profile, A and the watched film. To be copied:")
        st.code(f"{st.context.url}?{urlencode(state.to_address(now))}", language=None, wrap_lines=True)
    for name, ids in (("The profile", now.profile), ("A", now.pinned or ())):
        if address.films_text(ids) is None:
            st.markdown(f"**{name}** of {words.count(len(ids), 'film')} {TOO_LONG}")
    downloads(chosen, scene)
    key = f"lab_upload_{now.lab.uploads}"
    most = lab_files.MOST_MEGABYTES
    st.file_uploader("Load JSON", "json", key=key, max_upload_size=most, on_change=actions.load, args=(chosen, key))


def downloads(chosen, scene) -> None:
    """The profile as JSON, which can be loaded again, and the list it gets as CSV."""
    profile = partial(lab_files.record, chosen.catalogue, scene.profile, chosen.manifest["dataset"])
    look = {"width": "stretch", "icon": ":material/download:"}
    exports.download_json(profile, f"profile-{chosen.name}", label="Profile as JSON", key="lab_download", **look)
    table = partial(facts.top(scene.found, state.current().k).frame, chosen.catalogue)
    name, how = f"profile-list-{chosen.name}", facts.command(chosen, scene, state.current())
    exports.download_csv(table, name, how, label="Its list as CSV", key="lab_list_csv", **look)


def finder(chosen, scene) -> None:
    """The search by title, its matches, and how the list is ranked."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if SEARCH not in st.session_state:  # later the text is the browser's: it may have been typed on meanwhile
            st.session_state[SEARCH] = state.current().lab.search
        look = {"type": "search", "placeholder": "e.g. alien", "width": 150, "live": True}
        text = st.text_input("Find a film", key=SEARCH, on_change=actions.search, args=(SEARCH,), **look) or ""
        film = _matches(chosen, scene, text)
        inside = film is not None and chosen.catalogue.number(film) in scene.profile
        label, act = ("Remove", actions.remove) if inside else ("Add", actions.add)
        one = {"disabled": film is None or chosen.is_bundle, "key": "lab_add"}
        one |= {"on_click": act, "args": (chosen.catalogue, film)}
        st.button(label, icon=f":material/{label.lower()}:", **one)
        one |= {"on_click": actions.watch, "args": (film,), "key": "lab_watch", "disabled": film is None}
        st.button("Watch", icon=":material/visibility:", **one)
        st.space("stretch")
        if parts := cached.parts(chosen):
            names = {"joint": chosen.manifest["title"]} | {part: words.part_name(part) for part in parts}
            rank = {"format_func": names.get, "required": True} | widgets.bound("rank_by")
            st.segmented_control("Rank by", names, **rank)
        st.segmented_control("Show", state.LIST_LENGTHS, required=True, **widgets.bound("k"))


def _matches(chosen, scene, text: str) -> str | None:
    """The films that the search finds, and the id of the one that is chosen."""
    found = chosen.catalogue.search(text, MOST_MATCHES)
    ids = facts.ids_of(chosen.catalogue, found)
    match = state.current().lab.match
    st.session_state[MATCH] = match = match if match in ids else next(iter(ids), None)
    labels = {film: facts.match_words(scene, item) for film, item in zip(ids, found, strict=True)}
    number = words.count(len(ids), "film found", "films found")
    label = f"The first {number}" if len(ids) == MOST_MATCHES else number if text.strip() else "Films found"
    hint = "No title has this in it" if text.strip() else "Type a title first"
    take = {"on_change": actions.choose, "args": (MATCH,), "disabled": not ids, "index": 0 if ids else None}
    look = {"format_func": lambda film: labels.get(film, str(film)), "placeholder": hint, "width": 218}
    st.selectbox(label, list(ids), key=MATCH, **take, **look)
    return match

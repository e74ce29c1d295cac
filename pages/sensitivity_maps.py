"""Do the two halves of the model know genres? The paper's figure 3 for this checkpoint."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cached, components, state, widgets, words
from app.theme import MAX_FOCUS
from vasp_models.errors import UnknownItemError
from vasp_models.projections import maps as core

MOST_MATCHES = 6


def controls(catalogue) -> None:
    """The row of choices: colours, distance, genres; the search on the right."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Colour by",
            state.COLOURINGS,
            format_func={"focus": "Genre focus", "genres": "All genres"}.get,
            required=True,
            **widgets.bound("colouring"),
        )
        st.segmented_control(
            "Distance",
            state.DISTANCES,
            format_func=words.DISTANCE_NAMES.get,
            required=True,
            **widgets.bound("distance"),
        )
        if state.current().colouring == "focus":
            with st.popover(words.count(len(state.current().focus), "genre"), icon=":material/palette:"):
                st.multiselect(
                    "Genres in colour", catalogue.genre_names, max_selections=MAX_FOCUS, **widgets.bound("focus")
                )
        st.space("stretch")
        st.text_input(
            "Find a film",
            icon=":material/search:",
            placeholder="Title, e.g. matrix",
            width=300,
            **widgets.bound("search"),
        )


def matches(catalogue) -> None:
    """The films that the search found, to choose from; the best one is chosen by itself."""
    text = state.current().search
    if not text.strip():
        return
    found = catalogue.search(text)
    if not found:
        st.markdown(f":small[:gray[No film has “{words.markdown(text)}” in its title.]]")
        return
    ids = [str(catalogue.ids[item]) for item in found]
    if state.current().film not in ids:
        state.settle(film=ids[0])
    titles = dict(zip(ids, (catalogue.titles[item] for item in found), strict=True))
    shown = list(dict.fromkeys([*ids[:MOST_MATCHES], state.current().film]))
    if len(ids) > 1:
        st.pills(
            "Films found",
            shown,
            format_func=lambda i: words.markdown(titles[i]),
            label_visibility="collapsed",
            **widgets.bound("film"),
        )


def chosen_item(catalogue) -> int | None:
    """The item number of the chosen film, where this catalogue has it."""
    try:
        return catalogue.number(state.current().film) if state.current().film else None
    except UnknownItemError:
        return None


def draw(chosen, maps) -> None:
    """The three maps."""
    now, catalogue = state.current(), chosen.catalogue
    focus = now.focus if now.colouring == "focus" else None

    def take() -> None:
        row = st.session_state["maps"].chosen
        film = str(catalogue.ids[maps.items[row]]) if row is not None and row >= 0 else None
        state.change(film=film, search=now.search if film else "")

    data = components.maps_data(maps, catalogue, focus, chosen_item(catalogue), widgets.theme())
    components.linked_maps(data, "maps", take)
    shared = (
        f" Of a film’s 20 nearest, the parts share {words.share(maps.overlap)} on average."
        if maps.overlap is not None
        else ""
    )
    rule = "A film with several of the coloured genres takes the colour of the rarest. Places are comparable within a map, never between maps."
    st.markdown(f":small[:gray[{rule}{shared}]]")


def nearest(catalogue, maps) -> None:
    """The table behind the maps: the chosen film's ten nearest in each, else all films."""
    item = chosen_item(catalogue)
    if item is not None and maps.row(item) is not None:
        widgets.section(
            f"The ten films nearest to {words.markdown(catalogue.titles[item])}",
            "By the model's own distance, not by the picture",
        )
        near = {
            words.part_name(part): [catalogue.titles[n] for n in maps.nearest(item, part, 10)] for part in maps.parts
        }
        st.dataframe(pd.DataFrame(near), hide_index=True, row_height=36)
    elif item is not None:
        widgets.notice(f"{words.markdown(catalogue.titles[item])} is not on the maps: the model does not cover it.")
    with st.expander("All films on the maps, as a table", icon=":material/table_rows:"):
        table = pd.DataFrame(
            {"Film": [catalogue.titles[n] for n in maps.items], "Genres": [catalogue.genres[n] for n in maps.items]}
        )
        if "train_users" in catalogue.frame:
            table["Liked by"] = catalogue.frame["train_users"].to_numpy()[maps.items]
        if maps.shared is not None:
            table["Shared nearest"] = maps.shared
        bar = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, color="gray")
        st.dataframe(
            table,
            hide_index=True,
            row_height=36,
            column_config={"Genres": st.column_config.ListColumn(), "Shared nearest": bar},
        )


def computed(maps) -> None:
    """The fold: what was computed and how."""
    with widgets.fold():
        st.markdown(components.HOW_MAPS)
        about = maps.settings
        st.markdown(
            f":small[:gray[{about['items']:,} films, perplexity {about['perplexity']:g}, seed {about['seed']}, computed in {words.seconds(maps.seconds)}.]]"
        )
        for part in maps.parts:
            measured = maps.quality[part]
            hub = (
                "a hub this large draws many films to itself, so the map says little about them"
                if measured["hub_warning"]
                else "no hub stands out"
            )
            st.markdown(
                f"- **{words.part_name(part)}**: continuity {words.quality(measured['continuity'], 2)}, KL {measured['kl']:.2f}; {hub}."
            )


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    question, distance = "Do the two halves of the model know genres?", state.current().distance
    maps = cached.maps(chosen, distance)
    if maps is None:
        widgets.title(question)
        controls(chosen.catalogue)
        widgets.missing_map(chosen, distance, core.expected_seconds(len(chosen.catalogue)))
        return
    widgets.title(question, components.maps_answer(maps, chosen.catalogue, state.current()))
    controls(chosen.catalogue)
    matches(chosen.catalogue)
    draw(chosen, maps)
    nearest(chosen.catalogue, maps)
    computed(maps)


page()

"""Do the two halves of the model know genres? The paper's figure 3 for this checkpoint."""

from __future__ import annotations

import streamlit as st

from app import cached, components, film_choice, state, widgets, words
from app import map_facts as facts
from app.theme import MAX_FOCUS
from vasp_models.projections import maps as core

SEARCH = "maps_search"
COLOURINGS = {"focus": "Genre focus", "genres": "All genres"}


def controls(catalogue) -> None:
    """The row of choices: colours, distance, genres; the search on the right."""
    distances = {name: words.DISTANCE_NAMES[name] for name in state.DISTANCES}
    focus = state.current().focus
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = {"required": True}
        st.segmented_control("Colour by", COLOURINGS, format_func=COLOURINGS.get, **one, **widgets.bound("colouring"))
        st.segmented_control("Distance", distances, format_func=distances.get, **one, **widgets.bound("distance"))
        if state.current().colouring == "focus":
            with st.popover(words.count(len(focus), "genre"), icon=":material/palette:"):
                offered = list(dict.fromkeys([*catalogue.genre_names, *focus]))
                st.multiselect("Genres in colour", offered, max_selections=MAX_FOCUS, **widgets.bound("focus"))
        st.space("stretch")
        film_choice.search_field(catalogue, SEARCH)


def draw(catalogue, maps) -> None:
    """The three maps, and what to heed in reading them."""
    now = state.current()
    focus = now.focus if now.colouring == "focus" else None

    def take() -> None:
        row = st.session_state["maps"].chosen
        film = str(catalogue.ids[maps.items[row]]) if row is not None and row >= 0 else None
        state.change(film=film, search="")

    data = facts.maps_data(maps, catalogue, focus, facts.item_of(catalogue, now.film), widgets.theme())
    components.linked_maps(data, "maps", take)
    st.markdown(f":small[:gray[{facts.reading_rule(maps, catalogue)}]]")


def nearest(catalogue, maps) -> None:
    """The tables behind the maps: the chosen film's ten nearest in each, and all films."""
    item = facts.item_of(catalogue, state.current().film)
    if item is not None and maps.row(item) is not None:
        title = words.markdown(catalogue.titles[item])
        widgets.section(f"The ten films nearest to {title}", "By the model’s own distance, not by the picture")
        near = facts.nearest_films(maps, catalogue, item)
        st.dataframe(near, hide_index=True, row_height=36, height=36 * (len(near) + 1) + 3)
    elif item is not None:
        widgets.notice(f"{words.markdown(catalogue.titles[item])} is not on the maps: the model does not cover it.")
    with st.expander("All films on the maps, as a table", icon=":material/table_rows:"):
        bar = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, color="gray")
        columns = {"Genres": st.column_config.ListColumn(), "Shared nearest": bar}
        st.dataframe(facts.all_films(maps, catalogue), hide_index=True, row_height=36, column_config=columns)


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    catalogue, distance = chosen.catalogue, state.current().distance
    maps = cached.maps(chosen, distance)
    if maps is None:
        widgets.title(facts.question(None))
        controls(catalogue)
        widgets.missing_map(chosen, distance, core.expected_seconds(len(catalogue)))
        return
    widgets.title(facts.question(maps.parts), facts.answer(maps, catalogue, state.current()))
    controls(catalogue)
    film_choice.matches(catalogue)
    draw(catalogue, maps)
    nearest(catalogue, maps)
    with widgets.fold():
        st.markdown(facts.how(maps))


page()

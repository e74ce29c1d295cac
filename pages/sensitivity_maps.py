"""Do the two halves of the model know genres? The paper's figure 3 for this checkpoint."""

from __future__ import annotations

import streamlit as st

from app import components, film_choice, links, state, widgets, words
from app.maps import cached as drawn
from app.maps import colours, facts, panels, selection
from app.theme import MAX_FOCUS
from vasp_models import provenance
from vasp_models.projections import maps as core

SEARCH = "maps_search"


def controls(catalogue, ways: dict[str, str] | None) -> None:
    """The row of choices: colours, distance, genres; the search on the right. Without maps the distance alone."""
    distances = {name: words.DISTANCE_NAMES[name] for name in state.DISTANCES}
    focus = state.current().focus
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = {"required": True}
        if ways is not None:
            st.segmented_control("Colour by", ways, format_func=ways.get, **one, **widgets.bound("colouring"))
        st.segmented_control("Distance", distances, format_func=distances.get, **one, **widgets.bound("distance"))
        if ways is None:
            return
        if state.current().colouring == "focus":
            with st.popover(words.count(len(focus), "genre"), icon=":material/palette:"):
                offered = list(dict.fromkeys([*catalogue.genre_names, *focus]))
                st.multiselect("Genres in colour", offered, max_selections=MAX_FOCUS, **widgets.bound("focus"))
        st.space("stretch")
        film_choice.search_field(catalogue, SEARCH, width=190)


def draw(chosen, maps, pure: dict, item: int | None) -> None:
    """The three maps, and what to heed in reading them."""
    catalogue, now = chosen.catalogue, state.current()

    def take() -> None:
        picked = st.session_state["maps"].picked
        if picked is not None:
            row, rows = picked["film"], selection.from_rows(picked["selected"], maps.items)
            film = str(catalogue.ids[maps.items[row]]) if 0 <= row < len(maps) else None
            state.change(film=film, search=now.search if film == now.film else "", selected=selection.encode(rows))

    key = drawn.key(maps)
    about = {
        "points": drawn.points(key, maps, catalogue),
        "labels": drawn.labels(key, maps, catalogue),
        "purities": pure,
        "provenance": provenance.line(provenance.of(chosen, links.command(chosen))),
        "file": f"{chosen.name}-maps-{maps.distance}",
    }
    items = selection.decode(now.selected, len(catalogue))
    data = facts.maps_data(maps, catalogue, now.focus, item, widgets.theme(), now.colouring, items, about)
    components.linked_maps(data, "maps", take)
    st.markdown(f":small[:gray[{facts.reading_rule(maps, catalogue, now.colouring)}]]")
    panels.older(chosen, maps)
    panels.selection(catalogue, maps, items)
    panels.nearest(catalogue, maps, item)
    panels.everything(catalogue, maps)


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    catalogue, distance = chosen.catalogue, state.current().distance
    maps = drawn.maps(chosen, distance)
    if maps is None:
        widgets.title(facts.question(None))
        controls(catalogue, None)
        widgets.missing_map(chosen, distance, core.expected_seconds(len(catalogue)))
        return
    ways = colours.offered(maps, catalogue)
    if state.current().colouring not in ways:
        state.settle(colouring="focus")
    now = state.current()
    pure = drawn.purities(drawn.key(maps), now.focus if now.colouring == "focus" else None, maps, catalogue)
    widgets.title(facts.question(maps.parts), facts.answer(maps, catalogue, now, pure) or facts.no_answer(catalogue))
    controls(catalogue, ways)
    film_choice.matches(catalogue)
    draw(chosen, maps, pure, facts.item_of(catalogue, state.current().film))
    with widgets.fold():
        st.markdown(facts.how(maps))


page()

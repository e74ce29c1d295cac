"""The sections of the film page, drawn with Streamlit from what is known of one film."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from app import charts as all_charts
from app import components, exports, film_choice, links, posters, recommend_facts, state, widgets, words
from app.data.facts import tail_table
from app.film import charts, facts, tables
from app.film.subject import SHOWN
from app.lab.facts import top
from vasp_models.data.describing import long_tail
from vasp_models.projections import maps as core

ALSO = "Also in"  # the head of the column that says where else a film stands


def controls(chosen, item: int | None, scene) -> None:
    """The row of choices; the way to the explanation and what can be taken away on the right."""
    catalogue = chosen.catalogue
    if item is not None:  # for links and exports, also where the page chose the film
        links.pin(film=str(catalogue.ids[item]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        film_choice.search_field(catalogue, "film_search")
        film_choice.random_button(catalogue)
        st.space("stretch")
        if item is not None:
            with widgets.together():
                if scene.user is not None:
                    explain_button(catalogue, item, scene.user.id)
                with exports.menu():
                    downloads(chosen, item, scene)
    film_choice.matches(catalogue)


def explain_button(catalogue, item: int, user: str) -> None:
    """The way to the explanation of the film for a user."""
    if st.button(f"Why for user {words.markdown(user)}?", icon=":material/manage_search:", key="explain_film"):
        state.change(film=str(catalogue.ids[item]), search="")
        st.switch_page(widgets.page_file("explain"))


def downloads(chosen, item: int, scene) -> None:
    """The lists as CSV, everything as JSON."""
    catalogue = chosen.catalogue
    name = f"film-{chosen.name}-{catalogue.ids[item]}"
    made = partial(tables.record, catalogue, item, scene.found, scene.near, scene.who, scene.stands, scene.user)
    wide, frame = {"width": "stretch"}, partial(tables.lists, catalogue, scene.found, scene.near)
    exports.download_csv(frame, name, label="Lists as CSV", key="film_csv", **wide)
    exports.download_json(made, name, label="Everything as JSON", key="film_json", **wide)


def head(chosen, item: int, rows: list[tuple[str, str, str]]) -> None:
    """Genres, the poster where posters are on, and the figures."""
    genres = "\u2002".join(f":gray-badge[{words.markdown(genre)}]" for genre in chosen.catalogue.genres[item])
    id_words = f":small[:gray[id {words.markdown(str(chosen.catalogue.ids[item]))}]]"
    st.markdown(f"{genres or ':small[:gray[no genres given]]'}\u2002{id_words}")
    place = st.container()
    if state.current().posters:
        poster, place = st.columns([1, 5.4], gap="medium")
        with poster:
            posters.draw(chosen, item, width=150)
    for column, (label, value, beside) in zip(place.columns(len(rows), gap="small"), rows, strict=True):
        look = {"border": True, "delta_color": "off", "delta_arrow": "off"}
        column.metric(label, value, beside, **look)


def listed(catalogue, items: np.ndarray, notes: dict, key: str, label: str) -> None:
    """A short list of films whose rows open their film."""
    data = components.plain_list(catalogue, items[:SHOWN], notes, ALSO, widgets.theme(), label)
    components.film_list(data, key, partial(film_choice.take_opened, catalogue, key))


def recommended(chosen, found) -> None:
    """What the model recommends to somebody with this film alone: by the joint score with its factors, by each part."""
    catalogue, shown = chosen.catalogue, top(found.joint, SHOWN)
    widgets.section("Recommended to somebody with this film alone", facts.one_hot_rule(found))
    notes = facts.notes({name: each.items for name, each in found.lists.items()})
    data = components.recommendation_list(catalogue, shown, recommend_facts.lifts(shown), None, widgets.theme())
    data = components.noted(data, notes.get("joint", {}), ALSO)
    components.film_list(data, "one_film_list", partial(film_choice.take_opened, catalogue, "one_film_list"))
    if not found.parts:
        return
    for column, part in zip(st.columns(len(found.parts), gap="medium"), found.parts, strict=True):
        with column:
            name = words.part_name(part)
            widgets.section(f"By {name} alone", words.PART_NOTES.get(part, ""))
            listed(
                catalogue, found.lists[part].items, notes.get(part, {}), f"one_film_{part}", f"Recommended by {name}"
            )
    st.markdown(f":small[:gray[{facts.agreement(found)}]]")


def nearest(chosen, maps, near: dict, item: int) -> None:
    """The films nearest to this one in each space, those in common marked."""
    distances = {name: words.DISTANCE_NAMES[name] for name in state.DISTANCES}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        widgets.section("Nearest films", facts.near_rule(maps))
        st.space("stretch")
        look = {"format_func": distances.get, "required": True, "label_visibility": "collapsed"}
        st.segmented_control("Distance", distances, **look, **widgets.bound("distance"))
    if maps is None:
        widgets.missing_map(chosen, state.current().distance, core.expected_seconds(len(chosen.catalogue)))
        return
    if not near:
        widgets.notice("It is not on the maps, because the model does not cover it.")
        return
    notes = facts.notes(near)
    for column, (part, items) in zip(st.columns(len(near), gap="medium"), near.items(), strict=True):
        with column:
            st.markdown(f"**{words.part_name(part)}**")
            label = f"Nearest in {words.part_name(part)}"
            listed(chosen.catalogue, items, notes.get(part, {}), f"near_{part}", label)


def popularity(chosen, counts: np.ndarray, item: int, stands) -> None:
    """Where the film stands on the long tail."""
    tail = long_tail(counts)
    half = tail.holding(0.5)
    widgets.section("How popular is it?", facts.popularity_rule(stands, half))
    place = int(np.flatnonzero(tail.items == item)[0])
    figure = charts.popularity(tail, stands, place, widgets.theme())
    twin = tail_table(chosen.catalogue, tail)
    widgets.chart(figure, "film_popularity", facts.popularity_in_words(stands, half), twin=twin)


def likers(who) -> None:
    """The favourite genres of the film's users beside all others."""
    widgets.section("Who likes it? Favourite genres", facts.tastes_rule(who))
    if who.tastes.empty or not who.fans:
        widgets.notice("The films have no genres to compare." if who.fans else "No train user has it in the history.")
        return
    figure = charts.tastes(who.tastes, widgets.theme())
    widgets.chart(figure, "film_tastes", facts.tastes_in_words(who.tastes), twin=tables.tastes(who.tastes))


def shared(chosen, item: int, who) -> None:
    """The films that the same users like, and how much they watch."""
    films = facts.together(who)
    left, right = st.columns([2.2, 1], gap="medium")
    with left:
        widgets.section("What else its users like more than others", facts.TOGETHER_RULE)
        data = components.shared_list(chosen.catalogue, films.head(SHOWN), widgets.theme())
        components.film_list(data, "shared_list", partial(film_choice.take_opened, chosen.catalogue, "shared_list"))
    with right:
        widgets.section("How much they watch", "Films in the history, of train users")
        widgets.table(facts.lengths(who))
        name = f"liked-together-{chosen.name}-{chosen.catalogue.ids[item]}"
        exports.download_csv(partial(tables.together, chosen.catalogue, who.together), name, key="together_csv")


def places(chosen, maps, item: int) -> None:
    """Where the film lies on the maps: small pictures, and the way there."""
    row = maps.row(item) if maps is not None else None
    if row is None:
        return
    rule = f"{words.DISTANCE_NAMES[maps.distance]} distance; places are comparable within a map only"
    widgets.section("Its place on the maps", rule)
    for column, part in zip(st.columns(len(maps.parts), gap="small"), maps.parts, strict=True):
        with column:
            st.markdown(f":small[{words.part_name(part)}]")
            figure = all_charts.place_on_map(maps.positions[part], maps.positions[part][row], widgets.theme())
            alt = f"Where the film lies on the map {words.part_name(part)}"
            widgets.chart(figure, f"place_{part}", alt, tables.on_map(maps, part, row))
    if st.button("Show it on the maps", icon=":material/scatter_plot:"):
        state.change(film=str(chosen.catalogue.ids[item]), search="")
        st.switch_page(widgets.page_file("sensitivity_maps"))

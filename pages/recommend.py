"""What should this user watch next? History beside recommendations, and what each part of the model added."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app import cached, charts, components, dialogs, exports, report_button, state, user_choice, widgets, words
from app import recommend_facts as facts
from app.explain import cached as explain_cached
from vasp_models.data.tastes import genres_before_and_now


def controls(chosen, user, found) -> None:
    """The row of choices: rank by, how many, another user; the download on the right."""
    parts = cached.parts(chosen)
    names = {"joint": chosen.manifest["title"]} | {part: words.part_name(part) for part in parts}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if not len(found):
            user_choice.filter_popover(chosen)
            return
        if parts:
            st.segmented_control("Rank by", names, format_func=names.get, required=True, **widgets.bound("rank_by"))
        st.segmented_control("Show", state.LIST_LENGTHS, required=True, **widgets.bound("k"))
        orders = facts.history_orders(chosen)
        if len(user.history):
            st.segmented_control("History by", orders, format_func=orders.get, required=True, **widgets.bound("order"))
        user_choice.filter_popover(chosen)
        st.space("stretch")
        how = facts.command(chosen, user, state.current())
        table, look = partial(facts.download, chosen, user, found), {"key": "download_csv", "width": "stretch"}
        with exports.menu():
            exports.download_csv(table, f"recommendations-{chosen.name}-{user.id}", how, "List as CSV", **look)
            report_button.report_offer(chosen, user.id)


def lists(chosen, user, found) -> None:
    """History and recommendations side by side; a chosen row opens its film."""
    left, right = st.columns([1, 3.05], gap="medium")
    opened = None
    if len(found):  # else the answer says why there are none
        with right:
            opened = recommended(chosen, user, found)
    with left:  # drawn last, because its order is asked of the model
        of_history = history(chosen, user, found)
    opened = of_history if opened is None else opened
    if opened is not None:
        dialogs.film(chosen, user, found, int(opened))


def history(chosen, user, found) -> int | None:
    """The history, by what its films do to the list or as it came; the item number of the film that was just opened."""
    by_influence = state.current().order == "influence" and len(user.history) and len(found)
    effects = explain_cached.effects(chosen, user.history, found.items) if by_influence else None
    films, order = facts.ordered_history(chosen, user, effects)
    widgets.section("Rated well before", facts.history_words(films, order, found))
    data = components.history_list(chosen.catalogue, films, facts.unmodelled(found), widgets.theme())
    return components.film_list(data, "history_list")


def recommended(chosen, user, found) -> int | None:
    """The recommendations; the item number of the film that was just opened."""
    lifts = facts.lifts(found)
    widgets.section("Recommended now", facts.LIFT_RULE if lifts else facts.SCORE_RULE)
    hits = set(user.held_out.tolist()) if len(user.held_out) else None
    data = components.recommendation_list(chosen.catalogue, found, lifts, hits, widgets.theme())
    return components.film_list(data, "recommendation_list")


def taste(chosen, user, found) -> None:
    """Whether the list keeps the user's taste."""
    mix = genres_before_and_now(chosen.catalogue, user.history, found.items)
    if mix.empty:
        return widgets.caption(facts.NO_GENRES)
    before = f"Hollow: the {words.count(len(user.history), 'film')} rated well before"
    rule = f"{before}. Solid: the {len(found)} recommended. A film counts in each of its genres."
    widgets.section("Does the list keep the user’s taste? Share of films with each genre", rule)
    figure = charts.genre_mix(mix, widgets.theme())
    widgets.chart(figure, "genre_mix", facts.in_words(mix), facts.mix_table(mix))


def computed(chosen, found) -> None:
    """The fold: formula, raw values."""
    with widgets.fold():
        if not found.factors:
            st.markdown(facts.HOW_SCORES)
            return
        st.markdown(facts.how_factors(found))
        raw = facts.raw_values(chosen.catalogue, found)
        widgets.numbers(raw, list(raw)[1:], key="log_factors")
        rest = words.scientific(facts.residual(found))
        st.markdown(f":small[:gray[Largest difference between a log score and the sum of its factors: {rest}.]]")


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    user = user_choice.chosen_user(chosen) if chosen is not None else None
    if user is None:
        return
    now = state.current()
    if now.rank_by not in ("joint", *cached.parts(chosen)):  # a link may name a part that another model has
        now = state.settle(rank_by="joint")
    found = cached.recommendations(chosen, user.history, now.k, now.rank_by)
    widgets.title(
        f"What should user {words.markdown(user.id)} watch next?", facts.answer(chosen.catalogue, user, found)
    )
    widgets.device_note(chosen)
    if remark := facts.remark(user, found):
        widgets.notice(remark)
    controls(chosen, user, found)
    lists(chosen, user, found)
    if not len(found):
        return
    taste(chosen, user, found)
    computed(chosen, found)


page()

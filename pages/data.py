"""What was the model trained on? Ratings, the long tail, histories, genres, years, and what was left out."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app import exports, widgets
from app.data import charts, facts
from vasp_models.data.describing import middle


def ratings(chosen, found) -> None:
    """Every rating, and every user's mean: figures 1 and 2 of the comparison of autoencoders on MovieLens."""
    data, theme = chosen.manifest["dataset"], widgets.theme()
    if found.ratings.empty:
        widgets.section("Which ratings were given?")
        widgets.notice(facts.no_ratings(data))
        return
    left, right = st.columns(2, gap="large")
    with left:
        widgets.section("Which ratings were given?", facts.ratings_rule(data, found.ratings))
        twin = found.ratings.rename(columns=str.capitalize)
        alt = facts.ratings_in_words(found.ratings)
        widgets.chart(charts.ratings(found.ratings, theme), "data_ratings", alt, twin=twin)
    if found.means.empty:
        return
    with right:
        widgets.section("How do users rate on average?", facts.means_rule(found.means))
        half = middle(found.means["mean"].to_numpy(), found.means["users"].to_numpy())
        twin = found.means.rename(columns={"mean": "Mean rating", "users": "Users"})
        alt = f"Users by mean rating, to a tenth; half of them rate {half:g} or less on average"
        widgets.chart(charts.user_means(found.means, half, theme), "data_means", alt, twin=twin)


def spread(chosen, found) -> None:
    """How unevenly likes fall on films and on users."""
    theme, tail = widgets.theme(), found.tail
    left, right = st.columns(2, gap="large")
    with left:
        widgets.section("How long is the tail?", facts.tail_rule(tail))
        twin = facts.tail_table(chosen.catalogue, tail)
        widgets.chart(charts.long_tail(tail, theme), "data_tail", facts.tail_in_words(tail), twin=twin)
    with right:
        widgets.section("How long are the histories?", facts.lengths_rule(found))
        twin = found.lengths.rename(columns={"low": "From", "high": "To", "users": "Users"})
        alt = f"Train users by films in the history; the median is {found.median:g}"
        widgets.chart(charts.lengths(found.lengths, found.median, theme), "data_lengths", alt, twin=twin)


def films(chosen, found) -> None:
    """Which genres and which times."""
    theme, shares = widgets.theme(), {"film_share": "films", "like_share": "likes"}
    left, right = st.columns(2, gap="large")
    with left:
        if found.genres.empty:
            widgets.section("Which genres?")
            widgets.notice(facts.NO_GENRES)
        else:
            widgets.section("Which genres?", facts.genres_rule(found.genres))
            alt = facts.in_words(found.genres, "genre", shares)
            widgets.chart(charts.genres(found.genres, theme), "data_genres", alt, twin=found.genres)
    with right:
        if found.decades.empty:
            widgets.section("From which years?")
            widgets.notice(facts.NO_YEARS)
        else:
            table = found.decades
            widgets.section("From which years?", facts.decades_rule(table, len(chosen.catalogue)))
            alt = facts.in_words(table, "decade", shares)
            figure = charts.decades(table, theme, charts.genres_height(found.genres))
            widgets.chart(figure, "data_decades", alt, twin=table)


def kept(chosen, found) -> None:
    """What was left out, and where the data come from."""
    left, right = st.columns([1.45, 1], gap="large")
    with left:
        if found.steps:
            widgets.section("What was left out?", facts.steps_rule(found.steps))
            names = facts.step_names(found.steps, chosen.manifest["dataset"])
            twin = facts.steps_table(found.steps, names)
            alt = "; ".join(f"{row.Step} {row.Rows:,}" for row in twin.itertuples())
            drawn = partial(charts.preprocessing, found.steps, names, widgets.theme())
            widgets.either_chart((drawn(narrow) for narrow in (False, True)), "data_steps", alt, twin)
        else:
            widgets.section("What was left out?")
            widgets.notice(facts.NO_STEPS)
    with right:
        widgets.section("Where does it come from?", "As the checkpoint tells it")
        widgets.table(facts.rows(chosen))


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    found = facts.described(chosen)
    widgets.title(facts.QUESTION, facts.answer(chosen, found))
    said, taken = st.columns([7, 1])
    if remark := facts.simulated(chosen):
        said.markdown(f":small[:gray[{remark}]]")
    with taken.container(horizontal=True, horizontal_alignment="right"):
        exports.download_json(partial(facts.record, chosen, found), f"data-{chosen.name}", key="data_json")
    look = {"border": True, "delta_color": "off", "delta_arrow": "off"}
    for column, (label, value, beside) in zip(st.columns(4, gap="small"), facts.metrics(chosen, found), strict=True):
        column.metric(label, value, beside, **look)
    ratings(chosen, found)
    spread(chosen, found)
    films(chosen, found)
    kept(chosen, found)
    with widgets.fold():
        st.markdown(facts.HOW)


page()

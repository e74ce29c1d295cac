"""Who is served well, and by which part of the model? Accuracy and the parts' shares by slice, and beyond accuracy."""

from __future__ import annotations

import streamlit as st

from app import cached, widgets
from app.quality import charts, controls, facts, lists
from vasp_models import measures
from vasp_models.evaluation import slices
from vasp_models.evaluation.served import Served


def by_slice(served, shown) -> None:
    """The main figure and the table behind it."""
    if shown.drawn.empty:
        widgets.notice(facts.TOO_FEW)
    else:
        pictures(served, shown)
    if sentence := facts.alone(served, shown):
        st.markdown(sentence)
    table = facts.slice_table(served, shown)
    look = {"hide_index": True, "row_height": 36, "height": 36 * (min(len(table), 11) + 1) + 3}
    counted = {table.columns[1]: st.column_config.NumberColumn(format="localized")}
    with st.container(gap=None):
        st.dataframe(table, column_config=counted, **look)
        widgets.take(table, "slice_table")


def pictures(served, shown) -> None:
    """How well each slice is served, and beside it by which part."""
    theme = widgets.theme()
    left, right = st.columns([1.32, 1], gap="large") if served.factors else (st.container(), None)
    with left:
        widgets.section(facts.METRICS[shown.metric][1], facts.reading(shown))
        figure = charts.accuracy(shown.drawn, theme, shown.overall)
        widgets.chart(figure, "slices", facts.in_words(shown), twin=facts.accuracy_twin(shown))
    if right is not None:
        with right:
            widgets.section(facts.SHARES[shown.kind in slices.USERS], facts.share_reading(served))
            figure = charts.paths(shown.drawn_shares, theme, served.factors)
            name, head, _ = facts.KINDS[shown.kind]
            alt = facts.shares_in_words(served, shown.drawn_shares, name.lower())
            widgets.chart(figure, "path_shares", alt, twin=facts.share_twin(served, shown.shares, head))


def beyond(served) -> None:
    """What the lists are like beside their accuracy, and how much of everything the most popular films get."""
    found = served.measured
    users = f"{found['users']:,} users"
    widgets.section("What the lists are like", lists.READING.format(users, found["settings"]["shown"]))
    if sentence := lists.beyond_answer(served):
        st.markdown(sentence)
    with st.container(gap=None):
        st.table(lists.beyond_table(served), border="horizontal", hide_index=True)
        widgets.take(lists.beyond(served), "lists")
    widgets.section("What do the most popular films get?", lists.tail_answer(served))
    figure = charts.long_tail(served.long_tail, lists.tail_names(served), widgets.theme())
    widgets.chart(figure, "long_tail", lists.tail_in_words(served), twin=lists.tail_twin(served))


def builder(served, metric: str) -> None:
    """A group of users that the viewer puts together, beside everybody else."""
    widgets.section("Put a group together", "Each choice narrows the group; the group is part of this page’s address")
    choice = controls.builder(served)
    members = served.chosen(**{name: value or None for name, value in choice.items()})
    group = served.group(members, metric)
    st.markdown(lists.group_answer(lists.group_words(**choice), group, metric))
    if not (group.inside.n and group.outside.n):
        return
    rows, theme = lists.group_rows(group), widgets.theme()
    left, right = st.columns([1.32, 1], gap="large") if served.factors else (st.container(), None)
    with left:
        figure = charts.accuracy(rows, theme, served.overall(metric).mean)
        widgets.chart(figure, "group", lists.group_in_words(rows, metric), twin=lists.group_twin(rows, metric))
    if right is not None:
        with right:
            shares = lists.group_shares(served, members)
            figure, alt = charts.paths(shares, theme, served.factors), facts.shares_in_words(served, shares, "group")
            widgets.chart(figure, "group_shares", alt, twin=facts.share_twin(served, shares, "Group"))


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    head = st.container()
    found = cached.measure(chosen, "quality", widgets.problem)
    if found is None:
        with head:
            widgets.title(facts.QUESTION, facts.NOT_YET)
        widgets.missing_measure(
            chosen, "quality", facts.MISSING, measures.expected_seconds("quality", len(chosen.catalogue))
        )
        return
    served = Served(found, chosen.catalogue)
    with head:
        title = st.container()
    kind, metric = controls.row(chosen, served, found)
    shown = facts.compared(served, kind, metric)
    with title:
        widgets.title(facts.QUESTION, facts.answer(served, shown))
    by_slice(served, shown)
    builder(served, metric if metric in facts.metrics_of("history") else "ndcg@100")
    beyond(served)
    with widgets.fold():
        st.markdown(lists.how(found))


page()

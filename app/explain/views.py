"""What the Explain page shows of one film: the parts, the films of the history, removals, the test, the tables."""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from app.explain import cached, charts, facts
from app.explain import tables as twins


def waterfall(case, about) -> None:
    """What each part of the model adds."""
    widgets.section(facts.waterfall_title(case), facts.waterfall_rule(about.reasons, about.place))
    figure = charts.waterfall(case.terms, case.unit, widgets.theme(), *facts.places(case))
    said = facts.in_words(case.terms, case.terms.values(), case.unit)
    widgets.chart(figure, "waterfall", said, twins.factors(about.reasons, about.place))


def speakers(chosen, case, about, methods) -> None:
    """Which films of the history speak for it, and which against, by the chosen method."""
    method = methods[state.current().method]
    rows = facts.shown(method)
    with st.container(horizontal=True, gap="xsmall"):
        widgets.section("Which films speak for it, and which against", facts.reasons_rule(method, rows))
        if len(methods) > 1:
            st.space("stretch")
            names = {key: each.name for key, each in methods.items()}
            look = {"label_visibility": "collapsed", "required": True}
            st.segmented_control("Method", names, format_func=names.get, **look, **widgets.bound("method"))
    if not len(rows):
        widgets.notice(facts.NO_EFFECT)
        return
    titles = [chosen.catalogue.titles[film] for film in about.history[rows]]
    effects = {name: values[rows] for name, values in method.effects.items()}
    drawn = titles, effects, case.unit, widgets.theme(), method.axis
    figures = (charts.reasons(*drawn, narrow) for narrow in (False, True))
    twin = twins.drawn(titles, effects, case.unit)
    widgets.either_chart(figures, "reasons", facts.in_words(titles, method.total[rows], case.unit), twin)


def removals(chosen, case, about) -> None:
    """What would change the answer: the smallest removals, and the films that come in instead."""
    widgets.section("What would change the answer", facts.REMOVAL_RULE)
    with widgets.busy("Looking for the fewest films that would have to go", 300):
        found = cached.removals(chosen, about.history, about.item)
    for text, tall in facts.removal_cards(chosen.catalogue, found, case):
        with st.container(border=True, height="stretch" if tall else "content"):
            st.markdown(text)


def deletion(chosen, case, about) -> None:
    """The deletion curve of this very film."""
    widgets.section("Is the reason real? Remove it and see", facts.curve_rule(case.unit))
    with widgets.busy("Removing its reasons one by one", charts.REASONS_HEIGHT + widgets.TOOLS):
        curve = cached.curve(chosen, about.history, about.item)
    figure = charts.deletion(curve, widgets.theme())
    widgets.chart(figure, "deletion", facts.curve_in_words(curve), twins.curve(curve))


@st.fragment
def tables(chosen, about, method) -> None:
    """The twins, made when they are opened: the films of the history, pairs of them; how all of it is computed."""
    catalogue, reasons, place = chosen.catalogue, about.reasons, about.place
    if len(about.history):
        with widgets.lazy_fold(twins.table_label(method, reasons), "table_rows") as box:
            if box.open:
                numbers(twins.table(catalogue, reasons, place, method), "history_table")
    if len(about.history) > 1:
        with widgets.lazy_fold("Films that act together", "join_inner") as box:
            if box.open:
                found = cached.pairs(chosen, about.history, about.item)
                st.markdown(twins.pairs_answer(catalogue, reasons, found))
                numbers(twins.pairs(catalogue, reasons, found), "pairs_table")
    with widgets.lazy_fold("How this is computed", "function") as box:
        if box.open:
            st.markdown(twins.how(reasons, place))
            numbers(twins.factors(reasons, place), "parts_table")


def numbers(frame, key: str) -> None:
    """A table whose numbers are logs of factors."""
    widgets.numbers(frame, list(frame.select_dtypes("float")), decimals=4, key=key)


def explained(chosen, about, case) -> None:
    """The explanation: what is quickly found is drawn first, each figure in its place."""
    methods = facts.methods(about.reasons, about.place)
    if state.current().method not in methods:  # a link may name a part that another model has
        state.settle(method=facts.JOINT)
    (top, change), (bottom, test) = (st.columns([1.32, 1], gap="large") for _ in range(2))
    with top:
        waterfall(case, about)
    below = st.container()
    if case.moves:
        with bottom:
            speakers(chosen, case, about, methods)
        with test:
            deletion(chosen, case, about)
    if len(about.history):
        with change:
            removals(chosen, case, about)
    with below:
        tables(chosen, about, methods[state.current().method])

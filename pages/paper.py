"""Do the papers' claims hold? Each with the published figure, ours, the verdict and the command that measures it."""

from __future__ import annotations

import streamlit as st

from app import widgets, words
from app.paper import cached, charts, controls, facts, tables, telling


def claims(shown: facts.Shown) -> None:
    """One row a claim."""
    widgets.section("The claims, one by one", telling.claims_rule(shown))
    with st.container(gap=None, key="claims"):
        st.table(tables.claim_rows(shown), border="horizontal", hide_index=True)
        widgets.take(lambda: tables.records(shown), "claims")
    if missing := facts.commands(shown):
        with st.expander(
            f"Measure what is missing · {words.count(len(missing), 'command')}", icon=":material/terminal:"
        ):
            st.code("\n".join(missing), language=None, wrap_lines=True)


def compared(shown: facts.Shown) -> None:
    """Table III, published beside ours."""
    rows = tables.beside(shown)
    widgets.section("Table III, published and ours", telling.beside_rule(shown, rows))
    figure = charts.beside(rows, widgets.theme())
    widgets.chart(figure, "table_three", telling.beside_in_words(rows), twin=telling.beside_twin(shown, rows))


def behind(shown: facts.Shown) -> None:
    """The rows of one recipe, with where they come from."""
    widgets.section("The rows behind a claim", "All rows of a table; a dash stands where nothing was measured")
    name = controls.recipe(shown)
    rows = tables.recipe_rows(shown, name)
    with st.container(gap=None, key="recipe_rows"):
        st.dataframe(rows, hide_index=True, row_height=widgets.ROW, height=widgets.ROW * (len(rows) + 1) + 3)
        widgets.take(rows, f"rows_{name}")
    for sentence in facts.errors(shown, name):
        widgets.problem(sentence)
    if about := tables.recipe_words(shown, name):
        st.markdown(f":small[:gray[{about}]]")
    if note := telling.note(name):
        st.markdown(f":small[:gray[{note}]]")
    st.code(shown.command(facts.RECIPES[name]), language=None, wrap_lines=True)


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    found = cached.measured()
    data = controls.data_set(found)
    shown = facts.shown(data, found, controls.parts(chosen, data))
    widgets.title(facts.QUESTION, facts.answer(shown))
    controls.row(found, shown)
    claims(shown)
    compared(shown)
    behind(shown)
    with widgets.fold():
        st.markdown(telling.how(shown))


page()

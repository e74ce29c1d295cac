"""The sections of the page on explanation quality, each with what was measured or how to measure it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app import exports, state, widgets, words
from app.explanation_quality import audit as audit_facts
from app.explanation_quality import charts as quality_charts
from app.explanation_quality import facts
from app.explanation_quality import measured as measured_facts
from app.explanation_quality import parts as parts_facts
from vasp_models import measures


def controls(chosen, found) -> str | None:
    """The row of choices: the measure; the downloads on the right. Returns the chosen measure, None without any."""
    metric = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if offered := facts.offered(found["fidelity"]) if "fidelity" in found else []:
            if state.current().metric not in offered:  # a model whose scores are no shares, or a link
                state.settle(metric=offered[0])
            metric = st.segmented_control("Measure", offered, required=True, **widgets.bound("metric"))
        st.space("stretch")
        name = f"explanation-quality-{chosen.name}"
        with exports.menu():
            rows, wide = partial(measured_facts.rows, found), {"width": "stretch"}
            exports.download_csv(rows, name, label="Rows as CSV", key="download_csv", **wide)
            exports.download_json(found, name, label="Everything as JSON", key="download_json", **wide)
    return metric


def section(chosen, kind: str, found, subtitle: str = "") -> bool:
    """The head of a section, or how to measure what was not measured yet; whether there is something to show."""
    question, about, missing = measured_facts.SECTIONS[kind]
    widgets.section(question, subtitle or about)
    if found is None:
        widgets.missing_measure(chosen, kind, missing, measures.expected_seconds(kind, len(chosen.catalogue)))
    return found is not None


def fidelity(chosen, found, metric) -> None:
    """The methods beside each other, the table behind the chart, and the smallest removals."""
    if found is None:
        section(chosen, "fidelity", None)
        return
    if metric is None:
        widgets.notice(facts.NO_METHOD)
        return
    compared = facts.comparison(found, metric)
    widgets.section(words.markdown(facts.METRICS[metric].text), facts.reading(found, metric))
    figure = quality_charts.methods(compared, widgets.theme(), facts.METRICS[metric].tick)
    widgets.chart(figure, "methods", facts.in_words(compared, metric), facts.comparison_table(compared, metric))
    table, one = facts.methods_table(found, metric), st.column_config.NumberColumn(format="%.1f")
    look = {"hide_index": True, "row_height": 36, "height": 36 * (len(table) + 1) + 3}
    st.dataframe(table, column_config={"ms per explanation": one}, **look)
    removals(found)


def removals(found) -> None:
    """How few films carry a recommendation."""
    rows = facts.removal_rows(found)
    if rows.empty:
        return
    widgets.section("How few films carry a recommendation?", facts.REMOVAL_RULE)
    st.table(rows, border="horizontal", hide_index=True)
    if sentence := facts.agreement(found):
        st.markdown(f":small[:gray[{sentence}]]")


def audit(chosen, found) -> None:
    """How many gates pass, and one line a gate; it lies folded where none asks for attention."""
    if section(chosen, "audit", found, audit_facts.audit_answer(found) if found else ""):
        with widgets.fold("The gates, one by one") if found["passed"] else st.container():
            st.table(audit_facts.audit_rows(found), border="horizontal", hide_index=True)
        with widgets.fold("What each gate looks at"):
            st.table(audit_facts.notes(found), border="horizontal", hide_index=True)


def planted(chosen, found) -> None:
    """How much of what was planted in the simulated viewers is found."""
    if not chosen.manifest["dataset"].get("simulated"):
        return
    if section(chosen, "planted", found, audit_facts.planted_answer(found) if found else ""):
        st.table(audit_facts.planted_rows(found), border="horizontal", hide_index=True)


def parts(chosen, found) -> None:
    """The claim of the paper's figure 3 in numbers."""
    if not section(chosen, "parts", found, parts_facts.reading(found) if found else ""):
        return
    if sentence := parts_facts.sentence(found):
        st.markdown(sentence)
    st.table(parts_facts.table(found), border="horizontal", hide_index=True)
    for line in parts_facts.overlaps(found):
        st.markdown(f":small[:gray[{line}]]")

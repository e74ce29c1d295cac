"""The controls of the Quality page: what is compared, by which metric, downloads, and the slice builder."""

from __future__ import annotations

import streamlit as st

from app import exports, state, widgets
from app.quality import facts, lists
from vasp_models.evaluation import slices


def row(chosen, served, found) -> tuple[str, str]:
    """The row of choices with the downloads at its right; returns the way of slicing and the metric."""
    offered = lists.kinds(served)
    if state.current().slice_by not in offered:  # data without genres or years, or a link
        state.settle(slice_by=offered[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = {"format_func": lambda kind: facts.KINDS[kind][0], "required": True}
        kind = st.segmented_control("Compare by", offered, **name, **widgets.bound("slice_by"))
        metrics = facts.metrics_of(kind)
        if state.current().slice_metric not in metrics:
            state.settle(slice_metric=metrics[0] if kind in slices.USERS else metrics[1])
        st.space("stretch")
        with widgets.together():  # at the right edge, so that it stays where it is while the choice beside it loads
            title = {"format_func": lambda metric: facts.METRICS[metric][0], "width": 130}
            metric = st.selectbox("Measure", metrics, **title, **widgets.bound("slice_metric"))
            file, command = f"quality-{chosen.name}", found["provenance"]["command"]
            with exports.menu():
                rows, record, wide = lambda: lists.rows(served, found), {"quality": found}, {"width": "stretch"}
                exports.download_csv(rows, file, command, "Slices as CSV", key="quality_csv", **wide)
                exports.download_json(record, file, command, "Everything as JSON", key="quality_json", **wide)
    return kind, metric


def builder(served) -> dict:
    """The choices of a group of users; returns the arguments of `Served.chosen` and of `lists.group_words`."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for field, label, options in (
            ("slice_taste", "Favourite genre", lists.tastes(served)),
            ("slice_mainstream", "Taste", lists.mainstreams(served)),
        ):
            if getattr(state.current(), field) not in options:
                state.settle(**{field: lists.ANY})
            if options:
                shown = {"format_func": lambda name: name[:1].upper() + name[1:] if name else "any", "width": 180}
                st.selectbox(label, [lists.ANY, *options], **shown, **widgets.bound(field))
        steps = slices.length_steps(served.lengths)
        for field, label in (("slice_shortest", "Films, at least"), ("slice_longest", "Films, at most")):
            options = lists.lengths(steps, state.current().slice_shortest, state.current().slice_longest, field)
            shown = {"format_func": lambda films: f"{films:,}" if films else "any", "width": 120}
            st.selectbox(label, options, **shown, **widgets.bound(field))
    now = state.current()
    return {
        "taste": now.slice_taste,
        "mainstream": now.slice_mainstream,
        "shortest": now.slice_shortest,
        "longest": now.slice_longest,
    }

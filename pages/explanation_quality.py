"""Are the reasons real? What was measured of the explanations: fidelity, audit, planted truth, the parts' roles."""

from __future__ import annotations

import streamlit as st

from app import cached, widgets
from app.explanation_quality import facts, views
from app.explanation_quality import measured as measured_facts


def measured(chosen) -> dict[str, dict]:
    """What was measured on the checkpoint, by kind; files that are damaged are named in place."""
    found = {kind: cached.measure(chosen, kind, widgets.problem) for kind in measured_facts.SECTIONS}
    return {kind: result for kind, result in found.items() if result is not None}


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    head = st.container()
    found = measured(chosen)
    with head:  # damaged files are named below the title
        widgets.title(facts.QUESTION, facts.answer(found.get("fidelity")))
    metric = views.controls(chosen, found) if found else None
    views.fidelity(chosen, found.get("fidelity"), metric)
    views.audit(chosen, found.get("audit"))
    views.planted(chosen, found.get("planted"))
    views.parts(chosen, found.get("parts"))
    if found:
        with widgets.fold():
            st.markdown(measured_facts.how(found))


page()

"""Which model ranks best on these data? Two to five checkpoints beside each other, on the same users."""

from __future__ import annotations

from functools import partial
import shlex

import streamlit as st

from app import state, widgets, words
from app.compare import cached as kept
from app.compare import controls, facts, views
from vasp_models import comparing


def alone(own, offered) -> None:
    """The page where there is nothing to compare with, and how that is made."""
    widgets.title(facts.QUESTION, facts.ALONE)
    if own.is_bundle:
        widgets.notice(words.sentence(facts.OF_BUNDLE.format(shlex.quote(own.argument))), icon="inventory_2")
    else:
        widgets.notice(facts.HOW_TO, icon="compare_arrows")
        st.code(facts.commands(own), language=None)
    controls.not_offered(offered.refused)


def sections(shown, chosen, reference) -> None:
    """Everything below the choices."""
    views.accuracy(shown)
    views.missing(shown, chosen)
    if shown.compared is not None:
        views.by_slice(shown)
        views.beyond(shown)
    views.lists_of_user(shown, chosen, reference)


def page() -> None:
    """Draw the page."""
    own = widgets.chosen_checkpoint()
    if own is None:
        return
    offered = controls.offer(own)
    if not offered.fitting:
        alone(own, offered)
        return
    head, place = st.container(), st.container()
    chosen = controls.opened([state.current().checkpoint, *offered.chosen()], offered.refused)
    titles = comparing.titles(chosen)
    with place:
        reference = controls.picker(chosen, offered)
    if len(chosen) < comparing.LEAST:
        with head:
            widgets.title(facts.QUESTION, facts.CHOOSE)
        controls.not_offered(offered.refused)
        return
    found = {name: kept.measure(each, widgets.problem) for name, each in chosen.items()}
    measured, stored = comparing.measured(chosen, reference, found), comparing.stored(chosen)
    command = comparing.command([each.argument for each in chosen.values()], chosen[reference].argument)
    record, rows = partial(comparing.record, measured, chosen), partial(facts.rows, measured, stored, titles)
    metric = controls.row(titles, reference, own.name, (record, rows, command))
    shown = facts.Shown(titles, measured, stored, metric)
    with head:
        widgets.title(facts.QUESTION, facts.answer(shown))
    sections(shown, chosen, reference)
    controls.not_offered(offered.refused)
    with widgets.fold():
        st.markdown(facts.HOW)


page()

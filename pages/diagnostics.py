"""Is everything in order here? Program, machine, checkpoints, caches, keys and settings."""

from __future__ import annotations

import streamlit as st

from app import exports, posters, widgets
from app.diagnostics import actions, facts


def urgent(found) -> None:
    """What needs attention or is worth knowing, each with what to do."""
    for check in facts.urgent(found):
        with st.container(border=True):
            st.markdown(facts.line(check))


def tables(found, *sections: str, mends: bool = False) -> None:
    """The checks of some sections, one plain table below the other."""
    for name in sections:
        widgets.section(name)
        st.table(facts.table(found.sections[name], mends), border="horizontal", hide_index=True)


def session() -> None:
    """How long the model took."""
    widgets.section(facts.SESSION, "Since this program was started, for all who use it")
    if known := actions.session():
        st.table(facts.table(known).drop(columns="State"), border="horizontal", hide_index=True, hide_header=True)
    else:
        st.markdown(f":gray[{facts.NO_TIMES}]")


def checkpoints(found) -> None:
    """The checkpoints at hand, and their files one by one when they are asked for."""
    tables(found, "Checkpoints")
    with st.container(horizontal=True, vertical_alignment="center"):
        look = {"icon": ":material/fact_check:", "key": "verify"}
        asked = st.button("Verify digests now", help="Reads every file of every checkpoint", **look)
    if asked:
        actions.verify()
    if done := actions.verified():
        st.table(facts.table(done), border="horizontal", hide_index=True)
    with st.expander("Maps and measures of each checkpoint", icon=":material/scatter_plot:"):
        st.table(facts.table(found.sections["Maps and measures"], True), border="horizontal", hide_index=True)


def kept(found) -> None:
    """What lies in the cache, and the way to get rid of what can be made again."""
    tables(found, "Caches")
    look = {"icon": ":material/mop:", "key": "clear_caches", "help": facts.CLEARS}
    st.button("Clear caches", on_click=actions.clear, **look)


def keyboard() -> None:
    """Every key that does something."""
    widgets.section("Keyboard", facts.KEYS)
    for column, keys in zip(st.columns(2, gap="large"), facts.keys(), strict=True):
        column.table(keys, border="horizontal", hide_index=True)


def text(found) -> None:
    """All of it as text with a button that copies it."""
    with st.expander("Everything as text, to copy", icon=":material/content_copy:"):
        st.markdown(f":small[:gray[{facts.PATHS}]]")
        st.code(found.text(), language=None)


def page() -> None:
    """Draw the page."""
    with widgets.busy("Looking at program, machine and checkpoints", 96):
        found = actions.examined()
    widgets.title(facts.QUESTION, facts.answer(found))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Look again", icon=":material/refresh:", key="look_again", on_click=actions.look_again)
        st.space("stretch")
        if actions.has_checkpoint():
            exports.download_json(found.records, "diagnostics", "vasp-lens doctor --json")
    actions.said()
    urgent(found)
    tables(found, "Machine")
    checkpoints(found)
    kept(found)
    left, right = st.columns([1.4, 1], gap="large")
    with left:
        session()
    with right:
        widgets.section("Settings", "For this session")
        posters.toggle()
    keyboard()
    with st.expander("Versions and licences", icon=":material/inventory_2:"):
        tables(found, "Program", "Licences")
    text(found)


page()

"""The router and the frame: the list of pages and the choices that all pages share."""

from __future__ import annotations

from pathlib import Path
import sys

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # `streamlit run` puts only this file's folder on the path
    sys.path.insert(0, str(ROOT))

from app import cached, components, exports, links, notices, shortcuts, state, user_choice, widgets  # noqa: E402
from app import overview_facts as facts  # noqa: E402
from app import theme as themes  # noqa: E402
from app.lab import actions as lab_actions  # noqa: E402
from app.presenting import frame as presenting  # noqa: E402
from vasp_models.errors import VaspLensError  # noqa: E402

# Group -> title, file, address, icon, whether it is the first page. The groups stand in the order of the sidebar.
PAGES = {
    "Start": [("Overview", "overview", "", "home", True)],
    "Recommend": [
        ("Recommend", "recommend", "recommend", "recommend", False),
        ("Explain", "explain", "explain", "manage_search", False),
        ("Profile lab", "profile_lab", "lab", "science", False),
    ],
    "Understand": [
        ("Sensitivity maps", "sensitivity_maps", "maps", "scatter_plot", False),
        ("Film", "film", "film", "movie", False),
    ],
    "Measure": [
        ("Quality", "quality", "quality", "monitoring", False),
        ("Compare", "compare", "compare", "compare_arrows", False),
        ("Explanation quality", "explanation_quality", "fidelity", "straighten", False),
        ("Paper", "paper", "paper", "fact_check", False),
    ],
    "System": [
        ("Data", "data", "data", "database", False),
        ("Diagnostics", "diagnostics", "diagnostics", "health_and_safety", False),
    ],
}


NEED_MODEL = {"recommend", "explain", "profile_lab", "film"}  # which ask it as soon as they are opened


def pages() -> dict[str, list]:
    """The pages of each group, as Streamlit wants them."""
    return {
        group: [
            st.Page(
                widgets.page_file(file), title=title, url_path=address or None, icon=f":material/{icon}:", default=first
            )
            for title, file, address, icon, first in rows
        ]
        for group, rows in PAGES.items()
    }


def page_name(page) -> str:
    """The name of a page's file."""
    return next(file for rows in PAGES.values() for _, file, address, *_ in rows if address == page.url_path)


def settle() -> object | None:
    """Choose checkpoint and user where the viewer has not; the checkpoint, or None where it cannot be opened."""
    names = cached.checkpoint_names()
    if state.current().checkpoint is None and names:
        state.settle(checkpoint=next(filter(cached.label, names), names[0]))
    if state.current().checkpoint is None:
        return None
    try:
        chosen = cached.checkpoint(state.current().checkpoint)
        if state.current().user is None:
            state.settle(user=user_choice.example_user(chosen))
        user_choice.settle_filter(chosen)
    except VaspLensError:  # the page says what is wrong
        return None
    lab_actions.settle(chosen)
    return chosen


def sidebar(chosen: object | None) -> object:
    """What all pages share: checkpoint and user; returns the place of the line on the program's health."""
    names, now = cached.checkpoint_names(), state.current().checkpoint
    with st.sidebar:
        with st.container(gap="xsmall"):
            if names:
                widgets.checkpoint_choice(names, now)
            if chosen is not None:  # the box above cuts long names
                widgets.caption(f"{facts.model_title(chosen)} on {facts.dataset_title(chosen)}")
        if chosen is not None:
            user_choice.user_field(chosen)
        return st.empty()


def frame() -> None:
    """Draw the frame, run the page in it, then say how the program is."""
    state.read_address()
    shown = "collapsed" if state.current().presenting else 268
    st.set_page_config("VASP Lens", str(themes.ASSETS / "icon-light.svg"), layout="wide", initial_sidebar_state=shown)
    st.html(themes.PAGE_CSS)
    name = widgets.theme().name
    logo, icon = (str(themes.ASSETS / f"{kind}-{name}.svg") for kind in ("logo", "icon"))
    st.logo(logo, size="large", icon_image=icon)
    chosen = settle()
    state.write_address()  # before the page's own name, so that both make one entry of the browser's history
    page = st.navigation(pages(), expanded=True)
    links.note_page(page.url_path)
    health = sidebar(chosen)
    told = notices.frame()
    step = presenting.shown_step(chosen, page_name(page))
    try:
        if chosen is not None and page_name(page) in NEED_MODEL:
            widgets.load(chosen)
        if step is None:
            page.run()
        else:
            st.html(themes.PRESENTER_CSS)
            presenting.draw(chosen, *step)
    except VaspLensError as error:  # a part of the checkpoint that is read only when a page asks for it
        widgets.problem(error)
    told()
    health.markdown(f":small[:gray[:material/check_circle: {cached.health(chosen)}]]")
    if chosen is not None:
        components.take_away(exports.for_browser(chosen))
    components.find_key(shortcuts.FIND.key, shortcuts.FIND_FIELD)
    components.address(*state.settle_address())


frame()

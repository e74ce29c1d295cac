"""The router and the frame: the list of pages and the choices that all pages share."""

from __future__ import annotations

from pathlib import Path
import sys

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # `streamlit run` puts only this file's folder on the path
    sys.path.insert(0, str(ROOT))

from app import cached, state, user_choice, widgets  # noqa: E402
from app import overview_facts as facts  # noqa: E402
from app import theme as themes  # noqa: E402
from app.lab import actions as lab_actions  # noqa: E402
from vasp_models.errors import VaspLensError  # noqa: E402

# Group -> title, file, address, icon, whether it is the first page. The groups stand in the order of the sidebar.
PAGES = {
    "Start": [("Overview", "overview", "", "home", True)],
    "Recommend": [
        ("Recommend", "recommend", "recommend", "recommend", False),
        ("Explain", "explain", "explain", "manage_search", False),
        ("Profile lab", "profile_lab", "lab", "science", False),
    ],
    "Understand": [("Sensitivity maps", "sensitivity_maps", "maps", "scatter_plot", False)],
    "Measure": [("Explanation quality", "explanation_quality", "fidelity", "straighten", False)],
}


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
                widgets.checkpoint_choice(names if now in names else [*names, now])
            if chosen is not None:  # the box above cuts long names
                widgets.caption(f"{facts.model_title(chosen)} on {facts.dataset_title(chosen)}")
        if chosen is not None:
            user_choice.user_field(chosen)
        return st.empty()


def frame() -> None:
    """Draw the frame, run the page in it, then say how the program is."""
    st.set_page_config("VASP Lens", str(themes.ASSETS / "icon-light.svg"), layout="wide", initial_sidebar_state=268)
    st.html(themes.PAGE_CSS)
    name = widgets.theme().name
    logo, icon = (str(themes.ASSETS / f"{kind}-{name}.svg") for kind in ("logo", "icon"))
    st.logo(logo, size="large", icon_image=icon)
    page = st.navigation(pages(), expanded=True)
    state.read_address()
    chosen = settle()
    state.write_address()
    health = sidebar(chosen)
    try:
        page.run()
    except VaspLensError as error:  # a part of the checkpoint that is read only when a page asks for it
        widgets.problem(error)
    health.markdown(f":small[:gray[:material/check_circle: {cached.health(chosen)}]]")


frame()

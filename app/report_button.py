"""The report as a button of the pages: it is made once, then offered as a file."""

from __future__ import annotations

import streamlit as st

from app import cached, exports, words
from vasp_models import measures
from vasp_models.errors import VaspLensError

_KEY = "report_asked"  # the last report that was asked for
_WHAT = (
    "The model, the maps and the story of user {user}{film}, in one file to send on or to print. It needs no network."
)


def report_button(chosen, user: str | None, film: str | None = None) -> None:
    """A fold that makes the report on a user (the example user without one) and offers it; `film` is an id."""
    with st.popover("Report", icon=":material/description:", key="report"):
        report_offer(chosen, user, film)


def report_offer(chosen, user: str | None, film: str | None = None) -> None:
    """The same inside a fold that is there already."""
    about = f" and of {words.markdown(chosen.catalogue.titles[chosen.catalogue.number(film)])}" if film else ""
    st.markdown(f":small[:gray[{_WHAT.format(user=words.markdown(str(user)), film=about)}]]")
    _offer(chosen, user, film)


@st.fragment
def _offer(chosen, user: str | None, film: str | None) -> None:
    asked = (chosen.content, user, film, _state_of(chosen))
    wide = {"width": "stretch"}
    if st.session_state.get(_KEY) != asked:
        ask = {"on_click": st.session_state.__setitem__, "args": (_KEY, asked)}
        st.button("Make the report", icon=":material/description:", key="make_report", **ask, **wide)
        return
    name = exports.file_name("-".join(filter(None, ["report", chosen.name, user, film])), "html")
    try:
        with st.spinner("Asking the model and drawing the report …"):
            text = _made(*asked, name, cached.wanted_device(), chosen)
    except VaspLensError as error:
        st.markdown(words.sentence(str(error)))
        return
    label = f"Save it · {len(text) / 1e6:.1f} MB"
    look = {"icon": ":material/download:", "on_click": "ignore", "key": "save_report", **wide}
    st.download_button(label, text, name, "text/html", **look)


def _state_of(chosen) -> tuple[str, ...]:
    """What has been measured and drawn by now: a report that was made before it is out of date."""
    files = [path for kind in measures.KINDS for path in measures.paths(chosen, kind) if path.exists()]
    drawn = cached.maps(chosen, "lift")
    return (*(f"{path.name} {path.stat().st_mtime_ns}" for path in files), "" if drawn is None else drawn.digest)


@st.cache_data(max_entries=8, show_spinner=False)
def _made(content: str, user: str | None, film: str | None, state: tuple, name: str, device: str, _chosen) -> bytes:
    from app.report import writing

    return writing.made(_chosen, cached.loaded(_chosen), user, film, name).encode()

"""Film posters on pages: off until the viewer asks for them, and never waited for."""

from __future__ import annotations

import os

import streamlit as st

from app import notices, state, widgets
from vasp_models import posters, tmdb
from vasp_models.errors import PosterError
from vasp_models.posters import Poster, Posters
from vasp_models.tmdb import Film, Service

ATTRIBUTION = tmdb.ATTRIBUTION
KEY_VARIABLE, SECRET = "TMDB_API_KEY", "tmdb_key"
# Where another server stands between this one and TMDB: a mirror, or a test's own.
API_VARIABLE, IMAGES_VARIABLE = "VASP_LENS_TMDB_API", "VASP_LENS_TMDB_IMAGES"
NO_KEY = (
    'Posters need a key of TMDB, free for non-commercial use: write `tmdb_key = "..."` into '
    "`~/.streamlit/secrets.toml`, or start the dashboard with `TMDB_API_KEY` set."
)
WAITING = 0.5  # seconds between two looks at whether a poster has come


def draw(chosen, item: int, width: int = 140, dialog: bool = False) -> None:
    """The poster of a film, `width` pixels wide and half as high again, with TMDB's attribution; nothing while off.

    It is fetched in the background: its place is there at once, and the poster comes into it. `dialog` says that it
    stands in a dialog, which a run of the whole page would close.
    """
    if not state.current().posters:
        return
    title = chosen.catalogue.titles[item]
    with st.container(key=f"poster_{item}_{width}", width=max(width, 140), gap="xsmall"):
        if (key := tmdb_key()) is None:
            _show(title, Poster(None), width)
            st.markdown(f":small[:gray[{NO_KEY}]]")
            return
        film = posters.film(chosen.catalogue, item, _links(chosen.digest, chosen))
        _poster(film, title, key, width, dialog)
        st.markdown(f":small[:gray[{ATTRIBUTION}]]")


def toggle() -> None:
    """The switch for posters, and how to give a key where there is none."""
    st.toggle("Film posters from TMDB", **widgets.bound("posters"))
    if state.current().posters and tmdb_key() is None:
        widgets.notice(NO_KEY, icon="key")


def tmdb_key() -> str | None:
    """The viewer's key, from Streamlit's secrets or the environment; None where there is none."""
    try:
        secret = st.secrets.get(SECRET) if st.secrets.load_if_toml_exists() else None
    except Exception:  # a damaged file: whoever mends it starts the dashboard again
        secret = None
    return str(secret or os.environ.get(KEY_VARIABLE) or "").strip() or None


def placeholder() -> str:
    """What stands in a poster's place, in the theme's inks: SVG of a poster's shape."""
    inks = widgets.theme()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{tmdb.WIDTH}" height="{tmdb.HEIGHT}" viewBox="0 0 342 513">'
        f'<rect x="1" y="1" width="340" height="511" rx="12" fill="{inks.card}" stroke="{inks.border}" '
        f'stroke-width="2"/><g fill="none" stroke="{inks.muted}" stroke-width="7" stroke-linejoin="round">'
        '<rect x="109" y="202" width="124" height="109" rx="9"/>'
        '<path d="M137 202v109M205 202v109M109 238h28M109 275h28M205 238h28M205 275h28"/></g></svg>'
    )


def _poster(film: Film, title: str, key: str, width: int, dialog: bool) -> None:
    """The poster where it is known, else its place, which looks again until it is."""
    found = _found(film, key)
    if found is not None:
        _show(title, found, width)
    else:
        st.fragment(_pending, run_every=WAITING)(film, title, key, width, dialog)


def _pending(film: Film, title: str, key: str, width: int, dialog: bool) -> None:
    found = _found(film, key)
    if found is not None and not dialog:
        st.rerun()  # the whole page, in which nothing looks again
    _show(title, found or Poster(None), width)


def _found(film: Film, key: str) -> Poster | None:
    service = os.environ.get(API_VARIABLE, tmdb.API), os.environ.get(IMAGES_VARIABLE, tmdb.IMAGES)
    try:
        return _posters(key, *service).poster(film)
    except PosterError as error:
        notices.problem("posters", str(error))
        return Poster(None)


def _show(title: str, poster: Poster, width: int) -> None:
    if poster.image is None:
        st.image(placeholder(), width=width, alt=f"No poster of {title}")
    else:
        st.image(poster.image, width=width, alt=f"Poster of {title}")


@st.cache_resource(max_entries=4, show_spinner=False)
def _posters(key: str, api: str, images: str) -> Posters:
    return Posters(Service(key, api, images))


@st.cache_data(max_entries=8, show_spinner=False)
def _links(digest: str, _chosen) -> dict[str, str]:
    return posters.links(_chosen.manifest["dataset"])

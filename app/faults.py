"""Faults of the program itself: a calm box with what a helper needs, in the place of a traceback."""

from __future__ import annotations

import platform
import traceback
from urllib.parse import urlsplit

import streamlit as st

from app import notices
from vasp_models import provenance
from vasp_models.errors import VaspLensError

_PACKAGES = ("vasp-lens", "streamlit", "torch", "numpy", "pandas")
_ABOUT = "fault"
SENTENCE = (
    "Something went wrong that VASP Lens was not prepared for; the other pages go on. Load the page again to try once "
    "more; if it comes back, send what stands below to whoever looks after this program. The terminal in which the "
    "dashboard was started has it too."
)


def show(error: Exception) -> bool:
    """Show an exception that reached Streamlit, and keep it for the next pages; True, because it is shown.

    Streamlit has written it to the server's log by now.
    """
    if isinstance(error, VaspLensError):  # raised in a part that runs alone: its sentence says all there is to say
        notices.problem(_ABOUT, str(error))
    else:
        notices.problem(_ABOUT, SENTENCE, report=report(error))
    if notices.is_news(_ABOUT):
        notices.show_now(_ABOUT)
    return True


def report(error: Exception) -> str:
    """What happened, where, and with which versions: text to copy."""
    found = provenance.versions(_PACKAGES)
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    shown = urlsplit(st.context.url or "")
    return "\n".join(
        [
            f"{type(error).__name__} on {shown.path or '/'}, {provenance.now()}",
            f"{versions}, Python {platform.python_version()}, {platform.system()}",
            "",
            "".join(traceback.format_exception(error)).rstrip(),
        ]
    )

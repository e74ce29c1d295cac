"""What went wrong, kept in the session and shown on every page until it is dismissed; what is done, told once.

Background jobs are watched from here: the end of one is told on whatever page the viewer is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import re

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app import words
from app.theme import ASSETS
from vasp_models.jobs import Job

LOOK_EVERY = 2.0  # seconds between two looks at running jobs
DIAGNOSTICS = str(ASSETS.parent / "pages" / "diagnostics.py")
_KEY = "app_notices"


@dataclass(frozen=True)
class Notice:
    """A problem: `about` names its cause (a later one of the same cause takes its place), `text` is plain.

    `command` mends it; `report` is what a helper would ask for.
    """

    about: str
    text: str
    command: str | None = None
    report: str | None = None


@dataclass
class Watched:
    """A job in the background: how far it is, its name in a sentence, and the command that does the same."""

    job: Callable[[], Job]
    name: str
    command: str


@dataclass
class Kept:
    """What one session remembers; `dismissed` so that what goes on failing is not told again and again."""

    notices: dict[str, Notice] = field(default_factory=dict)
    dismissed: set[Notice] = field(default_factory=set)
    watched: dict[str, Watched] = field(default_factory=dict)
    shown: set[Notice] = field(default_factory=set)  # above the page that is drawn now
    below: set[str] = field(default_factory=set)  # causes that the page itself added in this run


def kept() -> Kept:
    """The session's notices."""
    return st.session_state.setdefault(_KEY, Kept())


def problem(about: str, text: str, command: str | None = None, report: str | None = None) -> None:
    """Keep a problem until it is dismissed; one that was dismissed with the same words is not brought back."""
    notice, mine = Notice(about, text, command, report), kept()
    if notice not in mine.dismissed:
        mine.notices[about] = notice


def dismiss(about: str) -> None:
    """Take a problem away, for good where it comes again in the same words."""
    mine = kept()
    if (notice := mine.notices.pop(about, None)) is not None:
        mine.dismissed.add(notice)


def watch(name: str, job: Callable[[], Job], command: str) -> None:
    """Tell the end of a background job, on whatever page the viewer will be then."""
    mine, about = kept(), re.sub(r"\W+", "-", name.lower())
    mine.watched[about] = Watched(job, name, command)
    mine.dismissed = {notice for notice in mine.dismissed if notice.about != about}  # a new attempt may fail anew


def frame() -> Callable[[], None]:
    """Make the place of the notices, above the page; what is returned shows those that the page added meanwhile."""
    kept().below.clear()
    place = st.container(key="notices")
    with place:
        st.fragment(_look, run_every=LOOK_EVERY if kept().watched else None)()
    kept().shown = set(kept().notices.values())

    def finish() -> None:
        with place:
            for notice in kept().notices.values():
                if notice not in kept().shown:
                    show_now(notice.about)

    return finish


def is_news(about: str) -> bool:
    """Whether the problem of that cause does not stand above the page already."""
    notice = kept().notices.get(about)
    return notice is not None and notice not in kept().shown and about not in kept().below


def show_now(about: str) -> None:
    """Show the problem of that cause here, where the page's own frame has no chance to any more."""
    kept().below.add(about)
    box(kept().notices[about])


def _look() -> None:
    """Look after the jobs, then show every problem."""
    _look_after_jobs()
    for notice in kept().notices.values():
        if notice.about not in kept().below:
            box(notice)


def _look_after_jobs() -> None:
    mine = kept()
    for about, each in list(mine.watched.items()):
        now = each.job()
        if now.state == "running":
            continue
        del mine.watched[about]
        if now.state == "failed":
            problem(about, f"{each.name}: the computation stopped. {now.error}", each.command)
        elif now.state == "done":
            mine.notices.pop(about, None)
            st.toast(f"Done: {words.markdown(each.name)}.", icon=":material/check_circle:")


def box(notice: Notice) -> None:
    """One problem in a calm box: what happened, the command that mends it, and a button that takes the box away."""
    with st.container(border=True, key=f"notice_{notice.about}"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(f":gray[:material/error:]\u2002{words.sentence(notice.text)}", width="stretch")
            st.button("Dismiss", key=f"dismiss_{notice.about}", type="tertiary", on_click=dismiss, args=(notice.about,))
        if notice.command:
            st.code(notice.command, language=None)
        if notice.report:
            with st.expander("What to send to whoever helps you", icon=":material/content_copy:"):
                st.code(notice.report, language=None, wrap_lines=True)
            with suppress(StreamlitAPIException):  # before the pages are known there is no link to one
                st.page_link(
                    DIAGNOSTICS, label="Is everything else in order? Diagnostics", icon=":material/health_and_safety:"
                )

"""The choices of the Compare page: which checkpoints, against which, by which metric; and who is not offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from app import cached, exports, links, state, widgets, words
from app.compare import cached as kept
from app.compare import facts
from app.quality import facts as quality
from vasp_models import comparing
from vasp_models.checkpoints import Checkpoint
from vasp_models.errors import VaspLensError
from vasp_models.evaluation.found import USER_METRICS

_BESIDE, _AGAINST = "compare_beside", "compare_against"


@dataclass(frozen=True)
class Offer:
    """What the sidebar's checkpoint may be compared with: names in their order, and why others do not fit."""

    fitting: list[str]
    refused: dict[str, str]
    measured: list[str]

    def chosen(self) -> list[str]:
        """The viewer's choice of those that fit; without one the first that were measured."""
        if (beside := state.current().beside) is not None:
            return [name for name in beside if name in self.fitting]
        return (self.measured or self.fitting[:1])[: state.MAX_BESIDE]


def offer(chosen: Checkpoint) -> Offer:
    """Look at the manifests of all checkpoints on offer; no other file is read."""
    fitting, refused, measured = [], {}, []
    for name in cached.checkpoint_names():
        if name == state.current().checkpoint:
            continue
        about = kept.manifest(name)
        why = "it cannot be read" if about is None else comparing.refusal(chosen.manifest, about)
        if why is not None:
            refused[name] = why
            continue
        fitting.append(name)
        if kept.is_measured(name, about):
            measured.append(name)
    return Offer(fitting, refused, measured)


def opened(names: list[str], refused: dict[str, str]) -> dict[str, Checkpoint]:
    """The checkpoints of these names; those that cannot be opened after all are named among the `refused`."""
    found: dict[str, Checkpoint] = {}
    for name in names:
        try:
            other = cached.checkpoint(name)
            if found:
                comparing.check({next(iter(found)): next(iter(found.values())), name: other})
            found[name] = other
        except VaspLensError as error:
            refused[name] = str(error).rstrip(".")
    return found


def picker(chosen: Mapping[str, Checkpoint], offered: Offer) -> str:
    """The choice of checkpoints; returns the name of the one that the others' differences are to."""
    own, now = next(iter(chosen)), state.current()
    labels, others = _labels([own, *offered.fitting]), [name for name in chosen if name != own]
    reference = now.against if now.against in chosen else own
    st.session_state[_BESIDE] = others
    links.pin(beside=tuple(others), against=reference)
    most = {"max_selections": state.MAX_BESIDE, "placeholder": "Choose one to four"}
    if offered.refused:
        most["help"] = (
            f"Only those that fit; why {words.count(len(offered.refused), 'other')} cannot be compared stands below."
        )
    label = f"Compare {words.markdown(labels[own])} with"
    st.multiselect(label, offered.fitting, format_func=labels.get, key=_BESIDE, on_change=_take_beside, **most)
    for line in facts.left_out(now.beside, own, offered.fitting, offered.refused):
        widgets.notice(line, icon="block")
    return reference


def _take_beside() -> None:
    state.change(beside=tuple(st.session_state[_BESIDE]))


def _take_against() -> None:
    state.change(against=st.session_state[_AGAINST])


def _labels(names: list[str]) -> dict[str, str]:
    """What each is called in the list: model and preset, with its name where that is not enough."""
    found = {name: kept.manifest(name) for name in names}
    text = {name: f"{about['title']} {about['preset']}" if about else name for name, about in found.items()}
    twice = {label for label in text.values() if list(text.values()).count(label) > 1}
    return {name: f"{label} ({name})" if label in twice else label for name, label in text.items()}


def row(titles: Mapping[str, str], reference: str, name: str, files: tuple) -> str:
    """The row of the reference and the metric, with the downloads at its right; returns the metric.

    `files` are the record, the table and the command that makes both again; `name` is what they are called after.
    """
    record, table, command = files
    st.session_state[_AGAINST] = reference
    with st.container(horizontal=True, vertical_alignment="bottom"):
        look = {"width": 190, "key": _AGAINST, "on_change": _take_against}
        st.selectbox("Differences to", list(titles), format_func=titles.get, **look)
        look = {"format_func": lambda each: quality.METRICS[each][0], "required": True}
        chosen = st.segmented_control("Measure", list(USER_METRICS), **look, **widgets.bound("compare_metric"))
        st.space("stretch")
        file, wide = f"comparison-{name}", {"width": "stretch"}
        with exports.menu():
            exports.download_csv(table, file, command, "Comparison as CSV", key="compare_csv", **wide)
            exports.download_json(record, file, command, "Everything as JSON", key="compare_json", **wide)
    return chosen


def not_offered(refused: Mapping[str, str]) -> None:
    """A fold that says why other checkpoints are not offered; nothing where there are none."""
    if refused:
        count = words.count(len(refused), "checkpoint")
        with st.expander(f"{count} cannot be compared with this one", icon=":material/block:"):
            st.markdown("\n".join(f"- {line}" for line in facts.refused_words(refused)))

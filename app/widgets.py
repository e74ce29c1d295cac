"""Pieces that several pages are made of: titles, answers, calm errors, bound controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import pandas as pd
import streamlit as st

from app import cached, exports, notices, state, words
from app import theme as themes
from app.charts import CONFIG
from app.words import sentence
from vasp_models import measures
from vasp_models.errors import VaspLensError
from vasp_models.jobs import Job
from vasp_models.projections import maps

ROW = 36  # px, a row of a table
TOOLS = 28  # px, the row below a figure
MOST_ROWS = 10  # of a figure's table before it scrolls


def theme() -> themes.Theme:
    """The theme the browser shows; light until it has told."""
    return themes.theme("dark" if st.context.theme.type == "dark" else "light")


def title(question: str, answer: str | None = None) -> None:
    """A page's question, with the link to the page as it is, and its answer in one sentence."""
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False, key="question"):
        st.title(question, anchor=False)
        if state.current().checkpoint is not None:
            link = ":gray[:material/link:\u2002Copy link]"
            st.button(link, type="tertiary", key="copy_link")  # answered by take_away.js
    if answer:
        with st.container(key="answer"):
            st.markdown(answer)


def section(name: str, subtitle: str = "") -> None:
    """A section's head; the subtitle carries unit, legend and reading rule. Both are Markdown."""
    st.markdown(f"##### {name}\n:small[:gray[{subtitle}]]" if subtitle else f"##### {name}")


def caption(text: str) -> None:
    """Small muted words below what they tell of; plain text."""
    st.markdown(f":small[:gray[{words.markdown(text)}]]")


def fold(label: str = "How this is computed"):
    """The fold at a page's end."""
    return st.expander(label, icon=":material/function:")


def lazy_fold(label: str, icon: str):
    """A fold that tells whether it is open, so that what is costly is made only then; it stays open from run to run."""
    return st.expander(label, icon=f":material/{icon}:", key=f"fold_{icon}", on_change="rerun")


def chart(figure, key: str, alt: str, twin: pd.DataFrame | None = None) -> None:
    """A figure in the place it is drawn for, with its words for those who do not see it.

    Below it what can be taken: its numbers (`twin`, with names for people) as a table and as CSV, and a picture.
    """
    with st.container(key=f"figure_{key}", gap=None):
        _figure(figure, key, alt)
        _taking(key, twin)


def either_chart(figures: Iterable, key: str, alt: str, twin: pd.DataFrame | None = None) -> None:
    """A figure for wide windows and one for narrow ones: the page's style shows the one that fits."""
    with st.container(key=f"figure_{key}", gap=None):
        for screen, figure in zip(("wide", "narrow"), figures, strict=True):
            with st.container(key=f"{screen}_{key}"):
                _figure(figure, f"{key}_{screen}", alt)
        _taking(key, twin)


def _figure(figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, theme=None, config=CONFIG, key=key, alt=alt)


_QUIET = {"label": ":gray[CSV]", "icon": None, "type": "tertiary"}


def _taking(key: str, twin: pd.DataFrame | None) -> None:
    """What can be taken of a figure."""
    with _tools(key):
        if twin is not None:
            with st.popover(":gray[Table]", type="tertiary", key=f"twin_{key}"):
                height = ROW * (min(len(twin), MOST_ROWS) + 1) + 3
                st.dataframe(twin, hide_index=True, row_height=ROW, width="content", height=height)
            exports.download_csv(twin, f"{key}-{state.current().checkpoint}", key=f"csv_{key}", **_QUIET)
        st.button(":gray[PNG]", type="tertiary", key=f"png_{key}")  # answered by take_away.js


def _tools(key: str):
    """The quiet row below a figure or a table; its height is TOOLS."""
    row = {"horizontal": True, "horizontal_alignment": "right", "vertical_alignment": "center", "gap": "small"}
    return st.container(key=f"tools_{key}", wrap=False, **row)


def take(frame: pd.DataFrame | Callable[[], pd.DataFrame], key: str) -> None:
    """The quiet row below a table: it as CSV."""
    with _tools(key):
        exports.download_csv(frame, f"{key}-{state.current().checkpoint}", key=f"csv_{key}", **_QUIET)


def together():
    """A place in a row for controls that stay side by side where the row has to go on in a second line."""
    return st.container(horizontal=True, vertical_alignment="bottom", width="content")


def table(rows: list[tuple[str, str]]) -> None:
    """Facts as a plain table of names and values, both text."""
    shown = pd.DataFrame([(name, words.markdown(value)) for name, value in rows])
    st.table(shown, border="horizontal", hide_index=True, hide_header=True)


def numbers(frame: pd.DataFrame, columns: list[str], decimals: int = 3, key: str | None = None) -> None:
    """A table of raw values; `columns` are the numbers, shown with so many decimals; with a `key`, also as CSV."""
    config = dict.fromkeys(columns, st.column_config.NumberColumn(format=f"%.{decimals}f"))
    with st.container(gap=None):
        st.dataframe(frame, hide_index=True, row_height=ROW, column_config=config)
        if key is not None:
            take(frame, key)


def notice(sentence: str, icon: str = "info") -> None:
    """A calm remark in place: an icon and a sentence (Markdown)."""
    with st.container(border=True):
        st.markdown(f":gray[:material/{icon}:]\u2002{sentence}")


def problem(error: VaspLensError | str) -> None:
    """An error in place: its one sentence, commands in code as they were written."""
    notice(sentence(str(error)), icon="error")


def bound(field: str) -> dict:
    """Arguments that bind a widget to a field of the state: it shows the field, and a change sets it."""
    key = f"bound_{field}"
    st.session_state[key] = getattr(state.current(), field)
    return {"key": key, "on_change": _take, "args": (field, key)}


def _take(field: str, key: str) -> None:
    value = st.session_state[key]
    state.change(**{field: tuple(value) if isinstance(value, list) else value})


def checkpoint_choice(names: list[str], now: str) -> None:
    """The choice of a checkpoint; two that would read the same are told apart by their names.

    A link may name one, as `now`, that is not among the `names` on offer: it is shown as it is written.
    """
    labels = {name: cached.label(name) or name for name in names}
    names = names if now in names else [*names, now]
    labels.setdefault(now, now)
    twice = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    text = {name: f"{label} ({name})" if label in twice and label != name else label for name, label in labels.items()}
    st.selectbox("Checkpoint", names, format_func=lambda name: text.get(name, str(name)), **bound("checkpoint"))


def chosen_checkpoint():
    """The checkpoint in the state, or None after saying in place why there is none."""
    name = state.current().checkpoint
    if name is None:
        no_checkpoint()
        return None
    try:
        return cached.checkpoint(name)
    except VaspLensError as error:
        title("This checkpoint cannot be opened")
        problem(error)
        others = [other for other in cached.checkpoint_names() if other != name and cached.label(other)]
        if others:
            st.button(f"Open {cached.label(others[0])}", on_click=state.change, kwargs={"checkpoint": others[0]})
        return None


def no_checkpoint() -> None:
    """The page where there is nothing to show yet."""
    title("No model yet", "Train one, or open the embedded demo; this page finds it when it is loaded again.")
    commands = ["demo", "data get ml-latest-small", "train vasp --data ml-latest-small"]
    st.code("\n".join(f"vasp-lens {command}" for command in commands), language=None)


def load(chosen) -> None:
    """Load the model where it is not in memory yet, with words in the page's place meanwhile."""
    place = st.empty()  # there in every run: the page's own elements keep their places, and are not made anew
    if cached.in_memory(chosen) is not None:
        return
    with place.container():
        size = sum(facts["bytes"] for facts in chosen.manifest["files"].values()) / 2**20
        what = "the bundle" if chosen.is_bundle else "the model"
        about = f"**{words.markdown(chosen.label)}**, {size:.0f} MB: this is done once."
        with st.container(key="loading"):
            st.markdown(f":material/hourglass_top: Loading {what} {about}")
        st.skeleton(height=480)
    try:
        cached.loaded(chosen)
    finally:
        place.empty()


@contextmanager
def busy(text: str, height: int) -> Iterator[None]:
    """Words and a skeleton of the final height in the place of what the block computes."""
    place = st.empty()
    with place.container(height=height, border=False, key=f"busy_{len(text)}_{height}"):
        caption(f"{text} …")
        st.skeleton(height=max(height - 60, 20))
    try:
        yield
    finally:
        place.empty()


def device_note(chosen) -> None:
    """Tell, until it is dismissed, why the model does not run where it was asked to; after the model was loaded."""
    if note := cached.loaded(chosen).note:
        notices.problem("device", note)


def missing_map(chosen, distance: str, seconds: float) -> None:
    """Where no map exists yet: the command, a button with the expected time, and the progress once it runs.

    Or why there can be none.
    """
    if reason := maps.refusal(chosen):
        notice(reason, icon="scatter_plot")
        return
    name = words.DISTANCE_NAMES[distance]
    job = partial(cached.map_job, chosen, distance)
    text = f"The **{name}** maps of this checkpoint have not been computed yet. They are drawn once and kept."
    command = f"vasp-lens map {chosen.argument} --distance {distance}"
    if chosen.is_bundle:
        _not_in_bundle(chosen, text, f"vasp-lens map {chosen.manifest['bundle']['checkpoint']} --distance {distance}")
    elif _offered(job, f"{name} maps of {chosen.name}", text, command, "scatter_plot"):
        label = f"Compute them now · about {words.seconds(seconds)}"
        _start(label, "compute_maps", cached.start_maps, chosen, distance)


def missing_measure(chosen, kind: str, text: str, seconds: float) -> None:
    """Where something was not measured yet: the command, a button with the expected time, the progress once it runs."""
    job, command = partial(cached.measure_job, chosen, kind), measures.command(chosen, kind)
    if chosen.is_bundle:
        _not_in_bundle(chosen, text, f"vasp-lens {kind} {chosen.manifest['bundle']['checkpoint']}")
    elif _offered(job, f"{kind.capitalize()} of {chosen.name}", text, command, "straighten"):
        label = f"Measure it now · about {words.seconds(seconds)}"
        _start(label, f"measure_{kind}", cached.start_measure, chosen, kind)


def _not_in_bundle(chosen, text: str, command: str) -> None:
    """Say that something is missing in a bundle, and with which commands it is made where the model is."""
    notice(f"{text} This bundle was made without it; where the model is, these make it:", icon="inventory_2")
    st.code(f"{command}\n{chosen.manifest['bundle']['command']}", language=None)


def _start(label: str, key: str, action: Callable, *arguments: object) -> None:
    """A button that starts something in the background."""
    st.button(label, icon=":material/play_arrow:", key=key, on_click=action, args=arguments)


def _offered(job: Callable[[], Job], name: str, text: str, command: str, icon: str) -> bool:
    """Say that something is missing and with which command it is made, or how far it is; whether it may be started."""
    now = job()
    if now.state == "running":
        notices.watch(name, job, command)
        st.fragment(_progress, run_every=1.0)(job, name)
        return False
    notice(text, icon=icon)
    if now.state == "failed":
        problem(f"The last attempt stopped: {now.error}")
    st.code(command, language=None)
    return True


def _progress(job: Callable[[], Job], name: str) -> None:
    now = job()
    if now.state != "running":
        st.rerun()  # the whole page: the result is there, or the reason why not
    made = f"**{words.markdown(name)}**: this is being computed in the background."
    st.markdown(f"{made} You can go on to other pages; its end is told there.")
    st.progress(min(max(now.fraction, 0.0), 1.0), f"{now.stage} · {words.seconds(now.seconds)}")


def page_file(name: str) -> str:
    """The file of a page, for links and switches."""
    return str(themes.ASSETS.parent / "pages" / f"{name}.py")

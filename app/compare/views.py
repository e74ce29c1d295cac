"""The sections of the Compare page: accuracy, groups, lists beyond accuracy, and the lists of one user."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app import state, widgets, words
from app.compare import cached as kept
from app.compare import charts, facts, groups, lists, one_user, slopes
from app.compare.facts import Shown
from app.quality import facts as quality
from app.quality import lists as quality_lists
from vasp_models import comparing, measures
from vasp_models.bundles.needs import MODEL_MODULES
from vasp_models.checkpoints import Checkpoint
from vasp_models.errors import UnknownUserError, VaspLensError


def looks(shown: Shown) -> dict[str, charts.Look]:
    """How each checkpoint is drawn in the theme that the browser shows."""
    return charts.looks(shown.titles, widgets.theme())


def accuracy(shown: Shown) -> None:
    """The main figure and the table behind it; nothing where nobody was measured by the metric."""
    if shown.table().empty:
        return
    rows, theme = facts.accuracy_rows(shown), widgets.theme()
    left, right = st.columns([1.1, 1], gap="large") if shown.compared else (st.container(), None)
    with left:
        head = quality.METRICS[shown.metric][1]
        widgets.section(head, facts.READING)
        figure = charts.dots(rows, looks(shown), theme)
        words_of = facts.in_words(rows, shown.titles, head)
        widgets.chart(figure, "compare_accuracy", words_of, twin=facts.twin(shown.table(), shown.titles))
    if right is not None:
        with right:
            apart = facts.apart_rows(shown)
            title = shown.title(shown.compared.reference)
            widgets.section(f"Difference in {shown.label}", facts.APART_READING.format(title))
            figure = charts.dots(apart, looks(shown), theme, zero=True)
            words_of = facts.in_words(apart, shown.titles, f"Difference to {shown.titles[shown.compared.reference]}")
            widgets.chart(figure, "compare_differences", words_of, twin=facts.twin(shown.table(), shown.titles))
    table = facts.accuracy_table(shown)
    with st.container(gap=None):
        st.dataframe(table, hide_index=True, row_height=widgets.ROW, height=widgets.ROW * (len(table) + 1) + 3)
        widgets.take(table, "compare_table")


def missing(shown: Shown, chosen: Mapping[str, Checkpoint]) -> None:
    """What was not measured yet, one after the other, and what was measured on other users."""
    for sentence in shown.measured.aside.values():
        widgets.notice(words.sentence(sentence), icon="group_off")
    if not shown.measured.missing:
        return
    name, *later = shown.measured.missing
    text = facts.MISSING.format(shown.title(name))
    if later:
        text += f" After it: {words.joined([shown.title(each) for each in later])}."
    films = len(chosen[name].catalogue)
    widgets.missing_measure(chosen[name], comparing.KIND, text, measures.expected_seconds(comparing.KIND, films))


def by_slice(shown: Shown) -> None:
    """Who does better for whom."""
    offered = quality_lists.kinds(shown.compared.first)
    if state.current().slice_by not in offered:
        state.settle(slice_by=offered[0])
    kind = state.current().slice_by
    metric = groups.slice_metric(kind, shown.metric)
    reference = shown.title(shown.compared.reference)
    widgets.section(f"For whom? {quality.METRICS[metric][1]}", groups.READING.format(reference, quality.unit(kind)))
    name = {"format_func": lambda each: quality.KINDS[each][0], "required": True}
    st.segmented_control("By", offered, **name, **widgets.bound("slice_by"))
    table = shown.compared.by_slice(kind, metric)
    rows, told = groups.slice_rows(table, shown.compared.reference, kind), facts.twin(table, shown.titles)
    if rows.empty:
        widgets.notice(quality.TOO_FEW)
    else:
        st.markdown(groups.slice_answer(rows, shown))
        figure = charts.by_slice(rows, looks(shown), widgets.theme())
        widgets.chart(figure, "compare_slices", groups.slices_in_words(rows, shown, kind), twin=told)
        widgets.caption(groups.TABLE_READING.format(shown.titles[shown.compared.reference]))
        table = groups.slice_table(rows, shown, kind)
        counted = {table.columns[1]: st.column_config.NumberColumn(format="localized")}
        with st.container(gap=None):
            height = widgets.ROW * (min(len(table), 11) + 1) + 3
            st.dataframe(table, hide_index=True, row_height=widgets.ROW, height=height, column_config=counted)
            widgets.take(table, "compare_slice_table")


def beyond(shown: Shown) -> None:
    """What the lists are like beside their accuracy."""
    reference = shown.title(shown.compared.reference)
    widgets.section("What are the lists like?", lists.READING.format(reference))
    rows = lists.trade_rows(shown)
    if len(rows):
        st.markdown(lists.trade_answer(rows, shown))
        across = "films in anybody’s first 20, as a share of the catalogue"
        figure = charts.trade_off(rows, looks(shown), widgets.theme(), across, shown.label)
        told = "; ".join(f"{shown.titles[row.system]} {words.share(row.x)}, {row.y:.3f}" for row in rows.itertuples())
        alt = f"Coverage@20 and {shown.label}: {told}"
        widgets.chart(figure, "compare_trade_off", alt, twin=lists.trade_twin(rows, shown))
    with st.container(gap=None):
        st.table(lists.lists_table(shown.compared, shown.titles), border="horizontal", hide_index=True)
        widgets.take(lambda: facts.twin(shown.compared.lists(), shown.titles), "compare_lists")


def lists_of_user(shown: Shown, chosen: Mapping[str, Checkpoint], reference: str) -> comparing.Lists | None:
    """How alike the lists of the sidebar's user are, and where each model has the reference's first films."""
    user = state.current().user
    widgets.section(f"How alike are the lists of user {words.markdown(str(user))}?", "The user of the sidebar")
    with widgets.busy("Asking each model for this user’s list", 420):
        ranked = _ranked(chosen, user)
    if reference not in ranked or len(ranked) < comparing.LEAST:
        widgets.notice("Two lists of this user are needed, one of them the reference’s; another user may have them.")
        return None
    found = comparing.Lists(ranked, reference)
    if not len(found.ranked[reference]):
        widgets.notice("Nothing is left to recommend to this user: the history holds every film.")
        return None
    catalogue = chosen[reference].catalogue
    st.markdown(one_user.answer(found, shown.titles, str(user)))
    places = one_user.moves(found, catalogue)
    title = shown.title(reference)
    widgets.caption(one_user.READING.format(shown.titles[reference], words.count(len(places), "film"), found.k))
    figures = (slopes.moves(places, looks(shown), widgets.theme(), found.k, screen) for screen in ("wide", "narrow"))
    twin = one_user.moves_table(found, catalogue, shown.titles)
    widgets.either_chart(figures, "compare_moves", one_user.in_words(places, shown.titles), twin=twin)
    widgets.section("Films that two lists share", f"Of the first {found.k} of each; reference: {title}")
    table = one_user.shared_table(found, shown.titles)
    with st.container(gap=None):
        st.table(table, border="horizontal", hide_index=True)
        widgets.take(table, "compare_shared")
    return found


def _ranked(chosen: Mapping[str, Checkpoint], wanted: str | None) -> dict:
    """Each model's whole ranking for the user; where there is none, it is said in place why."""
    ranked, first = {}, None
    for name, each in chosen.items():
        try:
            user = each.users.find(wanted) if first is None else comparing.user_of(each, str(wanted), first)
            first = first or user
            ranked[name] = kept.ranked(each, user.history)
        except UnknownUserError:
            widgets.notice(words.sentence(f"{each.label} holds no user {wanted}."), icon="person_off")
        except VaspLensError as error:
            widgets.notice(words.sentence(str(error)), icon="block")
        except ModuleNotFoundError as error:  # where bundles are looked at, torch need not be
            if error.name not in MODEL_MODULES:
                raise
            told = f"{each.label} answers by its model, which needs {error.name}: `pip install vasp-lens`."
            widgets.notice(words.sentence(told), icon="block")
    return ranked

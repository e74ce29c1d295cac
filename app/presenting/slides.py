"""What each step of the tour shows: the figures of its page, larger, and nothing beside them."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import cached, charts, components, overview_facts, recommend_facts, state, widgets, words
from app.explain import cached as explain_cached
from app.explain import charts as explain_charts
from app.explain import facts as explain_facts
from app.explain import words as explain_words
from app.explain.subject import subject
from app.explanation_quality import charts as trust_charts
from app.explanation_quality import facts as trust_facts
from app.maps import facts as map_facts
from app.presenting import facts

ROWS = 6  # films of a list, of those that scroll
ROW, HEAD = 53, 38  # px, of the list component
TALLEST = 345  # px of a figure below the answer
FIGURE = 206  # px of a figure below the row of metrics
MAPS = 232  # px of a map


def chart(figure, key: str, alt: str) -> None:
    """A figure in the size of the screen; its numbers are on its page."""
    large = charts.enlarged(figure, components.presenter_scale())
    st.plotly_chart(large, theme=None, config=charts.CONFIG, key=f"slide_{key}", alt=alt)


def quality(chosen) -> None:
    """How good the model is, beside the others, and how it learned."""
    measured = chosen.metrics.get("test") or chosen.metrics.get("val")
    model = words.markdown(overview_facts.model_title(chosen))
    widgets.title(f"How good is {model}?", overview_facts.answer(chosen, measured))
    if measured:
        look = {"border": True, "delta_color": "off", "delta_arrow": "off"}
        figures = overview_facts.metrics(chosen, measured)
        for box, (label, value, beside) in zip(st.columns(4, gap="small"), figures, strict=True):
            box.metric(label, value, beside, **look)
    table, curve = facts.compared(chosen), overview_facts.curve(chosen)
    drawn = [draw for draw, there in ((_beside, len(table)), (_learned, overview_facts.has_curve(curve))) if there]
    for column, draw in zip(st.columns(len(drawn), gap="large") if drawn else [], drawn, strict=True):
        with column:
            draw(chosen, table, curve)


def _beside(chosen, table, curve) -> None:
    users = words.count(int(chosen.metrics["test"]["users"]), "user")
    widgets.section("Against what", f"NDCG@100 on the same {users} that no model has seen, with 95% intervals")
    figure = trust_charts.methods(table, widgets.theme(), words.quality)
    figure.update_layout(height=FIGURE)
    chart(figure, "compared", facts.compared_in_words(table))


def _learned(chosen, table, curve) -> None:
    widgets.section("How it learned", "NDCG@100 of validation users after each epoch; the best is kept")
    model = chosen.manifest["title"]
    figure = charts.learning_curve(curve, widgets.theme(), model, overview_facts.references(chosen), height=FIGURE)
    chart(figure, "learned", overview_facts.in_words(curve, model))


def listed(chosen) -> None:
    """The history beside the list, and what each part adds to each film of it."""
    user, now = chosen.users.find(state.current().user), state.current()
    found = cached.recommendations(chosen, user.history, now.k, now.rank_by)
    question = f"What should user {words.markdown(user.id)} watch next?"
    widgets.title(question, recommend_facts.answer(chosen.catalogue, user, found))
    left, right = st.columns([1, 3.4], gap="medium")
    with right:
        lifts = recommend_facts.lifts(found)
        widgets.section("Recommended now", recommend_facts.LIFT_RULE if lifts else recommend_facts.SCORE_RULE)
        hits = set(user.held_out.tolist()) if len(user.held_out) else None
        data = components.recommendation_list(chosen.catalogue, found, lifts, hits, widgets.theme())
        opened = _films(data, "slide_list")
    with left:
        effects = explain_cached.effects(chosen, user.history, found.items) if len(user.history) else None
        films, order = recommend_facts.ordered_history(chosen, user, effects)
        widgets.section("Rated well before", recommend_facts.history_words(films, order, found))
        seen = components.history_list(chosen.catalogue, films, recommend_facts.unmodelled(found), widgets.theme())
        _films(seen | {"still": True}, "slide_history")
    if opened is not None:  # and why that one?
        state.change(film=str(chosen.catalogue.ids[opened]))
        st.switch_page(widgets.page_file("explain"))


def _films(data: dict, key: str) -> int | None:
    """A list in the size of the screen; the film that was just opened in it."""
    with st.container(key=f"zoomed_{key}"):
        return components.film_list(data | {"height": HEAD + ROW * ROWS}, key)


def reason(chosen) -> None:
    """Why one film: the parts, the films of the history, and what would change it."""
    user = chosen.users.find(state.current().user)
    about = subject(chosen, user, state.current())
    case = None if about.reasons is None else explain_facts.case(chosen, about.reasons, about.place)
    question = explain_facts.question(chosen, user, about.item, case, state.current().film)
    if case is None:
        widgets.title(question, about.remark)
        return
    told = explain_words.answer(case)
    if len(about.history):
        change = facts.change(case, explain_cached.removals(chosen, about.history, about.item), chosen.catalogue.titles)
        told = f"{told} {change}"
    widgets.title(question, told)
    left, right = st.columns([1, 1.4], gap="large")
    with left:
        widgets.section(explain_facts.waterfall_title(case), facts.waterfall_rule(case))
        figure = explain_charts.waterfall(case.terms, case.unit, widgets.theme(), *explain_facts.places(case))
        chart(figure, "waterfall", explain_facts.in_words(case.terms, case.terms.values(), case.unit))
    if case.moves:
        with right:
            _speakers(chosen, about, case)


def _speakers(chosen, about, case) -> None:
    method = explain_facts.methods(about.reasons, about.place)[explain_facts.JOINT]
    rows = facts.strongest(method.total)
    widgets.section("Which films speak for it, and which against", explain_facts.reasons_rule(method, rows))
    titles = [chosen.catalogue.titles[film] for film in about.history[rows]]
    effects = {name: values[rows] for name, values in method.effects.items()}
    figure = explain_charts.reasons(titles, effects, case.unit, widgets.theme(), method.axis)
    chart(figure, "reasons", explain_facts.in_words(titles, method.total[rows], case.unit))


def maps(chosen) -> None:
    """The halves of the model beside each other, with a few genres in colour."""
    now = state.current()
    found = cached.maps(chosen, now.distance)
    focus = map_facts.focus_or_all(chosen.catalogue, now.focus)
    now = replace(now, colouring="genres" if focus is None else "focus")
    answer = map_facts.answer(found, chosen.catalogue, now)
    widgets.title(facts.maps_question(found.parts), facts.maps_told(answer, found.parts, found.overlap))
    drawn = map_facts.maps_data(found, chosen.catalogue, focus, None, widgets.theme())
    shown = facts.shown_parts(found.parts)
    drawn |= {"maps": [one for one in drawn["maps"] if one["key"] in shown], "height": MAPS}
    with st.container(key="zoomed_slide_maps"):
        components.linked_maps(drawn, "slide_maps", lambda: None)


def trust(chosen) -> None:
    """Whether the reasons are real: what is lost without them, method by method."""
    fidelity, audit = cached.measure(chosen, "fidelity"), cached.measure(chosen, "audit")
    widgets.title(trust_facts.QUESTION, facts.trusted(fidelity, audit))
    metric = facts.trust_metric(fidelity)
    if metric is None:
        widgets.notice(trust_facts.NO_METHOD)
        return
    compared = trust_facts.comparison(fidelity, metric)
    widgets.section(words.markdown(trust_facts.METRICS[metric].text), trust_facts.reading(fidelity, metric))
    figure = trust_charts.methods(compared, widgets.theme(), trust_facts.METRICS[metric].tick)
    figure.update_layout(height=min(figure.layout.height, TALLEST))
    chart(figure, "methods", trust_facts.in_words(compared, metric))


DRAW = {"quality": quality, "list": listed, "reason": reason, "maps": maps, "trust": trust}


def tour(chosen) -> tuple[facts.Step, ...]:
    """The steps for the checkpoint and the user in the state."""
    user = chosen.users.find(state.current().user)
    found = cached.recommendations(chosen, user.history, state.LIST_LENGTHS[0], "joint")
    film = str(chosen.catalogue.ids[found.items[0]]) if len(found) else None
    wanted = [state.current().distance, *state.DISTANCES[::-1]]
    distance = next((name for name in wanted if cached.maps(chosen, name) is not None), None)
    return facts.steps(film, distance, cached.measure(chosen, "fidelity") is not None)

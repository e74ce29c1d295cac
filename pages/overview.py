"""What is loaded, and how good is it?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cached, charts, report_button, state, user_choice, widgets, words
from app import overview_facts as facts
from app.presenting import frame as presenting


def metrics(chosen, measured) -> None:
    """The four figures with their standard errors."""
    look = {"border": True, "delta_color": "off", "delta_arrow": "off"}
    for box, (label, value, beside) in zip(st.columns(4, gap="small"), facts.metrics(chosen, measured), strict=True):
        box.metric(label, value, beside, **look)


def learning(chosen) -> None:
    """The learning curve, stage by stage."""
    widgets.section("How it learned", "Validation NDCG@100 after each epoch; the best epoch is kept")
    curve = facts.curve(chosen)
    if not facts.has_curve(curve):
        st.markdown(":gray[This model is computed in one step, so it has no epochs.]")
        return
    model = chosen.manifest["title"]
    lines = facts.references(chosen)
    drawn = charts.learning_curve(curve, widgets.theme(), model, lines)
    widgets.chart(drawn, "learning_curve", facts.in_words(curve, model), facts.curve_table(curve, lines))


def three_things(chosen) -> None:
    """Three cards that open a page with everything set."""
    widgets.section("Three things to try", "Each opens a page with everything set")
    cards = facts.cards(chosen, user_choice.example_user(chosen), cached.users(chosen, "test"))
    for column, card in zip(st.columns(3, gap="medium"), cards, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{card.title}**\n\n:gray[{card.text}]")
            st.space("stretch")
            if st.button(card.label, icon=f":material/{card.icon}:", key=f"try_{card.page}"):
                state.change(**card.choices)
                st.switch_page(widgets.page_file(card.page))


def published() -> None:
    """What the paper reports, as a citation with its own data sets."""
    rows = pd.DataFrame(facts.PUBLISHED, columns=["Data set", "NDCG@100", "Recall@20", "Recall@50"])
    with st.expander("What the paper reports, on other data", icon=":material/menu_book:"):
        st.markdown(facts.CITATION)
        st.table(rows, border="horizontal", hide_index=True)


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    if chosen is None:
        return
    measured = chosen.metrics.get("test") or chosen.metrics.get("val")
    widgets.title("What is loaded, and how good is it?", facts.answer(chosen, measured))
    with st.container(horizontal=True):
        presenting.enter_button(chosen)
        report_button.report_button(chosen, state.current().user)
    if chosen.manifest["dataset"].get("simulated"):
        widgets.notice(facts.SIMULATED, icon="theater_comedy")
    if measured:
        metrics(chosen, measured)
    left, right = st.columns([1.75, 1], gap="large")
    with left:
        learning(chosen)
    with right:
        widgets.section("What is loaded", "Everything below comes from the checkpoint folder")
        ready = [name for key, name in words.DISTANCE_NAMES.items() if cached.maps(chosen, key) is not None]
        widgets.table(facts.rows(chosen, ready, cached.measure(chosen, "audit")))
    three_things(chosen)
    published()


page()

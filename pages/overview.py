"""What is loaded, and how good is it?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cached, charts, dialogs, overview_facts as facts, state, widgets, words
from vasp_models.errors import VaspLensError

LABELS = {
    "ndcg@100": "Ranking quality · NDCG@100",
    "recall@20": "Found in the first 20 · Recall@20",
    "recall@50": "Found in the first 50 · Recall@50",
}


def simulated_notice(chosen) -> None:
    """On simulated data: that it is, and how to bring real data in."""
    if chosen.manifest["dataset"].get("simulated"):
        widgets.notice(
            "The films are real, **the viewers are simulated**. For real ones run `vasp-lens data get ml-latest-small` (or `ml-1m` and larger), then "
            "`vasp-lens train vasp --data ml-latest-small --preset small`; the new checkpoint then stands in the list on the left.",
            icon="theater_comedy",
        )


def metrics(chosen, measured) -> None:
    """The four figures with their standard errors."""
    boxes = st.columns(4, gap="small")
    for box, (name, label) in zip(boxes, LABELS.items(), strict=False):
        value = measured[name]
        box.metric(
            label,
            words.quality(value["mean"]),
            f"± {words.quality(value['se'], 4)}",
            border=True,
            delta_color="off",
            delta_arrow="off",
        )
    films, used = len(chosen.catalogue), measured["coverage@100"]
    boxes[3].metric(
        "Catalogue used · Coverage@100",
        words.share(used),
        f"{round(used * films):,} of {films:,} films",
        border=True,
        delta_color="off",
        delta_arrow="off",
    )


def learning(chosen) -> None:
    """The learning curve, stage by stage."""
    widgets.section("How it learned", "Validation NDCG@100 after each epoch; the best epoch is kept")
    curve = facts.curve(chosen)
    if not facts.has_curve(curve):
        st.markdown(":gray[This model is computed in one step, so it has no epochs.]")
        return
    model = chosen.manifest["title"]
    figure = charts.learning_curve(curve, widgets.theme(), model)
    kept = curve[curve["kept"]]
    alt = f"Validation NDCG@100 of {model} over {len(curve)} epochs" + (
        f", kept at {words.quality(kept['ndcg@100'].iloc[-1])}" if len(kept) else ""
    )
    st.plotly_chart(figure, theme=None, config=charts.CONFIG, key="learning_curve", alt=alt)


def three_things(chosen) -> None:
    """Three cards that open a page with everything set."""
    widgets.section("Three things to try", "Each opens a page with everything set")
    columns = st.columns(3, gap="medium")
    for column, card in zip(columns, facts.cards(chosen), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{card.title}**\n\n:gray[{card.text}]")
            st.space("stretch")
            if st.button(card.label, icon=f":material/{card.icon}:", key=f"try_{card.page}_{card.icon}"):
                state.change(**card.choices)
                st.switch_page(widgets.page_file(card.page))


def published(chosen) -> None:
    """What the paper reports, as a citation with its own data set."""
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
    answer = (
        words.overview_answer(
            facts.model_title(chosen), facts.dataset_title(chosen), measured, facts.difference(chosen)
        )
        if measured
        else None
    )
    widgets.title("What is loaded, and how good is it?", answer)
    simulated_notice(chosen)
    if measured:
        metrics(chosen, measured)
    else:
        widgets.notice(f"It has not been measured yet: run `vasp-lens evaluate {chosen.argument}`.")
    left, right = st.columns([1.75, 1], gap="large")
    with left:
        learning(chosen)
    with right:
        widgets.section("What is loaded", "Everything below comes from the checkpoint folder")
        dialogs.table(facts.rows(chosen, ready_maps(chosen)))
    three_things(chosen)
    published(chosen)


def ready_maps(chosen) -> list[str]:
    """The distances for which there are maps."""
    try:
        return [name for key, name in words.DISTANCE_NAMES.items() if cached.maps(chosen, key) is not None]
    except VaspLensError:
        return []


page()

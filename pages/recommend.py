"""What should this user watch next? History beside recommendations, and what each part of the model added."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import cached, charts, components, dialogs, state, widgets, words


def answer(chosen, user, found, lifts) -> str:
    """The page's answer, with the reason where no hits can be shown."""
    if not len(found.items):
        return "This user has seen every film that the model knows."
    hits = int(np.isin(found.items, user.held_out).sum())
    text = words.recommendation_answer(
        chosen.catalogue.titles[found.items[0]], found.n_candidates, lifts, int(found.base_ranks[0]), hits, len(user.held_out), len(found.items)
    )  # fmt: skip
    reason = words.why_no_hits(user.split, len(user.held_out))
    return f"{text} {reason}" if reason else text


def controls(chosen, user, found) -> None:
    """The row of choices: rank by, how many, another user; the download on the right."""
    parts = cached.parts(chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if parts:
            ranks = ["joint", *parts]
            joint = chosen.manifest["title"]
            st.segmented_control(
                "Rank by",
                ranks,
                format_func=lambda p: joint if p == "joint" else words.part_name(p),
                required=True,
                **widgets.bound("rank_by"),
            )
        st.segmented_control("Show", state.LIST_LENGTHS, required=True, **widgets.bound("k"))
        widgets.user_filters(chosen)
        st.space("stretch")
        table = found.frame(chosen.catalogue, user.held_out).assign(
            user=user.id, checkpoint=chosen.name, digest=chosen.digest
        )
        name = f"recommendations-{chosen.name}-{user.id}.csv"
        st.download_button(
            "Download CSV", table.to_csv(index=False), name, "text/csv", icon=":material/download:", on_click="ignore"
        )


def lists(chosen, user, found, lifts) -> None:
    """History and recommendations side by side; a chosen row opens its film."""
    look = widgets.theme()
    history, order = ordered_history(chosen, user)
    left, right = st.columns([1, 3.05], gap="medium")
    with left:
        widgets.section("Rated well before", f"{words.count(len(history), 'film')}, {order}")
        opened = components.film_list(components.history_list(chosen.catalogue, history, look), "history_list")
    with right:
        rule = (
            "Each part lifts (×, solid) or lowers (÷, hollow) the film against an empty profile; together they multiply"
        )
        widgets.section("Recommended now", rule if lifts else "By the model's score for this history")
        hits = set(user.held_out.tolist()) if len(user.held_out) else None
        data = components.recommendation_list(chosen.catalogue, found, lifts, hits, look)
        opened = components.film_list(data, "recommendation_list") or opened
    if opened is not None:
        dialogs.film(chosen, user, found, int(opened))


def ordered_history(chosen, user) -> tuple[np.ndarray, str]:
    """The history as it is listed, and the order in words."""
    if chosen.users.ordered:
        return user.history[::-1], "the most recent first"
    popularity = chosen.catalogue.frame["train_users"].to_numpy()
    return user.history[np.argsort(-popularity[user.history], kind="stable")], "the most popular first"


def genre_mix(chosen, user, found) -> None:
    """Whether the list keeps the user's taste."""
    mix = shares(chosen.catalogue, user.history, found.items)
    if mix.empty:
        return
    rule = f"Hollow: the {words.count(len(user.history), 'film')} rated well before. Solid: the {len(found.items)} recommended."
    widgets.section(
        "Does the list keep the user’s taste? Share of films with each genre",
        f"{rule} A film counts in each of its genres.",
    )
    alt = "; ".join(
        f"{row.genre} {words.share(row.before)} before, {words.share(row.now)} now" for row in mix.itertuples()
    )
    st.plotly_chart(charts.genre_mix(mix, widgets.theme()), theme=None, config=charts.CONFIG, key="genre_mix", alt=alt)


def shares(catalogue, history, items, most: int = 12) -> pd.DataFrame:
    """Share of films with each genre, before and now, by its share in the history; at most `most` genres."""
    matrix = catalogue.genre_matrix
    before, now = (
        matrix[films].mean(axis=0) if len(films) else np.zeros(matrix.shape[1]) for films in (history, items)
    )
    mix = pd.DataFrame({"genre": catalogue.genre_names, "before": before, "now": now})
    return mix[mix["before"] + mix["now"] > 0].sort_values(["before", "now"], ascending=False, kind="stable").head(most)


def computed(chosen, found, lifts) -> None:
    """The fold: formula, raw values."""
    with widgets.fold():
        if not lifts:
            st.markdown(
                "The model scores all films for the history; films of the history are left out, the highest scores come first."
            )
            return
        names = " × ".join(words.factor_name(name) for name in lifts)
        st.markdown(
            f"The score of a film is an exact product of sigmoids, {names}, so its logarithm is their sum (VASP, equation 7). A bar is a "
            "log factor for this history minus the same log factor for an empty profile; all bars share one logarithmic scale. "
            "“From #” is the place among the same unseen films for an empty profile. Raw natural logarithms:"
        )
        raw = {"Film": [chosen.catalogue.titles[item] for item in found.items], "log score": found.log_scores}
        for name in lifts:
            raw |= {words.factor_name(name): found.factors[name], f"{words.factor_name(name)}, empty": found.base[name]}
        st.dataframe(
            pd.DataFrame(raw),
            hide_index=True,
            row_height=36,
            column_config={c: st.column_config.NumberColumn(format="%.3f") for c in list(raw)[1:]},
        )
        if found.log_scores is not None:
            rest = np.abs(sum(found.factors.values()) - found.log_scores).max() if len(found.items) else 0.0
            st.markdown(
                f":small[:gray[Largest difference between a log score and the sum of its factors: {words.scientific(float(rest))}.]]"
            )


def page() -> None:
    """Draw the page."""
    chosen = widgets.chosen_checkpoint()
    user = widgets.chosen_user(chosen) if chosen is not None else None
    if user is None:
        return
    now = state.current()
    rank_by = now.rank_by if now.rank_by in cached.parts(chosen) else "joint"
    found = cached.recommendations(chosen, user.history, now.k, rank_by)
    lifts = {name: found.lift(name) for name in found.factors}
    widgets.title(f"What should user {words.markdown(user.id)} watch next?", answer(chosen, user, found, lifts))
    widgets.device_note(chosen)
    if not len(user.history):
        widgets.notice(
            "This history is empty, so the list is the same for everyone: what the model recommends to a stranger."
        )
    controls(chosen, user, found)
    lists(chosen, user, found, lifts)
    genre_mix(chosen, user, found)
    computed(chosen, found, lifts)


page()

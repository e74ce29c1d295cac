"""What the Recommend page says and draws of one user's list, from plain values alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from app import words
from vasp_models import recommending
from vasp_models.data.catalogue import Catalogue

LIFT_RULE = "Each part lifts (×, solid) or lowers (÷, hollow) the film against an empty profile; together they multiply"
SCORE_RULE = "By the model’s score for this history"
EMPTY = "This history is empty, so the list is the same for everyone: what the model recommends to a stranger."
UNKNOWN = "The model was trained without any of these films, so the list is the same for everyone."
NO_GENRES = "These films have no genres, so there is no taste in genres to compare."
HOW_SCORES = (
    "The model scores every film for the history. Films of the history are left out, the highest scores come first."
)


def answer(catalogue: Catalogue, user, found) -> str:
    """The page's answer, with the reason where no hits can be shown."""
    if not len(found):
        return "This user has seen every film that the model knows, so there is nothing left to recommend."
    hits = int(np.isin(found.items, user.held_out).sum())
    text = words.recommendation_answer(
        title=catalogue.titles[found.items[0]],
        n_candidates=found.n_candidates,
        lifts=lifts(found),
        base_rank=None if len(found) > 1 and (found.base_ranks == 1).all() else int(found.base_ranks[0]),
        n_hits=hits,
        n_held_out=len(user.held_out),
        k=len(found),
        part=found.rank_by and words.part_name(found.rank_by),
        ranked=found.ranked,
    )
    reason = words.why_no_hits(user.split, len(user.held_out))
    return f"{text} {reason}" if reason else text


def lifts(found) -> dict[str, np.ndarray]:
    """What the history adds to each log factor; empty for a model without factors."""
    return {name: found.lift(name) for name in found.factors}


def ordered_history(chosen, user, effects: np.ndarray | None = None) -> tuple[np.ndarray, str]:
    """The history as it is listed, and the order in words; by `effects` (h) where they are given and tell films apart.

    Else the most recent first, or the most popular where the data set has no times.
    """
    if effects is not None and effects.any():
        return user.history[np.argsort(-effects, kind="stable")], "the most influential first"
    if chosen.users.ordered:
        return user.history[::-1], "the most recent first"
    popularity = chosen.catalogue.frame["train_users"].to_numpy()
    return user.history[np.argsort(-popularity[user.history], kind="stable")], "the most popular first"


def history_orders(chosen) -> dict[str, str]:
    """The orders that are offered for the history, by their names in the state."""
    return {"influence": "Influence", "given": "Date" if chosen.users.ordered else "Popularity"}


def unmodelled(found) -> set[int]:
    """The item numbers of the history that the model does not know."""
    return set(found.unmodelled.tolist())


def history_words(history: np.ndarray, order: str, found) -> str:
    """How many films the history has and their order, or how many the model does not know: there is one line's room."""
    unknown = len(unmodelled(found))
    return f"{words.count(len(history), 'film')}, {f'{unknown:,} {words.NOT_SEEN}' if unknown else order}"


def remark(user, found) -> str | None:
    """Why the list is the same for everyone, where it is."""
    if not len(user.history):
        return EMPTY
    return UNKNOWN if len(unmodelled(found)) == len(user.history) else None


def download(chosen, user, found) -> pd.DataFrame:
    """The list as a table, each row with the user it belongs to."""
    return found.frame(chosen.catalogue, user.held_out).assign(user=user.id)


def command(chosen, user, now) -> str:
    """The command that makes the list again."""
    part = None if now.rank_by == "joint" else now.rank_by
    return recommending.command(chosen, user=user.id, k=now.k, rank_by=part)


def mix_table(mix: pd.DataFrame) -> pd.DataFrame:
    """The numbers of the genre mix."""
    names = {"genre": "Genre", "before": "Of the films rated well before, %", "now": "Of the recommended films, %"}
    return mix.assign(before=100 * mix["before"], now=100 * mix["now"]).rename(columns=names)


def in_words(mix: pd.DataFrame) -> str:
    """The genre mix as a sentence, for those who do not see the chart."""
    return "; ".join(
        f"{row.genre} {words.share(row.before)} before, {words.share(row.now)} now" for row in mix.itertuples()
    )


def how_factors(found) -> str:
    """How the bars are computed (Markdown)."""
    names = " × ".join(words.factor_name(name) for name in found.factors)
    return (
        f"The score of a film is an exact product of sigmoids, {names}, so its logarithm is their sum "
        "(VASP, equation 7). A bar is a log factor for this history minus the same log factor for an empty profile; "
        "all bars share one logarithmic scale. "
        "“From #” is the place among the same unseen films for an empty profile. Natural logarithms:"
    )


def raw_values(catalogue: Catalogue, found) -> pd.DataFrame:
    """The raw log factors behind the bars."""
    table: dict[str, object] = {"Film": [catalogue.titles[item] for item in found.items], "Log score": found.log_scores}
    for name in found.factors:
        title = words.factor_name(name)
        table |= {title: found.factors[name], f"{title}, empty": found.base[name]}
    return pd.DataFrame(table)


def residual(found) -> float:
    """The largest difference between a log score and the sum of its factors."""
    return float(np.abs(sum(found.factors.values()) - found.log_scores).max()) if len(found) else 0.0


def film_facts(chosen, user, found, item: int) -> list[tuple[str, str]]:
    """What the dialog says of a film: names and values."""
    popularity = chosen.catalogue.frame["train_users"].to_numpy()
    rank = 1 + int((popularity > popularity[item]).sum())
    place = np.flatnonzero(found.items == item)
    standing = f"in the history of user {user.id}, so it is not recommended again"
    if len(place):
        standing = f"#{place[0] + 1} of {found.n_candidates:,} unseen films for user {user.id}"
    elif item not in user.history:
        standing = f"not among the {len(found)} films listed for user {user.id}"
    elif item in unmodelled(found):
        standing += f"; {words.NOT_SEEN}, so it changes no recommendation"
    if item in user.held_out:
        standing += ", held out and liked"
    return [
        ("Genres", ", ".join(chosen.catalogue.genres[item]) or "none given"),
        ("Liked by", f"{words.count(int(popularity[item]), 'train user')}, #{rank:,} of {len(popularity):,} films"),
        ("Here", standing),
        ("Id", str(chosen.catalogue.ids[item])),
    ]


def film_factors(found, place: int) -> pd.DataFrame:
    """The factors of the film at a place of the list: effect, log factor, its value for an empty profile."""
    raw: Mapping[str, tuple[float, float]] = {
        words.factor_name(name): (float(found.factors[name][place]), float(found.base[name][place]))
        for name in found.factors
    }
    together = tuple(sum(values) for values in zip(*raw.values(), strict=True))
    rows = [
        (name, words.times(log - empty, 2), log, empty) for name, (log, empty) in [*raw.items(), ("Together", together)]
    ]
    return pd.DataFrame(rows, columns=["Part", "Effect", "Log factor", "Empty profile"])

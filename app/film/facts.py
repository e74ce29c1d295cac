"""What the film page says, from answers, counts and maps alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from app import words
from app.film.charts import CLEAR, drawn, ratio_text
from app.film.subject import DEPTH, SHOWN, Answers, ForUser
from vasp_models.data.audience import FLOOR, Audience
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.describing import Standing
from vasp_models.explanations.overlap import also_in, in_common

MOST_TOGETHER = 20
ONE_HOT = "A history of one film is shorter than any that the model was trained on"
TOGETHER_RULE = "Lift: their share of users with that film ÷ everybody’s. The surest first, by log-likelihood ratio"
HOW = f"""
- **Recommended to somebody with this film alone**: the model is asked with this film as the whole history (one-hot, as
  in the paper’s sensitivity analysis, section IV), by the joint score and by each part alone. Models are trained on
  histories of five films and more, so this is an extrapolation.
- **Nearest**: neighbours in the distances from which the maps are drawn. They compare the answers to both films, so
  they differ from the list above, which also follows what everybody likes.
- **Favourite genre** of a user: the one that stands out most, in standard errors, from what the films’ popularity leads
  to expect. For the users of this film it is found without this film. Ratios are shares of its users over shares of all
  other train users; the interval is that of the log ratio (Katz et al. 1978), q Fisher’s exact test, two-sided,
  corrected over the genres (Benjamini and Hochberg 1995). In full ink where q is below {CLEAR:g}.
- **Lift** of another film: its share among the users of this film over its share among all train users; at least
  {FLOOR} users must have both, and it must exceed what their longer histories alone would give. The order is by the
  log-likelihood ratio of the two-by-two table of users (Dunning 1993): the surest first, not the largest lift.
- **Found by chance**: the median history of the user of a random like. Who likes much is found by more films.
"""


def question(catalogue: Catalogue, item: int) -> str:
    """The page's question."""
    return f"What does the model make of {words.markdown(catalogue.titles[item])}?"


def no_film(catalogue: Catalogue, film: str) -> str:
    """Why there is no film of an id (Markdown)."""
    count = words.count(len(catalogue), "film")
    return (
        f"The film with the id {words.markdown(film)} is not among the {count} of this checkpoint: ids are those of "
        "the data set, and films that no train user has are left out. Look for a title, or open any film."
    )


def answer(catalogue: Catalogue, found: Answers, who: Audience) -> str:
    """The page's answer: what comes first after this film alone, whether the parts agree, who likes it."""
    return f"{_first(catalogue, found)} {_liked(who)}"


def _first(catalogue: Catalogue, found: Answers) -> str:
    if not found.covered:
        return "The model was trained without this film and answers to it as to an empty history."
    if not len(found.joint):
        return "There is no other film that it could recommend."
    first = f"**{words.markdown(catalogue.titles[found.joint.items[0]])}**"
    if not found.moved:
        return f"It changes nothing: with or without it, the model recommends {first} first, as to everybody."
    text = f"To somebody who has seen nothing else, it recommends {first} first"
    if len(found.parts) != 2:
        return f"{text}."
    names = words.joined([words.part_name(part) for part in found.parts])
    common, depth = shared(found, *found.parts, SHOWN), min(SHOWN, len(found.joint))
    same = f"**{common or 'none'}** {'is' if common < 2 else 'are'} the same"
    return f"{text}; of the {depth} films that {names} would name, {same}."


def _liked(who: Audience) -> str:
    if not who.fans:
        return "No train user has it in the history."
    text = f"**{who.fans:,} of {who.users:,}** train users like it"
    clear = who.tastes[(who.tastes["q"] < CLEAR) & (who.tastes["ratio"] > 1)]
    if not len(clear):
        return f"{text}."
    best = clear.iloc[0]
    times = ratio_text(best["ratio"])
    return f"{text}; {words.markdown(best['genre'])} is their favourite genre {times} as often as that of others."


def shared(found: Answers, first: str, second: str, k: int) -> int:
    """How many films the lists of two parts have in common among their first k."""
    return in_common(found.lists[first].items, found.lists[second].items, k)


def metrics(who: Audience, stands: Standing, found: Answers, drift: Standing | None, user: ForUser | None) -> list:
    """Label (Markdown), value and what stands below it: popularity, alike lists, alike neighbours, the user's place."""
    shown = [("Liked by · train users", f"{who.fans:,}", f"#{stands.rank:,} of {stands.n:,} films")]
    if found.covered and len(found.parts) == 2:
        top, more = (shared(found, *found.parts, k) for k in (SHOWN, DEPTH))
        depth, whole = min(SHOWN, len(found.joint)), min(DEPTH, len(found.joint))
        shown.append(("Recommended by both parts", f"{top} of {depth}", f"{more} of the first {whole}"))
    if drift is not None:
        beside = f"more than for {_share_below(drift)} of films" if drift.below else "no film has fewer"
        shown.append(("Near in both parts · of 20", words.share(drift.value), beside))
    if user is not None:
        shown.append((words.markdown(f"For user {user.id}"), *standing_words(user)))
    return shown


def standing_words(user: ForUser) -> tuple[str, str]:
    """Where the film stands for a user: the place, and among what."""
    if user.in_history:
        return "seen", "in the history, rated well before"
    held = "held out and liked, " if user.held_out else ""
    if user.place is None:
        return "no place", f"{held}{words.NOT_SEEN}"
    return f"#{user.place:,}", f"{held}of {user.candidates:,} unseen films"


def notes(lists: Mapping[str, np.ndarray], k: int = SHOWN) -> dict[str, dict[int, str]]:
    """What each film of each list is marked with: where else it stands among the first k."""
    marked = {}
    for name, found in also_in(lists, k).items():
        all_others = len(lists) - 1
        marked[name] = {
            item: "all three" if len(others) == all_others == 2 else words.joined([words.part_name(n) for n in others])
            for item, others in found.items()
        }
    return marked


def one_hot_rule(found: Answers) -> str:
    """The joint list's subtitle."""
    bars = "Each part lifts (×, solid) or lowers (÷, hollow) a film against an empty profile"
    return f"{bars}. {ONE_HOT}" if found.joint.factors else ONE_HOT


def near_rule(maps) -> str:
    """The neighbours' subtitle."""
    marked = "; a tick marks what is near in another part too" if maps is not None and len(maps.parts) > 1 else ""
    return f"By the model’s own distance between films, not by the picture of the maps{marked}"


def tastes_rule(who: Audience) -> str:
    """The favourite genres' subtitle."""
    rest = who.users - who.fans
    legend = f"Solid: its {words.count(who.fans, 'user')}. Hollow: the other {rest:,}"
    return f"{legend}. Muted where chance may explain it (q ≥ {words.quality(CLEAR, 2)})"


def unmoved(found: Answers) -> str | None:
    """Why there is no list of this film's own (Markdown); None where there is one."""
    if not found.covered:
        return (
            "The model covers only a part of the films, the most popular ones, and this is none of them: as a history "
            "it counts as nothing, and it is never recommended. What is known of it comes from the train users."
        )
    return None if found.moved else "This model recommends the same films to everybody, whatever the history."


def agreement(found: Answers) -> str:
    """How far the lists agree, pair by pair (Markdown)."""
    top, whole = (min(k, len(found.joint)) for k in (SHOWN, DEPTH))
    pairs = [
        f"{words.part_name(a)} and {words.part_name(b)} {shared(found, a, b, SHOWN)} of {top} and "
        f"{shared(found, a, b, DEPTH)} of {whole}"
        for a, b in combinations(found.lists, 2)
    ]
    return f"In common: {'; '.join(pairs)}. A tick marks films that stand in another of these lists."


def popularity_rule(stands: Standing, half: int) -> str:
    """The long tail's subtitle."""
    below = f"More than {_share_below(stands)} of the films" if stands.below else "No film has fewer"
    return f"{'No film has more' if stands.rank == 1 else below}. Shaded: the {half:,} films with half of all likes"


def _share_below(stands: Standing) -> str:
    """The share of the others that are smaller, their number where that is next to none or next to all of them."""
    near = 0 < stands.below < 0.005 or 0.995 <= stands.below < 1
    return f"{round(stands.below * (stands.n - 1)):,}" if near else words.share(stands.below)


def popularity_in_words(stands: Standing, half: int) -> str:
    """The long tail as a sentence."""
    return (
        f"Train users by film, most popular first: this film stands at #{stands.rank:,} of {stands.n:,} with "
        f"{int(stands.value):,}; {half:,} films hold half of all likes"
    )


def tastes_in_words(table: pd.DataFrame) -> str:
    """The favourite genres as a sentence."""
    return "Favourite genre of its users and of others: " + "; ".join(
        f"{row.genre} {words.share(row.fan_share)} against {words.share(row.other_share)}"
        for row in drawn(table).itertuples()
    )


def lengths(who: Audience) -> list[tuple[str, str]]:
    """How much the film's users watch, beside everybody."""
    return [
        ("Its users", f"{who.length:,.0f} other films (median)"),
        ("All train users", f"{who.usual_length:,.0f} films"),
        ("Found by chance", f"{who.chance_length:,.0f} films"),
        ("Lift by length alone", f"×{who.by_length:.2f}"),
    ]


def together(who: Audience) -> pd.DataFrame:
    """The films that its users like more than longer histories alone explain, the surest first."""
    return who.together[who.together["lift"] > max(who.by_length, 1.0)].head(MOST_TOGETHER)

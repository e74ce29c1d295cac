"""What the profile lab says of a profile and its list: personas, places, moves, answers, from plain values alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app import words
from app.recommend_facts import UNKNOWN, lifts
from app.state import Step
from vasp_models import recommending
from vasp_models.data import personas as core
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.personas import EVERYTHING, persona_films
from vasp_models.errors import UnknownItemError

__all__ = ["EVERYTHING", "persona_films"]  # of the core, under the names that the lab uses

QUESTION = "What if the history were different?"
MOST_ROWS = 200  # of a profile in its list
MOST_NAMED = 5  # ids in a sentence
NOWHERE = 0  # the place of a film that is in the profile, or that the model does not know
NO_FILM = "No film yet: find one above, or start from a user or a persona."
LIFT_RULE = (
    "Each part lifts (×, solid) or lowers (÷, hollow) a film. ▲▼: its move by the last change. + adds, a row watches"
)
SCORE_RULE = (
    "By the model’s score for this profile. ▲▼: a film’s move by the last change. + adds a film, its row watches it"
)
WATCH_RULE = "Nothing is watched: press a row of a list, or find a film and press Watch, to follow its place."
FIXED = (
    "This is a bundle: it holds the lists of its users, of the personas and of an empty profile, so films cannot be "
    "added or taken out here. `{}` does that, with the model in memory."
)
ALL_IN_PROFILE = "Every film that the model knows is in the profile, so there is nothing left to rank."
HOW = """
A profile is scored like any history: its films are the input of the model and leave the list; every other film that the
model knows has a place. ▲ and ▼ compare the places before and after the last change, each among the films outside the
profile at that time, so a film that is added frees its place for the next one.

A bar is a log factor for this profile minus the same log factor for an empty one, as on the page Recommend; “from #” is
the place for an empty profile. The share of a part, over the films shown, is the sum of the sizes of its log lifts
divided by that sum over all parts: lowering counts as much as lifting.

Personas are counted: the films of a genre that most train users have. Nobody wrote them.
"""


@dataclass(frozen=True)
class Scene:
    """A profile and the list it gets.

    `profile` item numbers; `found` every other film that the model knows, best first; `step` the change that led here;
    `before` the place of each item before it, int64 (items), NOWHERE where it had none (None: nothing was before).
    """

    catalogue: Catalogue
    profile: np.ndarray
    found: object
    step: Step
    before: np.ndarray | None = None

    @cached_property
    def places(self) -> np.ndarray:
        """The place of each item, int64 (items)."""
        return places(self.found, len(self.catalogue))

    def title(self, item: int) -> str:
        """A film's title as Markdown."""
        return words.markdown(self.catalogue.titles[item])


def numbers(catalogue: Catalogue, ids: Iterable[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Item numbers (int64) of the ids that the catalogue has, each once in the order given, and the other ids."""
    known, unknown = {}, []
    for item in ids:
        try:
            known[catalogue.number(item)] = None
        except UnknownItemError:
            unknown.append(item)
    return np.array(list(known), dtype=np.int64), tuple(unknown)


def ids_of(catalogue: Catalogue, items: Iterable[int]) -> tuple[str, ...]:
    """Ids as text, as links and files carry them."""
    return tuple(str(catalogue.ids[item]) for item in items)


def places(found, n_items: int) -> np.ndarray:
    """The place of each item in a ranking, int64 (items); NOWHERE where it has none."""
    table = np.full(n_items, NOWHERE, dtype=np.int64)
    table[found.items] = np.arange(1, len(found) + 1)
    return table


def top(found, k: int):
    """The first k films of a ranking."""
    scores, logs = found.scores[:k], None if found.log_scores is None else found.log_scores[:k]
    factors, base = ({name: v[:k] for name, v in part.items()} for part in (found.factors, found.base))
    cut = {"items": found.items[:k], "scores": scores, "log_scores": logs, "factors": factors, "base": base}
    return replace(found, **cut, base_ranks=found.base_ranks[:k])


def personas(catalogue: Catalogue) -> dict[str, str]:
    """Persona -> which films it has seen, in words."""
    genres = {persona: "" if persona == EVERYTHING else f"{persona} " for persona in core.personas(catalogue)}
    return {persona: f"the {n} most liked {genres[persona]}films" for persona, n in core.personas(catalogue).items()}


def command(chosen, scene: Scene, now) -> str:
    """The command that makes the profile's list again."""
    part = None if now.rank_by == "joint" else now.rank_by
    return recommending.command(chosen, history=ids_of(scene.catalogue, scene.profile), k=now.k, rank_by=part)


def named(ids: Sequence[str]) -> str:
    """Ids in a sentence (Markdown), the first few of many."""
    shown = [words.markdown(item[:40]) for item in ids[:MOST_NAMED]]
    return words.joined([*shown, f"{len(ids) - MOST_NAMED:,} more"] if len(ids) > MOST_NAMED else shown)


def unknown_words(ids: Sequence[str]) -> str:
    """That some ids are no films of the data set (Markdown)."""
    one = len(ids) == 1
    what = f"{words.count(len(ids), 'id')} {'is no film' if one else 'are no films'} of this data set"
    return f"{what} and {'was' if one else 'were'} left out: {named(ids)}."


def unmodelled(scene: Scene, for_strangers) -> set[int]:
    """The films of the profile that the model does not know; `for_strangers` is the ranking of an empty profile."""
    return set(scene.profile.tolist()) - set(for_strangers.items.tolist())


def profile_words(scene: Scene, n_unmodelled: int) -> str:
    """How many films the profile has, and how many of them the model does not know or the list leaves out."""
    number = len(scene.profile)
    if not number:
        return "Empty"
    if n_unmodelled:
        return f"{words.count(number, 'film')}, {n_unmodelled:,} {words.NOT_SEEN}"
    return f"{words.count(number, 'film')}, {f'the last {MOST_ROWS} shown' if number > MOST_ROWS else 'newest first'}"


def match_words(scene: Scene, item: int) -> str:
    """A film that the search found, with its place."""
    place = int(scene.places[item])
    inside = "in the profile" if item in scene.profile else words.NOT_SEEN
    return f"{scene.catalogue.titles[item]} · {f'#{place:,}' if place else inside}"


def remark(scene: Scene, unmodelled: set[int]) -> str | None:
    """Why the list is a stranger's although there is a profile, where it is."""
    return UNKNOWN if len(scene.profile) and len(unmodelled) == len(scene.profile) else None


def answer(scene: Scene, watched: int | None, k: int) -> str:
    """The page's answer: what comes first now, and what the last change did."""
    if not len(scene.found):
        return ALL_IN_PROFILE
    item = changed_item(scene.catalogue, scene.step)
    return _standing(scene) if scene.before is None or item is None else _changed(scene, item, watched, k)


def changed_item(catalogue: Catalogue, step: Step) -> int | None:
    """The film (item number) that a step added or removed; None for other steps, and where the catalogue lacks it."""
    if step.done not in ("add", "remove"):
        return None
    items, _ = numbers(catalogue, [step.what])  # the step may have been taken with another checkpoint
    return int(items[0]) if len(items) else None


def _standing(scene: Scene) -> str:
    first, base = int(scene.found.items[0]), int(scene.found.base_ranks[0])
    comes = f"**{scene.title(first)}** comes first of {len(scene.found):,} films"
    if not len(scene.profile):
        return f"An empty profile gets what every stranger gets: {comes}."
    where = "as for an empty profile" if base == 1 else f"from #{base:,} for an empty profile"
    if (scene.found.base_ranks == base).sum() > 1:  # a part without a bias gives an empty profile one score for all
        where = "where an empty profile puts many"
    with_what = scene.step.what or f"a profile of {words.count(len(scene.profile), 'film')}"
    return f"With **{words.markdown(with_what)}**, {comes} outside the profile, {where}."


def _changed(scene: Scene, item: int, watched: int | None, k: int) -> str:
    adding = scene.step.done == "add"
    film, first = scene.title(item), scene.title(int(scene.found.items[0]))
    if (scene.before if adding else scene.places)[item] == NOWHERE:
        doing = "adding" if adding else "removing"
        return f"**{film}** is {words.NOT_SEEN}, so {doing} it changes nothing: **{first}** still comes first."
    told = telling_move(scene, watched, k)
    shown = scene.found.items[:k]
    entered = int(((scene.before[shown] > k) | (scene.before[shown] == NOWHERE)).sum())
    now_new = f"{entered or 'none'} of the {len(shown)} films shown {'is' if entered < 2 else 'are'} new"
    text = f"{'Adding' if adding else 'Removing'} **{film}** "
    if told is None:
        return f"{text}moves none of the {len(shown)} films shown."
    text += f"moves **{scene.title(told)}** from #{scene.before[told]:,} to #{scene.places[told]:,}"
    return f"{text}; {now_new}." if scene.places[told] == 1 else f"{text}; **{first}** comes first, and {now_new}."


def telling_move(scene: Scene, watched: int | None, k: int) -> int | None:
    """The film whose move tells most: the watched one, the one now first, else the largest change of place as a ratio.

    The last is looked for among the first k before and after; None where nothing moved.
    """
    was, now = scene.before, scene.places
    moved = (was != now) & (was != NOWHERE) & (now != NOWHERE)
    for item in (watched, int(scene.found.items[0])):
        if item is not None and moved[item]:
            return item
    near = np.flatnonzero(moved & (np.minimum(was, now) <= k))
    return int(near[np.argmax(np.abs(np.log(was[near] / now[near])))]) if len(near) else None


def moves(scene: Scene, items: Iterable[int]) -> list[tuple[str, str]]:
    """How each film moved by the last change, as drawn and as said; empty texts where nothing was before."""
    if scene.before is None:
        return [("", "")] * len(items)
    return [move(int(scene.before[item]), int(scene.places[item])) for item in items]


def move(was: int, now: int) -> tuple[str, str]:
    """A move from place to place, as drawn and as said."""
    if was == NOWHERE:
        return "back", "It was in the profile."
    if was == now:
        return "=", "It has not moved."
    up = was > now
    return f"{'▲' if up else '▼'} {abs(was - now):,}", f"{'Up' if up else 'Down'} from #{was:,}."


def watched_words(scene: Scene, item: int) -> str:
    """Where a watched film stands (Markdown)."""
    place = int(scene.places[item])
    if place == NOWHERE:
        inside = "it is in the profile" if item in scene.profile else f"it is {words.NOT_SEEN}"
        return f"No place in the list: {inside}"
    base = int(scene.found.base_ranks[place - 1])
    text = f"**#{place:,}** of {len(scene.found):,} films{_by_last(scene, item)}, from #{base:,} for an empty profile"
    parts = {name: float(values[place - 1]) for name, values in lifts(scene.found).items()}
    if not parts:
        return f"{text}; score {words.plain_score(float(scene.found.scores[place - 1]))}"
    return "\u2002".join([text, *(f"{words.inked(name)}\u00a0{words.times(value)}" for name, value in parts.items())])


def _by_last(scene: Scene, item: int) -> str:
    was = NOWHERE if scene.before is None else int(scene.before[item])
    if was == NOWHERE:
        return ""
    drawn, _ = move(was, int(scene.places[item]))
    return ", unmoved by the last change" if drawn == "=" else f", {drawn} by the last change"

"""What the Explain page shows of one film and one user, from plain values alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app import words
from app.explain import words as explain_words
from app.explain.words import SMALLEST, Case, Unit
from vasp_models.answering import LISTED
from vasp_models.data.catalogue import Catalogue

MOST_FOR, MOST_AGAINST = 10, 3  # films of the history in the picture
MOST_BADGES = 6
JOINT = "joint"
NONE_LEFT = (
    "This user has seen every film that the model knows, so there is none left to recommend. "
    "Look for a film of the history to have it explained as if it were unseen."
)
NO_EFFECT = "No film of this history changes the score of this film, so there is nothing to draw."
CURVE_RULE = "Score left after removing the strongest reasons, against 200 random orders"
PLACES_RULE = "Place in the list after removing the strongest reasons"
REMOVAL_RULE = "The smallest sets found; run again, and every film in them is needed"


@dataclass(frozen=True)
class Method:
    """One way to share out what the history did: `effects` factor -> what each film of the history gets, float64 (h).

    `axis` names the unit, `note` says what the numbers are and how exactly they sum.
    """

    key: str
    name: str
    effects: dict[str, np.ndarray]
    axis: str
    note: str

    @property
    def total(self) -> np.ndarray:
        """Each film's effect over all factors, float64 (h)."""
        return np.sum(list(self.effects.values()), axis=0)


def methods(reasons, place: int) -> dict[str, Method]:
    """The methods that the model allows: leave-one-out, and one for each part that can be taken apart by itself."""
    found, unit = reasons.found, Unit(reasons.positive)
    names = found.factor_names
    effects = {name: found.leave_one_out[f, :, place] for f, name in enumerate(names)}
    ratio = "score with the film ÷ score without it" if unit.factors else "score with the film − score without it"
    whole = "Joint" if len(reasons.parts) > 1 else "Leave one out"
    chosen = {JOINT: Method(JOINT, whole, effects, ratio, "")}
    for part, factors in reasons.parts.items() if unit.factors else ():  # a raw linear score is its leave-one-out
        shares, rests = {}, []
        if found.linear is not None and found.linear.factor in factors:
            shares[found.linear.factor] = found.linear.contributions[:, place]
        elif found.gradients is not None and set(factors) <= set(found.gradients.values):
            shares = {name: found.gradients.values[name][:, place] for name in factors}
            rests = [found.gradients.delta[name][place] for name in factors]
        if shares:
            note = f"sum ± {_rest(rests)}" if rests else "exact"
            axis = f"share of what {words.part_name(part)} adds{', by integrated gradients' if rests else ''}"
            chosen[part] = Method(part, words.part_name(part), shares, axis, note)
    return chosen


def _rest(values: Sequence[float]) -> str:
    return words.scientific(max((abs(value) for value in values), default=0.0))


def waiting(user) -> str:
    """What is going on while the answer is not there yet."""
    return f"Asking the model without each of the {words.count(len(user.history), 'film')} of the history …"


def question(chosen, user, item: int | None, told: Case | None, film: str | None) -> str:
    """The page's question; where there is no film to ask for, that there is none."""
    if item is not None:
        rank = None if told is None else told.rank
        return explain_words.question(chosen.catalogue.titles[item], user.id, rank, LISTED)
    if film is None:
        return f"What is left for user {words.markdown(user.id)}?"
    return f"There is no film {words.markdown(film)} here"


def as_if_unseen(chosen, user, item: int) -> str:
    """What is unusual about the explanation of a film of the history (Markdown)."""
    film = words.markdown(chosen.catalogue.titles[item])
    return (
        f"{film} is in the history of user {words.markdown(user.id)}. It is explained as if it were unseen, by the "
        "other films of the history alone."
    )


def not_covered(chosen, item: int) -> str:
    """Why a film that the model does not know cannot be explained (Markdown)."""
    film = words.markdown(chosen.catalogue.titles[item])
    return f"{film} is {words.NOT_SEEN}: it is not among the films that were trained on, so it has no score to explain."


def case(chosen, reasons, place: int) -> Case:
    """The values that the answer is made of."""
    found, titles = reasons.found, chosen.catalogue.frame["title"]
    effect = found.leave_one_out[:, :, place].sum(axis=0)
    order = np.argsort(-effect, kind="stable")
    named = [(str(titles.iloc[found.history[row]]), float(effect[row])) for row in order]
    return Case(
        title=str(titles.iloc[found.items[place]]),
        rank=int(found.ranks[place]),
        base_rank=int(found.base_ranks[place]),
        candidates=found.n_candidates,
        terms=terms(reasons, place),
        unit=Unit(reasons.positive),
        films=len(found.history),
        known=int(reasons.found.covered.sum()),
        ordered=reasons.ordered,
        supporters={title: value for title, value in named if value >= SMALLEST},
        suppressors={title: value for title, value in named[::-1] if value <= -SMALLEST},
    )


def terms(reasons, place: int) -> dict[str, float]:
    """What the history adds to each factor."""
    found = reasons.found
    return dict(zip(found.factor_names, found.terms[:, place].tolist(), strict=True))


def places(told: Case) -> tuple[str, str]:
    """The film's place for an empty profile and for the history, as the waterfall names them."""
    return (f"#{told.base_rank:,} of {told.candidates:,}" if told.ordered else "no order of films"), f"#{told.rank:,}"


def waterfall_title(told: Case) -> str:
    """What the waterfall shows."""
    return "What each part of the model adds" if len(told.terms) > 1 else "What the history adds"


def waterfall_rule(reasons, place: int) -> str:
    """The waterfall's unit and residual."""
    rest = words.scientific(abs(float(reasons.found.residual[place])))
    several = len(reasons.found.factor_names) > 1
    if not reasons.positive:
        return f"Score relative to an empty profile; residual {rest}"
    how = "The parts multiply exactly; r" if several else "R"
    return f"Score relative to an empty profile, log scale. {how}esidual {rest}"


def shown(method: Method) -> np.ndarray:
    """Positions in the history of the films in the picture: the strongest that speak for, then against, the film."""
    total = method.total
    order = np.argsort(-total, kind="stable")
    speaks_for = order[total[order] >= SMALLEST][:MOST_FOR]
    against = order[::-1][total[order[::-1]] <= -SMALLEST][:MOST_AGAINST]
    return np.concatenate([speaks_for, against[::-1]])


def reasons_rule(method: Method, rows: np.ndarray) -> str:
    """The legend of the reasons, and what hollow means where something is hollow (Markdown)."""
    hollow = any((values[rows] <= -SMALLEST).any() for values in method.effects.values())
    return "\u2002".join(filter(None, [explain_words.legend(list(method.effects), hollow), method.note]))


def removal_cards(catalogue: Catalogue, found: dict, case: Case) -> list[tuple[str, bool]]:
    """The cards on removals (Markdown), and whether they hold one; a film below all tops has one card for them all."""
    shown = {k: removal for k, removal in found.items() if case.rank <= max(found) or k == max(found)}
    return [("\n\n".join(removal_card(catalogue, k, each, case)), each is not None) for k, each in shown.items()]


def removal_card(catalogue: Catalogue, k: int, found, case: Case) -> list[str]:
    """A card's paragraphs: what the removal does, the films that go, the films that come in instead (Markdown)."""
    first = explain_words.removal(k, found, case.rank, case.films)
    if found is None:
        return [first]
    titles = [catalogue.titles[item] for item in found.items[:MOST_BADGES]]
    if len(found) > 3:  # without the years there is room for more of them
        bare = catalogue.frame["title"]
        twice = bare.duplicated(keep=False).to_numpy()  # remakes are told apart by their years
        titles = [catalogue.titles[item] if twice[item] else bare.iloc[item] for item in found.items[:MOST_BADGES]]
    badges = [f":gray-badge[:material/remove: {words.markdown(title)}]" for title in titles]
    badges += [f":gray-badge[and {len(found) - MOST_BADGES} more]"] if len(found) > MOST_BADGES else []
    entered = [catalogue.titles[item] for item in found.entered]
    return [first, " ".join(badges), f":material/arrow_forward: {explain_words.replacement(k, entered)}"]


def curve_rule(unit: Unit) -> str:
    """What the deletion curve shows."""
    return CURVE_RULE if unit.factors else PLACES_RULE


def in_words(names: Sequence[str], values: Sequence[float], unit: Unit) -> str:
    """Effects as a sentence, for those who do not see the chart."""
    return "; ".join(f"{name} {unit.text(value)}" for name, value in zip(names, values, strict=True))


def curve_in_words(curve) -> str:
    """The deletion curve as a sentence."""
    shares = [None] * len(curve) if curve.share is None else curve.share
    left = ["" if share is None else f", {words.share(share)} of the score left" for share in shares]
    steps = zip(curve.ranks, left, strict=True)
    return "; ".join(f"without {words.count(n, 'film')} #{rank:,}{rest}" for n, (rank, rest) in enumerate(steps))

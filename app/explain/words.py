"""The sentences of an explanation, made from its numbers: plain functions of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app import words

SMALLEST = 5e-5  # of a difference of F that is worth a bar or a word: fp32 carries sums of logs to about 1e-6
_STRONG = 0.25  # share of the strongest film's effect that a film needs to be named beside it
_COUNTS = {2: "Both", 3: "All three", 4: "All four", 5: "All five"}


@dataclass(frozen=True)
class Unit:
    """How differences of F are written: as factors where F is the log of a score, else as plain numbers."""

    factors: bool

    def text(self, value: float) -> str:
        """An effect, with as many decimals as tell it from none: ``×19.3``, ``×4.14``, ``÷1.003``, ``+0.21``."""
        size = abs(value)
        steps = zip((2.3025, 0.0488, 0.00488), (1, 2, 3), strict=True)  # ×10, ×1.05, ×1.005
        decimals = 2 if size < SMALLEST else next((digits for least, digits in steps if size >= least), 4)
        return words.times(value, decimals) if self.factors else f"{value:+.{decimals}f}".replace("-", "−")


@dataclass(frozen=True)
class Case:
    """One film for one user, in the values that the answer is made of.

    `rank` and `base_rank` are places for the history and for an empty profile among `candidates` films; `terms` factor
    -> what the history adds to it; `supporters` and `suppressors` title -> leave-one-out effect, strongest first;
    `films` counts the history, `known` those of it that the model covers; `ordered`: an empty profile tells them apart.
    """

    title: str
    rank: int
    base_rank: int
    candidates: int
    terms: Mapping[str, float]
    unit: Unit
    films: int
    known: int
    ordered: bool = True
    supporters: Mapping[str, float] = field(default_factory=dict)
    suppressors: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """What the history adds to F."""
        return sum(self.terms.values())

    @property
    def moves(self) -> bool:
        """Whether the history changes the score at all."""
        effects = [*self.terms.values(), *self.supporters.values(), *self.suppressors.values()]
        return any(abs(value) >= SMALLEST for value in effects)


def question(title: str, user: str, rank: int | None, listed: int) -> str:
    """The page's question; a film below the list of so many is asked for by its place."""
    about = f"Why is {words.markdown(title)} #{rank:,}" if rank and rank > listed else f"Why {words.markdown(title)}"
    return f"{about} for user {words.markdown(user)}?"


def answer(case: Case) -> str:
    """The page's answer: what the history did to the film's place, which films did it, which parts of the model."""
    if not case.moves:
        return _unmoved(case)
    return f"{_place(case)} {parts(case.terms, case.unit)}"


def _unmoved(case: Case) -> str:
    stands = f"{_name(case)} stands at **#{case.rank:,}** of {case.candidates:,}"
    if not case.ordered:
        stands = f"{_name(case)} stands beside all other {case.candidates - 1:,} films, at **#{case.rank:,}**"
    if not case.films:
        return f"The history is empty, so there is no film to give as a reason: {stands}, as for every unknown viewer."
    if not case.known:
        whole = "the only film" if case.films == 1 else f"any of the {case.films:,} films"
        return f"The model does not know {whole} of this history, so {stands}, as for an unknown viewer."
    return f"Nothing in this history changes the score of this film: {stands}, as for every viewer."


def _place(case: Case) -> str:
    """What the history did to the place, with the films that did most of it."""
    if not case.ordered:
        return _first_place(case)
    name, now, before = _name(case), f"**#{case.rank:,}**", f"#{case.base_rank:,} for an unknown viewer"
    lifts, size = case.total >= 0, case.unit.text(case.total)
    if case.rank < case.base_rank:
        if not lifts:
            rest = "it lowers other films more"
            return f"This history lowers the score of {name}, {size}, and yet it rises from {before} to {now}: {rest}."
        because = _because(case.supporters, case.films)
        moves = f"moves {name} from {before} to {now}."
        if not because:
            return f"No single film of this history decides it: as a whole it {moves}"
        return f"Because of {because}: {'liking this film' if case.films == 1 else 'this history'} {moves}"
    verb = "raises" if lifts else "lowers"
    because = _because(case.supporters if lifts else case.suppressors, case.films)
    because = f", because of {because}" if because else ""
    if case.rank == case.base_rank:
        return f"{name} is {now} for an unknown viewer already; this history {verb} its score, {size}{because}."
    if lifts:
        rest = "it raises other films more"
        return f"This history raises the score of {name}, {size}, and yet it falls from {before} to {now}: {rest}."
    return f"This history speaks against {name}, which falls from {before} to {now}{because}."


def _first_place(case: Case) -> str:
    """What the history did, where there was no place before it."""
    lifts = case.total >= 0
    because = _because(case.supporters if lifts else case.suppressors, case.films)
    puts = f"**#{case.rank:,}** of {case.candidates:,}; for an unknown viewer this model sets no film before another."
    if not lifts:
        return f"This history speaks against {_name(case)}{f', because of {because}' if because else ''}: it is {puts}"
    return f"{f'Because of {because}' if because else 'As a whole'}, this history puts {_name(case)} at {puts}"


def _because(effects: Mapping[str, float], films: int) -> str:
    """The films that did most of it, at most three; empty where none stands out from nothing."""
    strongest = max(map(abs, effects.values()), default=0.0)
    named = [title for title, effect in effects.items() if abs(effect) >= max(_STRONG * strongest, SMALLEST)][:3]
    if not named:
        return ""
    names = words.joined([f"**{words.markdown(title)}**" for title in named])
    return names if films <= len(named) else f"{names} above all"


def parts(terms: Mapping[str, float], unit: Unit) -> str:
    """Whether the parts of the model agree, and which does most."""
    if len(terms) == 1:
        value = next(iter(terms.values()))
        verb = "raises" if value >= 0 else "lowers"
        return f"In all, the history {verb} its score, {unit.text(value)}." if abs(value) >= SMALLEST else ""
    up = {name: value for name, value in terms.items() if value >= SMALLEST}
    down = {name: value for name, value in terms.items() if value <= -SMALLEST}
    if len(up) == len(terms) or len(down) == len(terms):
        most = max(terms, key=lambda name: abs(terms[name]))
        verb = "lifts" if up else "lowers"
        agree = f"{_COUNTS.get(len(terms), f'All {len(terms)}')} parts of the model agree"
        return f"{agree}; {speaker(most)} {verb} it most, {unit.text(terms[most])}."
    clauses = []
    for sides, verb, plural in ((up, "lifts", "lift"), (down, "lowers", "lower")):
        if sides:
            ordered = sorted(sides, key=lambda name: -abs(sides[name]))
            names = words.joined([f"{speaker(name)} ({unit.text(sides[name])})" for name in ordered])
            clauses.append(f"{names} {verb if len(sides) == 1 else plural} it")
    text = f"The parts disagree: {', '.join(clauses)}." if len(clauses) == 2 else f"{', '.join(clauses)}."
    return text[0].upper() + text[1:]


def speaker(factor: str) -> str:
    """A factor as the subject of a sentence: ``NEASE``, ``the latent head``."""
    name = words.factor_name(factor)
    return name if name.isupper() else f"the {name.lower()}"


def _name(case: Case) -> str:
    return words.markdown(case.title)


def legend(factors: Sequence[str], hollow: bool) -> str:
    """The colours of the parts, as Markdown; what hollow means, where there is something hollow."""
    entries = [words.inked(name) for name in factors if name in words.INKS]
    return "\u2002".join([*entries, *(["hollow: against"] if hollow else [])])


def removal(k: int, found, rank: int, films: int, cap: int = 60) -> str:
    """What a card says first: the size of the removal and what it does, or why there is none (Markdown)."""
    top = "first" if k == 1 else f"in the top {k}"
    if rank > k:
        return f"It is not {top} to begin with: it stands at **#{rank:,}**"
    if found is None:
        which = f"set of up to {cap} films" if films > cap else "set of films of this history"
        return f"No {which} was found whose removal takes it {'off first place' if k == 1 else f'out of the top {k}'}"
    size = f"Without **{words.count(len(found), 'film')}**"
    if k == 1:
        return f"{size} it falls from **#{found.rank_before:,} to #{found.rank_after:,}**"
    return f"{size} it leaves the top {k}, to **#{found.rank_after:,}**"


def replacement(k: int, titles: Sequence[str]) -> str:
    """What a card says last: which films come in instead (Markdown)."""
    names = words.joined([f"**{words.markdown(title)}**" for title in titles[:3]])
    if k == 1:
        return f"First place goes to {names}"
    if len(titles) == 1:
        return f"The free place goes to {names}"
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    return f"New in the top {k}: {names}{more}"


def pair(first: str, second: str, value: float, unit: Unit) -> str:
    """What two films do together beyond what each does (Markdown)."""
    names = f"**{words.markdown(first)}** and **{words.markdown(second)}**"
    if value >= 0:
        return f"{names} together add {unit.text(value)} more than apart."
    return f"{names} together add less than apart, {unit.text(value)}: each says part of what the other says."

"""The sections on one user: what is recommended, and why; in the words and figures of the pages."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup, escape

from app import charts, words
from app import recommend_facts as facts
from app.explain import charts as explain_charts
from app.explain import facts as explain_facts
from app.explain import tables
from app.explain import words as explain_words
from app.explain.words import SMALLEST
from app.report import look, pieces
from app.report.gathering import Gathered, Story, Told
from app.report.pieces import FULL, LEFT, RIGHT, Picture
from vasp_models.data.tastes import genres_before_and_now

MOST_OF_HISTORY, MOST_SPEAKERS = 12, 4
_BAR = (116, 14)  # px of a bar's cell


def question(gathered: Gathered) -> str:
    """The question of the first section (Markdown)."""
    return f"What should user {words.markdown(gathered.story.user.id)} watch next?"


def answer(gathered: Gathered) -> str:
    """Which film comes first, and because of what (Markdown); for the summary."""
    story = gathered.story
    if story.film is None:
        return facts.answer(gathered.checkpoint.catalogue, story.user, story.found)
    user, title = words.markdown(story.user.id), words.markdown(gathered.checkpoint.catalogue.titles[story.film.item])
    whose = f"For user **{user}**, as an example"
    told = explain_words.answer(story.film.case)
    if story.film.case.rank == 1:
        return f"{whose}, it recommends **{title}** first. {told}"
    return f"{whose}, it puts **{title}** at #{story.film.case.rank:,}. {told}"


def recommended(gathered: Gathered) -> dict:
    """The list, the history that it comes from, and whether it keeps the user's taste."""
    story, catalogue = gathered.story, gathered.checkpoint.catalogue
    effects = story.effects if len(story.effects) else None
    history, order = facts.ordered_history(gathered.checkpoint, story.user, effects)
    return {
        "answer": facts.answer(catalogue, story.user, story.found),
        "remark": facts.remark(story.user, story.found),
        "rule": facts.LIFT_RULE if story.found.factors else facts.SCORE_RULE,
        "factors": [words.inked(name) for name in story.found.factors],
        "rows": list(_rows(gathered)),
        "held_out": len(story.user.held_out) > 0,
        "history_words": facts.history_words(history, order, story.found),
        "history": [_film(catalogue, item) for item in history[:MOST_OF_HISTORY]],
        "more": max(len(history) - MOST_OF_HISTORY, 0),
        "all_history": [catalogue.titles[item] for item in history[MOST_OF_HISTORY:]],
        "mix": _mix(gathered),
    }


def _film(catalogue, item: int) -> dict:
    return {"title": catalogue.titles[item], "genres": ", ".join(catalogue.genres[item])}


def _rows(gathered: Gathered) -> Iterator[dict]:
    """The rows of the list: place, film, one bar for each factor, all together, the place without the history."""
    story, catalogue = gathered.story, gathered.checkpoint.catalogue
    lifts = facts.lifts(story.found)
    every = [float(value) for values in lifts.values() for value in values]
    for place, item in enumerate(story.found.items):
        values = {name: float(values[place]) for name, values in lifts.items()}
        row = _film(catalogue, item) | {"place": place + 1, "liked": item in story.user.held_out}
        row["bars"] = [(words.factor_name(name), _bar(value, name, every)) for name, value in values.items()]
        if values:
            row |= {"total": words.times(sum(values.values())), "from": f"#{int(story.found.base_ranks[place]):,}"}
        else:
            row |= {"total": words.plain_score(float(story.found.scores[place])), "from": ""}
        yield row


def _bar(value: float, factor: str, every: list[float]) -> Markup:
    """A factor of one film as a bar on a scale that all films and factors share: solid lifts, hollow lowers."""
    width, height = _BAR
    most, least = max([0.05, *every]), max(0.0, *(-each for each in every))
    zero = width * (max(0.27, min(0.55, least / (least + most))) if least else 0.06)
    unit = min((width - zero - 42) / most, (zero - 4) / least if least else float("inf"))
    size, ink = max(abs(value) * unit, 1.5), look.ink()
    start = zero - size if value < 0 else zero
    colour = escape(ink.path(factor))
    fill = f'fill="{ink.background}" stroke="{colour}" stroke-width="1.6"' if value < 0 else f'fill="{colour}"'
    text = escape(words.times(value))
    at, side = (zero - size - 4, "end") if value < 0 and zero - size > 40 else (max(start + size, zero) + 5, "start")
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{text}">'
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}" stroke="{ink.zero}"/>'
        f'<rect x="{start:.1f}" y="3" width="{size:.1f}" height="8" rx="1.5" {fill}/>'
        f'<text x="{at:.1f}" y="11" font-size="12" text-anchor="{side}" fill="{ink.text}">{text}</text></svg>'
    )


def _mix(gathered: Gathered) -> Picture | None:
    story, catalogue = gathered.story, gathered.checkpoint.catalogue
    mix = genres_before_and_now(catalogue, story.user.history, story.found.items)
    if mix.empty:
        return None
    figure = charts.genre_mix(mix, look.ink())
    films = words.count(len(story.user.history), "film")
    rule = f"Hollow: the {films} rated well before. Solid: the {len(story.found)} recommended. "
    return pieces.picture(
        "Does the list keep the user’s taste? Share of films with each genre",
        f"{rule}A film counts in each of its genres.", facts.in_words(mix), FULL,
        lambda narrow: figure, pieces.table(facts.mix_table(mix), decimals=1),
    )  # fmt: skip


def explained(gathered: Gathered) -> dict:
    """Why the film: the parts, the films that speak, what would change the answer, the test; then the next films."""
    story, catalogue = gathered.story, gathered.checkpoint.catalogue
    told = story.film
    case, reasons = told.case, told.reasons
    title = catalogue.titles[told.item]
    return {
        "question": explain_words.question(title, story.user.id, case.rank, explain_facts.LISTED),
        "answer": explain_words.answer(case),
        "remark": story.remark,
        "waterfall": _waterfall(told),
        "speakers": _speakers(gathered, told) if case.moves else None,
        "cards": [text for text, _ in explain_facts.removal_cards(catalogue, told.removals, case)],
        "removal_rule": explain_facts.REMOVAL_RULE,
        "deletion": _deletion(story) if story.curve is not None else None,
        "how": tables.how(reasons, told.place),
        "factors": pieces.table(tables.factors(reasons, told.place), decimals=4),
        "first": [_short(gathered, each) for each in story.first if each.item != told.item],
    }


def _waterfall(told: Told) -> Picture:
    case = told.case
    figure = explain_charts.waterfall(case.terms, case.unit, look.ink(), *explain_facts.places(case))
    return pieces.picture(
        explain_facts.waterfall_title(case), explain_facts.waterfall_rule(told.reasons, told.place),
        explain_facts.in_words([words.factor_name(name) for name in case.terms], case.terms.values(), case.unit),
        LEFT, lambda narrow: figure, pieces.table(tables.factors(told.reasons, told.place), decimals=4),
    )  # fmt: skip


def _speakers(gathered: Gathered, told: Told) -> Picture | None:
    method = explain_facts.methods(told.reasons, told.place)[explain_facts.JOINT]
    rows = explain_facts.shown(method)
    if not len(rows):
        return None
    catalogue, unit = gathered.checkpoint.catalogue, told.case.unit
    titles = [catalogue.titles[film] for film in told.reasons.found.history[rows]]
    drawn = titles, {name: values[rows] for name, values in method.effects.items()}, unit, look.ink(), method.axis
    return pieces.picture(
        "Which films speak for it, and which against", explain_facts.reasons_rule(method, rows),
        explain_facts.in_words(titles, method.total[rows], unit), LEFT,
        lambda narrow: explain_charts.reasons(*drawn, narrow),
        pieces.table(tables.drawn(*drawn[:3]), decimals=4),
    )  # fmt: skip


def _deletion(story: Story) -> Picture:
    curve, unit = story.curve, story.film.case.unit
    figure = explain_charts.deletion(curve, look.ink())
    return pieces.picture(
        "Is the reason real? Remove it and see", explain_facts.curve_rule(unit),
        explain_facts.curve_in_words(curve), RIGHT, lambda narrow: figure,
        pieces.table(tables.curve(curve), decimals=1),
    )  # fmt: skip


def _short(gathered: Gathered, told: Told) -> dict:
    """One of the first films in brief: the answer, the parts, who speaks for and against it, the smallest removal."""
    case, catalogue = told.case, gathered.checkpoint.catalogue
    tops = [k for k in sorted(told.removals) if case.rank <= k]
    card = explain_facts.removal_card(catalogue, tops[0], told.removals[tops[0]], case) if tops else []
    several = len(case.terms) > 1
    return {
        "place": case.rank,
        "title": catalogue.titles[told.item],
        "genres": ", ".join(catalogue.genres[told.item]),
        "answer": explain_words.answer(case),
        "parts": [f"{words.inked(name)} {case.unit.text(value)}" for name, value in case.terms.items()] * several,
        "speakers": _named(case.supporters, case) or "no film of the history",
        "against": _named(case.suppressors, case),
        "removal": card,
    }


def _named(effects, case) -> str:
    strongest = [(title, value) for title, value in effects.items() if abs(value) >= SMALLEST][:MOST_SPEAKERS]
    return ", ".join(f"{title} {case.unit.text(value)}" for title, value in strongest)

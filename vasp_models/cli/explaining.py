"""`vasp-lens explain`: why a film is recommended to a user."""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text
import typer

from vasp_models import devices
from vasp_models.cli.training import AsJson, Device
from vasp_models.cli.using import History, Name, User, asked_history
from vasp_models.errors import ExplanationError, SettingError

_ROUNDING = 1e-5  # an interaction that is no more: the model adds up
_SHOWN = 10  # films of the history in the printed table; --json has all


def explain(
    checkpoint: Name,
    item: Annotated[str, typer.Option(help="Id of the film to explain, as in the data set.")],
    user: User = None,
    history: History = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="nease, leave-one-out, integrated-gradients, removal or pairs; repeat it, default all."),
    ] = None,
    against: Annotated[
        int | None,
        typer.Option(
            min=1, help="Explain the margin to the film at this place, instead of the score: why in the list?"
        ),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Explain a recommendation: what each part adds, what each film of the history adds, what would change it."""
    from vasp_models import checkpoints, provenance
    from vasp_models.explanations import explaining, reporting
    from vasp_models.explanations.answers import has_positive_scores

    methods = method or reporting.METHODS
    if unknown := [name for name in methods if name not in reporting.METHODS]:
        raise SettingError(f"Unknown method {unknown[0]!r}: expected one of {', '.join(reporting.METHODS)}.")
    loaded = checkpoints.load(checkpoint)
    items, number = asked_history(loaded, user, history), loaded.catalogue.number(item)
    model = loaded.model(devices.resolve(device))
    _check(loaded, model, items, number, user)
    rivals = [] if against is None else [_rival(model, items, number, against)]
    found = explaining.explain(model, items, [number, *rivals])
    more = reporting.further(model, found, 0, methods)
    whose = {"user": user, "checkpoint": loaded.name}
    if rivals:
        found, more["pairs"] = explaining.against(found, 1), None  # pairs are asked for the score itself
        whose["against"] = {"place": against, **reporting.film(loaded.catalogue, rivals[0])}
    answer = whose | reporting.record(found, 0, loaded.catalogue, methods=methods, **more)
    if as_json:
        ids = None if history is None else loaded.catalogue.ids[items]
        asked = reporting.command(loaded, loaded.catalogue.ids[number], user, ids, methods, against)
        answer["provenance"] = provenance.of(loaded, asked)
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False))
        return
    score = "Log score" if has_positive_scores(model) else "Score"
    if rivals:
        score = f"{score} above that of {whose['against']['title']}"
    _print(answer, score)


def _rival(model: Any, history: Any, item: int, place: int) -> int:
    """The film at a place of the list; the next one where the explained film stands there itself."""
    from vasp_models.recommending import recommend

    best = recommend(model, history, place + 1).items
    if len(best) < place + 1:
        raise SettingError(f"There are no {place + 1} films to compare with: expected --against below {len(best)}.")
    return int(best[place - 1] if best[place - 1] != item else best[place])


def _check(loaded: Any, model: Any, history: Any, item: int, user: str | None) -> None:
    """Say in the data set's own words what cannot be explained."""
    title, item_id = loaded.catalogue.titles[item], loaded.catalogue.ids[item]
    if item in history:
        whose = "this history" if user is None else f"the history of user {user}"
        raise ExplanationError(
            f"{title} (item {item_id}) is in {whose}, so it is not recommended again: expected an unseen film; "
            f"`vasp-lens recommend {loaded.argument}` lists some."
        )
    if not model.covers(np.array([item]))[0]:
        raise ExplanationError(
            f"{title} (item {item_id}) is not among the films that this model covers, so it has no score: expected a "
            f"film that `vasp-lens recommend {loaded.argument}` can list."
        )


def _print(answer: dict[str, Any], score: str) -> None:
    from vasp_models.recommending import FACTOR_TITLES

    console = Console()
    place = f"#{answer['rank']:,} of {answer['candidates']:,} unseen films, #{answer['rank_of_empty_profile']:,}"
    console.print(Text(f"{answer['title']}: {place} for an empty profile"))
    terms = Table(score, "", title="What each part adds", title_justify="left", box=None)
    for name, value in [("Empty profile", answer["base"])] + [
        (FACTOR_TITLES.get(name, name), value) for name, value in answer["terms"].items()
    ]:
        terms.add_row(name, f"{value:+.4f}")
    terms.add_row("Together", f"{answer['log_score']:+.4f}  (residual {answer['residual']:.1e})")
    console.print(terms)
    if any(map(_reasons, answer["history"])):
        console.print(_history(answer))
    if answer["removal"] and answer["history"]:
        for top in ("top1", "top10"):
            console.print(Text(_removed(top, answer)))
    if answer["pairs"] and abs(answer["pairs"][0]["interaction"]) > _ROUNDING:
        pair = answer["pairs"][0]
        names = " and ".join(pair["titles"])
        console.print(Text(f"Strongest pair: {names} add {pair['interaction']:+.4f} together beyond each alone."))


def _history(answer: dict[str, Any]) -> Table:
    rows = sorted(answer["history"], key=_strength, reverse=True)
    titled = next(filter(None, map(_reasons, rows)))
    title = f"The {min(_SHOWN, len(rows))} strongest of {len(rows):,} films of the history"
    table = Table("Film", *titled, title=title, title_justify="left", box=None)
    for row in rows[:_SHOWN]:
        values = _reasons(row)
        cells = [f"{values[name]:+.4f}" if name in values else "not seen" for name in titled]
        table.add_row(Text(row["title"]), *cells)
    return table


def _reasons(row: dict[str, Any]) -> dict[str, float]:
    """What was asked for and the model has, by the title of its column; nothing of a film that it has not seen."""
    named = {"Leave one out": row["leave_one_out"], "Linear logit": row["nease_logit"], "Linear": row["nease"]}
    named |= {f"IG {head.split('_')[-1]}": value for head, value in (row["integrated_gradients"] or {}).items()}
    return {title: value for title, value in named.items() if value is not None}


def _strength(row: dict[str, Any]) -> float:
    """Leave-one-out, or the credits together where it was not asked for."""
    credits = [row["nease"] or 0.0, *(row["integrated_gradients"] or {}).values()]
    return abs(sum(credits) if row["leave_one_out"] is None else row["leave_one_out"])


def _removed(top: str, answer: dict[str, Any]) -> str:
    place = int(top.removeprefix("top"))
    removal = answer["removal"][top]
    if answer["rank"] > place:
        return f"It is not in the top {place} to begin with."
    if removal is None:
        cap = min(answer["removal"]["searched_up_to"], len(answer["history"]))
        return f"No set of up to {cap} of the history's films was found that takes it out of the top {place}."
    names = ", ".join(removal["titles"])
    moved = f"from #{removal['rank_before']} to #{removal['rank_after']}"
    return f"Without {names}: {moved}; {removal['replacement_title']} takes the place."

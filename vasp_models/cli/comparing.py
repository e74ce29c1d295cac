"""`vasp-lens compare`: two to five checkpoints on the same data, from what `vasp-lens quality` keeps of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Table
import typer

from vasp_models.cli.measuring import console
from vasp_models.cli.quality import MEASURES
from vasp_models.cli.quality import TITLES as KINDS
from vasp_models.cli.training import AsJson, Device, three
from vasp_models.errors import SettingError

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.comparing import Lists, Measured
    from vasp_models.evaluation.comparison import Compared

Names = Annotated[list[str], typer.Argument(help="Checkpoints: names under checkpoints/, folders, or demo.")]
Reference = Annotated[
    str | None, typer.Option(help="Whose values the others' differences are to; the first without it.")
]
By = Annotated[str, typer.Option(help=f"Slices that are printed: {', '.join(KINDS)}; --json has all.")]
User = Annotated[str | None, typer.Option(help="Compare the lists of this user too; this asks the models.")]
_NOTHING, _HEADS = "–", {"ndcg@100": "NDCG@100", "recall@20": "Recall@20", "recall@50": "Recall@50"}
_MARKS = {"better": " +", "higher": " +", "worse": " -", "lower": " -"}


def compare(
    checkpoints: Names,
    reference: Reference = None,
    by: By = "history",
    user: User = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Compare two to five checkpoints on the same users: accuracy, differences, slices, lists."""
    from vasp_models import checkpoints as kept
    from vasp_models import comparing, measures

    chosen = {name: kept.load(name) for name in dict.fromkeys(checkpoints)}
    comparing.check(chosen)
    reference = next(iter(chosen)) if reference is None else reference
    if reference not in chosen or by not in KINDS:
        wrong, there = ("--by", KINDS) if reference in chosen else ("--reference", chosen)
        raise SettingError(f"{wrong} names none of these: expected one of {', '.join(there)}.")
    kept_of = {name: measures.find(each, "quality") for name, each in chosen.items()}
    found = comparing.measured(chosen, reference, kept_of)
    lists = None if user is None else _lists(chosen, reference, user, device)
    if as_json:
        typer.echo(json.dumps(comparing.record(found, chosen, lists), indent=1, ensure_ascii=False))
        return
    _print(found, chosen, by)
    if lists is not None:
        _print_lists(lists, chosen, user)


def _lists(chosen: dict[str, Checkpoint], reference: str, user: str, device: str) -> Lists:
    from vasp_models import answering, comparing, devices

    first, ranked = chosen[reference].users.find(user), {}
    for name, each in chosen.items():
        whose = comparing.user_of(each, user, first)
        answers = answering.open(each, "cpu" if each.is_bundle else devices.resolve(device))
        ranked[name] = answers.recommend(whose.history, len(each.catalogue)).items
    return comparing.Lists(ranked, reference)


def _print(found: Measured, chosen: dict[str, Checkpoint], by: str) -> None:
    from vasp_models import comparing, measures

    out, titles = console(), comparing.titles(chosen)
    if found.compared is None:
        out.print(_stored(comparing.stored(chosen), titles))
        out.print("± standard error. Measured after training: no differences user by user.", style="dim")
    else:
        reference = titles[found.compared.reference]
        out.print(f"{found.compared.first.measured['users']:,} test users. Differences are to {reference}.")
        out.print(_accuracy(found.compared, titles))
        if by in found.compared.first.slices:
            out.print(_slices(found.compared, titles, by))
        out.print(_beyond(found.compared, titles))
        out.print(
            "Intervals are 95 %; ± standard error. + above, - below the reference, p < .05 corrected for their number.",
            style="dim",
        )
    for sentence in found.aside.values():
        out.print(sentence)
    for name in found.missing:
        out.print(f"{titles[name]} was not measured user by user: {measures.command(chosen[name], 'quality')}")


def _accuracy(compared: Compared, titles: dict[str, str]) -> Table:
    table = Table("", "", box=None)
    for head in ("mean", "difference", "in words"):
        table.add_column(head, justify="left" if head == "in words" else "right", no_wrap=True)
    for metric, head in _HEADS.items():
        for row in compared.overall(metric).itertuples():
            cells = [_value(row.mean, row.se), _difference(row), row.verdict]
            table.add_row(head if row.Index == 0 else "", titles[row.system], *cells)
    return table


def _difference(row: Any) -> str:
    if row.difference is None or row.difference != row.difference:
        return _NOTHING
    low, high = row.difference_low, row.difference_high
    ends = "" if low is None or low != low else f" ({_sign(low)} to {_sign(high)})"
    return f"{_sign(row.difference)}{ends}"


def _sign(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{three(abs(value))}"


def _value(mean: float | None, se: float | None) -> str:
    if mean is None or mean != mean:
        return _NOTHING
    return three(mean) if se is None or se != se else f"{three(mean)} ± {three(se)}"


def _slices(compared: Compared, titles: dict[str, str], by: str) -> Table:
    from vasp_models.evaluation import slices

    of_users = by in slices.USERS
    rows = compared.by_slice(by, "ndcg@100" if of_users else "found@50")
    table = Table(KINDS[by], "users" if of_users else "films", box=None)
    for name in compared.served:
        table.add_column(titles[name], justify="right", no_wrap=True)
    for place, each in rows.groupby("slice", sort=False):
        cells = [f"{_value(row.mean, None)}{_MARKS.get(row.verdict, '  ')}" for row in each.itertuples()]
        table.add_row(place, f"{each['n'].iloc[0]:,}", *cells)
    return table


def _beyond(compared: Compared, titles: dict[str, str]) -> Table:
    found = compared.lists().set_index(["measure", "system"])
    table = Table("Lists", box=None)
    for name in compared.served:
        table.add_column(titles[name], justify="right", no_wrap=True)
    for measure, title in MEASURES.items():
        cells = []
        for name in compared.served:
            if (measure, name) not in found.index:
                cells.append(f"{_NOTHING}  ")
                continue
            row = found.loc[(measure, name)]
            cells.append(f"{_value(row['mean'], row['se'])}{_MARKS.get(row['verdict'], '  ')}")
        table.add_row(title, *cells)
    return table


def _stored(stored: Any, titles: dict[str, str]) -> Table:
    table = Table("", *_HEADS.values(), box=None)
    for name, rows in stored.groupby("system", sort=False):
        values = rows.set_index("metric")
        cells = [_value(values.at[m, "mean"], values.at[m, "se"]) if m in values.index else _NOTHING for m in _HEADS]
        table.add_row(titles[name], *cells)
    return table


def _print_lists(lists: Lists, chosen: dict[str, Checkpoint], user: str | None) -> None:
    from vasp_models import comparing

    out, titles = console(), comparing.titles(chosen)
    places, catalogue = lists.places(), next(iter(chosen.values())).catalogue
    out.print(f"User {user}: {len(lists.by_all())} of the first {lists.k} films are in every list.")
    table = Table(f"First {len(places)} of {titles[lists.reference]}", box=None)
    for name in lists.ranked:
        table.add_column(titles[name], justify="right", no_wrap=True)
    for _, row in places.iterrows():
        cells = [_NOTHING if row[name] == comparing.NOWHERE else f"{row[name]:,}" for name in lists.ranked]
        table.add_row(catalogue.titles[row["item"]], *cells)
    out.print(table)

"""``vasp-lens data``: bring data in, look at it, split it. Each command calls one core function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vasp_models import places
from vasp_models.errors import DataError, SettingError

# The core is imported where it is used: --help need not wait for pandas and Arrow.
if TYPE_CHECKING:
    from vasp_models.data.datasets import Dataset

data_app = typer.Typer(no_args_is_help=True, help="Bring ratings in, look at them, split them.")

_Replace = Annotated[bool, typer.Option("--replace", help="Put it in the place of a data set of the same name.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Name = Annotated[str, typer.Argument(help="Name of a data set, `demo`, or its folder.")]
_Ratings = Annotated[
    Path,
    typer.Argument(help="CSV, TSV or Parquet, plain or compressed, MovieLens' .dat; a folder with --format deepcf."),
]
_Format = Annotated[
    str,
    typer.Option("--format", help="table, or deepcf: a folder with NAME.train.rating, .test.rating, .test.negative."),
]


@data_app.command("get")
def get(
    name: Annotated[
        str,
        typer.Argument(help="ml-latest-small, ml-100k, ml-1m, ml-10m, ml-20m, ml-25m, ml-32m or netflix."),
    ],
    source: Annotated[Path | None, typer.Option("--from", help="The publisher's zip or its folder, at hand.")] = None,
    genres: Annotated[Path | None, typer.Option(help="Genres of netflix: a CSV with movieId and genres.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where NAME.zip is fetched, if not from its publisher.")] = None,
    replace: _Replace = False,
) -> None:
    """Download a MovieLens release, or take it (or the Netflix Prize) from files at hand."""
    from vasp_models.data import releases

    with _bar(f"Fetching {name}", shown=source is None) as progress:
        dataset = releases.get(
            name, source, base_url=base_url or releases.BASE_URL, genres=genres, progress=progress, replace=replace
        )
    _show_licence(dataset)
    _show_digest(dataset)
    _show_summary(dataset)


@data_app.command("import")
def import_(
    context: typer.Context,
    ratings: _Ratings,
    name: Annotated[str, typer.Option(help="Name of the new data set, or a folder for it.")],
    layout: _Format = "table",
    prefix: Annotated[str | None, typer.Option(help="NAME of the files in a folder of several, for deepcf.")] = None,
    items: Annotated[Path | None, typer.Option(help="Titles and, where there are, years and genres.")] = None,
    implicit: Annotated[bool, typer.Option("--implicit", help="Every row is a like; ratings are not read.")] = False,
    threshold: Annotated[float, typer.Option(help="The rating from which a film counts as liked.")] = 4.0,
    lowest: Annotated[float, typer.Option(help="The lowest rating of the scale.")] = 0.5,
    highest: Annotated[float, typer.Option(help="The highest rating of the scale.")] = 5.0,
    user_column: Annotated[str | None, typer.Option(help="Column of the users, if not found by name.")] = None,
    item_column: Annotated[str | None, typer.Option(help="Column of the items.")] = None,
    rating_column: Annotated[str | None, typer.Option(help="Column of the ratings.")] = None,
    timestamp_column: Annotated[str | None, typer.Option(help="Column of the times.")] = None,
    item_id_column: Annotated[str | None, typer.Option(help="Column of the ids in ITEMS.")] = None,
    title_column: Annotated[str | None, typer.Option(help="Column of the titles in ITEMS.")] = None,
    year_column: Annotated[str | None, typer.Option(help="Column of the years in ITEMS.")] = None,
    genres_column: Annotated[str | None, typer.Option(help="Column of the genres in ITEMS.")] = None,
    no_timestamps: Annotated[bool, typer.Option("--no-timestamps", help="Leave the times out.")] = False,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="RATINGS has no header line: user, item, rating, timestamp.")
    ] = False,
    text_ids: Annotated[bool, typer.Option("--text-ids", help="Take all ids as text.")] = False,
    separator: Annotated[str | None, typer.Option(help="What separates columns, if not found.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the text (default: utf-8; .dat: latin-1).")] = None,
    title: Annotated[str | None, typer.Option(help="The name that people read.")] = None,
    licence: Annotated[str | None, typer.Option(help="The terms of use, in one sentence.")] = None,
    replace: _Replace = False,
) -> None:
    """Bring in one's own ratings."""
    if _is_deepcf(context, layout):
        from vasp_models.data.deepcf import import_deepcf

        _show_summary(import_deepcf(
            ratings, name, prefix, timestamps=not no_timestamps, title=title, licence=licence, replace=replace
        ))  # fmt: skip
        return
    from vasp_models.data.importing import import_ratings
    from vasp_models.data.ratings import Feedback

    columns = {"user": user_column, "item": item_column, "rating": rating_column, "timestamp": timestamp_column}
    item_columns = {"id": item_id_column, "title": title_column, "year": year_column, "genres": genres_column}
    dataset = import_ratings(
        ratings,
        name,
        items,
        feedback=Feedback(None if implicit else threshold, lowest, highest),
        columns={role: column for role, column in columns.items() if column is not None},
        item_columns={role: column for role, column in item_columns.items() if column is not None},
        timestamps=not no_timestamps,
        header=not no_header,
        separator=separator,
        encoding=encoding,
        text_ids=text_ids,
        title=title,
        licence=licence,
        replace=replace,
    )
    _show_summary(dataset)


@data_app.command("split")
def split(
    name: _Name,
    out: Annotated[Path, typer.Option(help="The .npz file to write.")],
    protocol: Annotated[str, typer.Option(help="liang or vasp.")] = "liang",
    heldout: Annotated[int | None, typer.Option(help="Test users, and as many validation users.")] = None,
) -> None:
    """Split a data set by users and write index arrays."""
    from vasp_models.data import datasets, splits

    made = splits.make_split(datasets.load(name), protocol, heldout)
    splits.save_npz(made, out)
    stats = made.stats
    typer.echo(f"{name}, {protocol}: {stats['train_users']:,} train users, {stats['items']:,} items, "
               f"{stats['train_events']:,} likes")  # fmt: skip
    for kind, title in (("val", "validation"), ("test", "test")):
        part = stats[kind]
        typer.echo(f"  {title}: {part['users']:,} users ({part['dropped']} dropped), {part['target']:,} likes held out")
    typer.echo(f"written to {out}")


@data_app.command("list")
def list_(as_json: _Json = False) -> None:
    """List the data sets at hand."""
    from vasp_models.data import datasets

    found, damaged = [], []
    for name in datasets.names():
        try:
            found.append(datasets.load(name))
        except DataError as error:
            damaged.append(str(error))
    for sentence in damaged:
        typer.echo(sentence, err=True)
    if as_json:
        typer.echo(json.dumps([_brief(dataset) for dataset in found], indent=1, ensure_ascii=False))
        return
    if not found and not damaged:
        typer.echo("No data sets yet: bring one in with `vasp-lens data get ml-latest-small`.")
    for dataset in found:
        counts = dataset.manifest["counts"]
        typer.echo(
            f"{dataset.name:<18} {counts['ratings']:>12,} ratings {counts['users']:>9,} users "
            f"{counts['items']:>8,} items   {dataset.title}"
        )


@data_app.command("show")
def show(name: _Name, as_json: _Json = False) -> None:
    """Show what a data set is: counts, origin, digests, licence."""
    from vasp_models.data import datasets

    dataset = datasets.load(name)
    if as_json:
        typer.echo(json.dumps(dataset.manifest, indent=1, ensure_ascii=False))
        return
    _show_licence(dataset)
    _show_digest(dataset)
    _show_summary(dataset)


_FOR_DEEPCF = {"ratings", "name", "layout", "prefix", "no_timestamps", "title", "licence", "replace"}


def _is_deepcf(context: typer.Context, layout: str) -> bool:
    """Which format was asked for. Raises SettingError for an unknown one, and for options that it does not have."""
    if layout not in ("table", "deepcf"):
        raise SettingError(f"--format {layout}: expected table or deepcf.")
    own = _FOR_DEEPCF if layout == "deepcf" else set(context.params) - {"prefix"}
    for option in context.command.params:
        source = context.get_parameter_source(option.name)
        if option.name not in own and source is not None and source.name == "COMMANDLINE":
            raise SettingError(f"{option.opts[-1]} has no meaning with --format {layout}: leave it out.")
    return layout == "deepcf"


def _brief(dataset: Dataset) -> dict:
    wanted = ("name", "title", "simulated", "threshold", "counts", "licence", "fingerprint")
    return {key: dataset.manifest[key] for key in wanted} | {"folder": str(dataset.folder)}


def _show_licence(dataset: Dataset) -> None:
    typer.echo(f"Licence of {dataset.title}: {dataset.manifest['licence']}")
    if dataset.manifest["licence_text"]:
        typer.echo("\n" + dataset.manifest["licence_text"] + "\n")


def _show_digest(dataset: Dataset) -> None:
    source = dataset.manifest["source"]
    if "md5" not in source:
        for file in source.get("files", []):
            typer.echo(f"SHA-256 of {file['name']}: {file['sha256']}")
        return
    said = "equal to the publisher's" if source["published_md5"] else "the publisher serves none to compare with"
    typer.echo(f"MD5 of {source['archive']}: {source['md5']} ({said})\nSHA-256: {source['sha256']}")


def _show_summary(dataset: Dataset) -> None:
    facts, counts = dataset.manifest, dataset.manifest["counts"]
    rated = f"{counts['items']:,} items, {counts['rated_items']:,} of them rated"
    typer.echo(f"{dataset.title}: {counts['ratings']:,} ratings by {counts['users']:,} users; {rated}")
    typer.echo(
        "  every row is a like" if facts["implicit"] else f"  a like is a rating of {facts['threshold']:g} or more"
    )
    repeated = facts["collapsed"]
    if repeated["rows"]:
        typer.echo(f"  {repeated['rows']:,} repeated pairs collapsed, the {repeated['kept']} of each kept")
    if counts["unnamed_items"]:
        typer.echo(f"  {counts['unnamed_items']:,} rated items have no title: they are named by their ids")
    if "one_out" in facts["source"]:
        _show_one_out(facts["source"]["one_out"])
    typer.echo(f"  in {dataset.folder}")
    by_name = places.dataset_folder(dataset.name) == dataset.folder
    typer.echo(f"next: vasp-lens train vasp --data {dataset.name if by_name else dataset.folder}")


def _show_one_out(test: dict) -> None:
    typer.echo(f"  leave-one-out test of {test['users']:,} users, {test['negatives']} negatives each")
    odd = {
        "negatives_in_train": "negatives that the user likes",
        "own_item_among_negatives": "users whose held-out item is among the negatives (it is left out there)",
        "users_without_train": "users with nothing to learn from",
    }
    for name, what in odd.items():
        if test[name]:
            typer.echo(f"    {test[name]:,} {what}: kept as published")


@contextmanager
def _bar(what: str, shown: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

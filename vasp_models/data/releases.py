"""MovieLens' releases and the Netflix Prize, by name: where they are, what their files look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import html
from pathlib import Path
import re
import tempfile

import pandas as pd

from vasp_models import places
from vasp_models.data import netflix
from vasp_models.data.datasets import Dataset
from vasp_models.data.downloads import Digests, Progress, digests_of, extract, fetch_zip
from vasp_models.data.importing import DAT_ITEMS, DAT_RATINGS, Source, assemble, file_facts, free_folder
from vasp_models.data.items import items_frame, read_items, read_links
from vasp_models.data.ratings import Feedback, Ratings, read_ratings
from vasp_models.data.tables import Table, open_table
from vasp_models.errors import DataError, SettingError

BASE_URL = "https://files.grouplens.org/datasets/movielens"
TERMS = "https://grouplens.org/datasets/movielens/"
_README = ("README", "README.txt", "README.html")
_FLAGS = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True)
class Release:
    """One published data set: `ratings`, `items`, `links` are file names, `lowest` the end of its scale."""

    title: str
    ratings: Sequence[str]
    items: Sequence[str]
    links: str | None = None
    lowest: float = 0.5
    published: bool = True

    @property
    def patterns(self) -> list[str]:
        """Names of the files that are taken out of its zip."""
        return [*self.ratings, *self.items, *([self.links] if self.links else []), *_README, netflix.GENRE_FILE]


def _csv(title: str) -> Release:
    return Release(title, ("ratings.csv",), ("movies.csv",), "links.csv")


RELEASES = {
    "ml-latest-small": _csv("MovieLens latest, small"),
    "ml-100k": Release("MovieLens 100K", ("u.data",), ("u.item",), lowest=1),
    "ml-1m": Release("MovieLens 1M", ("ratings.dat",), ("movies.dat",), lowest=1),
    "ml-10m": Release("MovieLens 10M", ("ratings.dat",), ("movies.dat",)),
    "ml-20m": _csv("MovieLens 20M"),
    "ml-25m": _csv("MovieLens 25M"),
    "ml-32m": _csv("MovieLens 32M"),
    "netflix": Release("Netflix Prize", netflix.RATING_FILES, netflix.TITLE_FILES, lowest=1, published=False),
}


def get(
    name: str,
    source: Path | None = None,
    *,
    base_url: str = BASE_URL,
    genres: Path | None = None,
    progress: Progress | None = None,
    replace: bool = False,
) -> Dataset:
    """Download a release, or take it from its zip or folder at `source`, and write it as a data set.

    `genres` is a file, or a folder with ``netflix_genres.csv``, for netflix. Raises SettingError for an unknown name,
    DataError and DownloadError for files that are missing, broken or not as announced; nothing is written then.
    """
    if name not in RELEASES:
        raise SettingError(f"Unknown release {name!r}: expected one of {', '.join(RELEASES)}.")
    release = RELEASES[name]
    if source is None and not release.published:
        raise SettingError(f"{name} cannot be downloaded: pass its files, `vasp-lens data get {name} --from FOLDER`.")
    folder = free_folder(name, replace)
    with _files(name, release, source, base_url, progress) as (at, facts):
        files = _Files(at, str(source or f"{name}.zip"))
        read = _read_netflix if name == "netflix" else _read_movielens
        ratings, items, links = read(release, files, genres)
        facts["files"] = [file_facts(path) for path in files.taken if not path.name.startswith("mv_")]
        described = _licensed(release, files.readme(), facts)
        feedback = Feedback(lowest=release.lowest)
        return assemble(folder, ratings, items, feedback, described, links, files.label, replace)


class _Files:
    """The files of a release in a folder, or in one folder inside it."""

    def __init__(self, folder: Path, label: str) -> None:
        self.folder, self.label, self.taken = folder, label, []

    def all(self, patterns: Sequence[str]) -> list[Path]:
        """Every file of the first pattern that has any. Raises DataError where none has."""
        for pattern in patterns:
            found = sorted(self.folder.glob(pattern)) or sorted(self.folder.glob(f"*/{pattern}"))
            if len({path.parent for path in found}) > 1:
                there = ", ".join(path.parent.name for path in found)
                raise DataError(f"{self.label} has {pattern} in several folders ({there}): pass one with --from.")
            if found:
                self.taken += found
                return found
        raise DataError(
            f"{self.label} has no {' or '.join(patterns)}: expected the release's own files; fetch it again, or bring "
            "other files in with `vasp-lens data import RATINGS --items ITEMS --name NAME`."
        )

    def one(self, patterns: Sequence[str], names: Sequence[str] | None = None) -> Table:
        """The first file that matches, as a table; `names` are its columns where it has no header."""
        path = self.all(patterns)[0]
        separator = "|" if path.name == "u.item" else None
        encoding = "latin-1" if path.name == "u.item" else None
        return open_table(path, names, separator, encoding, label=self.name_of(path))

    def name_of(self, path: Path) -> str:
        """What messages call a file: its path, or the zip and the name in it."""
        return str(path) if str(self.folder) == self.label else f"{self.label}: {path.name}"

    def readme(self) -> str:
        """The text that came with the data, empty where there is none."""
        paths = [path for name in _README for path in (*self.folder.glob(name), *self.folder.glob(f"*/{name}"))]
        return paths[0].read_text(encoding="utf-8", errors="replace") if paths else ""


@dataclass(frozen=True)
class _Flagged:
    """``u.item``, whose last 19 columns say by 0 and 1 which genres a film has, as a table of id, title, genres."""

    table: Table
    names = DAT_ITEMS

    @property
    def label(self) -> str:
        return self.table.label

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        for number, fields in self.table.lines():
            if len(fields) != 5 + len(_FLAGS):
                expected = f"expected {5 + len(_FLAGS)}: fetch the file again."
                raise DataError(f"{self.label}, line {number} has {len(fields)} columns, {expected}")
            genres = "|".join(name for name, flag in zip(_FLAGS, fields[5:], strict=True) if flag == "1")
            yield number, [fields[0], fields[1], genres]


_Read = tuple[Ratings, pd.DataFrame, pd.DataFrame | None]


def _read_movielens(release: Release, files: _Files, genres: Path | None) -> _Read:
    if genres is not None:
        raise SettingError(f"{release.title} has its own genres: --genres is for netflix.")
    plain = release.ratings[0].endswith(".csv")
    table = files.one(release.ratings, None if plain else DAT_RATINGS)
    columns = ("userId", "movieId", "rating", "timestamp") if plain else DAT_RATINGS
    ratings = read_ratings(table, _columns(table, DAT_RATINGS, columns), Feedback(lowest=release.lowest))
    item_table = files.one(release.items, None if plain else DAT_ITEMS)
    item_table = _Flagged(item_table) if release.items[0] == "u.item" else item_table
    item_columns = ("movieId", "title", "genres") if plain else DAT_ITEMS
    items = read_items(item_table, _columns(item_table, DAT_ITEMS, item_columns), ratings.item_ids)
    links = read_links(files.one((release.links,)), ratings.item_ids) if release.links else None
    return ratings, items, links


def _read_netflix(release: Release, files: _Files, genres: Path | None) -> _Read:
    ratings = netflix.read_ratings(files.all(release.ratings))
    rows = netflix.read_titles(files.all(release.items)[0])
    path = genres / netflix.GENRE_FILE if genres is not None and genres.is_dir() else genres
    beside = [*files.folder.glob(netflix.GENRE_FILE), *files.folder.glob(f"*/{netflix.GENRE_FILE}")]
    if path is None and beside:
        path = beside[0]
    if path is not None:
        if not path.is_file():
            raise DataError(f"{path} is not there: expected a CSV with movieId and genres; check --genres.")
        known = netflix.read_genres(path)
        rows["genres"] = [known.get(item_id, "") for item_id in rows["id"]]
        files.taken.append(path)
    return ratings, items_frame(rows), None


def _columns(table: Table, roles: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    missing = [name for name in names if name not in table.names]
    if missing:
        raise DataError(
            f"{table.label}, line 1 has the columns {', '.join(table.names)}, expected {', '.join(names)}: "
            "fetch the release again, or bring it in with `vasp-lens data import`."
        )
    return dict(zip(roles, names, strict=True))


@contextmanager
def _files(
    name: str, release: Release, source: Path | None, base_url: str, progress: Progress | None
) -> Iterator[tuple[Path, dict]]:
    """The folder that holds a release's files for the time of the block, and what the manifest says of their origin."""
    if source is not None and source.is_dir():
        yield source, {"kind": "release", "from": "folder"}
        return
    if source is not None and not source.is_file():
        raise DataError(f"{source} is not there: expected the zip or the folder of {name}; check --from.")
    places.cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="get-", dir=places.cache_folder()) as temporary:
        archive, facts, label = source, {"kind": "release", "from": "file"}, str(source)
        if source is None:
            label = f"{base_url.rstrip('/')}/{name}.zip"
            archive = Path(temporary) / f"{name}.zip"
            facts = {"kind": "release", "from": "download", "url": label}
            digests = fetch_zip(label, archive, progress)
        else:
            digests = digests_of(source)
        unpacked = Path(temporary) / "files"
        unpacked.mkdir()
        extract(archive, release.patterns, unpacked, label)
        yield unpacked, facts | _digest_facts(archive, digests)


def _digest_facts(archive: Path, digests: Digests) -> dict:
    seen = {"bytes": archive.stat().st_size, "md5": digests.md5, "sha256": digests.sha256}
    return {"archive": archive.name, **seen, "published_md5": digests.published_md5}


def _licensed(release: Release, readme: str, facts: dict) -> Source:
    text = licence_in(readme)
    if re.search(r"may\s+not\s+redistribute", text, re.IGNORECASE):
        sentence, flag = "Research use with citation; may not be redistributed without permission.", "forbidden"
    elif re.search(r"may\s+redistribute", text, re.IGNORECASE):
        sentence, flag = (
            "Research use with citation; may be redistributed under the same conditions.",
            "same conditions",
        )
    else:
        terms = f"its terms stand at {TERMS}" if release.published else "its terms came with the original files"
        sentence, flag = f"No licence text came with the files; {terms}.", "unknown"
    return Source(release.title, facts, sentence, text, flag)


def licence_in(readme: str) -> str:
    """The section on the licence in a release's README, all of the text where no such section is found."""
    text = html.unescape(re.sub(r"<[^>]+>", "", readme)) if "</" in readme else readme
    section = re.search(r"(?im)^\W*usage licen[sc]e\W*$(.*?)^\W*(?:citation|acknowledge\w*)\W*$", text, re.DOTALL)
    chosen = section.group(1) if section else text
    return re.sub(r"\n{3,}", "\n\n", chosen.strip("=- \r\n\t"))

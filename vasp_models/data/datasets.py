"""Data sets on disk: one folder each, with the ratings as they came and a manifest that says what they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vasp_models import places
from vasp_models.errors import DataError

SCHEMA = 1
KIND = "vasp-lens data set"
_AGAIN = "make the data set again with --replace"
MANIFEST, RATINGS, ITEMS, LINKS = "dataset.json", "ratings.parquet", "items.parquet", "links.parquet"
ONE_OUT = "one_out.parquet"


@dataclass(frozen=True)
class Dataset:
    """Ratings, items and links of one data set, and the manifest that describes them.

    `manifest` holds `name`, `title`, `simulated`, `threshold` (None where the data are implicit), `implicit`,
    `source`, `licence`, `licence_text`, `redistribution`, `counts`, `collapsed`, `rating_counts`,
    `user_mean_counts`, `fingerprint` (hash of the content) and `files` (bytes and SHA-256 of each file).
    """

    folder: Path
    manifest: dict

    @property
    def name(self) -> str:
        """The name under which the data set was made."""
        return self.manifest["name"]

    @property
    def title(self) -> str:
        """The name that people read: ``MovieLens 1M``."""
        return self.manifest["title"]

    @property
    def simulated(self) -> bool:
        """Whether its users are made up."""
        return self.manifest["simulated"]

    @property
    def threshold(self) -> float | None:
        """The rating from which a film counts as liked, None where every row counts."""
        return self.manifest["threshold"]

    @property
    def fingerprint(self) -> str:
        """Hash of the content: equal for equal ratings, items and threshold on every machine."""
        return self.manifest["fingerprint"]

    @cached_property
    def columns(self) -> list[str]:
        """Columns of the ratings: user, item and, where they were given, rating and timestamp."""
        return [name for name in ("user", "item", "rating", "timestamp") if name in self._schema.names]

    @cached_property
    def _schema(self) -> pa.Schema:
        return _reading(self.folder / RATINGS, lambda path: pq.read_schema(path))

    def table(self, columns: list[str] | None = None) -> pa.Table:
        """Ratings as an Arrow table, row by row as they came. Raises DataError where the file is damaged."""
        return _reading(self.folder / RATINGS, lambda path: pq.read_table(path, columns=columns or self.columns))

    def ratings(self) -> pd.DataFrame:
        """Ratings as they came: user, item (int64 or str) and, where they were given, rating and timestamp."""
        return self.table().to_pandas()

    def items(self) -> pd.DataFrame:
        """One row per item: id (int64 or str), title, year (Int64), genres (list of str)."""
        frame = _reading(self.folder / ITEMS, pq.read_table).to_pandas()
        return frame.assign(year=frame["year"].astype("Int64"), genres=[list(g) for g in frame["genres"]])

    def links(self) -> pd.DataFrame | None:
        """Item ids in other databases (item, imdbId, tmdbId as text), None where the source has none."""
        path = self.folder / LINKS
        return _reading(path, pq.read_table).to_pandas() if path.exists() else None

    def one_out(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """The leave-one-out test that came with the data, None where none did.

        Ids of users and of the item held out of each, (users), and of the items among which it must be found,
        (users, 99).
        """
        if ONE_OUT not in self.manifest["files"]:
            return None
        table = _reading(self.folder / ONE_OUT, pq.read_table)
        users, items = (table.column(name).to_numpy() for name in ("user", "item"))
        return users, items, _flat(table.column("negatives")).reshape(len(users), -1)


def load(name_or_path: str | Path) -> Dataset:
    """The data set of that name (``demo`` is the embedded one) or in that folder.

    Raises DataError where it is missing, damaged, foreign or of a newer schema.
    """
    folder = places.dataset_folder(str(name_or_path))
    path = folder / MANIFEST
    if not path.exists():
        raise DataError(_missing(str(name_or_path), folder))
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): expected JSON; {_AGAIN}.") from None
    _check(manifest, folder)
    return Dataset(folder, manifest)


def names() -> list[str]:
    """Names of the data sets in the user's folder, and ``demo`` where it is built, in alphabetical order."""
    root = places.home() / "datasets"
    found = {path.parent.name for path in root.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")}
    if (places.dataset_folder(places.DEMO) / MANIFEST).exists():
        found.add(places.DEMO)
    return sorted(found)


def check_free(folder: Path, replace: bool) -> None:
    """Raise DataError where `folder` already holds something that must not be lost."""
    if not folder.exists():
        return
    if not replace:
        raise DataError(
            f"{folder} is already there: expected a free name; --replace puts the new data set in its place."
        )
    if not (folder / MANIFEST).exists():
        raise DataError(f"{folder} holds no data set (no {MANIFEST}), --replace leaves it alone: choose another name.")


def write(
    folder: Path,
    ratings: pa.Table,
    items: pd.DataFrame,
    facts: dict,
    links: pd.DataFrame | None = None,
    replace: bool = False,
    one_out: pa.Table | None = None,
) -> Dataset:
    """Write a data set whole and return it: `facts` is the manifest without schema, fingerprint and files.

    `one_out` (user, item, negatives) is a leave-one-out test that came with the ratings.
    Raises DataError where the folder is taken and `replace` is false.
    """
    check_free(folder, replace)
    tables = {RATINGS: ratings, ITEMS: _items_table(items)}
    if links is not None:
        tables[LINKS] = pa.Table.from_pandas(links, preserve_index=False)
    if one_out is not None:
        tables[ONE_OUT] = one_out
    with places.written_whole(folder) as temporary:
        for name, table in tables.items():
            bare = table.replace_schema_metadata(None)  # pandas' own notes would differ between its versions
            level = 9 if len(table) < 1_000_000 else 1
            pq.write_table(bare, temporary / name, compression="zstd", compression_level=level)
        files = {name: _facts_of(temporary / name) for name in tables}
        content = {"fingerprint": fingerprint(ratings, items, facts, one_out), "files": files}
        manifest = {"kind": KIND, "schema": SCHEMA, **facts, **content}
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (temporary / MANIFEST).write_text(text, encoding="utf-8")
    return Dataset(folder, manifest)


def fingerprint(ratings: pa.Table, items: pd.DataFrame, facts: dict, one_out: pa.Table | None = None) -> str:
    """SHA-256 of the values, free of how a library happens to write them."""
    digest = hashlib.sha256(json.dumps([facts.get("threshold"), ratings.column_names]).encode())
    for name in ratings.column_names:
        for chunk in ratings.column(name).chunks:
            digest.update(_bytes(chunk))
    lines = zip(items["id"], items["title"], items["year"], items["genres"], strict=True)
    digest.update(
        "\n".join(f"{i}\t{t}\t{'' if pd.isna(y) else int(y)}\t{'|'.join(g)}" for i, t, y, g in lines).encode()
    )
    if one_out is not None:
        for name in ("user", "item", "negatives"):
            digest.update(np.ascontiguousarray(_flat(one_out.column(name))))
    return f"sha256:{digest.hexdigest()}"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flat(column: pa.ChunkedArray) -> np.ndarray:
    """The numbers of a column, those of lists one after the other."""
    chunks = column.combine_chunks()
    return (chunks.flatten() if pa.types.is_nested(chunks.type) else chunks).to_numpy()


def _bytes(chunk: pa.Array) -> bytes | np.ndarray:
    if pa.types.is_string(chunk.type) or pa.types.is_large_string(chunk.type):
        return "\0".join(chunk.to_pylist()).encode() + b"\0"
    return np.ascontiguousarray(chunk.to_numpy(zero_copy_only=False))


def _items_table(items: pd.DataFrame) -> pa.Table:
    id_type = pa.string() if items["id"].dtype == object or items["id"].dtype.kind not in "iu" else pa.int64()
    columns = [
        ("id", pa.array(items["id"].tolist(), id_type)),
        ("title", pa.array(items["title"].tolist(), pa.string())),
        ("year", pa.array([None if pd.isna(year) else int(year) for year in items["year"]], pa.int32())),
        ("genres", pa.array([list(genres) for genres in items["genres"]], pa.list_(pa.string()))),
    ]
    return pa.table(dict(columns))


def _facts_of(path: Path) -> dict:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _check(manifest: object, folder: Path) -> None:
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise DataError(f"{folder / MANIFEST} is no data set of VASP Lens: make one with `vasp-lens data import`.")
    if manifest.get("schema") != SCHEMA:
        raise DataError(
            f"{folder / MANIFEST} has schema {manifest.get('schema')!r}, this program reads {SCHEMA}: "
            f"update VASP Lens, or {_AGAIN}."
        )
    for name, facts in manifest["files"].items():
        size = (folder / name).stat().st_size if (folder / name).exists() else None
        if size != facts["bytes"]:
            found = "is missing" if size is None else f"has {size:,} bytes"
            raise DataError(f"{folder / name} {found}, expected {facts['bytes']:,} bytes: {_AGAIN}.")


def _reading(path: Path, read):
    try:
        return read(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is damaged ({str(error).splitlines()[0]}): {_AGAIN}.") from None


def _missing(name: str, folder: Path) -> str:
    there = ", ".join(names()) or "none yet"
    return (
        f"There is no data set {name!r} (looked in {folder}): expected one of: {there}; "
        "bring one in with `vasp-lens data get ml-latest-small` or `vasp-lens data import RATINGS --name NAME`."
    )

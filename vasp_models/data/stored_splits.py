"""The splits of large data, made once and then read by memory map.

A memory map takes no memory of its own: the system reads the pages that are used, lets them go where memory is short,
and has them once for all processes of a machine that train or score together.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from filelock import FileLock
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vasp_models import places
from vasp_models.data import verified
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.datasets import Dataset, sha256_of
from vasp_models.data.interactions import Interactions
from vasp_models.data.splits import Split, default_heldout, make_split

FROM = 2_000_000  # ratings; a split of fewer is made in about a second
SCHEMA = 1
_ABOUT, _CATALOGUE = "split.json", "catalogue.parquet"
_KINDS = ("train_users", "val_users", "test_users")


def split_of(dataset: Dataset, protocol: str = "liang", heldout: int | None = None, ordered: bool = False) -> Split:
    """`make_split` of the same arguments; of large data it is kept in the cache, its histories as memory maps."""
    if dataset.manifest["counts"]["ratings"] < FROM:
        return make_split(dataset, protocol, heldout, ordered)
    heldout = default_heldout(dataset) if heldout is None else heldout
    folder = places.cache_folder() / "splits" / _name(dataset, protocol, heldout, ordered)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):  # processes that train together all come here at once
            if (found := _read(folder)) is not None:
                return found
            write(make_split(dataset, protocol, heldout, ordered), folder)
            return read(folder)
    except OSError:  # a cache that cannot be written, or is full
        return make_split(dataset, protocol, heldout, ordered)


def write(split: Split, folder: Path) -> None:
    """Write a split to a folder, whole or not at all."""
    with places.written_whole(folder) as temporary:
        for name, histories in _parts(split).items():
            np.save(temporary / f"{name}.indptr.npy", histories.indptr, allow_pickle=False)
            np.save(temporary / f"{name}.indices.npy", histories.indices, allow_pickle=False)
        for kind in _KINDS:
            pq.write_table(pa.table({"id": pa.array(getattr(split, kind))}), temporary / f"{kind}.parquet")
        split.catalogue.frame.to_parquet(temporary / _CATALOGUE, index=False)
        about = {name: getattr(split, name) for name in ("protocol", "heldout", "stats", "preprocessing")}
        about |= {"ordered": split.train.ordered, "items": split.train.n_items, "folds": len(split.test_folds)}
        about["files"] = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
        (temporary / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
    for name, digest in about["files"].items():
        verified.note(folder / name, digest)


def read(folder: Path) -> Split:
    """The split in a folder; its histories are read as they are used. Raises OSError, ValueError or KeyError.

    Files that were not written here are hashed when they are read for the first time.
    """
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    for name, digest in about["files"].items():
        if not verified.has_digest(folder / name, digest):
            raise ValueError(f"{folder / name} is not the file that was written")

    def histories(name: str) -> Interactions:
        indptr, indices = (np.load(folder / f"{name}.{part}.npy", mmap_mode="r") for part in ("indptr", "indices"))
        return Interactions(indptr, indices, about["items"], about["ordered"])

    frame = pq.read_table(folder / _CATALOGUE).to_pandas()
    frame = frame.assign(year=frame["year"].astype("Int64"), genres=[list(each) for each in frame["genres"]])
    return Split(
        about["protocol"],
        about["heldout"],
        histories("train"),
        histories("val_in"),
        histories("val_te"),
        [(histories(f"test_in_{fold}"), histories(f"test_te_{fold}")) for fold in range(about["folds"])],
        *(pq.read_table(folder / f"{kind}.parquet").column("id").to_numpy() for kind in _KINDS),
        Catalogue(frame),
        about["stats"],
        about["preprocessing"],
    )


def _read(folder: Path) -> Split | None:
    try:
        return read(folder)
    except (OSError, EOFError, ValueError, KeyError, pa.ArrowException):  # not there, or damaged: it is made again
        return None


def _name(dataset: Dataset, protocol: str, heldout: int | None, ordered: bool) -> str:
    chosen = [SCHEMA, dataset.fingerprint, dataset.threshold, protocol, heldout, ordered]
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:16]


def _parts(split: Split) -> dict[str, Interactions]:
    parts = {name: getattr(split, name) for name in ("train", "val_in", "val_te")}
    for fold, (known, held_out) in enumerate(split.test_folds):
        parts |= {f"test_in_{fold}": known, f"test_te_{fold}": held_out}
    return parts

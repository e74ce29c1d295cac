"""The sensitivity maps of a checkpoint: computed once, kept by content, found and read without torch.

A map is a folder of Parquet and JSON named by its content, beside the checkpoint or in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vasp_models import places, provenance
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MapError
from vasp_models.projections import shares
from vasp_models.projections.distances import DISTANCES, check_distance
from vasp_models.projections.drawing import (
    DEFAULT_DISTANCE,
    Frame,
    Progress,
    SensitivityMaps,
    compute,
    compute_all,
    expected_seconds,
    settings_for,
)

__all__ = [
    "DEFAULT_DISTANCE",
    "DISTANCES",
    "SensitivityMaps",
    "complete",
    "compute",
    "compute_all",
    "expected_seconds",
    "find",
    "folders",
    "key",
    "load",
    "obtain",
    "refusal",
    "save",
    "write",
]

SCHEMA = 2
_READ = (1, 2)  # 1 had no shares of the paths
_NAMED_BY = 1  # the schema in the name of a map: a new one would mean to draw all of them again
_ABOUT, _POSITIONS, _NEIGHBOURS, _SHARES = "map.json", "positions.parquet", "neighbours.parquet", "shares.parquet"
_FOR_SHARES = 0.03  # of the time, for the shares of the paths
_PACKAGES = ("vasp-lens", "numpy", "scipy", "openTSNE", "torch")

Notice = Callable[[str], None]  # told one sentence about what was set aside


def key(digest: str, distance: str, seed: int = 0) -> str:
    """The name of a map by its content: the checkpoint's digest and the settings."""
    about = json.dumps({"schema": _NAMED_BY, "checkpoint": digest, **settings_for(distance, seed)}, sort_keys=True)
    return hashlib.sha256(about.encode()).hexdigest()[:16]


def folders(checkpoint: Any, distance: str, seed: int = 0) -> tuple[Path, Path]:
    """Where a map may be kept: beside its checkpoint, and in the cache."""
    name = key(checkpoint.digest, distance, seed)
    return checkpoint.folder / "maps" / name, places.cache_folder() / "maps" / name


def find(
    checkpoint: Any, distance: str = DEFAULT_DISTANCE, seed: int = 0, notice: Notice | None = None
) -> SensitivityMaps | None:
    """The maps of a checkpoint where they were computed before, else None; damaged ones are told to `notice`."""
    check_distance(distance)
    known = None
    for folder in folders(checkpoint, distance, seed):
        if (folder / _ABOUT).exists():
            try:
                found = load(folder)
            except MapError as error:
                if notice:
                    notice(str(error))
                continue
            if complete(found):
                return found
            known = known or found
    return known


def refusal(checkpoint: Any) -> str | None:
    """Why no maps can be made of a checkpoint, in a sentence; None where they can. The weights are not read."""
    if checkpoint.is_bundle or checkpoint.personalised:
        return None
    return (
        f"There are no maps of {checkpoint.name}: it gives everybody the same list whatever the history, so its films "
        "have no distances. Maps need a personalised model."
    )


def complete(found: SensitivityMaps | None) -> bool:
    """Whether nothing is missing that `obtain` would compute; maps of an older version lack the shares of the paths."""
    return found is not None and found.shares is not None


def obtain(
    checkpoint: Any,
    readings: Iterable[str] = (DEFAULT_DISTANCE,),
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    notice: Notice | None = None,
) -> dict[str, SensitivityMaps]:
    """The maps of a checkpoint, found or else computed and kept; what older maps lack is added to them as they are.

    Raises MapError as `compute` does, and for a model that `refusal` names.
    """
    readings = tuple(readings)
    found = {distance: find(checkpoint, distance, seed, notice) for distance in readings}
    lacking = [distance for distance in readings if not complete(found[distance])]
    if lacking and (reason := refusal(checkpoint)):
        raise MapError(reason)
    if lacking:
        model, missing = checkpoint.model(device), [distance for distance in lacking if found[distance] is None]
        if missing:
            drawing = _within(progress, 0.0, 1.0 - _FOR_SHARES)
            found |= compute_all(model, checkpoint.catalogue, missing, seed, drawing, checkpoint.digest)
        asking = _within(progress, 1.0 - _FOR_SHARES if missing else 0.0, 1.0)
        split = _train_histories(checkpoint, seed)
        measured = shares.path_shares(model, split, found[lacking[0]].items, lambda part: asking(_ASKING, part))
        for distance in lacking:
            found[distance] = replace(found[distance], shares=measured)
            save(found[distance], checkpoint)
    return {distance: maps for distance, maps in found.items() if maps is not None}


_ASKING = "Asking about train users"


def _train_histories(checkpoint: Any, seed: int) -> Interactions:
    """Some histories that the model learned from: nothing is chosen or measured on test users here."""
    return shares.sample(checkpoint.users.histories.take(checkpoint.users.rows("train")), seed)


def _within(progress: Progress | None, low: float, high: float) -> Progress:
    """A report that takes from `low` to `high` of the whole."""
    return lambda stage, fraction: progress(stage, low + (high - low) * fraction) if progress else None


def save(maps: SensitivityMaps, checkpoint: Any) -> Path:
    """Keep maps beside their checkpoint, or in the cache where that folder cannot be written; returns the folder."""
    beside, cached = folders(checkpoint, maps.distance, maps.settings["seed"])
    folder = beside if os.access(checkpoint.folder, os.W_OK) else cached
    try:
        write(maps, folder)
    except PermissionError:  # a file system that is mounted read-only says so only now
        folder = cached
        write(maps, folder)
    return folder


def write(maps: SensitivityMaps, folder: Path) -> None:
    """Write maps into `folder`, whole or not at all."""
    with places.written_whole(folder) as temporary:
        pq.write_table(_position_table(maps), temporary / _POSITIONS, compression="zstd")
        pq.write_table(_neighbour_table(maps), temporary / _NEIGHBOURS, compression="zstd")
        if maps.shares:
            pq.write_table(pa.table(dict(maps.shares)), temporary / _SHARES, compression="zstd")
        about = {
            "schema": SCHEMA,
            "checkpoint_digest": maps.digest,
            "parts": list(maps.parts),
            "settings": maps.settings,
            "quality": maps.quality,
            "overlap": maps.overlap,
            "seconds": maps.seconds,
            "shares": None if maps.shares is None else list(maps.shares),
            "frames": maps.frames and {part: asdict(frame) for part, frame in maps.frames.items()},
            "provenance": maps.provenance or _provenance(),
            "files": {path.name: _sha256(path) for path in sorted(temporary.glob("*.parquet"))},
        }
        (temporary / _ABOUT).write_text(json.dumps(about, indent=1, allow_nan=False), encoding="utf-8")


def load(folder: Path) -> SensitivityMaps:
    """Read maps that `write` wrote. Raises MapError when they are damaged or of another schema."""
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        if about["schema"] not in _READ:
            raise ValueError(f"schema {about['schema']} where this program writes {SCHEMA}")
        for name, expected in about["files"].items():
            if _sha256(folder / name) != expected:
                raise ValueError(f"{name} is not the file that was written")
        return _read(folder, about)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise MapError(
            f"The map in {folder} cannot be read ({error}): it is set aside, and `vasp-lens map` computes it again."
        ) from None


def _read(folder: Path, about: dict[str, Any]) -> SensitivityMaps:
    positions, neighbours = pq.read_table(folder / _POSITIONS), pq.read_table(folder / _NEIGHBOURS)
    measured, frames = about.get("shares"), about.get("frames")
    table = pq.read_table(folder / _SHARES) if measured else None
    return SensitivityMaps(
        positions={
            part: np.stack([positions[f"{part}_{axis}"].to_numpy() for axis in "xy"], axis=1) for part in about["parts"]
        },
        items=positions["item"].to_numpy(),
        neighbours={part: _lists(neighbours[part]) for part in about["parts"]},
        quality=about["quality"],
        overlap=about["overlap"],
        settings=about["settings"],
        digest=about["checkpoint_digest"],
        seconds=about["seconds"],
        provenance=about["provenance"],
        shares=None if measured is None else {name: table[name].to_numpy() for name in measured},
        frames=frames and {part: Frame(**frame) for part, frame in frames.items()},
    )


def _position_table(maps: SensitivityMaps) -> pa.Table:
    columns = {"item": maps.items.astype(np.int64)}
    for part, places_ in maps.positions.items():
        columns |= {f"{part}_x": places_[:, 0], f"{part}_y": places_[:, 1]}
    return pa.table(columns)


def _neighbour_table(maps: SensitivityMaps) -> pa.Table:
    return pa.table(
        {
            part: pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel(), pa.int32()), rows.shape[1])
            for part, rows in maps.neighbours.items()
        }
    )


def _lists(column: pa.ChunkedArray) -> np.ndarray:
    lists = column.combine_chunks()
    return lists.flatten().to_numpy().reshape(len(lists), -1)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _provenance() -> dict[str, Any]:
    return {"made": provenance.now(), "versions": provenance.versions(_PACKAGES)}

"""What the folder of a checkpoint or a bundle says of itself: the names of its files, and its manifest, checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vasp_models.data.datasets import sha256_of
from vasp_models.errors import CheckpointError

SCHEMA = 1
KIND = "vasp-lens checkpoint"
BUNDLE_SCHEMA = 1
BUNDLE = "vasp-lens bundle"  # answers in the place of the weights; `vasp_models.bundles` writes it
MANIFEST, WEIGHTS = "checkpoint.json", "weights.safetensors"
CATALOGUE, HISTORIES = "catalogue.parquet", "histories.parquet"
CURVE, METRICS = "curve.json", "metrics.json"
_FILES = (CATALOGUE, HISTORIES, CURVE, METRICS)  # of both kinds
_NEEDED = ("model", "title", "preset", "settings", "options", "dataset", "protocol", "provenance", "files")
# What a bundle tells of its answers, and the types that it is told in.
_OF_BUNDLE = {
    "checkpoint": str,
    "checkpoint_digest": str,
    "open": str,
    "command": str,
    "split": dict,
    "k": int,
    "films_k": int,
    "factors": list,
    "parts": dict | None,
    "linear": str | None,
    "gradients": list,
    "positive": bool,
    "ordered": bool,
}
HASHED_UP_TO = 64 * 2**20  # bytes; larger files are checked by size here, and by their hash where they are read
AGAIN = "expected the file as it was written; copy the checkpoint again or train it anew"


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a folder. Raises CheckpointError where it, or a file that it names, is not as it was written."""
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / MANIFEST} cannot be read ({error}): {AGAIN}.") from None
    _check(manifest, folder)
    return manifest


def _check(manifest: Any, folder: Path) -> None:
    if not isinstance(manifest, dict) or manifest.get("kind") not in (KIND, BUNDLE):
        raise CheckpointError(
            f"{folder} is no checkpoint of VASP Lens: expected a folder that `vasp-lens train` wrote."
        )
    bundle, schema = manifest["kind"] == BUNDLE, manifest.get("schema")
    newest = BUNDLE_SCHEMA if bundle else SCHEMA
    if isinstance(schema, bool) or not isinstance(schema, int) or not 1 <= schema <= newest:
        raise CheckpointError(f"{folder} has schema {schema!r}, this program reads up to {newest}: update VASP Lens.")
    if lacking := _lacking(manifest, bundle):
        raise CheckpointError(f"{folder / MANIFEST} says nothing on {', '.join(lacking)}: {AGAIN}.")
    for name, facts in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing: {AGAIN}.")
        if path.stat().st_size != facts["bytes"]:
            raise CheckpointError(f"{path} has {path.stat().st_size:,} bytes, not {facts['bytes']:,}: {AGAIN}.")
        if facts["bytes"] <= HASHED_UP_TO and sha256_of(path) != facts["sha256"]:
            raise CheckpointError(altered(path))


def _lacking(manifest: dict[str, Any], bundle: bool) -> list[str]:
    """What a manifest ought to say and does not."""
    tables = {"dataset": ("name", "ordered"), "files": _FILES if bundle else (*_FILES, WEIGHTS)}
    tables |= {"bundle": _OF_BUNDLE} if bundle else {}
    lacking = [name for name in _NEEDED if manifest.get(name) is None]
    if bundle and isinstance(manifest.get("bundle"), dict):
        about = manifest["bundle"]
        lacking += [name for name, kind in _OF_BUNDLE.items() if name in about and not isinstance(about[name], kind)]
    for table, names in tables.items():
        found = manifest.get(table)
        lacking += [name for name in names if name not in found] if isinstance(found, dict) else [table]
    return list(dict.fromkeys(lacking)) or [name for name, facts in manifest["files"].items() if not _tells(facts)]


def _tells(facts: Any) -> bool:
    return isinstance(facts, dict) and isinstance(facts.get("bytes"), int) and isinstance(facts.get("sha256"), str)


def altered(path: Path) -> str:
    """The sentence on a file whose digest differs."""
    return f"{path} is not the file that was written (its SHA-256 differs): {AGAIN}."


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

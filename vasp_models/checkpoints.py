"""A trained model on disk: safetensors weights, JSON settings, Parquet catalogue and histories. No pickle.

Reading a checkpoint's manifest, catalogue, users, metrics and curve imports no torch; `Checkpoint.model` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from vasp_models import manifests, places
from vasp_models.data import verified
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.datasets import sha256_of
from vasp_models.data.interactions import Interactions
from vasp_models.data.splits import Split
from vasp_models.data.users import Users, users_frame
from vasp_models.errors import BundleError, CheckpointError, SettingError
from vasp_models.manifests import (
    AGAIN,
    BUNDLE,
    CATALOGUE,
    CURVE,
    HISTORIES,
    KIND,
    MANIFEST,
    METRICS,
    SCHEMA,
    WEIGHTS,
    altered,
    read_json,
    write_json,
)

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder; parts are read when they are first asked for.

    `manifest` holds `model`, `title`, `preset`, `settings`, `options`, `dataset`, `protocol`, `provenance`,
    `parameters` and `files`; that of a bundle also `bundle`: what it was made of and what it holds.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The name by which commands and pages call it."""
        if self.folder == places.checkpoint_folder(places.DEMO):
            return places.DEMO
        return self.folder.name

    @property
    def argument(self) -> str:
        """What a command line takes for it: the bare name where that finds it, else the folder."""
        found = places.checkpoint_folder(self.name)
        return self.name if found.absolute() == self.folder.absolute() else str(self.folder.absolute())

    @property
    def label(self) -> str:
        """The name that people read: ``ml-1m · VASP small``, and of a bundle that it is one."""
        name = f"{self.manifest['dataset']['name']} · {self.manifest['title']} {self.manifest['preset']}"
        return f"{name} · bundle" if self.is_bundle else name

    @property
    def is_bundle(self) -> bool:
        """Whether it holds stored answers in the place of a model."""
        return self.manifest.get("kind") == BUNDLE

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of all files that were written with the model; a bundle has its checkpoint's."""
        return self.manifest["bundle"]["checkpoint_digest"] if self.is_bundle else self.content

    @property
    def content(self) -> str:
        """SHA-256 over the digests of the files in this very folder: tells a bundle from its checkpoint."""
        files = self.manifest["files"]
        return hashlib.sha256("".join(files[name]["sha256"] for name in sorted(files)).encode()).hexdigest()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The items, with the number of train users of each."""
        frame = self._read(CATALOGUE, pd.read_parquet)
        return Catalogue(frame.assign(year=frame["year"].astype("Int64"), genres=[list(g) for g in frame["genres"]]))

    @cached_property
    def users(self) -> Users:
        """Everybody whose history the checkpoint holds."""
        return Users(self._read(HISTORIES, pq.read_table), len(self.catalogue), self.manifest["dataset"]["ordered"])

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The learning curve: stage, epoch, loss, validation metrics, seconds, kept."""
        return pd.DataFrame(self._read(CURVE, read_json))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What was measured after training: `val`, `test`, and `baselines` on the same test users."""
        return self._read(METRICS, read_json)

    @property
    def personalised(self) -> bool:
        """Whether the model looks at the history; asked of its class, which may need torch, without its weights."""
        from vasp_models.models import MODELS

        row = MODELS.get(self.manifest["model"])
        return row is None or row.kind.personalised

    def model(self, device: str = "cpu") -> Recommender:
        """The model, ready to score on `device`.

        Raises CheckpointError where the weights do not fit, BundleError where there are only stored answers.
        """
        if self.is_bundle:
            raise BundleError(
                f"{self.folder} is a bundle: it holds stored answers and no model, so this cannot be done with it; "
                f"expected the checkpoint that it was made of, {self.manifest['bundle']['checkpoint']}."
            )
        import torch

        from vasp_models.models import create
        from vasp_models.models.settings import settings_from_json
        from vasp_models.models.weights import not_drawn

        self._check_hash(WEIGHTS)
        tensors = self._read(WEIGHTS, mapped)
        try:
            settings = settings_from_json(self.manifest["settings"])
            with not_drawn():
                model = create(self.manifest["model"], settings, len(self.catalogue))
            model.load_tensors(tensors)
        except (SettingError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{self.folder / WEIGHTS} does not fit its settings ({error}): {AGAIN}.") from error
        if isinstance(model, torch.nn.Module):
            model.requires_grad_(False).eval().to(device)
        return model

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of one of a bundle's files. Raises CheckpointError where it is damaged."""
        self._check_hash(name)
        return self._read(name, _read_arrays)

    def test_folds(self) -> list[tuple[Interactions, Interactions]]:
        """Fold-in and held-out part of the test users: one pair under ``liang``, five under ``vasp``."""
        return self.users.folds("test")

    def _check_hash(self, name: str) -> None:
        facts = self.manifest["files"].get(name)
        if facts is None:
            raise CheckpointError(f"{self.folder / MANIFEST} says nothing on {name}: {AGAIN}.")
        if facts["bytes"] > manifests.HASHED_UP_TO and not verified.has_digest(self.folder / name, facts["sha256"]):
            raise CheckpointError(altered(self.folder / name))

    def _read(self, name: str, read):
        try:
            return read(self.folder / name)
        except Exception as error:  # each format has errors of its own
            raise CheckpointError(
                f"{self.folder / name} is damaged ({str(error).splitlines()[0]}): {AGAIN}."
            ) from error


def load(name_or_folder: str | Path) -> Checkpoint:
    """The checkpoint of that name (``demo`` is the embedded one) or in that folder.

    Raises CheckpointError where it is missing, damaged, truncated, foreign or of a newer schema.
    """
    folder = places.checkpoint_folder(str(name_or_folder))
    if not (folder / MANIFEST).is_file():
        raise CheckpointError(_missing(str(name_or_folder), folder))
    return Checkpoint(folder, manifests.read(folder))


def names() -> list[str]:
    """Names of the checkpoints in the user's folder, newest first, and ``demo`` last."""
    root = places.home() / "checkpoints"
    found = [path.parent for path in root.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
    found.sort(key=lambda folder: -(folder / MANIFEST).stat().st_mtime)
    demo = [places.DEMO] if (places.checkpoint_folder(places.DEMO) / MANIFEST).exists() else []
    return [folder.name for folder in found] + demo


def save(
    folder: Path,
    model: Recommender,
    split: Split,
    facts: Mapping[str, Any],
    curve: list[dict[str, Any]],
    metrics: Mapping[str, Any],
) -> Checkpoint:
    """Write a checkpoint whole and return it; `facts` is the manifest without schema and files.

    Raises CheckpointError where `folder` holds something that is no checkpoint.
    """
    from safetensors.numpy import save_file

    check_target(folder)
    with places.written_whole(folder) as temporary:
        save_file({k: np.ascontiguousarray(v) for k, v in model.tensors().items()}, temporary / WEIGHTS)
        split.catalogue.frame.to_parquet(temporary / CATALOGUE, compression="zstd")
        pq.write_table(users_frame(split), temporary / HISTORIES, compression="zstd")
        (temporary / WEIGHTS).chmod(0o644)  # safetensors writes it for its owner alone
        write_json(temporary / CURVE, curve)
        write_json(temporary / METRICS, metrics)
        files = {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in sorted(temporary.iterdir())
        }
        write_json(temporary / MANIFEST, {"kind": KIND, "schema": SCHEMA, **facts, "files": files})
    verified.note(folder / WEIGHTS, files[WEIGHTS]["sha256"])
    return load(f"{folder}/")


def check_target(folder: Path) -> None:
    """Raise CheckpointError where a checkpoint cannot be written without losing something, or at all."""
    if folder.is_dir():
        taken = any(folder.iterdir()) and not (folder / MANIFEST).exists()
    else:
        taken = folder.exists()
    if taken:
        raise CheckpointError(f"{folder} is there and holds no checkpoint: choose another --out.")
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise CheckpointError(
            f"{folder} cannot be written, because {above} is not a folder that may be: choose another --out."
        )


def _missing(name: str, folder: Path) -> str:
    there = ", ".join(names()) or "none yet"
    return (
        f"There is no checkpoint {name!r} (looked in {folder}): expected one of: {there}; "
        "train one with `vasp-lens train vasp --data NAME`."
    )


def mapped(path: Path) -> dict[str, np.ndarray]:
    """The weights in a file, mapped into memory: what is never asked for is never read, and processes share the rest.

    What is written into them stays with the process.
    """
    from safetensors.torch import load_file

    return {name: tensor.numpy() for name, tensor in load_file(path).items()}


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)

"""Making a bundle: every question that the pages ask for some users, asked of the model once and written down."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
import shutil
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from vasp_models import answering, checkpoints, manifests, measures, places, provenance
from vasp_models.answering import JOINT, LISTED, Live
from vasp_models.bundles import SHOWN, USERS, K, counted, packing, recorded
from vasp_models.bundles.needs import REQUIREMENTS, requirements
from vasp_models.bundles.stored import FILMS, STARTS, user_file
from vasp_models.data import choosing
from vasp_models.data.datasets import sha256_of
from vasp_models.data.personas import persona_films, personas
from vasp_models.errors import BundleError
from vasp_models.evaluation.served import Served
from vasp_models.explanations import answers, gradients, linear
from vasp_models.projections import maps
from vasp_models.projections.distances import DISTANCES

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.jobs import Report

FILMS_K = 20  # films of the list that one film alone gets
_COPIED = (checkpoints.CATALOGUE, checkpoints.CURVE, checkpoints.METRICS)
_PACKAGES = ("vasp-lens", "numpy", "scipy", "torch")


def rows_of(checkpoint: Checkpoint, users: int = USERS, ids: Sequence[str] = (), seed: int = 0) -> np.ndarray:
    """Rows of the users whose answers are kept: the given ids, else the example user and others drawn by the seed.

    They are test users where there are some. int64, ascending. Raises UnknownUserError, and BundleError where there is
    nobody.
    """
    everyone = checkpoint.users.frame["id"].tolist()
    if ids:
        return np.unique([everyone.index(checkpoint.users.find(user).id) for user in ids])
    splits = choosing.splits(checkpoint)
    if not splits:
        raise BundleError(f"{checkpoint.name} holds no user: expected at least one whose answers are kept.")
    pool = checkpoint.users.rows(splits[0])
    first = everyone.index(choosing.example_user(checkpoint))
    others = np.random.default_rng(seed).permutation(pool[pool != first])
    return np.sort(np.append(others[: users - 1], first)).astype(np.int64)


def make(
    checkpoint: Checkpoint,
    folder: Path,
    rows: np.ndarray,
    k: int = K,
    device: str = "cpu",
    command: str = "",
    report: Report | None = None,
) -> Checkpoint:
    """Write a bundle for the users in some rows, whole, and return it; the first k films of each list are explained.

    Raises BundleError where `folder` holds something that is no bundle, or the checkpoint is a bundle itself.
    """
    check_target(folder)
    if checkpoint.is_bundle:
        raise BundleError(
            f"{checkpoint.folder} is a bundle already: expected the checkpoint that it was made of, "
            f"{checkpoint.manifest['bundle']['checkpoint']}."
        )
    began, tell = time.perf_counter(), report or (lambda *_: None)
    tell("Loading the model", 0.0)
    live = Live(checkpoint, device)
    with places.written_whole(folder) as temporary:
        for name in _COPIED:
            shutil.copyfile(checkpoint.folder / name, temporary / name)
        pq.write_table(checkpoint.users.table.take(rows), temporary / checkpoints.HISTORIES, compression="zstd")
        about = _write_answers(live, checkpoint, temporary, rows, k, tell)
        (temporary / REQUIREMENTS).write_text(requirements(folder), encoding="utf-8")
        about |= _facts(checkpoint, live, len(rows), k, command, time.perf_counter() - began)
        _write_manifest(checkpoint, temporary, about)
        _copy_maps(checkpoint, temporary)
        _copy_measures(checkpoint, temporary)
        tell("Done", 1.0)
    return checkpoints.load(f"{folder}/")


def check_target(folder: Path) -> None:
    """Raise BundleError where a bundle cannot be written without losing something, or at all."""
    if folder.is_dir() and any(folder.iterdir()):
        try:
            kind = json.loads((folder / checkpoints.MANIFEST).read_text(encoding="utf-8"))["kind"]
        except (OSError, ValueError, KeyError, TypeError):
            kind = None
        if kind != checkpoints.BUNDLE:
            raise BundleError(f"{folder} is there and holds no bundle: choose another --out.")
    elif folder.exists() and not folder.is_dir():
        raise BundleError(f"{folder} is a file: choose another --out.")
    else:
        checkpoints.check_target(folder)


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write_answers(live: Live, checkpoint, folder: Path, rows: np.ndarray, k: int, tell) -> dict[str, Any]:
    """Write the answers for the starts, for each user and for each film; what there is to say of the model."""
    about = _write_starts(live, checkpoint, folder)
    for number, row in enumerate(rows.tolist()):
        user = checkpoint.users.at(row)
        tell(f"Explaining the lists of user {user.id}", 0.01 + 0.79 * number / len(rows))
        history = user.history.astype(np.int64)
        np.savez_compressed(folder / user_file(number), **_user(live, history, k))
    _write_films(live, folder, lambda done: tell("Asking about each film alone", 0.8 + 0.05 * done))
    counted.write(checkpoint, folder, lambda done: tell("Counting who likes each film", 0.85 + 0.15 * done))
    return about


def _write_starts(live: Live, checkpoint, folder: Path) -> dict[str, Any]:
    catalogue, model = checkpoint.catalogue, live.model
    starts = [np.empty(0, np.int64)]
    starts += [persona_films(catalogue, name).astype(np.int64) for name in personas(catalogue)]
    np.savez_compressed(
        folder / STARTS,
        films=np.concatenate([np.sort(films) for films in starts]).astype(np.int32),
        ends=np.cumsum([len(films) for films in starts]).astype(np.int32),
        answers=np.stack([live.ask(lambda m, films=films: recorded.record(m, films))[:, 0] for films in starts]),
        covered=model.covers(np.arange(model.n_items)),
    )
    empty = live.influence(starts[0])
    return {
        "factors": list(empty.factor_names),
        "parts": {part: list(names) for part, names in answers.parts_of(model).items()} if live.parts else None,
        "linear": linear.linear_factor(model),
        "gradients": _with_gradient(live, starts[0]),
        "positive": answers.has_positive_scores(model),
        "ordered": answering.tells_apart(empty.empty),
    }


def _with_gradient(live: Live, profile: np.ndarray) -> list[str]:
    """The factors that are taken apart by integrated gradients."""
    found = live.ask(lambda model: gradients.integrated_gradients(model, profile, np.empty(0, np.int64)))
    return [] if found is None else list(found.values)


def _user(live: Live, history: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Everything that the pages ask for one history."""
    lists = [live.recommend(history, max(k, SHOWN), rank_by).items for rank_by in (JOINT, *live.parts)]
    heads = [lists[0][: max(k, LISTED)], *(films[:k] for films in lists[1:])]
    items = np.array(list(dict.fromkeys(np.concatenate(heads).tolist())), dtype=np.int64)
    arrays = {"answers": live.ask(lambda model: recorded.record(model, history))[:, 0]}
    arrays |= packing.pack_influence(live.influence(history).only(np.concatenate(lists)))
    if not len(items):
        return arrays
    # As the pages ask: the head of the list in one batch, every other film by itself. Rounding depends on the batch.
    listed = lists[0][:LISTED]
    batches = [listed, *(items[[place]] for place in range(len(listed), len(items)))]
    arrays |= packing.pack_reasons([live.reasons(history, batch).found for batch in batches if len(batch)])
    arrays |= packing.pack_curves([live.curve(history, item) for item in items.tolist()])
    arrays |= packing.pack_removals([live.removals(history, item) for item in items.tolist()])
    return arrays | packing.pack_pairs([live.pairs(history, item) for item in items.tolist()])


def _write_films(live: Live, folder: Path, done) -> None:
    """The list that each film alone gets, by the joint score and by each part."""
    model = live.model
    covered = model.covers(np.arange(model.n_items))
    about = {"factors": getattr(model, "factor_names", ()), "parts": getattr(model, "parts", None)}
    lists = [None, *live.parts]
    films = np.full((model.n_items, len(lists), FILMS_K), -1, dtype=np.int32)
    kept, candidates = None, np.zeros(model.n_items, dtype=np.int32)
    for item in range(model.n_items):
        answered = live.ask(lambda m, item=item: recorded.record(m, np.array([item])))
        if kept is None:
            kept = np.zeros((*films.shape, len(answered)), dtype=np.float32)
        for place, part in enumerate(lists):
            stand_in = recorded.recorded(answered, covered, about)
            found = answering.recommending.recommend(stand_in, np.array([item]), FILMS_K, part)
            films[item, place, : len(found)] = found.items
            kept[item, place, : len(found)] = answered[:, 0, found.items].T
            candidates[item] = found.n_candidates
        if item % 64 == 0:
            done(item / model.n_items)
    np.savez_compressed(folder / FILMS, films=films, answers=kept, candidates=candidates)


def _facts(checkpoint, live: Live, users: int, k: int, command: str, seconds: float) -> dict[str, Any]:
    return {
        "checkpoint": checkpoint.name,
        "checkpoint_digest": checkpoint.digest,
        "open": provenance.command("app", checkpoint.name),
        "users": users,
        "split": counted.split_sizes(checkpoint),
        "k": k,
        "films_k": FILMS_K,
        "command": command,
        "device": live.device,
        "seconds": round(seconds, 1),
        "made": provenance.now(),
        "versions": provenance.versions(_PACKAGES),
    }


def _write_manifest(checkpoint, folder: Path, about: dict[str, Any]) -> None:
    facts = {name: value for name, value in checkpoint.manifest.items() if name not in ("kind", "schema", "files")}
    files = {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in sorted(folder.iterdir())}
    kind = {"kind": checkpoints.BUNDLE, "schema": manifests.BUNDLE_SCHEMA}
    manifest = {**kind, **facts, "bundle": about, "files": files}
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (folder / checkpoints.MANIFEST).write_text(text, encoding="utf-8")


def _copy_maps(checkpoint, folder: Path) -> None:
    for distance in DISTANCES:
        found = maps.find(checkpoint, distance)
        if found is not None:
            maps.write(found, folder / "maps" / maps.key(checkpoint.digest, distance))


def _copy_measures(checkpoint, folder: Path) -> None:
    for kind in measures.KINDS:
        found = measures.find(checkpoint, kind)
        if found is not None:
            if kind == "quality":  # which films a user had held out is a part of a history
                found = measures.rewritten(found, Served(found, checkpoint.catalogue).without_films())
            path = folder / "measures" / measures.paths(checkpoint, kind)[0].name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

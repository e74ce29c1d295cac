"""Made-up results of reproductions, in the form in which `vasp-lens reproduce` keeps them; no figure was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.app.measured import parts
from vasp_models import results
from vasp_models.published import reproduced
from vasp_models.published.recipes import ECHO, MASK, MASK_GAIN, PARTS, RECIPES

USERS = 750
MEANS = {  # recipe -> label -> mean NDCG@100
    "vasp-table1": {"MSE": 0.35, "Cosine": 0.375, "Focal": 0.377},
    "vasp-table2": {"Pretrained ensemble": 0.43, "Alternating": 0.41, "Joint": 0.42},
    "vasp-table3": {
        "Mult-DAE": 0.42, "Mult-VAE": 0.405, "EASE": 0.426, "RecVAE": 0.421, "H+Vamp Gated": 0.40, "NEASE": 0.375,
        "FLVAE": 0.425, "VASP": 0.444,
    },
    "vasp-figure2": {"Halves": 0.41, "Full input": 0.38, "Full input, dropout": 0.43},
    "vasp-figure3": {"VASP": 0.444},
    "blog-ranking": {"CDAE": 0.40, "Mult-VAE": 0.405, "EASE": 0.426},
}  # fmt: skip
_ECHO = {"Halves": (0.45, 0.43), "Full input": (0.97, 0.42), "Full input, dropout": (0.70, 0.46)}


def save(
    recipe: str, data: str = "ml-1m", left_out: tuple[str, ...] = (), failed: Mapping[str, str] | None = None
) -> Path:
    """Write a table of a recipe to the usual folder: every row, but those left out and those that failed."""
    path = reproduced.path_of(recipe, data, "liang")
    table, values = results.Table(path, data, "sha256:0", "liang"), {}
    users = np.random.default_rng(0).normal(0, 0.15, USERS)  # who is easy is easy for every model
    for number, (label, mean) in enumerate(MEANS[recipe].items()):
        about = _about(recipe, label, data)
        if label in (failed or {}):
            table = table.with_row(about | {"error": failed[label]})
        elif label not in left_out:
            own = users + np.random.default_rng(number + 1).normal(0, 0.05, USERS)
            per_user = {name: own - own.mean() + mean + apart for name, apart in _APART.items()}
            values[label] = {f"per_user/{name}": each for name, each in per_user.items()}
            test = {name: {"mean": float(each.mean()), "se": 0.0058} for name, each in per_user.items()}
            row = about | {"test": {"users": USERS, **test}, "fingerprint": label, "train_seconds": 12.5}
            table = table.with_row(row | {"also": _also(RECIPES[recipe].also, label, number), "difference": None})
    results.save(table, values)
    return path


_APART = {"ndcg@100": 0.0, "recall@20": -0.06, "recall@50": 0.05, "recall@100": 0.15}


def _about(recipe: str, label: str, data: str) -> dict:
    return {
        "label": label, "model": "ease", "title": label, "preset": "small", "changes": {}, "seed": 0, "heldout": USERS,
        "made": "2026-11-21T10:00:00+00:00", "command": f"vasp-lens reproduce {recipe} --data {data}",
        "machine": {"cpu": "a made-up processor", "device": "CPU"}, "versions": {},
    }  # fmt: skip


def _also(kind: str, label: str, number: int) -> dict:
    generator = np.random.default_rng(100 + number)
    if kind == ECHO:
        itself, without = (np.clip(generator.normal(mean, 0.1, 300), 0, 1) for mean in _ECHO[label])
        shares = {"itself@100": itself, "without@100": without, "echo@100": itself - without}
        return {"per_user": {name: each.tolist() for name, each in shares.items()}}
    if kind == MASK:
        return {"per_user": {MASK_GAIN: generator.normal(0.2, 0.05, USERS).tolist()}}
    return {"parts": parts()["parts"]} if kind == PARTS else {}


def save_all(data: str = "ml-1m") -> None:
    """Every recipe that has made-up figures."""
    for recipe in MEANS:
        save(recipe, data)

"""Checkpoints to be compared: models on the demo's viewers, two of them measured as the demo is, one of other data."""

from __future__ import annotations

import json
from pathlib import Path
import shutil

import pytest

from vasp_models import checkpoints, measures, measuring, places, plans, runs


def save(name: str, model: str, measured: bool = True) -> None:
    """Train a model that is computed at once on the demo's viewers, and measure it."""
    plan = plans.plan(model, places.DEMO, None, {}, heldout=400, device="cpu")
    made = runs.train(plan, places.checkpoint_folder(name), f"vasp-lens train {model} --data demo --out {name}")
    if measured:
        found = measuring.measure(made, "quality", lambda *_: None)
        measures.save(made, "quality", found, f"vasp-lens quality {name} --users 2000 --seed 0", 1.0)


def stock(home: Path) -> Path:
    """A home with `ease` and `plain` (popularity), measured; `bare` (item-knn), not measured; `foreign`, other data."""
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(home))
        save("plain", "popularity")
        save("ease", "ease")
        save("bare", "item-knn", measured=False)
        shutil.copytree(places.checkpoint_folder("plain"), places.checkpoint_folder("foreign"))
        path = places.checkpoint_folder("foreign") / checkpoints.MANIFEST
        about = json.loads(path.read_text(encoding="utf-8"))
        about["dataset"] |= {"name": "others", "fingerprint": "sha256:0"}
        path.write_text(json.dumps(about), encoding="utf-8")
    return home

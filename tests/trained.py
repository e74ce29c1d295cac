"""A small data set and checkpoints trained on it, for tests of what works on checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from vasp_models import plans, runs
from vasp_models.checkpoints import Checkpoint
from vasp_models.data import importing, items, ratings, synthetic
from vasp_models.data.datasets import Dataset

TINY = {"hidden": "16", "latents": "4", "start_l2": "5", "batch_users": "40"}


def dataset(folder: Path, users: int = 160, timestamps: bool = True) -> Dataset:
    """Planted likes as a data set of ratings of 5, with titles such as ``Film 7 (1957)``."""
    likes = synthetic.planted(users=users, background=20).likes
    frame = pd.DataFrame({"user": likes.row_numbers + 1, "item": likes.indices + 1, "rating": 5.0})
    if timestamps:
        frame["timestamp"] = np.random.default_rng(0).permutation(len(frame)) + 1_000_000
    numbers = list(range(1, likes.n_items + 1))
    rows = {
        "id": numbers,
        "title": [f"Film {n}, The ({1950 + n})" for n in numbers],
        "genres": ["Horror|Western" if n % 2 else "Comedy" for n in numbers],
    }
    source = importing.Source("Planted likes", simulated=True)
    return importing.assemble(folder, ratings.ratings_of(frame), items.items_frame(rows), ratings.Feedback(), source)


def plan(data: Dataset, model: str = "vasp", epochs: int | None = 4, **more) -> plans.Plan:
    """A plan that trains in a moment."""
    changes = (TINY if model == "vasp" else {}) | more.pop("changes", {})
    closed = model in ("ease", "edlae", "popularity")
    preset = "small" if model == "popularity" else "tiny"
    arguments = {"heldout": 20, "device": "cpu", "epochs": None if closed else epochs, **more}
    return plans.plan(model, f"{data.folder}/", preset, changes, **arguments)


def checkpoint(folder: Path, model: str = "vasp", **more) -> Checkpoint:
    """A checkpoint of a model trained on the planted likes, in `folder`."""
    data = dataset(folder.with_name(f"{folder.name}-data"))
    return runs.train(plan(data, model, **more), folder, "vasp-lens train")

"""Users a second: `vasp-lens score` in one process and by workers of Ray, beside asking for one user after the other.

    python tests/benchmarks/scoring.py CHECKPOINT [--users 6000] [-k 100] [--workers 2]

One process and the loop are timed without the start of Python and the model; Ray with and without its own start.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vasp_models import checkpoints
from vasp_models.explanations.linear import linear_terms
from vasp_models.recommending import recommend
from vasp_models.scoring import Scoring, running, sources
from vasp_models.scoring.on_ray import on_ray

LOOPED = 500  # users of the loop


def histories(checkpoint, users: int, path: Path) -> list[np.ndarray]:
    """The checkpoint's users, again and again, as lists of ids in a Parquet file; the first of them as numbers."""
    everyone, ids = checkpoint.users, checkpoint.catalogue.ids.astype(str)
    rows = np.arange(users) % len(everyone)
    lists = [ids[everyone.histories.row(row)] for row in rows]
    pq.write_table(pa.table({"user": rows.astype(str), "history": lists}), path)
    return [everyone.histories.row(row).astype(np.int64) for row in rows[:LOOPED]]


def timed(checkpoint, path: Path, settings: Scoring, maker) -> tuple[float, float]:
    """Users a second of the whole run, and between the first and the last part."""
    told = []
    with tempfile.TemporaryDirectory() as folder:

        def report(_, __):
            told.append(time.perf_counter())

        done = running.run(checkpoint, sources.of_files(path), Path(folder) / "out", settings, maker, report)
    parts = told[-done.made :]
    steady = (done.made - 1) * settings.users_per_part / (parts[-1] - parts[0])
    return done.users_made / done.seconds, steady


def loop(model, lists, k: int, explained: bool) -> float:
    """Users a second, asked one by one."""
    began = time.perf_counter()
    for history in lists:
        found = recommend(model, history, k)
        if explained:
            linear_terms(model, history, found.items)
    return len(lists) / (time.perf_counter() - began)


def main() -> None:
    """Print a line a figure."""
    words = argparse.ArgumentParser()
    words.add_argument("checkpoint")
    words.add_argument("--users", type=int, default=6000)
    words.add_argument("-k", type=int, default=100)
    words.add_argument("--workers", type=int, default=2)
    asked = words.parse_args()
    loaded = checkpoints.load(asked.checkpoint)
    model = loaded.model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "histories.parquet"
        lists = histories(loaded, asked.users, path)
        for reasons in ("none", "linear"):
            settings = Scoring(asked.k, reasons, users_per_part=500)
            print(f"{reasons}: one by one {loop(model, lists, asked.k, reasons == 'linear'):,.0f} users/s", flush=True)
            for name, maker in (
                ("one process", running.in_this_process("cpu")),
                (f"{asked.workers} workers of Ray", on_ray("cpu", asked.workers)),
            ):
                whole, steady = timed(loaded, path, settings, maker)
                print(f"{reasons}: {name} {whole:,.0f} users/s in all, {steady:,.0f} once it runs", flush=True)


if __name__ == "__main__":
    main()

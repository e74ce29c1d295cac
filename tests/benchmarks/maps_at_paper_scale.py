"""What the maps of a catalogue of the paper's size cost: seconds of each step, peak memory, and scikit-learn's t-SNE.

    python tests/benchmarks/maps_at_paper_scale.py [--films 20108] [--users 24000] [--epochs 2] [--keep FOLDER]
        [--distance lift] [--twice] [--sklearn] [--adding 1 100]

The data are made up (`data.synthetic.paper_scale`, twenty kinds of films); the model is VASP `small`: NEASE in closed
form and FLVAE after a short training. It is made in a process of its own, so that neither its time nor its memory
counts; `--keep` leaves it for another run. Seconds are of the wall clock, beside those of the processor.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
import json
import os
from pathlib import Path
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

GENRES = (
    "Horror", "Children", "Western", "Film-Noir", "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "IMAX", "Short",
)  # fmt: skip
SEED = 0


def main() -> None:
    """Make the model in one process, and measure its maps in another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=20_108)
    parser.add_argument("--users", type=int, default=24_000)
    parser.add_argument("--epochs", type=int, default=2, help="epochs in which FLVAE learns")
    parser.add_argument("--keep", type=Path, help="folder where the model is kept for another run")
    parser.add_argument("--distance", default="lift", choices=("lift", "paper"))
    parser.add_argument("--twice", action="store_true", help="draw twice and compare the bits")
    parser.add_argument("--sklearn", action="store_true", help="scikit-learn's t-SNE from the same neighbours")
    parser.add_argument("--adding", type=int, nargs="*", default=[], help="leave so many films out, and add them")
    parser.add_argument("--only", choices=("make", "draw"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        return {"make": make, "draw": draw}[chosen.only](chosen)
    with tempfile.TemporaryDirectory() as temporary:
        home = chosen.keep or Path(temporary)
        again = [sys.executable, __file__, *sys.argv[1:], "--keep", str(home), "--only"]
        for step in ("make", "draw"):
            subprocess.run([*again, step], check=True, env=os.environ | {"VASP_LENS_HOME": str(home)})


def likes(users: int, films: int):
    """Likes as long-tailed as the paper's, a part of its users, and the kind of each film, int64 (films)."""
    from vasp_models.data import synthetic

    pairs = synthetic.ML20M[2] * users // synthetic.ML20M[0]
    generator = np.random.default_rng(SEED)
    synthetic._history_lengths(users, films, pairs, generator)  # draws what stands before the films' kinds
    kinds = np.empty(films, dtype=np.int64)
    kinds[synthetic._Shop(films, generator).item_of_rank] = np.arange(films) % len(GENRES)
    return synthetic.paper_scale(SEED, users, films, pairs), kinds


def make(chosen: argparse.Namespace) -> None:
    """Train the model and write its weights, unless they are there."""
    from vasp_models.models.presets import PRESETS
    from vasp_models.models.vasp import Product

    folder = chosen.keep / f"model-{chosen.films}-{chosen.users}-{chosen.epochs}"
    if folder.exists():
        return
    settings, options = PRESETS["vasp"]["small"]
    stage = replace(options.stages[0], epochs=chosen.epochs)
    histories, kinds = likes(chosen.users, chosen.films)
    began = time.perf_counter()
    model = Product(settings, histories.n_items, SEED)
    for epoch in model.fit_epochs(histories, replace(options, stages=(stage,), device="cpu", seed=SEED)):
        print(f"make    {time.perf_counter() - began:7.1f} s  {epoch}", flush=True)
    folder.mkdir(parents=True)
    np.save(folder / "kinds.npy", kinds)
    np.save(folder / "train_users.npy", histories.item_counts)
    for name, value in model.tensors().items():
        np.save(folder / f"w-{name}.npy", value)
    print(f"make    {time.perf_counter() - began:7.1f} s  {histories.n_pairs:,} likes", flush=True)


def draw(chosen: argparse.Namespace) -> None:
    """Draw the maps, print each step, and go on with what was asked for besides."""
    model, catalogue = read(chosen)
    print(f"{chosen.films:,} films, {', '.join(model.parts)} and joint, {_peak():.2f} GiB with the model loaded", flush=True)
    seconds, seen = watched(), {}
    wall, cpu = time.perf_counter(), time.process_time()
    maps = compute(model, catalogue, chosen.distance)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    for name, (took, busy) in seconds.items():
        print(f"{name:34s} {took:7.1f} s  ({busy:6.1f} s of processor)")
    print(f"{'three maps':34s} {wall:7.1f} s  ({cpu:6.1f} s of processor), {wall / 3:.1f} s per map")
    print(f"peak of the process {_peak():.2f} GiB", flush=True)
    for part, about in maps.quality.items():
        print(f"  {part:6s} " + ", ".join(f"{name} {about[name]:.4f}" for name in MEASURES) + f", {_purity(about)}")
    if chosen.twice:
        again = compute(model, catalogue, chosen.distance)
        same = all(np.array_equal(again.positions[part], maps.positions[part]) for part in maps.parts)
        print(f"drawn again: {'the same bits' if same else 'OTHER BITS'}", flush=True)


MEASURES = ("trustworthiness", "continuity", "kl", "disparity", "largest_hub")


def compute(model, catalogue, distance: str):
    """The maps, with a line on the error stream for each step."""
    from vasp_models.projections import drawing

    told = set()

    def progress(stage: str, fraction: float) -> None:
        if stage not in told:
            told.add(stage)
            print(f"  {fraction:4.0%} {stage}", file=sys.stderr, flush=True)

    return drawing.compute(model, catalogue, distance, SEED, progress)


def _purity(about: dict) -> str:
    return f"purity {about['purity']:.3f} (chance {about['chance']:.3f})"


def watched() -> dict[str, list[float]]:
    """Seconds of each step from now on, of the clock and of the processor, by the functions that do it."""
    from vasp_models.projections import distances, drawing, layout, quality, sensitivity

    seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    steps = {
        "answers to every film alone": (sensitivity, "_fill"),
        "scale of the distances": (distances, "similarities"),
        "91 neighbours": (distances, "nearest"),
        "affinities": (layout, "affinities"),
        "spectral start": (layout, "start"),
        "t-SNE": (layout, "embed"),
        "trustworthiness and continuity": (quality, "faithfulness"),
        "purity and hubs": (drawing, "_shown"),
    }
    for name, (module, function) in steps.items():
        setattr(module, function, _timed(getattr(module, function), seconds[name]))
    return seconds


def _timed(function, seconds: list[float]):
    def measured(*given, **named):
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return function(*given, **named)
        finally:
            seconds[0] += time.perf_counter() - wall
            seconds[1] += time.process_time() - cpu

    return measured


def read(chosen: argparse.Namespace):
    """The model that `make` wrote, and a catalogue whose genres are the films' kinds."""
    import pandas as pd

    from vasp_models.data.catalogue import Catalogue
    from vasp_models.models.presets import PRESETS
    from vasp_models.models.vasp import Product

    folder = chosen.keep / f"model-{chosen.films}-{chosen.users}-{chosen.epochs}"
    model = Product(PRESETS["vasp"]["small"][0], chosen.films, SEED)
    model.load_tensors({path.stem.removeprefix("w-"): np.load(path) for path in folder.glob("w-*.npy")})
    kinds, films = np.load(folder / "kinds.npy"), np.arange(chosen.films)
    frame = pd.DataFrame(
        {
            "id": films + 1,
            "title": [f"Film {number + 1}" for number in films],
            "year": pd.array([2000] * len(films), dtype="Int64"),
            "genres": [[GENRES[kind]] for kind in kinds],
            "train_users": np.load(folder / "train_users.npy"),
        }
    )
    return model.requires_grad_(False).eval(), Catalogue(frame)


def _peak() -> float:
    """GiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1) / 1024**2


if __name__ == "__main__":
    main()

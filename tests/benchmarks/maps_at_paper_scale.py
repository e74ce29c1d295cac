"""What the maps of a catalogue of the paper's size cost: seconds of each step, peak memory, and scikit-learn's t-SNE.

    python tests/benchmarks/maps_at_paper_scale.py [--films 20108] [--users 24000] [--epochs 2] [--keep FOLDER]
        [--deep small] [--distance lift] [--twice] [--sklearn] [--adding 1 100]

The data are made up (`data.synthetic.paper_scale`, twenty kinds of films); the model is VASP `small`: NEASE in closed
form and FLVAE after a short training (`--deep paper`: of the paper's widths). It is made in a process of its own, so
that neither its time nor its memory counts; `--keep` leaves it for another run. Seconds are of the wall clock, beside
those of the processor.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
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
    parser.add_argument("--deep", default="small", choices=("small", "paper"), help="widths of FLVAE")
    parser.add_argument("--keep", type=Path, help="folder where the model is kept for another run")
    parser.add_argument("--distance", default="lift", choices=("lift", "paper"))
    parser.add_argument("--twice", action="store_true", help="draw twice and compare the bits")
    parser.add_argument("--sklearn", action="store_true", help="scikit-learn's t-SNE from the same neighbours")
    parser.add_argument("--adding", type=int, nargs="*", default=[], help="leave so many films out, and add them")
    parser.add_argument("--perplexities", type=int, nargs="*", default=[5], help="of the films that are added")
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


def folder_of(chosen: argparse.Namespace) -> Path:
    """Where a model is kept."""
    return chosen.keep / f"model-{chosen.deep}-{chosen.films}-{chosen.users}-{chosen.epochs}"


def undone(chosen: argparse.Namespace):
    """VASP before it learns: NEASE of the preset `small`, and FLVAE of the preset that was chosen."""
    from vasp_models.models.presets import PRESETS
    from vasp_models.models.vasp import Product, ProductSettings

    presets = {"nease": "small", "flvae": chosen.deep}
    parts = {name: PRESETS["vasp"][preset][0].parts[name] for name, preset in presets.items()}
    return Product(ProductSettings(parts), chosen.films, SEED)


def make(chosen: argparse.Namespace) -> None:
    """Train the model and write its weights, unless they are there."""
    from vasp_models.models.presets import PRESETS

    folder = folder_of(chosen)
    if folder.exists():
        return
    options = PRESETS["vasp"]["small"][1]
    stage = replace(options.stages[0], epochs=chosen.epochs)
    histories, kinds = likes(chosen.users, chosen.films)
    began = time.perf_counter()
    model = undone(chosen)
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
    print(f"{chosen.films:,} films, VASP of {', '.join(model.parts)}: {_peak():.2f} GiB to load it", flush=True)
    seconds = watched()
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
    if chosen.sklearn:
        beside_sklearn(model, maps)
    if chosen.adding:
        adding(model, catalogue, maps, chosen)


def beside_sklearn(model, maps) -> None:
    """The joint map by openTSNE and by scikit-learn: same neighbours, start, perplexity, steps and one thread."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    from vasp_models.projections import distances, layout, quality, sensitivity
    from vasp_models.speed.mapping import graph

    with sensitivity.answers(model) as answered:
        found = distances.similarities(answered, sensitivity.JOINT, maps.distance)
        near, away = distances.nearest(found, layout.neighbours_for(found.n))
        weights = layout.affinities(near, away)
        first = layout.start(weights.P, SEED)

        def ours() -> tuple[np.ndarray, float]:
            return layout.embed(layout.affinities(near, away), first, SEED)

        def theirs() -> tuple[np.ndarray, float]:
            tsne = TSNE(
                metric="precomputed", perplexity=layout.perplexity_for(found.n), init=first, random_state=SEED,
                max_iter=layout.EXAGGERATED_STEPS + layout.STEPS, n_jobs=1,
            )  # fmt: skip
            with threadpool_limits(limits=1):
                return tsne.fit_transform(graph(near, layout.shifted(away))), float(tsne.kl_divergence_)

        spent = {}
        for name, draw_it in (("openTSNE", ours), ("scikit-learn", theirs)):
            wall, cpu = time.perf_counter(), time.process_time()
            places, kl = draw_it()
            spent[name] = (time.perf_counter() - wall, time.process_time() - cpu)
            trust, continuity = quality.faithfulness(found, near, places, SEED)
            wall, cpu = spent[name]
            about = f"KL {kl:.4f} by itself, {divergence(places, weights):.4f} by Barnes-Hut"
            about += f", trustworthiness {trust:.4f}, continuity {continuity:.4f}"
            print(f"{name:12s} {wall:.1f} s ({cpu:.1f} s of processor), {about}", flush=True)
            if name == "openTSNE":
                same = np.array_equal(layout.aligned(places, places)[0].astype(np.float32), maps.positions["joint"])
                print(f"  drawn again: {'the same bits' if same else 'OTHER BITS'}")
        wall, cpu = (spent["scikit-learn"][place] / spent["openTSNE"][place] for place in (0, 1))
        print(f"scikit-learn's t-SNE takes {wall:.2f} times as long as ours ({cpu:.2f} by the processor)")


def divergence(places: np.ndarray, weights) -> float:
    """KL divergence of a map from openTSNE's affinities, for both by the same function."""
    from openTSNE import TSNEEmbedding

    drawn = TSNEEmbedding(np.asarray(places, dtype=np.float64), weights, negative_gradient_method="bh", n_jobs=1)
    return float(drawn.optimize(0, learning_rate=1.0).kl_divergence)


def _overlap(near: np.ndarray, drawn: np.ndarray) -> float:
    """Mean share of each row of `near` that is in the same row of `drawn`."""
    return float((near[:, :, None] == drawn[:, None, :]).any(axis=2).mean())


class Without:
    """A model that does not cover some films."""

    def __init__(self, model, left_out: np.ndarray) -> None:
        self.model, self.left_out, self.n_items = model, left_out, model.n_items
        self.factor_names, self.parts = model.factor_names, model.parts

    def log_factors(self, histories):
        """Log factors, -inf for the films left out."""
        factors = self.model.log_factors(histories)
        factors[:, :, self.left_out] = -np.inf
        return factors


def adding(model, catalogue, whole, chosen: argparse.Namespace) -> None:
    """Draw the maps without some films and add them: seconds, and how near they come to their own neighbours."""
    from scipy.spatial import cKDTree

    from vasp_models.projections import adding, layout

    left_out = np.sort(np.random.default_rng(SEED).choice(chosen.films, max(chosen.adding), replace=False))
    maps = compute(Without(model, left_out), catalogue, chosen.distance)
    for perplexity in chosen.perplexities:
        layout.ADDED_PERPLEXITY = perplexity
        for many in chosen.adding:
            new = np.random.default_rng(1).permutation(left_out)[:many]
            began, cpu = time.perf_counter(), time.process_time()
            added = adding.add(model, maps, new, maps.items)
            took, busy = time.perf_counter() - began, time.process_time() - cpu
            print(f"{many:,} added: {took:.2f} s ({busy:.2f} s of processor), perplexity {perplexity:g}", flush=True)
        for part in maps.parts:
            near = added.neighbours[part][:, :10]
            drawn = cKDTree(maps.positions[part]).query(added.positions[part], 10)[1]
            together = cKDTree(whole.positions[part][maps.items]).query(whole.positions[part][new], 10)[1]
            ours, full = (_overlap(near, got) for got in (drawn, together))
            print(
                f"  {part:6s} of the 10 nearest by the model, 10 nearest on the map hold: added {ours:.3f}, "
                f"drawn with all others {full:.3f}, by chance {10 / len(maps):.4f}"
            )


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

    folder, model = folder_of(chosen), undone(chosen)
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

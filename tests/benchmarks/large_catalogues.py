"""The shallow path on made-up likes of 20,108, 100,000 and 1,000,000 items: time and memory of each way to hold it.

`product` is the preset `large` as a whole: the sparse path times its FLVAE.

    python tests/benchmarks/large_catalogues.py [--items N ...] [--ways WAY ...]

Each row is measured in a process of its own, whose peak memory it is; the likes are made in another and read as arrays.
`dense` is EDLAE's closed form as NEASE starts from, where its items x items numbers fit beside their copies.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
SIZES = {20_108: (136_677, 10_000_000), 100_000: (200_000, 10_000_000), 1_000_000: (1_000_000, 20_000_000)}
DENSE_UP_TO = 25_000  # items; 100,000 would need 40 GB for the matrix alone
WAYS = ("dense", "low_rank", "sparse", "product")
STEPS = 5  # steps of training that are timed where a way is trained by gradient
TOP, TARGETS = 100, 20


def main() -> None:
    """Make the likes of each size and print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=2, metavar=("ITEMS", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:
        _make(int(chosen.make[0]), Path(chosen.make[1]))
    elif chosen.measure:
        print(json.dumps(measured(chosen.measure[0], Path(chosen.measure[1]))))
    else:
        _table(chosen.items, chosen.ways)


def _table(sizes: list[int], ways: list[str]) -> None:
    columns = ("MB saved", "closed form, s", "epochs reckoned, s", "peak at build, GiB", "1 user, ms", "1,000 users, s",
               "contributions, ms", "error", "peak, GiB")  # fmt: skip
    print("| items | likes | way |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 3) + "|")
    for items in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "likes.npz"
            _again("--make", str(items), str(path))
            for way in ways:
                if way != "dense" or items <= DENSE_UP_TO:
                    row = json.loads(_again("--measure", way, str(path)).splitlines()[-1])
                    cells = " | ".join(_written(row[name]) for name in columns)
                    print(f"| {items:,} | {SIZES[items][1]:,} | {way} | {cells} |", flush=True)


def _written(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 1_000 else f"{value:,.0f}"


def _again(*arguments: str) -> str:
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _make(items: int, path: Path) -> None:
    from vasp_models.data import synthetic

    likes = synthetic.paper_scale(0, SIZES[items][0], items, SIZES[items][1])
    np.savez(path, indptr=likes.indptr, indices=likes.indices, n_items=items)


def measured(way: str, path: Path) -> dict[str, float | None]:
    """Seconds, milliseconds, GiB and the largest error of the contributions' sum for one way."""
    from vasp_models.data.interactions import Interactions
    from vasp_models.evaluation.ranking import mask_seen, top_k
    from vasp_models.explanations.linear import linear_terms

    with np.load(path) as file:
        likes = Interactions(file["indptr"], file["indices"], int(file["n_items"]))
    model, closed, epochs = built(way, likes)
    peak_at_build = _peak()
    row = int(np.argsort(likes.lengths)[len(likes) // 2])
    history = likes.row(row)
    best = top_k(mask_seen(model.score(likes.take([row])), likes.take([row])), TARGETS)[0]  # warms up, too
    answer, one = _timed(lambda: _lists(model, likes.take([row])))
    _, thousand = _timed(lambda: [_lists(model, likes.take(slice(n, n + 100))) for n in range(0, 1_000, 100)])
    terms, contributions = _timed(lambda: linear_terms(model, history, best))
    factors = model.log_factors(likes.take([row]))[0, 0, best].astype(np.float64)
    error = np.abs(-np.logaddexp(0, -(terms.bias + terms.weights.sum(axis=0))) - factors).max()
    assert answer.shape == (1, TOP)
    return {
        "MB saved": sum(value.nbytes for value in model.tensors().values()) / 1e6,
        "closed form, s": closed, "epochs reckoned, s": epochs,
        "peak at build, GiB": peak_at_build, "1 user, ms": 1_000 * one, "1,000 users, s": thousand,
        "contributions, ms": 1_000 * contributions, "error": float(error), "peak, GiB": _peak(),
    }  # fmt: skip


def built(way: str, likes):
    """The product of one part, or of two; the seconds of its closed form, and of an epoch of each stage (else None).

    An epoch is not run: its seconds are those of `STEPS` steps times their number.
    """
    from vasp_models.models import preset
    from vasp_models.models.low_rank import LowRankSettings
    from vasp_models.models.nease import NEASESettings
    from vasp_models.models.sparse import SparseSettings
    from vasp_models.models.vasp import Product, ProductSettings

    dense = NEASESettings(start="edlae", bias=-6.0)
    if way == "product":
        settings, options = preset("vasp", "large")
        model, started = Product(settings, likes.n_items), time.perf_counter()
        model.nets["sparse"].initialise(likes)
        closed = time.perf_counter() - started
        return model, closed, sum(_epoch(model, stage, likes) for stage in options.stages)
    settings = {"dense": dense, "low_rank": LowRankSettings(), "sparse": SparseSettings()}
    part = {"dense": "nease"}.get(way, way)
    if way == "low_rank":
        model = Product(ProductSettings({part: settings[way]}), likes.n_items)
        stages = preset("vasp", "large-low-rank")[1].stages
        return model, None, _epoch(model, next(stage for stage in stages if stage.parts == (part,)), likes)
    started = time.perf_counter()
    model = Product(ProductSettings({part: settings[way]}), likes.n_items)
    model.nets[part].initialise(likes)
    return model, time.perf_counter() - started, None


def _epoch(model, stage, likes) -> float:
    """Seconds of an epoch of a stage, from some steps of it; 100 MB hold the scores of the rows that pass at once."""
    import torch

    from vasp_models.training.batches import Batch, stacked
    from vasp_models.training.loop import Training
    from vasp_models.training.options import TrainOptions, Turn
    from vasp_models.training.state import TrainingState

    users, at_once = stage.batch_users, max(1, 25_000_000 // likes.n_items)
    options = TrainOptions((stage,), precision="fp32", rows_at_once=at_once)
    training = Training(model, likes, options, None, TrainingState())
    optimizers, draws = training.prepared(stage), (np.random.default_rng(0), torch.Generator().manual_seed(0))
    model.train()
    taken = []
    for step in range(1 + STEPS):  # the first makes the moments
        histories = likes.take(slice(step * users, (step + 1) * users))
        rows = histories if stage.inputs == "full" else stacked(histories, histories)
        batch = Batch.of(rows, rows, torch.device("cpu"))
        taken.append(_timed(lambda batch=batch: training.step(stage, Turn(""), optimizers, batch, draws, 0))[1])
    model.eval()
    return float(np.median(taken[1:])) * len(likes) / users


def _lists(model, histories) -> np.ndarray:
    from vasp_models.evaluation.ranking import mask_seen, top_k

    return top_k(mask_seen(model.score(histories), histories), TOP)


def _timed(action):
    started = time.perf_counter()
    return action(), time.perf_counter() - started


def _peak() -> float:
    """GiB of this process at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20 / (1024 if sys.platform == "darwin" else 1)


if __name__ == "__main__":
    main()

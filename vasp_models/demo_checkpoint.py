"""The embedded demo, made again from the film list: viewers, data set, VASP, maps, measures of its explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
import shutil
import tempfile

import torch

from vasp_models import checkpoints, measures, measuring, places, plans, runs
from vasp_models.checkpoints import Checkpoint
from vasp_models.data import demo, importing, items, ratings
from vasp_models.data.datasets import Dataset
from vasp_models.projections import maps
from vasp_models.projections.distances import DISTANCES

PRESET, HELDOUT, SEED = "tiny", 400, 0
COMMAND = "vasp-lens demo --rebuild"
SOURCE = importing.Source(
    "Demo: simulated viewers",
    {"kind": "simulation", "seed": demo.SEED, "command": COMMAND},
    "The films are facts, the viewers are simulated: free to use with this program.",
    redistribution="free",
    simulated=True,
)

Say = Callable[[str], None]


def rebuild(
    out: Path | None = None,
    on_epoch: runs.OnEpoch = lambda epoch: None,
    say: Say = lambda text: None,
    kinds: Iterable[str] = measures.KINDS,
) -> Checkpoint:
    """Simulate the viewers, train on them, draw the maps and measure; all goes to `out`, default the embedded place.

    The data set is written beside the checkpoint. Equal on the same processor; elsewhere NDCG@100 within .005.
    """
    folder = out or places.checkpoint_folder(places.DEMO)
    with tempfile.TemporaryDirectory() as scratch:
        say("simulating the viewers")
        dataset = build_dataset(Path(scratch) / places.DEMO)
        plan = plans.plan("vasp", f"{dataset.folder}/", PRESET, heldout=HELDOUT, device="cpu", seed=SEED)
        say("training")
        with _one_thread():
            trained = runs.train(plan, Path(scratch) / "trained", COMMAND, on_epoch)
        say("drawing the maps")
        maps.obtain(trained, DISTANCES)
        measure(trained, kinds, say)
        for made, place in ((dataset.folder, folder.with_name("dataset")), (trained.folder, folder)):
            with places.written_whole(place) as temporary:
                shutil.copytree(made, temporary, dirs_exist_ok=True)
    return checkpoints.load(f"{folder}/")


def measure(checkpoint: Checkpoint, kinds: Iterable[str] = measures.KINDS, say: Say = lambda text: None) -> None:
    """Take every kind of measure of the demo's checkpoint and keep the results beside it."""
    for kind in kinds:
        say(f"measuring: {kind}")
        users = f" --users {measures.USERS[kind]}" if kind in measures.USERS else ""
        with _one_thread():
            run = partial(measuring.measure, checkpoint, kind, seed=SEED)
            measures.measured(checkpoint, kind, run, f"vasp-lens {kind} {places.DEMO}{users} --seed {SEED}")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums run in one order, however many cores there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def build_dataset(folder: Path) -> Dataset:
    """The simulated viewers as a data set in `folder`."""
    films = demo.read_films()
    simulated = demo.simulate(films, demo.plant(films))
    catalogue = items.items_frame({name: films[name].tolist() for name in ("id", "title", "year", "genres")})
    return importing.assemble(folder, ratings.ratings_of(simulated), catalogue, ratings.Feedback(), SOURCE)

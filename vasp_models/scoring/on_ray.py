"""The same parts by Ray Data: actors that hold the model, on this machine or on a cluster with a shared disk.

What goes through Ray are the numbers of parts: each actor reads its slice of the histories and writes its part itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cached_property
import logging
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

from vasp_models import devices
from vasp_models.errors import DeviceError, ScoringError, SettingError, VaspLensError
from vasp_models.scoring.running import Maker, Worker

_MISSING = "--engine ray needs the package ray, which is not installed: pip install 'vasp-lens[ray]'."
# Read when ray is imported and by the processes that it starts. Nothing is sent to anybody, and all listen on this
# machine's own address alone, which is what Ray does where clusters are off; --address joins one all the same.
_OURS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1", "RAY_BACKEND_LOG_LEVEL": "fatal"}
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
_STORE = 128 * 2**20  # bytes of shared memory: only numbers of parts go through it
_SHORT = 20  # characters: Ray adds some 85, and 104 is what every system takes
_BLOCKS = 16  # of parts, for each worker: few enough to read on in the histories, enough to end at about the same time


def on_ray(device: str, workers: int | None = None, address: str | None = None) -> Maker:
    """Make the parts by `workers` actors, by default one a core (a card on cuda), of a Ray of its own or at `address`.

    Raises SettingError where ray is not installed.
    """
    ray = _imported(alone=address is None)

    def run(folder: Path, missing: list[int]) -> Generator[int]:
        with _started(ray, workers, address):
            yield from _made(ray, folder.absolute(), missing, device, workers, address)

    return run


class Actor:
    """What Ray makes once in each of its processes; the model is loaded with the first part."""

    def __init__(self, folder: str, device: str) -> None:
        self._given = Path(folder), device

    @cached_property
    def worker(self) -> Worker:
        return Worker(*self._given)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Make a part; what is wrong is said in our own words, not as the end of Ray's account of it."""
        (number,) = batch["part"].tolist()
        try:
            unknown, fault = self.worker.make(number), ""
        except (VaspLensError, OSError) as error:
            unknown, fault = 0, str(error)
        return {"part": [number], "unknown": [unknown], "fault": [fault]}


def _imported(alone: bool) -> Any:
    os.environ.update(_OURS | (_ALONE if alone else {}))
    try:
        import ray
        import ray.data
    except ImportError:
        raise SettingError(_MISSING) from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


@contextmanager
def _started(ray: Any, workers: int | None, address: str | None) -> Iterator[None]:
    """Ray, for the block: that at an address is joined and left, or one of our own started and ended."""
    if ray.is_initialized():  # by a program that has this one as its library
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": "error"}  # what goes wrong is raised
    # Ray's own folder outlives it. But paths of sockets have to be short, and not every system's temporary ones are.
    own_folder = not address and len(tempfile.gettempdir()) <= _SHORT
    scratch = tempfile.mkdtemp(prefix="vasp-lens-ray-") if own_folder else None
    try:
        cores = max(devices.usable_cores(), workers or 1)
        own = {"num_cpus": cores, "object_store_memory": _STORE, "_temp_dir": scratch, "include_dashboard": False}
        with _hushed():
            ray.init(address=address or "local", **({} if address else own), **quiet)
        yield
    except ConnectionError as error:
        raise ScoringError(f"No Ray was found at {address} ({error}): expected HOST:PORT, or auto.") from None
    finally:
        ray.shutdown()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing is printed by compiled code, which here tells every user the level of its log."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _made(
    ray: Any, folder: Path, missing: list[int], device: str, workers: int | None, address: str | None
) -> Iterator[int]:
    kind = "GPU" if device == "cuda" else "CPU"
    there = int(ray.cluster_resources().get(kind, 0))
    if not there:
        raise DeviceError(f"Ray knows of no {kind} where it runs: choose another --device.")
    workers = min(workers or there, there, len(missing))  # it would wait for more than there are
    threads = 1 if address else there // workers  # of a cluster's machines nothing is known here
    needs = {"num_gpus": 1} if device == "cuda" else {"num_cpus": threads}
    blocks = min(len(missing), workers * _BLOCKS)
    made = ray.data.from_items([{"part": number} for number in missing], override_num_blocks=blocks).map_batches(
        Actor, batch_size=1, compute=ray.data.ActorPoolStrategy(size=workers),
        fn_constructor_kwargs={"folder": str(folder), "device": device}, **needs,
    )  # fmt: skip
    try:
        for row in made.iter_rows():
            if row["fault"]:
                raise ScoringError(row["fault"])
            yield int(row["unknown"])
    except ray.exceptions.RayError as error:  # a process that was killed again and again, a cluster that is gone
        raise ScoringError(_told(error)) from error


def _told(error: Exception) -> str:
    said = next(line for line in (*str(error).splitlines(), type(error).__name__) if line.strip())
    return f"Ray gave up ({said.strip()}): the parts that are whole are kept, and the same command makes the others."



"""How fast this machine does what the paper's size asks for: each figure beside a peer in the same process.

Machines differ by a factor of ten and one machine by two from minute to minute; a ratio of two things that were timed
in turn stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import median
import time
from typing import Any


@dataclass(frozen=True)
class Scale:
    """How large the models and data are that are timed; the defaults are the paper's on MovieLens-20M."""

    items: int = 20_108
    hidden: int = 4096
    latents: int = 2048
    rows: int = 256  # of a training step
    history: int = 72  # films of a user, the mean of MovieLens-20M
    users: int = 1_000
    mapped: int = 4_000  # films of a map
    repeats: int = 5


@dataclass(frozen=True)
class Figure:
    """One measurement: seconds of ours and, where there is one, of its peer.

    `ratio` says how many times as long the peer takes, `fact` is what else was found, as the overlap of two lists.
    """

    name: str
    seconds: float
    runs: int
    peer: str = ""
    peer_seconds: float | None = None
    ratio: float | None = None
    fact: str = ""

    def with_fact(self, fact: str) -> Figure:
        """The same with what was found."""
        return replace(self, fact=fact)

    def record(self) -> dict[str, Any]:
        """The figure as JSON has it."""
        return asdict(self)


def timed(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object] | None = None,
    peer_name: str = "",
    repeats: int = 5,
    fact: str = "",
    warm: bool = True,
) -> Figure:
    """Medians over `repeats` runs, ours and the peer's in turn, after one that warms up; the median of their ratios."""
    for action in (ours, peer) if warm else ():
        if action is not None:
            action()
    if peer is None:
        return Figure(name, median(_seconds(ours) for _ in range(repeats)), repeats, fact=fact)
    pairs = [(_seconds(ours), _seconds(peer)) for _ in range(repeats)]
    middle, other = (median(side) for side in zip(*pairs, strict=True))
    return Figure(name, middle, repeats, peer_name, other, median(b / a for a, b in pairs), fact)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started

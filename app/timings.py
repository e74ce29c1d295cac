"""How long the model took for what was asked of it, since this program was started: the last answers of each kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from statistics import median
import threading
import time
from typing import Any

LAST = 50  # answers of each kind that are remembered
# Method of vasp_models.answering -> what it is for people.
KINDS = {
    "recommend": "Recommendations",
    "reasons": "Reasons of a user’s list",
    "effects": "Influence of the history",
    "curve": "Deletion curve",
    "removals": "Smallest removals",
    "pairs": "Pairs of films",
}
LOADING = "Loading the model"
_SECONDS: dict[str, deque[float]] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Timing:
    """What was asked, how often (LAST at most), and the seconds of the last and of the median answer."""

    name: str
    answers: int
    last: float
    median: float


def note(name: str, seconds: float) -> None:
    """Remember how long something took."""
    with _LOCK:
        _SECONDS.setdefault(name, deque(maxlen=LAST)).append(seconds)


def known() -> list[Timing]:
    """What was timed so far, in the order of KINDS."""
    with _LOCK:
        found = {name: list(values) for name, values in _SECONDS.items()}
    order = [LOADING, *KINDS.values()]
    return [Timing(name, len(found[name]), found[name][-1], median(found[name])) for name in order if name in found]


class Timed:
    """Whoever answers for a checkpoint, each of its answers timed."""

    # Not by functions set on the answers themselves: these would hold what holds them, and a model that is not needed
    # any more would stay in memory.

    def __init__(self, answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._answers, name)
        return _timed(found, KINDS[name]) if name in KINDS else found


def opened(opening: Callable[[], Any]) -> Any:
    """What answers for a checkpoint, each of its answers timed; opening it is timed as LOADING."""
    began = time.perf_counter()
    answers = opening()
    note(LOADING, time.perf_counter() - began)
    return Timed(answers)


def _timed(asked: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(asked)
    def answer(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        found = asked(*arguments, **named)
        note(name, time.perf_counter() - began)
        return found

    return answer

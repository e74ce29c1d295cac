"""All figures of one machine, with what they depend on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from vasp_models import devices, provenance
from vasp_models.jobs import Report
from vasp_models.speed import Figure, Scale, answering, mapping, training

_PACKAGES = ("vasp-lens", "torch", "numpy", "scipy", "scikit-learn", "openTSNE")
# What is timed, in words for the bar, and the share of the time that it takes, roughly.
KINDS: dict[str, tuple[Callable, float]] = {
    "Steps of training": (training.figures, 0.2),
    "Answers": (answering.figures, 0.6),
    "Maps": (mapping.figures, 0.2),
}


@dataclass(frozen=True)
class Measured:
    """The figures, the machine (processor, device, threads), versions, the time, and the command that does it again."""

    figures: tuple[Figure, ...]
    machine: dict[str, Any]
    versions: dict[str, str]
    made: str
    command: str

    def record(self) -> dict[str, Any]:
        """The same as JSON has it."""
        figures = [figure.record() for figure in self.figures]
        about = {"machine": self.machine, "versions": self.versions, "made": self.made, "command": self.command}
        return {"figures": figures, **about}


def measure(scale: Scale, seed: int = 0, report: Report | None = None) -> Measured:
    """Time everything on the CPU; `report` is told what is timed and the share that is done."""
    figures: list[Figure] = []
    done = 0.0
    for words, (kind, share) in KINDS.items():
        if report:
            report(words, done)
        figures += kind(scale, seed)
        done += share
    machine = {
        "processor": devices.processor(),
        "device": devices.describe("cpu"),
        "threads": torch.get_num_threads(),
    }
    asked = {
        name: getattr(scale, name) for name in ("items", "hidden") if getattr(scale, name) != getattr(Scale(), name)
    }
    command = provenance.command("bench", **asked, seed=seed or None)
    return Measured(tuple(figures), machine, provenance.versions(_PACKAGES), provenance.now(), command)

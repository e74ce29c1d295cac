"""Is everything in order here? Facts about program, machine, checkpoints and caches, each judged, with what to do.

Nothing here imports torch, and nothing is changed but by `caches.clear`.
"""

from __future__ import annotations

from collections.abc import Sequence

from vasp_models import checkpoints
from vasp_models.diagnostics import caches, machine, stock
from vasp_models.diagnostics.checks import FINE, MISSING, NOTE, PROBLEM, TOLD, Check, Diagnosis

__all__ = ["FINE", "MISSING", "NOTE", "PROBLEM", "TOLD", "Check", "Diagnosis", "examine"]


def examine(names: Sequence[str] | None = None, device: Sequence[Check] = ()) -> Diagnosis:
    """Look at everything; `names` are the checkpoints to look at, all at hand by default.

    `device` is what is known of the device, which cannot be asked without torch: see `machine.device`.
    """
    found = stock.checkpoints(checkpoints.names() if names is None else names)
    return Diagnosis(
        {
            "Program": machine.program(),
            "Machine": [*device, *machine.processor(), *machine.memory(), *machine.disk()],
            "Checkpoints": [each.check for each in found],
            "Maps and measures": stock.results(found),
            "Caches": caches.checks(),
            "Licences": stock.licences(found),
        }
    )

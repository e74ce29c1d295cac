"""How far a checkpoint's log factors are from an independent forward pass in double precision.

    python tests/benchmarks/factors.py CHECKPOINT [--users N]
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.test_recommending import double_precision_forward  # noqa: E402
from vasp_models import checkpoints  # noqa: E402
from vasp_models.recommending import recommend  # noqa: E402


def main() -> None:
    """Print the largest difference over all unseen items of some test users."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--users", type=int, default=50)
    chosen = parser.parse_args()
    checkpoint = checkpoints.load(chosen.checkpoint)
    model = checkpoint.model()
    tensors = model.tensors()
    worst = 0.0
    for row in checkpoint.users.rows("test")[: chosen.users]:
        history = checkpoint.users.at(row).history
        found = recommend(model, history, model.n_items)
        exact = double_precision_forward(tensors, model.settings.parts, history)[found.items]
        worst = max(worst, float(np.abs(sum(found.factors.values()) - exact).max()))
    print(f"sum of log factors against float64: {worst:.1e} at most, {chosen.users} users, all unseen items")


if __name__ == "__main__":
    main()

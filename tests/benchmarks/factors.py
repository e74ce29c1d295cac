"""How far a checkpoint's log factors are from an independent forward pass in double precision.

python tests/benchmarks/factors.py CHECKPOINT [--users N]
"""

from __future__ import annotations

import argparse

import numpy as np

from vasp_models import checkpoints
from vasp_models.data.interactions import Interactions
from vasp_models.explanations.double_precision import exact_answers
from vasp_models.recommending import recommend


def main() -> None:
    """Print the largest difference over all unseen items of some test users."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--users", type=int, default=50)
    chosen = parser.parse_args()
    checkpoint = checkpoints.load(chosen.checkpoint)
    model = checkpoint.model()
    worst = 0.0
    for row in checkpoint.users.rows("test")[: chosen.users]:
        history = checkpoint.users.at(row).history
        found = recommend(model, history, model.n_items)
        exact = exact_answers(model, Interactions.from_lists([history], model.n_items)).total[0, found.items]
        worst = max(worst, float(np.abs(sum(found.factors.values()) - exact).max()))
    print(f"sum of log factors against float64: {worst:.1e} at most, {chosen.users} users, all unseen items")


if __name__ == "__main__":
    main()

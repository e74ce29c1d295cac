"""How long it takes to explain a user's whole list: waterfalls, linear path, leave-one-out, integrated gradients.

python tests/benchmarks/explaining.py CHECKPOINT [--films 100] [--list 20] [--runs 10]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from vasp_models import checkpoints
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.gradients import integrated_gradients
from vasp_models.explanations.leave_one_out import influence
from vasp_models.explanations.linear import linear_terms
from vasp_models.explanations.removals import removals
from vasp_models.recommending import recommend


def main() -> None:
    """Print the median time of each step and of all together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--films", type=int, default=100, help="length of the history: the test user nearest to it")
    parser.add_argument("--list", type=int, default=20, help="recommendations explained at once")
    parser.add_argument("--runs", type=int, default=10)
    chosen = parser.parse_args()
    checkpoint = checkpoints.load(chosen.checkpoint)
    model, rows = checkpoint.model(), checkpoint.users.rows("test")
    lengths = checkpoint.users.histories.lengths[rows]
    history = checkpoint.users.at(rows[np.argmin(np.abs(lengths - chosen.films))]).history.astype(np.int64)
    items = recommend(model, history, chosen.list).items

    def everything() -> tuple[object, object]:
        found = explain(model, history, items)
        return found.leave_one_out, found.credit  # worked out when they are asked for

    steps = {
        "leave-one-out, all items": lambda: influence(model, history),
        "linear path": lambda: linear_terms(model, history, items),
        "integrated gradients": lambda: integrated_gradients(model, history, items),
        "all of them (explain)": everything,
        "removals of the first film": lambda: removals(model, history, int(items[0])),
    }
    print(f"{len(history)} films in the history, {len(items)} explained, {torch.get_num_threads()} threads")
    for name, step in steps.items():
        step()
        print(f"{name:28s} median {1000 * np.median([_seconds(step) for _ in range(chosen.runs)]):7.1f} ms")


def _seconds(step) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

"""Checkpoints against ELSA (Vančura et al. 2022), user by user, with ELSA's own public package.

    pip install elsarec
    python tests/benchmarks/beside_elsa.py CHECKPOINT [CHECKPOINT ...]

ELSA has 512 factors and trains 14 epochs in batches of 128 at a rate of .1 (chosen elsewhere on validation users). All
checkpoints must come from the same data and split.
"""

from __future__ import annotations

import sys

from elsa import ELSA
import numpy as np
import torch

from vasp_models import checkpoints
from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.protocol import evaluate_folds

FACTORS, EPOCHS, BATCH, RATE = 512, 14, 128, 0.1


def main(names: list[str]) -> None:
    """Print ELSA's test NDCG@100 and each checkpoint's paired difference to it, then their mean."""
    loaded = [checkpoints.load(name) for name in names]
    users = loaded[0].users
    train = users.histories.take(users.rows("train"))
    folds = loaded[0].test_folds()
    peer = evaluate_folds(trained(train), folds)
    print(f"ELSA: NDCG@100 {peer.summary()['ndcg@100']}")
    results = []
    for checkpoint in loaded:
        assert checkpoint.users.frame.equals(users.frame), f"{checkpoint.name} was trained on another split"
        results.append(evaluate_folds(checkpoint.model().score, folds))
        print(f"{checkpoint.name} {results[-1].mean():.4f}, minus ELSA: {results[-1].difference(peer)}")
    each = np.mean([result.per_user["ndcg@100"] for result in results], axis=0)
    difference = each - peer.per_user["ndcg@100"]
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    print(f"mean of {len(results)}: {each.mean():.4f}, minus ELSA: {difference.mean():+.4f} +- {error:.4f}")


def trained(train: Interactions):
    """A scoring function of ELSA trained on the histories."""
    torch.manual_seed(0)
    model = ELSA(train.n_items, FACTORS, torch.device("cpu"), RATE)
    model.fit(train.csr(), epochs=EPOCHS, batch_size=BATCH, shuffle=True, verbose=False)

    def score(histories: Interactions) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(histories.csr().toarray())).numpy()

    return score


if __name__ == "__main__":
    main(sys.argv[1:])

"""Two ways in which a recommender looks better than it is: it repeats its input, or what was seen is ranked again."""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation import metrics
from vasp_models.evaluation.protocol import BATCH, DEPTH, Score
from vasp_models.evaluation.ranking import best_unseen

ITSELF, WITHOUT, ECHO = "itself@100", "without@100", "echo@100"
MOST_USERS, MOST_ITEMS = 300, 20  # histories that are asked, and items of each


def echo(score: Score, fold_in: Interactions, seed: int = 0) -> dict[str, np.ndarray]:
    """How much an item's own presence in the input lifts it: shares of each user's items, float64 (users asked).

    `itself@100`: items of the history that are among the first 100 of all items, nothing masked; `without@100`: the
    same item after it was taken out of that input; `echo@100` is the difference. It is 1 for a copy of the input and
    exactly 0 where an item's score never depends on the item itself, as with EASE's zero diagonal. Where the
    catalogue has fewer than 1,000 items the first tenth of it takes the place of the first 100.
    """
    generator = np.random.default_rng(seed)
    users = np.flatnonzero(fold_in.lengths > 1)
    users = np.sort(generator.choice(users, min(MOST_USERS, len(users)), replace=False))
    first = min(DEPTH, max(fold_in.n_items // 10, 1))
    shares = [_shares(score, fold_in.row(user), fold_in, generator, first) for user in users]
    itself, without = np.array(shares, dtype=np.float64).reshape(-1, 2).T
    return {ITSELF: itself, WITHOUT: without, ECHO: itself - without}


def _shares(
    score: Score, history: np.ndarray, like: Interactions, generator: np.random.Generator, first: int
) -> tuple[float, float]:
    """Shares of a history's items among the first, with themselves in the input and without."""
    asked = generator.permutation(len(history))[:MOST_ITEMS]
    inputs = [history, *(np.delete(history, place) for place in asked)]
    scores = score(Interactions.from_lists(inputs, like.n_items, like.ordered))
    items = history[asked]
    place = np.array([1 + (row > row[item]).sum() for row, item in zip(scores[1:], items, strict=True)])
    itself = 1 + (scores[0][None, :] > scores[0][items][:, None]).sum(axis=1)
    known = np.isfinite(scores[0][items])  # what a model does not cover is nowhere
    return float(((itself <= first) & known).mean()), float(((place <= first) & known).mean())


def seen_left_in(score: Score, fold_in: Interactions, held_out: Interactions) -> np.ndarray:
    """NDCG@100 of each user when what was seen is ranked too, float64 (users): the trap of a forgotten mask."""
    found = []
    for start in range(0, len(fold_in), BATCH):
        rows = np.arange(start, min(start + BATCH, len(fold_in)))
        forgotten = Interactions.from_lists([[]] * len(rows), fold_in.n_items)
        ranked, _ = best_unseen(score(fold_in.take(rows)), forgotten, DEPTH)
        found.append(metrics.hits(ranked, held_out.take(rows)))
    return metrics.ndcg_at(100, np.concatenate(found), held_out.lengths)

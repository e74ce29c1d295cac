"""Leave-one-out: the model's real answers without each film of the history, for all items at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.explanations.answers import factor_names, subset_answers

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender


@dataclass(frozen=True)
class Influence:
    """Answers to one history (h items), to the empty one, and to the history without each of its items.

    `targets` int64 (t) are the items answered for. `full` and `empty` float32 (factors, t), `without` float32
    (factors, h, t): entry [f, j, i] is factor f of item i when item j of the history is left out.
    """

    history: np.ndarray
    factor_names: tuple[str, ...]
    targets: np.ndarray
    full: np.ndarray
    empty: np.ndarray
    without: np.ndarray

    def of(self, targets: np.ndarray) -> np.ndarray:
        """What each history item adds to each factor of some of the targets, float64 (factors, h, len(targets)).

        F(x) - F(x - j): 0 for an item that the model does not cover, NaN for a target that it does not.
        """
        places = self.places(targets)
        with np.errstate(invalid="ignore"):  # -inf minus -inf
            return self.full[:, None, places].astype(np.float64) - self.without[:, :, places]

    def only(self, targets: np.ndarray) -> Influence:
        """The same for some of the targets alone, ascending."""
        targets = np.unique(targets)
        place = self.places(targets)
        full, empty, without = (values[..., place] for values in (self.full, self.empty, self.without))
        return replace(self, targets=targets, full=full, empty=empty, without=without)

    def places(self, targets: np.ndarray) -> np.ndarray:
        """Where some of the targets stand in `targets`, int64. Raises KeyError for others."""
        targets = np.asarray(targets, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.targets, targets), len(self.targets) - 1)
        if len(targets) and not (len(self.targets) and (self.targets[place] == targets).all()):
            raise KeyError(f"items {targets.tolist()[:5]} are not all among the targets of this influence")
        return place


def influence(model: Recommender, history: np.ndarray, targets: np.ndarray | None = None) -> Influence:
    """One batch of h + 2 rows: the whole history, nothing, and the history without each of its items.

    Without `targets` every item of the catalogue is answered for, so that one batch explains a whole list.
    """
    history = np.asarray(history, dtype=np.int64)
    wanted = np.arange(model.n_items) if targets is None else np.unique(targets)
    h = len(history)
    included = np.ones((h + 2, h), dtype=bool)
    included[1] = False
    included[np.arange(h) + 2, np.arange(h)] = False
    found = subset_answers(model, history, included, None if targets is None else wanted)
    full, empty, without = found[:, 0], found[:, 1], found[:, 2:]
    # To the model a profile without a film that it does not know is the same profile: not even rounding may differ.
    without[:, ~model.covers(history)] = full[:, None]
    return Influence(history, factor_names(model), wanted, full, empty, without)

"""Why these films? Every exact and every tested reason for films of one user's list, from one batch of answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vasp_models.errors import ExplanationError
from vasp_models.evaluation.ranking import mask_seen, rank_of
from vasp_models.explanations.answers import total
from vasp_models.explanations.film import check_unseen, uncovered
from vasp_models.explanations.gradients import Gradients, credits_by_factor, integrated_gradients
from vasp_models.explanations.leave_one_out import Influence, influence
from vasp_models.explanations.linear import LinearTerms, linear_terms

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender


@dataclass(frozen=True)
class Explanations:
    """Reasons for t films of one user whose history holds h films; arrays are float64.

    `items` int64 (t); `scores` (t) is F, the log score (or the raw score of a model without factors), as the model
    gives it when it recommends; `answers` holds its answers with and without each film of the history; `covered` bool
    (h) are the films of the history that the model knows: of the others nothing is said, and their 0 is no effect;
    `linear` and `gradients` are None where the model has no such part. `ranks` and `base_ranks` int64 (t) are places
    among the unseen films for the history and for an empty profile, `n_candidates` counts those films.
    """

    items: np.ndarray
    scores: np.ndarray
    answers: Influence
    covered: np.ndarray
    linear: LinearTerms | None
    gradients: Gradients | None
    ranks: np.ndarray
    base_ranks: np.ndarray
    n_candidates: int

    def __len__(self) -> int:
        return len(self.items)

    @property
    def history(self) -> np.ndarray:
        """Item numbers of the history, int64 (h)."""
        return self.answers.history

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The factors whose sum is explained."""
        return self.answers.factor_names

    @cached_property
    def factors(self) -> np.ndarray:
        """The factors for the history, (factors, t)."""
        return self.answers.full[:, self.answers.places(self.items)].astype(np.float64)

    @cached_property
    def base_factors(self) -> np.ndarray:
        """The factors for an empty profile, (factors, t)."""
        return self.answers.empty[:, self.answers.places(self.items)].astype(np.float64)

    @property
    def terms(self) -> np.ndarray:
        """What the history adds to each factor: the waterfall's steps, (factors, t)."""
        return self.factors - self.base_factors

    @property
    def base(self) -> np.ndarray:
        """F of the empty profile: what a stranger is told, (t)."""
        return self.base_factors.sum(axis=0)

    @property
    def residual(self) -> np.ndarray:
        """F minus the base and all terms: what the waterfall leaves unsaid, (t)."""
        return self.scores - (self.base + self.terms.sum(axis=0))

    @cached_property
    def leave_one_out(self) -> np.ndarray:
        """What each film of the history adds to each factor, (factors, h, t)."""
        return self.answers.of(self.items)

    @cached_property
    def credit(self) -> np.ndarray | None:
        """Each film's share of all that the history adds, (h, t): closed form plus integrated gradients.

        None where a factor has neither.
        """
        found = credits_by_factor(self.gradients, self.linear)
        if set(found) != set(self.factor_names):
            return None
        return np.sum([found[name] for name in self.factor_names], axis=0)

    @property
    def completeness_delta(self) -> np.ndarray | None:
        """How far the shares are from summing to what the history adds, (t); None without `credit`."""
        return None if self.credit is None else self.credit.sum(axis=0) - self.terms.sum(axis=0)


def against(found: Explanations, rival: int) -> Explanations:
    """The same for the margin F(film) - F(rival): why these films stand before (or behind) the one at place `rival`.

    Differences of sums are sums of differences, so that every term, share and residual carries over and still adds up.
    """
    few = found.answers.only(found.items)
    place = few.places(found.items[[rival]])
    full, empty, without = (values - values[..., place] for values in (few.full, few.empty, few.without))
    return replace(
        found,
        scores=found.scores - found.scores[rival],
        answers=replace(few, full=full, empty=empty, without=without),
        linear=found.linear and found.linear.against(rival),
        gradients=found.gradients and found.gradients.against(rival),
    )


def explain(
    model: Recommender, history: np.ndarray, items: np.ndarray, answered: Influence | None = None
) -> Explanations:
    """The reasons for some unseen films of one history, all films at once.

    `answered` is the history's influence over all items, where it is at hand. Raises ExplanationError for a film of
    the history, for one that the model does not cover, and for a history that holds a film twice.
    """
    history, items = np.asarray(history, dtype=np.int64), np.asarray(items, dtype=np.int64)
    if len(np.unique(history)) < len(history):  # it would weigh twice here, and once where the film is recommended
        raise ExplanationError("The history holds a film twice: expected each film once.")
    for item in items.tolist():
        check_unseen(model, history, item)
    answered = influence(model, history) if answered is None else answered
    full, empty = answered.full.sum(axis=0), answered.empty.sum(axis=0)  # (items)
    if not (covered := np.isfinite(empty[items])).all():
        raise uncovered(int(items[~covered][0]))
    history_row = model.histories([history])
    ranking, base_ranking = (mask_seen(row[None], history_row)[0] for row in (full, empty))
    return Explanations(
        items,
        total(model, history_row)[0, items].astype(np.float64),
        answered,
        model.covers(history),
        linear_terms(model, history, items),
        integrated_gradients(model, history, items),
        rank_of(ranking, items),
        rank_of(base_ranking, items),
        int(np.isfinite(ranking).sum()),
    )

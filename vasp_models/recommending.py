"""Recommend: the k best unseen items for a history, each with its exact factors; for pages and commands alike."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from dataclasses import dataclass, field
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vasp_models import provenance
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.evaluation.ranking import mask_seen, rank_of, top_k

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

FACTOR_TITLES = {
    "nease": "NEASE",
    "low_rank": "Low-rank path",
    "sparse": "Sparse path",
    "flvae_residual": "Residual head",
    "flvae_latent": "Latent head",
}


@dataclass(frozen=True)
class Recommendations:
    """A ranked list: every array has one entry per recommended item, best first.

    `scores` are products of the factors (or the model's own scores where it has none), `log_scores` their logs (None
    without factors). `factors` are log factors by name, `base` the same at the empty profile; `base_ranks` are places
    at the empty profile among the items that are unseen here. `n_candidates` counts those.
    `ranked` are the factors that the order follows, those of the part `rank_by`. `unmodelled` are the items of the
    history that the model does not cover: it did not see them.
    """

    items: np.ndarray
    scores: np.ndarray
    log_scores: np.ndarray | None
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    base: dict[str, np.ndarray] = field(default_factory=dict)
    base_ranks: np.ndarray | None = None
    n_candidates: int = 0
    rank_by: str | None = None
    ranked: tuple[str, ...] = ()
    unmodelled: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.items)

    def lift(self, name: str) -> np.ndarray:
        """What the history adds to a log factor: its value minus its value at the empty profile."""
        return self.factors[name] - self.base[name]

    @property
    def total_lift(self) -> np.ndarray:
        """What the history adds to the log score, over all factors."""
        return np.sum([self.lift(name) for name in self.factors], axis=0)

    def records(self, catalogue: Catalogue) -> list[dict[str, Any]]:
        """One plain dictionary per item, as `vasp-lens recommend --json` prints them."""
        return [
            {
                "rank": place + 1,
                "item": _plain(catalogue.ids[item]),
                "title": catalogue.titles[item],
                "genres": catalogue.genres[item],
                "score": float(self.scores[place]),
                "log_score": None if self.log_scores is None else float(self.log_scores[place]),
                "factors": {name: float(values[place]) for name, values in self.factors.items()},
            }
            for place, item in enumerate(self.items)
        ]

    def frame(self, catalogue: Catalogue, held_out: np.ndarray | None = None) -> pd.DataFrame:
        """A table for people and CSV: raw log factors, what the history adds to each, place at the empty profile."""
        table = pd.DataFrame(self.records(catalogue)).drop(columns="factors", errors="ignore")
        if not len(self):
            return table
        table["genres"] = ["|".join(genres) for genres in table["genres"]]
        for name in self.factors:
            table[f"log_{name}"] = self.factors[name]
            table[f"lift_{name}"] = np.exp(self.lift(name))
        if self.base_ranks is not None:
            table["rank_of_empty_profile"] = self.base_ranks
        if held_out is not None:
            table["held_out"] = np.isin(self.items, held_out)
        return table


def ids_text(ids: Sequence[object]) -> str:
    """Ids as `--history` takes them: comma-separated, in quotes those that hold a comma or a quote themselves."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(list(map(str, ids)))
    return line.getvalue()


def ids_of(text: str) -> list[str]:
    """The ids in such a text."""
    return [each.strip() for each in next(csv.reader([text], skipinitialspace=True), []) if each.strip()]


def command(
    checkpoint: Any,
    user: str | None = None,
    history: Sequence[object] | None = None,
    k: int = 20,
    rank_by: str | None = None,
) -> str:
    """The command that makes a list again, for a user or for the ids of a history."""
    ids = None if history is None else ids_text(history)
    asked = {"user": user, "history": ids, "k": k, "rank_by": rank_by, "json": True}
    return provenance.command("recommend", checkpoint.argument, **asked)


def recommend(model: Recommender, history: np.ndarray, k: int = 20, rank_by: str | None = None) -> Recommendations:
    """The k best unseen items for a history (item numbers), by the joint score or by one part of the model.

    Raises SettingError when the model has no part of that name.
    """
    from vasp_models.models.base import HasFactors

    # One batch: the history and the empty profile, against which everything is compared.
    rows = model.histories([history, []])
    seen = rows.take([0])
    if not isinstance(model, HasFactors):
        if rank_by is not None:
            raise SettingError(f"The model has no part {rank_by!r}: it has one score, and ranks by that.")
        return _without_factors(model, rows, k)
    log_factors = model.log_factors(rows)  # (factors, 2, items)
    ranked_by = _chosen(model, rank_by)
    ranking = mask_seen(log_factors[ranked_by, 0].sum(axis=0)[None], seen)[0]
    items = _best(ranking, k)
    base_ranking = mask_seen(log_factors[ranked_by, 1].sum(axis=0)[None], seen)[0]
    # Summed in double precision: the printed factors and the printed log score then agree to the last digit.
    log_scores = log_factors[:, 0, items].astype(np.float64).sum(axis=0)
    return Recommendations(
        items,
        np.exp(log_scores),
        log_scores,
        {name: log_factors[f, 0, items] for f, name in enumerate(model.factor_names)},
        {name: log_factors[f, 1, items] for f, name in enumerate(model.factor_names)},
        rank_of(base_ranking, items),
        int(np.isfinite(ranking).sum()),
        rank_by,
        tuple(model.factor_names[f] for f in ranked_by),
        _uncovered(model, seen),
    )


def _without_factors(model: Recommender, rows: Interactions, k: int) -> Recommendations:
    seen = rows.take([0])
    ranking, base = (mask_seen(row[None], seen)[0] for row in model.score(rows))
    items = _best(ranking, k)
    return Recommendations(
        items,
        ranking[items],
        None,
        base_ranks=rank_of(base, items),
        n_candidates=int(np.isfinite(ranking).sum()),
        unmodelled=_uncovered(model, seen),
    )


def _uncovered(model: Recommender, seen: Interactions) -> np.ndarray:
    """The items of the history that the model does not cover, int64."""
    return seen.indices[~model.covers(seen.indices)].astype(np.int64)


def _best(ranking: np.ndarray, k: int) -> np.ndarray:
    items = top_k(ranking[None], k)[0]
    return items[np.isfinite(ranking[items])]


def _chosen(model: Any, rank_by: str | None) -> list[int]:
    if rank_by is not None and rank_by not in model.parts:
        raise SettingError(f"The model has no part {rank_by!r}: expected one of {', '.join(model.parts)}.")
    names = model.factor_names if rank_by is None else model.parts[rank_by]
    return [model.factor_names.index(name) for name in names]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value

"""What a history leans to: its mix of genres, and the genre that stands out from what everybody watches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions

MOST_GENRES = 12


def genres_before_and_now(
    catalogue: Catalogue, before: np.ndarray, now: np.ndarray, most: int = MOST_GENRES
) -> pd.DataFrame:
    """Share of films with each genre in two lists of item numbers, columns genre, before, now.

    At most so many genres, those first that matter most to the list before; genres of neither list are left out.
    """
    matrix = catalogue.genre_matrix
    none = np.zeros(matrix.shape[1])
    shares = (matrix[films].mean(axis=0) if len(films) else none for films in (before, now))
    mix = pd.DataFrame(dict(zip(("genre", "before", "now"), (catalogue.genre_names, *shares), strict=True)))
    present = mix[mix["before"] + mix["now"] > 0]
    return present.sort_values(["before", "now"], ascending=False, kind="stable").head(most)


def tastes(histories: Interactions, catalogue: Catalogue) -> pd.DataFrame:
    """The favourite genre of each history: the one that stands out most from what everybody watches.

    Columns taste (None for an empty history or films without genres), films (of that genre), clarity (standard errors
    above the share expected from the films' popularity).
    """
    genres = catalogue.genre_matrix.astype(float)
    popularity = (
        catalogue.frame["train_users"].to_numpy(float) if "train_users" in catalogue.frame else np.ones(len(catalogue))
    )
    expected = popularity @ genres / max(popularity.sum(), 1.0)  # share of all choices that fall on each genre
    counts = histories.csr(np.float64) @ genres
    lengths = histories.lengths[:, None].astype(float)
    spread = np.sqrt(np.maximum(lengths * expected * (1 - expected), 1e-9))
    clarity = np.where(counts > 0, (counts - lengths * expected) / spread, -np.inf)
    if not genres.shape[1] or not len(histories):
        return pd.DataFrame({"taste": [None] * len(histories), "films": 0, "clarity": -np.inf})
    best = clarity.argmax(axis=1)
    rows = np.arange(len(histories))
    names = np.array([*catalogue.genre_names, None], dtype=object)[np.where(np.isfinite(clarity[rows, best]), best, -1)]
    return pd.DataFrame({"taste": names, "films": counts[rows, best].astype(int), "clarity": clarity[rows, best]})

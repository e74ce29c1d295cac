"""Which genres a selection of films holds more often than all films do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vasp_models.errors import MapError

LEVEL = 0.05  # of the false discovery rate, below which a genre counts as gathered


@dataclass(frozen=True)
class Enrichment:
    """One entry per genre, in the order of the genre matrix.

    `selected` and `everywhere` int64, films of the genre in the selection and on the map; `lift` float64, its share in
    the selection over its share on the map; `p` float64, Fisher's exact test (one-sided: more often than by chance);
    `q` float64, p after Benjamini and Hochberg's correction (1995) over the genres that occur. NaN where a genre does
    not occur on the map. `size` films are selected of `films`.
    """

    selected: np.ndarray
    everywhere: np.ndarray
    lift: np.ndarray
    p: np.ndarray
    q: np.ndarray
    size: int
    films: int


def enrichment(genre_matrix: np.ndarray, chosen: np.ndarray) -> Enrichment:
    """Lift and significance of every genre in a selection.

    `genre_matrix` bool (n, genres) of the films on the map, `chosen` bool (n). Raises MapError for an empty selection.
    """
    from scipy import stats  # half a second to import, and not needed before something is selected

    matrix, chosen = np.asarray(genre_matrix, dtype=bool), np.asarray(chosen, dtype=bool)
    size, films = int(chosen.sum()), len(chosen)
    if not size:
        raise MapError("No film is selected: genres can only be counted among at least one.")
    selected, everywhere = matrix[chosen].sum(axis=0), matrix.sum(axis=0)
    occurs = everywhere > 0
    lift, p, q = (np.full(matrix.shape[1], np.nan) for _ in range(3))
    lift[occurs] = (selected[occurs] / size) / (everywhere[occurs] / films)
    # The upper tail of the hypergeometric distribution is Fisher's one-sided test of the 2 x 2 table.
    p[occurs] = np.minimum(stats.hypergeom.sf(selected[occurs] - 1, films, everywhere[occurs], size), 1.0)
    if occurs.any():
        q[occurs] = stats.false_discovery_control(p[occurs], method="bh")
    return Enrichment(selected, everywhere, lift, p, q, size, films)

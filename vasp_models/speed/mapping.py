"""t-SNE of many films, beside scikit-learn's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from vasp_models.projections import layout
from vasp_models.speed import Figure, Scale, timed

_CLUSTERS, _DIMENSIONS = 20, 30


def figures(scale: Scale, seed: int = 0) -> Iterator[Figure]:
    """A map from lists of neighbours: the same neighbours, start, perplexity, steps and one thread for both."""
    near, away = neighbours(scale.mapped, seed)
    first = layout.start(layout.affinities(near, away).P, seed)
    found: dict[str, float] = {}

    def ours() -> None:
        found["ours"] = layout.embed(layout.affinities(near, away), first, seed)[1]

    def theirs() -> None:
        tsne = TSNE(
            metric="precomputed", perplexity=layout.perplexity_for(len(near)), init=first, random_state=seed,
            max_iter=layout.EXAGGERATED_STEPS + layout.STEPS, n_jobs=1,
        )  # fmt: skip
        with threadpool_limits(limits=1):
            tsne.fit_transform(graph(near, layout.shifted(away)))
        found["theirs"] = float(tsne.kl_divergence_)

    layout.embed(layout.affinities(near[:200] % 200, away[:200]), first[:200], seed)  # loads what it needs
    figure = timed(f"t-SNE of {scale.mapped:,} films", ours, theirs, "scikit-learn", 1, warm=False)
    yield figure.with_fact(f"KL {found['ours']:.3f}, theirs {found['theirs']:.3f}")


def neighbours(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of n drawn points in some clusters, and their distances, (n, k) each."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(0, 2, (_CLUSTERS, _DIMENSIONS))
    points = centres[generator.integers(0, _CLUSTERS, n)] + generator.normal(size=(n, _DIMENSIONS))
    away, near = NearestNeighbors(n_neighbors=layout.neighbours_for(n)).fit(points).kneighbors()
    return near, away


def graph(near: np.ndarray, away: np.ndarray) -> sparse.csr_matrix:
    """Neighbours as scikit-learn reads them, (n, n): every point first its own, at distance 0."""
    n = len(near)
    columns = np.concatenate([np.arange(n)[:, None], near], axis=1)
    values = np.concatenate([np.zeros((n, 1)), away], axis=1)
    indptr = np.arange(n + 1) * columns.shape[1]
    return sparse.csr_matrix((values.ravel(), columns.ravel(), indptr), shape=(n, n))

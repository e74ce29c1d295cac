"""t-SNE from lists of neighbours: one start for all maps of a model, one thread, the same bits on every run."""

from __future__ import annotations

from collections.abc import Callable
import warnings

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from threadpoolctl import threadpool_limits

PERPLEXITY = 30  # the authors' figure (models.md A14)
EXAGGERATED_STEPS, STEPS = 250, 500  # openTSNE's defaults
# Of a film that joins a map: openTSNE's defaults for `transform`. With the map's own perplexity of 30 fewer of its
# nearest lie around it (docs/results.md).
ADDED_STEPS, _ADDED_RATE, _ADDED_EXAGGERATION, _ADDED_MOMENTUM = 250, 0.1, 1.5, 0.8
ADDED_PERPLEXITY = 5
_MEDIAN_OF, _LONGEST_GRADIENT = 25, 0.25
_START_STD = 1e-4  # larger starts converge badly (Kobak and Berens 2019)
_REPORT_EVERY = 25


def perplexity_for(n: int) -> float:
    """30, or as much as a small catalogue's neighbours allow."""
    return float(min(PERPLEXITY, (n - 1) / 3))


def neighbours_for(n: int) -> int:
    """Neighbours that t-SNE needs: three times the perplexity and one, fewer in a small catalogue."""
    return min(3 * PERPLEXITY + 1, n - 1)


def affinities(places: np.ndarray, distances: np.ndarray) -> object:
    """openTSNE's affinities from neighbours, int (n, k), and their distances, float64 (n, k), nearest first.

    The Gaussian of a row depends on its squared distances up to a constant, so the smallest is taken off: openTSNE's
    search for the bandwidth underflows where all distances are near 1, and returns equal weights.
    """
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    index = PrecomputedNeighbors(np.ascontiguousarray(places, dtype=np.int64), shifted(distances))
    return PerplexityBasedNN(knn_index=index, perplexity=perplexity_for(len(places)), n_jobs=1)


def shifted(distances: np.ndarray) -> np.ndarray:
    """Distances (n, k) with the smallest square of each row taken off, which changes no affinity."""
    return np.sqrt(np.maximum(distances**2 - distances[:, :1] ** 2, 0.0))


def start(weights: sparse.csr_matrix, seed: int) -> np.ndarray:
    """Spectral start of a map: the leading eigenvectors of its affinities' random walk, float64 (n, 2), std 1e-4."""
    n = weights.shape[0]
    generator = np.random.default_rng(seed)
    first_guess = generator.uniform(-1, 1, n)
    root = sparse.diags_array(1 / np.sqrt(np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1e-300)))
    walk = root @ weights @ root
    with threadpool_limits(limits=1):
        try:
            values, vectors = eigsh(walk, k=3, which="LA", tol=1e-4, v0=first_guess)
            leading = (root @ vectors[:, np.argsort(-values)])[:, 1:]
        except ArpackNoConvergence:
            leading = generator.normal(size=(n, 2))
    # An eigenvector has no sign of its own: its longer tail becomes the positive one.
    leading *= np.where((leading**3).sum(axis=0) < 0, -1.0, 1.0)
    leading *= _START_STD / np.maximum(leading.std(axis=0), 1e-300)
    # Films in separate islands of the graph share a place: without a nudge t-SNE could not part them.
    return leading + generator.normal(0, 0.01 * _START_STD, size=(n, 2))


def embed(
    weights: object, first: np.ndarray, seed: int, report: Callable[[float], None] | None = None
) -> tuple[np.ndarray, float]:
    """t-SNE of openTSNE's affinities from the start `first`: places, float64 (n, 2), and the KL divergence."""
    from openTSNE import TSNE

    watch = _Watch(report)
    tsne = TSNE(
        perplexity=perplexity_for(len(first)),
        early_exaggeration_iter=EXAGGERATED_STEPS,
        n_iter=STEPS,
        n_jobs=1,
        random_state=seed,
        callbacks=[watch],
        callbacks_every_iters=_REPORT_EVERY,
    )
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # inside openTSNE
        embedding = tsne.fit(affinities=weights, initialization=first)
    return np.array(embedding, dtype=np.float64), float(embedding.kl_divergence)


def placed(near: np.ndarray, distances: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Places of new films on a drawn map, float64 (m, 2), as openTSNE's `transform` finds them; the map stays.

    `near` int (m, k) and `distances` float64 (m, k) are each new film's nearest on the map, nearest first; `onto`
    float64 (n, 2) are the map's places as t-SNE left them. Each film starts at the median of its 25 nearest and moves
    by the map alone: its place does not depend on which other films are added.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities, joint_probabilities_nn
    from openTSNE.initialization import median
    from openTSNE.tsne import PartialTSNEEmbedding

    n, k = len(onto), min(3 * ADDED_PERPLEXITY, near.shape[1])
    near = np.ascontiguousarray(near, dtype=np.int64)
    weights = joint_probabilities_nn(
        near[:, :k], shifted(distances[:, :k]), [min(ADDED_PERPLEXITY, k / 3)], symmetrize=False,
        normalization="point-wise", n_reference_samples=n, n_jobs=1,
    )  # fmt: skip
    # Barnes-Hut at any size: openTSNE's interpolation takes their gains away from all films that lie on its grid.
    frame = TSNEEmbedding(
        onto, PrecomputedAffinities(sparse.csr_matrix((n, n)), normalize=False), negative_gradient_method="bh", n_jobs=1
    )
    moving = PartialTSNEEmbedding(median(frame, near[:, :_MEDIAN_OF]), frame, weights, **frame.gradient_descent_params)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # inside openTSNE
        moving = moving.optimize(
            ADDED_STEPS, learning_rate=_ADDED_RATE, exaggeration=_ADDED_EXAGGERATION, momentum=_ADDED_MOMENTUM,
            max_grad_norm=_LONGEST_GRADIENT,
        )  # fmt: skip
    return np.array(moving, dtype=np.float64)


class _Watch:
    """Counts the steps of both phases for a progress bar."""

    def __init__(self, report: Callable[[float], None] | None) -> None:
        self._report = report
        self._done = 0

    def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> bool:
        self._done += _REPORT_EVERY
        if self._report:
            self._report(min(1.0, self._done / (EXAGGERATED_STEPS + STEPS)))
        return False  # true would stop the optimisation


def aligned(places: np.ndarray, onto: np.ndarray) -> tuple[np.ndarray, float]:
    """`places` turned, mirrored and scaled to lie as `onto` does (Procrustes), and the disparity that is left, 0 to 1.

    Both keep the same root mean square radius: the scale that fits best would shrink a map the more it differs.
    """
    moved, target = places - places.mean(axis=0), onto - onto.mean(axis=0)
    size = np.linalg.norm(target)
    moved *= size / max(np.linalg.norm(moved), 1e-300)
    left, stretch, right = np.linalg.svd(moved.T @ target)
    disparity = 1.0 - (stretch.sum() / max(size**2, 1e-300)) ** 2
    return moved @ (left @ right), max(float(disparity), 0.0)


def radius(places: np.ndarray) -> float:
    """How far the places lie from their middle, the root of the summed squares (above 0)."""
    return max(float(np.linalg.norm(places - places.mean(axis=0))), 1e-300)

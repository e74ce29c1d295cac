import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist

from vasp_models.projections import layout


def neighbours_of(points, k):
    away = cdist(points, points)
    np.fill_diagonal(away, np.inf)
    near = np.argsort(away, axis=1)[:, :k]
    return near, np.take_along_axis(away, near, axis=1)


@pytest.fixture(scope="module")
def clusters():
    generator = np.random.default_rng(0)
    centres = generator.normal(scale=8, size=(4, 6))
    return np.repeat(centres, 40, axis=0) + generator.normal(size=(160, 6))


def row_perplexities(places, distances, perplexity):
    """The perplexity that openTSNE's bandwidth search reached in each row."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    index = PrecomputedNeighbors(places.astype(np.int64), distances)
    rows = PerplexityBasedNN(knn_index=index, perplexity=perplexity, symmetrize=False, n_jobs=1).P
    rows = np.array(rows[np.repeat(np.arange(len(places)), places.shape[1]), places.ravel()]).reshape(places.shape)
    rows /= rows.sum(axis=1, keepdims=True)
    return np.exp(-(rows * np.log(rows + 1e-300)).sum(axis=1))


def test_distances_near_one_keep_their_differences(clusters):
    """The literal reading puts all films near distance 1, where a Gaussian of the plain distance underflows."""
    near, away = neighbours_of(clusters, 91)
    squeezed = 1 - 1e-5 + 1e-6 * away
    weights = layout.affinities(near, squeezed).P.toarray()
    # Squared distances near 1 are linear in the distance: the same affinities as from its square root.
    expected = layout.affinities(near, np.sqrt(away)).P.toarray()
    np.testing.assert_allclose(weights, expected, atol=1e-7)
    assert row_perplexities(near, squeezed, 30).min() > 80  # what would happen otherwise: nearly equal weights


def test_affinities_do_not_depend_on_the_offset_that_is_taken_off(clusters):
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    near, away = neighbours_of(clusters, 91)
    plain = PerplexityBasedNN(knn_index=PrecomputedNeighbors(near.astype(np.int64), away), perplexity=30, n_jobs=1).P
    np.testing.assert_allclose(layout.affinities(near, away).P.toarray(), plain.toarray(), atol=1e-8)


def test_the_start_has_one_size_and_one_sign():
    stretched = np.random.default_rng(0).exponential(size=(300, 3)) * [9, 4, 1]
    weights = layout.affinities(*neighbours_of(stretched, 91)).P
    first = layout.start(weights, seed=0)
    assert np.array_equal(first, layout.start(weights, seed=0))
    np.testing.assert_allclose(first.std(axis=0), 1e-4, rtol=0.02)
    # Another first guess for the eigenvectors ends at the same place with the same signs, but for the nudge.
    np.testing.assert_allclose(first, layout.start(weights, seed=1), atol=1e-5)
    assert np.abs(np.corrcoef(first[:, 0], stretched[:, 0])[0, 1]) > 0.8


def test_the_start_parts_films_of_separate_islands():
    island = np.ones((15, 15)) - np.eye(15)
    weights = sparse.csr_matrix(sparse.block_diag([island] * 4))
    first = layout.start(weights, seed=0)
    assert np.isfinite(first).all() and len(np.unique(first, axis=0)) == 60


def test_the_picture_keeps_the_groups_and_its_bits(clusters):
    places, distances = neighbours_of(clusters, layout.neighbours_for(160))
    weights = layout.affinities(places, distances)
    seen = []
    first = layout.start(weights.P, 0)
    drawn, kl = layout.embed(weights, first, 0, seen.append)
    again, _ = layout.embed(layout.affinities(places, distances), first, 0)
    assert np.array_equal(drawn, again)
    near, _ = neighbours_of(drawn, 10)
    assert (near // 40 == np.arange(160)[:, None] // 40).mean() > 0.95
    assert 0 < kl < 1.5
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) == 30


@pytest.mark.parametrize("n, perplexity, neighbours", [(3483, 30, 91), (92, 30, 91), (31, 10, 30), (10, 3, 9)])
def test_small_catalogues_have_a_smaller_perplexity(n, perplexity, neighbours):
    assert layout.perplexity_for(n) == perplexity
    assert layout.neighbours_for(n) == neighbours


def test_alignment_undoes_turning_mirroring_and_scaling():
    generator = np.random.default_rng(0)
    onto = generator.normal(size=(50, 2)) @ np.diag([3, 1])
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    moved = 4.2 * onto @ turn @ np.diag([1, -1]) + 7
    back, disparity = layout.aligned(moved, onto)
    np.testing.assert_allclose(back, onto - onto.mean(axis=0), atol=1e-9)
    assert abs(disparity) < 1e-9


def test_alignment_does_not_shrink_a_map_that_differs():
    generator = np.random.default_rng(0)
    onto, other = generator.normal(size=(2, 200, 2))
    back, disparity = layout.aligned(other, onto)
    assert disparity > 0.8
    np.testing.assert_allclose(np.linalg.norm(back), np.linalg.norm(onto - onto.mean(axis=0)))

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

from vasp_models.projections import quality


class Given:
    """Similarities of points, by blocks."""

    def __init__(self, points, side=64):
        self.away, self.side = cdist(points, points), side
        masked = self.away + np.diag(np.full(len(points), np.inf))
        self.neighbours = np.argsort(masked, axis=1)

    def blocks(self):
        for start in range(0, len(self.away), self.side):
            span = slice(start, min(start + self.side, len(self.away)))
            yield span, 1 - self.away[span]


@pytest.mark.parametrize("n", [12, 150])
def test_trustworthiness_and_continuity_are_those_of_scikit_learn(n):
    generator = np.random.default_rng(0)
    points = generator.normal(size=(n, 5))
    drawn = points[:, :2] + 0.3 * generator.normal(size=(n, 2))
    given = Given(points)
    k = quality.neighbourhood_for(n)
    trust, continuity = quality.faithfulness(given, given.neighbours[:, :20], drawn)
    assert trust == pytest.approx(trustworthiness(points, drawn, n_neighbors=k), abs=1e-12)
    assert continuity == pytest.approx(trustworthiness(drawn, points, n_neighbors=k), abs=1e-12)
    assert trust < 1


def test_a_sample_of_the_films_gives_nearly_the_same_and_the_same_again():
    generator = np.random.default_rng(0)
    points = generator.normal(size=(600, 5))
    given, drawn = Given(points), points[:, :2]
    whole = quality.faithfulness(given, given.neighbours, drawn)
    sample = quality.faithfulness(given, given.neighbours, drawn, seed=1, sample=300)
    assert sample == quality.faithfulness(given, given.neighbours, drawn, seed=1, sample=300)
    np.testing.assert_allclose(sample, whole, atol=0.02)
    assert sample != whole


def test_purity_counts_common_genres():
    genres = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], dtype=bool)
    neighbours = np.array([[1, 2], [0, 2], [1, 3], [0, 1]])
    found = quality.purity(neighbours, genres, k=2)
    assert found.items == 3  # the film without a genre has nothing in common with any
    assert found.purity == pytest.approx((1 + 2 + 1) / 6)
    assert found.chance == pytest.approx((1 + 2 + 1) / 9)
    first = quality.purity(neighbours, genres, columns=[0], k=2)
    assert (first.items, first.purity, first.chance) == (2, pytest.approx(1 / 2), pytest.approx(1 / 3))
    assert quality.purity(neighbours, np.zeros((4, 2), bool)) is None
    assert quality.purity(neighbours, genres, columns=[]) is None


def test_chance_is_what_random_neighbours_reach():
    generator = np.random.default_rng(0)
    genres = generator.random((400, 12)) < 0.1
    neighbours = np.stack([generator.permutation(np.delete(np.arange(400), i))[:100] for i in range(400)])
    found = quality.purity(neighbours, genres, k=100)
    assert found.purity == pytest.approx(found.chance, abs=0.01)


def test_the_permutation_test_tells_groups_from_chance():
    generator = np.random.default_rng(0)
    group = np.arange(300) % 6
    genres = group[:, None] == np.arange(6)
    inside = np.stack([generator.choice(np.flatnonzero(group == own), 10) for own in group])
    anywhere = generator.integers(0, 300, size=(300, 10))
    assert quality.purity_tested(inside, genres).p < 0.01
    assert quality.purity_tested(anywhere, genres).p > 0.01


def test_popularity_alone_is_no_purity():
    """Popular films that name one another and are mostly of one genre: pure, and no purer than their popularity."""
    generator = np.random.default_rng(0)
    popularity = np.arange(1000)
    genres = (generator.random(1000) < np.where(popularity >= 900, 0.9, 0.02))[:, None]
    stratum = popularity // 100
    neighbours = np.stack([generator.choice(np.flatnonzero(stratum == own), 10) for own in stratum])
    naive = quality.purity_tested(neighbours, genres)
    fair = quality.purity_tested(neighbours, genres, popularity=popularity)
    assert naive.purity > 3 * naive.chance and naive.p < 0.01
    assert fair.chance_popular == pytest.approx(fair.purity, abs=0.05) and fair.p > 0.01


def test_the_largest_hub_is_found():
    neighbours = np.column_stack([np.full(50, 7), (np.arange(50) + 1) % 50])
    assert quality.largest_hub(neighbours, k=2) == (pytest.approx(51 / 50), 7)


def test_shared_neighbours_are_counted_film_by_film():
    first = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    second = np.array([[4, 3, 9, 8], [9, 10, 11, 12]])
    assert quality.shared_neighbours(first, second, k=4).tolist() == [0.5, 0.0]
    assert quality.shared_neighbours(first, second, k=2).tolist() == [0.0, 0.0]


def test_a_film_with_several_focused_genres_takes_the_rarest():
    names = ["Drama", "Horror", "War"]
    genres = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)  # 4 Drama, 2 Horror, 1 War
    assert quality.focus_genre(genres, names, ["Drama", "Horror", "War"]).tolist() == [1, 2, 0, -1, 0]
    assert quality.focus_genre(genres, names, ["War", "Drama"]).tolist() == [1, 0, 1, -1, 1]
    assert quality.focus_genre(genres, names, ["Western", "War"]).tolist() == [-1, 1, -1, -1, -1]
    assert quality.focus_genre(genres, names, []).tolist() == [-1] * 5

import numpy as np
import pytest
from scipy import stats

from vasp_models.errors import MapError
from vasp_models.projections.enrichment import enrichment


@pytest.fixture
def films():
    """100 films: 10 of the first genre, 50 of the second, none of the third; 8 of the first are among 20 chosen."""
    matrix, chosen = np.zeros((100, 3), dtype=bool), np.zeros(100, dtype=bool)
    matrix[:10, 0] = True
    matrix[::2, 1] = True
    chosen[[*range(8), *range(80, 92)]] = True
    return matrix, chosen


def test_lift_is_the_share_in_the_selection_over_the_share_on_the_map(films):
    found = enrichment(*films)
    assert found.selected.tolist() == [8, 10, 0] and found.everywhere.tolist() == [10, 50, 0]
    assert found.lift[:2] == pytest.approx([(8 / 20) / (10 / 100), 1.0]) and np.isnan(found.lift[2])
    assert (found.size, found.films) == (20, 100)


def test_p_is_fishers_exact_test():
    generator = np.random.default_rng(0)
    matrix, chosen = generator.random((300, 12)) < generator.uniform(0.02, 0.6, 12), generator.random(300) < 0.2
    found = enrichment(matrix, chosen)
    for genre in range(12):
        has, none = matrix[:, genre], ~matrix[:, genre]
        table = [[(has & chosen).sum(), (none & chosen).sum()], [(has & ~chosen).sum(), (none & ~chosen).sum()]]
        assert found.p[genre] == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-9)


def test_q_corrects_for_the_genres_that_occur(films):
    """Benjamini and Hochberg by hand: the smaller of two p counts twice, the larger once; the third is no test."""
    found = enrichment(*films)
    low, high = sorted(found.p[:2])
    assert sorted(found.q[:2]) == pytest.approx([min(2 * low, high), high])
    assert np.isnan(found.p[2]) and np.isnan(found.q[2])
    assert found.q[0] < 1e-4 < 0.5 < found.q[1]


def test_all_films_gather_nothing(films):
    found = enrichment(films[0], np.ones(100, dtype=bool))
    assert found.lift[:2] == pytest.approx([1, 1]) and found.p[:2] == pytest.approx([1, 1])


def test_an_empty_selection_is_refused(films):
    with pytest.raises(MapError, match="No film is selected"):
        enrichment(films[0], np.zeros(100, dtype=bool))

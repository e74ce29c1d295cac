import numpy as np
import pytest

from vasp_models.projections.peaks import density_peaks


@pytest.fixture
def clouds():
    """Three clouds of 100 films; the places of their centres."""
    centres = np.array([[0.0, 0.0], [50.0, 0.0], [0.0, 80.0]])
    places = np.concatenate([np.random.default_rng(n).normal(at, 2, (100, 2)) for n, at in enumerate(centres)])
    return places.astype(np.float32), centres, np.repeat([0, 1, 2], 100)


@pytest.mark.parametrize("cloud", [0, 1, 2])
def test_a_genre_is_named_where_its_films_lie(clouds, cloud):
    places, centres, group = clouds
    found, weight = density_peaks(places, group == cloud)
    assert np.linalg.norm(found[0] - centres[cloud]) < 4 and len(found) == 1 and weight > 0


def test_among_places_the_one_comes_first_that_the_genre_has_for_itself(clouds):
    places, centres, group = clouds
    members = (group == 1) | ((group == 0) & (np.arange(300) % 2 == 0))
    found, _ = density_peaks(places, members)
    assert np.linalg.norm(found[0] - centres[1]) < 4 and np.linalg.norm(found[1] - centres[0]) < 4


def test_a_genre_that_lies_together_weighs_more(clouds):
    places, _, group = clouds
    together, apart = density_peaks(places, group == 0)[1], density_peaks(places, np.arange(300) % 3 == 0)[1]
    assert together > 2 * apart


def test_a_genre_without_films_has_no_place(clouds):
    found, weight = density_peaks(clouds[0], np.zeros(300, dtype=bool))
    assert found.shape == (0, 2) and weight == 0

import numpy as np
import pytest

from tests.projections.planted import PlantedModel, ScoreModel
from vasp_models.data.interactions import Interactions
from vasp_models.projections.shares import components, path_shares, sample


class TwoPaths:
    """Log scores that are linear in the history: each path has weights (items, items) of its own."""

    factor_names = ("nease", "flvae_residual", "flvae_latent")
    parts = {"nease": ("nease",), "flvae": ("flvae_residual", "flvae_latent")}

    def __init__(self, *weights: np.ndarray) -> None:
        self.weights, self.n_items = weights, len(weights[0])

    def log_factors(self, histories: Interactions) -> np.ndarray:
        x = histories.csr(np.float64).toarray()
        return np.stack([x @ weights - 3.0 for weights in self.weights]).astype(np.float32)


@pytest.fixture
def histories():
    """256 users with every choice among the first eight of ten films, so that no two films go together."""
    return Interactions.from_lists([np.flatnonzero([user >> film & 1 for film in range(8)]) for user in range(256)], 10)


def weights(path: dict[tuple[int, int], float]) -> np.ndarray:
    matrix = np.zeros((10, 10))
    for (source, target), weight in path.items():
        matrix[source, target] = weight
    return matrix


def test_the_path_that_moves_the_score_has_the_share(histories):
    """Film 8 moves by film 0 through the first path and by film 1, twice as far, through the second: 1 to 4."""
    model = TwoPaths(weights({(0, 8): 1.0}), weights({(1, 8): 2.0}), weights({(0, 9): 1.0}))
    found = path_shares(model, histories, np.arange(10))
    assert found["nease"][8] == pytest.approx(0.2) and found["flvae"][8] == pytest.approx(0.8)
    assert found["nease"][9] == 0 and found["flvae"][9] == 1
    assert np.isnan(found["nease"][2]), "no history moves it"


def test_a_path_that_works_against_the_other_is_negative_and_they_sum_to_one(histories):
    against = TwoPaths(weights({(0, 8): -1.0}), weights({(0, 8): 3.0}), weights({}))
    found = path_shares(against, histories, np.array([8]))
    assert found["nease"] == pytest.approx([-0.5]) and found["flvae"] == pytest.approx([1.5])


def test_it_is_the_covariance_over_users_who_have_not_seen_the_film(histories):
    model, items = PlantedModel(n_items=10), np.arange(10)
    found, factors = path_shares(model, histories, items), model.log_factors(histories).astype(float)
    parts = factors[0], factors[1] + factors[2]
    for item in items:
        unseen = histories.csr().toarray()[:, item] == 0
        covariance = np.cov(np.stack(parts)[:, unseen, item])
        assert found["nease"][item] == pytest.approx(covariance[0].sum() / covariance.sum(), abs=1e-4)
    assert found["nease"] + found["flvae"] == pytest.approx(1, abs=1e-6)


def test_the_films_asked_about_keep_their_places(histories):
    model = PlantedModel(n_items=10)
    all_films, some = (path_shares(model, histories, items) for items in (np.arange(10), np.array([7, 2])))
    assert np.array_equal(some["nease"], all_films["nease"][[7, 2]])


def test_a_model_in_one_part_is_split_into_its_factors_and_one_without_factors_not_at_all(histories):
    one = PlantedModel(n_items=10)
    one.parts = {"flvae": one.factor_names}
    assert list(components(one)) == list(one.factor_names)
    assert path_shares(ScoreModel(np.eye(10)), histories, np.arange(10)) == {}
    assert path_shares(one, histories.take([]), np.arange(10)) == {}


def test_the_sample_is_drawn_by_its_seed(histories):
    first, again, other = (sample(histories, seed, 50) for seed in (0, 0, 1))
    assert np.array_equal(first.indices, again.indices) and not np.array_equal(first.indptr, other.indptr)
    assert len(first) == 50 and len(sample(histories, 0, 1000)) == 256

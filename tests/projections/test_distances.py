import numpy as np
import pytest

from tests.projections.planted import PlantedModel, ScoreModel
from vasp_models import places
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MapError
from vasp_models.projections import distances, sensitivity


def dense_similarity(model, part, distance):
    """The definition, in float64, on the dense matrix."""
    factors = model.log_factors(Interactions.one_hot(np.arange(model.n_items), model.n_items)).astype(np.float64)
    empty = model.log_factors(Interactions.from_lists([[]], model.n_items)).astype(np.float64)
    chosen = [model.factor_names.index(name) for name in model.parts.get(part, model.factor_names)]
    log_p, base = factors[chosen].sum(axis=0), empty[chosen].sum(axis=0)[0]
    values = np.exp(log_p) if distance == "paper" else log_p - base
    others = ~np.eye(len(values), dtype=bool)
    scaled = 0.99 * (values - values[others].min()) / (values[others].max() - values[others].min())
    similarity = (scaled + scaled.T) / 2
    np.fill_diagonal(similarity, 1.0)
    return similarity


def by_blocks(model, part, distance, side):
    with sensitivity.answers(model, side=side) as answered:
        found = distances.similarities(answered, part, distance)
        return np.concatenate([block for _, block in found.blocks()]), distances.nearest(found, 7)


@pytest.mark.parametrize("distance", distances.DISTANCES)
@pytest.mark.parametrize("part", ["joint", "nease", "flvae"])
def test_blocks_give_the_dense_matrix(part, distance):
    model = PlantedModel(n_items=50, popularity=1.0)
    dense = dense_similarity(model, part, distance)
    similarity, (near, away) = by_blocks(model, part, distance, side=16)
    np.testing.assert_allclose(similarity, dense, atol=2e-6)
    np.fill_diagonal(dense, -np.inf)
    np.testing.assert_allclose(away, 1 - np.sort(dense, axis=1)[:, ::-1][:, :7], atol=2e-6)
    np.testing.assert_allclose(np.take_along_axis(1 - dense, near, axis=1), away, atol=2e-6)


def test_the_size_of_the_blocks_changes_no_bit():
    model = PlantedModel(n_items=50, popularity=1.0)
    similarity, (near, away) = by_blocks(model, "flvae", "lift", side=16)
    other, (other_near, other_away) = by_blocks(model, "flvae", "lift", side=64)
    assert np.array_equal(similarity, other) and np.array_equal(near, other_near) and np.array_equal(away, other_away)


def test_similarities_are_symmetric_and_scaled_over_the_whole_part():
    similarity, _ = by_blocks(PlantedModel(n_items=40), "nease", "paper", side=16)
    others = similarity[~np.eye(40, dtype=bool)]
    assert np.array_equal(similarity, similarity.T)
    assert (np.diag(similarity) == 1).all()
    assert others.min() >= 0 and others.max() <= 0.99


def test_a_film_is_no_neighbour_of_itself_and_the_nearest_stand_first():
    _, (near, away) = by_blocks(PlantedModel(n_items=40), "joint", "lift", side=16)
    assert not (near == np.arange(40)[:, None]).any()
    assert (np.diff(away, axis=1) >= 0).all()
    assert all(len(set(row)) == 7 for row in near)


def test_equal_distances_stand_in_catalogue_order():
    weights = np.zeros((12, 12))
    weights[0, 1] = 1.0
    with sensitivity.answers(ScoreModel(weights)) as answered:
        near, _ = distances.nearest(distances.similarities(answered, "joint", "lift"), 11)
    assert near[5].tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_neighbours_are_found_in_the_right_group():
    model = PlantedModel(n_items=120)
    for part, group in (("nease", model.nease_group), ("flvae", model.flvae_group)):
        _, (near, _) = by_blocks(model, part, "lift", side=512)
        assert (group[near] == group[:, None]).mean() > 0.95


def test_lift_takes_off_the_popularity_that_confuses_the_literal_reading():
    model = PlantedModel(n_items=120, popularity=2.0)
    right = {}
    for distance in distances.DISTANCES:
        _, (near, _) = by_blocks(model, "flvae", distance, side=512)
        right[distance] = (model.flvae_group[near] == model.flvae_group[:, None]).mean()
        popularity = np.corrcoef(model.popular, np.bincount(near.ravel(), minlength=120))[0, 1]
        right[distance, "named"] = popularity
    assert right["lift"] > right["paper"] + 0.2
    assert right["paper", "named"] > 0.5 > right["lift", "named"]


def test_films_that_the_model_does_not_cover_are_left_out():
    model = PlantedModel(n_items=60, uncovered=(3, 17))
    with sensitivity.answers(model, side=16) as answered:
        assert answered.items.tolist() == [i for i in range(60) if i not in (3, 17)]
        found = distances.similarities(answered, "joint", "lift")
        assert sum(len(block) for _, block in found.blocks()) == 58


def test_the_parts_are_those_of_the_model():
    model = PlantedModel()
    assert sensitivity.part_factors(model) == {"joint": (0, 1, 2), "nease": (0,), "flvae": (1, 2)}
    model.factor_names, model.parts = ("nease",), {"nease": ("nease",)}
    assert sensitivity.part_factors(model) == {"joint": (0,)}  # a part that is the whole is not drawn twice


def test_a_model_without_factors_has_the_joint_map_of_its_scores():
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(30, 30))
    with sensitivity.answers(ScoreModel(weights)) as answered:
        assert answered.parts == ("joint",)
        near, _ = distances.nearest(distances.similarities(answered, "joint", "paper"), 3)
    symmetric = weights + weights.T
    np.fill_diagonal(symmetric, -np.inf)
    assert np.array_equal(near, np.argsort(-symmetric, axis=1)[:, :3])


@pytest.mark.parametrize("distance", distances.DISTANCES)
def test_a_model_that_ignores_the_profile_has_no_map(distance):
    popularity = ScoreModel(np.zeros((20, 20)), bias=np.arange(20.0))
    with sensitivity.answers(popularity) as answered, pytest.raises(MapError, match="'joint'.*alike"):
        distances.similarities(answered, "joint", distance)


def test_errors_name_what_is_wrong():
    nothing = ScoreModel(np.full((5, 5), 1.0), bias=-np.inf)
    with pytest.raises(MapError, match="no film a finite score"), sensitivity.answers(nothing):
        pass
    holes = np.ones((5, 5))
    holes[2, 3] = np.nan
    with pytest.raises(MapError, match="finite number"), sensitivity.answers(ScoreModel(holes)):
        pass
    with sensitivity.answers(PlantedModel(20)) as answered, pytest.raises(MapError, match="'cosine'.*lift, paper"):
        distances.similarities(answered, "joint", "cosine")


def test_nothing_is_left_on_the_disk(home):
    with sensitivity.answers(PlantedModel(20)):
        assert list((places.cache_folder() / "scratch").iterdir())
    with pytest.raises(ZeroDivisionError), sensitivity.answers(PlantedModel(20)):
        _ = 1 / 0
    assert not list((places.cache_folder() / "scratch").iterdir())


def test_a_full_disk_is_told_before_anything_is_asked(home, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(sensitivity.shutil, "disk_usage", lambda folder: usage)
    model = PlantedModel(20)
    with pytest.raises(MapError, match="VASP_LENS_HOME"), sensitivity.answers(model):
        pass
    assert model.asked == 1  # the empty profile

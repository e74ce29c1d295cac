from dataclasses import replace
import json

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tests.projections.planted import PlantedModel, ScoreModel, catalogue_of
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MapError
from vasp_models.projections import adding, distances, layout, maps, sensitivity

FILMS, LEFT_OUT = 300, 15  # 5 %
OUT = np.sort(np.random.default_rng(1).choice(FILMS, LEFT_OUT, replace=False))


@pytest.fixture(scope="module")
def model():
    return PlantedModel(FILMS)


@pytest.fixture(scope="module")
def drawn(model):
    """The maps without 5 % of the films."""
    return maps.compute(PlantedModel(FILMS, uncovered=tuple(OUT)), catalogue_of(model.flvae_group))


@pytest.fixture(scope="module")
def whole(model):
    return maps.compute(model, catalogue_of(model.flvae_group))


@pytest.fixture(scope="module")
def added(model, drawn):
    return adding.add(model, drawn, OUT, drawn.items)


def away_from(model, part, films, others):
    """Distances from some films to others in a map of all films, float (films, others)."""
    with sensitivity.answers(model) as answered:
        found = distances.similarities(answered, part, "lift")
        alike = np.concatenate([block for _, block in found.blocks()])
    return 1 - alike[np.ix_(films, others)]


def overlap(first, second):
    return np.mean([np.isin(a, b).mean() for a, b in zip(first, second, strict=True)])


def nearest_in(picture, of, k=10):
    return np.argsort(cdist(of, picture), axis=1)[:, :k]


def test_added_films_find_the_neighbours_that_a_map_of_all_films_gives_them(added, drawn, model):
    for part in drawn.parts:
        expected = away_from(model, part, OUT, drawn.items)
        near = np.argsort(expected, axis=1, kind="stable")[:, :30]
        # The scale of the map without them is not exactly that of all: an extreme pair may have left with them.
        assert overlap(near, added.neighbours[part]) > 0.99
        assert overlap(near[:, :10], added.neighbours[part][:, :10]) > 0.98


def test_added_films_land_among_their_own_kind_as_in_a_map_of_all_films(added, drawn, whole, model):
    for part, group in (("nease", model.nease_group), ("flvae", model.flvae_group)):
        here = nearest_in(drawn.positions[part], added.positions[part])
        there = nearest_in(whole.positions[part][drawn.items], whole.positions[part][OUT])
        own_kind = [np.mean(group[drawn.items][rows] == group[OUT, None]) for rows in (here, there)]
        assert own_kind[0] > 0.9 and own_kind[0] > own_kind[1] - 0.05  # by chance: 1 in 6
        near = added.neighbours[part][:, :10]
        chance = 10 / len(drawn)
        assert overlap(near, here) > 5 * chance and overlap(near, here) > 0.5 * overlap(near, there)


def test_no_film_of_the_map_moves(model, drawn):
    before = {part: places.copy() for part, places in drawn.positions.items()}
    adding.add(model, drawn, OUT, drawn.items)
    assert all(np.array_equal(drawn.positions[part], before[part]) for part in drawn.parts)


def test_the_same_bits_again_and_a_place_that_does_not_hang_on_the_other_new_films(model, drawn, added):
    again = adding.add(model, drawn, OUT, drawn.items)
    alone = adding.add(model, drawn, OUT[3:4], drawn.items)
    for part in drawn.parts:
        assert np.array_equal(again.positions[part], added.positions[part])
        assert np.array_equal(alone.positions[part][0], added.positions[part][3])


def test_many_new_films_are_asked_about_in_batches(model, drawn, added, monkeypatch):
    monkeypatch.setattr(adding, "TILE", 4)
    told = []
    batched = adding.add(model, drawn, OUT, drawn.items, told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(1) and len(told) == 4
    for part in drawn.parts:
        assert np.array_equal(batched.positions[part], added.positions[part])
        assert np.array_equal(batched.neighbours[part], added.neighbours[part])


def test_a_film_is_placed_in_the_map_of_each_part_at_that_maps_own_scale(model, drawn, added):
    """Without the stretch, t-SNE's forces would act at another scale than when the map was drawn."""
    assert all(frame.stretch > 0 and frame.high > frame.low for frame in drawn.frames.values())
    assert drawn.frames["joint"].stretch == pytest.approx(1)
    larger = replace(
        drawn,
        positions={name: 3 * places for name, places in drawn.positions.items()},
        frames={name: replace(frame, stretch=3 * frame.stretch) for name, frame in drawn.frames.items()},
    )
    placed = adding.add(model, larger, OUT, drawn.items)
    for name in drawn.parts:
        np.testing.assert_allclose(placed.positions[name], 3 * added.positions[name], rtol=1e-2, atol=1e-2)


def test_answers_about_few_films_are_those_about_all():
    """VASP of torch is asked about the targets alone; a model without sub-profiles is asked about all."""
    from vasp_models.models.flvae import FLVAESettings
    from vasp_models.models.nease import NEASESettings
    from vasp_models.models.vasp import Product, ProductSettings

    small = FLVAESettings(hidden=16, latents=4, encoder_layers=2, decoder_layers=1, normalise_input=True)
    product = Product(ProductSettings({"nease": NEASESettings(), "flvae": small}), 40)
    targets, asked = np.array([3, 7, 39]), np.arange(0, 40, 2)
    for model in (product, PlantedModel(40)):
        found = sensitivity.answers_at(model, asked, targets)
        factors = model.log_factors(Interactions.one_hot(asked, 40))[:, :, targets]
        np.testing.assert_allclose(found["joint"], factors.sum(axis=0), rtol=1e-5)
        np.testing.assert_allclose(found["nease"], factors[0], rtol=1e-5)
        np.testing.assert_allclose(found["flvae"], factors[1:].sum(axis=0), rtol=1e-5)


def test_a_model_without_factors_and_the_literal_reading_of_the_distance():
    planted, order = PlantedModel(60), np.random.default_rng(0).permutation(60)
    weights, group = planted.w_flvae[np.ix_(order, order)], planted.flvae_group[order]
    found = maps.compute(ScoreModel(weights[:50, :50]), catalogue_of(group[:50]), "paper")
    added = adding.add(ScoreModel(weights), found, np.arange(50, 60), found.items)
    assert added.positions["joint"].shape == (10, 2) and list(added.positions) == ["joint"]
    here = nearest_in(found.positions["joint"], added.positions["joint"], 3)
    assert np.mean(group[here] == group[50:, None]) > 0.8  # by chance: 1 in 6


def test_films_are_matched_by_their_ids(drawn, model):
    theirs = catalogue_of(model.flvae_group)
    turned = Catalogue(theirs.frame.iloc[::-1].reset_index(drop=True))
    known = adding.known_as(drawn, theirs, turned)
    assert np.array_equal(turned.ids[known], theirs.ids[drawn.items])
    fewer = Catalogue(theirs.frame.iloc[: FILMS // 2])
    assert (adding.known_as(drawn, theirs, fewer) == -1).sum() == (drawn.items >= FILMS // 2).sum()
    other = Catalogue(theirs.frame.assign(title=[f"Another {number}" for number in range(FILMS)]))
    with pytest.raises(MapError, match="0% have the same title"):
        adding.known_as(drawn, theirs, other)


def test_which_films_are_new(model, drawn):
    assert np.array_equal(adding.unmapped(model, drawn.items), OUT)
    assert np.array_equal(adding.unmapped(model, drawn.items, [OUT[4], OUT[2]]), OUT[[2, 4]])
    with pytest.raises(MapError, match="stands on the map already"):
        adding.unmapped(model, drawn.items, [int(drawn.items[0])])
    with pytest.raises(MapError, match="none to add"):
        adding.unmapped(model, np.arange(FILMS))


def test_what_cannot_be_placed_is_told(model, drawn):
    with pytest.raises(MapError, match="before the scale of their distances was kept.*draw them again"):
        adding.add(model, replace(drawn, frames=None), OUT, drawn.items)
    with pytest.raises(MapError, match=f"does not cover item number {OUT[0]}"):
        adding.add(PlantedModel(FILMS, uncovered=(int(OUT[0]),)), drawn, OUT, drawn.items)
    joint_alone = {"positions": {"joint": drawn.positions["joint"]}, "frames": {"joint": drawn.frames["joint"]}}
    with pytest.raises(MapError, match="flvae.*expected a checkpoint of the same model"):
        adding.add(model, replace(drawn, **joint_alone), OUT, drawn.items)
    with pytest.raises(MapError, match="covers 5 of the 285 films"):
        adding.add(model, drawn, OUT, np.where(np.arange(len(drawn)) < 5, drawn.items, -1))


def test_films_of_the_map_that_the_model_does_not_know_are_no_neighbours(model, drawn):
    gone = np.arange(0, len(drawn), 3)
    known = drawn.items.copy()
    known[gone] = -1
    added = adding.add(model, drawn, OUT, known)
    assert not any(np.isin(rows, gone).any() for rows in added.neighbours.values())


def test_the_frames_are_kept_with_the_map(drawn, tmp_path):
    maps.write(drawn, tmp_path / "map")
    assert maps.load(tmp_path / "map").frames == drawn.frames
    path = tmp_path / "map" / "map.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({name: about[name] for name in about if name != "frames"}))
    older = maps.load(tmp_path / "map")
    assert older.frames is None and np.array_equal(older.positions["joint"], drawn.positions["joint"])


def test_a_film_at_the_place_of_another_is_laid_beside_it():
    generator = np.random.default_rng(0)
    onto = generator.normal(scale=20, size=(200, 2))
    away = cdist(onto[:5], onto)
    near = np.argsort(away, axis=1)[:, :91]
    placed = layout.placed(near, np.take_along_axis(away, near, axis=1) + 1e-3, onto)
    assert np.linalg.norm(placed - onto[:5], axis=1).max() < 8  # of a map that is 40 wide in each direction's std

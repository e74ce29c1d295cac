from dataclasses import replace
import json

import numpy as np
import pytest

from tests.projections.planted import FakeCheckpoint, PlantedModel, ScoreModel, catalogue_of
from vasp_models import places
from vasp_models.errors import MapError
from vasp_models.projections import maps


@pytest.fixture(scope="module")
def model():
    return PlantedModel(n_items=120, uncovered=(5,))


@pytest.fixture(scope="module")
def made(model):
    seen = []
    found = maps.compute_all(model, catalogue_of(model.flvae_group), progress=lambda *told: seen.append(told))
    return found, seen


@pytest.fixture
def checkpoint(tmp_path, home, model):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    return FakeCheckpoint(folder, model)


@pytest.fixture
def quick(made, monkeypatch):
    """Count the computations, without drawing again."""
    calls = []

    def compute_all(model, catalogue, readings, seed, progress, digest):
        calls.append(tuple(readings))
        return {reading: made[0][reading] for reading in readings}

    monkeypatch.setattr(maps, "compute_all", compute_all)
    return calls


def test_three_maps_of_the_covered_films(made):
    for distance, found in made[0].items():
        assert found.distance == distance
        assert found.parts == ("joint", "nease", "flvae")
        assert len(found) == 119 and 5 not in found.items
        assert all(place.shape == (119, 2) and place.dtype == np.float32 for place in found.positions.values())
        assert all(np.isfinite(place).all() for place in found.positions.values())
        assert found.settings["items_left_out"] == 1


def test_the_maps_show_what_was_planted(made, model):
    lift = made[0]["lift"]
    assert lift.quality["flvae"]["all_genres"]["purity"] > 0.95
    assert lift.quality["flvae"]["all_genres"]["p"] < 0.01
    nease = lift.quality["nease"]
    assert nease["all_genres"]["purity"] == pytest.approx(nease["all_genres"]["chance"], abs=0.05)
    assert nease["purity"] == pytest.approx(nease["chance"], abs=0.05)
    assert lift.overlap < 0.35
    assert all(about["trustworthiness"] > 0.85 and about["kl"] > 0 for about in lift.quality.values())


def test_any_choice_of_genres_is_measured_from_the_kept_neighbours(made, model):
    lift, catalogue = made[0]["lift"], catalogue_of(model.flvae_group)
    column = catalogue.genre_names.index("War")
    assert lift.purity("flvae", catalogue.genre_matrix, [column]).purity > 0.9
    assert (
        lift.quality["flvae"]["genres"]["War"]["purity"]
        == lift.purity("flvae", catalogue.genre_matrix, [column]).purity
    )


def test_a_film_is_found_on_the_map_with_its_neighbours(made, model):
    lift = made[0]["lift"]
    assert lift.row(4) == 4 and lift.row(6) == 5 and lift.row(5) is None and lift.row(500) is None
    near = lift.nearest(119, "flvae", 10)
    assert (model.flvae_group[near] == model.flvae_group[119]).mean() > 0.8
    with pytest.raises(MapError, match="not on the map"):
        lift.nearest(5, "joint")


def test_the_same_bits_on_every_run(made, model):
    again = maps.compute(model, catalogue_of(model.flvae_group), "lift", seed=0)
    for part in again.parts:
        assert np.array_equal(again.positions[part], made[0]["lift"].positions[part])
    assert again.quality == made[0]["lift"].quality


def test_progress_grows_to_the_end_and_names_each_step(made):
    fractions = [fraction for _, fraction in made[1]]
    assert fractions == sorted(fractions) and fractions[-1] > 0.97
    words = {stage for stage, _ in made[1]}
    assert {"Asking the model about each film", "Drawing the map: joint", "Measuring the map: flvae"} <= words


def test_the_model_is_asked_once_for_both_readings():
    model = PlantedModel(n_items=30)
    maps.compute_all(model, catalogue_of(model.flvae_group))
    assert model.asked == 31  # every film, and the empty profile


def test_a_model_without_factors_has_one_map():
    weights = PlantedModel(n_items=30).w_flvae
    found = maps.compute(ScoreModel(weights), catalogue_of(np.arange(30) % 6))
    assert found.parts == ("joint",) and found.overlap is None and found.shared is None


@pytest.mark.parametrize("n", [1, 2, 9])
def test_tiny_catalogues_are_refused_with_a_sentence(n):
    model = PlantedModel(n_items=n)
    with pytest.raises(MapError, match=f"covers {n} films: a map needs at least 10"):
        maps.compute(model, catalogue_of(model.flvae_group))


def test_the_smallest_catalogue_that_is_drawn():
    model = PlantedModel(n_items=10)
    found = maps.compute(model, catalogue_of(model.flvae_group))
    assert found.settings["neighbours"] == 9 and np.isfinite(found.positions["joint"]).all()


def test_an_unknown_distance_is_refused_before_anything_is_asked():
    model = PlantedModel(n_items=30)
    with pytest.raises(MapError, match="'cosine'"):
        maps.compute(model, catalogue_of(model.flvae_group), "cosine")
    assert model.asked == 0


def test_what_is_written_is_read_again(made, tmp_path):
    lift = made[0]["lift"]
    maps.write(lift, tmp_path / "map")
    read = maps.load(tmp_path / "map")
    for part in lift.parts:
        assert np.array_equal(read.positions[part], lift.positions[part])
        assert np.array_equal(read.neighbours[part], lift.neighbours[part])
        assert read.neighbours[part].dtype == np.int32
    assert np.array_equal(read.items, lift.items) and read.settings == lift.settings
    assert read.quality == lift.quality and read.overlap == lift.overlap
    assert read.provenance["versions"]["numpy"] == np.__version__
    assert not list(tmp_path.glob("**/*.pkl")) and len(list(tmp_path.iterdir())) == 1


def test_shares_of_the_paths_come_with_the_maps_and_are_read_again(checkpoint, quick):
    maps.obtain(checkpoint, ["lift"])
    read = maps.find(checkpoint, "lift")
    assert list(read.shares) == ["nease", "flvae"] and maps.complete(read)
    assert all(share.shape == (119,) and share.dtype == np.float32 for share in read.shares.values())
    total = read.shares["nease"] + read.shares["flvae"]
    assert total[np.isfinite(total)] == pytest.approx(1, abs=1e-5) and np.isfinite(total).sum() > 100


def test_maps_of_an_older_version_are_read_and_completed_without_a_place_moving(checkpoint, made, quick):
    folder = maps.folders(checkpoint, "lift")[0]
    older = replace(made[0]["lift"], digest=checkpoint.digest)
    maps.write(older, folder)
    about = json.loads((folder / "map.json").read_text())
    (folder / "map.json").write_text(
        json.dumps({name: about[name] for name in about if name != "shares"} | {"schema": 1})
    )
    bits = (folder / "positions.parquet").read_bytes()
    assert maps.find(checkpoint, "lift").shares is None and not maps.complete(maps.find(checkpoint, "lift"))
    seen = []
    maps.obtain(checkpoint, ["lift"], progress=lambda *told: seen.append(told))
    assert maps.complete(maps.find(checkpoint, "lift")) and (folder / "positions.parquet").read_bytes() == bits
    assert not quick, "nothing is drawn again"
    assert seen[-1] == ("Asking about train users", 1.0)


def test_maps_are_computed_once(checkpoint, quick):
    assert maps.find(checkpoint, "lift") is None
    maps.obtain(checkpoint, ["lift"])
    maps.obtain(checkpoint, ["lift", "paper"])
    maps.obtain(checkpoint, ["paper"])
    assert quick == [("lift",), ("paper",)] and len(checkpoint.loads) == 2
    assert maps.find(checkpoint, "paper").distance == "paper"
    assert maps.find(checkpoint, "lift", seed=1) is None


def test_another_checkpoint_has_other_maps(checkpoint, quick):
    maps.obtain(checkpoint)
    checkpoint.digest = "trained again"
    assert maps.find(checkpoint) is None


def test_maps_stand_beside_the_checkpoint_or_in_the_cache(checkpoint, made, monkeypatch):
    beside, cached = maps.folders(checkpoint, "lift")
    assert maps.save(made[0]["lift"], checkpoint) == beside
    monkeypatch.setattr(maps.os, "access", lambda folder, mode: False)
    assert maps.save(made[0]["paper"], checkpoint) == maps.folders(checkpoint, "paper")[1]
    assert cached.parent == places.cache_folder() / "maps"
    assert maps.find(checkpoint, "paper") is not None and maps.find(checkpoint, "lift") is not None


def _truncate(folder):
    path = folder / "positions.parquet"
    path.write_bytes(path.read_bytes()[:100])


def _garble(folder):
    path = folder / "neighbours.parquet"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(bytes(content))


def _newer(folder):
    about = json.loads((folder / "map.json").read_text())
    (folder / "map.json").write_text(json.dumps(about | {"schema": 99}))


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _garble,
        _newer,
        lambda f: (f / "map.json").write_text("[]"),
        lambda f: (f / "positions.parquet").unlink(),
    ],
)
def test_damaged_maps_are_told_and_computed_again(checkpoint, quick, damage):
    maps.obtain(checkpoint)
    folder = maps.folders(checkpoint, "lift")[0]
    damage(folder)
    told = []
    assert maps.find(checkpoint, notice=told.append) is None
    assert len(told) == 1 and str(folder) in told[0] and "computes it again" in told[0]
    maps.obtain(checkpoint)
    assert len(quick) == 2
    assert maps.find(checkpoint, notice=told.append) is not None and len(told) == 1


def test_a_failure_while_writing_leaves_nothing(made, tmp_path, monkeypatch):
    monkeypatch.setattr(maps, "_provenance", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        maps.write(made[0]["lift"], tmp_path / "map")
    assert not list(tmp_path.iterdir())


def test_larger_catalogues_are_expected_to_take_longer():
    seconds = [maps.expected_seconds(n) for n in (10, 600, 3_483, 9_999, 20_108)]
    assert seconds == sorted(seconds) and seconds[0] > 0

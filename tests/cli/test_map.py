import csv
from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.projections.planted import FakeCheckpoint, PlantedModel
from vasp_models import checkpoints, devices
from vasp_models.cli.maps import map_command, readings_of
from vasp_models.errors import DeviceError, MapError, UnknownItemError
from vasp_models.projections import jobs, maps


@pytest.fixture
def checkpoint(tmp_path, home, monkeypatch):
    (tmp_path / "planted").mkdir()
    fake = FakeCheckpoint(tmp_path / "planted", PlantedModel(30))
    monkeypatch.setattr(checkpoints, "load", lambda name: fake)
    monkeypatch.setattr(devices, "resolve", lambda device: "cpu")
    return fake


def test_maps_are_drawn_once_and_told_as_json_and_in_words(checkpoint, capsys):
    map_command("planted", "lift", json=True)
    (first,) = json.loads(capsys.readouterr().out)
    assert (first["distance"], first["items"], first["cached"]) == ("lift", 30, False)
    assert set(first["quality"]) == {"joint", "nease", "flvae"}
    assert jobs.job_status(checkpoint, "lift").state == "done"
    map_command("planted", "lift")
    words = capsys.readouterr().out
    assert "computed before" in words and "trustworthiness" in words
    assert checkpoint.loads == ["cpu"]  # the second command needed no model


def test_an_error_is_noted_for_the_page_that_waits(checkpoint, monkeypatch):
    def out_of_memory(histories):
        raise DeviceError("The GPU is full.")

    monkeypatch.setattr(checkpoint.planted, "log_factors", out_of_memory)
    with pytest.raises(DeviceError):
        map_command("planted", "both")
    for distance in ("lift", "paper"):
        job = jobs.job_status(checkpoint, distance)
        assert (job.state, job.error) == ("failed", "The GPU is full.")


def test_damaged_maps_are_told_and_drawn_again(checkpoint, capsys):
    map_command("planted", "lift")
    next(checkpoint.folder.glob("maps/*/positions.parquet")).write_bytes(b"broken")
    map_command("planted", "lift")
    told = capsys.readouterr()
    assert "is set aside" in told.err and told.out.count("computed in") == 2


def test_distances_are_chosen_by_name():
    assert readings_of("both") == ("lift", "paper") and readings_of("paper") == ("paper",)
    with pytest.raises(MapError, match="'cosine'.*lift, paper or both"):
        readings_of("cosine")


@pytest.fixture
def two(tmp_path, home, monkeypatch):
    """An older checkpoint that does not cover films 3 and 17, and a newer one that does."""
    made = {}
    for name, uncovered in (("older", (3, 17)), ("newer", ())):
        (tmp_path / name).mkdir()
        planted = PlantedModel(60, uncovered=uncovered)
        made[name] = FakeCheckpoint(tmp_path / name, planted, digest=name, name=name)
    monkeypatch.setattr(checkpoints, "load", made.__getitem__)
    monkeypatch.setattr(devices, "resolve", lambda device: "cpu")
    return made


def test_new_films_are_placed_on_an_older_map(two, capsys, tmp_path):
    map_command("older", "lift")
    before = {path: path.read_bytes() for path in two["older"].folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    map_command("newer", "lift", onto="older", json=True, out=tmp_path / "places.csv")
    rows = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["part"]) for row in rows] == [
        (film, part) for film in (3, 17) for part in ("joint", "nease", "flvae")
    ]
    group = two["newer"].planted.flvae_group
    near = [row["nearest_ids"][:5] for row in rows if row["part"] == "flvae"]
    assert np.mean(group[near] == group[[3, 17], None]) > 0.9
    assert rows[0]["nearest_titles"][0] == f"Film {rows[0]['nearest_ids'][0]} (2000)"
    with (tmp_path / "places.csv").open() as file:
        written = list(csv.DictReader(file))
    assert [float(row["x"]) for row in written] == [row["x"] for row in rows]
    assert [json.loads(row["nearest_ids"]) for row in written] == [row["nearest_ids"] for row in rows]
    assert {path: path.read_bytes() for path in before} == before
    assert maps.find(two["newer"], "lift") is None, "no map of the newer checkpoint was drawn"


def test_chosen_films_are_told_in_words_and_kept_as_parquet(two, capsys, tmp_path):
    map_command("older", "lift")
    capsys.readouterr()
    map_command("newer", "lift", onto="older", add=["17"], out=tmp_path / "places.parquet")
    words = capsys.readouterr().out
    assert words.startswith("1 film of newer on the maps of older") and words.count("Film 17 (2000) (17)") == 3
    assert pq.read_table(tmp_path / "places.parquet")["id"].to_pylist() == [17, 17, 17]
    with pytest.raises(MapError, match="stands on the map already"):
        map_command("newer", "lift", onto="older", add=["4"])
    with pytest.raises(UnknownItemError, match="'900'"):
        map_command("newer", "lift", onto="older", add=["900"])


def test_what_films_cannot_be_placed_on_is_told(two, capsys):
    with pytest.raises(MapError, match="no maps of older with the lift distance.*vasp-lens map older"):
        map_command("newer", "lift", onto="older")
    with pytest.raises(MapError, match="places.xlsx ends in neither"):
        map_command("newer", "lift", onto="older", out=Path("places.xlsx"))
    with pytest.raises(MapError, match="expected --onto"):
        map_command("newer", "lift", add=["3"])
    map_command("older", "lift")
    drawn = maps.find(two["older"], "lift")
    maps.save(replace(drawn, frames=None), two["older"])  # as an earlier version wrote it
    with pytest.raises(MapError, match="before the scale of their distances was kept"):
        map_command("newer", "lift", onto="older")

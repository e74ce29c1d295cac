import json

import pytest

from tests.projections.planted import FakeCheckpoint, PlantedModel
from vasp_models import checkpoints, devices
from vasp_models.cli.maps import map_command, readings_of
from vasp_models.errors import DeviceError, MapError
from vasp_models.projections import jobs


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

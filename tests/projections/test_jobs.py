import json
import os
import sys
import time

import pytest

from tests.projections.planted import FakeCheckpoint, PlantedModel
from vasp_models import places
from vasp_models.errors import MapError
from vasp_models.projections import jobs, maps

# A stand-in for `vasp-lens map`: notes its progress, then waits to be told the end.
WORKER = """
import sys, time, pathlib
from vasp_models.projections import jobs
record = jobs.ProgressFiles([sys.argv[1]])
record.report("Drawing the map: joint", 0.25)
print("a last word", flush=True)
end = pathlib.Path(sys.argv[2])
while not end.exists():
    time.sleep(0.02)
word = end.read_text()
if word != "vanish":
    record.finish(None if word == "done" else word)
"""


@pytest.fixture
def checkpoint(tmp_path, home):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    return FakeCheckpoint(folder, PlantedModel(20))


@pytest.fixture
def worker(checkpoint, tmp_path, monkeypatch):
    """Start the stand-in instead of the command; returns what tells it how to end."""
    end, started = tmp_path / "end", []

    def command(folder, distance, seed, device):
        started.append(folder)
        return [sys.executable, "-c", WORKER, maps.key(checkpoint.digest, distance, seed), str(end)]

    def tell(word):
        (tmp_path / "word").write_text(word)
        os.replace(tmp_path / "word", end)

    monkeypatch.setattr(jobs, "command", command)
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    yield tell, started
    if not end.exists():
        tell("done")


def until(checkpoint, condition):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = jobs.job_status(checkpoint)
        if condition(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"still {job}")


def test_nothing_is_known_at_first(checkpoint):
    assert jobs.job_status(checkpoint) == jobs.Job("none")


def test_a_job_is_seen_running_and_is_started_only_once(checkpoint, worker):
    tell, started = worker
    job = jobs.start_in_background(checkpoint)
    assert job.state == "running" and job.pid
    job = until(checkpoint, lambda job: job.fraction > 0)
    assert (job.stage, job.fraction, job.error) == ("Drawing the map: joint", 0.25, None)
    assert jobs.start_in_background(checkpoint).pid == job.pid and len(started) == 1
    tell("out of memory")
    job = until(checkpoint, lambda job: job.state != "running")
    assert (job.state, job.error) == ("failed", "out of memory")
    assert not list((places.cache_folder() / "maps" / "jobs").glob("*.lock"))


def test_a_process_that_vanishes_has_failed(checkpoint, worker):
    jobs.start_in_background(checkpoint)
    until(checkpoint, lambda job: job.fraction > 0)
    worker[0]("vanish")
    job = until(checkpoint, lambda job: job.state != "running")
    assert (job.state, job.error) == ("failed", "a last word")


def test_a_failed_job_can_be_started_again(checkpoint, worker):
    tell, started = worker
    tell("no space")
    jobs.start_in_background(checkpoint)
    until(checkpoint, lambda job: job.state == "failed")
    jobs.start_in_background(checkpoint)
    until(checkpoint, lambda job: job.state == "failed")
    assert len(started) == 2


def test_the_clock_runs_on_when_the_process_takes_over_its_record(checkpoint):
    name = maps.key(checkpoint.digest, "lift")
    jobs.ProgressFiles([name])
    file = next((places.cache_folder() / "maps" / "jobs").glob("*.json"))
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"began": record["began"] - 60}))
    jobs.ProgressFiles([name]).report("Finding neighbours", 0.1)
    assert 60 <= jobs.job_status(checkpoint).seconds < 90


def test_a_process_with_the_same_number_is_not_the_same_process(checkpoint):
    record = jobs.ProgressFiles([maps.key(checkpoint.digest, "lift")])
    record.report("Finding neighbours", 0.5)
    assert jobs.job_status(checkpoint).state == "running"  # it is this very process
    file = next((places.cache_folder() / "maps" / "jobs").glob("*.json"))
    file.write_text(json.dumps(json.loads(file.read_text()) | {"identity": "another start"}))
    assert jobs.job_status(checkpoint).state == "failed"


def test_a_computation_elsewhere_is_not_run_twice(checkpoint, worker):
    jobs.start_in_background(checkpoint)
    job = until(checkpoint, lambda job: job.fraction > 0)
    with pytest.raises(MapError, match=f"Process {job.pid} is computing"):
        jobs.ProgressFiles([maps.key(checkpoint.digest, "lift")])


def test_maps_that_are_there_are_done(checkpoint):
    (maps.folders(checkpoint, "lift")[0]).mkdir(parents=True)
    (maps.folders(checkpoint, "lift")[0] / "map.json").write_text("{}")
    assert jobs.job_status(checkpoint).state == "done"
    assert jobs.job_status(checkpoint, "paper").state == "none"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"state": "running"'])
def test_a_broken_progress_file_says_nothing(checkpoint, content):
    file = places.cache_folder() / "maps" / "jobs" / f"{maps.key(checkpoint.digest, 'lift')}.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert jobs.job_status(checkpoint).state == "none"


def test_a_lock_that_was_left_behind_does_not_hold(checkpoint, worker):
    lock = places.cache_folder() / "maps" / "jobs" / f"{maps.key(checkpoint.digest, 'lift')}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert jobs.start_in_background(checkpoint).state == "none"  # another session is starting it
    os.utime(lock, (1, 1))
    assert jobs.start_in_background(checkpoint).state == "running"


def test_the_command_uses_no_shell_and_an_absolute_folder(checkpoint):
    words = jobs.command(checkpoint.folder, "paper", 3, "cpu")
    assert words[:4] == [sys.executable, "-m", "vasp_models.cli", "map"]
    assert words[4] == str(checkpoint.folder.resolve())
    assert words[5:] == ["--distance", "paper", "--seed", "3", "--device", "cpu"]

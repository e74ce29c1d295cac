import json
import os
import sys
import time

import pytest

from vasp_models import jobs
from vasp_models.errors import DeviceError, MeasureError
from vasp_models.jobs import Job, JobFiles, ProgressFiles


@pytest.fixture
def files(tmp_path):
    return JobFiles(tmp_path / "jobs", "count-1")


def ended(files, is_there=lambda: False) -> Job:
    deadline = time.monotonic() + 30
    while (job := jobs.status(files, is_there)).state == "running":
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def python(code: str):
    return lambda: [sys.executable, "-S", "-c", code]


def test_a_result_that_is_there_is_done_whatever_the_record_says(files):
    assert jobs.status(files, lambda: False) == Job("none")
    assert jobs.status(files, lambda: True) == Job("done", "Done", 1.0)
    ProgressFiles([files], "counting", MeasureError).finish("no space")
    assert jobs.status(files, lambda: False).error == "no space"
    assert jobs.status(files, lambda: True).state == "done"


def test_the_command_runs_and_its_result_is_found(files, tmp_path):
    made = tmp_path / "made"
    job = jobs.start(files, python(f"import pathlib; pathlib.Path({str(made)!r}).write_text('5')"), made.exists)
    assert job.state in ("running", "done")
    assert ended(files, made.exists).state == "done" and made.read_text() == "5"
    assert not files.lock.exists()


def test_a_command_that_fails_leaves_its_last_words(files):
    jobs.start(files, python("print('one'); raise SystemExit('There is no disk.')"), lambda: False)
    job = ended(files)
    assert (job.state, job.error) == ("failed", "There is no disk.")


def test_a_command_that_cannot_be_run_leaves_no_lock(files):
    with pytest.raises(FileNotFoundError):
        jobs.start(files, lambda: ["/no/such/program"], lambda: False)
    assert not files.lock.exists()


def test_no_second_process_is_started_and_none_may_do_the_same(files):
    first = jobs.start(files, python("import time; time.sleep(60)"), lambda: False)
    try:
        assert jobs.start(files, lambda: pytest.fail("started twice"), lambda: False).pid == first.pid
        with pytest.raises(MeasureError, match=f"Process {first.pid} is counting at the moment: wait"):
            ProgressFiles([files], "counting", MeasureError)
    finally:
        os.kill(first.pid, 9)
    assert ended(files).error == "The computation stopped before it was finished."


def test_several_jobs_done_at_once_tell_the_same(files, tmp_path):
    other = JobFiles(tmp_path / "elsewhere", "count-2")
    record = ProgressFiles([files, other], "counting", MeasureError)
    record.report("Counting films", 0.123456)
    for each in (files, other):
        job = jobs.status(each, lambda: False)
        assert (job.state, job.stage, job.fraction, job.pid) == ("running", "Counting films", 0.1235, os.getpid())


def test_reports_in_quick_succession_are_not_all_written(files):
    record = ProgressFiles([files], "counting", MeasureError)
    for n in range(100):
        record.report("Starting", n / 100)
    assert json.loads(files.progress.read_text())["fraction"] == 0.0


@pytest.mark.parametrize("error", [DeviceError("The GPU is full."), KeyboardInterrupt()])
def test_whatever_ends_a_computation_is_noted(files, error):
    with pytest.raises(type(error)), ProgressFiles([files], "counting", MeasureError).until_the_end():
        raise error
    expected = str(error) or "KeyboardInterrupt"
    assert jobs.status(files, lambda: False).error == expected


def test_a_good_end_is_noted(files):
    with ProgressFiles([files], "counting", MeasureError).until_the_end() as record:
        record.report("Counting", 0.5)
    assert json.loads(files.progress.read_text())["state"] == "done"
    assert jobs.status(files, lambda: True).state == "done"
    assert jobs.status(files, lambda: False) == Job("none"), "its result was taken away: nothing has failed"

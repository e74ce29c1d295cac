import json
import os
from pathlib import Path
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from vasp_models import jobs, measures, places
from vasp_models.errors import MeasureError

RESULT = {"users": 3, "methods": {"random": {"DEL@4": {"mean": 0.5, "low": None, "high": 1.0}}}}


@pytest.fixture
def checkpoint(tmp_path, home):
    folder = tmp_path / "toy"
    folder.mkdir()
    return SimpleNamespace(folder=folder, digest="ab" * 32, argument="toy")


def without_provenance(found: dict) -> dict:
    return {name: value for name, value in found.items() if name != "provenance"}


def test_what_was_measured_is_found_by_its_content(checkpoint, tmp_path):
    assert measures.find(checkpoint, "fidelity") is None
    path = measures.save(checkpoint, "fidelity", RESULT, "vasp-lens fidelity toy", 12.345)
    assert path.parent == checkpoint.folder / "measures"
    found = measures.find(checkpoint, "fidelity")
    assert without_provenance(found) == RESULT
    about = found["provenance"]
    assert (about["command"], about["seconds"], about["device"]) == ("vasp-lens fidelity toy", 12.35, "cpu")
    assert about["checkpoint_digest"] == checkpoint.digest and about["versions"]["numpy"] == np.__version__
    assert measures.find(checkpoint, "audit") is None
    moved = SimpleNamespace(folder=tmp_path / "moved", digest=checkpoint.digest)
    shutil.copytree(checkpoint.folder, moved.folder)
    assert measures.find(moved, "fidelity") == found
    assert measures.find(SimpleNamespace(folder=moved.folder, digest="cd" * 32), "fidelity") is None


def test_numbers_of_numpy_become_plain_and_what_is_no_number_becomes_null(checkpoint):
    odd = {"n": np.int64(3), "mean": np.float32(0.5), "row": np.array([1.0, np.nan]), "pair": (np.inf, True), 4: "x"}
    measures.save(checkpoint, "parts", odd, "", 1)
    found = without_provenance(measures.find(checkpoint, "parts"))
    assert found == {"n": 3, "mean": 0.5, "row": [1.0, None], "pair": [None, True], "4": "x"}


def test_a_later_measure_wins_wherever_it_lies(checkpoint, monkeypatch):
    access = os.access
    with monkeypatch.context() as patch:  # a checkpoint beside which nothing can be written
        patch.setattr(os, "access", lambda path, mode: Path(path) != checkpoint.folder and access(path, mode))
        cached = measures.save(checkpoint, "audit", {"users": 1}, "", 1)
    assert cached.is_relative_to(places.cache_folder())
    beside, _ = measures.paths(checkpoint, "audit")
    for made, expected in (("2000-01-01T00:00:00+00:00", 1), ("2999-01-01T00:00:00+00:00", 2)):
        done = json.loads(cached.read_text()) | {"users": 2}
        done["provenance"] |= {"made": made, "sha256": measures._digest({"users": 2})}
        beside.parent.mkdir(exist_ok=True)
        beside.write_text(json.dumps(done))
        assert measures.find(checkpoint, "audit")["users"] == expected


def test_a_disk_that_turns_out_read_only_is_no_loss(checkpoint, monkeypatch):
    whole = places.file_written_whole

    def refusing(path):
        if path.is_relative_to(checkpoint.folder):
            raise OSError(30, "Read-only file system")
        return whole(path)

    monkeypatch.setattr(places, "file_written_whole", refusing)
    assert measures.save(checkpoint, "audit", RESULT, "", 1).is_relative_to(places.cache_folder())
    assert measures.find(checkpoint, "audit") is not None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "Expecting value"),
        ("[]", "list indices"),
        ("{}", "provenance"),
        ('{"provenance": {"schema": 99}}', "schema 99"),
        (None, "it is not what was written"),
    ],
)
def test_damaged_files_are_set_aside_with_a_sentence(checkpoint, content, why):
    path = measures.save(checkpoint, "fidelity", RESULT, "", 1)
    path.write_text(path.read_text().replace("0.5", "0.9") if content is None else content)
    told = []
    assert measures.find(checkpoint, "fidelity", told.append) is None
    assert len(told) == 1 and why in told[0] and "`vasp-lens fidelity` measures it again" in told[0]
    assert measures.job_status(checkpoint, "fidelity").state == "none"


def test_measuring_reports_keeps_and_returns(checkpoint):
    seen, shown = [], []

    def run(report):
        report("Asking the model", 0.5)
        seen.append(measures.job_status(checkpoint, "fidelity"))
        return {"users": np.int32(3)}

    done = measures.measured(
        checkpoint, "fidelity", run, "vasp-lens fidelity toy", show=lambda *told: shown.append(told)
    )
    assert done["users"] == 3 and done == measures.find(checkpoint, "fidelity")
    assert (seen[0].state, seen[0].stage, seen[0].fraction) == ("running", "Asking the model", 0.5)
    assert shown == [("Loading the model", 0.0), ("Asking the model", 0.5)]
    assert measures.job_status(checkpoint, "fidelity").state == "done"


def test_a_measure_that_is_not_kept_leaves_nothing(checkpoint):
    done = measures.measured(checkpoint, "audit", lambda report: report("x", 0.1) or RESULT, "", keep=False)
    assert without_provenance(done) == RESULT
    assert not list(checkpoint.folder.iterdir()) and not places.cache_folder().exists()


def test_an_error_is_noted_for_the_page_that_waits(checkpoint):
    with pytest.raises(MeasureError, match="nothing to explain"):
        measures.measured(checkpoint, "audit", lambda report: fail("There is nothing to explain."), "")
    job = measures.job_status(checkpoint, "audit")
    assert (job.state, job.error) == ("failed", "There is nothing to explain.")


def fail(sentence: str):
    raise MeasureError(sentence)


def test_the_background_runs_the_command_of_the_kind(checkpoint, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", lambda files, words, there: started.append((files, words(), there())))
    measures.start_in_background(checkpoint, "parts", "cpu")
    ((files, words, there),) = started
    assert words[1:] == ["-m", "vasp_models.cli", "parts", str(checkpoint.folder.resolve()), "--device", "cpu"]
    assert words[0] == sys.executable and not there
    assert files.progress.is_relative_to(places.cache_folder()) and files.name.startswith("parts-")


def test_the_command_is_what_a_user_types(checkpoint):
    assert measures.command(checkpoint, "fidelity", users=400, seed=None) == "vasp-lens fidelity toy --users 400"
    odd = SimpleNamespace(argument="/a b/toy")
    assert measures.command(odd, "audit", from_seed=3) == "vasp-lens audit '/a b/toy' --from-seed 3"


def test_the_expected_time_grows_with_the_films_and_meets_what_was_measured():
    assert measures.expected_seconds("fidelity", 681) == pytest.approx(26)
    assert measures.expected_seconds("fidelity", 3483) == pytest.approx(230)
    assert 230 < measures.expected_seconds("fidelity", 20_000) < 4_000
    assert measures.expected_seconds("planted", 0) > 0


def test_an_unknown_kind_is_refused(checkpoint):
    for ask in (measures.find, measures.job_status):
        with pytest.raises(MeasureError, match="'speed': expected one of fidelity, audit"):
            ask(checkpoint, "speed")

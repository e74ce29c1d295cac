"""Each check says the truth of a machine or a folder that was made for it, and changes nothing."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
import json
import mmap
import os
import shutil
import time

import pytest

from vasp_models import checkpoints, diagnostics, jobs, measures, places, posters
from vasp_models.diagnostics import FINE, MISSING, NOTE, PROBLEM, TOLD, Check, Diagnosis, caches, machine, stock
from vasp_models.diagnostics.checks import size


@pytest.fixture
def copied(home):
    """The demo's checkpoint in the home under another name, with maps and measures."""
    folder = places.checkpoint_folder("mine")
    shutil.copytree(places.checkpoint_folder("demo"), folder)
    return folder


def by_name(checks: list[Check]) -> dict[str, Check]:
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


@pytest.mark.parametrize(
    ("states", "answer"),
    [
        ([FINE, FINE], "Everything is in order: 2 checks, no problem."),
        ([FINE, TOLD, FINE], "Everything is in order: 2 checks, no problem."),
        ([FINE, MISSING], "Everything is in order: 2 checks, no problem."),
        ([FINE, NOTE], "Everything is in order: 2 checks, no problem, 1 of them worth knowing about."),
        ([PROBLEM, FINE], "One of 2 checks needs attention: check 0."),
        ([NOTE, PROBLEM], "One of 2 checks needs attention: check 1. 1 more is worth knowing."),
        (
            [PROBLEM, PROBLEM, NOTE, NOTE],
            "2 of 4 checks need attention: check 0 and check 1. 2 more are worth knowing.",
        ),
    ],
)
def test_the_answer_counts_the_checks(states, answer):
    found = Diagnosis({"All": [Check(f"check {n}", state, "") for n, state in enumerate(states)]})
    assert found.answer == answer


def test_text_and_json_say_the_same(home):
    found = diagnostics.examine(["demo", "gone"])
    told, text = found.records(), found.text()
    assert json.loads(json.dumps(told)) == told and told["answer"] == found.answer and told["answer"] in text
    for section, checks in told["sections"].items():
        assert section in text
        for check in checks:
            assert check["fact"] in text and (check["state"] == FINE or check["mend"] in text)
    assert told["problems"] == 1 and "gone" in told["answer"]
    assert not home.exists() or not list(home.iterdir()), "looking writes nothing"


def test_versions_are_those_that_are_installed():
    import numpy as np

    found = by_name(machine.program())
    assert found["numpy"] == Check("numpy", FINE, np.__version__)
    assert found["Python"].state == FINE and found["VASP Lens"].state == FINE
    assert "pytest" not in found, "what only developers need is no concern of a user"


@pytest.mark.parametrize(
    ("line", "installed", "state", "mend"),
    [
        ("numpy>=2.0", "1.26.4", PROBLEM, 'pip install --upgrade "numpy>=2.0"'),
        ("numpy>=2.0", None, PROBLEM, 'pip install --upgrade "numpy>=2.0"'),
        ("numpy>=2.0", "2.1.0rc1", FINE, ""),
        ("torch>=2.3", None, NOTE, "bundles run without"),
        ("torch>=2.3", "2.13.0+cpu", FINE, ""),
        ("streamlit>=1.67,<2", "2.0", PROBLEM, "streamlit<2,>=1.67"),
    ],
)
def test_a_package_that_does_not_fit_is_named_with_its_command(monkeypatch, line, installed, state, mend):
    monkeypatch.setattr(machine, "requires", lambda name: [line, "never; extra == 'dev'"])
    monkeypatch.setattr(
        machine.provenance,
        "versions",
        lambda names: {"vasp-lens": "1"} if names == ["vasp-lens"] else {names[0]: installed} if installed else {},
    )
    *_, check = machine.program()
    assert (check.state, mend in check.mend) == (state, True)


def test_a_program_that_is_not_installed_says_so(monkeypatch):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(machine, "requires", absent)
    assert machine.program()[0].state == NOTE


@pytest.mark.parametrize(
    ("left", "state"), [(8 * 2**30, FINE), (machine.LITTLE_MEMORY - 1, NOTE), (machine.SHORT_OF_MEMORY - 1, PROBLEM)]
)
def test_little_memory_is_told(monkeypatch, left, state):
    monkeypatch.setattr(machine, "_memory", lambda: (16 * 2**30, left))
    check = machine.memory()[-1]
    assert check.state == state and "of 16.0 GB" in check.fact and bool(check.mend) == (state != FINE)


def test_where_the_system_does_not_tell_nothing_is_said(monkeypatch):
    monkeypatch.setattr(machine, "_memory", lambda: (None, None))
    monkeypatch.setattr(machine, "resident", lambda: None)
    assert machine.memory() == []


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_the_memory_of_this_process_grows_with_what_it_holds():
    before = machine.resident()
    with mmap.mmap(-1, 64 * 2**20) as held:  # new pages, where an array could take what this process has given up
        held.write(os.urandom(64) * 2**20)
        assert 48 * 2**20 < machine.resident() - before < 96 * 2**20


def test_more_threads_than_cores_are_told(monkeypatch):
    monkeypatch.setattr(machine, "_pools", lambda: [{"internal_api": "openmp", "num_threads": 9999}])
    (check,) = machine.processor()
    assert check.state == NOTE and "OMP_NUM_THREADS" in check.mend
    monkeypatch.setattr(machine, "_pools", lambda: [{"internal_api": "openmp", "num_threads": 1}])
    assert machine.processor()[0].state == FINE


@pytest.mark.parametrize(
    ("free", "state"), [(99 * 2**30, FINE), (machine.LITTLE_DISK - 1, NOTE), (machine.SHORT_OF_DISK - 1, PROBLEM)]
)
def test_a_disk_that_fills_up_is_told(home, monkeypatch, free, state):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100 * 2**30, 0, free))
    (check,) = machine.disk()
    assert check.state == state and str(home) in check.fact


def test_a_home_that_cannot_be_written_is_a_problem(home, monkeypatch):
    monkeypatch.setattr(machine.os, "access", lambda path, mode: False)
    assert machine.disk()[0].state == PROBLEM and "VASP_LENS_HOME" in machine.disk()[0].mend


def test_a_home_that_is_not_there_yet_is_none(home, monkeypatch):
    monkeypatch.setenv("VASP_LENS_HOME", str(home / "a" / "b"))
    assert machine.disk()[0].state != PROBLEM and not (home / "a").exists()


@pytest.mark.parametrize(
    ("used", "note", "state", "words"),
    [
        (None, None, FINE, "no model"),
        ("cpu", None, FINE, "core"),
        ("cpu", "no card", NOTE, "core"),
        ("bundle", None, FINE, "stored"),
    ],
)
def test_the_device(used, note, state, words):
    check = machine.device("auto", used, note)
    assert check.state == state and words in check.fact and "auto" in check.fact


def test_a_checkpoint_in_order(copied):
    (found,) = stock.checkpoints(["mine"])
    assert found.check.state == FINE and found.checkpoint.digest[:12] in found.check.fact
    assert all(check.state == FINE for check in stock.verify(found.checkpoint, lambda *_: None))


def test_no_checkpoint_is_told_with_the_commands():
    (found,) = stock.checkpoints([])
    assert found.check.state == NOTE and "vasp-lens demo" in found.check.mend
    assert stock.results([found]) == [] and [check.name for check in stock.licences([found])] == ["VASP Lens"]


def test_a_damaged_checkpoint_is_a_problem(copied):
    weights = copied / checkpoints.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    (found,) = stock.checkpoints(["mine"])
    assert found.checkpoint is None and found.check.state == PROBLEM and checkpoints.WEIGHTS in found.check.mend


def test_verifying_reads_every_byte(copied):
    """A file that is larger than what opening compares: its size is right, its content is not."""
    found = checkpoints.load("mine")
    weights = copied / checkpoints.WEIGHTS
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    steps = []
    done = by_name(stock.verify(found, lambda stage, share: steps.append((stage, share))))
    assert {name for name, check in done.items() if check.state == PROBLEM} == {checkpoints.WEIGHTS}
    shares = [share for _, share in steps]
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares) and len(steps) == len(done) + 1
    (copied / checkpoints.CURVE).unlink()
    assert by_name(stock.verify(found, lambda *_: None))[checkpoints.CURVE].state == PROBLEM


def test_maps_and_measures_that_are_missing_name_their_commands(copied):
    (found,) = stock.checkpoints(["mine"])
    there = by_name(stock.results([found]))
    assert there["Maps of mine"] == Check("Maps of mine", FINE, "lift, paper")
    assert "fidelity" in there["Measures of mine"].fact and "planted" in there["Measures of mine"].fact
    shutil.rmtree(copied / "maps"), shutil.rmtree(copied / "measures")
    there = by_name(stock.results([found]))
    assert there["Maps of mine"].state == there["Measures of mine"].state == MISSING
    assert "`vasp-lens map mine --distance lift`" in there["Maps of mine"].mend
    assert all(f"`vasp-lens {kind} mine`" in there["Measures of mine"].mend for kind in measures.KINDS)


def test_of_a_bundle_the_commands_are_those_of_the_model(copied):
    shutil.rmtree(copied / "measures"), shutil.rmtree(copied / "maps")
    about = {"checkpoint": "far", "checkpoint_digest": "0" * 64, "command": "vasp-lens bundle far --out mine"}
    manifest = checkpoints.load("mine").manifest | {"kind": checkpoints.BUNDLE, "bundle": about}
    bundle = checkpoints.Checkpoint(copied, manifest)
    for check in stock.results([stock.Found(bundle, Check("mine", FINE, ""))]):
        assert "mine`" not in check.mend.replace(about["command"] + "`", ""), "a bundle can be asked for nothing more"
        assert check.mend.endswith(" Then make the bundle again: `vasp-lens bundle far --out mine`.")
    assert "`vasp-lens quality far`" in check.mend


def test_a_measure_that_is_damaged_or_stopped_is_a_problem(copied, monkeypatch):
    (found,) = stock.checkpoints(["mine"])
    path = next((copied / "measures").glob("parts-*.json"))
    path.write_text("{", encoding="utf-8")
    check = by_name(stock.results([found]))["Measures of mine"]
    assert check.state == PROBLEM and "vasp-lens parts" in check.mend
    path.unlink()
    monkeypatch.setattr(measures, "job_status", lambda *_: jobs.Job("failed", error="The disk is full."))
    check = by_name(stock.results([found]))["Measures of mine"]
    assert (
        check.state == PROBLEM and "parts: The disk is full." in check.fact and "`vasp-lens parts mine`" in check.mend
    )
    monkeypatch.setattr(measures, "job_status", lambda *_: jobs.Job("running", fraction=0.25))
    check = by_name(stock.results([found]))["Measures of mine"]
    assert check.state == FINE and "being made: parts (25%)" in check.fact.replace(", quality (25%)", "")


def test_nothing_planted_is_missing_in_real_viewers(copied):
    (found,) = stock.checkpoints(["mine"])
    found.checkpoint.manifest["dataset"]["simulated"] = False
    assert "planted" not in by_name(stock.results([found]))["Measures of mine"].fact


def test_licences_stand_once_for_each_data_set(copied):
    found = stock.checkpoints(["mine", "demo"])
    names = [check.name for check in stock.licences(found)]
    assert names == ["VASP Lens", checkpoints.load("demo").manifest["dataset"]["title"]]


def test_clearing_deletes_what_can_be_made_again_and_no_result(home):
    cache = places.cache_folder()
    kept = {"maps/abc/map.json": "map", "measures/parts-1.json": "{}", "scratch/now": "x"}
    gone = {"maps/jobs/a.log": "1234", "maps/jobs/a.json": "{}", "measures/jobs/b.log": "", "scratch/old": "yyy"}
    running = {"measures/jobs/c.json": json.dumps(jobs._record(os.getpid(), "Busy")), "measures/jobs/c.log": "..."}
    for name, text in (kept | gone | running).items():
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_text(text, encoding="utf-8")
    old = time.time() - 2 * 24 * 3600
    os.utime(cache / "scratch" / "old", (old, old))
    posters.folder().mkdir()
    (posters.folder() / "x.jpg").write_bytes(bytes(10))
    sizes = by_name(caches.checks())
    assert sizes["Posters"].fact == "1 file, 10 bytes" and sizes["Scratch"].fact.startswith("2 files")
    assert sizes["Maps and measures (results)"].fact.startswith("2 files")
    freed = caches.clear()
    assert (freed.files, freed.bytes) == (5, 4 + 2 + 0 + 3 + 10)
    left = {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()}
    assert left == kept.keys() | running.keys()
    assert caches.clear().words == "0 files, 0 bytes"


def test_an_empty_home_has_an_empty_cache(home):
    assert caches.checks() == [Check("Cache", FINE, f"{places.cache_folder()}, 0 files, 0 bytes")]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1024, "1.0 kB"), (3.25 * 2**20, "3.2 MB"), (5000 * 2**30, "5,000 GB")],
)
def test_sizes_in_words(amount, text):
    assert size(amount) == text

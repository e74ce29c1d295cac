"""Two workers of Ray Data leave the very bits that one process leaves, in silence, and nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import pytest

from tests.serving import VASP_LENS
from vasp_models import checkpoints, places
from vasp_models.errors import SettingError
from vasp_models.scoring import Scoring, on_ray, running, sources

SETTINGS = Scoring(k=10, named=3, users_per_part=250)  # 16 parts of the demo's 4,000 users
LISTENS = "0A"  # the state of a socket, as the kernel writes it
LOCAL = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}  # 127.0.0.1 and ::1


def processes(home: Path) -> list[Path]:
    """Those that were started, by whomever, in the environment of one test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"VASP_LENS_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder)
        except OSError:  # it has ended meanwhile, or is another user's
            continue
    return found


def listening(home: Path) -> set[str]:
    """Addresses at which those processes can be reached."""
    sockets = set()
    for process in processes(home):
        for file in _files(process / "fd"):
            if file.startswith("socket:["):
                sockets.add(file[len("socket:[") : -1])
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == LISTENS and row[9] in sockets}


def _files(folder: Path) -> Iterator[str]:
    try:
        yield from [os.readlink(path) for path in folder.iterdir()]
    except OSError:
        return


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The demo scored by one process and by two workers, who find one part there and another damaged."""
    folder = tmp_path_factory.mktemp("on-ray")
    one, two, home = folder / "one", folder / "two", folder / "home"
    demo = checkpoints.load(places.DEMO)
    running.run(demo, sources.of_checkpoint(demo), one, SETTINGS, running.in_this_process("cpu"))
    running.planned(demo, sources.of_checkpoint(demo), two, SETTINGS)
    for number, share in ((0, 1), (7, 3)):
        content = (one / "parts" / f"part-{number:05d}.parquet").read_bytes()
        (two / "parts" / f"part-{number:05d}.parquet").write_bytes(content[: len(content) // share])
    words = ["--to", str(two), "-k", "10", "--named", "3", "--users-per-part", "250", "--device", "cpu", "--json"]
    command = [*VASP_LENS, "score", "demo", *words, "--engine", "ray", "--workers", "2"]
    environment = {**os.environ, "VASP_LENS_HOME": str(home), "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen(command, env=environment, stdout=-1, stderr=-1, text=True)
    reached, most = set(), 0
    while started.poll() is None:
        if sys.platform == "linux":
            reached |= listening(home)
            most = max(most, len(processes(home)))
        time.sleep(0.2)
    said, complained = started.communicate()
    return {"one": one, "two": two, "home": home, "code": started.returncode, "said": said, "complained": complained,
            "reached": reached, "most": most}  # fmt: skip


def test_two_workers_leave_the_bits_that_one_process_leaves(run):
    assert run["code"] == 0, run["complained"]
    parts = [{path.name: path.read_bytes() for path in (run[name] / "parts").iterdir()} for name in ("one", "two")]
    assert len(parts[0]) == 16 and parts[0] == parts[1]


def test_what_was_there_is_kept_and_nothing_else_is_said(run):
    told = json.loads(run["said"])
    assert (told["made"], told["kept"], told["users_made"], told["parts"]) == (15, 1, 3750, 16)
    assert run["complained"] == ""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_listens_on_this_machine_alone_and_ends(run):
    assert run["most"] > 3, "the test has looked for Ray's processes in the wrong place"
    assert run["reached"] and run["reached"] <= LOCAL
    deadline = time.monotonic() + 10
    while (left := processes(run["home"])) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, [(process / "cmdline").read_text() for process in left]
    assert not [
        path
        for path in Path(tempfile.gettempdir()).glob("vasp-lens-ray-*")
        if path.stat().st_mtime > run["one"].stat().st_mtime
    ]


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingError, match=r"ray, which is not installed: pip install 'vasp-lens\[ray\]'"):
        on_ray.on_ray("cpu", 2)

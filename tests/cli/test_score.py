"""`vasp-lens score`, as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.serving import VASP_LENS
from vasp_models.cli import app
from vasp_models.errors import DeviceError, ScoringError, SettingError

RUNNER = CliRunner()


@pytest.fixture
def asked(tmp_path):
    """Three histories of the demo's films, one of them with an id that it does not know."""
    lists = [["1", "26", "119"], ["1", "no such film"], []]
    pq.write_table(pa.table({"user": ["a", "b", "c"], "history": lists}), tmp_path / "h.parquet")
    return tmp_path / "h.parquet"


def run(*words: object) -> str:
    result = RUNNER.invoke(app, ["score", "demo", *map(str, words), "--device", "cpu"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_writes_what_recommend_prints_and_says_how_many(asked, tmp_path):
    said = run("--to", tmp_path / "out", "--from", asked, "-k", "4", "--users-per-part", "2").splitlines()
    assert said[0] == f"3 users in 2 parts: {tmp_path / 'out' / 'parts'}"
    assert said[1].startswith("3 users in ") and said[1].endswith(" a second.")
    assert said[2] == "Left out, because the catalogue does not hold them: 1 of the histories' ids."
    row = pq.read_table(tmp_path / "out" / "parts").to_pylist()[0]
    typed = ["recommend", "demo", "--history", "1,26,119", "-k", "4", "--json", "--device", "cpu"]
    alone = json.loads(RUNNER.invoke(app, typed, catch_exceptions=False).stdout)["recommendations"]
    assert row["items"] == [str(each["item"]) for each in alone]
    assert row["log_score"] == pytest.approx([each["log_score"] for each in alone], abs=1e-5)
    assert row["log_nease"] == pytest.approx([each["factors"]["nease"] for each in alone], abs=1e-5)
    again = run("--to", tmp_path / "out", "--from", asked, "-k", "4", "--users-per-part", "2").splitlines()
    assert again == [f"3 users in 2 parts, 2 of them there already: {tmp_path / 'out' / 'parts'}", said[2]]


def test_its_own_command_makes_it_again(asked, tmp_path):
    run("--to", tmp_path / "out", "--from", asked, "-k", "3", "--reasons", "leave-one-out", "--named", "2")
    words = json.loads((tmp_path / "out" / "scoring.json").read_text())["provenance"]["command"].split()
    told = json.loads(run(*words[3:], "--json"))
    assert (told["made"], told["kept"], told["reasons"], told["k"]) == (0, 1, "leave-one-out", 3)


def test_a_data_set_is_scored_with_all_that_its_users_liked(tmp_path):
    told = json.loads(run("--to", tmp_path / "out", "--data", "demo", "-k", "1", "--reasons", "none", "--json"))
    assert told["users"] == 4000 and told["ratings_below_threshold"] > 0 and told["unknown_items"] == 0


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("--from", "x.parquet", "--data", "demo"), SettingError, "Both --from and --data were given"),
        (("--engine", "spark"), SettingError, "Unknown engine 'spark': expected local or ray"),
        (("--workers", "2"), SettingError, "expected --engine ray beside them"),
        (("--reasons", "shapley"), SettingError, "expected one of auto, linear, leave-one-out, none"),
        (("--device", "tpu"), DeviceError, "Unknown device 'tpu'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(tmp_path, words, error, said):
    with pytest.raises(error, match=said):
        RUNNER.invoke(app, ["score", "demo", "--to", str(tmp_path / "out"), *words], catch_exceptions=False)
    assert not (tmp_path / "out").exists()


def test_other_settings_are_refused(asked, tmp_path):
    run("--to", tmp_path / "out", "--from", asked, "-k", "2")
    with pytest.raises(ScoringError, match="holds scores of k 2 and not 3"):
        run("--to", tmp_path / "out", "--from", asked, "-k", "3")


def test_without_ray_one_line_says_what_to_install(tmp_path):
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError(\"No module named 'ray'\", name='ray')")
    command = [*VASP_LENS, "score", "demo", "--to", str(tmp_path / "out"), "--engine", "ray"]
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    assert done.stderr == (
        "--engine ray needs the package ray, which is not installed: pip install 'vasp-lens[ray]'.\n"
    )


def test_help_imports_neither_ray_nor_torch():
    code = "import sys; from vasp_models.cli import app; print({'ray', 'torch', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stdout + done.stderr

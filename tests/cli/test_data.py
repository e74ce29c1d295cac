from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.data import layouts
from vasp_models.cli.data import data_app
from vasp_models.data import datasets
from vasp_models.errors import DataError


@pytest.fixture
def run(home):
    """Run a command of `vasp-lens data` and return what it prints; errors raised on purpose come out."""

    def call(*words: object) -> str:
        result = CliRunner().invoke(data_app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


def test_get_shows_licence_and_digest_and_says_what_is_next(run, tmp_path):
    with layouts.serving() as server:
        server.publish("ml-25m", layouts.zip_of("ml-25m"), md5=None)
        shown = run("get", "ml-25m", "--base-url", server.address)
    source = datasets.load("ml-25m").manifest["source"]
    assert layouts.LICENCE in shown and shown.count("redistribute the data set") == 1
    assert f"{source['md5']} (the publisher serves none to compare with)" in shown
    assert "540 ratings by 30 users" in shown and "next: vasp-lens train vasp --data ml-25m" in shown
    assert layouts.LICENCE in run("show", "ml-25m")


def test_get_takes_files_at_hand(run, tmp_path):
    folder = layouts.written(layouts.netflix(), tmp_path / "files")
    (tmp_path / "genres.csv").write_text("movieId,genres\n1,Drama\n")
    run("get", "netflix", "--from", folder, "--genres", tmp_path / "genres.csv")
    assert datasets.load("netflix").items()["genres"][0] == ["Drama"]


def test_import_takes_columns_scale_and_threshold_from_options(run, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("who;what;stars;when\n" + "".join(f"ann;f{i};{i};x\n" for i in range(1, 11)) + "ann;f1;9;x\n")
    items = tmp_path / "i.csv"
    items.write_text("code;called\n" + "".join(f"f{i};Film {i}\n" for i in range(1, 10)))
    shown = run(
        "import", path, "--name", "mine", "--items", items, "--user-column", "who", "--item-column", "what",
        "--rating-column", "stars", "--item-id-column", "code", "--title-column", "called", "--lowest", 1,
        "--highest", 10, "--threshold", 6, "--licence", "Mine.", "--title", "My films",
    )  # fmt: skip
    assert "1 repeated pairs collapsed, the highest of each kept" in shown
    assert "My films: 10 ratings by 1 users" in shown and "1 rated items have no title" in shown
    dataset = datasets.load("mine")
    assert dataset.threshold == 6 and dataset.manifest["licence"] == "Mine."
    assert dataset.items()["title"].tolist()[:2] == ["Film 1", "Item f10"]


def test_import_takes_implicit_rows(run, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("".join(f"1,{i},x\n" for i in range(6)))
    assert "every row is a like" in run(
        "import", path, "--name", "mine", "--implicit", "--no-header", "--no-timestamps"
    )


def test_split_writes_the_arrays(run, tmp_path):
    folder = layouts.written(layouts.release("ml-1m"), tmp_path / "files")
    run("get", "ml-1m", "--from", folder)
    shown = run("split", "ml-1m", "--protocol", "vasp", "--heldout", 4, "--out", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert len(arrays["test_users"]) == 4
    assert "test: 4 users (0 dropped)" in shown


def test_list_and_show_have_json_twins(run, tmp_path):
    folder = layouts.written(layouts.release("ml-1m"), tmp_path / "files")
    run("get", "ml-1m", "--from", folder)
    assert "ml-1m" in run("list")
    listed = {each["name"]: each for each in json.loads(run("list", "--json"))}
    assert listed["ml-1m"]["counts"]["ratings"] == len(layouts.rows())
    assert json.loads(run("show", "ml-1m", "--json")) == datasets.load("ml-1m").manifest


def test_a_damaged_data_set_does_not_hide_the_others(run, tmp_path):
    folder = layouts.written(layouts.release("ml-1m"), tmp_path / "files")
    for name in ("ml-1m", "ml-10m"):
        run("get", name, "--from", folder)
    (datasets.load("ml-10m").folder / "items.parquet").unlink()
    assert [each["name"] for each in json.loads(run("list", "--json")) if each["name"] != "demo"] == ["ml-1m"]


def test_errors_come_out_as_they_are(run, tmp_path):
    with pytest.raises(DataError, match="There is no data set 'absent'"):
        run("split", "absent", "--out", tmp_path / "a.npz")
    assert not (tmp_path / "a.npz").exists()


def test_a_bad_file_ends_with_one_line_and_exit_code_2(tmp_path, home, capsys, monkeypatch):
    from vasp_models import cli

    (tmp_path / "r.csv").write_text("user,item,rating\n1,2,9\n")
    monkeypatch.setattr("sys.argv", ["vasp-lens", "data", "import", str(tmp_path / "r.csv"), "--name", "mine"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    said = capsys.readouterr().err
    assert left.value.code == 2 and said.count("\n") == 1 and "line 2: the rating 9 is out of range" in said
    assert not (home / "datasets").exists()

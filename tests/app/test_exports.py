"""Files that are taken away: a table that a spreadsheet opens without harm, strict JSON, where both come from."""

from __future__ import annotations

import io
import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app import components, exports, recommend_facts
from app.lab import facts as lab_facts
from app.state import AppState
from tests.app.conftest import PAGES, calm
from vasp_models import checkpoints, cli, provenance, recommending

ABOUT = {"program": "VASP Lens 1", "checkpoint": "toy", "made": "2026-01-01T00:00:00+00:00", "command": "vasp-lens x"}
COLUMNS = [f"provenance.{name}" for name in ABOUT]


def saved(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as the export writes it, read by pandas without any option."""
    return pd.read_csv(io.BytesIO(exports.csv_text(frame, ABOUT).encode("utf-8-sig")))


def test_a_table_comes_back_with_its_provenance_in_every_row():
    frame = pd.DataFrame({"Film": ["Amélie", '"Crocodile", # 2'], "Score": [-1.5, np.nan], "Seen": [True, False]})
    read = saved(frame)
    pd.testing.assert_frame_equal(read[["Film", "Score", "Seen"]], frame)
    assert list(read)[3:] == COLUMNS and (read[COLUMNS].nunique() == 1).all()
    assert read["provenance.command"].tolist() == ["vasp-lens x"] * 2
    once_more = pd.concat([read.iloc[[1]], saved(frame).iloc[[0]]])
    assert once_more["provenance.checkpoint"].tolist() == ["toy", "toy"], "rows that were cut out still say it"


def test_a_table_without_rows_keeps_its_head_and_its_provenance():
    for empty in (pd.DataFrame({"Film": pd.Series(dtype=str), "Score": pd.Series(dtype=float)}), pd.DataFrame()):
        read = saved(empty)
        assert list(read) == [*empty, *COLUMNS]
        assert read[COLUMNS].iloc[0].tolist() == list(ABOUT.values())
        assert read.drop(columns=COLUMNS).isna().all(axis=None)


def test_lists_are_joined_and_an_index_with_a_name_is_kept():
    frame = pd.DataFrame({"Genres": [["War", "Drama"], []]}, index=pd.Index([7, 9], name="User"))
    read = saved(frame)
    assert read["User"].tolist() == [7, 9] and read["Genres"].tolist()[0] == "War|Drama" and pd.isna(read["Genres"][1])
    assert "User" not in saved(frame.rename_axis(None))


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tA1", "\rA1", "\nA1", "＝1+1", "-30- (1959)", "=-1"]
)
def test_text_that_a_spreadsheet_would_run_is_made_plain(text):
    assert exports.harmless(text) == f"'{text}"
    # A line break would end the check in pandas, not the cell: the raw text is looked at.
    written = exports.csv_text(pd.DataFrame({text: [text], "n": [[text, "b"]]}), ABOUT | {"checkpoint": text})
    assert written.count(f"'{text}") == 4, "in the head, in a cell, in a list, in the provenance"


@pytest.mark.parametrize("text", ["Film;=1+1", 'Film; "=1+1"', "Film\n=1+1", "Film\t+1", "Film;@A1;-1+1"])
def test_text_that_begins_a_formula_in_a_cell_of_its_own_is_made_plain_too(text):
    # Where the decimal point is a comma, spreadsheets take a semicolon for the end of a cell, inside quotes too.
    written = exports.csv_text(pd.DataFrame({"n": [1], "Film": [text]}), ABOUT)
    for cell in re.split(r"[;,\t\r\n]", written):
        assert cell.strip('" ')[:1] not in {"=", "+", "-", "@"}, cell
    assert exports.harmless("Alien; Aliens") == "Alien; Aliens"


@pytest.mark.parametrize("text", ["-3", "+4.5", "-1e-05", "+3%", "-1,234.5", "−0.5", "×4.1", "12 Angry Men", "", "a=b"])
def test_plain_numbers_and_plain_text_stay(text):
    assert exports.harmless(text) == text


def test_numbers_stay_numbers():
    read = saved(pd.DataFrame({"a": [-1, 2], "b": [-0.5, 1.5], "c": pd.array([None, -3], dtype="Int64")}))
    assert read[["a", "b", "c"]].dtypes.map(lambda kind: kind.kind).isin(["i", "f"]).all()
    assert read["c"].tolist()[1] == -3 and read["b"].tolist() == [-0.5, 1.5]


def test_json_is_strict_and_carries_the_same():
    value = {"a": np.float32(0.5), "b": [np.int64(3), float("nan")], "c": {"d": np.array([1.0, np.inf])}, "e": True}
    text = exports.json_text(value, ABOUT)
    told = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert told == {"a": 0.5, "b": [3, None], "c": {"d": [1.0, None]}, "e": True, "provenance": ABOUT}
    with pytest.raises(ValueError, match="provenance"):
        exports.json_text({"provenance": {}}, ABOUT)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("recommendations-demo-7", "recommendations-demo-7.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("Où est\nl’été: 1/2?", "Ou-est-lete-1-2.csv"),
        ("C:\\a b*.txt", "C-a-b-.txt.csv"),
        ("..", "export.csv"),
        ("七人の侍", "export.csv"),
        ("x" * 300, f"{'x' * exports.MOST_CHARACTERS}.csv"),
    ],
)
def test_file_names_are_safe_everywhere(name, file):
    assert exports.file_name(name, "csv") == file


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


def ran(command: str) -> dict:
    """The JSON that a command prints, typed as it stands in an export."""
    program, *words = shlex.split(command)
    assert program == "vasp-lens"
    result = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("rank_by", ["joint", "nease"])
def test_the_command_in_the_file_makes_the_same_list(demo, rank_by):
    user = demo.users.at(demo.users.rows("test")[2])
    part = None if rank_by == "joint" else rank_by
    found = recommending.recommend(demo.model(), user.history, 20, part)
    table = recommend_facts.download(demo, user, found)
    about = provenance.of(demo, recommend_facts.command(demo, user, AppState(k=20, rank_by=rank_by)))
    read = pd.read_csv(io.StringIO(exports.csv_text(table, about)))
    told = ran(read["provenance.command"].iloc[0])
    again = pd.DataFrame(told["recommendations"])
    assert again["item"].tolist() == read["item"].tolist() and len(again) == 20
    np.testing.assert_allclose(again["log_score"], read["log_score"], atol=1e-6)
    assert read["user"].astype(str).unique().tolist() == [user.id] == [told["user"]]
    same = {name: told["provenance"][name] for name in about if name != "made"}
    assert same == {name: read[f"provenance.{name}"].iloc[0] for name in same}, "and it names itself"


def test_the_command_of_a_profile_makes_the_same_list(demo):
    items = np.array([5, 3, 9])
    found = recommending.recommend(demo.model(), items, 10)
    scene = lab_facts.Scene(demo.catalogue, items, found, None, None)
    told = ran(lab_facts.command(demo, scene, AppState()))
    assert [row["item"] for row in told["recommendations"]] == demo.catalogue.ids[found.items].tolist()
    assert "--history" in told["provenance"]["command"]


def test_the_line_of_a_picture_is_the_line_of_a_report(demo):
    about = provenance.of(demo, "vasp-lens app demo")
    assert provenance.line(about) == (
        f"{about['program']} · checkpoint demo {demo.digest[:12]} · data demo "
        f"{demo.manifest['dataset']['fingerprint'].removeprefix('sha256:')[:12]} · {about['made']} · vasp-lens app demo"
    )


def test_pages_hand_the_browser_where_pictures_come_from(dashboard, monkeypatch):
    told = []
    monkeypatch.setattr(components, "take_away", told.append)
    test = calm(dashboard("explain", u="1"))
    film = test.selectbox(key="listed_film").value
    assert told[-1]["pinned"] == {"f": film}, "the film that the page chose by itself"
    assert told[-1]["opens"] == "vasp-lens app demo --view" and "{command}" in told[-1]["line"]
    calm(test.button(key="next_film").click().run())
    assert told[-1]["pinned"] == {}, "it stands in the address"
    test.switch_page(str(PAGES / "overview.py")).run()
    assert told[-1]["pinned"] == {}

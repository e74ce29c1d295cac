"""Data sets that come with a leave-one-out test: what is kept of their files, and every file that is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.data import deepcf
from vasp_models.cli.data import data_app
from vasp_models.data import datasets
from vasp_models.data.deepcf import import_deepcf
from vasp_models.data.splits import make_split
from vasp_models.errors import DataError, SettingError


@pytest.fixture
def made(home, tmp_path):
    return import_deepcf(deepcf.written(tmp_path / "files", deepcf.lines()), "mine")


def test_ratings_are_train_and_test_rows_and_every_row_is_a_like(made):
    frame = datasets.load("mine").ratings()
    found = deepcf.lines()
    rows = [line.split("\t") for line in found["train.rating"] + found["test.rating"]]
    assert frame["user"].tolist() == [int(row[0]) for row in rows]
    assert frame["item"].tolist() == [int(row[1]) for row in rows]
    assert frame["timestamp"].tolist() == [int(row[3]) for row in rows]
    assert made.threshold is None and made.manifest["implicit"]
    assert made.title == "made-up"


def test_the_test_comes_back_as_it_was_written(made):
    users, items, negatives = datasets.load("mine").one_out()
    named = [line.split("\t") for line in deepcf.lines()["test.negative"]]
    pairs = zip(users.tolist(), items.tolist(), strict=True)
    assert [f"({user},{item})" for user, item in pairs] == [line[0] for line in named]
    assert negatives.tolist() == [[int(text) for text in line[1:]] for line in named]


def test_items_that_are_only_among_the_negatives_are_items_too(made):
    items = made.items()
    assert len(items) > made.manifest["counts"]["rated_items"]
    assert set(made.one_out()[2].ravel().tolist()) <= set(items["id"])
    assert items["title"].tolist() == [f"Item {number}" for number in items["id"]]


def test_the_test_is_listed_hashed_and_part_of_the_fingerprint(made, tmp_path):
    facts = made.manifest["files"]["one_out.parquet"]
    assert facts["sha256"] == datasets.sha256_of(made.folder / "one_out.parquet")
    found = deepcf.lines()
    pair, _, *others = found["test.negative"][0].split("\t")
    unused = next(number for number in range(deepcf.N_LIKED, deepcf.N_ITEMS) if str(number) not in others)
    found["test.negative"][0] = "\t".join([pair, str(unused), *others])
    other = import_deepcf(deepcf.written(tmp_path / "other", found), "other")
    assert other.fingerprint != made.fingerprint
    again = import_deepcf(deepcf.written(tmp_path / "again", deepcf.lines()), "again")
    assert again.fingerprint == made.fingerprint
    (made.folder / "one_out.parquet").unlink()
    with pytest.raises(DataError, match=r"one_out\.parquet is missing"):
        datasets.load("mine")


def test_other_data_sets_have_no_test_of_their_own():
    assert datasets.load("demo").one_out() is None


def test_the_strong_protocol_works_on_it_too(made):
    split = make_split(made, heldout=2, ordered=True)
    assert len(split.train) == deepcf.N_USERS - 4 and split.train.ordered


def test_times_that_are_all_equal_are_none(home, tmp_path):
    found = deepcf.lines()
    for ending in ("train.rating", "test.rating"):
        found[ending] = ["\t".join([*line.split("\t")[:3], "0"]) for line in found[ending]]
    made = import_deepcf(deepcf.written(tmp_path / "files", found), "mine")
    assert made.columns == ["user", "item"]
    assert import_deepcf(deepcf.written(tmp_path / "three", deepcf.lines(times=False)), "three").columns == made.columns


def test_windows_line_ends_and_numbers_with_gaps_are_read(home, tmp_path):
    found = deepcf.lines(times=False)
    for ending, each in found.items():
        found[ending] = [f"{line}\r" for line in each if not line.startswith(("3\t", "(3,"))]
    made = import_deepcf(deepcf.written(tmp_path / "files", found), "mine")
    assert sorted(set(made.ratings()["user"])) == [n for n in range(deepcf.N_USERS) if n != 3]


def test_what_is_odd_is_kept_as_published_counted_and_said(home, tmp_path):
    found = deepcf.lines(times=False)
    pair, *others = found["test.negative"][0].split("\t")
    liked, own = found["train.rating"][0].split("\t")[1], pair.strip("()").split(",")[1]
    found["test.negative"][0] = "\t".join([pair, liked, own, *others[2:]])
    found["train.rating"] = [line for line in found["train.rating"] if not line.startswith("4\t")]
    folder = deepcf.written(tmp_path / "files", found)
    done = CliRunner().invoke(data_app, ["import", "--format", "deepcf", str(folder), "--name", "mine"])
    assert done.exit_code == 0, done.output
    assert datasets.load("mine").manifest["source"]["one_out"] == {
        "users": 12, "negatives": 99, "negatives_in_train": 1, "own_item_among_negatives": 1, "users_without_train": 1,
    }  # fmt: skip
    for said in ("leave-one-out test of 12 users", "1 negatives that the user likes: kept as published"):
        assert said in done.output
    assert datasets.load("mine").one_out()[2][0, :2].tolist() == [int(liked), int(own)]


def test_the_prefix_is_found_named_or_asked_for(home, tmp_path):
    folder = deepcf.written(tmp_path / "files", deepcf.lines(), "Music")
    assert import_deepcf(folder, "one").title == "Music"
    deepcf.written(folder, deepcf.lines(times=False), "films")
    assert import_deepcf(folder, "music").columns[-1] == "timestamp"
    assert import_deepcf(folder, "two", "films").title == "films"
    with pytest.raises(SettingError, match="--prefix with one of Music, films"):
        import_deepcf(folder, "three")
    with pytest.raises(DataError, match=r"no files called Books\.train\.rating: expected one of Music, films"):
        import_deepcf(folder, "three", "Books")


def changed(ending: str, number: int, line: str | None) -> dict[str, list[str]]:
    """The files with one line (from 0) in another form, or without it."""
    found = deepcf.lines(times=False)
    found[ending][number : number + 1] = [] if line is None else [line]
    return found


FIRST = deepcf.lines(times=False)
NEGATIVE = FIRST["test.negative"][1].split("\t")


@pytest.mark.parametrize(
    ("ending", "number", "line", "said"),
    [
        ("train.rating", 2, "0\t4", r"train\.rating, line 3 has 2 columns, expected 3"),
        ("train.rating", 2, "0\tx\t1", r"train\.rating, line 3: the item id 'x' is text"),
        ("train.rating", 0, "-1\t4\t1", r"train\.rating: the user id -1 is no number"),
        ("test.rating", 1, FIRST["train.rating"][7], r"test\.rating, line 2: user 1 and item \d+ stand in .*train"),
        ("test.rating", 2, "1\t99\t1", r"test\.rating, line 3: user 1 is tested twice"),
        ("test.rating", 1, FIRST["test.rating"][0], r"test\.rating, line 2: user 0 is tested twice"),
        ("test.negative", 1, "1,3\t4", r"test\.negative, line 2 begins with '1,3'"),
        ("test.negative", 1, "\t".join(["(1,129)", *NEGATIVE[1:]]), r"line 2: the pair \(1,129\) is not in .*test"),
        ("test.negative", 2, "\t".join(NEGATIVE), r"test\.negative, line 3: the pair .* stands in a line before"),
        ("test.negative", 1, "\t".join(NEGATIVE[:-1]), r"line 2 has 98 different negative items, expected 99"),
        ("test.negative", 1, "\t".join([*NEGATIVE[:-1], NEGATIVE[1]]), r"line 2 has 98 different negative items"),
        ("test.negative", 1, "\t".join([*NEGATIVE[:-1], "a"]), r"test\.negative, line 2: 'a' is no number of an item"),
        ("test.negative", 1, "\t".join([*NEGATIVE[:-1], "9" * 30]), r"line 2: '9{30}' is no number .* 12 digits"),
        ("train.rating", 0, f"{10**12}\t4\t1", r"train\.rating: the user id 10{12} is no number .* 12 digits"),
        ("test.negative", 1, None, r"test\.negative has no line for .*test\.rating, line 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_file_and_line(home, tmp_path, ending, number, line, said):
    folder = deepcf.written(tmp_path / "files", changed(ending, number, line))
    with pytest.raises(DataError, match=said):
        import_deepcf(folder, "mine")
    assert not (home / "datasets").exists() or not list((home / "datasets").iterdir())


def test_missing_files_are_named(home, tmp_path):
    folder = deepcf.written(tmp_path / "files", deepcf.lines())
    (folder / "made-up.train.rating").unlink()
    with pytest.raises(DataError, match=r"lacks made-up\.train\.rating"):
        import_deepcf(folder, "mine")
    with pytest.raises(DataError, match="is no folder"):
        import_deepcf(folder / "made-up.test.rating", "mine")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected files called NAME"):
        import_deepcf(tmp_path / "empty", "mine")


@pytest.mark.parametrize(
    "words", [["--format", "deepcf", "--threshold", "3"], ["--prefix", "x"], ["--format", "tables"]]
)
def test_options_that_have_no_meaning_are_refused(home, tmp_path, words):
    with pytest.raises(SettingError, match=words[-2] if len(words) > 2 else "expected|meaning"):
        CliRunner().invoke(data_app, ["import", str(tmp_path), "--name", "mine", *words], catch_exceptions=False)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "users", "items", "rows", "odd"),
    [("AMusic", 1776, 12_929, 46_087, (348, 18, 43)), ("lastfm", 1741, 2665, 69_149, (2434, 86, 0))],
)
def test_the_published_data_sets(home, shared, name, users, items, rows, odd):
    folder = shared / "data" / "deepcf"
    if not (folder / f"{name}.train.rating").exists():
        pytest.skip(f"needs {name}.train.rating of DeepCF beside the real data")
    made = import_deepcf(folder, name.lower())
    counts, about = made.manifest["counts"], json.loads((made.folder / "dataset.json").read_text())["source"]["one_out"]
    assert (counts["users"], counts["items"], counts["ratings"]) == (users, items, rows)
    assert (about["negatives_in_train"], about["own_item_among_negatives"], about["users_without_train"]) == odd
    tested, held_out, negatives = made.one_out()
    assert np.array_equal(tested, np.arange(users)) and negatives.shape == (users, 99)
    assert (held_out < items).all() and negatives.max() < items

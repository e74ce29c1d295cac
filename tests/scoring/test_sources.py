"""Histories come slice by slice, whatever the files, their row groups and the form of their columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import trained
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError
from vasp_models.scoring import sources
from vasp_models.scoring.pairs import gather
from vasp_models.scoring.sources import Pairs, Reader, Source, of_files, rows
from vasp_models.scoring.tables import as_they_are


@pytest.fixture
def catalogue():
    return Catalogue(pd.DataFrame({"id": [10, 20, 30, 40]}))


def written(path, columns, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two files of 23 and 9 histories in groups of 10 rows, and what is no part of them."""
    lists = [[str(n), str(n + 1)] for n in range(32)]
    users = [f"u{n}" for n in range(32)]
    written(tmp_path / "in" / "b.parquet", {"user": users[23:], "history": lists[23:]}, row_group_size=10)
    written(
        tmp_path / "in" / "a.parquet", {"user": users[:23], "history": lists[:23], "x": [0] * 23}, row_group_size=10
    )
    written(tmp_path / "in" / ".b.parquet", {"user": ["hidden"], "history": [["1"]]})
    written(tmp_path / "in" / "_more" / "c.parquet", {"user": ["hidden"], "history": [["1"]]})
    return tmp_path / "in"


def test_the_files_of_a_folder_are_read_in_the_order_of_their_names(folder):
    source = of_files(folder)
    assert isinstance(source, Source) and rows(source) == 32 and not source.numbers
    table = Reader(source, 4).read(0, 32)
    assert table.column_names == ["user", "history"]
    assert table.column("user").to_pylist() == [f"u{n}" for n in range(32)]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [3, 1, 4, 0, 2], [4, 4, 0, 0]])
def test_slices_are_the_same_in_any_order(folder, order):
    reader = Reader(of_files(folder), 4)
    for part in order:
        table = reader.read(part * 7, min(part * 7 + 7, 32))
        assert table.column("user").to_pylist() == [f"u{n}" for n in range(part * 7, min(part * 7 + 7, 32))]
        assert table.column("history").to_pylist()[0] == [str(part * 7), str(part * 7 + 1)]


def test_reading_forwards_decodes_each_row_once(folder, monkeypatch):
    decoded = []
    whole = pq.ParquetFile.iter_batches

    def counted(self, *given, **named):
        for batch in whole(self, *given, **named):
            decoded.append(len(batch))
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    reader = Reader(of_files(folder), 4)
    for start in range(0, 32, 3):
        reader.read(start, min(start + 3, 32))
    assert sum(decoded) == 32 and max(decoded) == 4


def test_the_digest_is_of_the_content(folder, tmp_path):
    before = of_files(folder).digest
    assert of_files(folder).digest == before
    written(folder / "b.parquet", {"user": ["other"], "history": [["1"]]})
    assert of_files(folder).digest != before


def test_a_file_without_rows_is_passed_over(folder):
    empty = {"user": pa.array([], pa.string()), "history": pa.array([], pa.list_(pa.string()))}
    written(folder / "a2.parquet", empty)
    with pq.ParquetWriter(folder / "a3.parquet", pa.table(empty).schema) as file:
        file.write_table(pa.table(empty))  # a row group of no rows
    reader = Reader(of_files(folder), 4)
    assert [len(reader.read(start, min(start + 7, 32))) for start in range(0, 32, 7)] == [7, 7, 7, 7, 4]


def test_files_may_differ_in_how_they_hold_text_and_numbers_but_not_in_which(tmp_path):
    large = {"user": pa.array(["c"], pa.large_string()), "history": pa.array([["3"]], pa.large_list(pa.large_string()))}
    written(tmp_path / "in" / "a.parquet", {"user": ["a"], "history": [["1"]]})
    written(tmp_path / "in" / "b.parquet", large)
    assert Reader(of_files(tmp_path / "in")).read(0, 2).column("user").to_pylist() == ["a", "c"]
    written(tmp_path / "in" / "b.parquet", {"user": [7], "history": [[3]]})
    with pytest.raises(DataError, match="do not have the same types .*: expected one kind"):
        Reader(of_files(tmp_path / "in")).read(0, 2)


def gathered(path, catalogue, columns, threshold, tmp_path):
    pairs = of_files(written(path, columns))
    assert isinstance(pairs, Pairs)
    left_out = gather(pairs, catalogue, threshold, tmp_path / "histories.parquet")
    source = sources.of_pairs(tmp_path / "histories.parquet", pairs.digest, pairs.given)
    return left_out, as_they_are(Reader(source).read(0, rows(source)))


def test_pairs_become_histories_in_the_order_of_time(tmp_path, catalogue):
    columns = {
        "user": [2, 1, 2, 1, 2, 3],
        "item": [30, 10, 10, 99, 20, 40],
        "timestamp": [5, 9, 1, 3, 4, 0],
        "rating": [5.0, 4.0, 4.0, 5.0, 5.0, 1.0],
    }
    left_out, found = gathered(tmp_path / "p.parquet", catalogue, columns, 4.0, tmp_path)
    assert left_out == 1, "the one rating below the threshold"
    assert found.users.to_pylist() == ["1", "2"], "whom nothing is known to please is not scored"
    assert [row.tolist() for row in found.rows] == [[0], [0, 1, 2]] and found.unknown.tolist() == [1, 0]


def test_pairs_without_time_and_ratings_keep_their_order_and_all_count(tmp_path, catalogue):
    columns = {"user": pa.array(["b", "a", "b"]).dictionary_encode(), "item": ["40", "10", " 20"]}
    left_out, found = gathered(tmp_path / "p.parquet", catalogue, columns, 4.0, tmp_path)
    assert left_out == 0 and found.users.to_pylist() == ["a", "b"]
    assert [row.tolist() for row in found.rows] == [[0], [3, 1]]


def test_implicit_data_have_no_threshold(tmp_path, catalogue):
    columns = {"user": [1, 1], "item": [10, 20], "rating": [0.5, 1.0]}
    left_out, found = gathered(tmp_path / "p.parquet", catalogue, columns, None, tmp_path)
    assert left_out == 0 and [row.tolist() for row in found.rows] == [[0, 1]]


def test_the_users_of_a_data_set_have_all_that_they_liked(tmp_path, home):
    saved = trained.checkpoint(home / "checkpoints" / "mine", "ease")
    data = trained.dataset(home / "datasets" / "planted")
    pairs = sources.of_data("planted")
    assert pairs.digest == data.fingerprint and pairs.given == {"data": "planted"}
    gather(pairs, saved.catalogue, data.threshold, tmp_path / "h.parquet")
    source = sources.of_pairs(tmp_path / "h.parquet", pairs.digest, pairs.given)
    found = as_they_are(Reader(source).read(0, rows(source)))
    whole = dict(zip(found.users.to_pylist(), found.rows, strict=True))
    for row in saved.users.rows("test"):
        user = saved.users.at(row)
        assert set(whole[user.id].tolist()) == {*user.history.tolist(), *user.held_out.tolist()}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"u": ["a"], "history": [["1"]]}, "has the columns u, history: expected the columns 'user' and 'history'"),
        ({"user": ["a"]}, "has the columns user: expected"),
    ],
)
def test_other_columns_are_told_with_what_is_expected(tmp_path, columns, said):
    with pytest.raises(DataError, match=said):
        of_files(written(tmp_path / "odd.parquet", columns))


def test_what_cannot_be_read_is_told(tmp_path, catalogue):
    with pytest.raises(DataError, match="is not there: expected a Parquet file, or a folder"):
        of_files(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no Parquet file"):
        of_files(tmp_path / "empty")
    (tmp_path / "text.parquet").write_text("user,history")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        of_files(tmp_path / "text.parquet")
    for name, odd in (
        ("user", {"user": ["a", None], "item": [1, 2]}),
        ("rating", {"user": [1], "item": [1], "rating": ["x"]}),
    ):
        with pytest.raises(DataError, match=f"{name!r}"):
            gather(of_files(written(tmp_path / "p.parquet", odd)), catalogue, 4.0, tmp_path / "h.parquet")
    assert not (tmp_path / "h.parquet").exists()


def test_nobody_is_no_error(tmp_path):
    path = written(
        tmp_path / "none.parquet", {"user": pa.array([], pa.string()), "history": pa.array([], pa.list_(pa.int64()))}
    )
    assert rows(of_files(path)) == 0 and len(Reader(of_files(path)).read(0, 0)) == 0
    assert np.array_equal(as_they_are(Reader(of_files(path)).read(0, 0)).rows, [])

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.data import layouts
from vasp_models.data import datasets
from vasp_models.data.importing import import_ratings
from vasp_models.data.ratings import Feedback, ratings_of, user_mean_counts
from vasp_models.errors import DataError, SettingError

HEADER = "user,item,rating,timestamp\n"


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(layouts.rows(), columns=["user", "item", "rating", "timestamp"])


def likes(n: int = 5, user: str = "1") -> str:
    """Lines that are enough for a data set."""
    return "".join(f"{user},{item},5,{item}\n" for item in range(1, n + 1))


def brought_in(text: str | bytes, tmp_path, name: str = "ratings.csv", items: str | None = None, **options):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    item_path = None
    if items is not None:
        item_path = tmp_path / "items.csv"
        item_path.write_text(items)
    return import_ratings(path, "mine", item_path, **options)


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def dat(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, header=False, sep="\t").replace("\t", "::").encode()


WRITERS = {
    "ratings.csv": lambda frame: frame.to_csv(index=False).encode(),
    "bom.csv": lambda frame: b"\xef\xbb\xbf" + frame.to_csv(index=False).encode(),
    "blank-lines.csv": lambda frame: frame.to_csv(index=False, lineterminator="\n\n").encode(),
    "windows.csv": lambda frame: frame.to_csv(index=False, lineterminator="\r\n").encode(),
    "quoted.csv": lambda frame: frame.astype(str).to_csv(index=False, quoting=1).encode(),
    "ratings.tsv": lambda frame: frame.to_csv(index=False, sep="\t").encode(),
    "semicolons.csv": lambda frame: frame.to_csv(index=False, sep=";").encode(),
    "ratings.csv.gz": lambda frame: gzip.compress(frame.to_csv(index=False).encode()),
    "ratings.csv.bz2": lambda frame: bz2.compress(frame.to_csv(index=False).encode()),
    "ratings.csv.xz": lambda frame: lzma.compress(frame.to_csv(index=False).encode()),
    "ratings.csv.zst": lambda frame: zstd(frame.to_csv(index=False).encode()),
    "ratings.zip": lambda frame: layouts.zipped({"some.csv": frame.to_csv(index=False).encode()}, ""),
    "ratings.dat": dat,
    "ratings.parquet": lambda frame: frame.to_parquet(index=False),
    "floats.parquet": lambda frame: frame.astype({"user": float, "item": float}).to_parquet(index=False),
    "gzipped.parquet": lambda frame: frame.to_parquet(index=False, compression="gzip"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_data_set(name, frame, tmp_path, home):
    dataset = brought_in(WRITERS[name](frame), tmp_path, name)
    pd.testing.assert_frame_equal(dataset.ratings(), frame)
    assert dataset.fingerprint == datasets.fingerprint(dataset.table(), dataset.items(), dataset.manifest)
    assert dataset.manifest["counts"]["unnamed_items"] == layouts.ITEMS


def test_the_order_of_rows_is_kept_and_part_of_the_fingerprint(frame, tmp_path, home):
    first = brought_in(frame.to_csv(index=False), tmp_path)
    shuffled = frame.sample(frac=1, random_state=1, ignore_index=True)
    second = brought_in(shuffled.to_csv(index=False), tmp_path, replace=True)
    pd.testing.assert_frame_equal(second.ratings(), shuffled)
    assert first.fingerprint != second.fingerprint


def test_usual_and_given_columns_are_found(tmp_path, home):
    text = "Review Text,ReviewerID,ASIN,overall,unixReviewTime\n" + "".join(f"x,a{i},b,5,1\n" for i in range(3))
    text += "".join(f"x,a,b{i},5,1\n" for i in range(5))
    assert brought_in(text, tmp_path).columns == ["user", "item", "rating", "timestamp"]
    renamed = text.replace("ReviewerID", "who").replace("overall", "how much")
    given = {"user": "who", "rating": "how much"}
    assert len(brought_in(renamed, tmp_path, columns=given, replace=True).ratings()) == 8
    with pytest.raises(DataError, match=r"line 1: no column for 'user' .*'who'.*--user-column"):
        brought_in(renamed, tmp_path, replace=True)
    with pytest.raises(DataError, match="no column 'nobody'"):
        brought_in(renamed, tmp_path, columns=given | {"user": "nobody"}, replace=True)


def test_implicit_rows_need_no_rating(tmp_path, home):
    dataset = brought_in("user,item\n" + "".join(f"1,{item}\n" for item in range(5)), tmp_path, feedback=Feedback(None))
    assert dataset.manifest["implicit"] and dataset.threshold is None and dataset.columns == ["user", "item"]
    with pytest.raises(DataError, match="no column for 'rating' .*--implicit"):
        brought_in("user,item\n1,2\n", tmp_path, replace=True)


def test_a_file_without_a_header_is_read_by_position(tmp_path, home):
    assert len(brought_in(likes(), tmp_path, header=False).ratings()) == 5


def test_text_ids_are_kept(tmp_path, home):
    items = 'id,name,year,genre\nx1,Café,1999,"Drama, Comedy"\n007,Bond,,\nx2,,,\n'
    text = "user,item,rating\n" + "".join(f"anna,{item},5\n" for item in ("x1", "x2", "x3", "x4", "x5"))
    dataset = brought_in(text, tmp_path, items=items)
    assert dataset.ratings()["item"].tolist() == ["x1", "x2", "x3", "x4", "x5"]
    table = dataset.items().set_index("id")
    assert table.loc["x1"].tolist() == ["Café", 1999, ["Drama", "Comedy"]]
    assert table.loc["007", "title"] == "Bond" and table.loc["x2", "title"] == "Item x2"
    assert dataset.manifest["counts"]["unnamed_items"] == 3


def test_ids_with_leading_zeros_stay_text(tmp_path, home):
    text = HEADER + likes(5).replace("1,1,", "1,0114709,")
    assert brought_in(text, tmp_path).ratings()["item"].tolist() == ["0114709", "2", "3", "4", "5"]


def test_spaces_around_ids_and_numbers_do_not_matter(tmp_path, home):
    dataset = brought_in(HEADER + likes(5).replace(",", " , "), tmp_path)
    assert dataset.ratings()["item"].tolist() == [1, 2, 3, 4, 5]


def test_repeated_pairs_collapse_to_the_latest(tmp_path, home):
    dataset = brought_in(HEADER + "1,1,5,300\n1,1,2,900\n1,1,4,100\n" + likes(6)[len("1,1,5,1\n") :], tmp_path)
    assert dataset.manifest["collapsed"] == {"rows": 2, "kept": "latest"}
    assert dataset.ratings().iloc[0].tolist() == [1, 1, 2.0, 900]
    assert dataset.manifest["counts"] | {"rows": 8, "ratings": 6} == dataset.manifest["counts"]


def test_repeated_pairs_without_times_collapse_to_the_highest(tmp_path, home):
    dataset = brought_in(HEADER + "1,1,3,0\n1,1,4.5,0\n1,1,4,0\n" + likes(5), tmp_path, timestamps=False)
    assert dataset.manifest["collapsed"] == {"rows": 3, "kept": "highest"}
    assert dataset.ratings()["rating"].tolist() == [5.0] * 5


def test_dates_become_seconds(tmp_path, home):
    text = "user,item,rating,date\n" + "".join(f"1,{item},5,1970-01-0{item + 1}\n" for item in range(1, 6))
    assert brought_in(text, tmp_path).ratings()["timestamp"].tolist() == [86_400 * day for day in range(1, 6)]


def test_another_scale_and_threshold(tmp_path, home):
    text = "user,item,rating\n" + "".join(f"1,{item},{item}\n" for item in range(1, 11))
    dataset = brought_in(text, tmp_path, feedback=Feedback(6, 1, 10))
    assert dataset.threshold == 6 and dataset.manifest["scale"] == [1, 10]
    with pytest.raises(DataError, match="threshold 4 is not on the scale of 6 to 10"):
        Feedback(4, 6, 10)


def test_counts_for_the_page_on_data(frame):
    ratings = ratings_of(frame)
    means = frame.groupby("user")["rating"].mean()
    counted = user_mean_counts(ratings)
    assert sum(counted.values()) == layouts.USERS
    assert sum(float(mean) * n for mean, n in counted.items()) / layouts.USERS == pytest.approx(means.mean(), abs=0.05)


def test_a_data_set_is_not_overwritten_unasked(frame, tmp_path, home):
    brought_in(frame.to_csv(index=False), tmp_path)
    with pytest.raises(DataError, match="already there.*--replace"):
        brought_in("", tmp_path)
    with pytest.raises(SettingError, match="the embedded data set"):
        import_ratings(tmp_path / "ratings.csv", "demo")
    (home / "datasets" / "other").mkdir()
    with pytest.raises(DataError, match="leaves it alone"):
        import_ratings(tmp_path / "ratings.csv", "other", replace=True)


def test_a_failed_replacement_leaves_the_old_data_set(frame, tmp_path, home):
    old = brought_in(frame.to_csv(index=False), tmp_path)
    with pytest.raises(DataError):
        brought_in(HEADER + "1,1,9,1\n", tmp_path, replace=True)
    assert datasets.load("mine").fingerprint == old.fingerprint
    assert [path.name for path in (home / "datasets").iterdir()] == ["mine"]


BAD = {
    "empty file": ("", "is empty"),
    "only a header": (HEADER, "has no rows"),
    "missing column": ("user,rating\n1,5\n", r"line 1: no column for 'item'"),
    "too few columns": (HEADER + likes() + "1,9\n", r"line 7 has 2 columns, expected 4"),
    "text for a rating": (HEADER + likes() + "1,9,good,1\n", "line 7: 'good' in column 'rating' is not a number"),
    "NaN for a rating": (HEADER + likes() + "1,9,NaN,1\n", "line 7 has no rating"),
    "empty rating": (HEADER + "1,9,,1\n" + likes(), "line 2 has no rating"),
    "infinite rating": (HEADER + "1,9,inf,1\n" + likes(), "line 2: the rating inf is out of range"),
    "rating too high": (
        HEADER + likes() + "\n\n1,9,5.5,1\n",
        r"line 9: the rating 5\.5 is out of range.*0\.5 to 5.*--h",
    ),
    "rating too low": (HEADER + "1,9,-1,1\n", "line 2: the rating -1 is out of range"),
    "empty user": (HEADER + likes() + ",9,5,1\n", "line 7 has no user id"),
    "NaN item": (HEADER + likes() + "1,nan,5,1\n", "line 7 has no item id"),
    "mixed users": (HEADER + likes() + "anna,9,5,1\n", "line 7: the user id 'anna' is text.*--text-ids"),
    "mixed items": (HEADER + "1,x,5,1\n" + likes(), "line 3: the item id '1' is a whole number.*--text-ids"),
    "empty time": (HEADER + likes() + "1,9,5,\n", "line 7 has no timestamp.*--no-timestamps"),
    "text for a time": (HEADER + likes() + "1,9,5,soon\n", "line 7: 'soon' in column 'timestamp' is no time"),
    "wrong encoding": (
        HEADER.encode() + "anna,1,5,1\nandré,1,5,1\n".encode("latin-1"),
        "line 3 is not in the encoding utf-8.*--encoding latin-1",
    ),
    "nobody likes enough": (HEADER + likes(4) + "1,9,3,1\n", "no user has 5 ratings of 4 or more.*--threshold"),
    "not a table": (b"\x00\x01\x02" * 100, "no column for 'user'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_with_the_line_and_leaves_nothing(case, tmp_path, home):
    text, message = BAD[case]
    with pytest.raises(DataError, match=message) as caught:
        brought_in(text, tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "ratings.csv") in str(caught.value) or case == "nobody likes enough"
    assert not list(home.rglob("*.parquet"))


BAD_ITEMS = {
    "missing title": ("id,genres\n1,a\n", "line 1: no column for 'title'.*--title-column"),
    "repeated id": ("id,title\n1,A\n2,B\n1,C\n", "line 4: the item 1 stands in line 2 already"),
    "text id": ("id,title\n1,A\nx,B\n", "line 3: the item id 'x' is not a whole number"),
    "empty id": ("id,title\n,A\n", "line 2 has no item id"),
    "too few columns": ("id,title\n1,A\n2\n", "line 3 has 1 columns, expected 2"),
    "other items": ("id,title\n101,A\n", "none of the 5 rated items is in it.*--item-id-column"),
}


@pytest.mark.parametrize("case", BAD_ITEMS)
def test_bad_items_are_one_sentence_with_the_line(case, tmp_path, home):
    items, message = BAD_ITEMS[case]
    with pytest.raises(DataError, match=r"items\.csv.*" + message):
        brought_in(HEADER + likes(), tmp_path, items=items)
    assert not list(home.rglob("*.parquet"))


def test_bad_parquet_is_named_by_its_row(tmp_path, home):
    frame = pd.DataFrame({"user": [1.0, np.nan], "item": ["a", "b"], "rating": [5.0, 5.0]})
    with pytest.raises(DataError, match="row 2 has no user id"):
        brought_in(frame.to_parquet(), tmp_path, "x.parquet")
    with pytest.raises(DataError, match="row 1: the user id 0.5 is no id"):
        brought_in(frame.assign(user=0.5).to_parquet(), tmp_path, "x.parquet")
    with pytest.raises(DataError, match="row 2 has no rating"):
        brought_in(frame.assign(user=1, rating=[5, None]).to_parquet(), tmp_path, "x.parquet")
    with pytest.raises(DataError, match="column 'rating' holds .*, expected numbers"):
        brought_in(frame.assign(user=1, rating=["good", "bad"]).to_parquet(), tmp_path, "x.parquet")
    with pytest.raises(DataError, match="damaged or not readable"):
        brought_in(frame.to_parquet()[:-20], tmp_path, "x.parquet")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_truncated_compressed_file_is_named(pack, frame, tmp_path, home):
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    with pytest.raises(DataError, match="is damaged or not readable.*fetch or copy it again"):
        brought_in(pack(frame.to_csv().encode())[:-40], tmp_path, "ratings.csv" + suffix)


def test_a_zip_of_one_file_is_expected(frame, tmp_path, home):
    two = layouts.zipped({"a.csv": b"x", "b.csv": b"x"}, "")
    with pytest.raises(DataError, match="holds 2 files, expected one: unpack it"):
        brought_in(two, tmp_path, "two.zip")
    with pytest.raises(DataError, match="is damaged or not readable"):
        brought_in(two[:-30], tmp_path, "cut.zip")


def test_a_missing_file_is_named(tmp_path, home):
    with pytest.raises(DataError, match="absent.csv is not there: expected a file"):
        import_ratings(tmp_path / "absent.csv", "mine")


def test_a_folder_is_no_file_of_ratings(tmp_path, home):
    with pytest.raises(
        DataError, match="is a folder: expected a file; of a folder of DeepCF's files say --format deep"
    ):
        import_ratings(tmp_path, "mine")


def test_latin_1_ratings_can_be_read_when_named(tmp_path, home):
    text = HEADER + likes(5, "andré")
    assert brought_in(text.encode("latin-1"), tmp_path, encoding="latin-1").ratings()["user"][0] == "andré"
    with pytest.raises(DataError, match="Unknown encoding 'latin-one'"):
        brought_in(text, tmp_path, encoding="latin-one", replace=True)


def test_a_separator_of_two_characters_is_refused(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n1,2,5\n")
    with pytest.raises(SettingError, match="expected one character"):
        import_ratings(path, f"{tmp_path}/new", separator="ab")

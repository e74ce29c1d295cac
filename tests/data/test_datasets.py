from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from tests.data import layouts
from vasp_models.data import binarising, datasets, releases
from vasp_models.data.importing import Source, assemble
from vasp_models.data.ratings import Feedback, ratings_of
from vasp_models.errors import DataError


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> datasets.Dataset:
    folder = tmp_path_factory.mktemp("data")
    files = layouts.written(layouts.release("ml-latest-small"), folder / "files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(folder))
        return releases.get("ml-latest-small", files)


@pytest.fixture
def dataset(original, home) -> datasets.Dataset:
    """A copy that a test may damage, under its name in the home."""
    folder = home / "datasets" / original.name
    shutil.copytree(original.folder, folder)
    return datasets.load(original.name)


def test_a_data_set_is_found_by_name_and_by_folder(dataset, home):
    assert datasets.names() == ["ml-latest-small"] or datasets.names() == ["demo", "ml-latest-small"]
    assert datasets.load(dataset.folder).manifest == dataset.manifest
    assert (dataset.title, dataset.simulated, dataset.threshold) == ("MovieLens latest, small", False, 4.0)
    assert not [path for path in dataset.folder.iterdir() if path.name.startswith(".")]


def test_an_unknown_name_says_what_there_is_and_how_to_get_more(dataset, home):
    with pytest.raises(DataError, match="no data set 'ml-1m'.*ml-latest-small.*vasp-lens data get"):
        datasets.load("ml-1m")


def change(dataset: datasets.Dataset, **facts: object) -> None:
    path = dataset.folder / datasets.MANIFEST
    path.write_text(json.dumps(dataset.manifest | facts))


def test_a_newer_or_foreign_folder_is_refused(dataset, home):
    change(dataset, schema=99)
    with pytest.raises(DataError, match="schema 99, this program reads 1: update VASP Lens"):
        datasets.load(dataset.name)
    change(dataset, kind="something")
    with pytest.raises(DataError, match="is no data set of VASP Lens"):
        datasets.load(dataset.name)
    (dataset.folder / datasets.MANIFEST).write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        datasets.load(dataset.name)


def test_a_cut_off_or_missing_file_is_refused(dataset, home):
    path = dataset.folder / datasets.RATINGS
    content = path.read_bytes()
    path.write_bytes(content[:-10])
    with pytest.raises(DataError, match=r"ratings\.parquet has .* bytes, expected"):
        datasets.load(dataset.name)
    path.unlink()
    with pytest.raises(DataError, match=r"ratings\.parquet is missing, expected"):
        datasets.load(dataset.name)
    path.write_bytes(b"x" * len(content))
    with pytest.raises(DataError, match="is damaged"):
        datasets.load(dataset.name).ratings()


def test_the_fingerprint_tells_content_and_threshold(dataset):
    table, items, facts = dataset.table(), dataset.items(), dataset.manifest
    same = datasets.fingerprint(table.slice(0, 10), items, facts)
    assert dataset.fingerprint == datasets.fingerprint(table, items, facts)
    changed = items.assign(title=["Other", *items["title"][1:]])
    others = {
        datasets.fingerprint(table, items, facts | {"threshold": 3.5}),
        datasets.fingerprint(table, changed, facts),
        datasets.fingerprint(table.select(["user", "item", "rating"]), items, facts),
        same,
    }
    assert len(others | {dataset.fingerprint}) == 5


def test_the_fingerprint_does_not_depend_on_how_rows_are_grouped(dataset):
    import pyarrow as pa

    table, items, facts = dataset.table(), dataset.items(), dataset.manifest
    pieces = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    assert datasets.fingerprint(pieces, items, facts) == dataset.fingerprint


def test_likes_are_the_high_ratings_of_users_with_five(dataset):
    likes = binarising.binarised(dataset)
    frame = dataset.ratings()
    frame = frame[frame["rating"] >= 4]
    frame = frame[frame.groupby("user")["item"].transform("size") >= 5].sort_values(["user", "item"])
    assert likes.user_ids.tolist() == sorted(frame["user"].unique())
    assert likes.item_ids[likes.likes.indices].tolist() == frame["item"].tolist()
    assert likes.user_ids[likes.likes.row_numbers].tolist() == frame["user"].tolist()
    assert likes.times.tolist() == frame["timestamp"].tolist()
    assert likes.likes.n_items == len(likes.item_ids) == frame["item"].nunique()


def test_implicit_rows_all_count(tmp_path):
    frame = pd.DataFrame({"user": ["a"] * 6, "item": list("uvwxyz")})
    made = assemble(tmp_path / "implicit", ratings_of(frame), None, Feedback(None), Source("Implicit"))
    likes = binarising.binarised(made)
    assert likes.user_ids.tolist() == ["a"] and likes.likes.n_pairs == 6 and likes.times is None

"""A run leaves whole parts, goes on where it broke, and never mixes two checkpoints or settings in one folder."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import trained
from vasp_models import checkpoints, places
from vasp_models.errors import DataError, ScoringError
from vasp_models.scoring import Scoring, folder, running, sources, tables

SETTINGS = Scoring(k=5, named=2, users_per_part=60)
HERE = running.in_this_process("cpu")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint of 160 users: three parts, the last of them short."""
    return trained.checkpoint(tmp_path_factory.mktemp("scoring") / "vasp")


@pytest.fixture(scope="module")
def whole(saved, tmp_path_factory):
    out = tmp_path_factory.mktemp("scores") / "out"
    running.run(saved, sources.of_checkpoint(saved), out, SETTINGS, HERE)
    return out


def scored(saved, out, settings=SETTINGS, maker=HERE):
    return running.run(saved, sources.of_checkpoint(saved), out, settings, maker)


def bits(out):
    return {path.name: path.read_bytes() for path in sorted((out / "parts").iterdir())}


def test_all_users_of_the_checkpoint_are_there_with_the_lists_of_their_histories(saved, whole):
    table = pq.read_table(whole / "parts")
    assert table.column("user").to_pylist() == saved.users.frame["id"].tolist()
    assert list(bits(whole)) == [f"part-{n:05d}.parquet" for n in range(3)]
    assert [len(pq.read_table(path)) for path in sorted((whole / "parts").iterdir())] == [60, 60, 40]
    model, row = saved.model(), saved.users.rows("test")[3]
    ids = [[str(each) for each in saved.catalogue.ids[saved.users.at(row).history]]]
    alone = tables.score(pa.table({"user": ["x"], "history": ids}), model, saved.catalogue, SETTINGS).to_pylist()[0]
    there = table.slice(int(row), 1).to_pylist()[0]
    assert there["items"] == alone["items"]
    assert np.abs(np.subtract(there["log_score"], alone["log_score"])).max() < 1e-5


def test_the_manifest_says_of_what_and_how_again(saved, whole):
    told = json.loads((whole / "scoring.json").read_text())
    assert (told["kind"], told["schema"], told["users"], told["parts"]) == ("vasp-lens scores", 1, 160, 3)
    assert told["checkpoint"] == saved.digest == told["provenance"]["checkpoint_digest"]
    assert told["settings"] == {"k": 5, "reasons": "linear", "named": 2, "users_per_part": 60}
    assert told["linear"]["factor"] == "nease" and told["factors"][0] == "nease"
    assert "--to" in told["provenance"]["command"] and "-k 5 --reasons linear" in told["provenance"]["command"]


def test_the_same_run_again_makes_nothing(saved, whole):
    before = {path: path.stat().st_mtime_ns for path in (whole / "parts").iterdir()}
    done = scored(saved, whole)
    assert (done.made, done.kept) == (0, 3)
    assert {path: path.stat().st_mtime_ns for path in (whole / "parts").iterdir()} == before


@pytest.mark.parametrize("harm", ["gone", "cut", "emptied", "altered", "foreign"])
def test_a_part_that_is_not_whole_is_made_again_to_the_same_bits(saved, whole, tmp_path, harm):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    path = out / "parts" / "part-00001.parquet"
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "emptied":
        path.write_bytes(b"")
    elif harm == "altered":  # in the middle of the data: only a checksum can tell
        middle = len(content) // 3
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :])
    else:  # a part of other rows under its name
        shutil.copyfile(out / "parts" / "part-00000.parquet", path)
    done = scored(saved, out)
    assert (done.made, done.kept, done.users_made) == (1, 2, 60)
    assert bits(out) == bits(whole)


def test_a_run_that_breaks_keeps_its_whole_parts_and_is_gone_on_with(saved, whole, tmp_path):
    out = tmp_path / "out"

    def breaks(where, missing):
        yield from HERE(where, missing[:1])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scored(saved, out, maker=breaks)
    assert list(bits(out)) == ["part-00000.parquet"]
    done = scored(saved, out)
    assert (done.made, done.kept) == (2, 1) and bits(out) == bits(whole)


def test_a_run_that_breaks_in_the_middle_of_a_file_leaves_none(saved, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"

    def full(table, path, **_):
        path.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(folder.pq, "write_table", full)
        with pytest.raises(OSError, match="No space left"):
            scored(saved, out)
    assert not list((out / "parts").iterdir())
    assert scored(saved, out).made == 3 and bits(out) == bits(whole)


def test_a_folder_that_was_begun_otherwise_is_refused_and_left_alone(saved, whole, tmp_path):
    before = bits(whole)
    other = trained.checkpoint(tmp_path / "other", "ease")
    with pytest.raises(ScoringError, match="holds scores of checkpoint .* and not .*choose another --to, or remove"):
        scored(other, whole)
    with pytest.raises(ScoringError, match="holds scores of k 5 and not 6, named 2 and not 3: choose"):
        scored(saved, whole, Scoring(k=6, named=3, users_per_part=60))
    path = tmp_path / "h.parquet"
    pq.write_table(pa.table({"user": ["a"], "history": [["1"]]}), path)
    with pytest.raises(ScoringError, match="holds scores of histories"):
        running.run(saved, sources.of_files(path), whole, SETTINGS, HERE)
    assert bits(whole) == before


def test_a_folder_of_other_things_is_refused(saved, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ScoringError, match="is there and holds no scores: choose another --to"):
        scored(saved, tmp_path)
    with pytest.raises(ScoringError, match="is a file: choose another --to"):
        scored(saved, tmp_path / "mine.txt")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "scoring.json").write_text("{")
    with pytest.raises(ScoringError, match="cannot be read as a plan of scores"):
        scored(saved, tmp_path / "begun")
    assert not (tmp_path / "parts").exists()


def test_what_a_broken_beginning_leaves_is_no_obstacle(saved, whole, tmp_path):
    out = tmp_path / "out"
    (out / "parts").mkdir(parents=True)
    (out / ".77.histories.parquet").write_bytes(b"half")
    assert scored(saved, out).made == 3 and bits(out) == bits(whole)


def test_pairs_are_gathered_once_and_lists_of_ids_give_the_same(saved, tmp_path):
    users = [saved.users.at(row) for row in saved.users.rows("train")[:7]]
    ids = [[str(each) for each in saved.catalogue.ids[user.history]] + ["no such film"] for user in users]
    names = [f"{n}" for n in range(7)]
    pq.write_table(pa.table({"user": names, "history": ids}), tmp_path / "lists.parquet")
    flat = [(name, item) for name, row in zip(names, ids, strict=True) for item in reversed(row)]
    pairs = pa.table({"user": [user for user, _ in flat], "item": [item for _, item in flat]})
    pq.write_table(pairs, tmp_path / "pairs.parquet")
    found = {}
    for form in ("lists", "pairs"):
        done = running.run(
            saved, sources.of_files(tmp_path / f"{form}.parquet"), tmp_path / form, Scoring(k=5, users_per_part=3), HERE
        )
        assert (done.made, done.unknown, done.plan.users) == (3, 7, 7)
        found[form] = pq.read_table(tmp_path / form / "parts").to_pylist()
    assert found["lists"] == found["pairs"]
    again = running.run(
        saved, sources.of_files(tmp_path / "pairs.parquet"), tmp_path / "pairs", Scoring(k=5, users_per_part=3), HERE
    )
    assert (again.made, again.unknown) == (0, 7)
    shutil.move(tmp_path / "pairs", tmp_path / "moved")  # what is gathered moves with its folder
    (tmp_path / "moved" / "parts" / "part-00001.parquet").unlink()
    moved = running.run(
        saved, sources.of_files(tmp_path / "pairs.parquet"), tmp_path / "moved", Scoring(k=5, users_per_part=3), HERE
    )
    assert moved.made == 1 and pq.read_table(tmp_path / "moved" / "parts").to_pylist() == found["lists"]


def test_the_same_histories_may_lie_elsewhere_and_what_was_gathered_may_be_lost(saved, tmp_path):
    ids = [[str(each) for each in saved.catalogue.ids[[2, 5, row]]] for row in range(7, 11)]
    (tmp_path / "a").mkdir()
    pq.write_table(pa.table({"user": list("abcd"), "history": ids}), tmp_path / "a" / "h.parquet")
    flat = {"user": [user for user in "abcd" for _ in range(3)], "item": sum(ids, [])}
    (tmp_path / "b").mkdir()
    pq.write_table(pa.table(flat), tmp_path / "b" / "p.parquet")
    settings = Scoring(k=5, users_per_part=2)
    for source, lost in (("a/h.parquet", None), ("b/p.parquet", "histories.parquet")):
        out = tmp_path / f"of-{source[0]}"
        running.run(saved, sources.of_files(tmp_path / source), out, settings, HERE)
        before = bits(out)
        (out / "parts" / "part-00001.parquet").unlink()
        if lost:
            (out / lost).unlink()
        moved = tmp_path / "moved" / source
        moved.parent.mkdir(parents=True)
        shutil.move(tmp_path / source, moved)
        done = running.run(saved, sources.of_files(moved), out, settings, HERE)
        assert (done.made, done.kept) == (1, 1) and bits(out) == before


def test_scores_that_go_into_the_folder_of_histories_are_none(saved, tmp_path):
    pq.write_table(pa.table({"user": ["a"], "history": [["1"]]}), tmp_path / "h.parquet")
    out = tmp_path / "out"
    for made in (1, 0):
        done = running.run(saved, sources.of_files(tmp_path, without=out), out, SETTINGS, HERE)
        assert (done.made, done.plan.users) == (made, 1)


def test_a_worker_refuses_another_checkpoint_than_the_plans(saved, whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    told = json.loads((out / "scoring.json").read_text())
    told["checkpoint_folder"] = f"{places.checkpoint_folder(places.DEMO)}"
    (out / "scoring.json").write_text(json.dumps(told))
    with pytest.raises(ScoringError, match="is not the checkpoint that .* was begun with: expected the same on every"):
        running.Worker(out, "cpu")


def test_histories_that_are_damaged_are_told_by_their_file(saved, tmp_path):
    path = tmp_path / "h.parquet"
    pq.write_table(pa.table({"user": ["a"] * 500, "history": [["1", "2"]] * 500}), path, compression="none")
    source = sources.of_files(path)
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="h.parquet cannot be read as Parquet"):
        running.run(saved, source, tmp_path / "out", SETTINGS, HERE)


def test_nobody_makes_no_parts(saved, tmp_path):
    columns = {"user": pa.array([], pa.string()), "history": pa.array([], pa.list_(pa.string()))}
    pq.write_table(pa.table(columns), tmp_path / "none.parquet")
    done = running.run(saved, sources.of_files(tmp_path / "none.parquet"), tmp_path / "out", SETTINGS, HERE)
    assert (done.plan.users, done.plan.parts, done.made) == (0, 0, 0)


def test_a_model_of_order_reads_histories_in_theirs(tmp_path):
    saved = trained.checkpoint(tmp_path / "svae", "svae", epochs=1)
    ids = [str(each) for each in saved.catalogue.ids[[3, 1, 8]]]
    asked = pa.table({"user": ["there", "back"], "history": [ids, ids[::-1]]})
    there, back = tables.score(asked, saved.model(), saved.catalogue, Scoring(k=5)).to_pylist()
    assert there["score"] != back["score"]
    assert checkpoints.load(f"{saved.folder}/").manifest["dataset"]["ordered"]

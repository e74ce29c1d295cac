"""A checkpoint comes back as it was saved, and whatever is wrong with a folder is said in one sentence."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
import torch

from tests import trained
from vasp_models import checkpoints, manifests, runs
from vasp_models.data import datasets, verified
from vasp_models.data.interactions import Interactions
from vasp_models.errors import CheckpointError, UnknownUserError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return trained.checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture
def copy(saved, tmp_path):
    shutil.copytree(saved.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_scores_survive_the_disk_bit_for_bit(saved, tmp_path):
    plan = trained.plan(trained.dataset(tmp_path / "data"))
    model = runs.fit(plan).model
    rows = plan.split.test_in
    assert (checkpoints.load(f"{saved.folder}/").model().score(rows) == model.score(rows)).all()


@pytest.mark.parametrize("name", ["ease", "nease", "popularity"])
def test_every_kind_of_model_comes_back(name, tmp_path):
    saved = trained.checkpoint(tmp_path / name, name)
    scores = saved.model().score(Interactions.from_lists([[0, 1]], len(saved.catalogue)))
    assert np.isfinite(scores).all()
    assert runs.evaluate_checkpoint(saved)["ndcg@100"] == saved.metrics["test"]["ndcg@100"]


def test_users_catalogue_curve_and_metrics_are_there_without_the_model(saved, tmp_path):
    split = trained.plan(trained.dataset(tmp_path / "data")).split
    user = saved.users.find(split.test_users[3])
    assert user.split == "test"
    assert user.history.tolist() == split.test_in.row(3).tolist()  # in the order of time
    assert user.held_out.tolist() == split.test_te.row(3).tolist()
    assert len(saved.users) == sum(len(part) for part in (split.train, split.val_in, split.test_in))
    assert saved.catalogue.titles[0] == "The Film 1 (1951)"
    assert saved.catalogue.frame["train_users"].tolist() == split.train.item_counts.tolist()
    assert saved.curve["kept"].sum() == 1
    assert set(saved.metrics["baselines"]) == {"popularity", "ease"}


def test_a_train_user_has_a_whole_history_and_nothing_held_out(saved):
    row = saved.users.rows("train")[0]
    user = saved.users.at(row)
    assert len(user.history) == saved.users.frame["n_history"][row] > 0
    assert len(user.held_out) == 0


def test_the_five_hold_outs_of_the_vasp_protocol_are_kept(tmp_path):
    data = trained.dataset(tmp_path / "data")
    plan = trained.plan(data, "ease", protocol="vasp")
    saved = runs.train(plan, tmp_path / "vasp", "vasp-lens train")
    folds = saved.test_folds()
    assert len(folds) == 5
    for (known, held), (known_saved, held_saved) in zip(plan.split.test_folds, folds, strict=True):
        for row in range(len(known)):
            assert sorted(known.row(row)) == sorted(known_saved.row(row))
            assert sorted(held.row(row)) == sorted(held_saved.row(row))
    assert runs.evaluate_checkpoint(saved)["ndcg@100"] == saved.metrics["test"]["ndcg@100"]


def test_an_unknown_user_is_named_with_some_that_exist(saved):
    with pytest.raises(UnknownUserError, match="'nobody'.*test users are"):
        saved.users.find("nobody")


def test_a_missing_checkpoint_names_the_command(home):
    with pytest.raises(CheckpointError, match="vasp-lens train"):
        checkpoints.load("nowhere")


@pytest.mark.parametrize("name", ["weights.safetensors", "catalogue.parquet", "histories.parquet", "metrics.json"])
def test_a_truncated_file_is_refused(copy, name):
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=rf"{name} has [\d,]+ bytes, not"):
        checkpoints.load(f"{copy}/")


def test_a_flipped_byte_is_refused(copy):
    path = copy / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="SHA-256"):
        checkpoints.load(f"{copy}/")


def test_a_missing_file_is_refused(copy):
    (copy / "curve.json").unlink()
    with pytest.raises(CheckpointError, match="curve.json is missing"):
        checkpoints.load(f"{copy}/")


def test_a_foreign_folder_is_refused(copy):
    (copy / "checkpoint.json").write_text('{"kind": "something else"}')
    with pytest.raises(CheckpointError, match="no checkpoint of VASP Lens"):
        checkpoints.load(f"{copy}/")


def test_a_newer_schema_is_refused(copy):
    manifest = json.loads((copy / "checkpoint.json").read_text())
    (copy / "checkpoint.json").write_text(json.dumps({**manifest, "schema": 99}))
    with pytest.raises(CheckpointError, match="schema 99.*update VASP Lens"):
        checkpoints.load(f"{copy}/")


@pytest.mark.parametrize("lost", ["files", "dataset", "model", "settings"])
def test_a_manifest_that_lacks_something_is_refused(copy, lost):
    manifest = json.loads((copy / "checkpoint.json").read_text())
    del manifest[lost]
    (copy / "checkpoint.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match=f"says nothing on .*{lost}"):
        checkpoints.load(f"{copy}/")


@pytest.mark.parametrize("schema", [0, True, "1", None])
def test_a_schema_that_is_none_is_refused(copy, schema):
    manifest = json.loads((copy / "checkpoint.json").read_text())
    (copy / "checkpoint.json").write_text(json.dumps({**manifest, "schema": schema}))
    with pytest.raises(CheckpointError, match="schema"):
        checkpoints.load(f"{copy}/")


def test_large_weights_are_checked_where_they_are_read(copy, monkeypatch):
    monkeypatch.setattr(manifests, "HASHED_UP_TO", 100)
    path = copy / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    loaded = checkpoints.load(f"{copy}/")  # quick: by size alone
    with pytest.raises(CheckpointError, match="SHA-256"):
        loaded.model()


def test_large_weights_are_hashed_once_for_each_time_that_they_were_written(copy, home, monkeypatch):
    hashed = []
    monkeypatch.setattr(manifests, "HASHED_UP_TO", 100)
    monkeypatch.setattr(verified, "sha256_of", lambda path: hashed.append(path) or datasets.sha256_of(path))
    path, loaded = copy / "weights.safetensors", checkpoints.load(f"{copy}/")
    for _ in range(3):
        loaded.model()
    assert hashed == [path]
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(1, 1))
    loaded.model()
    assert hashed == [path, path]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    for _ in range(2):  # a refusal is not remembered either
        with pytest.raises(CheckpointError, match="SHA-256"):
            loaded.model()


def test_without_a_cache_large_weights_are_hashed_each_time(copy, tmp_path, monkeypatch):
    monkeypatch.setattr(manifests, "HASHED_UP_TO", 100)
    (tmp_path / "file").touch()
    monkeypatch.setenv("VASP_LENS_HOME", str(tmp_path / "file"))
    assert checkpoints.load(f"{copy}/").model().n_items > 0


def test_weights_are_mapped_and_what_is_written_into_them_stays_in_the_process(copy):
    path, loaded = copy / "weights.safetensors", checkpoints.load(f"{copy}/")
    before = path.read_bytes()
    first, second = loaded.model(), loaded.model()
    with torch.no_grad():
        first.nets["nease"].W.zero_()
    assert second.nets["nease"].W.abs().sum() > 0
    assert path.read_bytes() == before


def test_settings_out_of_range_are_refused_as_damage(copy):
    manifest = json.loads((copy / "checkpoint.json").read_text())
    manifest["settings"]["parts"]["flvae"]["hidden"] = -3
    (copy / "checkpoint.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="hidden is -3"):
        checkpoints.load(f"{copy}/").model()


def test_a_damaged_manifest_is_refused(copy):
    (copy / "checkpoint.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.load(f"{copy}/")


def test_settings_that_do_not_fit_the_weights_are_refused(copy):
    manifest = json.loads((copy / "checkpoint.json").read_text())
    manifest["settings"]["parts"]["flvae"]["hidden"] = 17
    (copy / "checkpoint.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="does not fit its settings"):
        checkpoints.load(f"{copy}/").model()


def test_a_folder_with_something_else_in_it_is_not_overwritten(saved, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        runs.train(trained.plan(trained.dataset(tmp_path / "data"), "ease"), tmp_path / "mine", "vasp-lens train")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"

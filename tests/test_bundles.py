"""A bundle answers what the model answers, bit for bit; what it does not hold it says in one sentence."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields, is_dataclass
import json
from pathlib import Path
import shutil
import subprocess
import sys
import tomllib

import numpy as np
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pandas as pd
import pytest

from tests import trained
from tests.bare import GUARD
from vasp_models import answering, checkpoints, manifests, measures, measuring
from vasp_models.answering import JOINT
from vasp_models.bundles import SHOWN, counted, making
from vasp_models.bundles.needs import MODEL_ONLY, packages
from vasp_models.data.audience import audience
from vasp_models.data.personas import persona_films, personas
from vasp_models.data.tastes import tastes
from vasp_models.errors import BundleError, CheckpointError, ExplanationError, SettingError, UnknownUserError
from vasp_models.evaluation.served import Served

MODELS = ("vasp", "ease", "popularity")  # with factors and parts, with a linear score, the same for everybody
USERS, K = 3, 6


@pytest.fixture(scope="module", params=MODELS)
def pair(request, tmp_path_factory):
    """A checkpoint and the bundle that was made of it, with who answers for both."""
    folder = tmp_path_factory.mktemp("bundles")
    whole = trained.checkpoint(folder / request.param, request.param)
    made = making.make(whole, folder / "bundle", making.rows_of(whole, USERS), K, command="vasp-lens bundle")
    return whole, made, answering.open(whole, "cpu"), answering.open(made)


@pytest.fixture(scope="module")
def vasp(tmp_path_factory):
    return trained.checkpoint(tmp_path_factory.mktemp("whole") / "vasp")


@pytest.fixture(scope="module")
def bundle(vasp):
    return making.make(vasp, vasp.folder.with_name("bundle"), making.rows_of(vasp, 2), 3)


@pytest.fixture
def copy(bundle, tmp_path):
    shutil.copytree(bundle.folder, tmp_path / "copy")
    return tmp_path / "copy"


def same(one: object, other: object, where: str = "") -> None:
    """Fail where two answers differ in a bit, a type or a name."""
    assert type(one) is type(other), f"{where}: {type(one)} is not {type(other)}"
    if is_dataclass(one):
        for field in fields(one):
            same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for name in one:
            same(one[name], other[name], f"{where}[{name}]")
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), where
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=len(one) > 0)
    else:
        assert one == other, where


def rankings(live) -> tuple[str, ...]:
    return (JOINT, *live.parts)


def test_lists_of_any_length_are_those_of_the_model(pair):
    whole, made, live, stored = pair
    assert stored.parts == live.parts and len(made.users) == USERS
    for row in range(USERS):
        history = made.users.at(row).history
        for rank_by in rankings(live):
            for k in (1, K, len(whole.catalogue)):
                same(live.recommend(history, k, rank_by), stored.recommend(history, k, rank_by))


def test_every_reason_is_that_of_the_model(pair):
    _, made, live, stored = pair
    for row in range(USERS):
        history = made.users.at(row).history
        listed = live.recommend(history, answering.LISTED).items
        same(live.reasons(history, listed), stored.reasons(history, listed))
        for item in listed.tolist():
            same(live.curve(history, item), stored.curve(history, item))
            same(live.removals(history, item), stored.removals(history, item))
            same(live.pairs(history, item), stored.pairs(history, item))
        for rank_by in rankings(live):
            items = live.recommend(history, K, rank_by).items
            shown = live.recommend(history, SHOWN, rank_by).items
            same(live.effects(history, shown), stored.effects(history, shown))
            alone = items[~np.isin(items, listed)][:1]
            same(live.reasons(history, alone), stored.reasons(history, alone)) if len(alone) else None


def test_one_film_an_empty_profile_and_the_personas_have_their_lists(pair):
    whole, _, live, stored = pair
    for item in range(len(whole.catalogue)):
        for rank_by in rankings(live):
            for k in (1, making.FILMS_K):
                same(live.recommend(np.array([item]), k, rank_by), stored.recommend(np.array([item]), k, rank_by))
    for films in (np.empty(0, np.int64), *(persona_films(whole.catalogue, name) for name in personas(whole.catalogue))):
        for rank_by in rankings(live):
            everything = len(whole.catalogue)
            same(live.recommend(films, everything, rank_by), stored.recommend(films, everything, rank_by))


def test_what_train_users_had_is_told_without_their_histories(vasp, bundle):
    whole, made = vasp, bundle
    histories = whole.users.histories.take(whole.users.rows("train"))
    favourites = tastes(histories, whole.catalogue)["taste"].to_numpy(dtype=object)
    for item in range(len(whole.catalogue)):
        found, kept = audience(histories, whole.catalogue, item, favourites), counted.audience(made, item)
        same(found.together.head(counted.MOST_TOGETHER), kept.together)
        same(found.tastes, kept.tastes)
        for name in ("fans", "users", "length", "usual_length", "chance_length", "by_length"):
            same(getattr(found, name), getattr(kept, name), name)
    assert counted.split_sizes(made) == counted.split_sizes(whole)
    assert sorted(counted.train_lengths(made)) == sorted(counted.train_lengths(whole))
    assert set(made.users.frame["split"]) == {"test"}, "nobody else's history leaves the house"


def test_a_bundle_is_a_checkpoint_without_a_model(vasp, bundle):
    again = checkpoints.load(f"{bundle.folder}/")
    assert again.is_bundle and not vasp.is_bundle
    assert again.digest == vasp.digest == vasp.content != again.content
    assert again.label == f"{vasp.label} · bundle"
    assert again.metrics == vasp.metrics and again.curve.equals(vasp.curve)
    assert again.catalogue.frame.equals(vasp.catalogue.frame)
    assert not list(bundle.folder.glob(f"**/{checkpoints.WEIGHTS}"))
    with pytest.raises(BundleError, match=f"no model.*expected the checkpoint that it was made of, {vasp.name}"):
        again.model()


def test_measures_are_found_in_a_bundle(vasp, tmp_path):
    shutil.copytree(vasp.folder, tmp_path / "measured")
    whole = checkpoints.load(f"{tmp_path}/measured")
    measures.save(whole, "audit", {"gates": [], "worth": 0.25}, "vasp-lens audit", 1.0)
    made = making.make(whole, tmp_path / "bundle", making.rows_of(whole, 1), 1)
    assert measures.find(made, "audit") == measures.find(whole, "audit") is not None
    assert measures.find(made, "parts") is None


def test_a_bundle_does_not_tell_which_films_other_users_had_held_out(vasp, tmp_path):
    shutil.copytree(vasp.folder, tmp_path / "measured")
    whole = checkpoints.load(f"{tmp_path}/measured")
    found = measuring.measure(whole, "quality", lambda *_: None, users=9)
    measures.save(whole, "quality", found, "vasp-lens quality", 1.0)
    made = making.make(whole, tmp_path / "bundle", making.rows_of(whole, 1), 1)
    kept, full = measures.find(made, "quality"), measures.find(whole, "quality")
    assert "film" in full["held_out"] and "film" not in kept["held_out"]
    for kind in ("history", "genre"):
        metric = "found@20" if kind == "genre" else "recall@20"
        both = (Served(each, whole.catalogue).accuracy(kind, metric) for each in (kept, full))
        pd.testing.assert_frame_equal(*both)


def test_users_are_the_example_and_others_drawn_by_the_seed(vasp):
    rows, again, other = (making.rows_of(vasp, 5, seed=seed) for seed in (0, 0, 1))
    (first,) = making.rows_of(vasp, 1)
    assert len(set(rows.tolist())) == 5 and (rows == np.sort(rows)).all()
    assert (rows == again).all() and (rows != other).any() and first in rows and first in other
    assert set(vasp.users.frame["split"].iloc[rows]) == {"test"}
    assert len(making.rows_of(vasp, 10_000)) == len(vasp.users.rows("test")), "all where there are no more"


def test_users_can_be_named_from_every_part_of_the_split(vasp):
    frame = vasp.users.frame
    named = [frame["id"].iloc[vasp.users.rows(split)[1]] for split in ("test", "train")]
    assert sorted(frame["id"].iloc[making.rows_of(vasp, ids=[*named, named[0]])]) == sorted(named)
    with pytest.raises(UnknownUserError, match="There is no user 'nobody'"):
        making.rows_of(vasp, ids=["nobody"])


def test_what_is_not_held_is_said_with_the_command_that_answers(vasp, bundle):
    stored, open_it = answering.open(bundle), f"`vasp-lens app {vasp.name}`"
    history = bundle.users.at(0).history
    with pytest.raises(BundleError, match=f"its 2 users, for personas and single films, not for.*{open_it}"):
        stored.recommend(history[:-1], 10)
    with pytest.raises(BundleError, match="not for this history"):
        stored.recommend(np.array([3]), making.FILMS_K + 1)
    explained = answering.open(vasp, "cpu").recommend(history, len(vasp.catalogue)).items
    outside = next(item for item in explained.tolist()[::-1] if item not in history)
    for ask in (stored.curve, stored.removals, stored.pairs, lambda films, item: stored.reasons(films, [item])):
        with pytest.raises(BundleError, match=f"is not among the first 3 films of this user’s lists.*{open_it}"):
            ask(history, outside)
        with pytest.raises(BundleError, match="explains no other history"):
            ask(history[:-1], outside)
    with pytest.raises(BundleError, match="not for films beyond their lists"):
        stored.effects(history, history[:1])


def test_a_user_that_others_push_out_of_memory_is_answered_all_the_same(bundle):
    class Crowded(OrderedDict):
        def __setitem__(self, row, arrays):
            super().__setitem__(row, arrays)
            self.clear()  # as when as many other users as are kept are asked for by other threads at this moment

    stored, history = answering.open(bundle), bundle.users.at(0).history
    expected = stored.influence(history)
    stored._read = Crowded()
    same(stored.influence(history), expected)


def test_what_the_model_refuses_a_bundle_refuses_too(bundle):
    stored, history = answering.open(bundle), bundle.users.at(0).history
    with pytest.raises(ExplanationError, match="is in the history"):
        stored.reasons(history, history[:1])
    for films in (history, np.array([2])):
        with pytest.raises(SettingError, match="no part 'nothing': expected one of nease, flvae"):
            stored.recommend(films, 5, "nothing")


def test_a_bundle_is_replaced_by_a_bundle_and_replaces_nothing_else(vasp, bundle, copy, tmp_path):
    made = making.make(vasp, copy, making.rows_of(vasp, 1), 2)
    assert len(made.users) == 1 and made.manifest["bundle"]["k"] == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for target in (tmp_path / "mine", vasp.folder):
        with pytest.raises(BundleError, match="is there and holds no bundle: choose another --out"):
            making.make(vasp, target, making.rows_of(vasp, 1), 2)
    assert (tmp_path / "mine" / "letter.txt").exists() and (vasp.folder / checkpoints.WEIGHTS).exists()
    with pytest.raises(BundleError, match="is a file"):
        making.check_target(tmp_path / "mine" / "letter.txt")
    with pytest.raises(BundleError, match="is a bundle already: expected the checkpoint"):
        making.make(bundle, tmp_path / "second", np.array([0]))
    assert not list(tmp_path.glob(".*")), "nothing half-written is left"


@pytest.mark.parametrize("name", ["user-00000.npz", "films.npz", "starts.npz", "audience.npz"])
def test_a_damaged_bundle_is_not_opened(copy, name):
    path = copy / name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=f"{name} has .* bytes, not"):
        checkpoints.load(f"{copy}/")
    path.unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        checkpoints.load(f"{copy}/")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("bundle",), "text"), (("bundle",), {}), (("bundle", "films_k"), None), (("dataset",), []), (("files",), 7),
        (("files", "films.npz"), {}), (("files", "films.npz", "bytes"), "many"), (("files", "films.npz"), None),
        (("files", "user-00000.npz"), None), (("bundle", "k"), "many"), (("bundle", "factors"), "nease"),
        (("bundle", "parts"), 3), (("bundle", "split"), "text"),
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape_is_told_in_a_sentence(copy, place, value):
    path = copy / checkpoints.MANIFEST
    manifest = json.loads(path.read_text())
    table = manifest
    for name in place[:-1]:
        table = table[name]
    table.pop(place[-1]) if value is None else table.update({place[-1]: value})
    path.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="checkpoint.json says nothing on .*expected the file as it was written"):
        made = checkpoints.load(f"{copy}/")
        stored = answering.open(made)
        stored.recommend(np.array([3]), 5), stored.influence(made.users.at(0).history)


def test_a_bundle_of_a_newer_program_is_not_opened(copy):
    path = copy / checkpoints.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": manifests.BUNDLE_SCHEMA + 1}))
    with pytest.raises(CheckpointError, match="update VASP Lens"):
        checkpoints.load(f"{copy}/")


def test_a_bundle_says_what_to_install_and_that_is_no_torch(bundle):
    lines = (bundle.folder / "requirements.txt").read_text().splitlines()
    needed = [line for line in lines if not line.startswith("#")]
    assert needed == [f"{name}=={number}" for name, number in packages().items()]
    assert {"torch", "scikit-learn"} < set(MODEL_ONLY) and not set(MODEL_ONLY) & set(packages())


def test_what_is_needed_is_all_that_the_program_needs_and_no_model():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert declared == set(map(canonicalize_name, (*packages(), *MODEL_ONLY)))


def test_progress_is_told_in_words_and_never_goes_back(vasp, tmp_path):
    told: list[tuple[str, float]] = []
    making.make(vasp, tmp_path / "told", making.rows_of(vasp, 2), 1, report=lambda *what: told.append(what))
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions) and fractions[0] == 0.0 and fractions[-1] == 1.0
    assert sum("Explaining the lists of user" in words for words, _ in told) == 2


def test_a_bundle_answers_where_torch_is_not_installed(bundle):
    body = f"""
from vasp_models import answering, checkpoints
made = checkpoints.load({str(bundle.folder)!r} + "/")
answers, history = answering.open(made, "cuda"), made.users.at(1).history
items = answers.recommend(history, 20).items
assert answers.reasons(history, items).found.leave_one_out.shape[1:] == (len(history), len(items))
assert answers.device == "bundle" and answers.note is None
"""
    done = subprocess.run([sys.executable, "-c", GUARD + body], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

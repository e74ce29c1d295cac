"""A run ends with the best epoch, whether it finishes, is stopped, or goes on later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import trained
from tests.data.test_rating_splits import dataset, made_up
from vasp_models import checkpoints, plans, runs
from vasp_models.data.ratings import Feedback
from vasp_models.errors import CheckpointError, DataError, SettingError, StoppedEarly
from vasp_models.models import MODELS, create, preset
from vasp_models.models.settings import override, with_epochs


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return trained.dataset(tmp_path_factory.mktemp("runs") / "planted")


def _weights(checkpoint):
    return checkpoint.model().tensors()


def _stop_after(epochs: int):
    def stop(epoch) -> None:
        if epoch.number == epochs:
            raise KeyboardInterrupt

    return stop


def _same(one, other) -> bool:
    return all((one[name] == other[name]).all() for name in one)


def test_the_best_validation_epoch_is_kept(data, tmp_path):
    seen = []
    saved = runs.train(trained.plan(data, epochs=12), tmp_path / "c", "vasp-lens train", seen.append)
    joint = [epoch for epoch in seen if epoch.stage == "joint"]
    best = max(joint, key=lambda epoch: epoch.metrics["ndcg@100"])
    assert saved.metrics["val"]["ndcg@100"]["mean"] == pytest.approx(best.metrics["ndcg@100"], abs=1e-12)
    assert saved.curve.loc[saved.curve["kept"], "epoch"].tolist() == [best.number]
    assert len(saved.curve) == len(seen) == 12


def test_the_same_seed_gives_the_same_bits_and_another_does_not(data, tmp_path):
    first, again, other = (
        runs.train(trained.plan(data, seed=seed), tmp_path / str(number), "vasp-lens train")
        for number, seed in enumerate((0, 0, 1))
    )
    assert _same(_weights(first), _weights(again))
    assert not _same(_weights(first), _weights(other))


@pytest.mark.parametrize("stopped_after", [1, 3, 9, 11])  # in the first stage, and in the joint one
def test_a_resumed_run_ends_like_an_uninterrupted_one(data, tmp_path, stopped_after):
    plan = trained.plan(data, epochs=12)
    whole = runs.train(plan, tmp_path / "whole", "vasp-lens train")
    part = tmp_path / "part"
    try:
        runs.train(plan, part, "vasp-lens train", _stop_after(stopped_after))
    except StoppedEarly:
        assert not part.exists()  # no whole epoch of the product yet
    resumed = runs.train(plan, part, "vasp-lens train", resume=True)
    assert _same(_weights(whole), _weights(resumed))
    columns = ["stage", "epoch", "loss", "ndcg@100", "kept"]
    assert whole.curve[columns].equals(resumed.curve[columns])
    assert not list(tmp_path.glob(".part*"))


def test_ctrl_c_keeps_the_best_epoch_so_far(data, tmp_path):
    plan = trained.plan(data, epochs=12)
    saved = runs.train(plan, tmp_path / "c", "vasp-lens train", _stop_after(11))
    assert saved.manifest["provenance"]["finished"] is False
    assert saved.metrics["val"]["ndcg@100"]["mean"] == pytest.approx(
        saved.curve["ndcg@100"][saved.curve["kept"]].item()
    )


def test_resuming_nothing_or_something_else_is_refused(data, tmp_path):
    with pytest.raises(CheckpointError, match="without --resume"):
        runs.train(trained.plan(data), tmp_path / "c", "vasp-lens train", resume=True)
    with pytest.raises(StoppedEarly, match="Stopped after 1 of 4 epochs.*--resume goes on"):
        runs.train(trained.plan(data), tmp_path / "c", "vasp-lens train", _stop_after(1))
    with pytest.raises(SettingError, match="other settings or data"):
        runs.train(trained.plan(data, seed=7), tmp_path / "c", "vasp-lens train", resume=True)


@pytest.mark.parametrize("preset", ["ensemble", "alternating", "paper"])
def test_every_training_approach_of_table_two_runs(data, preset):
    changes = {"hidden": "16", "latents": "4", "batch_users": "60"}
    plan = plans.plan("vasp", f"{data.folder}/", preset, changes, heldout=20, epochs=3, device="cpu")
    model = runs.fit(plan).model
    assert np.isfinite(model.score(plan.split.test_in)).all()


def test_alternating_moves_one_part_per_step(data):
    from vasp_models.models import create
    from vasp_models.training.options import Stage, TrainOptions

    settings = trained.plan(data).settings
    split = trained.plan(data).split
    one_step = Stage("only", 1, ("nease", "flvae"), batch_users=len(split.train), alternate=True, learning_rate=1e-3)
    two_epochs = replace(one_step, epochs=2)  # of one step each: the second one is the other part's
    model = create("vasp", settings, split.train.n_items)
    fresh = create("vasp", settings, split.train.n_items)
    for part in (model, fresh):
        part.nets["nease"].settings = settings.parts["nease"].__class__()  # no closed-form start
    model.fit(split.train, TrainOptions((one_step,), device="cpu", precision="fp32"))
    before = {name: value.copy() for name, value in fresh.tensors().items()}
    after = model.tensors()
    assert not (before["nets.nease.W"] == after["nets.nease.W"]).all()
    assert all((before[name] == after[name]).all() for name in before if "flvae" in name)
    fresh.fit(split.train, TrainOptions((two_epochs,), device="cpu", precision="fp32"))
    assert not (before["nets.flvae.mu.weight"] == fresh.tensors()["nets.flvae.mu.weight"]).all()
    assert (after["nets.nease.W"] == fresh.tensors()["nets.nease.W"]).all()


def test_the_authors_preset_models_the_most_popular_third(data, tmp_path):
    changes = {"hidden": "16", "latents": "4", "batch_users": "60"}
    plan = plans.plan("vasp", f"{data.folder}/", "authors", changes, heldout=20, epochs=3, device="cpu")
    saved = runs.train(plan, tmp_path / "authors", "vasp-lens train")
    scores = saved.model().score(plan.split.test_in)
    n_modelled = int(plan.split.train.n_items * 0.33)
    assert np.isfinite(scores).sum(axis=1).tolist() == [n_modelled] * len(scores)
    counts = plan.split.train.item_counts
    assert counts[np.isfinite(scores[0])].min() >= counts[~np.isfinite(scores[0])].max()


def test_settings_are_checked_by_name_and_kind(data):
    plan = trained.plan(data)
    for changes, words in (
        ({"latent": "3"}, "Unknown setting 'latent'"),
        ({"latents": "many"}, "expected a whole number"),
        ({"loss": "hinge"}, "expected one of focal, softmax"),
        ({"normalise_input": "maybe"}, "expected true or false"),
        ({"pretrain.latents": "3"}, "Unknown setting"),
        ({"latents": "-1"}, "latents is -1: expected a number from 1 to"),
        ({"learning_rate": "nan"}, "learning_rate is nan: expected a number"),
        ({"items_share": "2"}, "items_share is 2.0: expected a number from 1e-06 to 1"),
        ({"batch_users": "0"}, "batch_users is 0"),
    ):
        with pytest.raises(SettingError, match=words):
            override(plan.settings, plan.options, changes)


def test_a_linear_loss_is_refused_for_a_product_of_several_factors(data):
    with pytest.raises(SettingError, match="cosine of stage 'pretrain' needs one linear output"):
        settings = trained.plan(data)
        changed = override(settings.settings, settings.options, {"loss": "cosine"})
        runs.fit(replace(settings, options=changed[1]))


def test_a_diverging_loss_names_what_to_change(data):
    plan = trained.plan(data)
    _, options = override(plan.settings, plan.options, {"learning_rate": "10", "weight_decay": "1000"})
    with pytest.raises(SettingError, match="--set pretrain.learning_rate=1"):
        runs.fit(replace(plan, options=options))


def test_a_prefix_reaches_one_stage_and_a_bare_name_all(data):
    plan = trained.plan(data)
    _, options = override(plan.settings, plan.options, {"joint.learning_rate": "0.5", "kl_weight": "0.25"})
    assert [stage.learning_rate for stage in options.stages] == [plan.options.stages[0].learning_rate, 0.5]
    assert [stage.kl_weight for stage in options.stages] == [0.25, 0.25]


def test_what_goes_together_is_changed_together():
    """Neither fusion nor prediction alone is a model that can be, nor is either of loss and negatives."""
    pairs = {"fusion": "concatenation", "prediction": "mlp"}
    for changes in (pairs, dict(reversed(pairs.items()))):
        settings, _ = override(*preset("mf"), changes)
        assert (settings.fusion, settings.prediction) == ("concatenation", "mlp")
    with pytest.raises(SettingError, match="expected prediction=mlp"):
        override(*preset("mf"), {"fusion": "concatenation"})
    _, options = override(*preset("cfnet"), {"loss": "softmax", "negatives": "nothing"})
    assert [(stage.loss, stage.negatives) for stage in options.stages] == [("softmax", None)]


def test_a_later_change_of_one_place_takes_the_place_of_an_earlier_one():
    _, options = override(*preset("vasp"), {"epochs": "7", "joint.epochs": "2"})
    assert [stage.epochs for stage in options.stages] == [7, 2]


def test_a_revision_of_a_models_code_is_another_plan(data, monkeypatch):
    plan = trained.plan(data, "ease")
    before = plan.fingerprint
    monkeypatch.setitem(MODELS, "ease", replace(MODELS["ease"], revision=2))
    assert plan.fingerprint != before


def test_epochs_are_shared_in_proportion(data):
    options = trained.plan(data, epochs=None).options
    assert with_epochs(options, 23).epochs == 23
    with pytest.raises(SettingError, match="too few"):
        with_epochs(options, 1)


def test_names_mean_places_under_the_home_folder(home, data):
    plan = trained.plan(data, "ease")
    assert runs.default_folder(plan) == home / "checkpoints" / "planted-ease-tiny"
    runs.train(plan, runs.default_folder(plan), "vasp-lens train")
    assert checkpoints.names()[0] == "planted-ease-tiny"
    assert checkpoints.load("planted-ease-tiny").argument == "planted-ease-tiny"


def test_bf16_trains_near_fp32_and_answers_in_fp32(data):
    plan = trained.plan(data, epochs=12)
    full, low = plan, replace(plan, options=replace(plan.options, precision="bf16"))
    scores = [runs.fit(each).model.score(plan.split.test_in) for each in (full, low)]
    assert scores[1].dtype == np.float32
    assert not (scores[0] == scores[1]).all()  # it was used
    assert np.corrcoef(scores[0].ravel(), scores[1].ravel())[0, 1] > 0.99


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """Ratings of 90 users from 1.5 to 5."""
    return dataset(tmp_path_factory.mktemp("rated") / "rated", made_up(users=90, items=150, each=60))


def _rated_plan(rated, model: str = "lfm", **more):
    return plans.plan(model, f"{rated.folder}/", device="cpu", **more)


def test_every_protocol_has_its_task_under_one_name(rated):
    tasks = {name: plans.make_task(rated, name, 20 if name in ("liang", "vasp") else None) for name in plans.TASKS}
    assert {name: task.name for name, task in tasks.items()} == {name: name for name in plans.TASKS}
    assert len({task.key for task in tasks.values()}) == 4
    assert plans.make_task(rated, "ratings", seed=1).key != tasks["ratings"].key
    with pytest.raises(SettingError, match="Unknown protocol 'weak': expected one of liang, vasp, ratings, leave-one-"):
        plans.make_task(rated, "weak")
    with pytest.raises(SettingError, match="ratings holds out no users: expected no --heldout 20"):
        plans.make_task(rated, "ratings", 20)


@pytest.mark.parametrize("protocol", ["liang", "vasp", "leave-one-out"])
def test_the_same_call_trains_and_measures_under_every_protocol(rated, protocol):
    heldout = None if protocol == "leave-one-out" else 20
    plan = _rated_plan(rated, "popularity", protocol=protocol, heldout=heldout)
    model, seconds, _ = runs.fit(plan)
    measured = runs.measure(model, plan)
    assert seconds >= 0 and measured["val"]["users"] > 0 and measured["test"]["users"] > 0
    assert set(measured["baselines"]) == (set() if protocol == "leave-one-out" else {"ease"})


def test_a_schedule_that_is_ended_early_is_the_beginning_of_the_whole(rated):
    whole = _rated_plan(rated, "cfnet-ml", protocol="leave-one-out", epochs=6).whole
    assert whole.whole is None and whole.train.n_pairs == whole.task.train_all.n_pairs
    ended = runs.fit(whole, 2)
    model = create(whole.model, whole.settings, whole.train.n_items, whole.options.seed)
    epochs = model.fit_epochs(whole.train, whole.options)
    for epoch in epochs:
        if epoch.number == 2:
            break
    assert ended.epoch == 2 and _same(ended.model.tensors(), model.tensors())
    for _ in epochs:
        pass
    assert not _same(ended.model.tensors(), model.tensors())


def test_protocols_that_keep_the_validation_part_out_have_no_whole(rated):
    assert _rated_plan(rated, "lfm", protocol="ratings").whole is None
    assert _rated_plan(rated, "ease", protocol="liang", heldout=20).whole is None


def test_ratings_are_predicted_under_their_own_protocol(rated):
    plan = _rated_plan(rated, protocol="ratings", seed=3)
    assert plan.preset == "ratings" and plan.task.split.seed == 3
    model = runs.fit(plan).model
    assert runs.measure(model, plan)["test"]["ratings"] == 540
    again = _rated_plan(rated, protocol="liang", task=plan.task, seed=4)
    assert again.task is plan.task and again.fingerprint != plan.fingerprint


@pytest.mark.parametrize("name", sorted(name for name, row in MODELS.items() if plans.RATINGS in row.presets))
def test_every_preset_for_ratings_gives_a_number_for_each(rated, name):
    plan = _rated_plan(rated, name, protocol="ratings", epochs=None if name == "lfm" else 1)
    measured = runs.measure(runs.fit(plan).model, plan)["test"]
    assert measured["replaced"] == 0
    assert measured["rmse"]["mean"] != measured["global_mean"]["rmse"]["mean"]


def test_what_predicts_no_ratings_is_refused_under_that_protocol(rated):
    with pytest.raises(SettingError, match="^ease predicts no ratings: expected one of .*lfm.*, or another --protocol"):
        _rated_plan(rated, "ease", protocol="ratings")
    with pytest.raises(SettingError, match="preset small of lfm predicts no ratings: expected --preset ratings"):
        _rated_plan(rated, preset_name="small", protocol="ratings")


def test_a_preset_for_ratings_is_not_fitted_to_likes(rated):
    with pytest.raises(SettingError, match="The preset ratings of deeprec predicts ratings: expected --protocol rat"):
        _rated_plan(rated, "deeprec", preset_name="ratings", heldout=20)


def test_what_needs_to_have_met_a_user_is_not_tested_on_new_ones(rated, monkeypatch):
    monkeypatch.setattr(MODELS["popularity"].kind, "new_users", "none")
    with pytest.raises(SettingError, match="users whom training did not meet.*expected --protocol leave-one-out or ra"):
        _rated_plan(rated, "popularity", heldout=20)
    assert _rated_plan(rated, "popularity", protocol="leave-one-out").task.name == "leave-one-out"


def test_checkpoints_are_of_models_that_are_tested_on_new_users(rated, tmp_path):
    with pytest.raises(SettingError, match="ratings holds out pairs and no users.*expected --protocol liang or vasp"):
        runs.train(_rated_plan(rated, protocol="ratings"), tmp_path / "c", "vasp-lens train")
    assert not (tmp_path / "c").exists()


def test_what_learns_from_ratings_gets_those_of_the_train_users(rated):
    plan = _rated_plan(rated, heldout=20)
    assert plan.train.values is not None and len(plan.train) == len(plan.split.train) == 50
    assert plan.train.n_pairs > plan.split.train.n_pairs
    assert _rated_plan(rated, "popularity", heldout=20).train is not None
    assert _rated_plan(rated, "popularity", heldout=20).train.values is None


def test_without_ratings_a_model_that_learns_from_them_is_refused(rated, tmp_path):
    frame = made_up(users=90, items=150, each=60).drop(columns="rating")
    likes = dataset(tmp_path / "likes", frame, Feedback(None))
    for protocol in ("liang", "ratings"):
        with pytest.raises(DataError, match="likes has likes and no ratings: expected a data set whose ratings have"):
            _rated_plan(likes, protocol=protocol)
    with pytest.raises(DataError, match="leave-one-out has likes alone, and the model learns from ratings"):
        _rated_plan(rated, protocol="leave-one-out")


def test_a_film_counts_as_liked_from_the_threshold_of_the_data(tmp_path):
    data = dataset(tmp_path / "d", made_up(users=90), Feedback(3.5))
    assert _rated_plan(data, heldout=20).settings.threshold == 3.5
    assert _rated_plan(data, heldout=20, changes={"threshold": "2"}).settings.threshold == 2.0


def test_lfm_is_saved_and_answers_the_same_for_everybody(rated, tmp_path):
    plan = _rated_plan(rated, heldout=20)
    saved = runs.train(plan, tmp_path / "lfm", "vasp-lens train lfm")
    assert not saved.personalised and saved.manifest["title"] == "LFM"
    scores = checkpoints.load(f"{saved.folder}/").model().score(plan.split.test_in)
    model = runs.fit(plan).model
    assert (scores == model.score(plan.split.test_in)).all() and (scores == scores[0]).all()
    assert set(saved.metrics["baselines"]) == {"popularity", "ease"}
    assert runs.evaluate_checkpoint(saved)["ndcg@100"] == saved.metrics["test"]["ndcg@100"]

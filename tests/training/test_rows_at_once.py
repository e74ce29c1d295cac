"""A step whose rows pass in parts moves the weights as one whose rows pass together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models import create, preset
from vasp_models.models.settings import options_from_json, options_to_json, override
from vasp_models.training.batches import Batch
from vasp_models.training.loop import Training
from vasp_models.training.options import Turn
from vasp_models.training.state import TrainingState

LIKES = synthetic.planted(users=65, background=20).likes


def trained(name: str, rows: int | None, batch_users: int = 24) -> tuple[list[float], dict[str, torch.Tensor], int]:
    """Losses and weights after three epochs, and the most rows that passed at once; latents stand still."""
    settings, options = preset(name, "tiny")
    stage = replace(options.stages[-1], epochs=3, batch_users=batch_users)
    model, seen = create(name, settings, LIKES.n_items), []
    model.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    epochs = model.fit_epochs(LIKES, replace(options, stages=(stage,), precision="fp32", rows_at_once=rows))
    losses = [epoch.loss for epoch in epochs]
    return losses, model.state_dict(), max(seen)


@pytest.mark.parametrize("name", ["nease", "elsa", "multdae"])
def test_the_loss_curve_is_the_same(name):
    together, parts = (trained(name, rows) for rows in (None, 7))
    assert np.abs(np.array(parts[0]) / np.array(together[0]) - 1).max() < 1e-5
    for weight, values in together[1].items():
        assert torch.allclose(values, parts[1][weight], rtol=1e-3, atol=2e-6), weight
    assert parts[2] <= 7 < 24 <= together[2]


def test_gradients_are_those_of_all_rows():
    settings, options = preset("vasp", "tiny")
    stage, draws = replace(options.stages[-1], optimizer="sgd"), (np.random.default_rng(0), torch.Generator())
    batch, steps = Batch.of(LIKES, LIKES, torch.device("cpu")), []
    for rows in (None, 10):
        model = create("vasp", settings, LIKES.n_items)
        training = Training(model, LIKES, replace(options, rows_at_once=rows), None, TrainingState())
        optimizers = training.prepared(stage)
        before = torch.cat([each.detach().reshape(-1).clone() for each in model.parameters()])
        model.eval()  # without draws of the latents
        training.step(stage, Turn(""), optimizers, batch, draws, 0)
        steps.append(torch.cat([each.detach().reshape(-1) for each in model.parameters()]) - before)
    assert steps[0].abs().max() > 0
    assert torch.allclose(*steps, rtol=1e-3, atol=1e-8)


def test_parts_are_all_rows_once_and_weigh_what_they_have():
    known = Interactions.from_lists([[0, n] for n in range(1, 12)], 12)
    batch = Batch.of(known, known, torch.device("cpu"), slice(0, 8))
    for number in (1, 3, 8, 11):
        parts = list(batch.parts(number))
        assert len(parts) == number and sum(len(each.bag) for each in parts) == 8
        assert torch.equal(torch.cat([each.bag.items for each in parts]), batch.bag.items)
        assert sum(each.weight for each in parts) == pytest.approx(batch.weight) == pytest.approx(8 / 11)


def test_a_last_step_with_fewer_rows_than_parts_learns():
    losses = trained("nease", 1, batch_users=32)[0]  # 65 users: the last step has one or two
    assert np.isfinite(losses).all()
    assert np.abs(np.array(losses) / np.array(trained("nease", None, batch_users=32)[0]) - 1).max() < 1e-5


def test_it_is_chosen_like_any_setting_and_leaves_no_trace_where_it_is_not():
    settings, options = preset("nease", "tiny")
    assert "rows_at_once" not in options_to_json(options)
    chosen = override(settings, options, {"rows_at_once": "16"})[1]
    assert chosen.rows_at_once == 16 and options_from_json(options_to_json(chosen)) == chosen
    with pytest.raises(SettingError, match="rows_at_once is 0"):
        override(settings, options, {"rows_at_once": "0"})


def test_what_needs_all_rows_is_refused():
    settings, options = preset("mf", "tiny")
    model = create("mf", settings, LIKES.n_items)
    with pytest.raises(SettingError, match="without rows_at_once"):
        next(model.fit_epochs(LIKES.numbered(), replace(options, rows_at_once=5)))

"""What a graphics card would run compiled says the same as what the processor runs; compiled here for the processor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vasp_models import devices
from vasp_models.data import synthetic
from vasp_models.models import create
from vasp_models.models.flvae import FLVAESettings
from vasp_models.models.vasp import ProductSettings
from vasp_models.training import moving
from vasp_models.training.options import Stage, TrainOptions

TRAIN = synthetic.planted(users=60, background=20).likes
SETTINGS = ProductSettings({"flvae": FLVAESettings(16, 8, 2, 2)})
STAGE = Stage("all", 3, ("flvae",), batch_users=30, learning_rate=1e-3, warmup_epochs=2.0, decay="cosine")


def losses() -> list[float]:
    model = create("flvae", SETTINGS, TRAIN.n_items)
    return [epoch.loss for epoch in model.fit_epochs(TRAIN, TrainOptions((STAGE,), precision="fp32"))]


@pytest.mark.filterwarnings("ignore")  # inside torch's compiler
def test_training_with_compiled_layers_loss_and_optimiser_goes_the_same_way(monkeypatch):
    plain = losses()
    monkeypatch.setattr(devices, "compiles", lambda device: True)
    assert np.allclose(losses(), plain, rtol=1e-4)
    assert plain[-1] < plain[0]


@pytest.mark.parametrize("name", ["nadam", "adam", "adagrad", "sgd"])
def test_a_card_takes_the_kernels_that_go_over_the_weights_once(name, monkeypatch):
    stage, net = replace(STAGE, optimizer=name), torch.nn.Linear(3, 2)
    plain = moving.optimizer(net, stage, "net")
    monkeypatch.setattr(devices, "compiles", lambda device: True)
    once = moving.optimizer(net, stage, "net")
    assert type(once) is type(plain)
    if name in ("adam", "sgd"):
        assert once.defaults["fused"] and not plain.defaults["fused"]
    for each in (plain, once):
        moving.set_rates({"net": each}, stage, 0.0, 0.5)
        assert float(each.param_groups[0]["lr"]) == pytest.approx(1e-3 * 0.25)


def test_nothing_is_compiled_on_the_processor():
    assert not devices.compiles("cpu") and not devices.compiles("mps")

"""CDAE's vectors of train users: there while training, gone after it, and no part of what is saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit
import torch

from vasp_models.data import synthetic
from vasp_models.models import create, preset
from vasp_models.models.settings import override
from vasp_models.training.batches import Bag
from vasp_models.training.state import TrainingState

HISTORIES, _ = synthetic.checkerboard()


def trained(changes=None, train=HISTORIES, state=None, epochs=6):
    settings, options = override(*preset("cdae", "tiny"), {"batch_users": "20", "epochs": "6"} | (changes or {}))
    model = create("cdae", settings, train.n_items)
    for epoch in model.fit_epochs(train, options, None, state):
        if epoch.number == epochs:
            break
    return model


def test_users_have_vectors_in_training_alone_and_they_are_not_saved():
    model = trained()
    assert model.net.users.weight.shape == (len(HISTORIES), model.settings.hidden)
    assert model.net.users.weight.abs().max() > 0
    assert not [name for name in model.tensors() if "users" in name]
    x = Bag.of(replace(HISTORIES, users=np.arange(len(HISTORIES))))
    with torch.no_grad():
        known = model.net(x, None)
        model.net.train()
        taught = model.net(x, None)
        model.eval()
    assert torch.equal(known, torch.from_numpy(model.score(HISTORIES)))
    assert (taught - known).abs().max() > 1e-3


def test_users_are_known_by_their_numbers_where_they_have_some():
    turned = replace(HISTORIES, users=np.arange(len(HISTORIES))[::-1].copy())
    one, other = trained().net.users.weight, trained(train=turned).net.users.weight
    assert torch.allclose(one, other.flip(0))


def test_training_goes_on_bit_for_bit():
    whole = trained()
    state = TrainingState()
    trained(state=state, epochs=3)
    assert (trained(state=state).score(HISTORIES) == whole.score(HISTORIES)).all()


def test_without_vectors_it_is_a_denoising_autoencoder():
    assert trained({"user_vectors": "false"}).net.users is None


def test_its_activations_are_those_of_the_formula():
    x = HISTORIES.csr(np.float64).toarray()
    formulas = {"identity": lambda h: h, "sigmoid": expit, "tanh": np.tanh, "relu": lambda h: np.maximum(h, 0)}
    for activation, formula in formulas.items():
        model = trained({"activation": activation})
        weights = {name.removeprefix("net."): value.astype(np.float64) for name, value in model.tensors().items()}
        hidden = formula(x @ weights["weight"] + weights["bias"])
        expected = hidden @ weights["decode.weight"].T + weights["decode.bias"]
        assert np.allclose(model.score(HISTORIES), expected, atol=1e-4)

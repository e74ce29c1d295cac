"""Every model of the table keeps the contract."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.models.contract import RecommenderContract
from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models import MODELS, create, preset
from vasp_models.models.settings import override


class TestVASP(RecommenderContract):
    name = "vasp"
    changes = {"hidden": "32", "latents": "8", "start_l2": "5"}


class TestFLVAE(RecommenderContract):
    name = "flvae"
    changes = {
        "hidden": "64", "latents": "16", "batch_users": "20", "kl_weight": "0.005", "weight_decay": "0.5",
        "learning_rate": "3e-3",
    }  # fmt: skip


class TestNEASE(RecommenderContract):
    name = "nease"
    changes = {"batch_users": "10", "learning_rate": "0.01"}


class TestNEASERecVAE(RecommenderContract):
    name = "nease-recvae"
    changes = {"hidden": "32", "latents": "8", "start_l2": "5"}


class TestNEASEHVamp(RecommenderContract):
    name = "nease-hvamp"
    changes = {"hidden": "32", "latents": "8", "start_l2": "5"}


class TestEASE(RecommenderContract):
    name = "ease"
    changes = {"l2": "5"}


class TestEDLAE(RecommenderContract):
    name = "edlae"
    changes = {"l2": "5"}


class TestELSA(RecommenderContract):
    name = "elsa"
    changes = {"factors": "32", "batch_users": "20"}


class TestMultDAE(RecommenderContract):
    name = "multdae"
    changes = {"hidden": "64", "batch_users": "10"}


class TestMultVAE(RecommenderContract):
    name = "multvae"
    changes = {"hidden": "64", "latents": "32", "batch_users": "10"}


class TestRecVAE(RecommenderContract):
    name = "recvae"  # its decoder is linear: it needs as many latents as there are items
    changes = {
        "hidden": "256", "latents": "64", "batch_users": "50", "epochs": "8", "gamma": "0.001",
        "learning_rate": "1e-3",
    }  # fmt: skip


class TestHVamp(RecommenderContract):
    name = "hvamp"
    changes = {"hidden": "48", "latents": "16", "pseudo_inputs": "20", "batch_users": "10"}


class TestCDAE(RecommenderContract):
    name = "cdae"
    changes = {"batch_users": "10"}


class TestSVAE(RecommenderContract):
    name = "svae"
    changes = {"epochs": "10"}


class TestDeepRec(RecommenderContract):
    name = "deeprec"
    changes = {"optimizer": "sgd", "learning_rate": "2e-3", "batch_users": "20", "epochs": "60"}


class TestMF(RecommenderContract):
    name = "mf"


class TestGMF(RecommenderContract):
    name = "gmf"


class TestMLP(RecommenderContract):
    name = "mlp"


class TestCFNetRL(RecommenderContract):
    name = "cfnet-rl"


class TestCFNetML(RecommenderContract):
    name = "cfnet-ml"
    changes = {"epochs": "60", "learning_rate": "3e-3"}


class TestCFNet(RecommenderContract):
    name = "cfnet"


class TestDMF(RecommenderContract):
    name = "dmf"


class TestONCF(RecommenderContract):
    name = "oncf"
    changes = {"channels": "8"}


class TestUAutoRec(RecommenderContract):
    name = "u-autorec"


class TestIAutoRec(RecommenderContract):
    name = "i-autorec"


class TestIALS(RecommenderContract):
    name = "ials"
    changes = {"factors": "32", "regularization": "20"}


class TestItemKNN(RecommenderContract):
    name = "item-knn"


class TestLFM(RecommenderContract):
    name = "lfm"
    preset = "small"


class TestPopularity(RecommenderContract):
    name = "popularity"
    preset = "small"


def test_no_model_of_the_table_goes_untested():
    tested = {kind.name for kind in RecommenderContract.__subclasses__()}
    assert tested == set(MODELS)


def test_without_its_package_ials_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    model = create("ials", preset("ials", "tiny")[0], 20)
    with pytest.raises(SettingError, match="implicit, which is not installed: pip install 'vasp-lens"):
        model.fit(synthetic.checkerboard()[0])


def test_a_new_user_of_ials_gets_the_vector_that_training_would_give():
    from implicit.cpu.als import AlternatingLeastSquares

    likes, _ = synthetic.checkerboard()
    settings = override(*preset("ials", "tiny"), {"regularization": "0.5"})[0]
    ours = create("ials", settings, likes.n_items)
    ours.fit(likes)
    theirs = AlternatingLeastSquares(
        factors=settings.factors, regularization=0.5, alpha=settings.alpha, iterations=settings.iterations,
        random_state=0,
    )  # fmt: skip
    theirs.fit(likes.csr(np.float32), show_progress=False)
    users = np.arange(10)
    found = theirs.recalculate_user(users, likes.csr(np.float32)[users])
    assert np.allclose(ours.vectors(likes.take(users)), found, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("multdae", {"loss": "focal"}, "log probabilities, and MultDAE gives logits"),
        ("multvae", {"following": "2", "input_dropout": "0"}, "reads sets: expected no --set following"),
        ("svae", {"following": "nothing"}, "reads order: expected .* --set following=4"),
        ("nease", {"loss": "bce"}, "expected focal or softmax"),
        ("nease", {"following": "2"}, "a product reads sets"),
    ],
)
def test_stages_that_a_model_cannot_be_trained_by_are_refused(name, changes, words):
    likes, _ = synthetic.checkerboard()
    settings, options = override(*preset(name, "tiny"), changes)
    model = create(name, settings, likes.n_items)
    ordered = Interactions.from_lists([likes.row(row) for row in range(len(likes))], likes.n_items, ordered=True)
    with pytest.raises(SettingError, match=words):
        model.fit(ordered if model.needs_order else likes, options)


@pytest.mark.parametrize("changes", [{"gated": "false"}, {"hierarchical": "false"}])
def test_the_variants_of_h_vamp_learn_too(changes):
    (histories, withheld), small = synthetic.checkerboard(), TestHVamp.changes
    settings, options = override(*preset("hvamp", "tiny"), small | changes)
    model = create("hvamp", settings, histories.n_items)
    model.fit(histories, options)
    scores = np.where(histories.csr().toarray() > 0, -np.inf, model.score(histories))
    assert (scores.argmax(axis=1) == withheld).mean() > 0.9


def test_elsa_is_linear_and_no_item_speaks_for_itself():
    likes, _ = synthetic.checkerboard()
    settings, options = override(*preset("elsa", "tiny"), TestELSA.changes)
    model = create("elsa", settings, likes.n_items)
    model.fit(likes, options)
    weights = model.item_weights(np.arange(likes.n_items))
    assert np.abs(np.diag(weights)).max() < 1e-6
    assert np.allclose(likes.csr().toarray() @ weights, model.score(likes), atol=1e-4)

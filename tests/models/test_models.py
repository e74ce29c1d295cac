"""Every model of the table keeps the contract."""

from __future__ import annotations

from tests.models.contract import RecommenderContract
from vasp_models.models import MODELS


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
    changes = {"hidden": "64", "latents": "16", "batch_users": "25"}


class TestRecVAE(RecommenderContract):
    name = "recvae"  # its decoder is linear: it needs as many latents as there are items
    changes = {
        "hidden": "256", "latents": "64", "batch_users": "50", "epochs": "8", "gamma": "0.001",
        "learning_rate": "1e-3",
    }  # fmt: skip


class TestHVamp(RecommenderContract):
    name = "hvamp"
    changes = {"hidden": "48", "latents": "16", "pseudo_inputs": "20", "batch_users": "25"}


class TestIALS(RecommenderContract):
    name = "ials"
    changes = {"regularization": "0.5"}


class TestItemKNN(RecommenderContract):
    name = "item-knn"


class TestPopularity(RecommenderContract):
    name = "popularity"
    preset = "small"


def test_no_model_of_the_table_goes_untested():
    tested = {kind.name for kind in RecommenderContract.__subclasses__()}
    assert tested == set(MODELS)

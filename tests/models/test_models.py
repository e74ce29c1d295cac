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


class TestEASE(RecommenderContract):
    name = "ease"
    changes = {"l2": "5"}


class TestEDLAE(RecommenderContract):
    name = "edlae"
    changes = {"l2": "5"}


class TestPopularity(RecommenderContract):
    name = "popularity"
    preset = "small"


def test_no_model_of_the_table_goes_untested():
    tested = {kind.name for kind in RecommenderContract.__subclasses__()}
    assert tested == set(MODELS)

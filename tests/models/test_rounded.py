"""Lists of a model in bf16 are nearly those of the model, which stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vasp_models import checkpoints
from vasp_models.evaluation.ranking import mask_seen, top_k
from vasp_models.models.rounded import RoundedLinear, rounded


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.fixture(scope="module")
def model(demo):
    return demo.model()


def test_the_lists_are_nearly_the_same(model, demo):
    rows = demo.users.histories.take(demo.users.rows("test"))
    exact, low = (mask_seen(each.score(rows), rows) for each in (model, rounded(model)))
    assert (exact != low).any(), "otherwise nothing was rounded"
    shared = [len(set(one) & set(other)) for one, other in zip(top_k(exact, 100), top_k(low, 100), strict=True)]
    assert np.mean(shared) > 99


def test_the_model_itself_stays_as_it_is(model, demo):
    rows = demo.users.histories.take([0, 1])
    before = model.score(rows)
    twin = rounded(model)
    assert (model.score(rows) == before).all()
    assert not any(isinstance(module, RoundedLinear) for module in model.modules())
    assert any(isinstance(module, RoundedLinear) for module in twin.modules())


def test_what_is_not_rounded_is_shared(model):
    twin = rounded(model)
    assert twin.nets["nease"].W is model.nets["nease"].W and twin.nets["flvae"].embed is model.nets["flvae"].embed
    dense = [module.weight for module in twin.modules() if isinstance(module, RoundedLinear)]
    assert dense and all(weight.dtype == torch.bfloat16 for weight in dense)


def test_scores_of_some_items_are_columns_of_all(model, demo):
    twin, rows = rounded(model), demo.users.histories.take([0, 1])
    candidates = np.array([[1, 5, 9], [2, 3, 4]])
    assert np.allclose(twin.score(rows, candidates), np.take_along_axis(twin.score(rows), candidates, axis=1))

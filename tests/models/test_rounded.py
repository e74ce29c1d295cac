"""Lists of a model with rounded weights are nearly those of the model, which stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vasp_models import checkpoints
from vasp_models.errors import SettingError
from vasp_models.evaluation.ranking import mask_seen, top_k
from vasp_models.models.rounded import Int8Linear, RoundedLinear, rounded


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.fixture(scope="module")
def model(demo):
    return demo.model()


@pytest.mark.parametrize("weights", ["bf16", "int8"])
def test_the_lists_are_nearly_the_same(model, demo, weights):
    rows = demo.users.histories.take(demo.users.rows("test"))
    exact, low = (mask_seen(each.score(rows), rows) for each in (model, rounded(model, weights)))
    assert (exact != low).any(), "otherwise nothing was rounded"
    shared = [len(set(one) & set(other)) for one, other in zip(top_k(exact, 100), top_k(low, 100), strict=True)]
    assert np.mean(shared) > 97


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


def test_eight_bits_keep_each_row_to_half_a_step():
    layer = torch.nn.Linear(48, 30)
    with torch.no_grad():
        layer.weight[3] *= 1_000
        layer.weight[4] = 0.0
    low = Int8Linear(layer)
    error = (low.weight * low.scale.float()[:, None] - layer.weight).abs()
    assert (error <= 0.51 * low.scale.float()[:, None]).all() and low.weight.dtype == torch.int8
    x = torch.randn(5, 48)
    assert torch.allclose(low(x)[:, :3], layer(x)[:, :3], atol=0.05) and low(x).dtype == torch.float32


def test_other_weights_are_refused(model):
    assert rounded(model, "fp32") is model
    with pytest.raises(SettingError, match="'int4'.*bf16, int8"):
        rounded(model, "int4")


def test_scores_of_some_items_are_columns_of_all(model, demo):
    twin, rows = rounded(model), demo.users.histories.take([0, 1])
    candidates = np.array([[1, 5, 9], [2, 3, 4]])
    assert np.allclose(twin.score(rows, candidates), np.take_along_axis(twin.score(rows), candidates, axis=1))

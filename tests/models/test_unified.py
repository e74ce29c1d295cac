"""The unified framework: its rows are the models of Table I, new users are solved for exactly, nonsense is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models import HasGradient, create, preset
from vasp_models.models.modules import dot
from vasp_models.models.new_users import least_squares, newton
from vasp_models.models.settings import override
from vasp_models.models.unified_settings import UnifiedSettings
from vasp_models.training.batches import Bag

QUICK = {"batch_users": "10", "epochs": "3", "learning_rate": "0.01"}
BY_NUMBER = ("mf", "gmf", "mlp", "oncf", "i-autorec")
BY_HISTORY = ("cfnet-rl", "cfnet-ml", "dmf", "u-autorec")
# Table I of the paper, its two last rows as sections IV and V derive them: input and representation of user and item,
# fusion, prediction.
TABLE_I = {
    "mf": ("id", "embedding", "id", "embedding", "product", "linear"),
    "gmf": ("id", "embedding", "id", "embedding", "product", "nonlinear"),
    "mlp": ("id", "embedding", "id", "embedding", "concatenation", "mlp"),
    "cfnet-rl": ("history", "mlp", "history", "mlp", "product", "nonlinear"),
    "cfnet-ml": ("history", "linear", "history", "linear", "concatenation", "mlp"),
    "dmf": ("history", "mlp", "history", "mlp", "normalised-product", "linear"),
    "oncf": ("id", "embedding", "id", "embedding", "outer-product", "cnn"),
    "u-autorec": ("history", "mlp", "id", "embedding", "product", "nonlinear"),
    "i-autorec": ("id", "embedding", "history", "mlp", "product", "nonlinear"),
}
LOSSES = {"cfnet-rl": "bce", "cfnet-ml": "bce", "dmf": "normalised-bce", "oncf": "bpr"}


def fitted(name: str, likes: Interactions, **changes: str):
    settings, options = override(*preset(name, "tiny"), QUICK | changes)
    model = create(name, settings, likes.n_items)
    model.fit(likes, options)
    return model


@pytest.fixture(scope="module")
def likes() -> Interactions:
    return synthetic.checkerboard()[0]


@pytest.mark.parametrize("size", ["paper", "small", "tiny"])
@pytest.mark.parametrize("name", TABLE_I)
def test_each_row_is_that_of_table_i(name, size):
    found, options = preset(name, size)
    sides = (
        found.user_input,
        found.user_representation,
        found.item_input,
        found.item_representation,
    )
    assert (*sides, found.fusion, found.prediction) == TABLE_I[name]
    assert options.stages[0].loss == LOSSES.get(name, "mse")


@pytest.mark.parametrize("name", BY_NUMBER + BY_HISTORY)
def test_who_reads_a_history_can_be_asked_for_its_gradient(name, likes):
    model = fitted(name, likes)
    assert isinstance(model, HasGradient) == (name in BY_HISTORY and name != "dmf")
    assert type(model).new_users == ("forward" if name in BY_HISTORY else "solve")


@pytest.mark.parametrize("name", BY_NUMBER + BY_HISTORY)
def test_scores_of_candidates_are_those_among_all_items(name, likes):
    model, rows = fitted(name, likes), likes.take(slice(0, 6))
    candidates = np.random.default_rng(0).integers(likes.n_items, size=(6, 5))
    expected = np.take_along_axis(model.score(rows), candidates, axis=1)
    assert np.allclose(model.score(rows, candidates), expected, atol=1e-5)


def test_u_autorec_is_the_autoencoder_of_its_paper(likes):
    """h(r) = f(W g(V r + mu) + b), the outer sigmoid left out of what ranks (Sedhain et al. 2015, eq. 3)."""
    model = fitted("u-autorec", likes)
    weights = model.tensors()
    r = likes.csr().toarray()
    hidden = 1 / (1 + np.exp(-(r @ weights["net.user.first"] + weights["net.user.bias"])))
    expected = (hidden * weights["net.head.weights"]) @ weights["net.items"].T + weights["net.head.bias"]
    expected += weights["net.item_bias"]
    assert np.abs(weights["net.item_bias"]).max() > 0.01, "it is learnt"
    assert np.allclose(model.score(likes), expected, atol=1e-4)


def test_i_autorec_encodes_the_column_of_each_item(likes):
    model = fitted("i-autorec", likes, normalise="false")
    side = model.net.item
    columns = torch.from_numpy(likes.csr().toarray().T)
    expected = torch.sigmoid(columns @ side.first + side.bias)
    assert torch.allclose(model.net.items, expected, atol=1e-5)


def test_a_new_user_of_mf_has_the_vector_of_least_squares(likes):
    model = fitted("mf", likes)
    net, row = model.net, likes.take([3])
    items, typical = net.items.double().numpy(), net.typical.double().numpy()
    liked = row.csr().toarray()[0] > 0
    n_liked = liked.sum()
    weights = np.where(liked, 1.0, 4.0 * n_liked / (~liked).sum())
    # Weighted ridge regression towards the typical user, by its normal equations.
    squares = (items * weights[:, None]).T @ items + np.eye(items.shape[1])
    expected = np.linalg.solve(squares, (items * weights[:, None]).T @ liked + typical)
    assert np.allclose(net.solved(Bag.of(row)).numpy()[0], expected, atol=1e-5)


def test_least_squares_agrees_with_a_general_solver():
    rng = np.random.default_rng(0)
    items, owned, others = rng.normal(size=(9, 3)), rng.normal(size=4), rng.normal(size=9)
    histories = Interactions.from_lists([[1, 4], [0, 8]], 9)
    found = least_squares(items, histories, np.array([2.0, 3.0]), 0.5, 0.7, owned, others)
    for row, weight in ((0, 2.0), (1, 3.0)):
        own = histories.row(row)
        weights, target = np.full(9, 0.5), others.copy()
        weights[own], target[own] = weight, owned[2 * row : 2 * row + 2]
        a = np.vstack([items * np.sqrt(weights)[:, None], np.sqrt(0.7) * np.eye(3)])
        b = np.concatenate([target * np.sqrt(weights), np.zeros(3)])
        assert np.allclose(found[row], np.linalg.lstsq(a, b, rcond=None)[0])


def least(loss, start):
    """Where another optimiser finds the least loss."""
    best = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([best], max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss(best)
        value.backward()
        return value

    optimizer.step(closure)
    return best.detach()


def test_a_new_user_of_gmf_has_the_least_logistic_loss(likes):
    """The loss is convex there: another optimiser must not find a lower one."""
    model = fitted("gmf", likes, epochs="20", new_user_l2="1", factors="8", dropout="0")
    net, row = model.net, likes.take([0])
    weights, bias = net.head.weights.detach().double(), net.head.bias.detach().double()
    items, typical = net.items.double() * weights, net.typical.double()
    liked = torch.from_numpy(row.csr(np.float64).toarray()[0])
    each = torch.where(liked > 0, 1.0, 4.0 * liked.sum() / (1 - liked).sum())

    def loss(u):
        errors = functional.binary_cross_entropy_with_logits(items @ u + bias, liked, each, reduction="sum")
        return errors + 0.5 * (u - typical).square().sum()

    best = least(loss, typical)
    ours = net.solved(Bag.of(row))[0].double()
    assert loss(ours) < loss(typical)
    assert loss(ours) - loss(best) < 1e-6 * (loss(typical) - loss(best))


def _bent(u, v):
    return torch.tanh(u * v).sum(dim=-1)


@pytest.mark.parametrize(("score", "near", "scale"), [(dot, 1e-6, 1.0), (dot, 1e-6, 5.0), (_bent, 0.05, 1.0)])
@pytest.mark.parametrize("negatives", [3.0, None])
def test_newtons_method_leaves_little_for_another_optimiser(score, near, scale, negatives):
    """Nothing where the logits are linear, however large the first step; elsewhere few steps find nearly all."""
    rng = torch.Generator().manual_seed(0)
    items, bias = torch.randn(30, 4, generator=rng).double(), torch.randn(30, generator=rng).double()
    rows, anchors = Interactions.from_lists([[0, 3, 4], [], [7], [2, 9], [11, 12, 13, 14]], 30), np.arange(0, 30, 2)
    items, typical, l2 = items * scale, torch.randn(4, generator=rng).double(), 0.5
    found = newton(score, items, bias, rows, anchors, typical, negatives, l2, 1, is_linear=score is dot)
    assert torch.equal(found[1], typical), "nothing is known of who has no history"
    gained, left = 0.0, 0.0
    for row in (0, 2, 3, 4):
        own = torch.from_numpy(rows.row(row))
        others = torch.tensor([n for n in anchors if n not in own])

        def loss(u, own=own, others=others):
            liked, rest = (score(u[None, None], items[some][None])[0] + bias[some] for some in (own, others))
            prior = l2 / 2 * (u - typical).square().sum()
            if negatives is None:
                return len(own) * torch.cat([liked, rest]).logsumexp(dim=0) - liked.sum() + prior
            missed = negatives * len(own) * functional.softplus(rest).mean()
            return functional.softplus(-liked).sum() + missed + prior

        gained += loss(typical) - loss(found[row])
        left += loss(found[row]) - loss(least(loss, found[row]))
    assert gained > 1
    assert left < near * gained


def test_train_users_are_known_by_number_until_they_are_not_named(likes):
    model = fitted("mf", likes, epochs="20")
    named = model.score(replace(likes, users=np.arange(len(likes))))
    table = model.net.user.first.detach().numpy()
    assert np.allclose(named, table @ model.net.items.numpy().T, atol=1e-5)
    assert not np.allclose(named, model.score(likes), atol=1e-3)


def test_what_only_train_users_have_is_not_saved(likes):
    for name in BY_NUMBER + BY_HISTORY:
        sizes = {value.shape for value in fitted(name, likes).tensors().values()}
        assert not any(len(likes) in shape for shape in sizes), name


def test_ratings_are_learnt_with_biases():
    rng = np.random.default_rng(0)
    users, items = np.meshgrid(np.arange(40), np.arange(15), indexing="ij")
    likes = Interactions.from_lists([np.arange(15)] * 40, 15)
    of_user, of_item = rng.normal(size=40), rng.normal(size=15)
    values = (3.0 + of_user[users] + of_item[items]).ravel().astype(np.float32)
    rated = replace(likes, users=np.arange(40), values=values)
    settings, options = override(
        *preset("mf", "tiny"),
        {"biases": "true", "negatives": "0", "epochs": "60", "learning_rate": "0.05", "batch_users": "10"},
    )
    model = create("mf", settings, 15)
    model.fit(rated, options)
    assert np.sqrt(np.mean((model.score(rated).ravel() - values) ** 2)) < 0.2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fusion": "concatenation"}, "gives every user the same list"),
        ({"fusion": "outer-product"}, "go together"),
        ({"prediction": "cnn"}, "go together"),
        ({"fusion": "outer-product", "prediction": "cnn", "factors": 12}, "expected 2, 4, 8"),
        ({"item_input": "history"}, "item_representation=embedding reads ids"),
        ({"fusion": "outer-product", "prediction": "cnn", "biases": True}, "expected biases=false"),
    ],
)
def test_choices_that_make_no_model_are_refused(changes, words):
    with pytest.raises(SettingError, match=words):
        UnifiedSettings(**changes)


def test_a_row_stays_what_it_is_called():
    settings, _ = override(*preset("mf", "tiny"), {"user_representation": "mlp", "user_input": "history"})
    with pytest.raises(SettingError, match="expected a change of cfnet-rl"):
        create("mf", settings, 10)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("gmf", {"loss": "bce"}, "expected --set sigmoid=false"),
        ("gmf", {"loss": "bpr"}, "expected --set sigmoid=false"),
        ("mf", {"loss": "bce"}, "expected --set prediction=nonlinear"),
        ("mf", {"loss": "bpr"}, "expected --set new_user_negatives=nothing"),
    ],
)
def test_a_loss_that_the_scores_do_not_fit_is_refused(name, changes, words, likes):
    with pytest.raises(SettingError, match=words):
        fitted(name, likes, **changes)


def test_a_new_user_is_solved_for_by_what_the_scores_mean():
    assert UnifiedSettings().new_user_loss == "squared"
    assert UnifiedSettings(sigmoid=True).new_user_loss == "logistic"
    assert UnifiedSettings(prediction="nonlinear").new_user_loss == "logistic"
    assert UnifiedSettings(new_user_negatives=None).new_user_loss == "softmax"


@pytest.mark.parametrize(
    "changes",
    [
        {"sigmoid": "true"},
        {"prediction": "nonlinear", "loss": "bce"},
        {"loss": "bpr", "new_user_negatives": "nothing", "new_user_l2": "0.1"},
    ],
)
def test_mf_by_other_losses_finds_what_was_withheld(changes):
    histories, withheld = synthetic.checkerboard()
    model = fitted("mf", histories, **{"epochs": "60", **changes})
    scores = np.where(histories.csr().toarray() > 0, -np.inf, model.score(histories))
    assert (scores.argmax(axis=1) == withheld).mean() > 0.9


def test_the_bias_of_a_typical_user_stands_for_that_of_a_new_one(likes):
    model = fitted("gmf", likes, biases="true", epochs="20")
    assert torch.allclose(model.net.typical_bias, model.net.user_bias.weight.detach().mean())
    assert model.net.typical_bias.abs() > 1e-3

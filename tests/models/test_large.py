"""The parts for large catalogues: low rank and sparse, held to dense float64 references."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save
import torch

from vasp_models.data import synthetic
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.explanations import randomising
from vasp_models.explanations.double_precision import exact_answers
from vasp_models.explanations.explaining import explain
from vasp_models.explanations.linear import linear_terms
from vasp_models.models import create, local_ease, preset
from vasp_models.models.ease import edlae_weights
from vasp_models.models.local_ease import local_edlae
from vasp_models.models.low_rank import LowRankSettings
from vasp_models.models.settings import override, settings_from_json, settings_to_json
from vasp_models.models.sparse import SparseSettings
from vasp_models.models.vasp import Product, ProductSettings
from vasp_models.training.batches import Bag
from vasp_models.training.options import Stage, TrainOptions

SETTINGS = {"low_rank": LowRankSettings(16), "sparse": SparseSettings(12, l2=5.0)}
PRESETS = {"large": "sparse", "large-low-rank": "low_rank"}
SMALL = {"hidden": "32", "latents": "8", "pretrain.epochs": "3", "l2": "5", "neighbours": "10", "factors": "16"}


@pytest.fixture(scope="module")
def likes() -> Interactions:
    return synthetic.planted(users=300, background=30).likes


@pytest.fixture(scope="module", params=SETTINGS)
def model(request, likes) -> Product:
    """A product of one part, trained a little, so that its weights are no longer the first."""
    found = Product(ProductSettings({request.param: SETTINGS[request.param]}), likes.n_items)
    stage = Stage("all", 3, (request.param,), inputs="full", loss="softmax", batch_users=50, learning_rate=1e-2)
    found.fit(likes, TrainOptions((stage,), precision="fp32"))
    return found


def dense_of(model: Product) -> np.ndarray:
    """c (A A' - I) or c B, float64 (items, items), from what is saved."""
    t = {name.split(".", 2)[-1]: value for name, value in model.tensors().items()}
    if "net.A" in t:
        a = t["net.A"].astype(np.float64)
        return model.nets["low_rank"].settings.temperature * (a @ a.T - np.eye(len(a)))
    dense = np.zeros((model.n_items, model.n_items))
    for item in range(model.n_items):
        row = slice(t["starts"][item], t["starts"][item + 1])
        np.add.at(dense[item], t["targets"][row], t["weights"][row].astype(np.float64))
    return float(t["scale"]) * dense


class TestParts:
    def test_answers_are_the_sigmoid_of_the_dense_product(self, model, likes):
        rows = likes.take(slice(0, 40))
        logits = -6.0 + rows.csr(np.float64) @ dense_of(model)
        assert np.abs(model.log_factors(rows)[0] + np.logaddexp(0, -logits)).max() < 1e-4
        assert np.abs(dense_of(model)).max() > 0.5

    def test_no_item_speaks_for_itself(self, model):
        assert np.abs(np.diag(dense_of(model))).max() < 1e-5

    def test_item_weights_are_rows_of_the_dense_matrix(self, model):
        items = np.array([5, 0, 17])
        assert np.abs(model.item_weights(items) - dense_of(model)[items]).max() < 1e-5

    def test_weights_are_those_of_the_answers_in_double_precision(self, model, likes):
        history, (name,) = likes.row(2), model.factor_names
        sets = torch.from_numpy(np.concatenate([np.ones((1, len(history))), 1 - np.eye(len(history))]))
        logits = randomising.in_double_precision(model).on_subsets(history, sets).logits[name].detach().numpy()
        off = (logits[:1] - logits[1:]) - model.item_weights(history)
        assert np.abs(off).max() < 1e-11

    def test_contributions_sum_to_the_logit(self, model, likes):
        history, targets = likes.row(2), np.array([1, 40, 7])
        terms = linear_terms(model, history, targets)
        logits = model.on_subsets(history, torch.ones(1, len(history)), targets).logits[terms.factor][0]
        assert np.abs(terms.bias + terms.weights.sum(axis=0) - logits.detach().numpy()).max() < 1e-4
        assert np.abs(terms.contributions.sum(axis=0) - (model.log_factors(likes.take([2]))[0, 0, targets]
                      - model.log_factors(Interactions.from_lists([[]], likes.n_items))[0, 0, targets])).max() < 1e-4

    def test_targets_may_stand_twice_and_in_any_order(self, model, likes):
        history, weights = likes.row(2), torch.tensor([[1.0] * len(likes.row(2)), [0.5] * len(likes.row(2))])
        (name,) = model.factor_names
        everything = model.on_subsets(history, weights).logits[name]
        some = model.on_subsets(history, weights, np.array([9, 3, 9])).logits[name]
        assert torch.allclose(some, everything[:, [9, 3, 9]], atol=1e-5)

    def test_the_gradient_in_the_weights_is_the_matrix(self, model, likes):
        history, (name,) = likes.row(2), model.factor_names
        weights = torch.ones(1, len(history), requires_grad=True)
        model.on_subsets(history, weights, np.array([9])).logits[name].sum().backward()
        assert np.abs(weights.grad.numpy()[0] - dense_of(model)[history, 9]).max() < 1e-5

    def test_the_independent_pass_agrees(self, model, likes):
        rows = Interactions.from_lists([[], [1], likes.row(2)], likes.n_items)
        assert np.abs(exact_answers(model, rows).factors - model.log_factors(rows)).max() < 1e-4

    def test_what_is_saved_answers_alike(self, model, likes):
        again = Product(settings_from_json(settings_to_json(model.settings)), likes.n_items, seed=9)
        assert (again.score(likes) != model.score(likes)).any()
        again.load_tensors(load(save({k: np.ascontiguousarray(v) for k, v in model.tensors().items()})))
        assert (again.score(likes) == model.score(likes)).all()

    def test_the_twin_in_double_precision_has_no_pair_interactions(self, model, likes):
        history, (name,) = likes.row(2)[:2], model.factor_names
        twin = randomising.in_double_precision(model)
        sets = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=torch.float64)
        none, one, two, both = twin.on_subsets(history, sets).logits[name]
        assert both.dtype == torch.float64 and (both - one - two + none).abs().max() < 1e-9

    def test_randomising_leaves_nothing_that_was_learnt(self, model, likes):
        fresh = Product(model.settings, likes.n_items, 4)
        assert (randomising.randomised(model, 4).score(likes) == fresh.score(likes)).all()


def test_the_sparse_part_sums_alike_on_the_host_and_on_a_device(likes):
    net = Product(ProductSettings({"sparse": SparseSettings(neighbours=7)}), likes.n_items).nets["sparse"]
    net.initialise(likes)
    dice = torch.Generator().manual_seed(1)
    bag, targets = Bag.of(likes.take(slice(0, 40))), torch.tensor([5, 0, 5, likes.n_items - 1])
    for x in (bag, bag.dropped(0.4, dice), Bag.of(Interactions.from_lists([[], [3]], likes.n_items))):
        assert torch.allclose(net._added(x, None), net._sums(x, None), atol=1e-6)
        assert torch.equal(net._added(x, targets), net._added(x, None)[:, targets])
    assert net._added(bag, None).abs().max() > 0


def test_silenced_items_of_the_sparse_part_add_nothing(likes):
    model = Product(ProductSettings({"sparse": SETTINGS["sparse"]}), likes.n_items)
    silent = randomising.silenced(model, np.array([3]))
    assert not silent.item_weights(np.array([3])).any() and model.item_weights(np.array([3])).any()
    assert (silent.item_weights(np.array([4])) == model.item_weights(np.array([4]))).all()
    low_rank = Product(ProductSettings({"low_rank": SETTINGS["low_rank"]}), likes.n_items)
    assert randomising.silenced(low_rank, np.array([3])) is None


def by_hand(likes: Interactions, sources: np.ndarray, l2: float, dropout: float) -> np.ndarray:
    """Each item's weights from its own system, float64 (items, k)."""
    x = likes.csr(np.float64).toarray()
    gram = x.T @ x
    penalty = np.diag(gram) * dropout / (1 - dropout) + l2
    found = np.zeros(sources.shape)
    for item, chosen in enumerate(sources):
        real = chosen != item
        kept = chosen[real]
        found[item, real] = np.linalg.solve(gram[np.ix_(kept, kept)] + np.diag(penalty[kept]), gram[kept, item])
    return found


class TestLocalClosedForm:
    @pytest.mark.parametrize("table", [10**6, 25, 1])
    @pytest.mark.parametrize("k", [3, 12, 10**6])
    def test_each_item_is_its_own_small_system(self, likes, k, table, monkeypatch):
        monkeypatch.setattr(local_ease, "_HOT", table)
        found = local_edlae(likes, k, 5.0, 0.33)
        assert np.abs(found.weights - by_hand(likes, found.sources, 5.0, 0.33)).max() < 1e-5
        assert np.abs(found.weights).max() > 0.1

    def test_on_all_other_items_it_is_the_closed_form(self):
        likes, _ = synthetic.checkerboard()
        board = Interactions.from_lists(
            [*map(likes.row, range(len(likes))), np.arange(likes.n_items)], likes.n_items
        )  # somebody has everything: no two items are apart
        found, whole = local_edlae(board, 10**6, 5.0, 0.33), edlae_weights(board, 5.0, 0.33)
        dense = np.zeros_like(whole)
        dense[found.sources, np.arange(len(dense))[:, None]] = found.weights
        assert np.abs(dense - whole).max() < 1e-5

    def test_blocks_do_not_change_the_answer(self, likes, monkeypatch):
        whole = local_edlae(likes, 7, 5.0)
        monkeypatch.setattr(local_ease, "_CELLS", 1_000)
        parts = local_edlae(likes, 7, 5.0)
        assert (whole.sources == parts.sources).all() and np.allclose(whole.weights, parts.weights, atol=1e-6)

    @pytest.mark.parametrize("counts", ["liked items", "users"])
    def test_either_way_to_count_rare_items_counts_alike(self, likes, counts, monkeypatch):
        monkeypatch.setattr(local_ease, "_HOT", 25)
        whole = local_edlae(likes, 8, 5.0)
        real, taken = local_ease._Together._of_users, []
        monkeypatch.setattr(local_ease._Together, "_of_users", lambda self, *a: taken.append(1) or real(self, *a))
        kept = local_ease._Together.__init__

        def made(self, liked, x, numbers):
            kept(self, liked, x, numbers)
            self.reach = np.full(len(numbers), np.inf if counts == "liked items" else -1.0)

        monkeypatch.setattr(local_ease._Together, "__init__", made)
        assert np.allclose(local_edlae(likes, 8, 5.0).weights, whole.weights, atol=1e-6)
        assert bool(taken) == (counts == "users")

    def test_the_planted_partner_is_the_nearest(self):
        planted = synthetic.planted(users=1_000, background=30)
        found = local_edlae(planted.likes, 1, 5.0)
        assert (found.sources[planted.pairs[:, 1], 0] == planted.pairs[:, 0]).all()

    def test_an_item_that_nobody_has_has_no_weights(self):
        likes = Interactions.from_lists([[0, 1], [0, 1], [1]], 4)
        found = local_edlae(likes, 2, 1.0)
        assert not found.weights[2:].any() and (found.sources[3] == 3).all() and found.weights[0].any()

    def test_pairs_that_too_few_users_share_say_nothing(self, likes):
        x = likes.csr(np.float64).toarray()
        gram, found = x.T @ x, local_edlae(likes, 40, 5.0, shared_users=9)
        others = found.sources != np.arange(likes.n_items)[:, None]
        pairs = gram[found.sources, np.arange(likes.n_items)[:, None]]
        assert pairs[others].min() >= 9 and (~others).any() and others.any()
        assert np.abs(found.weights - by_hand(likes, found.sources, 5.0, 0.0)).max() < 1e-5

    def test_a_singular_system_is_said(self):
        likes = Interactions.from_lists([[0, 1, 2, 3]] * 5, 4)
        with pytest.raises(DataError, match="expected l2 > 0"):
            local_edlae(likes, 3, 0.0)


@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_learn_explain_and_are_saved(name, likes):
    settings, options = preset("vasp", name)
    known = {key: text for key, text in SMALL.items() if key not in ({"factors"} if name == "large" else
             {"l2", "neighbours"})}
    settings, options = override(settings, options, known)
    model = create("vasp", settings, likes.n_items)
    before = model.score(likes)
    model.fit(likes, options)
    assert (model.score(likes) != before).any() and model.linear_factor == PRESETS[name]
    found = explain(model, likes.row(0), np.flatnonzero(~np.isin(np.arange(likes.n_items), likes.row(0)))[:5])
    assert found.linear is not None


def test_the_same_seed_gives_the_same_bits(likes):
    settings, options = override(*preset("vasp", "large"), {k: v for k, v in SMALL.items() if k != "factors"})
    one, two = (create("vasp", replace(settings), likes.n_items) for _ in range(2))
    for each in (one, two):
        each.fit(likes, options)
    assert (one.score(likes) == two.score(likes)).all()

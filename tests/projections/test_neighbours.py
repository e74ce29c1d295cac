"""Neighbours found block by block where the model is are those found in the tiles of all answers."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.projections.planted import PlantedModel, catalogue_of
from vasp_models.data.interactions import Interactions
from vasp_models.errors import MapError, ModelError
from vasp_models.models import MODELS, AnswersAlone, create
from vasp_models.models.abilities import abilities
from vasp_models.models.flvae import FLVAESettings
from vasp_models.models.hvamp import HVampSettings
from vasp_models.models.inputs import OneHot, Subsets
from vasp_models.models.low_rank import LowRankSettings
from vasp_models.models.nease import NEASESettings
from vasp_models.models.network import SetNetwork
from vasp_models.models.recvae import RecVAESettings
from vasp_models.models.sparse import SparseSettings
from vasp_models.models.vasp import Product, ProductSettings
from vasp_models.projections import distances, drawing, maps, neighbours, quality, sensitivity
from vasp_models.training.batches import Bag

N, K = 53, 7
FLVAE = FLVAESettings(hidden=20, latents=6, encoder_layers=3, decoder_layers=2)
PRODUCTS = {
    "vasp": {"nease": NEASESettings(bias=-2.0), "flvae": FLVAE},
    "normalised": {"flvae": FLVAESettings(20, 6, 2, 2, normalise_input=True)},
    "sparse": {"sparse": SparseSettings(neighbours=9), "flvae": FLVAE},
    "low rank": {"low_rank": LowRankSettings(5, bias=-1.0, temperature=3.0), "flvae": FLVAE},
    "recvae": {"nease": NEASESettings(), "recvae": RecVAESettings(24, 8, 2)},
    "hvamp": {"low_rank": LowRankSettings(5), "hvamp": HVampSettings(24, 1, 6, 10)},
    "three": {"nease": NEASESettings(), "sparse": SparseSettings(neighbours=9), "recvae": RecVAESettings(24, 8, 2)},
}


def product(name: str, share: float = 1.0, n: int = N) -> Product:
    """A product whose weights are spread, so that no two pairs of films are equally near."""
    model = Product(ProductSettings(PRODUCTS[name], share), n, seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weights in model.parameters():
            weights += 0.3 * torch.randn(weights.shape, generator=generator)
        for net in model.nets.values():
            net.project()
    if share < 1:
        chosen = np.random.default_rng(3).choice(n, model.n_modelled, replace=False)
        model.modelled.copy_(torch.from_numpy(np.sort(chosen)))
    return model.requires_grad_(False).eval()


def same(model, k: int = K, side: int = 16) -> None:
    """Both routes give the same films, distances, extents and similarities, in every part and reading."""
    found = neighbours.OnDevice(model, side=side)
    lists = found.lists(distances.DISTANCES, k)
    with sensitivity.answers(model, side=24) as answered:
        assert found.parts == answered.parts and np.array_equal(found.items, answered.items)
        for part in answered.parts:
            for reading in distances.DISTANCES:
                told = distances.similarities(answered, part, reading)
                near, away = distances.nearest(told, k)
                ours = lists[part, reading]
                np.testing.assert_allclose([ours.low, ours.high], [told.low, told.high], rtol=2e-5, atol=2e-6)
                np.testing.assert_allclose(ours.distances, away, atol=2e-5)
                similar = np.concatenate([block for _, block in told.blocks()])
                np.testing.assert_allclose(1 - np.take_along_axis(similar, ours.places, axis=1), away, atol=2e-5)
                # Elsewhere two films are equally near, but for rounding: most, where a film has few weights.
                assert part == "sparse" or (ours.places == near).mean() > 0.95
                assert ours.places.dtype == near.dtype and ours.distances.dtype == away.dtype


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_lists_are_those_of_the_tiles(name):
    same(product(name))


@pytest.mark.parametrize("side", [1, 13, 52, 53, 400])
def test_the_size_of_the_blocks_changes_nothing(side):
    same(product("vasp"), side=side)


@pytest.mark.parametrize("k", [1, 20, N - 1])
def test_any_number_of_neighbours(k):
    same(product("vasp"), k)


def test_no_more_neighbours_than_there_are_films():
    assert neighbours.OnDevice(product("vasp")).lists(["lift"], 500)["joint", "lift"].places.shape == (N, N - 1)


@pytest.mark.parametrize("name", ["vasp", "sparse", "low rank", "hvamp"])
def test_films_that_the_model_does_not_cover_are_left_out(name):
    model = product(name, share=0.7)
    assert len(neighbours.OnDevice(model).items) == int(0.7 * N)
    same(model)
    with pytest.raises(ModelError, match="not covered"):
        model.alone(np.arange(N))


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if issubclass(row.kind, SetNetwork)])
def test_networks_of_their_own_have_the_neighbours_of_their_scores(name):
    presets = MODELS[name].presets
    model = create(name, presets.get("tiny", presets["small"])[0], N, seed=4).requires_grad_(False)
    with torch.no_grad():
        floats = (each for each in (*model.parameters(), *model.buffers()) if each.is_floating_point())
        for number, weights in enumerate(floats):
            weights += 0.2 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(number))
    same(model)


def test_the_smallest_extent_and_the_order_of_equal_films():
    """With two films there is one pair; films that nothing parts stand in the order of the catalogue."""
    model = Product(ProductSettings({"nease": NEASESettings()}), 12)
    with torch.no_grad():
        model.nets["nease"].W.zero_()
        model.nets["nease"].W[0, 1] = 1.0
    found = neighbours.OnDevice(model, side=5).lists(["lift"], 11)["joint", "lift"]
    assert found.places[5].tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert found.places[0, 0] == 1 and found.distances[0, 0] == pytest.approx(1 - 0.99 / 2)


def test_what_is_wrong_is_told_as_with_tiles():
    model = product("vasp")
    with pytest.raises(MapError, match="'cosine'.*lift, paper"):
        neighbours.OnDevice(model).lists(["cosine"], 3)
    with torch.no_grad():
        model.nets["nease"].W[3, 9] = torch.nan
    with pytest.raises(MapError, match="'joint'.*finite number"):
        neighbours.OnDevice(model, side=16).lists(["paper"], 3)
    flat = Product(ProductSettings({"nease": NEASESettings()}), N)
    with torch.no_grad():
        flat.nets["nease"].W.zero_()
    with pytest.raises(MapError, match="'joint'.*alike"):
        neighbours.OnDevice(flat).lists(["lift"], 3)


def test_similarities_are_read_as_from_tiles():
    model = product("vasp")
    similar = neighbours.OnDevice(model, side=16).similarities("lift", K)["flvae"]
    with sensitivity.answers(model, side=24) as answered:
        told = distances.similarities(answered, "flvae", "lift")
        ours, theirs = (np.concatenate([block for _, block in each.blocks()]) for each in (similar, told))
        np.testing.assert_allclose(ours, theirs, atol=2e-6)
        near, _ = similar.nearest(K)
        layout = np.random.default_rng(0).normal(size=(N, 2))
        assert quality.faithfulness(similar, near, layout) == pytest.approx(quality.faithfulness(told, near, layout))


class Watch(TorchDispatchMode):
    """The largest tensor that any operation makes, in numbers, and the most bytes that live at once."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = self.bytes = self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        given = {t.untyped_storage()._cdata for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        found = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(found):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.known | given:
                    self.known.add(storage._cdata)
                    self.bytes += storage.nbytes()
                    self.peak = max(self.peak, self.bytes)
                    self.largest = max(self.largest, storage.nbytes() // tensor.element_size())
                    weakref.finalize(storage, self.gone, storage._cdata, storage.nbytes())
        return found

    def gone(self, name: int, many: int) -> None:
        self.known.discard(name)
        self.bytes -= many


@pytest.mark.parametrize("name", PRODUCTS)
def test_no_items_x_items_tensor_is_ever_made(name):
    n, side, k = 400, 40, 5
    model = product(name, n=n)
    with Watch() as seen:
        neighbours.OnDevice(model, side=side).lists(["lift"], k)
    assert side * side <= seen.largest <= n * 48 < n * n / 8
    with Watch() as seen:
        next(neighbours.OnDevice(model, side=side).similarities("lift", k)["joint"].blocks())
    assert seen.largest < n * 48


def test_memory_is_what_is_kept_and_a_dozen_tiles():
    n, side, k = 512, 128, 9
    model = product("vasp", n=n)
    with Watch() as seen:
        found = neighbours.OnDevice(model, side=side)
        kept = n * (FLVAE.hidden + FLVAE.latents) * 4
        assert kept <= seen.bytes <= kept * 1.5 + n * 64  # features; answers to nothing, the items' numbers
        found.lists(["lift"], k)
    lists = 3 * n * k * 8  # of three parts, a sum and a place
    assert seen.peak <= kept * 1.5 + n * 64 + lists + 13 * side * side * 4


def test_the_watch_sees_a_matrix_that_is_made():
    with Watch() as seen:
        model = product("vasp", n=400)
        model.alone(np.arange(400))
        model.among(model.alone(np.arange(400)), model.alone(np.arange(400)))
    assert seen.largest >= 400 * 400


def test_rounded_products_give_nearly_the_same_lists():
    model = product("vasp")
    plain, low = (
        neighbours.OnDevice(model, precision=precision).lists(["lift"], 10)["flvae", "lift"].places
        for precision in ("fp32", "bf16")
    )
    shared = (plain[:, :, None] == low[:, None, :]).any(axis=2).mean()
    assert 0.8 < shared < 1.0


@pytest.mark.parametrize("columns", [None, torch.tensor([4, 0, 4])])
def test_one_item_alone_is_a_history_of_one_item(columns):
    items, matrix = torch.tensor([3, 0, 3]), torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    alone, factors = OneHot(items), torch.tensor([2.0, 1.0, 0.5])
    bag = Bag.of(Interactions.from_lists([[3], [0], [3]], 6))
    subsets = Subsets.real(torch.tensor([3, 0]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    assert len(alone) == 3 and alone.lengths.tolist() == bag.lengths.tolist()
    for other in (bag, subsets):
        for ours, theirs in ((alone, other), (alone.scaled(factors), other.scaled(factors))):
            assert torch.equal(ours.times(matrix, columns), theirs.times(matrix, columns))
            assert torch.equal(ours.dense(6, columns), theirs.dense(6, columns))
    assert torch.equal(alone.scaled(factors).scaled(factors).times(matrix)[0], 4 * matrix[3])


def test_models_declare_whether_they_answer_so():
    assert abilities("vasp").alone and abilities("multvae").alone
    assert not abilities("ease").alone and not abilities("svae").alone
    assert isinstance(product("vasp"), AnswersAlone) and not isinstance(PlantedModel(20), AnswersAlone)
    assert not neighbours.possible(PlantedModel(20))
    assert not neighbours.possible(product("vasp"))  # on the CPU the tiles stay


def test_maps_are_drawn_from_them(monkeypatch):
    model, catalogue = product("vasp"), catalogue_of(np.arange(N) % 4)
    told = maps.compute(model, catalogue)

    def refused(*given):
        raise AssertionError("tiles were written")

    monkeypatch.setattr(neighbours, "possible", lambda model: True)
    monkeypatch.setattr(drawing, "answers", refused)
    seen = []
    found = maps.compute(model, catalogue, progress=lambda *each: seen.append(each))
    assert found.parts == told.parts and found.settings == told.settings
    for part in told.parts:
        assert (found.neighbours[part] == told.neighbours[part]).mean() > 0.95
        assert found.quality[part].keys() == told.quality[part].keys()
        assert found.quality[part]["trustworthiness"] == pytest.approx(told.quality[part]["trustworthiness"], abs=0.05)
        assert found.frames[part].low == pytest.approx(told.frames[part].low, rel=1e-4)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and "Finding neighbours: flvae" in {words for words, _ in seen}

"""Loading a model of paper width and asking it, on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
import tempfile

import numpy as np
from safetensors.numpy import load_file
from safetensors.torch import save_file
import torch

from vasp_models import places
from vasp_models.checkpoints import mapped
from vasp_models.data import synthetic
from vasp_models.data.datasets import sha256_of
from vasp_models.data.interactions import Interactions
from vasp_models.data.verified import has_digest, note
from vasp_models.explanations.leave_one_out import influence
from vasp_models.models.flvae import FLVAESettings
from vasp_models.models.nease import NEASESettings
from vasp_models.models.rounded import rounded
from vasp_models.models.vasp import Product, ProductSettings
from vasp_models.models.weights import not_drawn
from vasp_models.recommending import recommend
from vasp_models.speed import Figure, Scale, timed

_TOP = 100
_LISTS = 20  # users whose lists are compared


def figures(scale: Scale, seed: int = 0) -> Iterator[Figure]:
    """Loading by memory map, one user, rounded weights, a batch of users, leave-one-out."""
    likes = synthetic.paper_scale(seed, scale.users, scale.items, scale.users * scale.history)
    settings = product_settings(scale)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=places.scratch()) as folder:
        path = Path(folder) / "weights.safetensors"
        save_file(filled(settings, scale.items, seed).state_dict(), path)
        yield loading(scale, settings, path)
        yield hashing(path)
        model = loaded(settings, scale.items, path)
        yield one_user(scale, model, likes.row(0))
        yield in_bf16(scale, model, likes)
    narrow = replace(scale, hidden=min(600, scale.hidden), latents=min(200, scale.latents))
    small = filled(product_settings(narrow), scale.items, seed)
    yield batch(scale, small, likes.take(slice(0, min(200, scale.users))))
    yield left_out(scale, small, likes.row(0))


def product_settings(scale: Scale) -> ProductSettings:
    """VASP at the scale's width, with the depth of the paper."""
    return ProductSettings({"nease": NEASESettings(), "flvae": FLVAESettings(scale.hidden, scale.latents)})


def filled(settings: ProductSettings, n_items: int, seed: int) -> Product:
    """A model whose weights repeat a few drawn rows: as quick to ask as a trained one, and made in seconds."""
    generator = torch.Generator().manual_seed(seed)
    with not_drawn():
        model = Product(settings, n_items)
    for weights in model.requires_grad_(False).parameters():
        if weights.ndim == 2:
            drawn = torch.randn(min(97, len(weights)), weights.shape[1], generator=generator)
            for start in range(0, len(weights), len(drawn)):
                rows = weights[start : start + len(drawn)]
                rows.copy_(drawn[: len(rows)] * weights.shape[1] ** -0.5)
    return model


def loaded(settings: ProductSettings, n_items: int, path: Path) -> Product:
    """A model from its weights, as a checkpoint loads it."""
    with not_drawn():
        model = Product(settings, n_items)
    model.load_tensors(mapped(path))
    return model.requires_grad_(False).eval()


def loading(scale: Scale, settings: ProductSettings, path: Path) -> Figure:
    """All weights by memory map, beside reading them."""
    return timed(
        f"loading {path.stat().st_size / 1e9:.1f} GB of weights",
        lambda: loaded(settings, scale.items, path),
        lambda: load_file(path),
        "read into memory",
        min(3, scale.repeats),
    )


def hashing(path: Path) -> Figure:
    """What is done before weights that came from elsewhere are loaded for the first time; later a mark is enough."""
    name, found = f"hashing {path.stat().st_size / 1e9:.1f} GB of weights", []
    hashed = timed(name, lambda: found.append(sha256_of(path)), repeats=1, warm=False)
    (digest,) = found
    note(path, digest)
    known = timed(name, lambda: has_digest(path, digest), repeats=1)
    return hashed.with_fact(f"once, of a file from elsewhere; by its mark {1e3 * known.seconds:.2f} ms")


def one_user(scale: Scale, model: Product, history: np.ndarray) -> Figure:
    """A list of 100 with its factors, as the pages show it: the history and the empty profile are asked."""
    return timed(f"one user at width {scale.hidden:,}", lambda: recommend(model, history, _TOP), repeats=scale.repeats)


def in_bf16(scale: Scale, model: Product, likes: Interactions) -> Figure:
    """A list of 100 with weights in bf16, beside fp32."""
    low, one = rounded(model), likes.take([0])
    rows = likes.take(slice(0, min(_LISTS, len(likes))))
    lists = (each.best(rows, _TOP)[0] for each in (low, model))
    shared = [len(set(a) & set(b)) / len(a) for a, b in zip(*lists, strict=True)]
    return timed(
        f"one list at width {scale.hidden:,}, bf16 weights",
        lambda: low.best(one, _TOP),
        lambda: model.best(one, _TOP),
        "fp32 weights",
        scale.repeats,
        f"overlap of the top {_TOP}: {np.mean(shared):.3f} over {len(rows)} users",
    )


def batch(scale: Scale, model: Product, rows: Interactions) -> Figure:
    """Lists of many users in batches, beside one after the other; width 600."""
    return timed(
        f"lists of {len(rows)} users",
        lambda: model.best(rows, _TOP),
        lambda: [model.best(rows.take([row]), _TOP) for row in range(len(rows))],
        "one by one",
        min(3, scale.repeats),
    )


def left_out(scale: Scale, model: Product, history: np.ndarray) -> Figure:
    """Leave-one-out over a history for all items in one batch, beside one history after the other; width 600."""
    rows = [np.delete(history, place) for place in range(len(history))]
    without = Interactions.from_lists([history, [], *rows], scale.items)
    return timed(
        f"leave-one-out of {len(history)} films",
        lambda: influence(model, history),
        lambda: [model.log_factors(without.take([row])) for row in range(len(without))],
        "one by one",
        min(3, scale.repeats),
    )

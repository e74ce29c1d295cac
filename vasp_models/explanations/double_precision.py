"""The answers once more in double precision, written from the papers with numpy alone: what fp32 answers are held to.

Only what was learnt and the settings are read; none of the models' own code runs here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, log_expit, log_softmax

from vasp_models.data.interactions import Interactions

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

_LAYER_NORM = 1e-3  # Keras' epsilon
_SMALLEST = 1e-290  # products below it lose digits

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Exact:
    """`factors` float64 (factors, rows, items) and F, `total` (rows, items); -inf where an item is not modelled."""

    factors: np.ndarray
    total: np.ndarray


def exact_answers(model: Recommender, histories: Interactions) -> Exact | None:
    """Answers to each history from an independent pass; None for a kind of model that is not written down here.

    The score of a product (VASP eq. 6 and 7) is the log of the multiplied sigmoids, not a sum of logs.
    """
    tensors = model.tensors()
    if set(tensors) == {"counts"}:
        total = np.tile(tensors["counts"].astype(np.float64), (len(histories), 1))
    elif set(tensors) == {"weights"}:
        total = _sums(tensors["weights"], _rows(histories))
    elif "modelled" in tensors and set(model.settings.parts) <= set(_LOGITS):
        return _product(model, tensors, histories)
    else:
        return None
    total = log_softmax(total, axis=1) if model.softmax else total
    return Exact(total[None], total)


def _product(model: Any, tensors: Tensors, histories: Interactions) -> Exact:
    """Each part on the items that the model covers, and the others at -inf."""
    covered = tensors["modelled"]
    column = np.full(histories.n_items, -1)
    column[covered] = np.arange(len(covered))
    rows = [known[known >= 0] for known in (column[row] for row in _rows(histories))]
    logits: dict[str, np.ndarray] = {}
    for part, settings in model.settings.parts.items():
        prefix = f"nets.{part}."
        own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        logits |= _LOGITS[part](own, settings, rows)
    factors = np.full((len(logits), len(rows), histories.n_items), -np.inf)
    total = np.full(factors.shape[1:], -np.inf)
    stacked = np.stack([logits[name] for name in model.factor_names])
    factors[:, :, covered] = log_expit(stacked)
    product = expit(stacked).prod(axis=0)
    with np.errstate(divide="ignore"):
        total[:, covered] = np.where(product > _SMALLEST, np.log(product), log_expit(stacked).sum(axis=0))
    return Exact(factors, total)


def _nease(t: Tensors, settings: Any, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """b + x W (eq. 1)."""
    return {"nease": settings.bias + _sums(t["W"], rows)}


def _low_rank(t: Tensors, settings: Any, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """b + c (x A A' - x) (ELSA, Vančura et al. 2022)."""
    a = t["net.A"].astype(np.float64)
    scores = _sums(a, rows) @ a.T
    for number, row in enumerate(rows):
        scores[number, row] -= 1.0
    return {"low_rank": settings.bias + settings.temperature * scores}


def _sparse(t: Tensors, settings: Any, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """b + c x B with B by rows (Spišák et al. 2023)."""
    n_items = len(t["starts"]) - 1
    b = csr_matrix((t["weights"].astype(np.float64), t["targets"], t["starts"]), shape=(n_items, n_items))
    sums = np.stack([np.asarray(b[row].sum(axis=0)).reshape(-1) for row in rows])
    return {"sparse": settings.bias + float(t["scale"]) * sums}


def _flvae(t: Tensors, settings: Any, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Both heads at the mean of the latents (section III-B and VI-E)."""
    first = _sums(t["embed"], rows)  # (rows, hidden)
    if settings.normalise_input:
        first /= np.sqrt([[max(len(row), 1)] for row in rows])
    z = _dense(t, "mu", _stack(t, "encoder", first + t["embed_bias"], settings.encoder_layers))
    h = _stack(t, "decoder", _dense(t, "decode", z), settings.decoder_layers)
    return {"flvae_residual": _dense(t, "residual_head", h), "flvae_latent": _dense(t, "latent_head", z)}


_LOGITS: dict[str, Callable[[Tensors, Any, list[np.ndarray]], dict[str, np.ndarray]]] = {
    "nease": _nease,
    "low_rank": _low_rank,
    "sparse": _sparse,
    "flvae": _flvae,
}


def _stack(t: Tensors, prefix: str, first: np.ndarray, layers: int) -> np.ndarray:
    """h_k = LN(swish(h_{k-1} W_k + b_k + sum of all h before k))."""
    outputs = [_norm(t, f"{prefix}.norms.0", _swish(first))]
    for k in range(1, layers):
        inner = _dense(t, f"{prefix}.layers.{k - 1}", outputs[-1]) + sum(outputs)
        outputs.append(_norm(t, f"{prefix}.norms.{k}", _swish(inner)))
    return outputs[-1]


def _swish(a: np.ndarray) -> np.ndarray:
    return a * expit(a)


def _norm(t: Tensors, prefix: str, h: np.ndarray) -> np.ndarray:
    centred = h - h.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=1, keepdims=True) + _LAYER_NORM)
    return centred / scale * t[f"{prefix}.weight"] + t[f"{prefix}.bias"]


def _dense(t: Tensors, prefix: str, h: np.ndarray) -> np.ndarray:
    return h @ t[f"{prefix}.weight"].astype(np.float64).T + t[f"{prefix}.bias"]


def _sums(matrix: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """The sum of each row's lines of a matrix, (rows, columns)."""
    return np.stack([matrix[row].sum(axis=0, dtype=np.float64) for row in rows])


def _rows(histories: Interactions) -> list[np.ndarray]:
    return [histories.row(number) for number in range(len(histories))]

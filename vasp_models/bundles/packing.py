"""What the core says of one user's films, as named arrays and back again, bit for bit.

h films in the history, t films explained, u films answered for. Whole numbers are kept in 32 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vasp_models.explanations.curves import DeletionCurve
from vasp_models.explanations.explaining import Explanations
from vasp_models.explanations.gradients import Gradients
from vasp_models.explanations.interactions import PairInteractions
from vasp_models.explanations.leave_one_out import Influence
from vasp_models.explanations.linear import LinearTerms
from vasp_models.explanations.removals import Removal

Arrays = Mapping[str, np.ndarray]
NONE = -1  # the places of a film that no removal was found for
_SHARES = ("share", "random_low", "random_median", "random_high")


def pack_influence(found: Influence) -> dict[str, np.ndarray]:
    """Answers with and without each film: targets (u), full and empty (factors, u), without (factors, h, u)."""
    return {"targets": _short(found.targets), "full": found.full, "empty": found.empty, "without": found.without}


def unpack_influence(stored: Arrays, history: np.ndarray, factors: tuple[str, ...]) -> Influence:
    """The influence of a history that `pack_influence` took apart."""
    arrays = stored["full"], stored["empty"], stored["without"]
    return Influence(history, factors, _long(stored["targets"]), *arrays)


def pack_reasons(batches: Sequence[Explanations]) -> dict[str, np.ndarray]:
    """The explanations of one user's films, batch after batch, each film with the numbers of its own batch."""
    first = batches[0]

    def joined(values: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(values, axis=-1)

    arrays = {
        "items": _short(joined([each.items for each in batches])),
        "scores": joined([each.scores for each in batches]),
        "ranks": _short(joined([each.ranks for each in batches])),
        "base_ranks": _short(joined([each.base_ranks for each in batches])),
        "n_candidates": np.int32(first.n_candidates),
        "covered": first.covered,
    }
    if first.linear is not None:
        arrays["linear_bias"] = np.float64(first.linear.bias)
        for name in ("weights", "contributions", "logits"):
            arrays[f"linear_{name}"] = joined([getattr(each.linear, name) for each in batches])
    if first.gradients is not None:
        values = [np.stack(list(each.gradients.values.values())) for each in batches]
        deltas = [np.stack(list(each.gradients.delta.values())) for each in batches]
        nodes = [np.full(len(each), each.gradients.nodes, dtype=np.int32) for each in batches]
        arrays |= {"gradients": joined(values), "delta": joined(deltas), "nodes": joined(nodes)}
    return arrays


def unpack_reasons(
    stored: Arrays, answers: Influence, places: np.ndarray, linear: str | None, gradients: Sequence[str]
) -> Explanations:
    """The explanations of the films at some places of what `pack_reasons` took apart.

    `linear` and `gradients` name the factors that have a closed form and a gradient.
    """
    terms, paths = None, None
    if "linear_bias" in stored:
        arrays = (stored[f"linear_{name}"][..., places] for name in ("weights", "contributions", "logits"))
        terms = LinearTerms(linear, float(stored["linear_bias"]), *arrays)
    if "gradients" in stored:
        values = dict(zip(gradients, stored["gradients"][..., places], strict=True))
        delta = dict(zip(gradients, stored["delta"][..., places], strict=True))
        paths = Gradients(values, delta, int(stored["nodes"][places].max(initial=0)))
    items = _long(stored["items"][places])
    return Explanations(
        items,
        stored["scores"][places],
        answers.only(items),
        stored["covered"],
        terms,
        paths,
        _long(stored["ranks"][places]),
        _long(stored["base_ranks"][places]),
        int(stored["n_candidates"]),
    )


def pack_curves(curves: Sequence[DeletionCurve]) -> dict[str, np.ndarray]:
    """The deletion curves: curve_ranks (t, steps) and, where scores are positive, curve_shares (t, 4, steps)."""
    arrays = {"curve_ranks": _short(np.stack([curve.ranks for curve in curves]))}
    if curves[0].share is not None:
        arrays["curve_shares"] = np.stack([[getattr(curve, name) for name in _SHARES] for curve in curves])
    return arrays


def unpack_curve(stored: Arrays, place: int) -> DeletionCurve:
    """The deletion curve of the film at a place."""
    shares = stored["curve_shares"][place] if "curve_shares" in stored else ()
    return DeletionCurve(_long(stored["curve_ranks"][place]), *shares)


def pack_removals(removals: Sequence[dict[int, Removal | None]]) -> dict[str, np.ndarray]:
    """The removals of the films: removal_places and removal_sizes (t, tops, 2), and one after the other their films."""
    places, sizes, films = [], [], []
    for removal in (each for found in removals for each in found.values()):
        if removal is None:
            places.append((NONE, NONE))
            sizes.append((0, 0))
            continue
        places.append((removal.rank_before, removal.rank_after))
        sizes.append((len(removal.items), len(removal.entered)))
        films += [removal.items, removal.entered]
    shape = len(removals), len(removals[0]), 2
    return {
        "removal_places": np.array(places, dtype=np.int32).reshape(shape),
        "removal_sizes": np.array(sizes, dtype=np.int32).reshape(shape),
        "removal_films": _short(np.concatenate([np.empty(0, np.int64), *films])),
    }


def unpack_removals(stored: Arrays, place: int, tops: Sequence[int]) -> dict[int, Removal | None]:
    """The removals of the film at a place, for each of the `tops` that they were looked for."""
    sizes = stored["removal_sizes"]
    ends = np.cumsum(sizes.ravel()).reshape(sizes.shape)
    films, found = _long(stored["removal_films"]), {}
    for number, top in enumerate(tops):
        before, after = stored["removal_places"][place, number].tolist()
        (_, whole), (out, new) = ends[place, number].tolist(), sizes[place, number].tolist()
        items, entered = films[whole - new - out : whole - new], films[whole - new : whole]
        found[top] = None if before == NONE else Removal(items, before, after, entered)
    return found


def pack_pairs(pairs: Sequence[PairInteractions]) -> dict[str, np.ndarray]:
    """The interactions for each film: pair_positions (t, m) and the upper triangles pair_values (t, factors, pairs)."""
    upper = np.triu_indices(len(pairs[0].positions), k=1)
    values = [[factor[upper] for factor in each.values.values()] for each in pairs]
    return {
        "pair_positions": _short(np.stack([each.positions for each in pairs])),
        "pair_values": np.array(values, dtype=np.float64).reshape(len(pairs), len(pairs[0].values), len(upper[0])),
    }


def unpack_pairs(stored: Arrays, place: int, factors: tuple[str, ...]) -> PairInteractions:
    """The interactions for the film at a place; symmetric with a diagonal of 0."""
    positions = _long(stored["pair_positions"][place])
    first, second = np.triu_indices(len(positions), k=1)
    values = np.zeros((len(factors), len(positions), len(positions)))
    values[:, first, second] = values[:, second, first] = stored["pair_values"][place]
    return PairInteractions(positions, dict(zip(factors, values, strict=True)))


def _short(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.int32)


def _long(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)

"""Who is served how well, by which part of the model, and with which films: one measure of everything beyond a mean.

What is kept of each user and of each held-out film is enough to cut any slice later (`vasp_models.evaluation.served`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import hashlib
from typing import Any

import numpy as np

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.data.tastes import tastes
from vasp_models.errors import DataError
from vasp_models.evaluation import beyond, found, intervals, slices
from vasp_models.evaluation.ranking import NOTHING

JOINT, POPULARITY, HISTORIES = "joint", "popularity", "histories"  # the model, and what stands beside its parts
SHOWN = 20  # films of a list that a user sees: what is measured of lists is measured on them
COVERED = (10, 20, 100)
_BATCH = 100
_CURVE = 120  # points of a long-tail curve

Answer = Callable[[Interactions], np.ndarray]  # log factors (or one score) of all items: (factors, rows, items)


def measure_quality(
    answer: Answer,
    parts: Mapping[str, Sequence[int]],
    factors: Sequence[str],
    catalogue: Catalogue,
    n_train: int,
    fold_in: Interactions,
    held_out: Interactions,
    seed: int = 0,
    report: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Rank for users whom the model was not trained on, by the whole model, by each part and by popularity.

    `answer` gives the terms whose sum ranks, `parts` the places of the terms of ``joint`` and of each part; `factors`
    names the terms where there are several. `n_train` users gave `catalogue` its popularity. Arrays of users and of
    held-out films are kept as text (`packed`). Raises DataError where nobody has a held-out film.
    """
    rows = np.flatnonzero(held_out.lengths)
    if not len(rows):
        raise DataError("No test user has a held-out film, so there is no quality to measure: expected at least one.")
    fold_in, held_out = fold_in.take(rows), held_out.take(rows)
    lists, sizes = _ranked(answer, parts, catalogue, fold_in, len(factors), report)
    if report:
        report("Measuring the lists", 0.8)
    holders = catalogue.frame["train_users"].to_numpy()
    known = beyond.as_lists(fold_in)
    measured = {name: _beyond(each, known, catalogue, n_train) for name, each in lists.items()}
    measured[HISTORIES] = _of_lists(known, known, catalogue, n_train)
    return {
        "users": len(fold_in),
        "seed": seed,
        "films": len(catalogue),
        "pairs": held_out.n_pairs,
        "sample": _digest(fold_in, held_out),
        "systems": list(lists),
        "factors": list(factors),
        "parts": {name: [factors[place] for place in places] for name, places in parts.items() if name != JOINT},
        "per_user": _users(fold_in, held_out, catalogue, sizes, factors)
        | {"beyond": {measure: packed(values) for measure, values in measured[JOINT].items()}},
        "held_out": {"film": packed(held_out.indices)}
        | {name: packed(found.places(each, held_out)) for name, each in lists.items()},
        "beyond": {name: {measure: _mean(x) for measure, x in each.items()} for name, each in measured.items()},
        "long_tail": _long_tail({n: x[:, :SHOWN] for n, x in lists.items()} | {HISTORIES: known}, holders),
        "path_share": _film_shares(lists[JOINT][:, :SHOWN], sizes, factors, catalogue),
        "settings": {"shown": SHOWN, "depth": found.DEPTH, "alpha": beyond.ALPHA, "tail": beyond.TAIL},
    }


def packed(values: np.ndarray) -> str:
    """Numbers as text between blanks, at most four decimals: a tenth of what JSON's lists would take."""
    return " ".join(f"{value:.4f}".rstrip("0").rstrip(".") for value in np.asarray(values, dtype=float).tolist())


def unpacked(text: str) -> np.ndarray:
    """The numbers of `packed`, float64."""
    return np.array(text.split(), dtype=float)


def path_shares(sizes: np.ndarray) -> np.ndarray:
    """Share of each factor in the sizes of the log lifts of a list, float64 (users, factors); NaN where nothing lifts.

    `sizes` (users, films, factors) are |log lift|, 0 where there is no film: lowering counts as much as lifting.
    """
    each = sizes.sum(axis=1)
    whole = each.sum(axis=1, keepdims=True)
    return np.divide(each, whole, out=np.full(each.shape, np.nan), where=whole > 0)


def _ranked(answer, parts, catalogue, fold_in, n_factors, report) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """The lists of each system (users, DEPTH), and |log lift| of the films shown (users, SHOWN, factors)."""
    popularity = catalogue.frame["train_users"].to_numpy(np.float32)
    lists: dict[str, list[np.ndarray]] = {name: [] for name in (*parts, POPULARITY)}
    base = answer(Interactions.from_lists([[]], fold_in.n_items))[:, 0] if n_factors > 1 else None
    sizes = []
    for start in range(0, len(fold_in), _BATCH):
        rows = fold_in.take(slice(start, start + _BATCH))
        given = answer(rows)
        for name, places in parts.items():
            lists[name].append(found.ranked(given[list(places)].sum(axis=0), rows))
        lists[POPULARITY].append(found.ranked(np.tile(popularity, (len(rows), 1)), rows))
        if base is not None:
            sizes.append(_sizes(given, base, lists[JOINT][-1][:, :SHOWN]))
        if report:
            report("Ranking for each user", 0.8 * (start + len(rows)) / len(fold_in))
    whole = {name: np.concatenate(blocks) for name, blocks in lists.items()}
    if (whole[JOINT] == whole[POPULARITY]).all():  # the model is the popularity list: it stands there once
        del whole[POPULARITY]
    return whole, np.concatenate(sizes) if sizes else None


def _sizes(given: np.ndarray, base: np.ndarray, lists: np.ndarray) -> np.ndarray:
    """|log lift| of each film in each list by factor, float64 (rows, films, factors); 0 where there is no film."""
    rows = np.arange(len(lists))[:, None]
    lifts = np.zeros((len(given), *lists.shape))
    np.subtract(given[:, rows, lists], base[:, lists], out=lifts, where=lists != NOTHING, dtype=np.float64)
    return np.abs(lifts).transpose(1, 2, 0)


def _users(fold_in, held_out, catalogue, sizes, factors) -> dict[str, Any]:
    place = {name: number for number, name in enumerate(catalogue.genre_names)}
    favourite = [place.get(taste, NOTHING) for taste in tastes(fold_in, catalogue)["taste"]]
    popularity = beyond.popularity_percentile(catalogue.frame["train_users"].to_numpy())
    shares = {} if sizes is None else dict(zip(factors, path_shares(sizes).T, strict=True))
    return {
        "n_history": packed(fold_in.lengths),
        "n_held_out": packed(held_out.lengths),
        "taste": packed(np.array(favourite)),
        "popularity": packed(beyond.mean_over(beyond.as_lists(fold_in), popularity)),
        "path_share": {name: packed(values) for name, values in shares.items()},
    }


def _beyond(lists: np.ndarray, known: np.ndarray, catalogue: Catalogue, n_train: int) -> dict[str, np.ndarray]:
    """Everything that is measured of a system's lists beside their accuracy, of each user."""
    wide = {f"coverage@{k}": beyond.coverage(lists[:, :k], len(catalogue)) for k in COVERED}
    shown = lists[:, :SHOWN]
    return wide | {"gini": beyond.concentration(shown, len(catalogue))} | _of_lists(shown, known, catalogue, n_train)


def _of_lists(lists: np.ndarray, known: np.ndarray, catalogue: Catalogue, n_train: int) -> dict[str, np.ndarray]:
    """What is measured of one list alone; `known` are the histories in the same form."""
    holders, genres = catalogue.frame["train_users"].to_numpy(), catalogue.genre_matrix
    values = {
        "novelty": beyond.mean_over(lists, beyond.self_information(holders, n_train)),
        "popularity": beyond.mean_over(lists, beyond.popularity_percentile(holders)),
        "tail": beyond.mean_over(lists, beyond.tail(holders).astype(float)),
        "diversity": beyond.diversity(lists, genres),
    }
    if lists is not known:
        mixes = beyond.genre_mix(known, genres), beyond.genre_mix(lists, genres)
        values["calibration"] = beyond.calibration(*mixes)
    return values


def _mean(values: np.ndarray) -> dict[str, float | None] | None:
    values = values[np.isfinite(values)]
    return intervals.mean_se(values) if len(values) else None


def _long_tail(lists: Mapping[str, np.ndarray], holders: np.ndarray) -> dict[str, Any]:
    """What the n most popular films get, n even on a log scale; `half`: the n that gets half, None of nothing."""
    n = np.unique(np.geomspace(1, len(holders), _CURVE).round().astype(int))
    curves = {name: beyond.long_tail(beyond.counts(each, len(holders)), holders) for name, each in lists.items()}
    return {
        "films": packed(n),
        "share": {name: packed(curve[n - 1]) for name, curve in curves.items()},
        "half": {name: int(np.searchsorted(curve, 0.5) + 1) if curve[-1] else None for name, curve in curves.items()},
    }


def _film_shares(lists, sizes, factors, catalogue) -> dict[str, list[dict[str, Any]]]:
    """The parts' shares in the recommendations of each slice of films: means over the users who get such films."""
    if sizes is None:
        return {}
    return {
        kind: [
            {"slice": each.name, **_slice_share(lists, sizes, factors, each.members)}
            for each in slices.of_films(kind, catalogue)
        ]
        for kind in slices.FILMS
    }


def _slice_share(lists, sizes, factors, members) -> dict[str, Any]:
    inside = (lists != NOTHING) & members[lists]
    shares = path_shares(sizes * inside[:, :, None])
    shown = {name: _mean(values) for name, values in zip(factors, shares.T, strict=True)}
    return {"users": int(inside.any(axis=1).sum()), "films": int(inside.sum()), "path_share": shown}


def _digest(fold_in: Interactions, held_out: Interactions) -> str:
    """Names the users and their hold-out: two measures can be compared user by user where it is the same."""
    digest = hashlib.sha256()
    for part in (fold_in, held_out):
        digest.update(part.indptr.astype("<i8").tobytes() + part.indices.astype("<i8").tobytes())
    return digest.hexdigest()[:16]

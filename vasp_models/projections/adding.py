"""Films that join a drawn map: each is laid among its nearest films there, and nothing else moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import MapError
from vasp_models.projections import distances, layout
from vasp_models.projections.drawing import KEPT_NEIGHBOURS, MINIMUM_ITEMS, SensitivityMaps
from vasp_models.projections.sensitivity import JOINT, TILE, answers_at, answers_to_nothing, not_finite

_SAME_TITLES = 0.5  # of the films with an id in common, below which two catalogues are of different data


@dataclass(frozen=True)
class Added:
    """Where new films lie on kept maps.

    `items` int64 (m), their numbers in the model that was asked; `positions` part -> float32 (m, 2); `neighbours`
    part -> int64 (m, k), rows of the map, nearest first; `distances` part -> float64 (m, k), as those of the map.
    """

    items: np.ndarray
    positions: dict[str, np.ndarray]
    neighbours: dict[str, np.ndarray]
    distances: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.items)


def add(
    model: Any,
    maps: SensitivityMaps,
    new: np.ndarray,
    known: np.ndarray,
    report: Callable[[float], None] | None = None,
) -> Added:
    """Place the films `new`, int64 (m) item numbers of `model`, on `maps` by openTSNE's `transform`.

    `known` int64 (n) says which item of the model each film of the map is, -1 for none. The model is asked about each
    new film alone, and about the new films by each of the map's films alone: 2 x n answers for a film, not n x n.
    The film's place does not depend on which others are added, but for rounding.
    Raises MapError where the maps do not say their scale, lack a part, or the model does not cover what is asked.
    """
    nothing = answers_to_nothing(model)
    rows = _rows(maps, nothing, new, known)
    done = []
    for begin in range(0, len(new), TILE):  # so that memory does not grow with the number of new films
        done.append(_add(model, maps, new[begin : begin + TILE], known, rows, nothing))
        if report:
            report(min(1.0, (begin + TILE) / len(new)))
    kinds = zip(*done, strict=True)  # places, neighbours, distances
    return Added(new, *({part: np.concatenate([each[part] for each in kind]) for part in maps.parts} for kind in kinds))


def _add(
    model: Any,
    maps: SensitivityMaps,
    new: np.ndarray,
    known: np.ndarray,
    rows: np.ndarray,
    nothing: dict[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Places, neighbours and distances of a few new films."""
    mapped, logarithmic = known[rows], hasattr(model, "log_factors")
    there, back = answers_at(model, new, mapped), answers_at(model, mapped, new)
    positions, neighbours, away = {}, {}, {}
    for part, frame in maps.frames.items():
        leads = [
            distances.values_of(there[part], nothing[part][mapped], maps.distance, logarithmic),  # new film to the map
            distances.values_of(back[part], nothing[part][new], maps.distance, logarithmic).T,  # and from there to it
        ]
        if not all(np.isfinite(values).all() for values in leads):
            raise not_finite(part)
        alike = sum(distances.scaled(values, frame.low, frame.high) for values in leads) * np.float32(0.5)
        near, apart = distances.nearest_of(-np.minimum(alike, 1.0), layout.neighbours_for(len(rows) + 1))
        drawn = maps.positions[part].astype(np.float64) / frame.stretch
        positions[part] = (layout.placed(rows[near], apart, drawn) * frame.stretch).astype(np.float32)
        neighbours[part], away[part] = rows[near[:, :KEPT_NEIGHBOURS]], apart[:, :KEPT_NEIGHBOURS]
    return positions, neighbours, away


def _rows(maps: SensitivityMaps, nothing: dict[str, np.ndarray], new: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The rows of the map that the model covers, int64, after all that could be wrong was looked at."""
    if maps.frames is None:
        raise MapError(
            "These maps were drawn before the scale of their distances was kept, so no film can be added: delete their "
            f"folder beside the checkpoint and draw them again, `vasp-lens map CHECKPOINT --distance {maps.distance}`."
        )
    if missing := sorted(set(maps.parts) ^ set(nothing)):
        raise MapError(
            f"The maps are of {', '.join(maps.parts)} and the model has {', '.join(nothing)} ({', '.join(missing)} is "
            "not in both): expected a checkpoint of the same model as the one whose maps are drawn."
        )
    covered = np.isfinite(np.stack(list(nothing.values()))).all(axis=0)
    if not covered[new].all():
        raise MapError(
            f"The model does not cover item number {int(new[~covered[new]][0])}, so it says nothing of where that film "
            "belongs: expected films that it was trained on."
        )
    rows = np.flatnonzero((known >= 0) & covered[known])
    if len(rows) < MINIMUM_ITEMS:
        raise MapError(
            f"The model covers {len(rows)} of the {len(maps):,} films on the map: expected at least {MINIMUM_ITEMS}, "
            "by which a new film can be placed."
        )
    return rows


def known_as(maps: SensitivityMaps, theirs: Catalogue, ours: Catalogue) -> np.ndarray:
    """Which item number of `ours` each film on the map of `theirs` is, by its id, int64 (n); -1 for none.

    Raises MapError where the same ids have other titles: two data sets that only number their films alike.
    """
    place = {str(film): number for number, film in enumerate(ours.ids)}
    known = np.array([place.get(str(film), -1) for film in theirs.ids[maps.items]], dtype=np.int64)
    shared = np.flatnonzero(known >= 0)
    same = [theirs.titles[maps.items[row]] == ours.titles[known[row]] for row in shared]
    if len(shared) and np.mean(same) < _SAME_TITLES:
        raise MapError(
            f"Of {len(shared):,} films with the same id on the map and in the catalogue, {np.mean(same):.0%} have the "
            "same title: expected two checkpoints of the same films."
        )
    return known


def unmapped(model: Any, known: np.ndarray, chosen: Sequence[int] | None = None) -> np.ndarray:
    """The item numbers that the model covers and the map lacks, int64; or those `chosen`, which it must lack.

    Raises MapError where a chosen film stands on the map, or none is left.
    """
    lacking = np.setdiff1d(np.flatnonzero(np.isfinite(answers_to_nothing(model)[JOINT])), known)
    if chosen is not None:
        there = np.intersect1d(chosen, known)
        if len(there):
            raise MapError(f"Item number {there[0]} stands on the map already: expected films that it lacks.")
        return np.unique(np.asarray(chosen, dtype=np.int64))
    if not len(lacking):
        raise MapError("The map holds every film that the model covers: there is none to add.")
    return lacking

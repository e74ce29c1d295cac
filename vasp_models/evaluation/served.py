"""Slices of a measured quality: accuracy and the parts' shares for any group of users or films. No model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError
from vasp_models.evaluation import found, intervals, slices
from vasp_models.evaluation.intervals import Difference, Estimate
from vasp_models.evaluation.quality import JOINT, packed, unpacked
from vasp_models.evaluation.slices import Slice

_FOUND = tuple(found.FILM_METRICS)
_COUNTED = "by_slice"  # in the place of the held-out films: how many of each slice
COLUMNS = ("slice", "n", "mean", "se", "low", "high", "difference", "difference_low", "difference_high", "p")


@dataclass(frozen=True)
class Group:
    """A group of users beside everybody else: both means, and their difference."""

    inside: Estimate
    outside: Estimate
    apart: Difference


@dataclass(frozen=True)
class Served:
    """What `quality.measure_quality` found, read back; `catalogue` is the model's."""

    measured: Mapping[str, Any]
    catalogue: Catalogue

    @property
    def systems(self) -> list[str]:
        """``joint``, the parts of the model, and ``popularity``."""
        return list(self.measured["systems"])

    @property
    def factors(self) -> list[str]:
        """The factors whose shares were measured; none for a model of one factor or without."""
        return list(self.measured["factors"])

    @property
    def parts(self) -> dict[str, list[str]]:
        """The parts by which the model can rank alone, and the factors of each; none for a model in one part."""
        return {name: list(names) for name, names in self.measured["parts"].items()}

    @cached_property
    def lengths(self) -> np.ndarray:
        """Films of each user's history, int64 (users)."""
        return self._users("n_history").astype(np.int64)

    @cached_property
    def slices(self) -> dict[str, list[Slice]]:
        """The slices of each way of slicing that these data know: `slices.KINDS` -> slices."""
        of_users = {
            "history": slices.history_lengths(self.lengths),
            "taste": slices.favourite_genres(self._users("taste"), self.catalogue.genre_names),
            "mainstream": slices.mainstream_tastes(self._users("popularity")),
        }
        known = of_users | {kind: slices.of_films(kind, self.catalogue) for kind in slices.FILMS}
        return {kind: each for kind, each in known.items() if each}

    def values(self, metric: str, system: str = JOINT) -> np.ndarray:
        """A metric of `found.USER_METRICS` for each user, float64 (users)."""
        return found.per_user(metric, self._places[system], self._held_out)

    def of_lists(self, measure: str) -> np.ndarray:
        """What is measured of the whole model's lists beside their accuracy, of each user, float64 (users); NaN: none.

        A measure of all lists together is their mean all the same (`beyond.pseudo_values`).
        """
        kept = self.measured["per_user"]["beyond"].get(measure)
        return np.full(len(self.lengths), np.nan) if kept is None else unpacked(kept)

    def accuracy(self, kind: str, metric: str, system: str = JOINT) -> pd.DataFrame:
        """Each slice of a kind: columns COLUMNS, None where there is no number.

        `n` counts users, or held-out films; `difference` is to everybody else (to all other held-out films), `p` is
        corrected after Holm for the number of slices. Slices that nobody is in are left out.
        """
        rows = [(each.name, *self._compared(kind, metric, system, each)) for each in self.slices[kind]]
        rows = [(name, inside, apart) for name, inside, apart in rows if inside.n]
        p = intervals.holm(np.array([np.nan if apart.p is None else apart.p for _, _, apart in rows]))
        table = [
            (name, inside.n, inside.mean, inside.se, inside.low, inside.high, apart.mean, apart.low, apart.high, value)
            for (name, inside, apart), value in zip(rows, p, strict=True)
        ]
        return pd.DataFrame(table, columns=list(COLUMNS))

    def against(
        self, kind: str, metric: str, system: str, other_system: str, other: Served | None = None
    ) -> pd.DataFrame:
        """Two systems, of one measure or of two, on the same users: columns slice, n, difference, low, high, p.

        Paired user by user; `p` is corrected after Holm. Raises DataError where the users or their hold-out differ.
        """
        other = self if other is None else other
        if other.measured["sample"] != self.measured["sample"]:
            raise DataError(
                "The two measures are of different users or hold-outs, so no difference of them means anything: "
                "expected one data set, one split, and `vasp-lens quality` with the same --users and --seed."
            )
        rows = []
        for each in self.slices[kind]:
            if kind in slices.USERS:
                n = int(each.members.sum())
                both = (self.values(metric, system)[each.members], other.values(metric, other_system)[each.members])
                apart = intervals.paired_means(*both)
            else:
                hits, totals = self._hits(metric, system, kind, each)
                n, apart = (
                    int(totals.sum()),
                    intervals.paired_shares(hits, other._hits(metric, other_system, kind, each)[0], totals),
                )
            rows += [(each.name, n, apart.mean, apart.low, apart.high, apart.p)] if n else []
        table = pd.DataFrame(rows, columns=["slice", "n", "difference", "low", "high", "p"])
        return table.assign(p=intervals.holm(table["p"].to_numpy(float)))

    def overall(self, metric: str, system: str = JOINT) -> Estimate:
        """A metric over all users; of `found.FILM_METRICS` over all held-out films."""
        if metric in found.USER_METRICS:
            return intervals.mean(self.values(metric, system))
        return intervals.share(*self._hits(metric, system))

    def shares(self, kind: str) -> pd.DataFrame:
        """The parts' mean shares in each slice: columns slice, n, and for each factor its share and its error `.._se`.

        `n` counts users: those of the slice, or those who are recommended such films. No rows for a model without
        parts; slices that nobody is in are left out.
        """
        if kind in slices.FILMS:
            rows = [
                {"slice": row["slice"], "n": row["users"], **_flat(row["path_share"])}
                for row in self._film_shares(kind)
            ]
        else:
            rows = [{"slice": each.name, **self.share_of(each.members)} for each in self.slices[kind]]
        columns = ["slice", "n", *(name for factor in self.factors for name in (factor, f"{factor}_se"))]
        return pd.DataFrame([row for row in rows if row["n"] and self.factors], columns=columns)

    def share_of(self, members: np.ndarray) -> dict[str, Any]:
        """The parts' mean shares for a group of users, bool (users), as a row of `shares` without its name."""
        some = self._shares[members & np.isfinite(self._shares).all(axis=1)]
        shares = {name: intervals.mean(values) for name, values in zip(self.factors, some.T, strict=True)}
        return {"n": len(some)} | _flat({name: {"mean": each.mean, "se": each.se} for name, each in shares.items()})

    def _film_shares(self, kind: str) -> list[Mapping[str, Any]]:
        return self.measured["path_share"].get(kind, [])

    @property
    def long_tail(self) -> pd.DataFrame:
        """What the n most popular films get: columns films (n), catalogue (n as a share), and each system's share."""
        kept = self.measured["long_tail"]
        films = unpacked(kept["films"]).astype(np.int64)
        curves = {name: unpacked(values) for name, values in kept["share"].items()}
        return pd.DataFrame({"films": films, "catalogue": films / self.measured["films"], **curves})

    def chosen(
        self,
        taste: str | None = None,
        shortest: int | None = None,
        longest: int | None = None,
        mainstream: str | None = None,
    ) -> np.ndarray:
        """The users of a favourite genre, with a history of such a length and such a taste, bool (users)."""
        members = np.ones(len(self.lengths), dtype=bool)
        for kind, name in (("taste", taste), ("mainstream", mainstream)):
            if name is not None:
                named = (each.members for each in self.slices.get(kind, []) if each.name == name)
                members &= next(named, np.zeros(len(members), dtype=bool))
        return members & (self.lengths >= (shortest or 0)) & (self.lengths <= (longest or np.inf))

    def group(self, members: np.ndarray, metric: str, system: str = JOINT) -> Group:
        """A group of users, bool (users), beside everybody else, by a metric of `found.USER_METRICS`."""
        values = self.values(metric, system)
        inside, outside = values[members], values[~members]
        return Group(intervals.mean(inside), intervals.mean(outside), intervals.means_apart(inside, outside))

    def without_films(self) -> dict[str, Any]:
        """The same measure for others to have: how many held-out films of each slice a user has, and not which.

        Read back, it says what this one says.
        """
        kinds = {kind: self.slices[kind] for kind in slices.FILMS if kind in self.slices}
        counted = {kind: {each.name: self._counted(kind, each) for each in some} for kind, some in kinds.items()}
        places = {name: self.measured["held_out"][name] for name in self.systems}
        return {**self.measured, "held_out": places | {_COUNTED: counted}}

    def _counted(self, kind: str, each: Slice) -> dict[str, Any]:
        found_of = {(name, metric): self._hits(metric, name, kind, each) for name in self.systems for metric in _FOUND}
        hits = {name: {metric: packed(found_of[name, metric][0]) for metric in _FOUND} for name in self.systems}
        return {"films": packed(next(iter(found_of.values()))[1]), "hits": hits}

    def _compared(self, kind: str, metric: str, system: str, each: Slice) -> tuple[Estimate, Difference]:
        if kind in slices.USERS:
            group = self.group(each.members, metric, system)
            return group.inside, group.apart
        inside, everything = self._hits(metric, system, kind, each), self._hits(metric, system)
        outside = (whole - part for whole, part in zip(everything, inside, strict=True))
        return intervals.share(*inside), intervals.shares_apart(*inside, *outside)

    def _hits(self, metric: str, system: str, kind: str = "", each: Slice | None = None) -> tuple[np.ndarray, ...]:
        """For each user the held-out films (of a slice) that were found, and how many there were, int64 (users)."""
        if each is not None and _COUNTED in self.measured["held_out"]:
            kept = self.measured["held_out"][_COUNTED][kind][each.name]
            return tuple(unpacked(text).astype(np.int64) for text in (kept["hits"][system][metric], kept["films"]))
        users = self._owners
        kept = np.ones(len(users), dtype=bool) if each is None else each.members[self._films]
        hit = kept & found.hits(self._places[system], found.FILM_METRICS[metric])
        return tuple(np.bincount(users[each], minlength=len(self._held_out)) for each in (hit, kept))

    def _users(self, name: str) -> np.ndarray:
        return unpacked(self.measured["per_user"][name])

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        return {name: unpacked(self.measured["held_out"][name]).astype(np.int64) for name in self.systems}

    @cached_property
    def _films(self) -> np.ndarray:
        return unpacked(self.measured["held_out"]["film"]).astype(np.int64)

    @cached_property
    def _owners(self) -> np.ndarray:
        return np.repeat(np.arange(len(self._held_out)), self._held_out)

    @cached_property
    def _held_out(self) -> np.ndarray:
        return self._users("n_held_out").astype(np.int64)

    @cached_property
    def _shares(self) -> np.ndarray:
        shares = self.measured["per_user"]["path_share"]
        columns = [unpacked(shares[name]) for name in self.factors]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.lengths), 0))


def _flat(shares: Mapping[str, Mapping | None]) -> dict[str, float | None]:
    ends = {name: each or {"mean": None, "se": None} for name, each in shares.items()}
    return {key: each[end] for name, each in ends.items() for key, end in ((name, "mean"), (f"{name}_se", "se"))}

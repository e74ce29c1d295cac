"""Two to five checkpoints on the same data: which fit together, what was measured of them, and one user's lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import shlex
from typing import Any

import numpy as np
import pandas as pd

from vasp_models import measures, provenance
from vasp_models.checkpoints import Checkpoint
from vasp_models.data.users import User
from vasp_models.errors import DataError, SettingError
from vasp_models.evaluation import intervals, slices
from vasp_models.evaluation.comparison import Compared
from vasp_models.evaluation.found import FILM_METRICS, USER_METRICS
from vasp_models.evaluation.served import Served

LEAST, MOST = 2, 5
SHOWN = 20  # films of a list that a user sees
NOWHERE = 0  # the place of a film that a model does not rank
KIND = "quality"  # the measure from which everything is read
STORED = ["system", "metric", "n", "mean", "se", "low", "high"]
_ROWS = {"validation": "val", "test": "test"}


def refusal(first: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Why the checkpoint of the manifest `other` cannot be compared with that of `first`, as a clause; else None.

    Only the manifests are read: data set and its fingerprint, protocol, held-out users, catalogue.
    """
    data, there, plan, theirs = first["dataset"], other["dataset"], first["protocol"], other["protocol"]
    if data.get("fingerprint") != there.get("fingerprint"):
        if data["name"] != there["name"]:
            return f"it was trained on another data set, {there['name']} and not {data['name']}"
        return f"its data set is called {there['name']} too, but the ratings in it differ (another fingerprint)"
    if plan["name"] != theirs["name"]:
        return f"it was measured by another protocol, {theirs['name']} and not {plan['name']}"
    if plan.get("heldout") != theirs.get("heldout"):
        return f"it holds out other users, {_number(theirs.get('heldout'))} and not {_number(plan.get('heldout'))}"
    stats, their_stats = (each.get("stats") or {} for each in (plan, theirs))
    if stats.get("items") != their_stats.get("items"):
        return (
            f"it has another catalogue, {_number(their_stats.get('items'))} films and not {_number(stats.get('items'))}"
        )
    for part, name in _ROWS.items():
        if stats.get(name) != their_stats.get(name):
            return f"its {part} users or what they hold out are others"
    if stats.get("train_events") != their_stats.get("train_events"):
        return "it was trained on other ratings of these users"
    return None


def _number(value: int | None) -> str:
    return "an unknown number of" if value is None else f"{value:,}"


def check(checkpoints: Mapping[str, Checkpoint]) -> None:
    """Raise SettingError for fewer than LEAST or more than MOST checkpoints, DataError where they do not fit the first.

    Catalogues are read where the manifests leave open whether they are the same.
    """
    if not LEAST <= len(checkpoints) <= MOST:
        raise SettingError(
            f"{len(checkpoints)} {'checkpoint was' if len(checkpoints) == 1 else 'checkpoints were'} named: expected "
            f"{LEAST} to {MOST} different ones; `vasp-lens checkpoints` lists those at hand."
        )
    (name, first), *others = checkpoints.items()
    for other_name, other in others:
        why = refusal(first.manifest, other.manifest) or _other_films(first, other)
        if why is not None:
            raise DataError(f"{other_name} cannot be compared with {name}: {why}.")


def _other_films(first: Checkpoint, other: Checkpoint) -> str | None:
    """Why the catalogues differ; their files may, where other versions of a library wrote the same."""
    if _digest(first) == _digest(other):
        return None
    columns = ["id", "train_users"]
    mine, theirs = (each.catalogue.frame.reset_index()[columns].astype(str) for each in (first, other))
    return None if mine.equals(theirs) else "it has another catalogue, with other films or in another order"


def _digest(checkpoint: Checkpoint) -> str:
    return checkpoint.manifest["files"]["catalogue.parquet"]["sha256"]


def titles(checkpoints: Mapping[str, Checkpoint]) -> dict[str, str]:
    """What each is called beside the others: its model, with the preset, and with its name, where it takes that."""
    found = {}
    for name, each in checkpoints.items():
        model = str(each.manifest["title"])
        bundle = " (bundle)" if each.is_bundle else ""
        longer = f"{model} {each.manifest['preset']}{bundle}"
        found[name] = (model, longer, f"{model} · {each.name}", f"{model} · {name}")
    for level in range(4):
        shown = {name: words[level] for name, words in found.items()}
        if len(set(shown.values())) == len(shown):
            return shown
    return {name: name for name in found}


@dataclass(frozen=True)
class Measured:
    """What there is to compare: `compared` (None where fewer than two were measured on the same users).

    `missing` are the names of those that were not measured, `aside` why others are left out, each as a sentence.
    """

    compared: Compared | None
    missing: list[str] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)


def measured(
    checkpoints: Mapping[str, Checkpoint], reference: str, found: Mapping[str, Mapping[str, Any] | None]
) -> Measured:
    """What was measured of the checkpoints, by name, on the users on whom the reference was.

    Where the reference was not, the first that was takes its place.
    """
    missing = [name for name in checkpoints if not found.get(name)]
    there = [name for name in checkpoints if found.get(name)]
    if not there:
        return Measured(None, missing)
    base = reference if reference in there else there[0]
    fit = [name for name in there if found[name]["sample"] == found[base]["sample"]]
    aside = {
        name: f"{name} was measured on other users than {base}; `{_again(checkpoints[name], found[base])}` measures it "
        "on the same."
        for name in there
        if name not in fit
    }
    if len(fit) < LEAST:
        return Measured(None, missing, aside)
    served = {name: Served(found[name], checkpoints[name].catalogue) for name in fit}
    return Measured(Compared(served, base), missing, aside)


def _again(checkpoint: Checkpoint, found: Mapping[str, Any]) -> str:
    """The command that measures a checkpoint on the users of another's measure."""
    options = shlex.split(found[measures.ABOUT]["command"])[3:]
    return shlex.join(["vasp-lens", KIND, checkpoint.argument, *options])


def stored(checkpoints: Mapping[str, Checkpoint]) -> pd.DataFrame:
    """What was measured when each was trained: columns STORED, metrics of `found.USER_METRICS` on the test users."""
    rows = []
    for name, each in checkpoints.items():
        test = each.metrics.get("test") or {}
        for metric in USER_METRICS:
            if value := test.get(metric):
                found = intervals.around(value["mean"], value["se"], int(test["users"]))
                rows.append((name, metric, found.n, found.mean, found.se, found.low, found.high))
    return pd.DataFrame(rows, columns=STORED)


@dataclass(frozen=True)
class Lists:
    """One user's lists by name: `ranked` are the item numbers of all that each model ranks, best first."""

    ranked: Mapping[str, np.ndarray]
    reference: str
    k: int = SHOWN

    def heads(self) -> dict[str, np.ndarray]:
        """The first k films of each."""
        return {name: films[: self.k] for name, films in self.ranked.items()}

    def shared(self) -> pd.DataFrame:
        """How many of the first k films two have in common, int, names by names."""
        heads = self.heads()
        table = [[len(np.intersect1d(one, other)) for other in heads.values()] for one in heads.values()]
        return pd.DataFrame(table, index=list(heads), columns=list(heads))

    def by_all(self) -> np.ndarray:
        """The films that are among the first k of every list, in the reference's order, int64."""
        own = self.heads()[self.reference]
        return np.array([film for film in own if all(film in head for head in self.heads().values())], dtype=np.int64)

    def places(self, most: int | None = None) -> pd.DataFrame:
        """The reference's first `most` films (k by default), and the place of each in every list; NOWHERE: in none.

        Columns item and the names.
        """
        films = self.ranked[self.reference][: self.k if most is None else most]
        return pd.DataFrame({"item": films} | {name: place_of(films, ranked) for name, ranked in self.ranked.items()})


def place_of(films: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """The place of each film in a ranking, 1 for the first, int64; NOWHERE where it is not in it."""
    table = np.full(int(max(films.max(initial=0), ranked.max(initial=0))) + 1, NOWHERE, dtype=np.int64)
    table[ranked] = np.arange(1, len(ranked) + 1)
    return table[films]


def user_of(checkpoint: Checkpoint, user: str, same_as: User) -> User:
    """The user in a checkpoint. Raises DataError where the history is not that of `same_as`; UnknownUserError."""
    found = checkpoint.users.find(user)
    if not np.array_equal(np.sort(found.history), np.sort(same_as.history)):
        raise DataError(f"{checkpoint.name} has another history of user {user}: its list is of other films.")
    return found


def command(names: Sequence[str], reference: str, user: str | None = None) -> str:
    """The command that compares these checkpoints again."""
    return provenance.command("compare", *names, reference=reference, user=user, json=True)


def record(found: Measured, checkpoints: Mapping[str, Checkpoint], lists: Lists | None = None) -> dict[str, Any]:
    """Everything that is compared as plain JSON: who, accuracy, slices, lists beyond accuracy, one user's lists."""
    both, catalogue = found.compared, next(iter(checkpoints.values())).catalogue
    names = titles(checkpoints)
    told: dict[str, Any] = {
        "checkpoints": [
            {"name": name, "title": names[name], "checkpoint_digest": each.digest, "measured": both_has(found, name)}
            for name, each in checkpoints.items()
        ],
        "reference": both.reference if both else next(iter(checkpoints)),
        "left_out": found.aside,
        "after_training": _records(stored(checkpoints)),
    }
    if both:
        told["accuracy"] = [
            {"metric": metric, **row} for metric in USER_METRICS for row in _records(both.overall(metric))
        ]
        told["slices"] = _records(all_slices(both))
        told["lists"] = _records(both.lists())
    if lists is not None:
        places = lists.places()
        ids = [catalogue.ids[item] for item in places["item"]]
        films = places.drop(columns="item").assign(item=ids, title=[catalogue.titles[item] for item in places["item"]])
        told["one_user"] = {"k": lists.k, "shared": lists.shared().to_dict(), "places": _records(films)}
    return measures.plain(told)


def both_has(found: Measured, name: str) -> bool:
    """Whether a checkpoint is among those that are compared user by user."""
    return found.compared is not None and name in found.compared.served


def all_slices(compared: Compared) -> pd.DataFrame:
    """Every kind of slices by every metric that it is measured in: columns by, metric and those of `by_slice`."""
    table = [
        compared.by_slice(kind, metric).assign(by=kind, metric=metric)
        for kind in compared.first.slices
        for metric in (USER_METRICS if kind in slices.USERS else FILM_METRICS)
    ]
    return pd.concat([each.astype(object) for each in table], ignore_index=True)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")

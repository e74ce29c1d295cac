"""Data sets that come with a leave-one-out test: the files that DeepCF and its successors are measured on.

`NAME.train.rating` and `NAME.test.rating` hold user, item, rating and, in some, timestamp, separated by tabs. A line of
`NAME.test.negative` holds `(user,item)`, a pair of the test, and 99 items among which that item must be found (Deng et
al. 2019; He et al. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import re

import numpy as np
import pyarrow as pa

from vasp_models.data import datasets
from vasp_models.data.importing import Source, assemble, file_facts, free_folder
from vasp_models.data.ratings import Feedback, Place, Ratings, read_ratings
from vasp_models.data.tables import decoded, open_table
from vasp_models.errors import DataError, SettingError

NEGATIVES = 99
_TRAIN, _TEST, _NEGATIVE = ".train.rating", ".test.rating", ".test.negative"
_COLUMNS = ("user", "item", "rating", "timestamp")
_LARGEST = 10**12 - 1
_PAIR = re.compile(r"\(([0-9]{1,12}),\s*([0-9]{1,12})\)")
_WHOLE = re.compile(r"[0-9]{1,12}")
_NUMBERS = "expected whole numbers from 0, of 12 digits at most"


@dataclass(frozen=True)
class _Rows:
    """user and item ids of each line, int64 (rows), and timestamps or None; `place` says where a row stands."""

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray | None
    place: Place

    def pairs(self) -> dict[tuple[int, int], int]:
        """(user, item) -> row."""
        return {pair: row for row, pair in enumerate(zip(self.users.tolist(), self.items.tolist(), strict=True))}


def import_deepcf(
    folder: Path,
    name: str,
    prefix: str | None = None,
    *,
    timestamps: bool = True,
    title: str | None = None,
    licence: str | None = None,
    replace: bool = False,
) -> datasets.Dataset:
    """Bring in train, test and negative file of a folder; every row is a like.

    `prefix` is what the names of the files begin with; without it the only one there is, or the one called `name`.
    The negatives are kept as they were published, as the published figures were measured with them: how many of them
    are in the user's train part or are the test item itself, and how many test users have no train part, is counted
    in the manifest. Timestamps that are all equal are no times and are left out. Raises DataError with file and line;
    nothing is written then.
    """
    target = free_folder(name, replace)
    paths = _files(folder, target.name, prefix)
    train, test = _rows(paths[0]), _rows(paths[1])
    _check_test(train, test, paths)
    negatives = _negatives(paths[2], test)
    one_out = pa.table({
        "user": test.users,
        "item": test.items,
        "negatives": pa.FixedSizeListArray.from_arrays(pa.array(negatives.ravel()), NEGATIVES),
    })  # fmt: skip
    origin = {"kind": "deepcf", "files": [file_facts(path) for path in paths]}
    origin["one_out"] = _oddities(train, test, negatives)
    source = Source(title or paths[0].name.removesuffix(_TRAIN), origin, licence or Source.licence)
    ratings = _joined(train, test, timestamps)
    return assemble(target, ratings, None, Feedback(None), source, replace=replace, one_out=one_out)


def _files(folder: Path, name: str, prefix: str | None) -> tuple[Path, Path, Path]:
    """Train, test and negative file."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: expected one with NAME{_TRAIN}, NAME{_TEST} and NAME{_NEGATIVE}.")
    endings = (_TRAIN, _TEST, _NEGATIVE)
    found = {path.name.removesuffix(end) for end in endings for path in folder.glob(f"*{end}")}
    chosen = prefix or next(iter(found), None)
    if prefix is None and len(found) > 1:
        same = sorted(each for each in found if each.lower() == name.lower())
        if len(same) != 1:
            raise SettingError(
                f"{folder} holds several data sets: expected --prefix with one of {', '.join(sorted(found))}."
            )
        chosen = same[0]
    if chosen not in found:
        there = f"one of {', '.join(sorted(found))}" if found else f"files called NAME{_TRAIN}"
        raise DataError(f"{folder} holds no files called {prefix or 'NAME'}{_TRAIN}: expected {there}.")
    paths = tuple(folder / f"{chosen}{end}" for end in endings)
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {' and '.join(missing)}: expected all three files of {chosen}; add what lacks."
        )
    return paths


def _rows(path: Path) -> _Rows:
    table = open_table(path, _COLUMNS, "\t")
    if len(table.names) not in (3, 4):
        raise DataError(
            f"{path}, line 1 has {len(table.names)} columns, expected 3 or 4 ({', '.join(_COLUMNS)}), separated by "
            "tabs: mend the file."
        )
    read = read_ratings(table, {role: role for role in table.names if role != "rating"}, Feedback(None))
    for role, ids in (("user", read.user_ids), ("item", read.item_ids)):
        if ids.dtype.kind not in "iu":
            raise DataError(f"{path} has {role} ids that are no numbers: {_NUMBERS}; mend them.")
        if ids[0] < 0 or ids[-1] > _LARGEST:
            wrong = ids[0] if ids[0] < 0 else ids[-1]
            raise DataError(f"{path}: the {role} id {wrong} is no number of a {role}: {_NUMBERS}; mend it.")
    return _Rows(read.user_ids[read.users], read.item_ids[read.items], read.times, table.place)


def _check_test(train: _Rows, test: _Rows, paths: tuple[Path, ...]) -> None:
    """Raise DataError where a user is tested twice, or on a pair that is learnt from."""
    known, tested = train.pairs(), set()
    for row, (user, item) in enumerate(zip(test.users.tolist(), test.items.tolist(), strict=True)):
        if (user, item) in known:
            raise DataError(
                f"{test.place(row)}: user {user} and item {item} stand in {paths[0].name} too: expected pairs that are "
                "held out; remove one of the lines."
            )
        if user in tested:
            raise DataError(f"{test.place(row)}: user {user} is tested twice: expected one line a user; remove one.")
        tested.add(user)


def _negatives(path: Path, test: _Rows) -> np.ndarray:
    """Negatives of each test pair, int64 (test pairs, 99), in the order of the test rows."""
    rows = test.pairs()
    found = np.empty((len(rows), NEGATIVES), dtype=np.int64)
    seen: set[int] = set()
    for number, line in enumerate(decoded(path, str(path), "utf-8"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        first, *others = line.strip().split("\t")
        named = _PAIR.fullmatch(first.strip())
        if named is None:
            raise DataError(
                f"{where} begins with {first[:30]!r}: expected the pair of the test as in (12,345); mend it."
            )
        row = rows.get((int(named[1]), int(named[2])))
        if row is None or row in seen:
            why = (
                "stands in a line before"
                if row is not None
                else f"is not in {path.name.removesuffix(_NEGATIVE)}{_TEST}"
            )
            raise DataError(f"{where}: the pair {first} {why}: expected each pair of the test once; remove the line.")
        bad = next((text for text in others if not _WHOLE.fullmatch(text.strip())), None)
        if bad is not None:
            raise DataError(f"{where}: {bad[:30]!r} is no number of an item: {_NUMBERS}; mend it.")
        if len(others) != NEGATIVES or len(set(others)) != NEGATIVES:
            raise DataError(
                f"{where} has {len(set(others))} different negative items, expected {NEGATIVES}: mend the line."
            )
        found[row] = [int(text) for text in others]
        seen.add(row)
    lacking = sorted(set(range(len(rows))) - seen)
    if lacking:
        raise DataError(
            f"{path} has no line for {test.place(lacking[0])}: expected one for each pair of the test; add what lacks."
        )
    return found


def _oddities(train: _Rows, test: _Rows, negatives: np.ndarray) -> dict[str, int]:
    """What of the test is not as one would draw it."""
    width = int(max(train.items.max(), test.items.max(), negatives.max())) + 1
    asked = test.users[:, None] * width + negatives
    return {
        "users": len(test.users),
        "negatives": NEGATIVES,
        "negatives_in_train": int(np.isin(asked, train.users * width + train.items).sum()),
        "own_item_among_negatives": int((negatives == test.items[:, None]).sum()),
        "users_without_train": int((~np.isin(test.users, train.users)).sum()),
    }


def _joined(train: _Rows, test: _Rows, timestamps: bool) -> Ratings:
    """All rows, those of the test last."""
    users, user_places = np.unique(np.concatenate([train.users, test.users]), return_inverse=True)
    items, item_places = np.unique(np.concatenate([train.items, test.items]), return_inverse=True)
    times = None
    if timestamps and train.times is not None and test.times is not None:
        times = np.concatenate([train.times, test.times])
        times = times if len(np.unique(times)) > 1 else None
    return Ratings(user_places.astype(np.int32), item_places.astype(np.int32), users, items, None, times)

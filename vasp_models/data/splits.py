"""Strong generalisation: whole users are held out, and part of their histories is what must be found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import json
from pathlib import Path

import numpy as np
import pandas as pd

from vasp_models import places
from vasp_models.data.binarising import MIN_HISTORY, Binarised, binarised
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.datasets import Dataset
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError, SettingError

PROTOCOLS = ("liang", "vasp")
HELDOUT = {
    "ml-latest-small": 50, "ml-100k": 100, "ml-1m": 750,
    "ml-20m": 10_000, "ml-25m": 10_000, "ml-32m": 10_000, "netflix": 40_000,
}  # fmt: skip
MAX_HELDOUT = 10_000
LIANG_SEED, VASP_SEED = 98765, 42
TEST_FOLDS = 5  # of the vasp protocol


@dataclass(frozen=True)
class Split:
    """Train, validation and test users of one data set, with fold-in and held-out part of each history.

    `val_in` and `val_te`, `test_in` and `test_te` have one row per user of `val_users` and `test_users`, `train` one
    per user of `train_users` (ids, ascending). `test_folds` are all hold-outs of the test users, the first of them
    `(test_in, test_te)`. `catalogue` has one row per item number and the column `train_users`. `stats` are the
    counts of protocol and split, `preprocessing` what was left out before it.
    """

    protocol: str
    heldout: int
    train: Interactions
    val_in: Interactions
    val_te: Interactions
    test_folds: list[tuple[Interactions, Interactions]]
    train_users: np.ndarray
    val_users: np.ndarray
    test_users: np.ndarray
    catalogue: Catalogue
    stats: dict
    preprocessing: dict

    @property
    def test_in(self) -> Interactions:
        """Fold-in of the test users in the first hold-out."""
        return self.test_folds[0][0]

    @property
    def test_te(self) -> Interactions:
        """Held-out part of the test users in the first hold-out."""
        return self.test_folds[0][1]

    @property
    def item_ids(self) -> np.ndarray:
        """Ids in the order of the item numbers, ascending (items)."""
        return self.catalogue.ids


def make_split(dataset: Dataset, protocol: str = "liang", heldout: int | None = None, ordered: bool = False) -> Split:
    """Split a data set by users (Liang et al. 2018, section 4.1, or the VASP authors' variant of it).

    Rows hold ascending item numbers, or with `ordered` the order of time where the data set has timestamps;
    the hold-out is drawn on ascending item numbers either way. Raises SettingError for an unknown protocol or an
    impossible `heldout`, DataError where no user is left.

    ``vasp`` follows the authors' public code as far as it can be followed; theirs is not reproduced to the bit: their
    users pass through JSON, which may order them otherwise, and their hold-outs shuffle items in the order of a
    tokenizer. The scheme of the draws is the same.
    """
    heldout = default_heldout(dataset) if heldout is None else heldout
    return split_likes(binarised(dataset), dataset.items(), protocol, heldout, ordered, dataset.name)


def default_heldout(dataset: Dataset) -> int | None:
    """The number of test (and of validation) users usual for this data set, None for a tenth of the users."""
    return HELDOUT.get(dataset.name)


def split_likes(
    likes: Binarised,
    items: pd.DataFrame | None = None,
    protocol: str = "liang",
    heldout: int | None = None,
    ordered: bool = False,
    name: str = "the data",
) -> Split:
    """Split likes that are already binarised; `items` (id, title, year, genres) names them, else their ids do."""
    heldout = _checked(protocol, heldout, len(likes.user_ids), name)
    train, validation, test = _user_rows(protocol, heldout, len(likes.user_ids))
    in_train = likes.likes.take(train).item_counts > 0
    kept_items = in_train if protocol == "liang" else np.ones(len(likes.item_ids), dtype=bool)
    pairs = {
        kind: _Pairs.of(likes, rows, kept_items) for kind, rows in zip(_KINDS, (train, validation, test), strict=True)
    }
    val_folds, test_folds = _held_out(protocol, pairs["val"].lengths, pairs["test"].lengths, name)
    piece = _Pieces(int(kept_items.sum()), ordered and likes.times is not None)
    trained = piece.interactions(pairs["train"])
    return Split(
        protocol,
        heldout,
        trained,
        *piece.folded(pairs["val"], val_folds[0]),
        [piece.folded(pairs["test"], mask) for mask in test_folds],
        *(likes.user_ids[pairs[kind].users] for kind in _KINDS),
        _catalogue(likes.item_ids[kept_items], items, trained.item_counts),
        _stats(likes, pairs, trained, val_folds[0], test_folds[0]),
        dict(likes.dropped),
    )


def save_npz(split: Split, path: Path) -> None:
    """Write a split as index arrays: CSR ``indptr`` and ``indices`` of each part, ids of users and items, stats.

    Item numbers ascend within each row, whatever the order in the split.
    """
    arrays = {"stats": np.array(json.dumps(split.stats)), "item_ids": _plain(split.item_ids)}
    arrays["shape"] = np.array([len(split.train), split.train.n_items])
    arrays |= {f"{kind}_users": _plain(getattr(split, f"{kind}_users")) for kind in _KINDS}
    for name in ("train", "val_in", "val_te", "test_in", "test_te"):
        matrix = getattr(split, name).csr()
        matrix.sort_indices()
        arrays |= {f"{name}_indptr": matrix.indptr, f"{name}_indices": matrix.indices}
    with places.file_written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


_KINDS = ("train", "val", "test")


@dataclass(frozen=True)
class _Pairs:
    """(row, item, time) of some users: `users` their places among all users, item numbers ascending in a row."""

    users: np.ndarray
    lengths: np.ndarray
    items: np.ndarray
    times: np.ndarray | None
    n_users_dropped: int
    n_pairs_dropped: int

    @classmethod
    def of(cls, likes: Binarised, rows: np.ndarray, kept_items: np.ndarray) -> _Pairs:
        """Pairs of the chosen users and items; users left with fewer than five are dropped and counted."""
        chosen = likes.likes.take(rows)
        times = None if likes.times is None else likes.times[_positions(likes.likes.indptr, rows)]
        in_catalogue = kept_items[chosen.indices]
        lengths = np.bincount(chosen.row_numbers[in_catalogue], minlength=len(rows))
        long_enough = lengths >= MIN_HISTORY
        kept = in_catalogue & np.repeat(long_enough, chosen.lengths)
        numbers = (np.cumsum(kept_items) - 1).astype(np.int32)[chosen.indices[kept]]
        dropped = int((~long_enough).sum()), int((~in_catalogue).sum())
        return cls(rows[long_enough], lengths[long_enough], numbers, None if times is None else times[kept], *dropped)


@dataclass(frozen=True)
class _Pieces:
    """Cuts pairs into Interactions over `n_items` items, in time order where `ordered`."""

    n_items: int
    ordered: bool

    def interactions(self, pairs: _Pairs, mask: np.ndarray | None = None) -> Interactions:
        """The pairs under `mask` (all without one), one row per user."""
        rows = np.repeat(np.arange(len(pairs.users)), pairs.lengths)
        mask = np.ones(len(rows), dtype=bool) if mask is None else mask
        lengths = np.bincount(rows[mask], minlength=len(pairs.users))
        items = pairs.items[mask]
        if self.ordered:
            items = items[np.lexsort((pairs.times[mask], rows[mask]))]  # stable: equal times keep the item order
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Interactions(indptr, items, self.n_items, self.ordered)

    def folded(self, pairs: _Pairs, held_out: np.ndarray) -> tuple[Interactions, Interactions]:
        """Fold-in and held-out part."""
        return self.interactions(pairs, ~held_out), self.interactions(pairs, held_out)


def _positions(indptr: np.ndarray, rows: np.ndarray) -> np.ndarray:
    lengths = np.diff(indptr)[rows]
    starts = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(indptr[rows] - starts, lengths)


def _checked(protocol: str, heldout: int | None, n_users: int, name: str) -> int:
    if protocol not in PROTOCOLS:
        raise SettingError(f"Unknown protocol {protocol!r}: expected one of {', '.join(PROTOCOLS)}.")
    heldout = min(MAX_HELDOUT, max(1, n_users // 10)) if heldout is None else heldout
    most = (n_users - 1) // 2
    if most < 1:
        raise DataError(
            f"{name} has {n_users:,} users with {MIN_HISTORY} or more liked items: expected at least 3, to train "
            "on, to choose by and to test on; bring in more data with `vasp-lens data import`."
        )
    if not 1 <= heldout <= most:
        raise SettingError(
            f"{name} has {n_users:,} users with {MIN_HISTORY} or more liked items, {heldout:,} of them cannot be held "
            f"out twice: expected --heldout between 1 and {most:,}."
        )
    return heldout


def _user_rows(protocol: str, heldout: int, n_users: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of train, validation and test users, each ascending."""
    if protocol == "liang":
        order = np.random.RandomState(LIANG_SEED).permutation(n_users)
        parts = order[: -2 * heldout], order[-2 * heldout : -heldout], order[-heldout:]
    else:
        order = pd.Series(np.arange(n_users)).sample(frac=1, random_state=VASP_SEED).to_numpy()
        parts = order[2 * heldout :], order[heldout : 2 * heldout], order[:heldout]
    train, validation, test = (np.sort(part) for part in parts)
    return train, validation, test


def _held_out(protocol: str, val: np.ndarray, test: np.ndarray, name: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Masks of held-out pairs for users with the given history lengths: one for validation, one or five for test."""
    for kind, lengths in (("validation", val), ("test", test)):
        if not len(lengths):
            raise DataError(
                f"{name}: no {kind} user keeps {MIN_HISTORY} items that train users have too: expected at least one; "
                "choose another --heldout or bring in more data."
            )
    if protocol == "liang":
        generator = np.random.RandomState(LIANG_SEED)  # one for the whole pass, validation first
        return [_mask(val, _fifth(generator))], [_mask(test, _fifth(generator))]
    shuffled = np.random.RandomState(VASP_SEED)
    orders = [shuffled.permutation(n) for n in test]  # the same shuffle in each fold
    folds = [_mask(test, _popped(iter(orders), fold)) for fold in range(TEST_FOLDS)]
    return [_mask(val, _fifth(np.random.RandomState(VASP_SEED)))], folds


def _mask(lengths: np.ndarray, draw: Callable[[int], np.ndarray | list[int]]) -> np.ndarray:
    mask = np.zeros(lengths.sum(), dtype=bool)
    for start, n in zip(np.cumsum(lengths) - lengths, lengths, strict=True):
        mask[start + np.asarray(draw(n))] = True
    return mask


def _fifth(generator: np.random.RandomState) -> Callable[[int], np.ndarray]:
    return lambda n: generator.choice(n, size=max(1, n // 5), replace=False)


def _popped(orders, fold: int) -> Callable[[int], list[int]]:
    """The authors' fold: pop a fifth of a shuffled list, index by index, from a list that shrinks meanwhile."""

    def draw(n: int) -> list[int]:
        left, size = list(next(orders)), max(1, n // 5)
        return [left.pop(min(index, len(left) - 1)) for index in range(fold * size, (fold + 1) * size)]

    return draw


def _catalogue(item_ids: np.ndarray, items: pd.DataFrame | None, train_users: np.ndarray) -> Catalogue:
    if items is None:
        empty = {"year": pd.array([None] * len(item_ids), dtype="Int64"), "genres": [[] for _ in item_ids]}
        frame = pd.DataFrame({"id": item_ids, "title": [f"Item {item_id}" for item_id in item_ids], **empty})
    else:
        frame = items.set_index("id").loc[item_ids].reset_index()
    return Catalogue(frame.assign(train_users=train_users))


def _stats(
    likes: Binarised, pairs: dict[str, _Pairs], train: Interactions, val_mask: np.ndarray, test_mask: np.ndarray
) -> dict:
    stats = {"users": len(likes.user_ids), "items_all": len(likes.item_ids), "events": likes.likes.n_pairs}
    stats |= {"train_users": len(train), "items": train.n_items, "train_events": train.n_pairs}
    for kind, mask in (("val", val_mask), ("test", test_mask)):
        stats[kind] = {
            "users": len(pairs[kind].users),
            "dropped": pairs[kind].n_users_dropped,
            "events_dropped_item": pairs[kind].n_pairs_dropped,
            "foldin": int((~mask).sum()),
            "target": int(mask.sum()),
        }
    return stats


def _plain(ids: np.ndarray) -> np.ndarray:
    """Ids as an array that npz holds without pickle."""
    return ids if ids.dtype.kind in "iu" else np.array([str(item) for item in ids])

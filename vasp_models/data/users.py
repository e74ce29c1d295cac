"""Whose histories a checkpoint holds, and in which part of the split they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from vasp_models.data.interactions import Interactions
from vasp_models.data.splits import Split
from vasp_models.errors import UnknownUserError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class User:
    """One user: id as in the data set, part of the split, fold-in history and held-out items (item numbers).

    A train user's history is whole and nothing is held out.
    """

    id: str
    split: str
    history: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class Users:
    """All users of a split; `table` has the columns id, split, history, held_out and, under ``vasp``, folds."""

    table: pa.Table
    n_items: int
    ordered: bool

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per user: id (str), split, n_history, n_held_out."""
        return pd.DataFrame(
            {
                "id": [str(user) for user in self.table["id"].to_pylist()],
                "split": pd.Categorical(self.table["split"].to_pandas(), SPLITS),
                "n_history": self.histories.lengths,
                "n_held_out": self.held_out.lengths,
            }
        )

    @cached_property
    def histories(self) -> Interactions:
        """Fold-in histories of all users, one row each."""
        return self._interactions("history")

    @cached_property
    def held_out(self) -> Interactions:
        """Held-out items of all users, one row each (empty for train users)."""
        return self._interactions("held_out")

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {user: row for row, user in enumerate(self.frame["id"])}

    def find(self, user_id: object) -> User:
        """The user of that id. Raises UnknownUserError."""
        row = self._rows.get(str(user_id).strip())
        if row is None:
            kept = self.frame["split"].value_counts()
            raise UnknownUserError(
                f"There is no user {str(user_id)!r} among the {len(self):,} of this checkpoint "
                f"(test users are {self._example('test')}, ...; {kept['test']:,} in all): take one of them, or give a "
                "history with --history."
            )
        return self.at(row)

    def at(self, row: int) -> User:
        """The user in a row of the frame."""
        user = self.frame.iloc[row]
        return User(user["id"], str(user["split"]), self.histories.row(row), self.held_out.row(row))

    def rows(self, split: str) -> np.ndarray:
        """Rows of the users in a part of the split."""
        return np.flatnonzero((self.frame["split"] == split).to_numpy())

    def folds(self, split: str) -> list[tuple[Interactions, Interactions]]:
        """Fold-in and held-out part of validation or test users, for each hold-out that the protocol draws."""
        rows = self.rows(split)
        first = self.histories.take(rows), self.held_out.take(rows)
        if split != "test" or "folds" not in self.table.column_names:
            return [first]
        everything = [np.union1d(*pair) for pair in zip(_lists(first[0]), _lists(first[1]), strict=True)]
        more = self.table["folds"].take(rows).to_pylist()  # per user: the held-out items of each further hold-out
        folds = [first]
        for number in range(len(more[0])):
            held = [np.asarray(user[number], dtype=np.int64) for user in more]
            known = [np.setdiff1d(whole, out) for whole, out in zip(everything, held, strict=True)]
            folds.append((Interactions.from_lists(known, self.n_items), Interactions.from_lists(held, self.n_items)))
        return folds

    def _example(self, split: str) -> str:
        return ", ".join(self.frame["id"].to_numpy()[self.rows(split)[:3]])

    def _interactions(self, column: str) -> Interactions:
        lists = self.table[column].combine_chunks()
        indptr = lists.offsets.to_numpy().astype(np.int64)
        items = lists.values.to_numpy()[indptr[0] : indptr[-1]]
        return Interactions(indptr - indptr[0], items, self.n_items, self.ordered)


def users_frame(split: Split) -> pa.Table:
    """The table of Users for a split."""
    parts = [
        _rows("train", split.train_users, split.train, None),
        _rows("validation", split.val_users, split.val_in, split.val_te),
        _rows("test", split.test_users, split.test_in, split.test_te),
    ]
    table = pa.concat_tables(parts).combine_chunks()
    further = split.test_folds[1:]
    if further:
        empty = [[]] * (len(table) - len(split.test_users))
        folds = [list(user) for user in zip(*(_lists(held) for _, held in further), strict=True)]
        table = table.append_column("folds", pa.array(empty + folds, pa.list_(pa.list_(pa.int32()))))
    return table


def _rows(name: str, ids: np.ndarray, history: Interactions, held_out: Interactions | None) -> pa.Table:
    nothing = Interactions(np.zeros(len(ids) + 1, np.int64), np.empty(0, np.int32), history.n_items)
    columns = {"history": history, "held_out": nothing if held_out is None else held_out}
    lists = {
        key: pa.ListArray.from_arrays(pa.array(x.indptr, pa.int32()), pa.array(x.indices, pa.int32()))
        for key, x in columns.items()
    }
    id_type = pa.int64() if ids.dtype.kind in "iu" else pa.string()
    return pa.table({"id": pa.array(ids.tolist(), id_type), "split": pa.array([name] * len(ids)), **lists})


def _lists(histories: Interactions) -> list[np.ndarray]:
    return np.split(histories.indices, histories.indptr[1:-1])

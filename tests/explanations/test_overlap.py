"""Which items rankings have in common."""

from __future__ import annotations

import numpy as np

from vasp_models.explanations.overlap import also_in, in_common

LISTS = {"a": np.array([1, 2, 3, 4]), "b": np.array([4, 3, 9, 8]), "c": np.array([3, 7, 1, 2])}


def test_items_in_common_among_the_first():
    assert [in_common(LISTS["a"], LISTS["b"], k) for k in (1, 2, 3, 4, 9)] == [0, 0, 1, 2, 2]


def test_where_else_an_item_stands():
    found = also_in(LISTS, 3)
    assert found == {"a": {1: ("c",), 3: ("b", "c")}, "b": {3: ("a", "c")}, "c": {3: ("a", "b"), 1: ("a",)}}
    assert also_in({"a": LISTS["a"]}, 4) == {"a": {}}

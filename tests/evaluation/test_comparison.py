"""Systems compared on the same users, reckoned by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError
from vasp_models.evaluation.comparison import ALIKE, BETTER, HIGHER, LOWER, REFERENCE, WORSE, Compared, verdict
from vasp_models.evaluation.quality import packed
from vasp_models.evaluation.served import Served

USERS = 8
# One held-out film a user, and its place in the list of each system; 0: not among the first 100.
PLACES = {
    "one": [1, 1, 2, 3, 30, 1, 2, 0],
    "two": [1, 30, 40, 3, 30, 1, 2, 0],
    "far": [0, 0, 0, 0, 0, 0, 0, 0],
    "same": [1, 1, 2, 3, 30, 1, 2, 0],
}
# Of each user: what is measured of the list alone, and pseudo-values of what is measured of all lists.
LISTS = {
    "one": {"coverage@20": [0.5, 0.4, 0.6, 0.5, 0.4, 0.6, 0.5, 0.5], "novelty": [1, 2, 3, 4, 5, 6, 7, np.nan]},
    "two": {"coverage@20": [0.9, 0.8, 1.1, 0.9, 0.8, 1.0, 0.9, 0.8], "novelty": [1.2, 2.1, 3.1, 4.2, 5, 6, 7.1, 9]},
    "far": {"coverage@20": [0.1] * USERS, "novelty": [np.nan] * USERS},
    "same": {"coverage@20": [0.5, 0.4, 0.6, 0.5, 0.4, 0.6, 0.5, 0.5], "novelty": [1, 2, 3, 4, 5, 6, 7, np.nan]},
}


def catalogue() -> Catalogue:
    frame = pd.DataFrame(
        {
            "id": np.arange(4),
            "title": list("abcd"),
            "year": pd.array([1990, 1990, 2000, 2000], dtype="Int64"),
            "genres": [["Drama"], ["Comedy"], ["Drama"], ["Comedy"]],
            "train_users": [9, 7, 5, 3],
        }
    )
    return Catalogue(frame)


def mean(values: list[float]) -> dict[str, float] | None:
    known = np.array(values)[np.isfinite(values)]
    return {"mean": known.mean(), "se": stats.sem(known)} if len(known) else None


def served(name: str, sample: str = "these") -> Served:
    ones = np.ones(USERS)
    users = {
        "n_history": packed(np.array([5, 5, 5, 5, 50, 50, 50, 50])),
        "n_held_out": packed(ones),
        "taste": packed(0 * ones),
        "popularity": packed(np.linspace(0.1, 0.9, USERS)),
        "path_share": {},
        "beyond": {measure: packed(np.array(values)) for measure, values in LISTS[name].items()},
    }
    measured = {
        "sample": sample,
        "users": USERS,
        "systems": ["joint"],
        "factors": [],
        "parts": {},
        "path_share": {},
        "per_user": users,
        "held_out": {"film": packed(np.arange(USERS) % 4), "joint": packed(np.array(PLACES[name]))},
        "beyond": {"joint": {measure: mean(values) for measure, values in LISTS[name].items()}},
    }
    return Served(measured, catalogue())


def compared(*names: str, reference: str = "one") -> Compared:
    return Compared({name: served(name) for name in names}, reference)


def test_differences_are_paired_and_corrected_for_their_number():
    table = compared("one", "two", "far", "same").overall("recall@20").set_index("system")
    # Found in the first 20: one 1111 0110, two 1001 0110, far nowhere.
    assert table.loc["one", "mean"] == pytest.approx(6 / 8) and table.loc["one", "verdict"] == REFERENCE
    apart = {"two": np.array([0, -1, -1, 0, 0, 0, 0, 0]), "far": -np.array([1, 1, 1, 1, 0, 1, 1, 0])}
    raw = {name: stats.ttest_1samp(values, 0).pvalue for name, values in apart.items()}
    for name, values in apart.items():
        row, se = table.loc[name], values.std(ddof=1) / np.sqrt(USERS)
        half = stats.t.ppf(0.975, USERS - 1) * se
        assert row["difference"] == pytest.approx(values.mean())
        assert (row["difference_low"], row["difference_high"]) == pytest.approx(
            (values.mean() - half, values.mean() + half)
        )
    assert table.loc["far", "p"] == pytest.approx(2 * raw["far"]) and table.loc["two", "p"] == pytest.approx(raw["two"])
    assert list(table["verdict"]) == [REFERENCE, ALIKE, WORSE, ALIKE]
    assert table.loc["same", "difference"] == 0 and np.isnan(table.loc["same", "p"]), "one system is itself"


def test_another_reference_turns_the_differences_round():
    there, back = compared("one", "far"), compared("one", "far", reference="far")
    one, other = (each.overall("recall@20").set_index("system") for each in (there, back))
    assert one.loc["far", "difference"] == pytest.approx(-other.loc["one", "difference"])
    assert other.loc["one", "verdict"] == BETTER and one.loc["far", "p"] == pytest.approx(other.loc["one", "p"])
    assert back.others == ["one"] and list(other.index) == ["one", "far"]


def test_in_slices_too_with_a_correction_for_slices_and_systems():
    two = compared("one", "two").by_slice("decade", "found@20")
    three = compared("one", "two", "far").by_slice("decade", "found@20")
    assert list(two["slice"].unique()) == ["2000s", "1990s"] and set(two["n"]) == {4}
    row = two.set_index(["slice", "system"]).loc[("1990s", "two")]
    assert row["mean"] == pytest.approx(2 / 4) and row["difference"] == pytest.approx(-1 / 4)
    more = three.set_index(["slice", "system"]).loc[("1990s", "two")]
    assert more["p"] == pytest.approx(min(2 * row["p"], 1.0)) and more["difference"] == row["difference"]
    users = compared("one", "far").by_slice("history", "recall@20").set_index(["slice", "system"])
    short = next(place for place, _ in users.index)
    assert users.loc[(short, "far"), "difference"] == pytest.approx(-1.0), "of users with 5 films"


def test_differences_of_lists_are_paired_too_and_corrected_for_all_cells():
    table = compared("one", "two", "far", "same").lists().set_index(["measure", "system"])
    raw = {}
    for measure in ("coverage@20", "novelty"):
        row = table.loc[(measure, "two")]
        apart = np.subtract(LISTS["two"][measure], LISTS["one"][measure])
        found = stats.ttest_1samp(apart[np.isfinite(apart)], 0)
        raw[measure], ends = found.pvalue, found.confidence_interval(0.95)
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((ends.low, ends.high), abs=1e-9)
        assert row["verdict"] == HIGHER
    # Three cells have a p: two of "two", and the coverage of "far".
    assert table.loc[("novelty", "two"), "p"] == pytest.approx(raw["novelty"])
    assert table.loc[("coverage@20", "far"), "verdict"] == LOWER
    apart = np.subtract(LISTS["far"]["coverage@20"], LISTS["one"]["coverage@20"])
    thrice = sorted([*raw.values(), stats.ttest_1samp(apart, 0).pvalue])
    assert sorted(table["p"].dropna()) == pytest.approx([3 * thrice[0], 2 * thrice[1], thrice[2]])
    assert ("novelty", "far") not in table.index and table.loc[("novelty", "same"), "verdict"] == ALIKE
    both = [np.array(LISTS[name]["novelty"])[:7] for name in ("one", "two")]
    assert stats.ttest_ind(*both).pvalue > 0.5, "which the means and their errors alone do not tell"


@pytest.mark.parametrize(
    ("difference", "p", "said"),
    [(0.1, 0.049, BETTER), (-0.1, 0.049, WORSE), (0.1, 0.05, ALIKE), (0.1, None, ALIKE), (None, None, ALIKE)],
)
def test_only_what_is_beyond_chance_is_told(difference, p, said):
    assert verdict(difference, p) == said


def test_other_users_and_an_unknown_reference_are_refused():
    with pytest.raises(DataError, match="different users or hold-outs"):
        Compared({"one": served("one"), "two": served("two", "others")}, "one")
    with pytest.raises(DataError, match="third was not measured: expected one of one, two"):
        compared("one", "two", reference="third")

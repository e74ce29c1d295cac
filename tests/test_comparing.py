"""Which checkpoints may be compared, what is read of each, and how alike the lists of one user are."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests import trained
from vasp_models import checkpoints, comparing, measures, measuring
from vasp_models.comparing import Lists, refusal
from vasp_models.data.users import User
from vasp_models.errors import DataError, SettingError, UnknownUserError


@pytest.fixture(scope="module")
def manifest() -> dict:
    return checkpoints.load("demo").manifest


def changed(manifest: dict, **places: object) -> dict:
    """A copy with some values changed, named as `protocol__heldout`."""
    copy = deepcopy(manifest)
    for place, value in places.items():
        *path, last = place.split("__")
        table = copy
        for name in path:
            table = table[name]
        table[last] = value
    return copy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset__name": "ml-1m", "dataset__fingerprint": "x"}, "trained on another data set, ml-1m and not demo"),
        ({"dataset__fingerprint": "x"}, r"called demo too, but the ratings in it differ \(another fingerprint\)"),
        ({"protocol__name": "vasp"}, "measured by another protocol, vasp and not liang"),
        ({"protocol__heldout": 1000}, "holds out other users, 1,000 and not 400"),
        ({"protocol__stats__items": 680}, "another catalogue, 680 films and not 681"),
        ({"protocol__stats__test__target": 1}, "its test users or what they hold out are others"),
        ({"protocol__stats__val__users": 1}, "its validation users or what they hold out are others"),
        ({"protocol__stats__train_events": 1}, "trained on other ratings of these users"),
    ],
)
def test_other_data_are_refused_by_the_manifest_with_the_reason(manifest, changes, said):
    why = refusal(manifest, changed(manifest, **changes))
    assert why is not None
    with pytest.raises(DataError, match=f"two cannot be compared with one: .*{said}.$"):
        one, two = (SimpleNamespace(manifest=each) for each in (manifest, changed(manifest, **changes)))
        comparing.check({"one": one, "two": two})


def test_the_same_data_under_another_name_and_another_model_fit(manifest):
    assert refusal(manifest, manifest) is None
    other = changed(
        manifest, dataset__name="mine", model="ease", title="EASE", settings={}, protocol__preprocessing=None
    )
    assert refusal(manifest, other) is None


def test_the_same_number_of_other_films_is_another_catalogue(manifest):
    def one(ids: list[int], digest: str) -> SimpleNamespace:
        frame = pd.DataFrame({"id": ids, "train_users": [3, 2]})
        about = changed(manifest, files={"catalogue.parquet": {"sha256": digest}})
        return SimpleNamespace(manifest=about, catalogue=SimpleNamespace(frame=frame))

    comparing.check({"a": one([1, 2], "x"), "b": one([1, 2], "written by another version")})
    with pytest.raises(DataError, match="b cannot be compared with a: it has another catalogue"):
        comparing.check({"a": one([1, 2], "x"), "b": one([1, 7], "y")})


@pytest.mark.parametrize("number", [0, 1, 6])
def test_two_to_five(manifest, number):
    with pytest.raises(SettingError, match="expected 2 to 5 different ones"):
        comparing.check({str(n): SimpleNamespace(manifest=manifest) for n in range(number)})


def test_each_is_called_by_as_little_as_tells_it_apart():
    def one(title: str, preset: str, name: str, is_bundle: bool = False) -> SimpleNamespace:
        return SimpleNamespace(manifest={"title": title, "preset": preset}, name=name, is_bundle=is_bundle)

    ease, vasp = one("EASE", "small", "e"), one("VASP", "small", "v")
    assert comparing.titles({"e": ease, "v": vasp}) == {"e": "EASE", "v": "VASP"}
    assert comparing.titles({"v": vasp, "w": one("VASP", "tiny", "w")}) == {"v": "VASP small", "w": "VASP tiny"}
    with_bundle = comparing.titles({"v": vasp, "b": one("VASP", "small", "v", is_bundle=True)})
    assert with_bundle == {"v": "VASP small", "b": "VASP small (bundle)"}
    assert comparing.titles({"v": vasp, "w": one("VASP", "small", "w")}) == {"v": "VASP · v", "w": "VASP · w"}
    assert comparing.titles({"v": vasp, "x/v": one("VASP", "small", "v")}) == {"v": "VASP · v", "x/v": "VASP · x/v"}


RANKED = {"a": np.array([4, 2, 7, 1, 9]), "b": np.array([2, 4, 9, 1, 7]), "c": np.array([8, 2, 1, 5])}


def test_what_lists_share_and_where_films_stand():
    lists = Lists(RANKED, "a", k=3)
    assert lists.shared().to_numpy().tolist() == [[3, 2, 1], [2, 3, 1], [1, 1, 3]]
    assert lists.by_all().tolist() == [2]
    places = lists.places()
    assert places["item"].tolist() == [4, 2, 7] and places["a"].tolist() == [1, 2, 3]
    assert places["b"].tolist() == [2, 1, 5] and places["c"].tolist() == [0, 2, 0], "0: not ranked"
    assert lists.places(1)["item"].tolist() == [4]
    assert Lists({"a": np.empty(0, np.int64), "b": RANKED["b"]}, "a").places().empty


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> dict[str, checkpoints.Checkpoint]:
    """Two models on the planted likes, with 20 test users each."""
    folder = tmp_path_factory.mktemp("two")
    data = trained.dataset(folder / "data")
    from vasp_models import runs

    made = {
        name: runs.train(trained.plan(data, name), folder / name, "vasp-lens train") for name in ("ease", "popularity")
    }
    return {name: checkpoints.load(f"{each.folder}/") for name, each in made.items()}


def measured_on(checkpoint, users: int, seed: int = 0) -> dict:
    """Its quality, not kept."""
    run = lambda report: measuring.measure(checkpoint, "quality", report, "cpu", seed, users)  # noqa: E731
    how = measures.command(checkpoint, "quality", users=users, seed=seed)
    return measures.measured(checkpoint, "quality", run, how, keep=False)


def test_checkpoints_are_compared_on_what_was_measured_of_each(two):
    comparing.check(two)
    found = {name: measured_on(each, 20) for name, each in two.items()}
    both = comparing.measured(two, "popularity", found)
    table = both.compared.overall("ndcg@100").set_index("system")
    own = [both.compared.served[name].values("ndcg@100") for name in ("ease", "popularity")]
    assert table.loc["ease", "difference"] == pytest.approx((own[0] - own[1]).mean())
    assert both.compared.reference == "popularity" and not both.missing and not both.aside
    stored = comparing.stored(two).set_index(["system", "metric"])
    assert table.loc["ease", "mean"] == pytest.approx(stored.at[("ease", "ndcg@100"), "mean"]), "the same 20 users"
    told = comparing.record(both, two, Lists({name: np.array([2, 0, 1]) for name in two}, "ease", k=2))
    assert {row["name"] for row in told["checkpoints"]} == set(two) and told["reference"] == "popularity"
    assert {row["by"] for row in told["slices"]} == set(both.compared.first.slices)
    assert told["one_user"]["shared"]["ease"]["popularity"] == 2 and told["one_user"]["places"][0]["ease"] == 1


def test_what_was_measured_on_other_users_or_not_at_all_stays_aside(two):
    found = {"ease": measured_on(two["ease"], 20), "popularity": measured_on(two["popularity"], 7, seed=3)}
    both = comparing.measured(two, "ease", found)
    assert both.compared is None and list(both.aside) == ["popularity"]
    assert "popularity was measured on other users than ease" in both.aside["popularity"]
    assert f"{two['popularity'].folder} --users 20 --seed 0` measures it" in both.aside["popularity"]
    one = comparing.measured(two, "popularity", {"ease": found["ease"], "popularity": None})
    assert one.compared is None and one.missing == ["popularity"] and not one.aside
    assert comparing.record(one, two)["after_training"] and "accuracy" not in comparing.record(one, two)
    assert comparing.measured(two, "ease", {}).missing == list(two)


def test_a_users_list_is_compared_where_the_history_is_the_same(two):
    user = two["ease"].users.at(int(two["ease"].users.rows("test")[0]))
    assert comparing.user_of(two["popularity"], user.id, user).id == user.id
    other = User(user.id, user.split, user.history[:-1], user.held_out)
    with pytest.raises(DataError, match=f"popularity has another history of user {user.id}"):
        comparing.user_of(two["popularity"], user.id, other)
    with pytest.raises(UnknownUserError):
        comparing.user_of(two["popularity"], "nobody", user)

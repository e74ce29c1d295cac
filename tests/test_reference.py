"""Real MovieLens data against figures measured elsewhere with other code; skipped where the data is not."""

from __future__ import annotations

import pytest

from vasp_models import plans, runs
from vasp_models.data import datasets, importing

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def ml1m(shared, tmp_path_factory):
    folder = shared / "data" / "ml-1m"
    place = tmp_path_factory.mktemp("reference") / "ml-1m"
    importing.import_ratings(folder / "ratings_no_timestamp.parquet", str(place), folder / "movies.dat")
    return datasets.load(f"{place}/")


def test_ease_reaches_the_reference_on_movielens_1m(ml1m):
    plan = plans.plan("ease", f"{ml1m.folder}/", changes={"l2": "500"}, device="cpu")
    model = runs.fit(plan).model
    test = runs.measure(model, plan)["test"]
    assert test["users"] == 750
    assert test["ndcg@100"]["mean"] == pytest.approx(0.4264, abs=5e-4)
    assert test["recall@20"]["mean"] == pytest.approx(0.3585, abs=5e-4)
    assert test["recall@50"]["mean"] == pytest.approx(0.4715, abs=5e-4)


@pytest.fixture(scope="module")
def tested(ml1m):
    """NDCG@100 of a model on the test users; the split is read once."""
    task = None

    def ndcg(name: str) -> dict[str, float]:
        nonlocal task
        plan = plans.plan(name, f"{ml1m.folder}/", device="cpu", task=task)
        task = plan.task
        return runs.measure(runs.fit(plan).model, plan)["test"]["ndcg@100"]

    return ndcg


@pytest.mark.parametrize(("name", "expected"), [("edlae", 0.4293), ("popularity", 0.2125)])
def test_what_has_one_answer_is_the_reference(tested, name, expected):
    assert tested(name)["mean"] == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(("name", "expected"), [("item-knn", 0.3784), ("ials", 0.4275)])
def test_a_quick_baseline_reaches_the_reference_less_two_standard_errors(tested, name, expected):
    found = tested(name)
    assert found["mean"] >= expected - 2 * found["se"]

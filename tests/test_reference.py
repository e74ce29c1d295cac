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


def test_edlae_and_popularity_reach_the_reference(ml1m):
    task = None
    for name, expected in (("edlae", 0.4293), ("popularity", 0.2125)):
        plan = plans.plan(name, f"{ml1m.folder}/", device="cpu", task=task)
        task = plan.task
        model = runs.fit(plan).model
        assert runs.measure(model, plan)["test"]["ndcg@100"]["mean"] == pytest.approx(expected, abs=5e-4)

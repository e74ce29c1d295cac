"""Models unlike the products open on every page: one list for everybody, a solve for each user, order."""

from __future__ import annotations

import shutil

import pytest

from tests.app.conftest import PAGES, calm
from vasp_models import places, plans, runs

TRAINED = {"lfm": ("small", {}), "mf": ("tiny", {"epochs": "2"}), "svae": ("tiny", {"epochs": "1"})}


@pytest.fixture(scope="module", params=TRAINED)
def trained(request, tmp_path_factory):
    """A model trained on the demo by the command's own path."""
    (preset, changes), folder = TRAINED[request.param], tmp_path_factory.mktemp("unlike") / request.param
    plan = plans.plan(request.param, places.DEMO, preset, changes, heldout=400, device="cpu")
    runs.train(plan, folder, f"vasp-lens train {request.param} --data demo --preset {preset}")
    return folder


@pytest.mark.parametrize("page", sorted(path.stem for path in PAGES.glob("*.py")))
def test_every_page_opens(dashboard, trained, page):
    shutil.copytree(trained, places.checkpoint_folder(trained.name))
    test = calm(dashboard(page, c=trained.name))
    assert test.main.children, f"{page} is empty"
    assert [each.value for each in test.sidebar.selectbox if each.label == "Checkpoint"] == [trained.name]

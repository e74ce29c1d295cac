"""Models unlike the products open on every page: one list for everybody, a solve for each user, order."""

from __future__ import annotations

import shutil

import pytest

from tests import trained
from tests.app.conftest import PAGES, calm
from vasp_models import places, plans, runs


def lfm(folder):
    """On the demo's ratings, by the command's own path."""
    runs.train(plans.plan("lfm", places.DEMO, heldout=400, device="cpu"), folder, "vasp-lens train lfm --data demo")


@pytest.fixture(scope="module", params=["lfm", "mf", "svae"])
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unlike") / request.param
    if request.param == "lfm":
        lfm(folder)
    else:
        trained.checkpoint(folder, request.param, epochs=1)
    return folder


@pytest.mark.parametrize("page", sorted(path.stem for path in PAGES.glob("*.py")))
def test_every_page_opens(dashboard, model, page):
    shutil.copytree(model, places.checkpoint_folder(model.name))
    test = calm(dashboard(page, c=model.name))
    assert test.main.children, f"{page} is empty"
    assert [each.value for each in test.sidebar.selectbox if each.label == "Checkpoint"] == [model.name]

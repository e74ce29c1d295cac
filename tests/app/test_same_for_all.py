"""A model of ratings that gives everybody the same list opens on every page, as popularity does."""

from __future__ import annotations

import shutil

import pytest

from tests.app.conftest import PAGES, calm
from vasp_models import places, plans, runs

NAME = "demo-lfm-small"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """LFM, trained on the demo's ratings by the command's own path."""
    folder = tmp_path_factory.mktemp("lfm") / NAME
    runs.train(plans.plan("lfm", places.DEMO, heldout=400, device="cpu"), folder, "vasp-lens train lfm --data demo")
    return folder


@pytest.mark.parametrize("page", sorted(path.stem for path in PAGES.glob("*.py")))
def test_every_page_opens(dashboard, trained, page):
    shutil.copytree(trained, places.checkpoint_folder(NAME))
    test = calm(dashboard(page, c=NAME))
    assert test.main.children, f"{page} is empty"
    assert [each.value for each in test.sidebar.selectbox if each.label == "Checkpoint"] == [NAME]

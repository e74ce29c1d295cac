"""What the tests of several commands share."""

from __future__ import annotations

import shutil

import pytest

from vasp_models import checkpoints, places


@pytest.fixture
def copied(home) -> checkpoints.Checkpoint:
    """A checkpoint that may be written beside: the demo's under the name `mine`."""
    shutil.copytree(places.checkpoint_folder(places.DEMO), home / "checkpoints" / "mine")
    return checkpoints.load("mine")

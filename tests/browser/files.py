"""The files that a page offers: all of them taken, opened, and asked where they come from."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shlex

import pandas as pd
from PIL import Image

from tests.browser.visit import Visit
from vasp_models import checkpoints

SAVE = '[data-testid="stDownloadButton"] button:visible'
PICTURE = '[class*="st-key-png_"] button:visible'
ABOUT = ("program", "checkpoint", "checkpoint_digest", "data", "data_fingerprint", "made", "command")


def all_taken(visit: Visit, buttons: str, place=None) -> list[Path]:
    """The files of all these buttons that are seen."""
    found = (place or visit.main).locator(buttons)
    return [visit.taken(found.nth(n)) for n in range(found.count())]


def provenance(path: Path) -> dict[str, str]:
    """Where a file says it comes from."""
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))["provenance"]
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        rows = table[[f"provenance.{name}" for name in ABOUT]].drop_duplicates()
        assert len(rows) == 1 and table.shape[1] > len(ABOUT)
        return dict(zip(ABOUT, rows.iloc[0], strict=True))
    with Image.open(path) as image:
        image.load()
        return json.loads(image.text["Provenance"])


def checked(path: Path) -> dict[str, str]:
    """The provenance of a file of the demo, which must be whole."""
    about, demo = provenance(path), checkpoints.load("demo")
    assert tuple(about) == ABOUT, path
    assert (about["checkpoint"], about["checkpoint_digest"]) == ("demo", demo.digest)
    assert about["data_fingerprint"] == demo.manifest["dataset"]["fingerprint"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", about["made"])
    assert shlex.split(about["command"])[0] == "vasp-lens"
    return about

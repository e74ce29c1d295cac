"""The dashboard without a browser, on the embedded demo and on checkpoints that are missing, damaged or plain."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import json
from pathlib import Path
import shutil

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from vasp_models import checkpoints, places

MAIN = str(places.ui_root() / "app" / "main.py")
PAGES = places.ui_root() / "pages"


@pytest.fixture(autouse=True)
def _fresh_caches(monkeypatch):
    """No test sees what another cached, nor the checkpoints and device of the shell it runs in."""
    for variable in ("VASP_LENS_CHECKPOINTS", "VASP_LENS_DEVICE"):
        monkeypatch.delenv(variable, raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield


@pytest.fixture
def dashboard(home) -> Callable[..., AppTest]:
    """Opens the dashboard at a page and an address, e.g. `dashboard("recommend", u="7")`."""

    def opened(page: str = "", **query: str) -> AppTest:
        test = AppTest.from_file(MAIN, default_timeout=120)
        test.query_params.update(query)
        test.run()  # registers the pages
        return test.switch_page(str(PAGES / f"{page}.py")).run() if page else test

    return opened


@pytest.fixture
def copied(home) -> Callable[..., Path]:
    """Copies the demo's checkpoint into the home under a name, without maps and measures; its files can be changed."""

    def copy(name: str) -> Path:
        folder = places.checkpoint_folder(name)
        left_out = shutil.ignore_patterns("maps", "measures")
        shutil.copytree(places.checkpoint_folder(places.DEMO), folder, ignore=left_out)
        return folder

    return copy


def refit(folder: Path) -> None:
    """Make the manifest of a checkpoint fit its files again, after one was changed on purpose."""
    path = folder / checkpoints.MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def saved(home) -> Callable[..., str]:
    """Makes a checkpoint of a model on the demo's viewers, fitted unless given: `saved("plain", "popularity")`."""

    def save(name: str, model: str, ready=None) -> str:
        from vasp_models.data.datasets import load
        from vasp_models.data.splits import make_split
        from vasp_models.models import create, preset
        from vasp_models.models.settings import settings_to_json

        split, demo = make_split(load(places.DEMO), heldout=400), checkpoints.load(places.DEMO)
        if ready is None:
            ready = create(model, preset(model)[0], split.train.n_items)
            ready.fit(split.train)
        facts = {key: value for key, value in demo.manifest.items() if key not in ("kind", "schema", "files")}
        facts |= {
            "model": model,
            "title": model.capitalize(),
            "preset": "plain",
            "settings": settings_to_json(ready.settings),
            "options": {},
        }
        facts = json.loads(json.dumps(facts))
        checkpoints.save(places.checkpoint_folder(name), ready, split, facts, [], demo.metrics)
        return name

    return save


@pytest.fixture
def popularity(saved) -> str:
    """The name of a checkpoint whose model has no factors and no epochs."""
    return saved("plain", "popularity")


@pytest.fixture
def ease(saved) -> str:
    """The name of a checkpoint that looks at histories and has no maps yet."""
    return saved("plain", "ease")


def text(test: AppTest) -> str:
    """All Markdown that the page shows, without the sidebar's."""
    return "\n".join(element.value for element in test.main.markdown)


def tables(test: AppTest) -> list[pd.DataFrame]:
    """The data of the tables on the page, without those that figures have in their popovers."""

    def below(block) -> list[pd.DataFrame]:
        if block.type == "dataframe":
            return [block.value]
        children = () if block.type == "popover" else getattr(block, "children", {}).values()
        return [table for child in children for table in below(child)]

    return below(test.main)


def calm(test: AppTest) -> AppTest:
    """The page, after checking that nothing was raised and no red box stands in it."""
    assert not test.exception and not test.error
    return test

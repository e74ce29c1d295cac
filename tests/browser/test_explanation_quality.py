"""The page on explanation quality in a browser, on results that were laid beside a checkpoint."""

from __future__ import annotations

import shutil

import pytest

from tests.app import measured
from tests.browser.conftest import NARROW
from tests.serving import any_free_port, served
from vasp_models import places


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory) -> str:
    """The address of a dashboard on two copies of the demo: one with results of every kind, one with none."""
    home = tmp_path_factory.mktemp("measured")
    for name in ("toy", "bare"):
        folder = home / "checkpoints" / name
        source = places.checkpoint_folder(places.DEMO)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("maps", "measures"))
    measured.measure(home / "checkpoints" / "toy")
    with served("app", "--no-browser", "--port", str(any_free_port()), VASP_LENS_HOME=str(home)) as running:
        yield running.url


def test_a_measure_is_chosen_and_everything_can_be_taken_away(visits, dashboard):
    visit = visits(dashboard).open("/fidelity?c=toy")
    assert visit.heading() == "Are the reasons real?"
    assert visit.main.get_by_test_id("stPlotlyChart").count() == 1
    assert "Score that is left without the four strongest reasons" in visit.main.inner_text()
    visit.choose("NEG-P@5")
    assert "while the weakest reasons are removed first" in visit.main.inner_text() and "m=NEG-P" in visit.page.url
    found = visit.read("download_json")
    assert set(found) == {*measured.RESULTS, "provenance"}
    assert found["audit"]["provenance"]["command"] == "vasp-lens audit toy"
    gates = visit.main.get_by_test_id("stTable").filter(has_text="passed")
    assert gates.locator("tbody tr").count() == len(measured.audit()["gates"])
    assert gates.get_by_text("failed").count() == 1, "said in words, beside its mark"
    visit.picture("quality")


def test_on_a_telephone_at_night_nothing_stands_out_and_what_is_missing_offers_itself(visits, dashboard):
    visit = visits(dashboard, "dark", NARROW)
    for name, missing in (("toy", 0), ("bare", len(measured.RESULTS))):
        visit.open(f"/fidelity?c={name}")
        assert visit.main.get_by_test_id("stPlotlyChart").count() == (missing == 0)
        assert visit.main.locator('[class*="st-key-measure_"] button').count() == missing
        assert visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        visit.picture(f"quality-{name}")
    assert "not been measured yet" in visit.main.inner_text()

"""The Quality page in a browser: slices, a group, downloads, both themes, a telephone."""

from __future__ import annotations

import io
import json

import pandas as pd

from tests.browser.conftest import NARROW


def test_slices_are_switched_and_the_numbers_taken_away(on_demo):
    visit = on_demo("light").go("Quality")
    assert visit.heading() == "Who is served well, and by which part of the model?"
    charts = visit.main.get_by_test_id("stPlotlyChart")
    assert charts.count() == 3 and "40 and more" in charts.first.inner_text()
    visit.choose("Film popularity")
    assert "sl=popularity" in visit.page.url and "are found best" in visit.main.inner_text()
    assert "top 10%" in charts.first.inner_text()
    files = {}
    for kind in ("json", "csv"):
        with visit.page.expect_download() as taken:
            visit.main.locator(f".st-key-quality_{kind} button").click()
        assert taken.value.suggested_filename == f"quality-demo.{kind}"
        files[kind] = taken.value.path().read_bytes()
    found, table = json.loads(files["json"]), pd.read_csv(io.BytesIO(files["csv"]), encoding="utf-8-sig")
    assert found["quality"]["systems"] == ["joint", "nease", "flvae", "popularity"]
    assert found["provenance"]["command"] == "vasp-lens quality demo --users 2000 --seed 0"
    assert set(table["provenance.command"]) == {found["provenance"]["command"]}
    rows = table[(table["by"] == "popularity") & (table["part"] == "slices") & (table["metric"] == "found@50")]
    assert set(rows["lists"]) == {"joint", "nease", "flvae", "popularity"} and len(rows) == 40
    visit.picture("quality")


def test_a_link_opens_a_group_at_night(on_demo):
    visit = on_demo("dark").open("/quality?c=demo&sl=taste&sg=Horror&sf=20")
    assert visit.main.get_by_test_id("stPlotlyChart").count() == 5
    assert "Users with 20 films or more who like Horror most" in visit.main.inner_text()
    visit.picture("quality-group")


def test_on_a_telephone_nothing_stands_out(visits, demo):
    visit = visits(demo.url, "dark", NARROW).open("/quality")
    assert visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    visit.picture("quality")

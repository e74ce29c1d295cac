"""The data page: seen in both themes and on a telephone, its tables opened, its numbers taken away."""

from __future__ import annotations

import csv
import json

import pytest

from tests.browser.visit import Visit


def charts(visit: Visit) -> int:
    return visit.main.get_by_test_id("stPlotlyChart").locator("visible=true").count()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_drawn(on_demo, theme):
    visit = on_demo(theme).go("Data")
    assert visit.heading() == "What was the model trained on?" and charts(visit) == 7
    visit.picture("data")


def test_on_a_telephone_nothing_sticks_out(visits, demo):
    visit = visits(demo.url, "dark", (375, 812)).open("/data")
    assert charts(visit) == 7 and visit.main.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    visit.picture("data")


def test_its_numbers_can_be_taken_away(on_demo):
    visit = on_demo().go("Data")
    found = {}
    for key in ("csv_data_ratings", "data_json"):
        with visit.page.expect_download() as coming:
            visit.main.locator(f".st-key-{key} button").first.click()
        with open(coming.value.path(), encoding="utf-8-sig", newline="") as file:
            found[key] = json.load(file) if key.endswith("json") else list(csv.DictReader(file))
    assert sum(int(row["Ratings"]) for row in found["csv_data_ratings"]) == 178_787
    told = found["data_json"]
    assert told["likes"] == 118_555 and told["provenance"]["checkpoint"] == "demo"
    assert f"{told['films_holding']['0.5']} films" in visit.main.locator(".st-key-answer").inner_text()

"""The data page: seen in both themes and on a telephone, its tables opened, its numbers taken away."""

from __future__ import annotations

from tests.browser.visit import Visit


def charts(visit: Visit) -> int:
    return visit.main.get_by_test_id("stPlotlyChart").locator("visible=true").count()


def test_it_is_drawn(on_demo):
    visit = on_demo().go("Data")
    assert visit.heading() == "What was the model trained on?" and charts(visit) == 7
    visit.picture("data")


def test_its_numbers_can_be_taken_away(on_demo):
    visit = on_demo().go("Data")
    assert visit.read("csv_data_ratings")["Ratings"].sum() == 178_787
    told = visit.read("data_json")
    assert told["likes"] == 118_555 and told["provenance"]["checkpoint"] == "demo"
    assert f"{told['films_holding']['0.5']} films" in visit.main.locator(".st-key-answer").inner_text()

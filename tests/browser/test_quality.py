"""The Quality page in a browser: slices, a group, downloads, both themes, a telephone."""

from __future__ import annotations


def test_slices_are_switched_and_the_numbers_taken_away(on_demo):
    visit = on_demo("light").go("Quality")
    assert visit.heading() == "Who is served well, and by which part of the model?"
    charts = visit.main.get_by_test_id("stPlotlyChart")
    assert charts.count() == 3 and "40 and more" in charts.first.inner_text()
    visit.choose("Film popularity")
    assert "sl=popularity" in visit.page.url and "are found best" in visit.main.inner_text()
    assert "top 10%" in charts.first.inner_text()
    found, table = visit.read("quality_json"), visit.read("quality_csv")
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

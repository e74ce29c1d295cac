"""The Compare page in a browser: checkpoints are chosen, files taken, in both themes and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app import comparable
from tests.browser.barriers import barriers, out_of_reach
from tests.browser.conftest import NARROW
from tests.browser.files import PICTURE, SAVE, all_taken, checked
from tests.serving import any_free_port, served

QUESTION = "Which model ranks best on these data?"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory) -> Iterator[str]:
    """The address of a dashboard on the demo, two models that fit it and were measured, and two others."""
    home = comparable.stock(tmp_path_factory.mktemp("stock") / "home")
    with served("app", "--no-browser", "--port", str(any_free_port()), cwd=home, VASP_LENS_HOME=str(home)) as running:
        yield running.url


def test_checkpoints_are_chosen_and_the_numbers_taken_away(visits, stocked):
    visit = visits(stocked).open("/compare?c=demo&u=7")
    assert visit.heading() == QUESTION and "VASP ranks best" in visit.main.inner_text()
    figures = visit.main.get_by_test_id("stPlotlyChart").locator("visible=true")
    assert figures.count() == 5
    assert barriers(visit) + out_of_reach(visit) == []
    visit.choose("Film genre").choose("Recall@20")
    assert "sl=genre" in visit.page.url and "cm=recall%4020" in visit.page.url
    visit.main.get_by_role("button", name="Remove Popularity").click()
    visit.settle()
    assert "b=ease" in visit.page.url and "Both lists of user 7 share" in visit.main.inner_text()
    opened = visit.copied_link()
    assert "b=ease" in opened and "v=demo" in opened
    found, table = visit.read("compare_json"), visit.read("compare_csv")
    assert [each["name"] for each in found["checkpoints"]] == ["demo", "ease"] and found["reference"] == "demo"
    assert found["provenance"]["command"] == "vasp-lens compare demo ease --reference demo --json"
    assert set(table["checkpoint"]) == {"demo", "ease"} and set(table["part"]) == {"accuracy", "slices", "lists"}
    files = all_taken(visit, SAVE)
    for path in files:
        checked(path)
    assert visit.main.locator(PICTURE).count() == figures.count() <= sum(path.suffix == ".csv" for path in files)
    visit.picture("compare")


def test_at_night_too_and_what_does_not_fit_says_why(visits, stocked):
    visit = visits(stocked, "dark").open("/compare?c=demo&b=plain,ease,foreign&v=ease&u=7")
    assert "Less that by EASE, user by user" in visit.main.inner_text()
    assert barriers(visit) + out_of_reach(visit) == []
    visit.main.get_by_text("1 checkpoint cannot be compared with this one").click()
    assert "it was trained on another data set, others and not demo" in visit.settle().main.inner_text()
    visit.picture("compare")


def test_on_a_telephone_nothing_is_out_of_reach(visits, stocked):
    visit = visits(stocked, "dark", NARROW).open("/compare?c=demo&b=bare,ease&u=7")
    assert visit.heading() == QUESTION and "vasp-lens quality bare" in visit.main.inner_text()
    assert barriers(visit) + out_of_reach(visit) == []
    visit.picture("compare-narrow")

"""The Paper page in a browser: without results, with them in both themes, wide and narrow; its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app import reproduced as made_up
from tests.browser.barriers import barriers, out_of_reach
from tests.browser.conftest import NARROW
from tests.serving import any_free_port, served
from vasp_models.published import claims


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A dashboard on the demo in a home where claims were measured."""
    folder = tmp_path_factory.mktemp("paper")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(folder / "home"))
        made_up.save_all()
    home = {"HOME": str(folder), "VASP_LENS_HOME": str(folder / "home")}
    with served("demo", "--no-browser", "--port", str(any_free_port()), cwd=Path(folder), **home) as running:
        yield running


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_claim_has_its_verdict(visits, measured, theme):
    visit = visits(measured.url, theme).open("/paper?c=demo")
    assert visit.heading() == "Do the papers’ claims hold?"
    said = visit.main.inner_text()
    assert "claims measured on MovieLens 1M hold" in said and "measured on this machine" in said
    rows = visit.main.get_by_test_id("stTable").first.locator("tbody tr")
    assert rows.count() == len(claims.claims_on("ml-1m"))
    told = {text.strip() for text in rows.locator("td:first-child").all_inner_texts()}
    told = {text.replace("\xa0", " ") for text in told}
    assert {"check holds", "close does not hold", "question_mark not resolved"} <= told
    assert not barriers(visit) and not out_of_reach(visit)
    visit.picture(f"paper-{theme}")


def test_the_numbers_are_taken_away(visits, measured):
    visit = visits(measured.url).open("/paper?c=demo&pt=vasp-figure2")
    table, found = visit.read("paper_csv"), visit.read("paper_json")
    assert len(table) == len(claims.claims_on("ml-1m")) == len(found["claims"])
    assert set(table["provenance.checkpoint"]) == {"demo"} and found["measured"]["vasp-table3"]["whose"] == "here"
    rows = visit.read("csv_rows_vasp-figure2")
    assert list(rows["Row"]) == ["Halves", "Full input", "Full input, dropout"]


def test_another_data_set_is_chosen_on_a_telephone(visits, measured):
    visit = visits(measured.url, "dark", NARROW).open("/paper?c=demo&pd=ml-20m")
    assert "that MovieLens 20M can test has been measured yet" in visit.main.inner_text()
    assert not out_of_reach(visit) and not barriers(visit)
    visit.picture("paper-narrow")

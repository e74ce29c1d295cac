"""What can be taken away: each button of each page is pressed, and the file opened and asked where it is from."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shlex
from urllib.parse import parse_qs

import pandas as pd
from PIL import Image
import pytest

from app.theme import theme
from tests.browser.test_lab import press, start_from
from tests.browser.visit import Visit
from vasp_models import checkpoints

SAVE = '[data-testid="stDownloadButton"] button:visible'
PICTURE = '[class*="st-key-png_"] button:visible'
ABOUT = ("program", "checkpoint", "checkpoint_digest", "data", "data_fingerprint", "made", "command")


def taken(visit: Visit, button) -> Path:
    """The file that a button saves, under its own name's ending."""
    with visit.page.expect_download() as coming:
        button.click()
    name = coming.value.suggested_filename
    assert re.fullmatch(r"[\w.-]+\.(csv|json|png)", name, re.ASCII), name
    path = Path(coming.value.path())
    return path.rename(path.with_name(f"{path.name}.{name.rpartition('.')[2]}"))


def all_taken(visit: Visit, buttons: str, place=None) -> list[Path]:
    """The files of all these buttons that are seen."""
    found = (place or visit.main).locator(buttons)
    return [taken(visit, found.nth(n)) for n in range(found.count())]


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


def test_every_table_and_record_of_every_page_says_where_it_comes_from(on_demo):
    visit, endings = on_demo(), {}
    for name in visit.pages():
        visit.go(name)
        folds = visit.main.locator('[data-testid="stExpander"] details > summary')
        for n in range(folds.count()):
            folds.nth(n).click()
        files = all_taken(visit.settle(), SAVE)
        for path in files:
            checked(path)
        endings[name] = sorted(path.suffix for path in files)
        figures = visit.main.get_by_test_id("stPlotlyChart").locator("visible=true").count()
        assert visit.main.locator(PICTURE).count() == figures <= endings[name].count(".csv"), name
    assert endings["Explain"].count(".json") == 1 and endings["Recommend"].count(".csv") >= 3
    assert sum(map(len, endings.values())) > 20


def test_the_lab_saves_its_profile_its_list_and_its_figures(on_demo):
    visit = on_demo()
    start_from(visit, "War")
    visit.main.locator("td.film button").first.click()
    press(visit.settle(), "lab_pin").settle()
    for path in all_taken(visit, SAVE):
        assert "lab?" in checked(path)["command"] and "&w=" in checked(path)["command"]
    assert [checked(path)["command"].count("lab?") for path in all_taken(visit, PICTURE)] == [1, 1]
    body = press(visit, "lab_share").page.get_by_test_id("stPopoverBody")
    profile, listed = all_taken(visit, SAVE, body)
    assert len(json.loads(profile.read_text())["films"]) == 8 and "lab?" in checked(profile)["command"]
    assert "vasp-lens recommend demo --history" in checked(listed)["command"] and len(pd.read_csv(listed)) == 10
    visit.page.keyboard.press("Escape")
    press(press(visit, "lab_unpin").settle(), "lab_unwatch").settle()  # the tab is shared


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_picture_shows_the_chart_its_head_and_where_it_comes_from(on_demo, look):
    visit = on_demo(look).go("Explain")
    for path in all_taken(visit, PICTURE):
        about = checked(path)
        view = shlex.split(about["command"])[-1]
        assert view.startswith("explain?") and parse_qs(view)["f"], "the film that the page chose by itself"
        with Image.open(path) as image:
            assert image.format == "PNG" and image.text["Title"] and image.text["Description"]
            assert about["checkpoint_digest"][:12] in image.text["Source"]
            assert image.text["Source"].endswith(about["command"])
            pixels = image.convert("RGB")
        ground, width = tuple(bytes.fromhex(theme(look).background[1:])), pixels.width
        assert pixels.getpixel((2, 2)) == ground and width > 800
        # Its head, its middle and its foot hold more than the ground.
        for part in (0.02, 0.18), (0.3, 0.8), (0.88, 1):
            strip = pixels.crop((0, int(part[0] * pixels.height), width, int(part[1] * pixels.height)))
            assert len(strip.getcolors(strip.width * strip.height)) > 8, part
    colours = {colour for _, colour in pixels.getcolors(pixels.width * pixels.height)}
    assert tuple(bytes.fromhex(theme(look).text[1:])) in colours, "drawn in the theme that is shown"


def test_a_narrow_window_saves_the_chart_that_it_shows(visits, demo):
    visit = visits(demo.url, "dark", (375, 812)).open("/recommend")
    (path,) = all_taken(visit, PICTURE)
    with Image.open(path) as image:
        assert image.width >= 2 * 375 and "recommend?" in image.text["Source"]
    assert visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_streamlit_saves_no_table_by_itself(on_demo):
    visit = on_demo().go("Explain")
    visit.main.locator(".st-key-twin_deletion button").click()
    table = visit.page.get_by_test_id("stPopoverBody").get_by_test_id("stDataFrame")
    table.hover()
    tools = visit.page.get_by_test_id("stElementToolbarButton")
    assert tools.count() and not tools.filter(has_text=re.compile("download", re.I)).count()
    assert not visit.page.get_by_label(re.compile("download as csv", re.I)).count()
    visit.page.keyboard.press("Escape")


def test_the_link_opens_what_was_shown(on_demo, visits, demo):
    visit = on_demo().go("Explain")
    again = visits(demo.url).open(visit.copied_link().removeprefix(demo.url))
    assert again.heading() == visit.heading() and "f=" in again.page.url

"""What can be taken away: the files of the lab, pictures of charts, links."""

from __future__ import annotations

import json
import re
import shlex
from urllib.parse import parse_qs

import pandas as pd
from PIL import Image
import pytest

from app.theme import theme
from tests.browser.files import PICTURE, SAVE, all_taken, checked
from tests.browser.test_lab import press, start_from


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

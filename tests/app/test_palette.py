"""The palette keeps its promises: every colour is seen on the page, and told from every other by every eye."""

from __future__ import annotations

import numpy as np
import pytest

from app.theme import theme
from tests.app.colours import VISIONS, ciede2000, contrast, nearest_pair

THEMES = ("light", "dark")
LEAST_CONTRAST, LEAST_DIFFERENCE = 3.0, 9.0

# Pairs 1, 7, 9, 17, 20, 25 and 34 of the test data of Sharma, Wu and Dalal (2005), table 1.
SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("first", "second", "difference"), SHARMA)
def test_the_difference_is_ciede2000(first, second, difference):
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(difference, abs=1e-4)
    assert ciede2000(np.array(second), np.array(first)) == pytest.approx(difference, abs=1e-4)


def test_red_and_green_look_alike_to_those_who_cannot_tell_them():
    """The simulation does something: a pair that is far apart for most eyes comes near for some."""
    pair = {"red": "#d7191c", "green": "#6b6b00"}
    assert nearest_pair(pair, "normal")[0] > 40 > 10 > nearest_pair(pair, "protan")[0]


@pytest.mark.parametrize("name", THEMES)
def test_every_colour_is_seen_on_the_page(name):
    look = theme(name)
    faint = {
        what: contrast(colour, look.background)
        for what, colour in {**look.genres, **look.paths, "neutral": look.neutral, "text": look.text}.items()
        if contrast(colour, look.background) < LEAST_CONTRAST
    }
    assert not faint


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", THEMES)
def test_every_eye_tells_the_genres_from_each_other_and_from_the_rest(name, vision):
    look = theme(name)
    assert len(look.genres) >= 18
    difference, one, other = nearest_pair({**look.genres, "no genre in colour": look.neutral}, vision)
    assert difference >= LEAST_DIFFERENCE, f"{one} and {other} differ by {difference:.1f}"


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", THEMES)
def test_every_eye_tells_the_paths_from_each_other(name, vision):
    look = theme(name)
    difference, one, other = nearest_pair({**look.paths, "joint": look.text}, vision)
    assert difference >= LEAST_DIFFERENCE, f"{one} and {other} differ by {difference:.1f}"

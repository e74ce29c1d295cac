"""Colours: each stands once, and can be told apart and read."""

from __future__ import annotations

import pytest

from app import words
from app.theme import CONFIG, theme
from tests.app.colours import contrast
from vasp_models.data.catalogue import PAPER_GENRES


@pytest.mark.parametrize("name", ["light", "dark"])
def test_words_can_be_read_on_the_page(name):
    look = theme(name)
    assert contrast(look.text, look.background) > 12 and contrast(look.muted, look.background) > 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_text_colours_that_name_the_paths_are_the_paths_colours(name):
    text = CONFIG.read_text(encoding="utf-8").split(f"[theme.{name}]")[1]
    for key, path in (("orange", "nease"), ("blue", "flvae_residual"), ("green", "flvae_latent")):
        assert f'{key}TextColor = "{theme(name).paths[path]}"' in text


def test_the_papers_four_genres_have_colours_of_their_own():
    for name in ("light", "dark"):
        assert len({theme(name).genre(genre) for genre in PAPER_GENRES} | {theme(name).neutral}) == 5


def test_what_has_no_colour_stays_neutral():
    look = theme("light")
    assert look.genre("IMAX") == look.neutral and look.path("another_factor") == look.text


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_linear_path_has_the_colour_of_nease(name):
    look = theme(name)
    assert {look.path(part) for part in words.LINEAR} == {look.paths["nease"]}
    assert look.path("unheard-of") == look.text

"""Every page where there is nothing to show: it says so, says what to do, and raises nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.app.conftest import calm, refit, text
from vasp_models import checkpoints, measures, places
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.users import Users

PAGES = sorted(path.stem for path in (places.ui_root() / "pages").glob("*.py"))
OF_A_USER = ["recommend", "explain"]


def said(test) -> str:
    """All words of the page: titles, Markdown, code and the labels of buttons."""
    shown = [*test.main.title, *test.main.markdown, *test.main.code]
    return "\n".join([*(each.value for each in shown), *(button.label for button in test.main.button)])


@pytest.mark.parametrize("page", [page for page in PAGES if page != "diagnostics"])
def test_no_checkpoint_names_the_commands(dashboard, monkeypatch, page):
    monkeypatch.setattr(checkpoints, "names", lambda: [])
    test = calm(dashboard(page))
    assert test.title[0].value == "No model yet" and "vasp-lens demo" in test.code[0].value


@pytest.mark.parametrize("page", PAGES)
def test_films_without_genres(dashboard, monkeypatch, page):
    frame = checkpoints.load("demo").catalogue.frame
    bare = Catalogue(frame.assign(genres=[[] for _ in range(len(frame))]))
    monkeypatch.setattr(checkpoints.Checkpoint, "catalogue", bare)
    test = calm(dashboard(page))
    assert "cannot be opened" not in test.title[0].value and len(said(test)) > 100


@pytest.mark.parametrize("page", ["film", "explain", "recommend", "sensitivity_maps"])
def test_a_film_that_is_not_in_the_catalogue(dashboard, page):
    calm(dashboard(page, f="no-such-film"))


@pytest.mark.parametrize("page", ["overview", "film", "quality"])
def test_an_unknown_user_hides_no_page_that_needs_none(dashboard, page):
    test = calm(dashboard(page, u="nobody"))
    assert "There is no user" not in test.title[0].value


@pytest.mark.parametrize("page", OF_A_USER)
def test_an_unknown_user_is_offered_another_one(dashboard, page):
    test = calm(dashboard(page, u="nobody"))
    assert "There is no user nobody" in test.title[0].value and "example_user" in [b.key for b in test.main.button]


@pytest.mark.parametrize("page", [*OF_A_USER, "profile_lab", "film"])
def test_an_empty_history(dashboard, monkeypatch, page):
    whole = Users.find

    def nothing(self, user):
        found = whole(self, user)
        return replace(found, history=found.history[:0], held_out=found.held_out[:0])

    monkeypatch.setattr(Users, "find", nothing)
    test = calm(dashboard(page))
    if page == "recommend":
        assert "history is empty" in text(test)


@pytest.mark.parametrize("page", ["overview", "sensitivity_maps", "film", "quality", "explanation_quality"])
def test_a_checkpoint_without_maps_and_measures_names_the_commands(dashboard, copied, page):
    weights = copied("fresh") / checkpoints.CURVE  # another digest, so that nothing of the demo fits
    weights.write_text("[]", encoding="utf-8")
    refit(weights.parent)
    test = calm(dashboard(page, c="fresh"))
    words = said(test)
    if page == "sensitivity_maps":
        assert "vasp-lens map fresh --distance lift" in words and "Compute them now" in words
    if page == "quality":
        assert "vasp-lens quality fresh" in words
    if page == "explanation_quality":
        for kind in set(measures.KINDS) - {"quality"}:
            assert f"vasp-lens {kind} fresh" in words

"""Titles as people write them, and a search that finds what people type."""

from __future__ import annotations

import pytest

from vasp_models.data.catalogue import Catalogue, catalogue_frame, natural_title, split_genres

TITLES = [
    "Matrix, The (1999)", "Matrix Reloaded, The (2003)", "Die Hard (1988)", "Hard Day's Night, A (1964)",
    "A.I. Artificial Intelligence (2001)", "Amélie (2001)", "Сталкер (1979)", "Third Man, The (1949)", "It (2017)",
    "Misérables, Les (2012)",
]  # fmt: skip


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(catalogue_frame(range(len(TITLES)), TITLES, ["Drama"] * len(TITLES)))


@pytest.mark.parametrize(
    ("written", "natural"),
    [
        ("Matrix, The (1999)", ("The Matrix", 1999)),
        ("Seven (a.k.a. Se7en) (1995)", ("Seven (a.k.a. Se7en)", 1995)),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
         ("The City of Lost Children (Cité des enfants perdus, La)", 1995)),
        ("Avventura, L' (1960)", ("L'Avventura", 1960)),
        ("Babylon 5", ("Babylon 5", None)),
        ("Good, the Bad and the Ugly, The (1966)", ("The Good, the Bad and the Ugly", 1966)),
        ("Doctor Who (2005-)", ("Doctor Who", 2005)),
    ],
)  # fmt: skip
def test_titles_read_naturally(written, natural):
    assert natural_title(written) == natural


def test_what_cannot_be_seen_is_no_part_of_a_title():
    assert natural_title("\t Alien\n(1979) ") == ("Alien", 1979)
    assert natural_title("\u202egnihtoN\u2066 \x00(1999)") == ("gnihtoN", 1999), "nothing turns the text around it"
    assert natural_title("👩\u200d🚀 می\u200cخواهم")[0] == "👩\u200d🚀 می\u200cخواهم", "what joins letters stays"


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("matrix", "The Matrix (1999)"),
        ("THE MATRIX", "The Matrix (1999)"),
        ("matrix, the", "The Matrix (1999)"),
        ("the matrix 1999", "The Matrix (1999)"),
        ("die", "Die Hard (1988)"),
        ("hard", "Die Hard (1988)"),
        ("a i", "A.I. Artificial Intelligence (2001)"),
        ("amelie", "Amélie (2001)"),
        ("сталкер", "Сталкер (1979)"),
        ("it", "It (2017)"),
        ("miserables", "Les Misérables (2012)"),
        ("hard days night", "A Hard Day's Night (1964)"),
    ],
)
def test_search_ignores_case_accents_punctuation_and_articles(catalogue, typed, first):
    assert catalogue.titles[catalogue.search(typed)[0]] == first


def test_search_finds_all_words_and_nothing_else(catalogue):
    assert [catalogue.titles[n] for n in catalogue.search("matrix rel")] == ["The Matrix Reloaded (2003)"]
    assert catalogue.search("zardoz") == []
    assert catalogue.search("  ") == []


def test_genres_have_one_spelling():
    assert split_genres("Animation|Children's|Comedy") == ["Animation", "Children", "Comedy"]
    assert split_genres("(no genres listed)") == []

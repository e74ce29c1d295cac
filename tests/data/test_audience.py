"""Who likes a film, worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from vasp_models.data import audience
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.data.tastes import tastes

# Eight users, films 0 to 3. Film 0 is the film asked about: users 0 to 3 have it.
HISTORIES = Interactions.from_lists([[0, 1], [0, 1], [0, 1, 2], [0, 3], [1], [2, 3], [2], [3]], 4)


def catalogue(genres: list[list[str]], histories: Interactions) -> Catalogue:
    ids = list(range(len(genres)))
    frame = pd.DataFrame({"id": ids, "title": [f"Film {n}" for n in ids], "genres": genres})
    return Catalogue(frame.assign(year=pd.array([2000] * len(ids), "Int64"), train_users=histories.item_counts))


def test_rows_with_a_film_are_found_in_histories_of_any_order():
    histories = Interactions.from_lists([[3, 0], [], [1], [0], [2, 1, 0]], 4, ordered=True)
    assert audience.rows_with(histories, 0).tolist() == [0, 3, 4]
    assert audience.rows_with(histories, 1).tolist() == [2, 4]
    assert audience.rows_with(HISTORIES, 3).tolist() == [3, 5, 7]
    assert audience.rows_with(Interactions.from_lists([[], [0]], 2), 1).tolist() == []


def test_a_film_is_taken_out_and_the_rest_keeps_its_order():
    rest = audience.without(Interactions.from_lists([[3, 0, 2], [], [0], [1, 3]], 4, ordered=True), 0)
    assert [rest.row(n).tolist() for n in range(4)] == [[3, 2], [], [], [1, 3]]


def test_films_liked_together_by_hand():
    table = audience.co_likes(HISTORIES, 0, floor=1).set_index("item")
    one = table.loc[1]  # 3 of the 4 fans have film 1, and 4 of all 8 users
    assert (one["both"], one["users"], one["share"], one["lift"]) == (3, 4, 0.75, 1.5)
    # Cells 3, 1, 1, 3 where 2 each would be expected.
    assert one["llr"] == pytest.approx(2 * (6 * log(3 / 2) + 2 * log(1 / 2)))
    assert table.loc[2, "lift"] == pytest.approx(1 * 8 / (4 * 3)) and table.loc[2, "llr"] < 0, "less than by chance"
    assert list(table.index) == [1, 2, 3] and 0 not in table.index, "the film is not told of itself"


def test_the_likelihood_ratio_is_that_of_the_table():
    table = audience.co_likes(HISTORIES, 0, floor=1).set_index("item")
    for item in (1, 2, 3):
        have = np.array([item in HISTORIES.row(n) for n in range(8)])
        fans = np.arange(8) < 4
        cells = [[(have & fans).sum(), (~have & fans).sum()], [(have & ~fans).sum(), (~have & ~fans).sum()]]
        expected = stats.chi2_contingency(cells, correction=False, lambda_="log-likelihood").statistic
        assert abs(table.loc[item, "llr"]) == pytest.approx(expected)


def test_a_pair_of_few_users_is_not_told():
    assert audience.co_likes(HISTORIES, 0, floor=2)["item"].tolist() == [1]
    assert audience.co_likes(HISTORIES, 0).empty, "five users by default"


def test_longer_histories_alone_make_lift():
    # The four fans have 1, 1, 2, 1 other films, everybody (5 + 1 + 2 + 1 + 1) / 8 without film 0.
    assert audience.lift_by_length(HISTORIES, 0) == pytest.approx((5 / 4) / (10 / 8))
    twice = Interactions.from_lists([[0, 1, 2], [0, 1, 2], [1], [2]], 3)
    assert audience.lift_by_length(twice, 0) == pytest.approx(2 / 1.5)
    assert audience.lift_by_length(Interactions.from_lists([[1], [1]], 2), 0) == 1.0, "nobody has it"


def fan_data() -> tuple[Interactions, Catalogue]:
    """Film 0, a western; films 1 to 3 are westerns, 4 to 6 comedies. Fans: three of westerns, one of comedies.

    Without film 0 the fourth fan has two comedies; with it, one western, which is rarer, would stand out less.
    """
    rows = [[0, 1, 2], [0, 2, 3], [0, 1, 3], [0, 4, 5], [4, 5], [5, 6], [4, 6], [4, 5, 6], [1, 2], []]
    histories = Interactions.from_lists(rows, 7)
    return histories, catalogue([["Western"]] * 4 + [["Comedy"]] * 3, histories)


def test_favourite_genres_by_hand():
    histories, films = fan_data()
    favourites = tastes(histories, films)["taste"].to_numpy(dtype=object)
    table = audience.favourite_genres(histories, films, 0, favourites).set_index("genre")
    western, comedy = table.loc["Western"], table.loc["Comedy"]
    assert (western["fans"], western["others"]) == (3, 1), "users 0, 1, 2 of four; user 8 of six"
    assert (comedy["fans"], comedy["others"]) == (1, 4)
    assert western["fan_share"] == 0.75 and western["other_share"] == pytest.approx(1 / 6), "who has no taste counts"
    assert western["ratio"] == pytest.approx(4.5)
    spread = 1.959964 * np.sqrt(1 / 3 - 1 / 4 + 1 / 1 - 1 / 6)
    assert western["low"] == pytest.approx(4.5 / np.exp(spread), rel=1e-5)
    assert western["high"] == pytest.approx(4.5 * np.exp(spread), rel=1e-5)
    # Of the 210 ways to choose 4 fans among 10 users with 4 of a taste, 24 have 3 of it, 1 has 4, and 15 none.
    assert western["p"] == pytest.approx((24 + 1 + 15) / 210)
    assert (table["q"] >= table["p"]).all() and table["q"].max() <= 1


def test_the_film_itself_is_no_evidence_for_the_taste_of_its_users():
    histories = Interactions.from_lists([[0, 1], [0, 1], [1], [1]], 2)
    films = catalogue([["Horror"], ["Drama"]], histories)
    favourites = tastes(histories, films)["taste"].to_numpy(dtype=object)
    assert list(favourites[:2]) == ["Horror", "Horror"], "with the film in it, it would seem to be"
    table = audience.favourite_genres(histories, films, 0, favourites)
    assert table["genre"].tolist() == ["Drama"] and table["fans"].tolist() == [2]


def test_counts_of_nothing_have_no_ratio():
    histories = Interactions.from_lists([[0, 1], [0, 1], [2], [2]], 3)
    films = catalogue([["Horror"], ["Drama"], ["War"]], histories)
    favourites = tastes(histories, films)["taste"].to_numpy(dtype=object)
    table = audience.favourite_genres(histories, films, 0, favourites).set_index("genre")
    assert table.loc["Drama", ["fans", "others"]].tolist() == [2, 0] and np.isnan(table.loc["Drama", "ratio"])
    assert table.loc["Drama", "p"] == pytest.approx(1 / 3), "one of the six ways, or as rare the other way round"


def test_an_audience_in_one_answer():
    histories, films = fan_data()
    favourites = tastes(histories, films)["taste"].to_numpy(dtype=object)
    found = audience.audience(histories, films, 0, favourites)
    assert (found.fans, found.users, found.length) == (4, 10, 2.0)
    # Lengths 3 3 3 3 2 2 2 3 2 0: median 2.5; of the 23 interactions 15 are of users with three.
    assert (found.usual_length, found.chance_length) == (2.5, 3.0)
    assert found.by_length == pytest.approx(2 / (19 / 10))


def test_a_film_that_nobody_has_and_one_that_everybody_has():
    histories = Interactions.from_lists([[0, 1], [0]], 3)
    films = catalogue([["War"], ["War"], []], histories)
    favourites = tastes(histories, films)["taste"].to_numpy(dtype=object)
    nobody = audience.audience(histories, films, 2, favourites)
    assert nobody.fans == 0 and nobody.together.empty and nobody.tastes["fans"].tolist() == [0]
    everybody = audience.audience(histories, films, 0, favourites)
    assert everybody.fans == 2 and everybody.tastes["others"].tolist() == [0]
    assert everybody.tastes["p"].tolist() == [1.0]


def test_films_without_genres_have_no_tastes_to_compare():
    films = catalogue([[]] * 4, HISTORIES)
    none = np.array([None] * 8, dtype=object)
    assert audience.favourite_genres(HISTORIES, films, 0, none).empty

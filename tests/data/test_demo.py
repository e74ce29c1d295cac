"""The demo's films are facts, its viewers are reproducible, and what is planted in them is really there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
import json

import numpy as np
import pandas as pd
import pytest

from vasp_models.data import demo
from vasp_models.data.catalogue import natural_title
from vasp_models.errors import DataError
from vasp_models.places import assets_folder

VOCABULARY = set(
    "Action|Adventure|Animation|Children|Comedy|Crime|Documentary|Drama|Fantasy|Film-Noir|Horror|Musical|Mystery|"
    "Romance|Sci-Fi|Thriller|War|Western".split("|")
)


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return demo.read_films()


@pytest.fixture(scope="module")
def planted(films) -> demo.Planted:
    return demo.plant(films)


@pytest.fixture(scope="module")
def ratings(films, planted) -> pd.DataFrame:
    return demo.simulate(films, planted)


@pytest.fixture(scope="module")
def watched(ratings, films) -> np.ndarray:
    return incidence(ratings, films)


@pytest.fixture(scope="module")
def liked(ratings, films) -> np.ndarray:
    return incidence(ratings[ratings["rating"] >= 4], films)


def incidence(ratings: pd.DataFrame, films: pd.DataFrame) -> np.ndarray:
    """Who has what, bool (viewers, films); ids start at 1 in both."""
    matrix = np.zeros((demo.VIEWERS, len(films)), dtype=bool)
    matrix[ratings["user"] - 1, ratings["item"] - 1] = True
    return matrix


def link_rates(watched: np.ndarray, planted: demo.Planted) -> np.ndarray:
    """Share of the watchers of each link's source who also watch its target, float (links)."""
    return np.array([watched[watched[:, n.source - 1], n.target - 1].mean() for n in planted.links])


def test_the_catalogue_is_complete_and_unique(films):
    assert list(films.columns) == ["id", "title", "year", "genres", "director", "series"]
    assert len(films) >= 600
    assert films["id"].tolist() == list(range(1, len(films) + 1))
    assert not films.duplicated(["title", "year"]).any()
    assert films["year"].between(1920, 2025).all()
    assert (films["director"].str.len() > 3).all()
    assert {1920, 1930, 1940, 1950, 1960, 1970, 1980, 1990, 2000, 2010, 2020} <= set(films["year"] // 10 * 10)


def test_the_genres_are_movielens_and_the_papers_four_are_well_filled(films):
    genres = [text.split("|") for text in films["genres"]]
    counts = Counter(genre for names in genres for genre in names)
    assert set(counts) == VOCABULARY
    assert all(len(names) == len(set(names)) for names in genres)
    for genre in ("Horror", "Children", "Western", "Film-Noir"):
        assert counts[genre] >= 30, genre


def test_articles_stand_at_the_end_and_are_shown_at_the_front(films):
    assert not films["title"].str.match(r"(?:The|A|An) ").any()
    shown = {natural_title(title)[0] for title in films["title"]}
    assert {"The Matrix", "La Strada", "The Good, the Bad and the Ugly", "Das Boot", "A Fistful of Dollars"} <= shown


def test_a_series_has_at_least_two_films(films):
    assert (films.loc[films["series"] != "", "series"].value_counts() >= 2).all()


def test_enough_is_planted_and_nothing_overlaps(films, planted):
    kinds = Counter(c.kind for c in planted.conjunctions)
    assert len(planted.links) >= 80
    assert kinds["and"] >= 24 and kinds["xor"] >= 16 and kinds.total() >= 44
    ruled = {c.film for c in planted.conjunctions}
    assert len(ruled) == len(planted.conjunctions)
    assert len({(n.source, n.target) for n in planted.links}) == len(planted.links)
    assert not ruled & ({n.source for n in planted.links} | {n.target for n in planted.links})
    assert not ruled & set().union(*planted.tastes.values())


def test_no_two_xor_films_share_a_pair_of_tastes(planted):
    pairs = [(c.first, c.second) for c in planted.conjunctions if c.kind == "xor"]
    assert len(set(pairs)) == len(pairs)


def test_links_follow_series_and_directors_forward_in_time(films, planted):
    row = films.set_index("id")
    for link in planted.links:
        assert row.at[link.source, link.kind] == row.at[link.target, link.kind] != ""
        assert row.at[link.source, "year"] <= row.at[link.target, "year"]
        assert link.strength > 0


def test_the_committed_truth_is_what_plant_plants(planted, tmp_path):
    committed = (assets_folder() / "demo" / "planted.json").read_text(encoding="utf-8")
    assert committed == planted.to_json()
    assert demo.Planted.from_json(committed) == planted
    assert demo.write_planted(tmp_path / "planted.json").read_text(encoding="utf-8") == committed


def test_the_written_truth_names_films_for_people(planted):
    written = json.loads(planted.to_json())
    titles = {(n["from_title"], n["to_title"]) for n in written["links"]}
    assert ("The Godfather (1972)", "The Godfather Part II (1974)") in titles
    assert written["seed"] == demo.SEED


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seed": 1, "links": [{}], "conjunctions": [], "tastes": []}'])
def test_a_foreign_file_is_refused(text):
    with pytest.raises(DataError, match="planted truth"):
        demo.Planted.from_json(text)


def test_a_seed_gives_the_same_again_and_another_seed_does_not(films, planted):
    first = demo.simulate(films, planted, viewers=200, seed=7)
    pd.testing.assert_frame_equal(first, demo.simulate(films, planted, viewers=200, seed=7))
    assert not first.equals(demo.simulate(films, planted, viewers=200, seed=8))
    assert demo.plant(films, seed=7) == demo.plant(films, seed=7) != planted


def test_ratings_are_histories_in_watching_order(ratings, films):
    assert list(ratings.columns) == ["user", "item", "rating", "timestamp"]
    assert not ratings.duplicated(["user", "item"]).any()
    assert ratings["user"].is_monotonic_increasing
    assert (ratings.groupby("user")["timestamp"].diff().dropna() > 0).all()
    assert set(ratings["rating"]) == set(np.arange(0.5, 5.5, 0.5))
    assert set(ratings["item"]) <= set(films["id"])


def test_viewers_are_many_and_their_likes_long_tailed(liked):
    likes = liked.sum(axis=1)
    assert (likes > 0).sum() >= 3000
    assert 25 <= np.median(likes) <= 36
    assert np.percentile(likes, 1) >= 9 and 80 <= likes.max() <= 110
    assert likes.mean() > np.median(likes)


def test_popularity_is_long_tailed_and_every_film_is_liked(liked):
    counts = np.sort(liked.sum(axis=0))[::-1]
    assert counts[-1] > 0
    assert counts[: len(counts) // 5].sum() > 0.4 * counts.sum()


def test_who_watches_the_first_film_of_a_link_watches_the_second_more(watched, planted):
    popularity = np.array([watched[:, n.target - 1].mean() for n in planted.links])
    assert (link_rates(watched, planted) > 2 * popularity).mean() >= 0.9


def test_links_and_not_only_shared_tastes_raise_the_second_film(films, watched, planted):
    unlinked = incidence(demo.simulate(films, replace(planted, links=())), films)
    raised = link_rates(watched, planted) > 1.2 * link_rates(unlinked, planted)
    assert raised.mean() >= 0.9


def test_linked_films_are_mostly_watched_in_the_planted_order(ratings, planted):
    step = ratings.assign(step=ratings.groupby("user").cumcount()).set_index(["item", "user"])["step"]
    in_order = []
    for link in planted.links:
        both = pd.concat([step[link.source], step[link.target]], axis=1, join="inner").to_numpy()
        in_order.append((both[:, 0] < both[:, 1]).mean())
    assert np.median(in_order) > 0.75


def test_conjunction_films_are_liked_where_their_rule_holds(liked, planted):
    tastes = demo.viewer_tastes()
    for rule in planted.conjunctions:
        met, likes = rule.met_by(tastes), liked[:, rule.film - 1]
        assert likes.sum() >= 60, rule
        assert min(met.sum(), (~met).sum()) >= 300, rule
        assert likes[met].mean() >= 5 * likes[~met].mean(), rule


def test_neither_taste_alone_tells_who_likes_an_xor_film(liked, planted):
    tastes = demo.viewer_tastes()
    for rule in (c for c in planted.conjunctions if c.kind == "xor"):
        likes = liked[:, rule.film - 1]
        for name in (rule.first, rule.second):
            has = tastes[name].to_numpy()
            assert abs(np.corrcoef(has, likes)[0, 1]) < 0.2, rule
            assert likes[has].mean() < 2 * likes[~has].mean(), rule


def test_an_and_film_needs_both_tastes(liked, planted):
    tastes = demo.viewer_tastes()
    for rule in (c for c in planted.conjunctions if c.kind == "and"):
        likes, first, second = liked[:, rule.film - 1], tastes[rule.first], tastes[rule.second]
        assert likes[first & second].mean() >= 5 * max(likes[first & ~second].mean(), likes[second & ~first].mean())

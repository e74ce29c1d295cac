"""The data page: from the checkpoint's files alone, for any kind of data."""

from __future__ import annotations

from dataclasses import replace
import json

import numpy as np
import pandas as pd
import pytest

from app import exports
from app.data import charts, facts
from app.theme import theme
from tests.app.conftest import calm, refit, text
from vasp_models import checkpoints, places
from vasp_models.data import datasets, describing


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


def rewritten(folder, change) -> None:
    """Change a checkpoint's manifest."""
    path = folder / checkpoints.MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


ALL = {"ratings", "means", "tail", "lengths", "genres", "decades", "steps_wide", "steps_narrow"}


def drawn(test) -> set[str]:
    """The charts of the page."""
    return {chart.key.removeprefix("data_") for chart in test.get("plotly_chart")}


def test_the_demo_described(dashboard, demo, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda name: pytest.fail("the data set need not be at hand"))
    test = calm(dashboard("data"))
    assert test.title[0].value == "What was the model trained on?"
    assert "**118,555 likes** of 3,200 users" in text(test) and "the viewers are simulated" in text(test)
    counts = np.sort(demo.catalogue.frame["train_users"].to_numpy())[::-1]
    half = int(np.flatnonzero(counts.cumsum() >= counts.sum() / 2)[0]) + 1
    assert f"**{half} films** of 681" in text(test)
    assert [metric.value for metric in test.metric][:3] == ["3,200", "118,555", "681"]
    assert drawn(test) == ALL
    shown = test.table[0].value.to_string()
    assert "2,876 held out" in shown and "free to use with this program" in shown.replace("\\", "")


def test_implicit_data_have_no_ratings(dashboard, copied):
    def implicit(manifest):
        manifest["dataset"] |= {"implicit": True, "threshold": None, "rating_counts": {}, "user_mean_counts": {}}

    rewritten(copied("implicit"), implicit)
    test = calm(dashboard("data", c="implicit"))
    assert "Every row of these data counts as a like" in text(test) and drawn(test) == ALL - {"ratings", "means"}
    assert "every row" in test.table[0].value.to_string()


def test_an_older_manifest_leaves_out_what_it_does_not_know(dashboard, copied):
    def older(manifest):
        for key in ("rating_counts", "user_mean_counts", "counts", "licence", "fingerprint"):
            manifest["dataset"].pop(key)
        manifest["protocol"].pop("preprocessing")

    rewritten(copied("older"), older)
    test = calm(dashboard("data", c="older"))
    assert facts.NOT_KEPT in text(test) and facts.NO_STEPS in text(test)
    assert drawn(test) == {"tail", "lengths", "genres", "decades"}
    names = test.table[0].value.iloc[:, 0].tolist()
    assert "Licence" not in names and "Validation" in names


def test_films_without_genres_and_years(dashboard, copied):
    folder = copied("plain")
    path = folder / checkpoints.CATALOGUE
    frame = pd.read_parquet(path)
    frame.assign(genres=[[]] * len(frame), year=pd.array([None] * len(frame), "Int64")).to_parquet(path)
    refit(folder)
    test = calm(dashboard("data", c="plain"))
    assert facts.NO_GENRES in text(test) and facts.NO_YEARS in text(test) and drawn(test) == ALL - {"genres", "decades"}


def test_any_model_will_do(dashboard, popularity):
    assert drawn(calm(dashboard("data", c=popularity))) == ALL


def test_likes_are_solid_and_other_ratings_hollow(demo):
    table = describing.rating_histogram(demo.manifest["dataset"])
    bars = charts.ratings(table, theme("light")).data[0]
    inks = dict(zip(bars.x, bars.marker.color, strict=True))
    assert inks["4"] == inks["5"] == theme("light").text and inks["3.5"] == theme("light").background
    assert sum(bars.y) == pytest.approx(1) and max(zip(bars.y, bars.x, strict=True))[1] == "4"
    assert bars.text[0] == "0.3%" and bars.text[-3] == "38%", "none is shown as nothing that is something"


def test_every_removal_begins_where_the_last_one_ends(demo):
    steps = describing.preprocessing(demo.manifest)
    bars = charts.preprocessing(steps, facts.step_names(steps, demo.manifest["dataset"]), theme("dark")).data[0]
    ends = {step.name: (base, base + size) for step, base, size in zip(steps, bars.base, bars.x, strict=True)}
    assert ends["below_threshold"] == (149186, 178787) and ends["likes"] == (0, 149186)
    assert ends["train"][1] == ends["validation"][0] and ends["validation"][1] == ends["test"][0]
    assert ends["test"][1] == 149186, "nothing was lost on the way"


def test_the_median_stands_within_its_bin():
    table = pd.DataFrame({"low": [5, 10, 20], "high": [9, 19, 39], "users": [1, 2, 3]})
    at = charts.lengths(table, 15, theme("light")).data[1].x[0]
    assert at == pytest.approx(1.0), "in the middle of the second bin"
    assert charts.lengths(table, 5, theme("light")).data[1].x[0] == pytest.approx(-0.39)


def test_the_ring_is_where_half_of_the_likes_are_held():
    tail = describing.long_tail(np.array([1, 6, 2, 1]))
    figure = charts.long_tail(tail, theme("light"))
    assert (figure.data[2].x[0], figure.data[2].y[0]) == (1, 0.6)
    assert any("1 film</b> hold" in note.text for note in figure.layout.annotations)


def test_shares_of_genres_and_decades_are_drawn_as_they_are():
    table = pd.DataFrame({"genre": ["War"], "films": [1], "likes": [3], "film_share": [0.25], "like_share": [0.5]})
    figure = charts.genres(table, theme("light"))
    assert [trace.x[0] for trace in figure.data[1:]] == [0.25, 0.5]
    years = pd.DataFrame({"decade": [1980, 1990], "films": [3, 1], "likes": [1, 3]})
    years = years.assign(film_share=[0.75, 0.25], like_share=[0.25, 0.75])
    hollow, solid = charts.decades(years, theme("light")).data
    assert list(hollow.y) == [0.75, 0.25] and list(solid.y) == [0.25, 0.75]
    assert "1990 25% of films, 75% of likes" in facts.in_words(
        years, "decade", {"film_share": "films", "like_share": "likes"}
    )


def test_no_genre_is_above_its_films_where_none_is():
    table = pd.DataFrame({"genre": ["War", "Drama"], "film_share": [0.5, 0.5], "like_share": [0.5, 0.2]})
    assert "above" not in facts.genres_rule(table)
    assert "most above its films: Drama" in facts.genres_rule(table.assign(like_share=[0.5, 0.6]))


@pytest.mark.parametrize(("median", "said"), [(1.0, "1 film;"), (12.5, "12.5 films;"), (30.0, "30 films;")])
def test_the_median_is_said_as_it_is(demo, median, said):
    found = replace(facts.described(demo), median=median)
    assert f"the median history has {said.replace(';', '.')}" in facts.answer(demo, found)
    assert dict((row[0], row[1]) for row in facts.metrics(demo, found))["Median history"].startswith(f"{median:g} film")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, ""),
        ({"kind": "simulation", "seed": 20}, "simulated, seed 20"),
        ({"kind": "release", "from": "folder"}, "a folder of its files"),
        (
            {"kind": "release", "from": "download", "url": "http://x/ml.zip", "archive": "ml.zip", "md5": "abcdef0123"},
            "http://x/ml.zip, MD5 abcdef01",
        ),
        ({"kind": "import", "files": [{"name": "a.csv"}, {"name": "b.csv"}]}, "a.csv, b.csv"),
    ],
)
def test_the_source_in_words(source, expected):
    assert facts._source(source) == expected


def test_a_trained_checkpoint_remembers_where_its_data_came_from(tmp_path):
    from tests import trained

    made = trained.checkpoint(tmp_path / "made", "popularity")
    assert made.manifest["dataset"]["collapsed"]["rows"] == 0 and "source" in made.manifest["dataset"]


def test_the_download_is_strict_json_of_what_is_shown(demo):
    found = facts.described(demo)
    record = json.loads(exports.json_text(facts.record(demo, found), {"program": "x"}))
    assert record["likes"] == 118555 and sum(row["users"] for row in record["history_lengths"]) == 3200
    assert record["steps"][0] == {"name": "rows", "kind": "whole", "rows": 178787}
    assert sum(row["ratings"] for row in record["ratings"]) == len(datasets.load(places.DEMO).table(["rating"]))


def test_the_figures_side_by_side_are_equally_high(dashboard):
    test = calm(dashboard("data"))
    high = [json.loads(chart.proto.spec)["layout"]["height"] for chart in test.get("plotly_chart")]
    assert high[4] == high[5] > charts.TALL, "18 genres beside the decades"

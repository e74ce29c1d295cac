"""Figures: what is drawn where, in which colour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app import charts
from app.theme import theme

MIX = pd.DataFrame({"genre": ["Drama", "War", "IMAX"], "before": [0.8, 0.4, 0.0], "now": [0.5, 0.4, 0.1]})
CURVE = pd.DataFrame(
    {
        "stage": ["FLVAE alone"] * 6 + ["NEASE × FLVAE together"] * 2,
        "ndcg@100": np.linspace(0.2, 0.4, 8),
        "kept": [False] * 6 + [True, False],
    }
)


@pytest.fixture(params=["light", "dark"])
def look(request):
    return theme(request.param)


def test_the_genre_mix_wears_the_genres_colours(look):
    figure = charts.genre_mix(MIX, look)
    hollow, solid = figure.data[-2:]
    assert list(solid.y) == [0.5, 0.4, 0.1] and list(hollow.y) == [0.8, 0.4, 0.0]
    assert list(solid.marker.color) == [look.genres["Drama"], look.genres["War"], look.neutral]
    assert hollow.marker.color == look.background, "hollow is filled with the page's colour"


def test_the_ends_of_a_dumbbell_are_named_once_where_they_lie_apart(look):
    named = [note.text for note in charts.genre_mix(MIX, look).layout.annotations]
    assert sorted(named) == ["before", "recommended"]
    same = MIX.assign(now=MIX["before"])
    assert not charts.genre_mix(same, look).layout.annotations


def crowded(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame([(f"genre {n}", *row) for n, row in enumerate(rows)], columns=["genre", "before", "now"])


def test_the_names_keep_clear_of_the_next_dumbbells(look):
    """On a narrow screen a name reaches over its neighbours: it goes where they leave room, else to another one."""
    flat = [(0.3, 0.32)] * 3
    free = charts.genre_mix(crowded((0.6, 0.9), *flat), look).layout.annotations
    assert {(note.text, note.x, note.yanchor) for note in free} == {
        ("recommended", "genre 0", "bottom"), ("before", "genre 0", "top"),
    }  # fmt: skip
    mix = crowded((0.7, 1.0), (0.6, 0.35), (0.35, 0.35), (0.35, 0.35), (0.35, 0.35), (0.5, 0.1), *flat)
    apart = {note.text: note.x for note in charts.genre_mix(mix, look).layout.annotations}
    assert apart == {"recommended": "genre 0", "before": "genre 5"}


def test_a_name_below_never_lies_on_the_axis(look):
    named = charts.genre_mix(crowded((0.9, 0.0), (0.6, 0.4), *[(0.1, 0.1)] * 4), look).layout.annotations
    assert {note.text: note.x for note in named}["recommended"] == "genre 1"


def test_the_kept_epoch_is_ringed_and_named(look):
    figure = charts.learning_curve(CURVE, look, "VASP")
    ring = figure.data[-1]
    assert list(ring.x) == [7] and ring.y[0] == pytest.approx(CURVE["ndcg@100"][6])
    texts = [note.text for note in figure.layout.annotations]
    assert any(text.startswith("<b>VASP .371</b>") for text in texts)
    assert "FLVAE alone" in texts and "NEASE × FLVAE<br>together" in texts


def test_a_reference_has_its_line_and_its_name(look):
    figure = charts.learning_curve(CURVE, look, "VASP", {"EASE": 0.37})
    assert any(np.allclose(trace.y, 0.37) for trace in figure.data)
    assert "EASE .370" in [note.text for note in figure.layout.annotations]


def test_a_curve_of_one_stage_names_no_stage(look):
    one = CURVE.assign(stage="all")
    assert "all" not in [note.text for note in charts.learning_curve(one, look, "EASE").layout.annotations]


def test_the_film_is_on_top_of_the_map(look):
    positions = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    figure = charts.place_on_map(positions, positions[17], look)
    assert (figure.data[-1].x[0], figure.data[-1].y[0]) == pytest.approx(tuple(positions[17]))
    assert len(figure.data[0].x) < 2500, "the ground is thinned"


def test_no_figure_brings_a_legend_a_toolbar_or_dragging(look):
    for figure in (charts.genre_mix(MIX, look), charts.learning_curve(CURVE, look, "VASP")):
        layout = figure.layout.template.layout
        assert layout.showlegend is False and layout.dragmode is False and layout.xaxis.fixedrange
    assert charts.CONFIG["displayModeBar"] is False

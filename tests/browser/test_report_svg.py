"""The report's figures beside plotly's own drawing of the same figure: every word within a few pixels of its place."""

from __future__ import annotations

import numpy as np
import pandas as pd
from plotly.offline import get_plotlyjs
import pytest

from app import charts
from app import theme as themes
from app.explain import charts as explain_charts
from app.explain.words import Unit
from app.quality import charts as quality_charts
from app.report import svg

NEAR = 7  # px: fonts are measured by the browser there, and estimated here
LIGHT = themes.theme("light")
FILMS = ["The Wizard of Oz (1939)", "Seven (1995)", "Clue & Co <3 (1985)"]
CURVE = pd.DataFrame(
    {
        "stage": ["FLVAE alone"] * 20 + ["NEASE × FLVAE together"] * 6,
        "epoch": [*range(20), *range(6)],
        "ndcg@100": np.linspace(0.22, 0.42, 26),
        "kept": [False] * 25 + [True],
    }
)
# The widest dumbbell, which bears the names, in the middle: at an edge plotly makes room for its words.
GENRES = pd.DataFrame(
    {
        "genre": ["Horror", "Western", "Drama", "Sci-Fi", "Comedy"],
        "before": [0.5, 0.2, 0.2, 0.1, 0.1],
        "now": [0.48, 0.18, 0.6, 0.12, 0.12],
    }
)
SLICES = pd.DataFrame(
    {
        "slice": ["10–19", "20–39", "40 and more"], "n": [98, 67, 89], "mean": [0.31, 0.38, 0.52],
        "low": [0.28, 0.34, 0.49], "high": [0.35, 0.42, 0.56], "sure": [True, False, True],
        "text": [".31", ".38", ".52"],
        "nease": [0.6, 0.7, 0.75], "flvae_latent": [0.4, 0.3, 0.25],
    }
)  # fmt: skip
FIGURES = {
    "waterfall": explain_charts.waterfall(
        {"nease": 1.4, "flvae_residual": -0.4, "flvae_latent": 0.6}, Unit(True), LIGHT, "#38 of 681", "#1"
    ),
    "reasons": explain_charts.reasons(
        FILMS, {"nease": np.array([0.4, 0.2, -0.1]), "flvae_latent": np.array([0.1, -0.05, -0.05])}, Unit(True), LIGHT,
        "score with the film ÷ score without it",
    ),
    "learning": charts.learning_curve(CURVE, LIGHT, "VASP", {"EASE": 0.39}),
    "genres": charts.genre_mix(GENRES, LIGHT),
    "slices": quality_charts.accuracy(SLICES, LIGHT, 0.41),
    "shares": quality_charts.paths(SLICES, LIGHT, ["nease", "flvae_latent"]),
}  # fmt: skip
# The middle of each text, from the corner of the picture; tags and hidden copies of plotly's left out.
PLACES = """(picture) => Object.fromEntries(Array.from(picture.querySelectorAll("text")).map((text) => {
    const box = text.getBoundingClientRect(), corner = picture.getBoundingClientRect();
    return [text.textContent, [box.x + box.width / 2 - corner.x, box.y + box.height / 2 - corner.y]];
}).filter(([words]) => words.trim()))"""


@pytest.fixture(scope="module")
def page(window):
    found = window.new_page()
    found.set_content(
        "<!doctype html><style>body { font-family: sans-serif; margin: 0 }</style><div id='theirs'></div>"
    )
    found.add_script_tag(content=get_plotlyjs())
    found.evaluate("document.body.insertAdjacentHTML('beforeend', '<div id=\\'ours\\'></div>')")
    yield found
    found.close()


@pytest.mark.parametrize("name", FIGURES)
def test_words_and_ticks_stand_where_plotly_puts_them(page, name):
    figure, width = FIGURES[name], 570
    page.evaluate("(text) => { document.getElementById('ours').innerHTML = text }", svg.draw(figure, width, name))
    drawing = figure.update_layout(width=width).to_json()
    page.evaluate("(text) => Plotly.newPlot('theirs', { ...JSON.parse(text), config: { staticPlot: true } })", drawing)
    ours, theirs = (page.locator(place).first.evaluate(PLACES) for place in ("#ours svg", "#theirs .plot-container"))
    assert ours.keys() == theirs.keys() and len(ours) > 5
    apart = {words: np.abs(np.subtract(ours[words], theirs[words])).max() for words in ours}
    assert max(apart.values()) <= NEAR, {words: round(by, 1) for words, by in apart.items() if by > NEAR}

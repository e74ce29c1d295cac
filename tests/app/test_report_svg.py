"""Figures as SVG: each mark where its value is, each text whole, and nothing passed over in silence."""

from __future__ import annotations

import re
import xml.etree.ElementTree as tree

import numpy as np
import plotly.graph_objects as go
import pytest

from app import charts
from app import theme as themes
from app.report import look, scales, svg, text

NAME = "{http://www.w3.org/2000/svg}"


def figure(**layout) -> go.Figure:
    made = go.Figure()
    margin = {"l": 40, "r": 60, "t": 10, "b": 30}
    made.update_layout(template=charts.template(themes.theme("light")), height=140, margin=margin, **layout)
    return made


def drawn(made: go.Figure, width: int = 300) -> tree.Element:
    return tree.fromstring(svg.draw(made, width, 'a < "b"').replace("<svg ", f'<svg xmlns="{NAME[1:-1]}" ', 1))


def shapes(root: tree.Element, name: str) -> list[dict]:
    return [node.attrib for node in root.iter(f"{NAME}{name}")]


def texts(root: tree.Element) -> list[str]:
    return ["".join(node.itertext()) for node in root.iter(f"{NAME}text")]


def test_points_lie_where_their_values_are():
    made = figure(xaxis={"range": [0, 10]}, yaxis={"range": [0, 1]})
    made.add_scatter(x=np.array([0, 5, 10]), y=[0.0, 0.5, 1.0], mode="lines+markers", line={"color": "#123456"})
    made.update_traces(marker={"size": 8})
    root = drawn(made)
    assert [(float(each["cx"]), float(each["cy"])) for each in shapes(root, "circle")] == [
        (40, 110),
        (140, 60),
        (240, 10),
    ]
    assert shapes(root, "polyline")[0]["points"] == "40.0,110.0 140.0,60.0 240.0,10.0"
    assert {each["fill"] for each in shapes(root, "circle")} == {"#123456"}, "markers take the colour of their line"
    assert root.attrib["aria-label"] == 'a < "b"' and root.attrib["viewBox"] == "0 0 300 140"


def test_a_missing_point_breaks_the_line():
    made = figure(xaxis={"range": [0, 4]}, yaxis={"range": [0, 1]})
    made.add_scatter(x=[0, 1, None, 3, 4], y=[0, 0, None, 1, 1], mode="lines", line={"color": "#000"})
    assert len(shapes(drawn(made), "polyline")) == 2


def test_bars_of_a_row_stand_on_each_other_to_either_side_of_zero():
    made = figure(barmode="relative", xaxis={"range": [-2, 2]}, yaxis={"range": [0.5, -0.5]})
    for value in (1.0, -0.5, 0.5):
        made.add_bar(x=[value], y=[0], orientation="h", width=0.5, marker={"color": "#000"})
    spans = [(float(bar["x"]), float(bar["x"]) + float(bar["width"])) for bar in shapes(drawn(made), "rect")]
    assert spans == [(140, 190), (115, 140), (190, 215)]


def test_a_log_axis_takes_logarithms_of_values_and_places_of_words():
    made = figure(xaxis={"type": "log", "range": [0, 2], "tickvals": [1, 10, 100]}, yaxis={"range": [0, 1]})
    made.add_scatter(x=[1, 10, 100], y=[0, 0, 0], mode="markers", marker={"size": 4, "color": "#000"})
    made.add_annotation(x=1.0, y=0.5, text="ten", showarrow=False)
    root = drawn(made)
    assert [float(each["cx"]) for each in shapes(root, "circle")] == [40, 140, 240]
    assert float(next(n for n in root.iter(f"{NAME}text") if "ten" in n.itertext())[0].attrib["x"]) == 140


def test_names_make_room_for_themselves():
    made = figure(yaxis={"type": "category", "automargin": True})
    made.add_scatter(
        x=[0, 1], y=["A rather long name of a row", "B"], mode="markers", marker={"size": 4, "color": "#000"}
    )
    left = min(float(each["cx"]) for each in shapes(drawn(made), "circle"))
    assert left > 100
    crowded = figure(xaxis={"automargin": True}, yaxis={"range": [0, 1]})
    crowded.add_scatter(
        x=[f"Genre {n}" for n in range(12)], y=[0.0] * 12, mode="markers", marker={"size": 4, "color": "#000"}
    )
    turned = [node.attrib.get("transform", "") for node in drawn(crowded).iter(f"{NAME}text")]
    assert sum("rotate(-90" in each for each in turned) == 12


def test_texts_from_data_stay_text_and_own_tags_are_read():
    made = figure(xaxis={"range": [0, 1]}, yaxis={"range": [0, 1]})
    made.add_scatter(x=[0], y=[0], mode="markers", marker={"size": 4, "color": "#000"}, customdata=[["<i>a</i> & b"]])
    made.update_traces(hovertemplate="%{customdata[0]}: %{y:.0%}<extra></extra>")
    made.add_annotation(
        x=0, y=1, text="<b>7</b><br><span style='color:#fff'>&lt;u&gt;</span> <img src=x>", showarrow=False
    )
    root = drawn(made)
    assert [node.text for node in root.iter(f"{NAME}title")] == ["<i>a</i> & b: 0%"]
    assert any(found == "7<u> <img src=x>" for found in texts(root))
    assert not shapes(root, "img") and not shapes(root, "image")
    spans = {node.text: node.attrib for node in root.iter(f"{NAME}tspan") if node.text}
    assert spans["7"]["font-weight"] == "600" and spans["<u>"]["fill"] == "#fff"
    assert text.plain("<b>a</b><br>b") == "a b"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda f: f.add_pie(values=[1]), "pie"),
        (lambda f: f.add_scatter(x=[0], y=[0], mode="lines", error_y={"array": [1]}), "error_y"),
        (lambda f: f.add_bar(x=[0], y=[1], marker={"color": "#000"}), "horizontal"),
        (lambda f: f.add_annotation(x=0, y=0, text="a", ax=3), "arrows"),
        (lambda f: f.update_xaxes(rangeslider={"visible": True}), "rangeslider"),
    ],
)
def test_what_is_not_drawn_is_said(make, said):
    made = figure(xaxis={"range": [0, 1]}, yaxis={"range": [0, 1]})
    made.add_scatter(x=[0], y=[0], mode="markers", marker={"size": 4, "color": "#000"})
    make(made)
    with pytest.raises(ValueError, match=said):
        svg.draw(made, 300, "")


@pytest.mark.parametrize(
    ("about", "low", "high", "expected"),
    [
        ({"nticks": 6}, 0.0, 1.09, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ({"nticks": 6, "tickformat": ".0%"}, -0.04, 0.55, ["0%", "10%", "20%", "30%", "40%", "50%"]),
        ({"dtick": 0.25, "tickformat": ",.0%"}, 0.0, 1.09, ["0%", "25%", "50%", "75%", "100%"]),
        ({"tickvals": [1, 5, 20], "ticktext": ["#1", "#5", "#20"]}, 0.0, 10.0, ["#1", "#5"]),
    ],
)
def test_ticks_are_those_of_plotly(about, low, high, expected):
    made = scales.axis(about | {"range": [low, high]}, [], 200, 0)
    assert [words for _, words in made.ticks()] == expected


def test_one_picture_serves_both_themes():
    ink, names = look.ink(), look.variables("dark")
    colours = [ink.text, ink.background, *ink.paths.values(), *ink.genres.values()]
    assert all(re.fullmatch(r"var\((--[a-z0-9-]+)\)", colour) for colour in colours)
    assert all(f"{colour[4:-1]}: #" in names for colour in colours)
    assert len(set(colours)) == len(colours)

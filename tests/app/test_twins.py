"""Every chart has words for those who do not see it and its numbers as a table, and nothing is drawn past that."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tests.test_architecture import FILES, ROOT, nodes

GIVEN = ("figure", "key", "alt", "twin")
DRAWN_BY = {"widgets.chart": GIVEN, "widgets.either_chart": GIVEN}
UI = [path for path in FILES if path.relative_to(ROOT).parts[0] in ("app", "pages")]
# What may be called where. The slides show charts of other pages, where the numbers stand; the report is HTML that says
# itself where it comes from.
ONLY_IN = {
    "st.plotly_chart": {"app/widgets.py", "app/presenting/slides.py"},
    "st.download_button": {"app/exports.py", "app/report_button.py"},
    **dict.fromkeys((f"st.{kind}_chart" for kind in ("line", "bar", "area", "scatter", "altair", "vega_lite")), set()),
    "st.pyplot": set(),
}


def calls(names: Iterable[str]) -> list[tuple[str, str, ast.Call]]:
    """Where functions are called by these names: file and line, name, call."""
    found = ((path, ast.unparse(node.func), node) for path, node in nodes(ast.Call, UI))
    return [(f"{path.relative_to(ROOT)}:{node.lineno}", name, node) for path, name, node in found if name in names]


def given(call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    """The arguments of a call by their names."""
    return dict(zip(names, call.args, strict=False)) | {word.arg: word.value for word in call.keywords}


def test_every_chart_has_its_words_and_its_numbers():
    drawn = calls(DRAWN_BY)
    assert len(drawn) >= 8, "widgets.chart is gone: this rule needs a new name"
    for place, name, call in drawn:
        arguments = given(call, DRAWN_BY[name])
        for wanted in ("alt", "twin"):
            assert wanted in arguments, f"{place}: {name} without {wanted}"
            value = arguments[wanted]
            assert not (isinstance(value, ast.Constant) and not value.value), f"{place}: an empty {wanted}"
    bare = [place for place, _, call in calls({"st.plotly_chart"}) if "alt" not in given(call, ("figure",))]
    assert not bare, bare


def test_nothing_is_drawn_or_saved_past_the_functions_that_say_where_it_comes_from():
    wrong = [place for place, name, _ in calls(ONLY_IN) if place.partition(":")[0] not in ONLY_IN[name]]
    assert not wrong, "\n".join(wrong)

"""Published figures: every one stands in the document that it is said to come from, and says under which protocol."""

from __future__ import annotations

import json
from pathlib import Path
import re

import pytest

from vasp_models import published
from vasp_models.models import MODELS

# Document -> the beginning of its file's name, and where in the text each of its tables begins.
FILES = {
    "vasp": (
        "000",
        {"Table I": "DIFFERENT LOSS FUNCTIONS", "Table II": "DIFFERENT TRAINING APPROACH", "Table III": "TABLE III"},
    ),
    "data_sizes": ("001", {"Table 1": "constraining|Recall@10$", "Table 2": "Comparing the relative performance"}),
    "framework": ("002", {"Table II": "COMPARING OUR FRAMEWORK WITH THE CFNET"}),
    "blog": ("003", {"Results": "^Model\tEpochs\tRMSE"}),
    "slides": ("004", {"Ranking": "# 02 Introduction"}),
}  # fmt: skip


def lines(shared: Path, key: str, table: str) -> list[str]:
    """The document from where a table begins."""
    start, places = FILES[key]
    (path,) = (shared / "papers").glob(f"{start}_*.txt")
    found = path.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(found) if re.search(places[table], line))
    return found[first:]


def rows(key: str) -> list[tuple[str, str, list[str]]]:
    """Table, label and values of every row, as they are written in our file."""
    plain = json.loads((published.FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    return [
        (table["name"], row["label"], [text for text in row["values"] if text is not None])
        for table in plain["tables"]
        for row in table["rows"]
    ]


@pytest.mark.shared
@pytest.mark.parametrize("key", FILES)
def test_every_row_stands_in_its_document_figure_by_figure(shared, key):
    for table, label, values in rows(key):
        name = r"[+-]".join(re.escape(part) for part in label.split("+"))  # the slides write H-Vamp in one list
        label_first = re.compile(rf"(^|[\t$ ]){name}[$]?[\t ]")
        said = [re.findall(r"\d+\.\d+", line) for line in lines(shared, key, table) if label_first.search(line)]
        assert values in [figures[: len(values)] for figures in said], (table, label, values, said[:3])


@pytest.mark.shared
def test_figures_of_other_publications_stand_in_the_collection(shared):
    collected = (shared / "design" / "models.md").read_text(encoding="utf-8")
    for table, label, values in rows("further"):
        assert all(value.lstrip("0") in collected for value in values), (table, label)
    assert "| Popularity | .191 | .162 | .235 | L | EASE paper |" in collected
    assert "| ELSA (800 factors) | .4259 | .3985 | .5300 | V (5-fold)" in collected


def test_every_figure_says_what_it_is():
    assert len(published.cells()) > 150
    for cell in published.cells():
        assert cell.protocol in published.PROTOCOLS and cell.metric and cell.data, cell
        assert cell.users is None or cell.users > 0
        assert 0 < cell.value < 1, cell
        assert published.document(cell.document).short in cell.source


def test_models_are_ours_or_none():
    choices = {"framework"}  # of the unified model, another one on each data set
    assert {cell.model for cell in published.cells()} - {None} <= set(MODELS) | choices


def test_a_figure_is_found_by_what_it_is_of():
    cell = published.figure("vasp", "Table III", "VASP", "ml-20m", "ndcg@100")
    assert (cell.text, cell.value, cell.users, cell.protocol, cell.printed) == ("0.448", 0.448, 10_000, "vasp", ".448")
    assert published.figure("vasp", "Table III", "VASP", "netflix", "ndcg@100").users == 40_000
    assert published.figure("vasp", "Table III", "EASE", "ml-20m", "ndcg@100").protocol == "liang"
    assert published.figure("vasp", "Table III", "VASP", "ml-1m", "ndcg@100") is None


def test_what_was_printed_in_percent_is_a_share_here():
    cell = published.figure("blog", "Results", "SVAE", "ml-1m", "ndcg@100")
    assert cell.text == "38.0714" and cell.value == pytest.approx(0.380714) and cell.printed == ".381"


def test_the_blog_says_why_it_is_no_baseline():
    assert len(published.document("blog").no_baseline) == 4
    assert not published.document("vasp").no_baseline

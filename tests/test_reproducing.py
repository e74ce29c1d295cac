"""`vasp-lens reproduce`: a whole recipe from generated data of MovieLens 20M's shape to the table, through one path."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from vasp_models import published, reproducing, results
from vasp_models.cli import app
from vasp_models.data import synthetic
from vasp_models.data.importing import import_ratings
from vasp_models.errors import DataError, MeasureError, SettingError
from vasp_models.models import MODELS, preset
from vasp_models.models.settings import override
from vasp_models.published import recipes, reproduced, verdicts
from vasp_models.published.claims import CLAIMS

RUNNER = CliRunner()
HELDOUT = 40


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home in which MovieLens 20M is a small made-up data set of its shape."""
    folder = tmp_path_factory.mktemp("reproduce-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASP_LENS_HOME", str(folder))
        likes = synthetic.paper_scale(seed=2, users=400, items=150, pairs=9_000)
        import_ratings(synthetic.write_ratings(folder / "ratings.csv", likes, seed=2), "ml-20m")
        yield folder


def run(*words: str):
    return RUNNER.invoke(app, ["reproduce", *words], catch_exceptions=False)


def tiny(recipe: str, *words: str):
    return run(recipe, "--data", "ml-20m", "--preset", "tiny", "--heldout", str(HELDOUT), "--device", "cpu", *words)


@pytest.fixture(scope="module")
def table3(home):
    """What the whole of Table III printed, and how it ended."""
    return tiny("vasp-table3")


def test_the_whole_of_table_three_runs_under_both_protocols(table3):
    assert table3.exit_code == 0, table3.output
    for name in ("liang", "vasp"):
        table = results.load(reproduced.path_of("vasp-table3", "ml-20m", name))
        assert [row["label"] for row in table.rows] == list(recipes.RECIPES["vasp-table3"].labels)
        assert not [row for row in table.rows if "error" in row]
        assert all(0 < row["test"]["ndcg@100"]["mean"] < 1 and row["heldout"] == HELDOUT for row in table.rows)
        assert {row["preset"] for row in table.rows} == {"tiny"}


def test_the_published_figure_stands_beside_each_of_ours(table3):
    said = " ".join(table3.stdout.split())
    for text in ("VASP", "H+Vamp Gated", ".448", ".419", ".552", "Published figures are on ml-20m."):
        assert text in said, text
    ours = results.load(reproduced.path_of("vasp-table3", "ml-20m", "liang")).rows[-1]["test"]["ndcg@100"]["mean"]
    assert f"{ours:.3f}".lstrip("0") in said


def test_what_was_measured_is_not_measured_again(table3):
    path = reproduced.path_of("vasp-table3", "ml-20m", "liang")
    before = path.read_text(encoding="utf-8")
    again = tiny("vasp-table3", "--protocol", "liang", "--json")
    assert again.exit_code == 0 and again.stderr.count("from the table") == 8
    (record,) = json.loads(again.stdout)
    assert [row["train_seconds"] for row in record["rows"]] == [
        row["train_seconds"] for row in json.loads(before)["rows"]
    ]


def test_differences_are_paired(table3):
    (measured,) = [each for each in reproduced.here() if (each.recipe, each.protocol) == ("vasp-table3", "liang")]
    table = results.load(measured.path)
    arrays = results.values(measured.path)
    one, other = (
        arrays[next(row for row in table.rows if row["label"] == label)["fingerprint"]]["per_user/ndcg@100"]
        for label in ("VASP", "EASE")
    )
    gap = measured.gap("VASP", "EASE", "ndcg@100")
    assert gap.paired and gap.mean == pytest.approx((one - other).mean())
    assert gap.se == pytest.approx((one - other).std(ddof=1) / math.sqrt(HELDOUT))
    back = measured.gap("EASE", "VASP", "ndcg@100")
    assert (back.mean, back.se) == (-gap.mean, gap.se)
    assert measured.gap("VASP", "nobody", "ndcg@100") is None


def test_a_record_tells_the_same_as_the_table(table3, home):
    out = home / "shipped" / "vasp-table3-ml-20m.json"
    assert tiny("vasp-table3", "--protocol", "liang", "--out", str(out)).exit_code == 0
    (shipped,) = reproduced.projects(out.parent)
    (measured,) = [each for each in reproduced.here() if (each.recipe, each.protocol) == ("vasp-table3", "liang")]
    assert shipped.record == json.loads(json.dumps(measured.record)) and shipped.whose == reproduced.PROJECT
    for claim in (claim for claim in CLAIMS if claim.recipe == "vasp-table3"):
        assert verdicts.verdict(claim, shipped).state == verdicts.verdict(claim, measured).state != verdicts.MISSING
    chosen = reproduced.of_data("ml-20m", [shipped, measured])
    assert chosen["vasp-table3"] is measured, "what was measured here goes before the project's"


def test_the_identity_is_measured(home):
    done = tiny("vasp-figure2")
    assert done.exit_code == 0, done.output
    (measured,) = [each for each in reproduced.here() if each.recipe == "vasp-figure2"]
    for label in ("Halves", "Full input", "Full input, dropout"):
        itself, without, echo = (
            measured.figure(label, name).mean for name in ("itself@100", "without@100", "echo@100")
        )
        assert echo == pytest.approx(itself - without, abs=1e-5)
    assert measured.gap("Full input", "Halves", "echo@100").paired


def test_the_parts_of_vasp_are_measured(home):
    assert tiny("vasp-figure3").exit_code == 0
    (measured,) = [each for each in reproduced.here() if each.recipe == "vasp-figure3"]
    assert {"joint", "nease", "flvae"} == set(measured.rows["VASP"]["parts"])
    claim = next(claim for claim in CLAIMS if claim.key == "nonlinear")
    assert verdicts.verdict(claim, measured).state != verdicts.MISSING


@pytest.mark.parametrize("name", ["vasp-table1", "vasp-table2"])
def test_the_small_tables_of_the_paper_run(home, name):
    done = tiny(name)
    assert done.exit_code == 0, done.output


def test_a_forgotten_mask_is_measured(home):
    done = tiny("blog-ranking")
    assert done.exit_code == 0, done.output
    (measured,) = [each for each in reproduced.here() if each.recipe == "blog-ranking"]
    gap = measured.gap("EASE", None, recipes.MASK_GAIN)
    masked, left_in = (measured.figure("EASE", name).mean for name in ("ndcg@100", recipes.LEFT_IN))
    assert gap.mean == pytest.approx(masked - left_in, abs=1e-5)


def test_the_scale_follows_the_number_of_films():
    assert recipes.scale_of(9_999, "liang") == "small" == recipes.scale_of(3_000, "vasp")
    assert recipes.scale_of(2_665, "leave-one-out") == "paper"
    assert recipes.scale_of(20_108, "liang") == "paper" and recipes.scale_of(20_720, "vasp") == "authors"
    rows = {entry.label: entry for entry in reproducing.entries(recipes.recipe("vasp-table3"), 20_720, "vasp")}
    assert rows["VASP"].preset == rows["FLVAE"].preset == "authors" and rows["NEASE"].preset == "paper"
    assert rows["RecVAE"].preset == "paper" and rows["EASE"].preset == "small"


@pytest.mark.parametrize("scale", recipes.SCALES)
@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_row_of_every_recipe_can_be_made(name, scale):
    recipe = recipes.recipe(name)
    assert len(set(recipe.labels)) == len(recipe.steps)
    for entry in reproducing.entries(recipe, 1, "liang", scale):
        override(*preset(entry.model, entry.preset), entry.changes)
        assert entry.model in MODELS


def test_what_a_recipe_does_not_have_is_refused(home):
    with pytest.raises(SettingError, match="Unknown recipe"):
        run("vasp-table9", "--data", "ml-20m")
    with pytest.raises(SettingError, match="not measured under"):
        run("vasp-table1", "--data", "ml-20m", "--protocol", "ratings")
    with pytest.raises(SettingError, match="Expected --data NAME"):
        run("vasp-table1")
    with pytest.raises(SettingError, match="Unknown --preset"):
        run("vasp-table1", "--data", "ml-20m", "--preset", "huge")
    with pytest.raises(SettingError, match="for one protocol"):
        run("vasp-table3", "--data", "ml-20m", "--out", "x.json")
    with pytest.raises(DataError, match="There is no data set"):
        run("vasp-table1", "--data", "nothing")


def test_recipes_are_listed():
    listed = json.loads(run("--json").stdout)
    assert [row["name"] for row in listed] == list(recipes.RECIPES)
    assert "vasp-table3" in run().stdout


def test_a_foreign_file_among_the_records_is_told(tmp_path):
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(MeasureError, match="no record of a reproduction"):
        list(reproduced.projects(tmp_path))


def test_what_the_project_ships_can_be_read():
    for measured in reproduced.projects():
        assert measured.rows and measured.made and np.isfinite(list(_means(measured))).all()
        assert measured.path.name == f"{measured.recipe}-{measured.data}-{measured.protocol}.json"


def _means(measured):
    return (each["mean"] for row in measured.rows.values() for each in row["figures"].values())


def test_published_rows_have_the_names_of_the_recipes():
    for recipe in recipes.RECIPES.values():
        tables = [each for each in published.tables(recipe.document) if each.name == recipe.table]
        entries = {cell.entry for table in tables for cell in table.cells}
        assert not tables or entries & set(recipe.labels) or recipe.name == "deepcf-table2", recipe.name

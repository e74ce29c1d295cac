"""Claims and their verdicts: from differences and their errors alone, with the published figures beside them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.app import reproduced as made_up
from vasp_models import published, results
from vasp_models.evaluation.one_out import Places
from vasp_models.published import claims, reproduced, verdicts
from vasp_models.published.claims import CLAIMS
from vasp_models.published.recipes import RECIPES
from vasp_models.published.reproduced import Gap, Measured
from vasp_models.published.verdicts import FAILS, HOLDS, MISSING, OPEN

BY_KEY = {claim.key: claim for claim in CLAIMS}
BEST = BY_KEY["cosine"]


def measured(differences: dict[tuple[str, str], tuple[float, float]], means: dict[str, float], metric="ndcg@100"):
    rows = [
        {"label": label, "made": "2026-11-21", "figures": {metric: {"mean": mean, "se": 0.006}}}
        for label, mean in means.items()
    ]
    kept = [
        {"first": first, "second": second, "metric": metric, "mean": mean, "se": se}
        for (first, second), (mean, se) in differences.items()
    ]
    record = {"recipe": "vasp-table1", "data": "ml-1m", "protocol": "liang", "rows": rows, "differences": kept}
    return Measured(record)


ROWS = {"Cosine": 0.43, "MSE": 0.42, "Focal": 0.38}


@pytest.mark.parametrize(
    ("cosine_mse", "cosine_focal", "state", "decides"),
    [
        ((0.01, 0.002), (0.05, 0.002), HOLDS, "MSE"),
        ((0.003, 0.002), (0.05, 0.002), OPEN, "MSE"),
        ((0.01, 0.002), (-0.05, 0.002), FAILS, "Focal"),
        ((0.004, 0.002), (0.05, 0.002), OPEN, "MSE"),  # two standard errors are not more than two
        ((-0.003, 0.002), (0.05, 0.002), OPEN, "MSE"),
        ((0.0, 0.0), (0.05, 0.002), OPEN, "MSE"),
    ],
)
def test_a_claim_holds_where_every_pair_is_clearly_in_its_favour(cosine_mse, cosine_focal, state, decides):
    found = measured({("Cosine", "MSE"): cosine_mse, ("Cosine", "Focal"): cosine_focal}, ROWS)
    verdict = verdicts.verdict(BEST, found)
    assert (verdict.state, verdict.told.worse) == (state, decides)


def test_what_is_half_measured_is_not_measured_unless_it_fails():
    less = {label: mean for label, mean in ROWS.items() if label != "MSE"}
    assert verdicts.verdict(BEST, measured({("Cosine", "Focal"): (0.05, 0.002)}, less)).state == MISSING
    assert verdicts.verdict(BEST, measured({("Cosine", "Focal"): (-0.05, 0.002)}, less)).state == FAILS
    assert verdicts.verdict(BEST, None).state == MISSING


def test_what_is_not_measured_shows_the_closest_published_pair():
    told = verdicts.verdict(BY_KEY["best"], None).told
    assert [cell.entry for cell in told.theirs] in (["VASP", "H+Vamp Gated"], ["VASP", "FLVAE"])
    assert [cell.printed for cell in told.theirs] == [".448", ".445"]


def test_less_is_better_where_the_claim_says_so():
    claim = BY_KEY["ratings"]
    found = measured({("U-AutoRec", "DeepRec"): (-0.02, 0.001)}, {"U-AutoRec": 0.86, "DeepRec": 0.88}, "rmse")
    assert verdicts.verdict(claim, found).state == HOLDS
    found = measured({("DeepRec", "U-AutoRec"): (-0.02, 0.001)}, {"U-AutoRec": 0.88, "DeepRec": 0.86}, "rmse")
    assert verdicts.verdict(claim, found).state == FAILS


def test_rows_without_pairs_are_compared_by_independent_errors():
    gap = measured({}, ROWS).gap("Cosine", "MSE", "ndcg@100")
    assert not gap.paired and gap.mean == pytest.approx(0.01) and gap.se == pytest.approx(0.006 * np.sqrt(2))


@pytest.mark.parametrize(
    ("gap", "sign"),
    [
        (Gap(0.1, 0.04), 1),
        (Gap(-0.1, 0.04), -1),
        (Gap(0.1, 0.05), 0),
        (Gap(0.1, None), 0),
        (Gap(0.1, 0.0), 1),
        (Gap(0.0, 0.0), 0),
        (Gap(0.3, None, p=0.005), 1),
        (Gap(-0.3, None, p=0.005), -1),
        (Gap(0.3, None, p=0.2), 0),
    ],
)
def test_a_difference_counts_from_more_than_two_standard_errors_on(gap, sign):
    assert gap.sign == sign


def test_figure_three_is_judged_by_the_parts_of_a_model():
    share = {"mean": 0.08, "low": 0.07, "high": 0.09}
    purity = {"lift": {"purity": 0.5, "chance": 0.1, "chance_popular": 0.12, "p": 0.005}}
    parts = {
        "joint": {"purity": purity},
        "flvae": {"interaction_share": share},
        "nease": {"interaction_share": {"mean": 0.001, "low": 0.0, "high": 0.002}},
    }
    assert verdicts.verdict(BY_KEY["nonlinear"], None, parts).state == HOLDS
    assert verdicts.verdict(BY_KEY["map"], None, parts).state == HOLDS
    parts["nease"]["interaction_share"] = {"mean": 0.2, "low": 0.18, "high": 0.22}
    purity["lift"]["p"] = 0.4
    assert verdicts.verdict(BY_KEY["nonlinear"], None, parts).state == FAILS
    assert verdicts.verdict(BY_KEY["map"], None, parts).state == OPEN
    for none in ({}, {"joint": {"purity": None}}, None):
        assert verdicts.verdict(BY_KEY["map"], None, none).state == MISSING
        assert verdicts.verdict(BY_KEY["nonlinear"], None, none).state == MISSING


def test_every_claim_is_decided_by_rows_that_its_recipe_has():
    assert len(BY_KEY) == len(CLAIMS)
    for claim in CLAIMS:
        rows = {row for pair in claim.pairs for row in pair} - {None}
        assert claim.of or (rows and rows <= set(claim.about.labels)), claim.key
        assert not claim.text.endswith(".") and verdicts.source(claim)
        theirs = {entry for _, entry in claim.theirs}
        assert theirs <= {cell.entry for table in published.tables(claim.about.document) for cell in table.cells}


def test_published_figures_agree_with_the_published_claims():
    """In each pair with figures on the same data, theirs are in favour of what they claim."""
    for claim in (claim for claim in CLAIMS if not claim.note):
        for better, worse in claim.pairs:
            data = claim.only[0] if claim.only else None
            one, other = (
                verdicts.published_figure(claim.about, claim.published_as.get(row, row), claim.metric, data, claim.key)
                if row
                else None
                for row in (better, worse)
            )
            if one and other:
                assert one.value <= other.value if claim.less_is_better else one.value >= other.value, claim.key


@pytest.mark.parametrize("data", ["ml-1m", "ml-20m", "ml-latest-small", "amusic", "lastfm"])
def test_every_data_set_has_claims_of_its_own(data):
    found = claims.claims_on(data)
    assert found and all(claim.is_about(data) for claim in found)
    assert {"ml-latest-small": "deep", "amusic": "choice-dot", "lastfm": "choice-mlp"}.get(data, "best") in {
        claim.key for claim in found
    }


def test_every_recipe_is_asked_by_a_claim():
    assert {claim.recipe for claim in CLAIMS} == set(RECIPES)


def test_rows_are_read_over_their_seeds(home):
    path = made_up.save("vasp-table1")
    table, values = results.load(path), results.values(path)
    again = dict(table.rows[0], seed=1, fingerprint="another", made="2026-11-22T00:00:00+00:00")
    other = {name: each + 0.02 for name, each in values[table.rows[0]["label"]].items()}
    results.save(table.with_row(again), values | {"another": other})
    (found,) = reproduced.here()
    row = found.rows["MSE"]
    assert row["seeds"] == [0, 1] and row["figures"]["ndcg@100"]["mean"] == pytest.approx(0.36)
    assert found.gap("MSE", "Focal", "ndcg@100").mean == pytest.approx(0.36 - 0.377)
    assert found.made.startswith("2026-11-22")


def test_leave_one_out_is_read_over_its_seeds_and_compared_user_by_user(home):
    places = {("CFNet", 0): [1, 30, 2, 40], ("CFNet", 1): [30, 30, 2, 40], ("Framework, dot product", 0): [1, 1, 3, 40]}
    rows, kept = [], {}
    for number, ((label, seed), found) in enumerate(places.items()):
        result = Places(np.arange(4), np.array(found))
        about = {"label": label, "model": "cfnet", "seed": seed, "heldout": None, "made": f"2026-11-2{number}"}
        rows.append(about | {"fingerprint": str(number), "test": result.summary()})
        kept[str(number)] = results.packed(result)
    path = reproduced.path_of("deepcf-table2", "lastfm", "leave-one-out")
    path.parent.mkdir(parents=True)
    results.save(results.Table(path, "lastfm", "sha256:0", "leave-one-out", tuple(rows)), kept)
    (measured,) = reproduced.here()
    assert measured.rows["CFNet"]["seeds"] == [0, 1]
    assert measured.figure("CFNet", "hr@10").mean == pytest.approx(0.375)  # of .5 and .25
    gap = measured.gap("Framework, dot product", "CFNet", "hr@10")
    apart = np.array([0.5, 1.0, 0.0, 0.0])
    assert gap.paired and gap.mean == pytest.approx(apart.mean())
    assert gap.se == pytest.approx(apart.std(ddof=1) / 2)


def test_a_row_that_failed_says_why(home):
    made_up.save("vasp-table1", failed={"Focal": "The loss is no number any more."})
    (found,) = reproduced.here()
    assert "Focal" not in found.rows
    assert [row["error"] for row in found.record["rows"] if "error" in row] == ["The loss is no number any more."]
    json.dumps(found.record, allow_nan=False)


def test_tables_of_other_commands_are_no_reproductions(home):
    path = made_up.save("vasp-table1")
    table = results.load(path)
    path.rename(path.with_name("ml-1m-liang.json"))
    assert table.rows and list(reproduced.here()) == []

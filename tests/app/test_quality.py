"""The Quality page: what it says of the demo, of models that lack parts or genres, and while nothing was measured."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from app.quality import charts, facts, lists
from app.theme import theme
from tests.app.conftest import calm, text
from vasp_models import checkpoints, jobs, measures, measuring, places
from vasp_models.evaluation.intervals import Difference, Estimate
from vasp_models.evaluation.quality import HISTORIES, JOINT
from vasp_models.evaluation.served import Group, Served

PAGE = "quality"


@pytest.fixture(scope="module")
def demo() -> Served:
    checkpoint = checkpoints.load(places.DEMO)
    return Served(measures.find(checkpoint, "quality"), checkpoint.catalogue)


def compared(table: list[tuple], kind: str = "history", metric: str = "ndcg@100") -> facts.Compared:
    """Slices with made-up values: name, n, mean, difference, whether it is beyond chance."""
    rows = pd.DataFrame(table, columns=["slice", "n", "mean", "difference", "sure"])
    rows = rows.assign(se=0.01, low=rows["mean"] - 0.02, high=rows["mean"] + 0.02, p=np.where(rows["sure"], 0.01, 0.6))
    rows = rows.assign(difference_low=rows["difference"] - 0.02, difference_high=rows["difference"] + 0.02)
    return facts.Compared(kind, metric, rows, 0.4, pd.DataFrame(columns=["slice", "n"]), {})


class NoParts:
    factors: list[str] = []
    parts: dict[str, list[str]] = {}


def test_the_answer_is_written_from_the_numbers(dashboard, demo):
    test = calm(dashboard(PAGE))
    assert test.title[0].value == facts.QUESTION
    table = demo.accuracy("history", "ndcg@100")
    best, worst = table.loc[table["mean"].idxmax()], table.loc[table["mean"].idxmin()]
    answer = test.main.markdown[0].value
    assert f"**Users with {best['slice']} films** are served best (NDCG@100 .{round(1000 * best['mean'])})" in answer
    assert f"**users with {worst['slice']} films** worst (.{round(1000 * worst['mean'])})" in answer
    share = demo.share_of(np.ones(len(demo.lengths), dtype=bool))["nease"]
    assert f"NEASE is the strongest voice with **{share:.0%}**" in answer


def test_only_groups_beyond_chance_are_called_best_or_worst():
    rows = [("5–9", 50, 0.5, 0.1, False), ("10–19", 60, 0.41, 0.01, False), ("20 and more", 9, 0.1, -0.4, True)]
    assert facts.answer(NoParts(), compared(rows)) == (
        "No group is shown to differ from the others (all users: NDCG@100 .400)."
    ), "the last one is too small to be told of"
    rows[0] = ("5–9", 50, 0.5, 0.1, True)
    assert facts.answer(NoParts(), compared(rows)) == (
        "**Users with 5–9 films** are served best (NDCG@100 .500); all users .400."
    )
    rows[1:] = [("10–19", 12, 0.52, 0.12, False), ("20 and more", 40, 0.3, -0.2, True)]
    assert facts.answer(NoParts(), compared(rows)) == (
        "**Users with 5–9 films** are served better than the others (NDCG@100 .500), **users with 20 and more films** "
        "worst (.300); all users .400."
    ), "others stand higher, perhaps by chance"
    one = [("top 10%", 50, 0.5, -0.1, True), ("20–30%", 50, 0.3, -0.2, True)]
    told = facts.answer(NoParts(), compared(one, "popularity", "found@50"))
    assert (
        told == "**Films ranked 20–30% by popularity** are found worst (share among the first 50 .300); all films .400."
    )
    few = facts.answer(NoParts(), compared(rows[:1]))
    assert few == "There are no two groups of 10 users to compare (all users: NDCG@100 .400)."


def test_slices_and_metrics_are_chosen_and_stand_in_the_address(dashboard):
    test = dashboard(PAGE)
    assert test.selectbox(key="bound_slice_metric").options == ["NDCG@100", "Recall@20", "Recall@50"]
    calm(test.segmented_control(key="bound_slice_by").set_value("popularity").run())
    metric = test.selectbox(key="bound_slice_metric")
    assert metric.options == ["First 20", "First 50", "First 100"] and metric.value == "found@50"
    assert dict(test.query_params)["sl"] in ("popularity", ["popularity"])
    assert "Held-out films that are among the first 50" in text(test)
    tables = [each.value for each in test.main.dataframe if "Films by popularity" in each.value]
    assert tables and all(len(table) == 10 for table in tables)
    again = calm(dashboard(PAGE, sl="genre", sm="found@100"))
    assert "Held-out films that are among the first 100" in text(again)
    assert "Ranking quality, NDCG@100" in text(calm(dashboard(PAGE, sl="taste", sm="nonsense")))


def test_a_group_is_put_together(dashboard, demo):
    test = calm(dashboard(PAGE, sg="Horror", sf="30"))
    group = demo.group(demo.chosen(taste="Horror", shortest=30), "ndcg@100")
    assert f"**Users with 30 films or more who like Horror most** ({group.inside.n})" in text(test)
    assert "25" not in test.selectbox(key="bound_slice_longest").options, "at most is never below at least"
    calm(test.selectbox(key="bound_slice_longest").set_value(50).run())
    assert dict(test.query_params)["st"] in ("50", ["50"])
    assert "Users with 30 to 50 films who like Horror most" in text(test)
    calm(test.selectbox(key="bound_slice_mainstream").set_value("niche").run())
    assert "most of a niche taste" in text(test)
    calm(dashboard(PAGE, sg="No such genre", sf="7", st="9999"))


def test_lengths_of_a_link_can_be_chosen_too():
    steps = [10, 12, 15, 20]
    assert lists.lengths(steps, 14, 15, "slice_shortest") == [0, 10, 12, 14, 15]
    assert lists.lengths(steps, 14, 99, "slice_longest") == [0, 15, 20, 99]


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (Group(Estimate(0, None), Estimate(9, 0.4), Difference(None)), "there is none among the test users"),
        (
            Group(Estimate(9, 0.4, 0.1, 0.2, 0.6), Estimate(0, None), Difference(None)),
            "(9): NDCG@100 **.400** (.200 to",
        ),
        (Group(Estimate(1, 0.4), Estimate(9, 0.5), Difference(-0.1)), "These are too few for an interval."),
        (
            Group(Estimate(9, 0.4, 0.1, 0.2, 0.6), Estimate(9, 0.5), Difference(-0.1, -0.2, 0.02, 0.09)),
            "the other 9 have .500 (−.100, −.200 to +.020): that may be chance.",
        ),
        (
            Group(Estimate(9, 0.4, 0.1, 0.2, 0.6), Estimate(9, 0.5), Difference(-0.1, -0.2, -0.02, 0.01)),
            "that is beyond chance.",
        ),
    ],
)
def test_a_group_is_told_in_a_sentence(group, said):
    assert said in lists.group_answer("All users", group, "ndcg@100")


def test_what_the_lists_are_like(dashboard, demo):
    table = lists.beyond_table(demo).set_index("")
    assert list(table.columns) == ["Joint", "NEASE alone", "FLVAE alone", "Popularity", "Their histories"]
    assert len(table) == len(lists.MEASURES)
    value = demo.measured["beyond"]["joint"]["coverage@100"]
    assert table.at["Films that are in anybody’s first 100", "Joint"] == (
        f"{100 * value['mean']:.1f}%\u00a0±\u00a0{100 * value['se']:.1f}%"
    )
    assert table.at["Distance from the history’s mix of genres · KL", "Their histories"] == "–"
    half = demo.measured["long_tail"]["half"]
    assert (
        f"to the {half['joint']} most popular films, half of what these users watched to {half['histories']}"
        in text(dashboard(PAGE))
    )


def test_which_part_does_better_alone():
    class Two(NoParts):
        parts = {"nease": ["nease"], "flvae": ["flvae_residual", "flvae_latent"]}

        def __init__(self, *rows):
            self.rows = pd.DataFrame(rows, columns=["slice", "n", "difference", "p"])

        def against(self, kind, metric, first, second):
            assert (first, second) == ("nease", "flvae")
            return self.rows

    shown = compared([("5–9", 50, 0.5, 0.1, False), ("10–19", 60, 0.41, 0.01, False)])
    rows = ("5–9", 50, -0.1, 0.01), ("10–19", 60, 0.1, 0.2)
    assert facts.alone(Two(*rows), shown) == (
        "FLVAE alone does better than NEASE alone for users with 5–9 films; elsewhere it may be chance."
    )
    assert "neither NEASE nor FLVAE is shown to do better" in facts.alone(Two(rows[1]), shown)
    assert facts.alone(NoParts(), shown) is None


def test_shares_of_a_list_and_of_a_history_are_means_over_users(demo):
    told = lists.beyond_answer(demo)
    listed, watched = (demo.measured["beyond"][name]["tail"]["mean"] for name in (JOINT, HISTORIES))
    assert (
        told == f"On average **{listed:.0%}** of a list comes from the long tail, and **{watched:.0%}** of a history."
    )


def test_the_download_holds_every_slice_with_how_it_was_measured(demo):
    table = lists.rows(demo, demo.measured)
    assert set(table["part"]) == {"slices", "path share", "lists"} and set(table["by"].dropna()) == set(demo.slices)
    row = table[(table["by"] == "history") & (table["metric"] == "recall@20") & (table["lists"] == "flvae")].iloc[0]
    expected = demo.accuracy("history", "recall@20", "flvae").iloc[0]
    assert (row["slice"], row["value"], row["high"]) == (expected["slice"], expected["mean"], expected["high"])
    assert (table["measured"] == demo.measured["provenance"]["made"]).all() and len(table) == len(
        table.drop_duplicates()
    )
    shares = table[(table["part"] == "path share") & (table["by"] == "decade")]
    assert set(shares["metric"]) == {"nease", "flvae_residual", "flvae_latent"}


def test_a_model_without_parts(dashboard, popularity):
    checkpoint = checkpoints.load(popularity)
    found = measuring.measure(checkpoint, "quality", lambda stage, fraction: None, users=60)
    measures.save(checkpoint, "quality", found, "vasp-lens quality plain --users 60", 1.0)
    test = calm(dashboard(PAGE, c=popularity))
    assert "strongest voice" not in text(test) and "Share of each part" not in text(test)
    assert "Put a group together" in text(test) and "alone does better" not in text(test)


def test_a_handful_of_users_is_enough_for_the_table_alone(dashboard, copied):
    copied("few")
    checkpoint = checkpoints.load("few")
    found = measuring.measure(checkpoint, "quality", lambda stage, fraction: None, users=2)
    measures.save(checkpoint, "quality", found, "vasp-lens quality few --users 2", 1.0)
    test = calm(dashboard(PAGE, c="few"))
    assert "There are no two groups of 10 users to compare" in text(test) and facts.TOO_FEW in text(test)
    assert any("Films in the history" in each.value for each in test.main.dataframe)


def test_films_without_genres_and_years(dashboard, copied):
    checkpoint = checkpoints.load(copied("bare").name)
    frame = checkpoint.catalogue.frame.assign(year=pd.array([pd.NA] * 681, "Int64"))
    bare = type(checkpoint.catalogue)(frame.assign(genres=[[] for _ in range(681)]))
    checkpoint.__dict__["catalogue"] = bare
    found = measuring.measure(checkpoint, "quality", lambda stage, fraction: None, users=60)
    served = Served(measures.plain(found), bare)
    assert lists.kinds(served) == ["history", "mainstream", "popularity"] and lists.tastes(served) == []
    measured = lists.beyond_table(served)[""].tolist()
    assert not [label for label in measured if "genres" in label] and len(measured) == len(lists.MEASURES) - 2
    assert "NDCG@100" in facts.answer(served, facts.compared(served, "history", "ndcg@100"))


def test_nothing_measured_yet(dashboard, copied, monkeypatch):
    copied("bare")
    started = []
    monkeypatch.setattr(measures, "start_in_background", lambda chosen, kind, device: started.append((kind, device)))
    test = calm(dashboard(PAGE, c="bare"))
    assert "**not been measured yet**" in test.main.markdown[0].value
    assert [code.value for code in test.code] == ["vasp-lens quality bare"]
    assert not test.segmented_control and not test.get("download_button")
    test.button(key="measure_quality").click().run()
    assert started == [("quality", "auto")]
    running = jobs.Job("running", "Ranking for each user", 0.4, 2.0)
    monkeypatch.setattr(measures, "job_status", lambda chosen, kind: running)
    test = calm(dashboard(PAGE, c="bare"))
    assert test.get("progress")[0].value == 40 and "in the background" in text(test)


def test_a_damaged_file_is_named(dashboard, copied):
    folder = copied("toy")
    checkpoint = checkpoints.load("toy")
    path = measures.save(checkpoint, "quality", {"users": 3}, "vasp-lens quality toy", 1.0)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"users": 4}))
    test = calm(dashboard(PAGE, c="toy"))
    assert path.stem in text(test).replace("\\", "") and test.button(key="measure_quality")
    assert folder.exists()


@pytest.fixture(params=["light", "dark"])
def look(request):
    return theme(request.param)


def test_the_chart_of_accuracy_is_solid_beyond_chance_and_hollow_else(demo, look):
    rows = pd.DataFrame(
        [
            ("a", 50, 0.5, 0.45, 0.55, True, ".500"),
            ("b", 12, 0.3, 0.2, 0.4, False, ".300"),
            ("c", 1, 0.2, None, None, False, ".200"),
        ],
        columns=["slice", "n", "mean", "low", "high", "sure", "text"],
    )
    figure = charts.accuracy(rows, look, 0.4)
    sure, unsure, dots = figure.data
    assert list(dots.marker.color) == [look.text, look.background, look.background]
    assert np.allclose(sure.x[:2], (0.45, 0.55)) and np.isnan(sure.x[2])
    assert np.allclose(unsure.x[:2], (0.2, 0.4)) and len(unsure.x) == 3, "no line without an interval"
    assert [note.text for note in figure.layout.annotations] == ["<b>.500</b>", ".300", ".200"]
    assert figure.layout.shapes[0].x0 == 0.4 and "50" in figure.layout.yaxis.ticktext[0]
    assert all(not label.startswith(("0.", "-")) for label in figure.layout.xaxis.ticktext)


def test_the_chart_of_shares_has_the_colours_of_the_paths(demo, look):
    shown = facts.compared(demo, "popularity", "found@50")
    figure = charts.paths(shown.drawn_shares, look, demo.factors)
    assert [bar.marker.color for bar in figure.data] == [look.paths[name] for name in demo.factors]
    total = np.nansum([bar.x for bar in figure.data], axis=0)
    drawn = shown.drawn_shares["nease"].notna().to_numpy()
    assert np.allclose(total[drawn], 1.0)
    hardly = [note for note in figure.layout.annotations if "hardly ever" in note.text]
    assert len(hardly) == (~drawn).sum() > 0


def test_the_long_tail_names_each_curve_on_it(demo, look):
    figure = charts.long_tail(demo.long_tail, lists.tail_names(demo), look)
    assert len(figure.data) == len(figure.layout.annotations) == 5
    labels = {note.text: note for note in figure.layout.annotations}
    joint = labels["<b>Joint</b>"]
    curve = demo.long_tail
    place = int(np.abs(np.log10(curve["catalogue"]) - joint.x).argmin())
    assert curve["joint"].iloc[place] == pytest.approx(joint.y)
    assert labels["NEASE alone"].font.color == look.paths["nease"]

"""Every page on the embedded demo, used as people use it."""

from __future__ import annotations

from dataclasses import replace
import json
import subprocess
import sys

import numpy as np
import pytest

from app import components
from tests.app.conftest import MAIN, PAGES, calm, refit, text
from vasp_models import checkpoints, measures, recommending
from vasp_models.data.users import Users

QUESTIONS = {
    "": "What is loaded",
    "recommend": "watch next?",
    "explain": "Why ",
    "profile_lab": "history were different?",
    "sensitivity_maps": "know genres?",
    "explanation_quality": "Are the reasons real?",
    "paper": "claims hold?",
}


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.mark.parametrize("page", QUESTIONS)
def test_every_page_asks_its_question_and_answers_it(dashboard, page):
    test = calm(dashboard(page))
    assert QUESTIONS[page] in test.title[0].value
    assert "**" in test.main.markdown[0].value, "the answer has its numbers in bold"


def test_every_file_of_pages_is_in_the_router(dashboard):
    from app import main  # runs the frame without a browser, which Streamlit allows

    routed = {file for rows in main.PAGES.values() for _, file, *_ in rows}
    assert routed == {path.stem for path in PAGES.glob("*.py")}


def test_the_overview_and_the_maps_do_without_torch(tmp_path):
    """A stakeholder's copy has no torch, and the first page is there before it could be imported."""
    lines = [
        "import sys",
        "sys.modules['torch'] = None  # any import of it fails",
        "from streamlit.testing.v1 import AppTest",
        f"test = AppTest.from_file({MAIN!r}, default_timeout=120).run()",
        "assert not test.exception, test.exception",
        f"test.switch_page({str(PAGES / 'sensitivity_maps.py')!r}).run()",
        "assert not test.exception, test.exception",
        f"test.switch_page({str(PAGES / 'explanation_quality.py')!r}).run()",
        "assert not test.exception, test.exception",
        f"test.switch_page({str(PAGES / 'paper.py')!r}).run()",
        "assert not test.exception, test.exception",
        "assert len(test.title) == 1",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False, cwd=PAGES.parent
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_overview_shows_four_figures_and_the_data_they_come_from(dashboard, demo):
    test = dashboard()
    measured = demo.metrics["test"]
    assert [metric.label.split(" · ")[1] for metric in test.metric] == [
        "NDCG@100",
        "Recall@20",
        "Recall@50",
        "Coverage@100",
    ]
    assert test.metric[0].value == f"{measured['ndcg@100']['mean']:.3f}".lstrip("0")
    assert test.metric[0].delta == f"± {measured['ndcg@100']['se']:.4f}".replace("0.", ".")
    assert "the viewers are simulated" in text(test) and "vasp-lens data get" in text(test)


def test_one_user_alone_has_no_standard_error(dashboard, copied):
    path = copied("alone") / checkpoints.METRICS
    metrics = json.loads(path.read_text(encoding="utf-8"))
    for measured in (metrics["test"], *[row["difference"] for row in metrics["baselines"].values()]):
        for figure in (measured, *[value for value in measured.values() if isinstance(value, dict)]):
            figure |= {"se": None} if "se" in figure else {}
    metrics["test"]["users"] = 1
    path.write_text(json.dumps(metrics), encoding="utf-8")
    refit(path.parent)
    test = calm(dashboard(c="alone"))
    assert [metric.delta for metric in test.metric][:3] == ["one user"] * 3
    assert "±" not in text(test) and "above EASE on the same user" in text(test)


def test_the_overview_cites_published_figures_with_their_data(dashboard):
    test = dashboard()
    assert "Table III" in text(test) and "not to be compared" in text(test)
    assert "MovieLens 20M" in str(test.table[-1].value)


@pytest.mark.parametrize("number", [0, 1])
def test_a_thing_to_try_sets_the_user(dashboard, number):
    test = dashboard()
    button = [button for button in test.main.button if button.key and button.key.startswith("try_")][number]
    page, wanted = button.label.split(" for user ")
    calm(button.click().run())
    assert wanted in test.title[0].value and test.query_params["u"] in (wanted, [wanted])
    assert test.title[0].value.startswith({"Recommend": "What should", "Explain": "Why "}[page])


def test_the_overview_says_how_the_audit_went(dashboard):
    audit = measures.find(checkpoints.load("demo"), "audit")
    passed = sum(gate["passed"] is True for gate in audit["gates"])
    assert f"{passed} of {passed} gates passed" in str(dashboard().table[0].value)


def test_a_user_is_chosen_by_id(dashboard, demo):
    frame = demo.users.frame
    user = frame.loc[frame["split"] == "test", "id"].iloc[5]
    test = dashboard("recommend")
    calm(test.sidebar.text_input[0].set_value(f" {user} ").run())
    assert f"user {user}" in test.title[0].value
    found = demo.users.find(user)
    assert f"{len(found.history)} films" in text(test) and f"{len(found.held_out)} held out" in text(test)


def test_the_random_button_keeps_to_its_filter(dashboard, demo):
    test = dashboard("recommend")
    frame = demo.users.frame.set_index("id")
    shortest = int(frame.loc[frame["split"] == "train", "n_history"].quantile(0.9))
    test.segmented_control(key="filter_split").set_value("train").run()
    test.slider(key="filter_length").set_value((shortest, int(frame["n_history"].max()))).run()
    for _ in range(3):
        calm(test.button(key="random_filtered").click().run())
        drawn = frame.loc[test.sidebar.text_input[0].value]
        assert drawn["split"] == "train" and drawn["n_history"] >= shortest
    assert "train user" in test.main.markdown[0].value


def test_the_random_button_keeps_to_a_taste(dashboard):
    test = dashboard("recommend")
    taste = test.selectbox(key="filter_taste").options[0]
    test.selectbox(key="filter_taste").set_value(taste).run()
    everyone = int([m.value for m in test.main.markdown if "to draw from" in m.value][0].split("[")[2].split()[0])
    assert 0 < everyone < 400
    calm(test.button(key="random_user").click().run())


def test_a_train_user_shows_why_there_are_no_hits(dashboard, demo):
    frame = demo.users.frame
    user = frame.loc[frame["split"] == "train", "id"].iloc[0]
    answer = calm(dashboard("recommend", u=user)).main.markdown[0].value
    assert "train user" in answer and "films shown" not in answer


def shown_lists(monkeypatch) -> dict[str, dict]:
    """What the list component is given, by key, instead of being drawn."""
    drawn: dict[str, dict] = {}

    def film_list(data, key):
        drawn[key] = data

    monkeypatch.setattr(components, "film_list", film_list)
    return drawn


def test_length_and_ranking_change_the_list(dashboard, monkeypatch):
    drawn = shown_lists(monkeypatch)
    test = dashboard("recommend")
    first = [row["item"] for row in drawn["recommendation_list"]["rows"]]
    test.segmented_control(key="bound_k").set_value(20).run()
    assert [row["item"] for row in drawn["recommendation_list"]["rows"]][:10] == first
    calm(test.segmented_control(key="bound_rank_by").set_value("flvae").run())
    by_part = [row["item"] for row in drawn["recommendation_list"]["rows"]]
    assert len(by_part) == 20 and by_part[:10] != first
    assert dict(test.query_params)["k"] in ("20", ["20"]) and dict(test.query_params)["r"] in ("flvae", ["flvae"])


def test_a_row_multiplies_its_factors_and_marks_what_was_held_out(dashboard, demo, monkeypatch):
    drawn = shown_lists(monkeypatch)
    test = dashboard("recommend", o="given")
    data = drawn["recommendation_list"]
    assert [bar["name"] for bar in data["bars"]] == ["NEASE", "Residual head", "Latent head"]
    user = demo.users.find(test.sidebar.text_input[0].value)
    for row in data["rows"]:
        assert row["liked"] == (row["item"] in user.held_out)
        assert row["total"] == components.words.times(sum(bar["value"] for bar in row["bars"]))
    assert any(row["liked"] for row in data["rows"])
    history = [row["item"] for row in drawn["history_list"]["rows"]]
    assert history == user.history[::-1].tolist(), "the most recent first"


def test_films_that_the_model_does_not_know_are_marked_in_the_history(dashboard, demo, monkeypatch):
    drawn, whole, unknown = shown_lists(monkeypatch), recommending.recommend, []

    def recommend(model, history, k, part):
        unknown[:] = history[:3].tolist()
        return replace(whole(model, history, k, part), unmodelled=history[:3])

    monkeypatch.setattr(recommending, "recommend", recommend)
    test = calm(dashboard("recommend"))
    assert "films, 3 not seen by the model" in text(test)
    for row in drawn["history_list"]["rows"]:
        marked = row["item"] in unknown
        assert (row.get("unmodelled") == "not seen by the model") == marked
        assert row["label"].endswith("not seen by the model") == marked, "said to a screen reader too"


def test_a_history_that_the_model_does_not_know_is_a_strangers(dashboard, monkeypatch):
    whole = recommending.recommend

    def recommend(model, history, k, part):
        return replace(whole(model, history, k, part), unmodelled=history)

    monkeypatch.setattr(recommending, "recommend", recommend)
    assert "trained without any of these films" in text(calm(dashboard("recommend")))


def test_who_has_seen_every_film_is_told_so_and_shown_no_empty_table(dashboard, demo, monkeypatch):
    drawn, find = shown_lists(monkeypatch), Users.find

    def everything(self, user_id):
        return replace(find(self, user_id), history=np.arange(len(demo.catalogue)))

    monkeypatch.setattr(Users, "find", everything)
    test = calm(dashboard("recommend"))
    assert test.main.markdown[0].value.endswith("so there is nothing left to recommend.")
    assert list(drawn) == ["history_list"] and not test.get("plotly_chart") and not test.get("download_button")


def test_a_row_opens_its_film(dashboard, demo, monkeypatch):
    drawn: dict[str, dict] = {}

    def film_list(data, key):
        drawn[key] = data
        return data["rows"][1]["item"] if key == "recommendation_list" else None

    monkeypatch.setattr(components, "film_list", film_list)
    test = calm(dashboard("recommend"))
    item = drawn["recommendation_list"]["rows"][1]["item"]
    assert any("#2 of" in str(table.value) for table in test.table)
    calm([button for button in test.button if button.label == "Show it on the maps"][0].click().run())
    assert "know genres" in test.title[0].value
    assert demo.catalogue.titles[item] in text(test).replace("\\", "")


def test_a_film_is_found_whatever_its_case_and_article(dashboard):
    test = dashboard("sensitivity_maps")
    calm(test.text_input(key="maps_search").set_value("gODFATHER").run())
    assert "Godfather" in text(test)
    titles = test.main.dataframe[0].value
    assert list(titles.columns) == ["Joint", "NEASE", "FLVAE"] and len(titles) == 10
    options = test.button_group(key="bound_film") if hasattr(test, "button_group") else test.pills(key="bound_film")
    assert len(options.options) > 1


def test_a_search_without_a_hit_says_so_and_keeps_the_film(dashboard):
    test = dashboard("sensitivity_maps", f="1")
    before = test.main.dataframe[0].value
    calm(test.text_input(key="maps_search").set_value("[x](http://y)").run())
    assert "in its title" in text(test) and before.equals(test.main.dataframe[0].value)


def shown_maps(monkeypatch) -> list[dict]:
    drawn: list[dict] = []
    monkeypatch.setattr(components, "linked_maps", lambda data, key, on_chosen: drawn.append(data))
    return drawn


def test_colours_follow_the_choice(dashboard, demo, monkeypatch):
    drawn = shown_maps(monkeypatch)
    test = dashboard("sensitivity_maps")
    assert [group["name"] for group in drawn[-1]["groups"]] == ["Horror", "Children", "Western", "Film-Noir"]
    assert sum(group["count"] for group in drawn[-1]["groups"]) + drawn[-1]["rest"]["count"] == len(demo.catalogue)
    calm(test.multiselect(key="bound_focus").set_value(["War"]).run())
    assert [group["name"] for group in drawn[-1]["groups"]] == ["War"]
    calm(test.multiselect(key="bound_focus").set_value([]).run())
    assert drawn[-1]["rest"]["count"] == len(demo.catalogue)
    calm(test.segmented_control(key="bound_colouring").set_value("genres").run())
    assert len(drawn[-1]["groups"]) == len(demo.catalogue.genre_names)


def test_the_distances_are_two_different_maps(dashboard, monkeypatch):
    drawn = shown_maps(monkeypatch)
    test = dashboard("sensitivity_maps")
    calm(test.segmented_control(key="bound_distance").set_value("paper").run())
    assert drawn[0]["layout"] != drawn[-1]["layout"]
    assert not drawn[0]["points"].equals(drawn[-1]["points"])


def test_each_map_says_how_far_to_trust_it(dashboard, monkeypatch):
    drawn = shown_maps(monkeypatch)
    dashboard("sensitivity_maps")
    for one in drawn[-1]["maps"]:
        assert [name for name, *_ in one["figures"]] == ["Genre purity", "Trustworthiness", "Largest hub"]
    assert [one["name"] for one in drawn[-1]["maps"]] == ["Joint", "NEASE", "FLVAE"]

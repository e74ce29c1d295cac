"""The page Explain on the embedded demo and on other models: every film, every user, every odd input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app import components
from app.explain import cached as explain_cached
from tests.app.conftest import calm, tables, text
from tests.explanations.toys import tiny_product
from vasp_models import checkpoints, recommending
from vasp_models.data.users import Users


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.fixture(scope="module")
def listed(demo):
    """A test user, and the ids of the films that the demo recommends, best first."""
    user = demo.users.at(demo.users.rows("test")[0])
    return user, demo.catalogue.ids[recommending.recommend(demo.model(), user.history, 20).items].astype(str)


def rank(test) -> str:
    return text(test).split("**#")[1].split("**")[0]


def opened(test, table: int = 0):
    """The table of the history (0), of the pairs (1) or of the parts (2), once its fold is open."""
    test.session_state[f"fold_{('table_rows', 'join_inner', 'function')[table]}"] = True
    return tables(calm(test.run()))[0]


def plain(words: str) -> str:
    return words.replace("\\", "")


def with_history(monkeypatch, films: np.ndarray) -> None:
    """Every user has this history."""
    find = Users.find
    monkeypatch.setattr(Users, "find", lambda self, user: replace(find(self, user), history=films))


def test_the_page_opens_with_the_first_film_of_the_list(dashboard, demo, listed):
    user, ids = listed
    test = calm(dashboard("explain", u=user.id))
    assert demo.catalogue.titles[demo.catalogue.number(ids[0])] in plain(test.title[0].value)
    assert rank(test) == "1" and "f" not in test.query_params
    assert len(test.get("plotly_chart")) == 4, "waterfall, reasons for two widths, deletion curve"
    assert len(test.selectbox(key="listed_film").options) == 20
    assert not tables(test) and len(opened(test)) == len(user.history)


def test_a_fold_that_was_opened_stays_open_while_films_go_by(dashboard, listed):
    test = dashboard("explain", u=listed[0].id)
    assert opened(test, 1).shape == (45, 4), "all pairs of ten films"
    first = tables(test)[0]
    calm(test.button(key="next_film").click().run())
    assert not first.equals(tables(test)[0])
    calm(test.segmented_control(key="bound_method").set_value("nease").run())
    assert len(tables(test)) == 1 and "act together" in str([each.label for each in test.main.expander])


def test_the_list_is_walked_with_the_buttons(dashboard, demo, listed):
    user, ids = listed
    test = dashboard("explain", u=user.id)
    assert test.button(key="previous_film").disabled
    calm(test.button(key="next_film").click().run())
    assert test.query_params["f"] in (ids[1], [ids[1]]) and not test.button(key="previous_film").disabled
    assert "to **#2**" in text(test) or "**#2**" in text(test)
    calm(test.button(key="previous_film").click().run())
    calm(test.selectbox(key="listed_film").set_value(ids[19]).run())
    assert demo.catalogue.titles[demo.catalogue.number(ids[19])] in plain(test.title[0].value)
    assert test.button(key="next_film").disabled


def test_any_other_film_is_found_by_its_title(dashboard, listed):
    test = dashboard("explain", u=listed[0].id)
    calm(test.text_input(key="explain_search").set_value("matrix").run())
    assert "The Matrix (1999)" in plain(test.title[0].value)
    calm(test.text_input(key="explain_search").set_value("[no](such)").run())
    assert "in its title" in text(test) and "The Matrix (1999)" in plain(test.title[0].value), "nothing else is lost"


def test_a_link_holds_user_film_and_method(dashboard, listed):
    user, ids = listed
    test = calm(dashboard("explain", u=user.id, f=ids[4], e="nease"))
    assert test.segmented_control(key="bound_method").value == "nease" and "exact" in text(test)
    calm(test.segmented_control(key="bound_method").set_value("flvae").run())
    assert "sum ±" in text(test) and test.query_params["e"] in ("flvae", ["flvae"])
    assert test.query_params["f"] in (ids[4], [ids[4]])


def test_another_user_brings_another_list_not_the_old_film(dashboard, demo, listed):
    user, ids = listed
    test = dashboard("explain", u=user.id, f=ids[4])
    other = demo.users.at(demo.users.rows("test")[1])
    calm(test.sidebar.text_input[0].set_value(other.id).run())
    assert f"user {other.id}" in test.title[0].value and rank(test) == "1"


def test_one_batch_answers_for_the_whole_list(dashboard, listed, monkeypatch):
    from vasp_models.explanations import leave_one_out

    asked, batch = [], leave_one_out.influence

    def influence(model, history, targets=None):
        asked.append(targets)
        return batch(model, history, targets)

    monkeypatch.setattr(leave_one_out, "influence", influence)
    test = dashboard("explain", u=listed[0].id)
    for _ in range(3):
        calm(test.button(key="next_film").click().run())
    assert asked == [None]


def test_a_film_of_the_history_is_explained_as_if_unseen_when_asked(dashboard, demo, listed):
    user, _ = listed
    film = str(demo.catalogue.ids[user.history[0]])
    test = calm(dashboard("explain", u=user.id, f=film))
    assert "so it is not recommended again" in text(test) and not test.get("plotly_chart")
    assert len(test.selectbox(key="listed_film").options) == 21, "the film, and the list beside it"
    calm(test.button(key="as_if_unseen").click().run())
    assert "explained as if it were unseen" in text(test) and test.get("plotly_chart")
    assert test.query_params["as"] in ("unseen", ["unseen"])
    films = opened(test)["Film"].tolist()
    assert len(films) == len(user.history) - 1 and demo.catalogue.titles[user.history[0]] not in films


def test_an_unknown_film_is_told_in_place(dashboard, listed):
    test = calm(dashboard("explain", u=listed[0].id, f="no*such"))
    assert plain(test.title[0].value) == "There is no film no*such here"
    assert "is not among the 681 films" in text(test) and not test.get("plotly_chart")
    calm(test.selectbox(key="listed_film").set_value(listed[1][2]).run())
    assert rank(test) == "3", "user and list are still there"


def test_an_unknown_user_is_told_in_place(dashboard):
    test = calm(dashboard("explain", u="nobody"))
    assert "There is no user nobody here" in test.title[0].value


def test_a_film_that_the_model_does_not_know(dashboard, saved, listed):
    """A model of the first 340 items only: the others have no score, and as history films they say nothing."""
    saved("partial", "vasp", tiny_product(681, items_share=0.5))
    demo = checkpoints.load("partial")
    test = calm(dashboard("explain", c="partial", u=listed[0].id, f=str(demo.catalogue.ids[680])))
    assert "it has no score to explain" in text(test) and not test.get("plotly_chart")
    calm(test.selectbox(key="listed_film").set_value(test.selectbox(key="listed_film").options[1]).run())
    table = opened(test)
    unseen = table["Effect"] == "not seen by the model"
    assert unseen.sum() == (listed[0].history >= 340).sum() > 0 and table[unseen].iloc[:, 2:].isna().all().all()


def test_an_empty_history_is_explained_by_the_base_alone(dashboard, monkeypatch, listed):
    with_history(monkeypatch, np.empty(0, dtype=np.int64))
    test = calm(dashboard("explain", u=listed[0].id))
    assert "The history is empty" in text(test) and rank(test) == "1"
    assert len(test.get("plotly_chart")) == 1, "the waterfall alone"


def test_a_history_of_one_film(dashboard, monkeypatch, listed):
    with_history(monkeypatch, listed[0].history[:1])
    test = calm(dashboard("explain", u=listed[0].id))
    assert "liking this film moves" in text(test) or "this history" in text(test)
    assert len(test.get("plotly_chart")) == 4 and len(opened(test)) == 1


def test_a_history_of_nearly_everything_and_of_everything(dashboard, demo, monkeypatch, listed):
    with_history(monkeypatch, np.arange(len(demo.catalogue) - 2))
    test = calm(dashboard("explain", u=listed[0].id))
    assert "of 2" in str(test.get("plotly_chart")[0].proto) and len(opened(test)) == 679
    assert "All 679 films of the history, as a table" in str([e.label for e in test.main.expander])
    with_history(monkeypatch, np.arange(len(demo.catalogue)))
    test = calm(dashboard("explain", u=listed[0].id))
    assert test.title[0].value.startswith("What is left for user") and "none left to recommend" in text(test)


def test_a_model_that_looks_at_no_history_says_so(dashboard, popularity):
    test = calm(dashboard("explain", c=popularity))
    assert "Nothing in this history changes the score" in text(test) and "as for every viewer" in text(test)
    assert len(test.get("plotly_chart")) == 1
    assert "No set of" in text(test), "no removal moves it"


def test_a_model_without_factors_is_explained_by_its_raw_score(dashboard, saved):
    test = calm(dashboard("explain", c=saved("steck", "ease"), e="flvae"))
    assert "for an unknown viewer this model sets no film before another" in text(test)
    assert "raises its score, +" in text(test) and "×4" not in text(test)
    assert not test.main.get("button_group"), "one method, no choice"
    assert "Place in the list after removing" in text(test)


def test_a_film_of_the_list_leads_to_its_explanation(dashboard, demo, monkeypatch):
    drawn = {}

    def film_list(data, key):
        drawn[key] = data
        return data["rows"][2]["item"] if key == "recommendation_list" else None

    monkeypatch.setattr(components, "film_list", film_list)
    test = calm(dashboard("recommend"))
    item = drawn["recommendation_list"]["rows"][2]["item"]
    calm(test.button(key="why").click().run())
    assert demo.catalogue.titles[item] in plain(test.title[0].value) and test.title[0].value.startswith("Why")


def test_the_history_stands_by_its_influence_on_the_list_shown(dashboard, demo, monkeypatch):
    drawn = {}
    monkeypatch.setattr(components, "film_list", lambda data, key: drawn.update({key: data}))
    test = calm(dashboard("recommend"))
    user = demo.users.find(test.sidebar.text_input[0].value)
    shown = [row["item"] for row in drawn["recommendation_list"]["rows"]]
    effects = explain_cached.effects(demo, user.history, np.array(shown))
    ordered = [row["item"] for row in drawn["history_list"]["rows"]]
    assert ordered == user.history[np.argsort(-effects, kind="stable")].tolist() != user.history[::-1].tolist()
    assert "the most influential first" in text(test)
    calm(test.segmented_control(key="bound_order").set_value("given").run())
    assert [row["item"] for row in drawn["history_list"]["rows"]] == user.history[::-1].tolist()

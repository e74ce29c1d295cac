"""The states that nobody hopes for, each said in one sentence with the way out."""

from __future__ import annotations

import numpy as np
import pytest

from app import cached, components
from app.theme import ASSETS, theme
from tests.app.conftest import calm, text
from vasp_models import checkpoints, devices
from vasp_models.data.users import Users
from vasp_models.errors import DeviceError
from vasp_models.projections import jobs
from vasp_models.recommending import Recommendations

PAGES = ["", "recommend", "explain", "profile_lab", "sensitivity_maps"]


@pytest.mark.parametrize("page", PAGES)
def test_no_checkpoint(dashboard, monkeypatch, page):
    monkeypatch.setattr(checkpoints, "names", lambda: [])
    test = calm(dashboard(page))
    assert test.title[0].value == "No model yet"
    assert "vasp-lens demo" in test.code[0].value and "vasp-lens train" in test.code[0].value


@pytest.mark.parametrize("page", PAGES)
def test_damaged_checkpoint(dashboard, copied, page):
    weights = copied("hurt") / checkpoints.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-100])
    test = calm(dashboard(page, c="hurt"))
    assert "cannot be opened" in test.title[0].value
    assert checkpoints.WEIGHTS in text(test).replace("\\", "") and "copy the checkpoint again" in text(test)
    other = next(button for button in test.main.button if button.label.startswith("Open "))
    assert "cannot be opened" not in calm(other.click().run()).title[0].value


def test_a_damaged_checkpoint_is_not_the_one_that_is_opened_first(dashboard, copied):
    manifest = copied("hurt") / checkpoints.MANIFEST
    manifest.write_text("{", encoding="utf-8")
    test = calm(dashboard())
    assert "What is loaded" in test.title[0].value
    assert "hurt" in test.sidebar.selectbox[0].options, "it stays in the list, by its bare name"


def test_a_checkpoint_that_is_not_there(dashboard):
    test = calm(dashboard(c="gone"))
    assert "There is no checkpoint" in text(test)


def test_only_the_checkpoints_that_were_asked_for_are_offered(dashboard, copied, monkeypatch):
    copied("one"), copied("two")
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, "two")
    assert len(dashboard().sidebar.selectbox[0].options) == 1


def test_a_link_opens_no_folder_that_was_not_asked_for(dashboard, copied, monkeypatch):
    """A dashboard on one checkpoint, or on a bundle of a few users, may be open to people who may not see the rest."""
    folder = copied("one")
    copied("two")
    assert "There is no checkpoint" in text(calm(dashboard(c=str(folder)))), "a path"
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, "two")
    assert "There is no checkpoint" in text(calm(dashboard(c="one")))
    assert calm(dashboard(c="two")).metric
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, str(folder))
    assert calm(dashboard(c=str(folder))).metric


def test_two_checkpoints_of_the_same_model_are_told_apart(dashboard, copied):
    copied("again")
    options = dashboard().sidebar.selectbox[0].options
    assert len(set(options)) == 2 and any("(again)" in option for option in options)


def test_another_checkpoint_forgets_the_user_and_the_film(dashboard, popularity):
    test = dashboard("recommend", c="demo", u="7", f="12", r="nease")
    calm(test.sidebar.selectbox[0].set_value("plain").run())
    assert "f" not in test.query_params and "r" not in test.query_params
    assert test.sidebar.text_input[0].value != "7"


def test_unknown_user(dashboard):
    test = calm(dashboard("recommend", u="no*body*"))
    assert "There is no user no\\*body\\* here" in test.title[0].value
    assert "test users are" in text(test)
    assert "watch next?" in calm(test.button(key="example_user").click().run()).title[0].value


def test_empty_history(dashboard, monkeypatch):
    whole = Users.find

    def find(self, user_id):
        user = whole(self, user_id)
        return type(user)(user.id, user.split, user.history[:0], user.held_out)

    monkeypatch.setattr(Users, "find", find)
    drawn = {}
    monkeypatch.setattr(components, "film_list", lambda data, key: drawn.update({key: data}))
    test = calm(dashboard("recommend"))
    assert "same for everyone" in text(test)
    assert drawn["history_list"]["rows"] == [] and "empty" in drawn["history_list"]["none"]
    rows = drawn["recommendation_list"]["rows"]
    assert len(rows) == 10 and all(row["total"] == "×1.0" for row in rows), "nothing lifts against nothing"


def test_cuda_that_is_not_there(dashboard, monkeypatch):
    monkeypatch.setenv(cached.DEVICE_VARIABLE, "cuda")

    def resolve(device):
        raise DeviceError("This machine has no usable cuda device: choose --device cpu.")

    monkeypatch.setattr(devices, "resolve", resolve)
    test = calm(dashboard("recommend"))
    assert "no usable cuda device" in text(test) and "`vasp-lens app --device cpu`" in text(test)
    assert "watch next?" in test.title[0].value
    assert "CPU" in test.sidebar.markdown[-1].value


def out_of_memory(*_: object) -> None:
    import torch

    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_a_model_that_does_not_fit_the_card_runs_on_the_cpu_and_says_so(dashboard, monkeypatch):
    monkeypatch.setenv(cached.DEVICE_VARIABLE, "cuda")
    monkeypatch.setattr(devices, "resolve", lambda device: device)
    whole = checkpoints.Checkpoint.model
    monkeypatch.setattr(
        checkpoints.Checkpoint,
        "model",
        lambda self, device="cpu": out_of_memory() if device == "cuda" else whole(self, device),
    )
    test = calm(dashboard("recommend"))
    assert "CUDA ran out of memory" in text(test) and "--device cpu" in text(test)
    assert "CPU" in test.sidebar.markdown[-1].value


def test_a_card_that_fills_up_while_answering_hands_over_to_the_cpu(dashboard, monkeypatch):
    monkeypatch.setenv(cached.DEVICE_VARIABLE, "cuda")
    monkeypatch.setattr(devices, "resolve", lambda device: device)
    whole = checkpoints.Checkpoint.model

    def model(self, device="cpu"):
        made = whole(self, "cpu")
        if device == "cuda":
            made.log_factors = out_of_memory
        return made

    monkeypatch.setattr(checkpoints.Checkpoint, "model", model)
    test = calm(dashboard("recommend"))
    assert "watch next?" in test.title[0].value and "CUDA ran out of memory" in text(test)


def test_an_error_that_is_none_of_memory_is_not_hidden(monkeypatch, home):
    def model(self, device="cpu"):
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr(devices, "resolve", lambda device: "cuda")
    monkeypatch.setattr(checkpoints.Checkpoint, "model", model)
    with pytest.raises(RuntimeError, match="a fault"):
        cached.loaded(checkpoints.load("demo"))


def test_a_model_without_factors_has_a_score_and_no_choice_of_parts(dashboard, popularity, monkeypatch):
    drawn = {}
    monkeypatch.setattr(components, "film_list", lambda data, key: drawn.update({key: data}))
    test = calm(dashboard("recommend", c=popularity, r="nease"))
    assert [bar["name"] for bar in drawn["recommendation_list"]["bars"]] == ["Score"]
    assert not drawn["recommendation_list"]["total"]
    scores = [row["bars"][0]["value"] for row in drawn["recommendation_list"]["rows"]]
    assert scores == sorted(scores, reverse=True)
    assert "bound_rank_by" not in [group.key for group in test.segmented_control]


def test_a_model_in_one_step_has_no_curve(dashboard, popularity):
    test = calm(dashboard(c=popularity))
    assert "no epochs" in text(test)


def test_a_model_that_gives_everybody_the_same_list_is_not_offered_maps(dashboard, popularity):
    test = calm(dashboard("sensitivity_maps", c=popularity))
    assert "There are no maps of plain: it gives everybody the same list" in text(test)
    assert not test.code and not [button for button in test.button if button.key == "compute_maps"]


def test_maps_that_do_not_exist_yet(dashboard, ease, monkeypatch):
    started = []
    monkeypatch.setattr(
        jobs, "start_in_background", lambda chosen, distance, device: started.append((chosen.name, distance))
    )
    test = calm(dashboard("sensitivity_maps", c=ease, d="paper"))
    assert "not been computed yet" in text(test)
    assert test.code[0].value == "vasp-lens map plain --distance paper"
    assert "about" in test.button(key="compute_maps").label
    test.button(key="compute_maps").click().run()
    assert started == [("plain", "paper")]


def test_maps_that_are_being_computed(dashboard, ease, monkeypatch):
    monkeypatch.setattr(jobs, "job_status", lambda *_: jobs.Job("running", "Drawing the map: joint", 0.4, 12.0))
    test = calm(dashboard("sensitivity_maps", c=ease))
    assert "in the background" in text(test)
    assert test.get("progress")[0].value == 40
    assert not [button for button in test.button if button.key == "compute_maps"]


def test_maps_whose_computation_failed(dashboard, ease, monkeypatch):
    monkeypatch.setattr(
        jobs, "job_status", lambda *_: jobs.Job("failed", error="The profile makes no difference: `ease` would do.")
    )
    test = calm(dashboard("sensitivity_maps", c=ease))
    assert "The profile makes no difference" in text(test) and "compute_maps" in [button.key for button in test.button]


def test_a_film_that_this_catalogue_does_not_have(dashboard):
    calm(dashboard("sensitivity_maps", f="999999"))


def test_an_address_that_makes_no_sense(dashboard):
    test = calm(dashboard("recommend", k="-3", r="nothing", d="?", g="Nonsense", by="x"))
    assert "watch next?" in test.title[0].value
    calm(test.switch_page("../pages/sensitivity_maps.py").run())


def test_a_user_without_held_out_films_gets_no_column_of_hits(dashboard, monkeypatch):
    drawn = {}
    monkeypatch.setattr(components, "film_list", lambda data, key: drawn.update({key: data}))
    demo = checkpoints.load("demo")
    user = demo.users.frame.loc[demo.users.rows("train")[0], "id"]
    calm(dashboard("recommend", u=user))
    assert drawn["recommendation_list"]["held"] is False
    assert not any(row["liked"] for row in drawn["recommendation_list"]["rows"])


def test_titles_from_data_are_never_markup(dashboard, monkeypatch):
    """A title may hold any sign: it is escaped in Markdown, and the components take it as text."""
    whole = checkpoints.load("demo").catalogue.frame
    evil = "<img src=x onerror=alert(1)> *b* :red[x] $x$"
    frame = whole.assign(title=[evil] * len(whole))
    catalogue = type(checkpoints.load("demo").catalogue)(frame)
    monkeypatch.setattr(checkpoints.Checkpoint, "catalogue", catalogue)
    answer = calm(dashboard("recommend")).main.markdown[0].value
    assert "\\<img src\\=x" in answer or "\\<img src=x" in answer
    assert ":red[" not in answer and "\\*b\\*" in answer


def test_the_lists_scripts_write_text_and_never_markup():
    for script in (ASSETS / "components").rglob("*.js"):
        source = script.read_text(encoding="utf-8")
        assert (
            "innerHTML" not in source
            and "insertAdjacentHTML" not in source
            and "http://" not in source.replace("http://www.w3.org/2000/svg", "")
        )


def test_scores_may_be_negative():
    found = Recommendations(
        np.array([3, 1]), np.array([-1.5, -2.25]), None, base_ranks=np.array([1, 2]), n_candidates=9
    )
    data = components.recommendation_list(checkpoints.load("demo").catalogue, found, {}, None, theme("light"))
    assert [row["bars"][0]["text"] for row in data["rows"]] == ["-1.5", "-2.25"]
    assert all(row["bars"][0]["value"] == 0 for row in data["rows"]), "no bar can show a negative score from zero"

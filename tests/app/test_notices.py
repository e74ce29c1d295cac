"""What went wrong stays until it is dismissed; the end of a background job is told once, on whatever page."""

from __future__ import annotations

import pytest

from app import cached, faults, notices
from tests.app.conftest import calm, text
from vasp_models import devices, places
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DeviceError
from vasp_models.projections import jobs

PAGES = places.ui_root() / "pages"


def go(test, page: str):
    return calm(test.switch_page(str(PAGES / f"{page}.py")).run())


def notice_keys(test) -> list[str]:
    return [button.key for button in test.main.button if button.key and button.key.startswith("dismiss_")]


@pytest.fixture
def no_card(monkeypatch):
    monkeypatch.setenv(cached.DEVICE_VARIABLE, "cuda")

    def resolve(device):
        raise DeviceError("none")

    monkeypatch.setattr(devices, "resolve", resolve)


def test_a_device_that_is_absent_is_told_on_every_page_until_dismissed(dashboard, no_card):
    test = calm(dashboard("recommend"))
    assert "no usable cuda device" in text(test) and "`vasp-lens app --device cpu`" in text(test)
    test = go(test, "overview")
    assert "no usable cuda device" in text(test) and notice_keys(test) == ["dismiss_device"]
    test = calm(test.button(key="dismiss_device").click().run())
    assert "cuda" not in text(test)
    for page in ("explain", "recommend"):  # whose models still run on the CPU
        test = go(test, page)
        assert "no usable cuda device" not in text(test) and notice_keys(test) == []


def running(monkeypatch, state: dict):
    monkeypatch.setattr(jobs, "job_status", lambda *_: state["job"])


def test_a_job_that_stops_is_told_elsewhere_with_its_command(dashboard, ease, monkeypatch):
    state = {"job": jobs.Job("running", "Drawing", 0.4, 12.0)}
    running(monkeypatch, state)
    test = calm(dashboard("sensitivity_maps", c=ease))
    assert "Lift maps of plain" in text(test)
    test = go(test, "overview")
    assert notice_keys(test) == [] and not test.toast, "it still runs"
    state["job"] = jobs.Job("failed", error="The disk is full.")
    test = calm(test.run())
    assert "The disk is full" in text(test) and not test.toast
    assert "vasp-lens map plain --distance lift" in [code.value for code in test.main.code]
    test = go(test, "data")
    assert "The disk is full" in text(test), "it stays"
    test = calm(test.button(key=notice_keys(test)[0]).click().run())
    assert "The disk is full" not in text(test)


def test_a_job_that_ends_well_is_told_once(dashboard, ease, monkeypatch):
    state = {"job": jobs.Job("running", "Drawing", 0.4, 12.0)}
    running(monkeypatch, state)
    test = go(calm(dashboard("sensitivity_maps", c=ease)), "overview")
    state["job"] = jobs.Job("done")
    test = calm(test.run())
    assert ["Lift maps of plain" in toast.value for toast in test.toast] == [True]
    assert not calm(test.run()).toast


def test_a_new_attempt_may_fail_in_the_same_words(dashboard, ease, monkeypatch):
    state = {"job": jobs.Job("running")}
    running(monkeypatch, state)
    test = calm(dashboard("sensitivity_maps", c=ease))
    for _ in range(2):
        state["job"] = jobs.Job("failed", error="The disk is full.")
        test = go(test, "overview")
        assert "The disk is full" in text(test)
        test = calm(test.button(key=notice_keys(test)[0]).click().run())
        assert "The disk is full" not in text(test)
        state["job"] = jobs.Job("running")
        test = go(test, "sensitivity_maps")


def test_text_from_errors_is_never_markup(dashboard, no_card, monkeypatch):
    evil = "<img src=x> *b* :red[x] `code`"
    monkeypatch.setattr(notices, "_look_after_jobs", lambda: notices.problem("evil", evil))
    shown = next(each.value for each in calm(dashboard("overview")).main.markdown if "img" in each.value)
    assert "\\<img" in shown and "\\*b\\*" in shown and ":red[" not in shown and "`code`" in shown


class Nowhere:
    """Streamlit outside of a run: a session's state, and boxes that are counted."""

    def __init__(self, monkeypatch):
        self.state, self.boxes = {}, []
        monkeypatch.setattr(notices.st, "session_state", self.state)
        monkeypatch.setattr(notices, "box", lambda notice: self.boxes.append(notice))
        monkeypatch.setattr(faults.st, "context", type("Context", (), {"url": "http://host:1/explain?u=1"}))


def test_a_fault_is_shown_with_a_report_and_only_once(monkeypatch):
    nowhere = Nowhere(monkeypatch)
    try:
        raise ZeroDivisionError("a fault of the program")
    except ZeroDivisionError as error:
        assert faults.show(error) is True and faults.show(error) is True
    (box,) = nowhere.boxes
    assert box.text == faults.SENTENCE and "a fault of the program" not in box.text
    for part in ("ZeroDivisionError on /explain", "vasp-lens", "Python 3", "a fault of the program", __file__):
        assert part in box.report
    assert "u=1" not in box.report, "whom somebody looked at is no matter of a helper's"


def test_an_error_on_purpose_is_its_own_sentence(monkeypatch):
    nowhere = Nowhere(monkeypatch)
    faults.show(DeviceError("The card is full: use `--device cpu`."))
    assert [(box.text, box.report) for box in nowhere.boxes] == [("The card is full: use `--device cpu`.", None)]


def test_what_goes_on_failing_is_not_brought_back(monkeypatch):
    Nowhere(monkeypatch)
    notices.problem("posters", "No answer.")
    notices.dismiss("posters")
    notices.problem("posters", "No answer.")
    assert not notices.kept().notices
    notices.problem("posters", "The key is refused.")
    assert list(notices.kept().notices) == ["posters"]


def test_a_problem_replaces_the_one_of_the_same_cause(monkeypatch):
    Nowhere(monkeypatch)
    notices.problem("a", "one"), notices.problem("b", "two"), notices.problem("a", "three")
    assert [each.text for each in notices.kept().notices.values()] == ["three", "two"]


def test_loading_is_said_in_words(dashboard, monkeypatch):
    said = []
    whole = cached.loaded

    def loaded(chosen):
        import streamlit as st

        said.append(st.session_state is not None and cached.in_memory(chosen) is None)
        return whole(chosen)

    monkeypatch.setattr(cached, "loaded", loaded)
    test = calm(dashboard("recommend"))
    assert said[0] and "Loading the model" not in text(test), "the words go when the model is there"
    assert isinstance(cached.checkpoint("demo").catalogue, Catalogue)

"""The dashboard on a bundle of the demo: every page without torch and in little memory, and what a bundle cannot do."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from app import cached, components, state
from tests import trained
from tests.app.conftest import MAIN, PAGES, calm, text
from tests.bare import GUARD
from vasp_models import answering, checkpoints, measures
from vasp_models.bundles import SHOWN, making
from vasp_models.errors import DeviceError
from vasp_models.projections import maps

MOST_MEGABYTES = 300
# The first user is the one the dashboard opens with.
IDS = ("3803", "1365", "2090")
EVERY_PAGE = """
import json, os, sys
sys.path.insert(0, os.getcwd())
from streamlit.testing.v1 import AppTest
main, pages, *names = sys.argv[1:]
test, told = AppTest.from_file(main, default_timeout=120).run(), {}
for name in ("overview", *names):
    test = test if name == "overview" else test.switch_page(f"{pages}/{name}.py").run()
    faults = [fault.message for fault in test.exception] + [fault.value for fault in test.error]
    faults += [words.value for words in test.main.markdown if ":material/error:" in words.value]
    told[name] = {"title": test.title[0].value if test.title else "", "faults": faults}
memory = os.path.exists("/proc/self/statm") and int(open("/proc/self/statm").read().split()[1])
print(json.dumps({"pages": told, "megabytes": memory * os.sysconf("SC_PAGE_SIZE") / 1e6}))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    demo, folder = checkpoints.load("demo"), tmp_path_factory.mktemp("bundle") / "handed-on"
    rows = making.rows_of(demo, ids=IDS)
    return making.make(demo, folder, rows, 1, command="vasp-lens bundle demo --out handed-on")


@pytest.fixture
def opened(dashboard, bundle, monkeypatch):
    """Opens the dashboard on the bundle alone, where any use of a model fails."""
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, f"{bundle.folder}/")

    def no_model(*_: object) -> None:
        raise AssertionError("a bundle was asked for its model")

    monkeypatch.setattr(answering, "Live", no_model)
    return dashboard


def test_every_page_is_drawn_without_torch_and_in_little_memory(bundle, monkeypatch, home):
    names = sorted(path.stem for path in PAGES.glob("*.py") if path.stem != "overview")
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, f"{bundle.folder}/")
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")  # as `vasp-lens app` starts the server
    command = [sys.executable, "-W", "ignore", "-c", GUARD + EVERY_PAGE, MAIN, str(PAGES), *names]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PAGES.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert not {name: page["faults"] for name, page in told["pages"].items() if page["faults"]}
    assert all(page["title"] for page in told["pages"].values())
    assert told["megabytes"] < MOST_MEGABYTES, told["megabytes"]


def test_a_user_is_chosen_among_those_that_the_bundle_holds(opened):
    test = opened("recommend")
    assert IDS[0] in test.title[0].value
    field = test.sidebar.selectbox(key="user_id")
    assert sorted(field.options) == sorted(IDS)
    calm(field.set_value(IDS[1]).run())
    assert IDS[1] in test.title[0].value
    calm(test.button(key="random_user").click().run())
    assert test.sidebar.selectbox(key="user_id").value in (IDS[0], IDS[2])


def test_who_is_there_is_said_to_whom_asks_for_another(opened):
    test = calm(opened("recommend", u="7"))
    assert "There is no user 7 here" in test.title[0].value
    said = text(test)
    assert "This bundle holds 3 users" in said and all(user in said for user in IDS)
    assert "`vasp-lens app demo` opens all of its checkpoint" in said
    assert "watch next?" in calm(test.button(key="example_user").click().run()).title[0].value


def test_a_bundle_of_train_users_alone_can_be_looked_through(dashboard, home, monkeypatch):
    whole = trained.checkpoint(home / "whole", "ease")
    train = whole.users.frame["id"].iloc[whole.users.rows("train")[:2]].tolist()
    made = making.make(whole, home / "trained", making.rows_of(whole, ids=train), 1)
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, f"{made.folder}/")
    test = calm(dashboard("recommend"))
    shown = test.sidebar.selectbox(key="user_id").value
    calm(test.button(key="random_user").click().run())
    assert {shown, test.sidebar.selectbox(key="user_id").value} == set(train)


@pytest.mark.parametrize(
    "page, query", [("recommend", {"r": "nease", "k": "20"}), ("explain", {}), ("film", {"f": "120"})]
)
def test_pages_say_the_same_as_with_the_model(dashboard, bundle, monkeypatch, page, query):
    drawn: dict[str, dict] = {}
    monkeypatch.setattr(components, "film_list", lambda data, key, *_: drawn.update({key: data}))
    told = []
    for name in ("demo", f"{bundle.folder}/"):
        monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, name)
        test = calm(dashboard(page, u=IDS[1], **query))
        said = [line for line in text(test).splitlines() if "to draw from" not in line]  # a bundle has fewer users
        told.append((test.title[0].value, said, [table.value.to_csv() for table in test.table], dict(drawn)))
        drawn.clear()
    for whole, stored in zip(*told, strict=True):
        assert whole == stored


def test_a_film_beyond_the_lists_has_the_command_that_explains_it(opened, bundle):
    listed = answering.open(bundle).recommend(bundle.users.find(IDS[0]).history, len(bundle.catalogue)).items
    test = calm(opened("explain", f=str(bundle.catalogue.ids[listed[300]])))
    assert "which are all that this bundle explains" in text(test).replace("\\", "")
    assert "`vasp-lens app demo` explains any film" in text(test)
    seen = bundle.catalogue.ids[bundle.users.find(IDS[0]).history[0]]
    test = calm(opened("explain", f=str(seen)))
    assert "not in a bundle" in text(test) and not [each for each in test.button if each.key == "as_if_unseen"]


def test_the_lab_starts_from_what_is_held_and_changes_nothing(opened, bundle, monkeypatch):
    drawn: dict[str, dict] = {}
    monkeypatch.setattr(components, "film_list", lambda data, key, *_: drawn.update({key: data}))
    test = calm(opened("profile_lab"))
    assert "films cannot be added or taken out here. `vasp-lens app demo` does that" in text(test)
    calm(test.button(key="lab_user").click().run())
    history = bundle.users.find(IDS[0]).history
    assert len(drawn["lab_profile"]["rows"]) == len(history)
    assert "action" not in drawn["lab_profile"] and "action" not in drawn["lab_list"]
    calm(test.text_input(key="lab_search").set_value("alien").run())
    assert test.button(key="lab_add").disabled and not test.button(key="lab_watch").disabled


def test_a_link_to_a_profile_that_is_not_held_leads_back_to_one_that_is(opened, bundle):
    test = calm(opened("profile_lab", p="-".join(map(str, bundle.catalogue.ids[:2]))))
    assert "not for this history" in text(test)
    calm(test.button(key="lab_forget").click().run())
    assert "An empty profile" in text(test) and "not for this history" not in text(test)


def test_maps_and_measures_come_with_it_and_what_is_missing_says_how_it_is_made(opened, bundle, monkeypatch):
    demo = checkpoints.load("demo")
    for distance in maps.DISTANCES:
        one, other = maps.find(demo, distance), maps.find(bundle, distance)
        assert (one.positions["joint"] == other.positions["joint"]).all() and one.quality == other.quality
    for kind in measures.KINDS:
        one, other = measures.find(demo, kind), measures.find(bundle, kind)
        assert one.pop("held_out", {}).keys() - other.pop("held_out", {}).keys() <= {"film"}, "which films users had"
        about = one.pop(measures.ABOUT)
        assert other.pop(measures.ABOUT) | {"sha256": about["sha256"]} == about
        assert one == other
    monkeypatch.setattr(maps, "find", lambda *_, **__: None)
    test = calm(opened("sensitivity_maps"))
    assert test.code[0].value.splitlines() == [
        "vasp-lens map demo --distance lift",
        "vasp-lens bundle demo --out handed-on",
    ]
    assert "This bundle was made without it" in text(test)
    assert not [each for each in test.button if each.key == "compute_maps"]


def test_every_length_of_a_list_can_be_ordered_by_influence():
    assert max(state.LIST_LENGTHS) <= SHOWN


def test_the_line_on_the_programs_health_knows_a_bundle(opened, monkeypatch):
    monkeypatch.setenv(cached.DEVICE_VARIABLE, "cuda")
    test = calm(opened("recommend"))
    assert "Ready · bundle" in test.sidebar.markdown[-1].value
    assert "cuda" not in text(test)


def test_a_checkpoint_and_its_bundle_are_not_confused(dashboard, bundle, monkeypatch):
    both = ["demo", f"{bundle.folder}/"]
    monkeypatch.setenv(cached.CHECKPOINTS_VARIABLE, ":".join(both))
    test = dashboard("recommend", c="demo", u="7")
    assert "user 7" in calm(test).title[0].value
    assert {"demo · VASP tiny", "demo · VASP tiny · bundle"} == set(test.sidebar.selectbox[0].options)
    assert len(cached.users(checkpoints.load("demo"), "test")) == 400
    assert len(cached.users(bundle, "test")) == len(IDS)


def test_live_keeps_to_the_device_that_is_there(monkeypatch):
    from vasp_models import devices

    def resolve(device):
        raise DeviceError("none")

    monkeypatch.setattr(devices, "resolve", resolve)
    live = answering.open(checkpoints.load("demo"), "cuda")
    assert live.device == "cpu" and "no usable cuda device" in live.note

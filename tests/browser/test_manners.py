"""Keys, errors that stay, what is said while something loads, posters from our own server, and the Diagnostics page."""

from __future__ import annotations

from contextlib import contextmanager
import os
import urllib.request

import pytest

from app import faults, opening, shortcuts
from app.diagnostics import facts
from tests import posters as fake
from tests.benchmarks import waiting
from tests.browser.visit import BUSY, READY
from tests.serving import any_free_port, served
from vasp_models import checkpoints, tmdb

# Python runs a module of this name first: here the program has a fault, which comes with the name of a user.
FAULTY = """
from vasp_models.data import users
find = users.Users.find

def faulty(self, user):
    if user == "fault":
        raise ZeroDivisionError("a fault of the program")
    return find(self, user)

users.Users.find = faulty
"""


def user(visit) -> str:
    return visit.sidebar.get_by_label("User", exact=True).input_value()


def press(visit, key: str):
    visit.page.keyboard.press(key)
    return visit.settle()


def blur(visit) -> None:
    visit.page.evaluate("document.activeElement.blur()")


def test_keys_choose_users_and_films_and_are_letters_in_a_field(on_demo):
    visit = on_demo().go("Explain")
    blur(visit)
    before, first = user(visit), visit.heading()
    press(visit, "u")
    drawn = user(visit)
    assert drawn != before and drawn in visit.heading()
    press(visit, "Shift+N")
    assert user(visit) != drawn
    press(visit, "Shift+B")
    assert user(visit) == drawn
    first = visit.heading()
    press(visit, "n")
    assert visit.heading() != first and user(visit) == drawn
    press(visit, "b")
    assert visit.heading() == first
    press(visit, "/")
    field = visit.main.get_by_label(shortcuts.FIND_FIELD, exact=True)
    assert field.evaluate("node => node === document.activeElement")
    visit.page.keyboard.type("unb/U")
    visit.settle()
    assert field.input_value() == "unb/U" and (user(visit), visit.heading()) == (drawn, first)
    field.fill("")
    blur(visit)


def test_diagnostics_says_that_all_is_in_order_and_verifies_it(on_demo):
    visit = on_demo().go("Diagnostics")
    assert visit.heading() == facts.QUESTION
    assert "checks" in visit.main.inner_text() and "Memory of this process" in visit.main.inner_text()
    visit.main.get_by_role("button", name="Verify digests now").click()
    visit.settle()
    for name in checkpoints.load("demo").manifest["files"]:
        assert f"demo/{name}" in visit.main.inner_text()
    visit.main.get_by_text("Everything as text, to copy").click()
    visit.settle()
    assert "VASP Lens diagnostics" in visit.main.get_by_test_id("stCode").last.inner_text()
    visit.picture("diagnostics")


@contextmanager
def dashboard(folder, **environment: str):
    home = {"HOME": str(folder), "VASP_LENS_HOME": str(folder / "home")}
    with served("demo", "--no-browser", "--port", str(any_free_port()), cwd=folder, **home, **environment) as running:
        yield running


def test_a_fault_is_a_calm_box_that_stays_until_it_is_dismissed(visits, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(FAULTY, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    with dashboard(tmp_path, PYTHONPATH=path, CUDA_VISIBLE_DEVICES="") as running:
        visit = visits(running.url, errors_expected=True).open("/recommend?u=fault")
        assert faults.SENTENCE[:40] in visit.main.inner_text()
        visit.main.get_by_text("What to send to whoever helps you").click()
        visit.settle()
        said = visit.main.get_by_test_id("stCode").inner_text()
        assert "ZeroDivisionError on /recommend" in said and "a fault of the program" in said
        visit.picture("state-fault")
        assert "ZeroDivisionError" in running.output(), "the server's log has it"
        for name in ("Overview", "Diagnostics"):
            assert faults.SENTENCE[:40] in visit.go(name).main.inner_text()
        visit.main.get_by_role("button", name="Dismiss").click()
        assert faults.SENTENCE[:40] not in visit.settle().main.inner_text()
        visit.go("Overview")
        assert faults.SENTENCE[:40] not in visit.main.inner_text()


def test_a_poster_comes_from_our_own_server_into_its_place(visits, tmp_path):
    row = checkpoints.load("demo").catalogue.frame.iloc[5]
    with fake.serving() as server:
        server.knows(fake.film(1, row["title"], int(row["year"])))
        asked = {"TMDB_API_KEY": fake.KEY, "VASP_LENS_TMDB_API": server.api, "VASP_LENS_TMDB_IMAGES": server.images}
        with dashboard(tmp_path, **asked) as running:
            visit = visits(running.url, "dark").open(f"/film?f={row['id']}")
            posters = visit.main.locator("[class*='st-key-poster_'] img")
            assert posters.count() == 0 and not server.asked, "off by default"
            visit.go("Diagnostics").main.get_by_text("Film posters from TMDB").click()
            visit.settle().go("Film")
            posters.first.wait_for()
            visit.page.wait_for_function(
                "() => document.querySelector(\"[class*='st-key-poster_'] img\")?.alt.startsWith('Poster of')"
            )
            assert visit.settle().main.get_by_text(tmdb.ATTRIBUTION).count() == 1
            source, width, height = posters.first.evaluate("e => [e.currentSrc, e.clientWidth, e.clientHeight]")
            assert source.startswith(running.url) and height == pytest.approx(1.5 * width, abs=1)
            visit.picture("poster")


def test_the_words_of_the_opening_leave_with_their_rules(visits, demo):
    """Without the script that takes them away the page would be hidden for as long as an opening may take."""
    page = visits(demo.url).open().page
    assert page.locator("#vasp-lens-opening").count() == 0
    assert page.evaluate("getComputedStyle(document.body, '::before').content") == "none"
    shown = "getComputedStyle(document.querySelector('[data-testid=stAppViewContainer]')).animationName"
    assert page.evaluate(shown) == "none", "it is seen because nothing hides it, not because the time was up"


def test_the_first_page_says_that_it_opens(demo):
    """A blank frame that jumps by the width of the sidebar is what Streamlit would show."""
    plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for path in ("/", "/recommend?u=1"):
        wanted = urllib.request.Request(demo.url + path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
        with plain.open(wanted, timeout=30) as answer:
            page = answer.read()
            assert int(answer.headers["Content-Length"]) == len(page) and "gzip" not in str(answer.headers)
        assert page.count(opening.STYLE) == 1
    for wanted in (urllib.request.Request(f"{demo.url}/_stcore/health", headers={"Accept": "text/html"}),):
        with plain.open(wanted, timeout=30) as answer:
            assert answer.read() == b"ok"


def test_nothing_jumps_by_much_while_a_page_is_loaded_cold(visits, demo):
    visit = visits(demo.url)
    visit.page.add_init_script(f"({waiting.OBSERVE})({[READY, BUSY]!r})")
    for path in ("/", "/recommend", "/explain", "/maps"):
        shifts = visit.open(path).page.evaluate("window.shifts")
        assert waiting.shift_score(shifts) < 0.1, (path, shifts)

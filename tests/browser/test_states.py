"""The states that nobody hopes for: each is designed, says what to do, and shows no raw error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
import os
from pathlib import Path
import re
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.app.conftest import refit
from tests.serving import any_free_port, served
from vasp_models import checkpoints, places

HISTORIES, WEIGHTS = checkpoints.HISTORIES, checkpoints.WEIGHTS
NOBODY = "no-such-user"
RECOMMENDED = "table[aria-label='Recommended films'] tbody tr"

# Python runs a module of this name first: here it makes a graphics card that is full as soon as a model comes to it.
FULL_CARD = """
from vasp_models import checkpoints, devices
whole = checkpoints.Checkpoint.model

def model(self, device="cpu"):
    if device == "cuda":
        import torch
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
    return whole(self, device)

checkpoints.Checkpoint.model = model
devices.resolve = lambda device: "cuda"
"""


def start(*arguments: str, cwd: Path | None = None, **environment: str):
    return served(*arguments, "--no-browser", "--port", str(any_free_port()), cwd=cwd, **environment)


def demo_copied(folder: Path, change: Callable[[Path], None] = lambda folder: None) -> None:
    """The demo's checkpoint under another name, with a change; its manifest is made to fit."""
    source = places.checkpoint_folder(places.DEMO)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("maps"))
    change(folder)
    refit(folder)


def first_test_user() -> str:
    frame = checkpoints.load(places.DEMO).users.frame
    return frame.loc[frame["split"] == "test", "id"].iloc[0]


def without_history(folder: Path) -> None:
    """The first test user has seen nothing."""
    table = pq.read_table(folder / HISTORIES)
    row = table["id"].to_pylist().index(type(table["id"][0].as_py())(first_test_user()))
    column = table.schema.get_field_index("history")
    histories = table["history"].to_pylist()
    histories[row] = []
    table = table.set_column(column, table.schema.field(column), pa.array(histories, table.schema.field(column).type))
    pq.write_table(table, folder / HISTORIES)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """A dashboard on a home with a damaged checkpoint, one with an empty history, and one without maps."""
    home = tmp_path_factory.mktemp("troubled")
    demo_copied(home / "checkpoints" / "empty-history", without_history)
    # Another set of weights, so that no map of the demo fits.
    demo_copied(home / "checkpoints" / "without-maps", lambda folder: (folder / checkpoints.CURVE).write_text("[]"))
    demo_copied(home / "checkpoints" / "damaged")
    weights = home / "checkpoints" / "damaged" / WEIGHTS
    os.truncate(weights, weights.stat().st_size // 2)
    with start("app", VASP_LENS_HOME=str(home)) as running:
        yield running.url


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    """Two dashboards that were asked for a graphics card, started side by side: one has none, the other's is full."""
    program, home = tmp_path_factory.mktemp("full-card"), str(tmp_path_factory.mktemp("home"))
    (program / "sitecustomize.py").write_text(FULL_CARD, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(program), os.environ.get("PYTHONPATH")]))
    asked = {"no-cuda": {"CUDA_VISIBLE_DEVICES": ""}, "out-of-memory": {"PYTHONPATH": path}}
    with ExitStack() as running, ThreadPoolExecutor() as pool:
        starts = [start("demo", "--device", "cuda", VASP_LENS_HOME=home, **changes) for changes in asked.values()]
        yield dict(zip(asked, pool.map(running.enter_context, starts), strict=True))


def test_a_damaged_checkpoint_is_named_on_every_page_and_another_one_offered(visits, troubled):
    visit = visits(troubled, errors_expected=True).open("/recommend?c=damaged")
    for name in visit.pages():
        if name == "Diagnostics":  # says what is wrong, whatever else cannot be opened
            assert "needs attention" in visit.go(name).main.inner_text()
            continue
        assert visit.go(name).heading() == "This checkpoint cannot be opened"
        assert WEIGHTS in visit.main.inner_text()
        visit.picture(f"state-damaged-{name.lower().replace(' ', '-')}")
    visit.go("Overview").main.get_by_role("button", name="Open ").click()
    assert visit.settle().heading() != "This checkpoint cannot be opened"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_unknown_user_is_named_and_another_one_offered(on_demo, theme):
    visit = on_demo(theme).go("Recommend").choose_user(NOBODY)
    assert NOBODY in visit.heading()
    visit.picture("state-unknown-user")
    visit.main.locator(".st-key-example_user button").click()
    assert visit.settle().main.locator(RECOMMENDED).count() == 10


def test_an_empty_history_gets_what_a_stranger_gets(visits, troubled):
    visit = visits(troubled).open(f"/recommend?c=empty-history&u={first_test_user()}")
    assert "history is empty" in visit.main.inner_text()
    assert visit.main.locator(RECOMMENDED).count() == 10
    assert visit.main.locator("table[aria-label='Films rated well before'] tbody tr").count() == 0
    visit.picture("state-empty-history")


def test_a_map_is_computed_in_the_background_and_then_shown(visits, troubled):
    visit = visits(troubled).open("/maps?c=without-maps")
    assert "vasp-lens map without-maps" in visit.main.inner_text()
    visit.picture("state-no-map")
    visit.main.locator(".st-key-compute_maps button").click()
    visit.main.get_by_test_id("stProgress").wait_for()
    visit.picture("state-map-computed")
    # It goes on while another page is looked at.
    visit.go("Recommend").go("Sensitivity maps")
    visit.main.locator("canvas[aria-label^='Map ']").first.wait_for(timeout=240_000)
    assert visit.settle().main.locator("canvas[aria-label^='Map ']").count() == 3


@pytest.mark.parametrize(
    ("card", "said", "at_start"),
    [("no-cuda", "no usable cuda device", "no usable cuda device"), ("out-of-memory", "ran out of memory", "")],
)
def test_the_cpu_answers_where_the_graphics_card_cannot(visits, cards, card, said, at_start):
    assert at_start in cards[card].output()
    visit = visits(cards[card].url).open("/recommend")
    assert said in visit.main.inner_text() and "vasp-lens app --device cpu" in visit.main.inner_text()
    assert visit.main.locator(RECOMMENDED).count() == 10
    assert "CPU" in visit.sidebar.inner_text()
    visit.picture(f"state-{card}")


def test_a_busy_port_gives_way_to_the_next_one(on_demo, demo):
    asked, taken = re.search(r"Port (\d+) is in use: taking (\d+)", demo.output()).groups()
    assert asked != taken and demo.url.endswith(f":{taken}")
    assert on_demo().go("Overview").heading()


def test_without_any_checkpoint_every_page_says_how_to_get_one(visits, tmp_path):
    """A copy of the program without its demo, and a home where nothing is yet."""
    source = places.ui_root()
    for folder in ("app", "pages", "assets"):
        shutil.copytree(source / folder, tmp_path / "program" / folder, ignore=shutil.ignore_patterns("checkpoint"))
    shutil.copytree(Path(places.__file__).parent, tmp_path / "program" / "vasp_models")
    places_of_it = {"PYTHONPATH": str(tmp_path / "program"), "VASP_LENS_HOME": str(tmp_path / "home")}
    with start("app", cwd=tmp_path, **places_of_it) as running:
        visit = visits(running.url).open()
        for name in visit.pages():
            expected = "Is everything in order here?" if name == "Diagnostics" else "No model yet"
            assert visit.go(name).heading() == expected
            assert "vasp-lens train" in visit.main.inner_text()
        visit.picture("state-no-checkpoint")

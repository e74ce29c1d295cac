"""The maps page: what is coloured, selected and counted, without a browser."""

import base64
from dataclasses import replace
import json

import numpy as np
import pytest

from app import state
from app import theme as themes
from app.maps import charts, colours, component, facts, selection, tables
from tests.app.colours import contrast
from tests.app.conftest import calm, text
from vasp_models import checkpoints
from vasp_models.projections import maps as core

LIGHT, DARK = themes.theme("light"), themes.theme("dark")


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.fixture(scope="module")
def lift(demo):
    return core.find(demo, "lift")


@pytest.mark.parametrize("items", [[], [0], [680], [3, 5, 8, 13], range(681), range(0, 20_108, 3)])
def test_a_selection_travels_in_a_link(items):
    numbers = np.array(items, dtype=np.int64)
    word = selection.encode(numbers)
    assert np.array_equal(selection.decode(word, 20_108), numbers)
    assert word.replace("-", "").replace("_", "").isalnum() or not word


def test_any_selection_of_20108_films_fits_into_a_link():
    numbers = np.sort(np.random.default_rng(0).permutation(20_108)[:10_000])
    assert len(selection.encode(numbers)) < 3_500 and np.array_equal(
        selection.decode(selection.encode(numbers), 20_108), numbers
    )


@pytest.mark.parametrize("word", ["!", "AAAA", "x", "ééé", "eNpjYMAADg", "=" * 9])
def test_a_damaged_selection_selects_nothing(word):
    assert not len(selection.decode(word, 681)) and not len(selection.from_rows(word, np.arange(681)))


def test_what_a_link_unpacks_to_is_bounded():
    assert selection.decode(selection.encode(np.array([selection.MOST_ITEMS * 8])), 681).size == 0


def test_rows_of_a_map_that_leaves_films_out():
    on_map = np.array([2, 4, 6, 8, 10, 12, 14, 16, 18])
    rows = selection.to_rows(np.array([3, 4, 18]), on_map)
    assert selection.from_rows(rows, on_map).tolist() == [4, 18]
    assert base64.b64decode(rows) == bytes([0b01000000, 0b10000000]), "the first film stands in the highest bit"


def test_a_selection_belongs_to_its_checkpoint_and_its_link():
    chosen = replace(state.AppState(), checkpoint="demo", selected=selection.encode(np.array([1, 5])))
    assert state.from_address(state.to_address(chosen), state.AppState()).selected == chosen.selected
    assert "x" not in state.to_address(state.AppState())


@pytest.mark.parametrize("colouring", colours.NAMES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colouring_accounts_for_every_film(lift, demo, colouring, theme):
    data = facts.maps_data(lift, demo.catalogue, ("Horror", "War"), None, theme, colouring)
    counted = data["scale"]["counted"] if data["scale"] else sum(group["count"] for group in data["groups"])
    assert counted + data["rest"]["count"] == len(lift)
    assert data["scale"] is None or data["scale"]["low"] < data["scale"]["high"]
    assert data["colouring"] == colouring and data["maps"][0]["key"] == "joint"


def test_the_codes_name_the_groups(lift, demo):
    data = facts.maps_data(lift, demo.catalogue, ("Horror", "War"), None, LIGHT)
    codes = np.frombuffer(base64.b64decode(data["codes"]), dtype=np.uint8)
    assert np.bincount(codes).tolist() == [data["rest"]["count"], *(group["count"] for group in data["groups"])]


def test_a_colouring_without_numbers_is_not_offered(lift, demo):
    assert list(colours.offered(lift, demo.catalogue)) == list(colours.NAMES) == list(state.COLOURINGS)
    assert "share" not in colours.offered(replace(lift, shares=None), demo.catalogue)
    assert "vasp-lens map demo --distance lift" in facts.without_shares(replace(lift, shares=None), "demo")
    assert facts.without_shares(lift, "demo") is None


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_more_stands_out_more_and_the_ends_of_the_paths_are_their_colours(theme):
    steps = [contrast(colour, theme.background) for colour in colours.sequential(theme)]
    assert all(after > before for before, after in zip(steps, steps[1:], strict=False))
    assert steps[0] > 1.5 and steps[-1] > 10
    ramp = colours.diverging(theme, "nease", "flvae")
    assert ramp[0] == theme.path("flvae_residual").lower() and ramp[-1] == theme.path("nease").lower()
    assert len(ramp) == colours.STEPS and contrast(ramp[len(ramp) // 2], theme.background) < min(
        contrast(ramp[0], theme.background), contrast(ramp[-1], theme.background)
    )


def test_the_points_hold_places_neighbours_and_numbers_of_every_film(lift, demo):
    points = facts.points(lift, demo.catalogue)
    assert points.num_rows == len(lift)
    assert points["near_flvae"][7].as_py() == lift.neighbours["flvae"][7, :10].tolist()
    assert points["x_nease"].to_numpy()[5] == lift.positions["nease"][5, 0]
    assert points["share"].to_numpy() == pytest.approx(lift.shares["nease"])
    assert points["drift"].to_numpy() == pytest.approx(1 - lift.shared)


def test_the_data_as_json_is_what_a_page_without_streamlit_draws(lift, demo):
    data = component.plain(facts.maps_data(lift, demo.catalogue, None, 3, LIGHT, selected=np.array([1, 2])))
    again = json.loads(json.dumps(data, allow_nan=False))
    assert len(again["points"]["title"]) == len(lift) and again["film"] == lift.row(3)
    style, script = component.source("linked_maps")
    assert (
        ".maps" in style
        and script.index("class LensMap") < script.index("export default")
        and "import" not in script.split()
    )


def test_names_stand_inside_each_map(lift, demo):
    for label in facts.labels(lift, demo.catalogue):
        for part, places in label["places"].items():
            at, all_places = np.array(places), lift.positions[part]
            assert len(at) and (at >= all_places.min(axis=0) - 3).all() and (at <= all_places.max(axis=0) + 3).all()


def test_the_table_of_a_selection(lift, demo):
    items = lift.items[[3, 40, 7]]
    numbers, table = tables.films(lift, demo.catalogue, items)
    assert sorted(numbers) == sorted(items) and list(table.columns) == [
        *tables.PLAIN[:3],
        "Liked by",
        "Drift",
        "NEASE",
        "FLVAE",
    ]
    assert table["Liked by"].is_monotonic_decreasing
    assert table["Film"].tolist() == [demo.catalogue.frame["title"].iloc[n] for n in numbers]
    assert (table["NEASE"] + table["FLVAE"]).to_numpy() == pytest.approx(1, abs=1e-5)
    assert len(tables.films(lift, demo.catalogue)[1]) == len(lift)


def test_genres_of_a_selection_and_their_figure(lift, demo):
    horror = demo.catalogue.genre_matrix[:, demo.catalogue.genre_names.index("Horror")]
    found, table = tables.of_selection(lift, demo.catalogue, np.flatnonzero(horror))
    first = table.iloc[0]
    assert first["Genre"] == "Horror" and first["Selected"] == first["On the map"] == found.size
    assert first["Lift"] == pytest.approx(len(lift) / found.size) and first["q"] < 1e-20
    shown = tables.shown_genres(table)
    assert (
        len(shown) == tables.SHOWN_GENRES and shown["Lift"].is_monotonic_decreasing and "Horror" in set(shown["Genre"])
    )
    bars = charts.genre_lift(shown, LIGHT).data[0]
    sure = shown["q"] < 0.05
    assert (
        [colour != LIGHT.background for colour in bars.marker.color] == sure.tolist() and sure.any() and not sure.all()
    )
    assert "Horror ×" in charts.genre_lift_alt(shown)


def test_a_link_with_a_selection_shows_its_films_and_genres(dashboard, demo, lift):
    word = selection.encode(np.arange(10, 40))
    test = calm(dashboard("sensitivity_maps", x=word))
    assert "The 30 selected films" in text(test) and "Genres in the selection" in text(test)
    table = test.main.dataframe[0].value
    assert set(table["Film"]) == set(demo.catalogue.frame["title"].iloc[10:40])
    assert len(test.get("plotly_chart")) == 1


def test_a_damaged_selection_in_a_link_is_passed_over(dashboard):
    assert "selected" not in text(calm(dashboard("sensitivity_maps", x="no-selection")))


@pytest.mark.parametrize("by", colours.NAMES)
def test_old_and_new_colourings_are_links(dashboard, by):
    assert calm(dashboard("sensitivity_maps", by=by)).segmented_control(key="bound_colouring").value == by


def test_maps_without_shares_do_not_offer_the_colouring_and_say_what_adds_it(dashboard, monkeypatch, lift):
    monkeypatch.setattr(core, "find", lambda *_, **__: replace(lift, shares=None))
    test = calm(dashboard("sensitivity_maps", by="share"))
    control = test.segmented_control(key="bound_colouring")
    assert control.value == "focus" and "Path share" not in control.options
    assert "vasp-lens map demo --distance lift" in text(test)


def shown(focus, colouring="focus"):
    return replace(state.AppState(), focus=tuple(focus), colouring=colouring)


def test_the_answer_counts_the_genres_that_films_have(lift, demo):
    known, mixed = (facts.answer(lift, demo.catalogue, shown(focus)) for focus in (["Horror"], ["Horror", "<b>", "x"]))
    assert known == mixed and "a film of this genre" in known
    assert facts.answer(lift, demo.catalogue, shown(["x"])) is None and "choose up to 6" in facts.no_answer(
        demo.catalogue
    )
    assert facts.focus_or_all(demo.catalogue, ["x", "Horror"]) == ("Horror",)
    assert facts.focus_or_all(demo.catalogue, ["x"]) is None, "other data sets have other genres: all of them then"


def test_a_hub_is_told_once_with_the_maps_that_it_distorts(lift, demo):
    film = demo.catalogue.titles[5]
    hub = {"hub_warning": True, "hub_item": 5}
    quality = {
        part: lift.quality[part] | hub | {"largest_hub": size} for part, size in (("joint", 0.2), ("flvae", 0.304))
    }
    told = facts.hub_warning(replace(lift, quality=lift.quality | quality), demo.catalogue).replace("\\", "")
    assert (
        told == f"A large hub distorts Joint and FLVAE: {film}, among the ten nearest of 20.0% and 30.4% of all films."
    )
    others = {part: about | {"hub_warning": False} for part, about in lift.quality.items()}
    assert facts.hub_warning(replace(lift, quality=others), demo.catalogue) is None


def test_a_focus_without_a_film_says_what_to_do(dashboard):
    assert "No genre of these films is in colour" in text(calm(dashboard("sensitivity_maps", g="Nothing,Else")))

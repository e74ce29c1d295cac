"""The embedded demo: what is promised of it, and that its own command makes it again."""

from __future__ import annotations

from inspect import signature
import json

import pytest

from vasp_models import checkpoints, cli, demo_checkpoint, measures, places, runs
from vasp_models.data import datasets
from vasp_models.projections import maps


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load(places.DEMO)


def test_it_is_small_and_says_that_its_viewers_are_simulated(demo):
    folder = places.assets_folder() / "demo"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 10_000_000
    assert demo.manifest["dataset"]["simulated"] is True
    assert datasets.load(places.DEMO).simulated
    assert len(demo.catalogue) >= 600
    assert len(demo.users) >= 3_000


def test_vasp_beats_popularity_by_more_than_half(demo):
    measured = runs.evaluate_checkpoint(demo)["ndcg@100"]["mean"]
    assert measured == pytest.approx(demo.metrics["test"]["ndcg@100"]["mean"], abs=1e-6)
    popular = demo.metrics["baselines"]["popularity"]["ndcg@100"]["mean"]
    assert demo.metrics["test"]["ndcg@100"]["mean"] > 1.5 * popular


def test_its_maps_are_there_in_both_readings(demo):
    assert all(maps.find(demo, distance) is not None for distance in maps.DISTANCES)


def test_its_measures_are_there_and_its_audit_passes(demo):
    found = {kind: measures.find(demo, kind) for kind in measures.KINDS}
    assert None not in found.values()
    assert found["audit"]["passed"]
    assert str(places.ui_root()) not in json.dumps(found)


def test_it_is_measured_as_the_commands_measure(demo, monkeypatch):
    """The same samples by default, and the same words for how to measure again."""
    defaults = {
        command.callback.__name__: {name: each.default for name, each in signature(command.callback).parameters.items()}
        for command in cli.app.registered_commands
    }
    asked = []
    monkeypatch.setattr(measures, "measured", lambda checkpoint, kind, run, command: asked.append((kind, command)))
    demo_checkpoint.measure(demo)
    for kind, command in asked:
        options = {name: defaults[kind].get(name) for name in ("users", "seed")}
        assert command == measures.command(demo, kind, **options)
    assert [kind for kind, _ in asked] == list(measures.KINDS)


def test_its_own_command_makes_it_again(demo, tmp_path):
    made = demo_checkpoint.rebuild(tmp_path / "checkpoint", kinds=("planted",))  # the others take a minute
    again, kept = (each.metrics["test"]["ndcg@100"]["mean"] for each in (made, demo))
    assert again == pytest.approx(kept, abs=0.005)
    assert datasets.load(f"{tmp_path}/dataset/").fingerprint == datasets.load(places.DEMO).fingerprint
    assert made.users.frame.equals(demo.users.frame)
    assert all(maps.find(made, distance) is not None for distance in maps.DISTANCES)
    for each in (made, demo):  # one measured just now, one when it was embedded
        truth = measures.find(each, "planted")
        assert truth["links"]["share"] >= truth["links"]["demand"] == 0.8
        assert truth["conjunctions"]["auc"] >= truth["conjunctions"]["demand"] == 0.75
    written = json.dumps(made.manifest)
    assert str(tmp_path) not in written
    assert str(places.ui_root()) not in json.dumps(demo.manifest)

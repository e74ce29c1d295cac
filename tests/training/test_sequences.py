"""What comes next in ordered histories, and the places in time at which a net is asked for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vasp_models.data.interactions import Interactions
from vasp_models.errors import SettingError
from vasp_models.models import create, preset
from vasp_models.models.svae import SVAESettings
from vasp_models.training.batches import Bag, following
from vasp_models.training.options import Stage

LISTS = [[5, 1, 3], [], [2], [4, 0, 6, 1, 3]]


@pytest.fixture
def histories() -> Interactions:
    return Interactions.from_lists(LISTS, 7, ordered=True)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_targets_are_the_items_that_follow_each_place(histories, number):
    places, items = following(histories, number)
    found = [sorted(items[places == place].tolist()) for place in range(histories.n_pairs)]
    expected = [sorted(row[start : start + number]) for row in LISTS for start in range(len(row))]
    assert found == expected


def test_a_net_answers_at_each_place_as_it_answers_the_history_up_to_there(histories):
    model = create("svae", SVAESettings(8, 8, 8, 4), 7)
    with torch.inference_mode():
        found = model.net.at_steps(Bag.of(histories), None).numpy()
    rows = [row[:end] for row in LISTS for end in range(len(row))]
    assert np.allclose(found, model.score(Interactions.from_lists(rows, 7, ordered=True)), atol=1e-6)


def test_long_rows_beside_short_ones_change_nothing(histories, monkeypatch):
    model = create("svae", SVAESettings(8, 8, 8, 4), 7)
    together = model.score(histories)
    monkeypatch.setattr("vasp_models.models.svae._STEPS", 6)  # one row at a time
    assert np.allclose(model.score(histories), together, atol=1e-6)


def test_a_net_of_sequences_learns_what_follows_what():
    """Item i is followed by i + 1: a set of the same items would not tell where the walk stands."""
    rng = np.random.default_rng(0)
    starts = rng.integers(12, size=150)
    walks = Interactions.from_lists([(start + np.arange(6)) % 12 for start in starts], 12, ordered=True)
    settings, options = preset("svae", "tiny")
    options = replace(options, stages=(replace(options.stages[0], following=1, epochs=12),))
    model = create("svae", settings, 12)
    model.fit(walks, options)
    first = model.score(walks).argmax(axis=1)
    assert (first == (starts + 6) % 12).mean() > 0.95


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": "halves"},
        {"negatives": 2, "loss": "bce"},
        {"mask_inputs": True},
        {"input_dropout": 0.1},
        {"following": 0},
    ],
)
def test_what_does_not_go_with_sequences_is_refused(changes):
    stage = Stage("s", 1, ("net",), inputs="full", loss="softmax", following=2)
    with pytest.raises(SettingError):
        replace(stage, **changes)

"""The figures are of what they say, at a size that takes moments."""

from __future__ import annotations

import pytest
import torch

from tests.training.test_focal import plain
from vasp_models import speed
from vasp_models.data import synthetic
from vasp_models.speed import Scale, answering, training
from vasp_models.speed.measured import KINDS, measure

SMALL = Scale(items=400, hidden=32, latents=16, rows=20, history=12, users=60, mapped=150, repeats=2)


@pytest.fixture(scope="module")
def measured():
    told = []
    found = measure(SMALL, report=lambda words, share: told.append((words, share)))
    assert [words for words, _ in told] == list(KINDS) and told[0][1] == 0.0
    return found


def test_each_figure_has_a_time_and_a_peer_a_ratio(measured):
    assert len({figure.name for figure in measured.figures}) == len(measured.figures) >= 8
    for figure in measured.figures:
        assert figure.seconds > 0 and figure.runs >= 1
        assert bool(figure.peer) == (figure.peer_seconds is not None) == (figure.ratio is not None)
    assert sum(figure.ratio is not None for figure in measured.figures) >= 6


def test_ours_and_its_peer_compute_the_same(measured):
    facts = {figure.name.split(",")[0]: figure.fact for figure in measured.figures}
    assert float(facts["first layer"].split()[-1]) < 1e-4
    assert float(facts["focal loss and gradient"].split()[-1]) < 1e-5


def test_the_plain_loss_is_the_focal_loss():
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(5, 9, generator=generator).double() for _ in range(3)]
    dense = torch.rand(5, 9, generator=generator) < 0.3
    expected = plain(logits, dense, torch.ones_like(dense))
    assert float(training.by_autograd(logits, *dense.nonzero(as_tuple=True))) == pytest.approx(float(expected))


def test_runs_alternate_and_the_ratio_is_of_pairs(monkeypatch):
    seconds = {"ours": iter([1.0, 2.0, 4.0]), "peer": iter([3.0, 4.0, 20.0])}
    calls = []
    monkeypatch.setattr(speed, "_seconds", lambda action: next(seconds[action()]))
    found = speed.timed(
        "x", lambda: calls.append("ours") or "ours", lambda: calls.append("peer") or "peer", "another", repeats=3
    )
    assert calls == ["ours", "peer"] * 4  # the first pair warms up
    assert (found.seconds, found.peer_seconds, found.ratio) == (2.0, 4.0, 3.0)


def test_a_model_from_its_file_answers_as_the_one_that_was_written(tmp_path):
    from safetensors.torch import save_file

    settings = answering.product_settings(SMALL)
    made = answering.filled(settings, SMALL.items, 0).eval()
    save_file(made.state_dict(), tmp_path / "weights.safetensors")
    again = answering.loaded(settings, SMALL.items, tmp_path / "weights.safetensors")
    rows = synthetic.paper_scale(0, 40, SMALL.items, 400)
    assert (made.score(rows) == again.score(rows)).all()
